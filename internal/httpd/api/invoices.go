package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

type invoices interface {
	List(ctx context.Context, f invoice.Filter, r page.Request) (page.Page[invoice.Invoice], error)
	Get(ctx context.Context, id ident.InvoiceID) (invoice.View, error)
	File(ctx context.Context, id ident.InvoiceID, f invoice.Format) (invoice.Content, error)
	Credit(ctx context.Context, id ident.InvoiceID, n invoice.NewCredit) (invoice.CreditNote, error)
	PreviewCredit(ctx context.Context, id ident.InvoiceID, n invoice.NewCredit) (*invoice.Document, error)
	MakeFile(ctx context.Context, id ident.InvoiceID, f invoice.Format) (invoice.File, error)
	CreditFile(ctx context.Context, id ident.CreditNoteID, f invoice.Format) (invoice.Content, error)
}

// Invoice is an issued invoice; it never changes, only what was paid and credited.
type Invoice struct {
	ID           ident.InvoiceID `json:"id" class:"C1"`
	Number       string          `json:"number,omitempty" class:"C2"`
	Prebill      ident.PrebillID `json:"prebill_id,omitempty" class:"C1"`
	Run          ident.RunID     `json:"run_id,omitempty" class:"C1"`
	Matter       ident.MatterID  `json:"matter_id" class:"C1"`
	MatterNumber string          `json:"matter_number,omitempty" class:"C2"`
	MatterName   string          `json:"matter_name,omitempty" class:"C2"`
	Client       ident.ClientID  `json:"client_id" class:"C1"`
	ClientName   string          `json:"client_name,omitempty" class:"C2"`
	Payor        ident.PayorID   `json:"payor_id" class:"C1"`
	PayorName    string          `json:"payor_name,omitempty" class:"C2"`
	IssuedOn     invoice.Day     `json:"issued_on" class:"C1" format:"date"`
	DueOn        invoice.Day     `json:"due_on" class:"C1" format:"date"`
	Net          *Money          `json:"net,omitempty" class:"C2"`
	Tax          *Money          `json:"tax,omitempty" class:"C2"`
	Total        *Money          `json:"total,omitempty" class:"C2"`
	Credited     *Money          `json:"credited,omitempty" class:"C2"`
	Paid         *Money          `json:"paid,omitempty" class:"C2"`
	Allowed      *Money          `json:"allowed,omitempty" class:"C2" doc:"left out by a prompt payment, as agreed"`
	Open         *Money          `json:"open,omitempty" class:"C2"`
	Disputed     *Money          `json:"disputed,omitempty" class:"C2" doc:"of what is open"`
	PromptUntil  invoice.Day     `json:"prompt_until,omitempty" class:"C1" format:"date" doc:"by when a payment may leave out what is agreed"`
	Prompt       *Money          `json:"prompt_discount,omitempty" class:"C2" doc:"what may be left out, with its tax"`
	Status       invoice.Status  `json:"status" class:"C1"`
	Hash         string          `json:"content_hash" class:"C1"`
	IssuedAt     time.Time       `json:"issued_at" class:"C1"`
	SentAt       *time.Time      `json:"sent_at,omitempty" class:"C1"`
}

func toInvoice(i invoice.Invoice) Invoice {
	c := i.Currency
	return Invoice{i.ID, i.Number, i.Prebill, i.Run, i.Matter, i.MatterNumber, i.MatterName, i.Client, i.ClientName, i.Payor, i.PayorName, i.IssuedOn, i.DueOn,
		amount(i.NetMinor, c), amount(i.TaxMinor, c), amount(i.TotalMinor, c), amount(i.CreditedMinor, c), amount(i.PaidMinor, c), amount(i.AllowedMinor, c), amount(i.OpenMinor, c), amount(i.DisputedMinor, c),
		i.PromptUntil, amount(i.PromptMinor, c),
		i.Status, i.ContentHash, i.IssuedAt.UTC(), utc(i.SentAt)}
}

// InvoiceView is an invoice with its document, files and corrections.
type InvoiceView struct {
	Invoice  Invoice          `json:"invoice"`
	Document *InvoiceDocument `json:"document,omitempty" class:"C3"`
	Files    []InvoiceFile    `json:"files"`
	Credits  []CreditNote     `json:"credit_notes"`
	Others   []OtherInvoice   `json:"others,omitempty" doc:"of a bill that payors share: the invoices of the others"`
}

// OtherInvoice is the invoice of another payor of the same bill.
type OtherInvoice struct {
	ID        ident.InvoiceID `json:"id" class:"C1"`
	Number    string          `json:"number,omitempty" class:"C2"`
	Payor     ident.PayorID   `json:"payor_id" class:"C1"`
	PayorName string          `json:"payor_name,omitempty" class:"C2"`
	Net       *Money          `json:"net,omitempty" class:"C2"`
	Total     *Money          `json:"total,omitempty" class:"C2"`
	Open      *Money          `json:"open,omitempty" class:"C2"`
	Status    invoice.Status  `json:"status" class:"C1"`
}

// InvoiceFile is one encoding of the same document.
type InvoiceFile struct {
	Format invoice.Format `json:"format" class:"C1"`
	SHA256 string         `json:"sha256" class:"C1"`
	Bytes  int64          `json:"bytes" class:"C1"`
	Notes  int            `json:"respelt" class:"C1" doc:"texts that the format had to spell otherwise"`
}

// CreditNote takes an invoice back, or a part of it.
type CreditNote struct {
	ID       ident.CreditNoteID `json:"id" class:"C1"`
	Invoice  ident.InvoiceID    `json:"invoice_id" class:"C1"`
	Number   string             `json:"number,omitempty" class:"C2"`
	IssuedOn invoice.Day        `json:"issued_on" class:"C1" format:"date"`
	Total    *Money             `json:"total,omitempty" class:"C2"`
	Reason   string             `json:"reason,omitempty" class:"C2"`
	Rebill   bool               `json:"rebill" class:"C1"`
	Part     bool               `json:"part" class:"C1" doc:"something of the invoice stood after it"`
	EBill    invoice.Format     `json:"ebill,omitempty" class:"C1" doc:"the format of its e-bill, where it has one beside the PDF"`
}

func toCreditNote(n invoice.CreditNote) CreditNote {
	return CreditNote{n.ID, n.Invoice, n.Number, n.IssuedOn, amount(n.TotalMinor, n.Currency), n.Reason, n.Rebill, n.Part, n.EBill}
}

func toInvoiceView(v invoice.View) InvoiceView {
	out := InvoiceView{Invoice: toInvoice(v.Invoice), Document: toInvoiceDocument(v.Document), Files: make([]InvoiceFile, len(v.Files)), Credits: make([]CreditNote, len(v.Credits))}
	for i, f := range v.Files {
		out.Files[i] = toInvoiceFile(f)
	}
	for i, n := range v.Credits {
		out.Credits[i] = toCreditNote(n)
	}
	for _, x := range v.Others {
		out.Others = append(out.Others, OtherInvoice{x.ID, x.Number, x.Payor, x.PayorName, amount(x.NetMinor, v.Currency), amount(x.TotalMinor, v.Currency), amount(x.OpenMinor, v.Currency), x.Status})
	}
	return out
}

func toInvoiceFile(f invoice.File) InvoiceFile {
	return InvoiceFile{f.Format, f.SHA256, f.Bytes, f.Notes}
}

type invoiceFilter struct {
	InFirm
	Paged
	Status  invoice.Status `query:"status"`
	Client  string         `query:"client_id"`
	Payor   string         `query:"payor_id"`
	Matter  string         `query:"matter_id"`
	Run     string         `query:"run_id"`
	Open    bool           `query:"open" doc:"something is still to be paid"`
	Overdue string         `query:"overdue_on" doc:"open and due before this day"`
	Number  string         `query:"number" maxLength:"20" doc:"begins with"`
}

func (in invoiceFilter) filter() (f invoice.Filter, err error) {
	f = invoice.Filter{Status: in.Status, Open: in.Open, Number: in.Number}
	if f.Client, err = optionalID[ident.ClientID](in.Client); err != nil {
		return f, err
	}
	if f.Payor, err = optionalID[ident.PayorID](in.Payor); err != nil {
		return f, err
	}
	if f.Matter, err = optionalID[ident.MatterID](in.Matter); err != nil {
		return f, err
	}
	if f.Run, err = optionalID[ident.RunID](in.Run); err != nil {
		return f, err
	}
	f.Overdue, err = invoiceDay("overdue_on", in.Overdue)
	return f, err
}

// invoiceDay reads a date as package invoice has it.
func invoiceDay(field, text string) (invoice.Day, error) {
	t, err := parseDay(field, text)
	if err != nil || t.IsZero() {
		return "", err
	}
	return invoice.DayOf(t), nil
}

// Download answers with a file's bytes.
type Download struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func download(c invoice.Content, err error) (*Download, error) {
	if err != nil {
		return nil, err
	}
	kind := "application/octet-stream"
	switch {
	case c.Format.Paper():
		kind = "application/pdf"
	case c.Format.XML():
		kind = "application/xml"
	}
	return &Download{kind, httpd.Attachment(c.Name), c.Bytes}, nil
}

// Invoices mounts issued invoices, their files and their corrections.
func Invoices(s *httpd.Server, v invoices) {
	credits(s, v)
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/invoices", Needs: rbac.InvoiceRead, Summary: "Invoices, the newest first"},
		func(ctx context.Context, in *invoiceFilter) (*Many[Invoice], error) {
			f, err := in.filter()
			if err != nil {
				return nil, err
			}
			p, err := v.List(ctx, f, in.request())
			return paged(p, err, toInvoice)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/invoices/{id}", Needs: rbac.InvoiceRead, Summary: "One invoice with its document"},
		func(ctx context.Context, in *ByID) (*One[InvoiceView], error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			i, err := v.Get(ctx, id)
			return one(toInvoiceView(i), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/invoices/{id}/files/{format}", Needs: rbac.InvoiceRead, Summary: "A file of an invoice"},
		func(ctx context.Context, in *struct {
			ByID
			Format invoice.Format `path:"format" enum:"pdf,closing,ledes_1998b,ledes_98bi_v2,ledes_xml_21,ledes_xml_22"`
		}) (*Download, error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			return download(v.File(ctx, id, in.Format))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/invoices/{id}/files", Needs: rbac.InvoiceDeliver, Summary: "Make the e-bill of an invoice in one more format", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Format invoice.Format `json:"format" enum:"ledes_1998b,ledes_98bi_v2,ledes_xml_21,ledes_xml_22" doc:"of the flat ones 98BI V2 where there is tax, else 1998B"`
			}
		}) (*One[InvoiceFile], error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			f, err := v.MakeFile(ctx, id, in.Body.Format)
			return one(toInvoiceFile(f), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/credit-notes/{id}/file", Needs: rbac.InvoiceRead, Summary: "A file of a credit note, its PDF unless a format is given"},
		func(ctx context.Context, in *struct {
			ByID
			Format invoice.Format `query:"format" enum:"pdf,ledes_xml_21,ledes_xml_22" default:"pdf"`
		}) (*Download, error) {
			id, err := idOf[ident.CreditNoteID](in.ID)
			if err != nil {
				return nil, err
			}
			return download(v.CreditFile(ctx, id, in.Format))
		})
}
