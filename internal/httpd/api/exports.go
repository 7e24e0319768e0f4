package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/rbac"
)

type exports interface {
	Request(ctx context.Context, n export.NewRequest) (export.Export, seal.Secret, error)
	Preview(ctx context.Context, n export.NewRequest) (export.Preview, error)
	Review(ctx context.Context, id ident.ExportID) (export.Preview, error)
	List(ctx context.Context, r page.Request) (page.Page[export.Export], error)
	Get(ctx context.Context, id ident.ExportID) (export.Export, error)
	Approve(ctx context.Context, id ident.ExportID, version int) error
	Refuse(ctx context.Context, id ident.ExportID, version int, why string) error
	Withdraw(ctx context.Context, id ident.ExportID, version int) error
	Text(ctx context.Context, id ident.ExportID) (export.Text, error)
	Redact(ctx context.Context, id ident.ExportID, version int, terms []string, withheld []ident.EntryID) error
	Confirm(ctx context.Context, id ident.ExportID, version int, read string) error
	Ticket(ctx context.Context, id ident.ExportID, network string) (seal.Secret, error)
	Download(ctx context.Context, token, network, goesOn string) (export.File, error)
	Delivered(ctx context.Context, token, network string) error
}

// Export is one file that was asked for.
type Export struct {
	ID         ident.ExportID  `json:"id" class:"C1"`
	Name       string          `json:"name" class:"C1"`
	Audience   export.Audience `json:"audience" class:"C1" enum:"partner,specialist,staff,payor,court,collector,auditor"`
	Format     export.Format   `json:"format" class:"C1" enum:"csv,xlsx,jsonl,parquet"`
	Form       export.Form     `json:"form" class:"C1" enum:"full,redacted"`
	From       invoice.Day     `json:"from" class:"C1" format:"date"`
	To         invoice.Day     `json:"to" class:"C1" format:"date"`
	Clients    int             `json:"clients" class:"C1" doc:"how many the scope names; 0 is all"`
	Matters    int             `json:"matters" class:"C1"`
	PayorID    ident.PayorID   `json:"payor_id,omitempty" class:"C1"`
	Payor      string          `json:"payor,omitempty" class:"C2"`
	Invoices   int             `json:"invoices" class:"C1" doc:"how many the scope names; 0 is all"`
	Documents  bool            `json:"documents" class:"C1" doc:"with the files of the invoices issued in the period"`
	Redacted   int             `json:"redact_terms" class:"C1" doc:"how many words are blacked out of a court's text"`
	Withheld   int             `json:"withheld_lines" class:"C1" doc:"lines whose text a court does not get"`
	ReviewedBy string          `json:"reviewed_by,omitempty" class:"C1" doc:"who read a court's text as it leaves"`
	ReviewedAt *time.Time      `json:"reviewed_at,omitempty" class:"C1"`
	Reason     string          `json:"reason,omitempty" class:"C2"`
	Recipient  string          `json:"recipient" class:"C1" doc:"an age public key, or passphrase"`
	KeyMade    bool            `json:"key_made" class:"C1"`
	AskedBy    string          `json:"asked_by" class:"C1"`
	AskedAt    time.Time       `json:"asked_at" class:"C1"`
	Rows       int64           `json:"rows_asked" class:"C1"`
	Due        int             `json:"approvals_due" class:"C1"`
	ApprovedBy string          `json:"approved_by,omitempty" class:"C1"`
	SecondBy   string          `json:"second_approval_by,omitempty" class:"C1"`
	Status     export.Status   `json:"status" class:"C1"`
	Why        string          `json:"why,omitempty" class:"C2"`
	Size       *int64          `json:"size_bytes,omitempty" class:"C1"`
	Hash       string          `json:"file_sha256,omitempty" class:"C1"`
	Expires    *time.Time      `json:"expires_at,omitempty" class:"C1"`
	Left       int             `json:"downloads_left" class:"C1"`
	Version    int             `json:"version" class:"C1"`
}

// NewExport is one just asked for, with the key of its file this once.
type NewExport struct {
	Export
	Identity string `json:"identity,omitempty" class:"C1" shown:"once" doc:"the private key or the passphrase that opens the file, unless it is made for a key of one's own; shown once, to who asked"`
}

func toExport(e export.Export) Export {
	return Export{ID: e.ID, Name: e.Name(), Audience: e.Audience, Format: e.Format, PayorID: e.PayorID, Payor: e.Payor, Invoices: e.Invoices, Documents: e.Documents,
		Redacted: e.Terms, Withheld: e.Withheld, ReviewedBy: e.ReviewedBy, ReviewedAt: utc(e.ReviewedAt), Form: e.Form, From: e.FromOn, To: e.ToOn, Clients: e.Clients, Matters: e.Matters, Reason: e.Reason, Recipient: e.Recipient, KeyMade: e.KeyMade,
		AskedBy: e.AskedByName, AskedAt: e.AskedAt.UTC(), Rows: e.RowsAsked, Due: e.ApprovalsDue, ApprovedBy: e.ApprovedBy, SecondBy: e.SecondBy, Status: e.Status, Why: e.Why,
		Size: e.SizeBytes, Hash: e.FileHash, Expires: utc(e.ExpiresAt), Left: e.DownloadsLeft, Version: e.Version}
}

// ExportPreview is what a file would hold for who asks.
type ExportPreview struct {
	Rows       int64          `json:"rows" class:"C1"`
	Narratives int64          `json:"narratives" class:"C1"`
	Withheld   int64          `json:"withheld" class:"C1" doc:"rows whose narrative is left out"`
	Matters    int64          `json:"matters" class:"C1"`
	Documents  int64          `json:"documents" class:"C1" doc:"files of invoices that go along"`
	LeftOut    []string       `json:"left_out" class:"C1" doc:"columns of a partner's file that this audience does not get"`
	Columns    []ExportColumn `json:"columns" class:"C1"`
}

// ExportColumn is one column of the file.
type ExportColumn struct {
	Name   string `json:"name" class:"C1"`
	Hidden int64  `json:"hidden" class:"C1" doc:"rows on which it is left out"`
	Sample string `json:"sample,omitempty" class:"C3" doc:"what the first row has in it"`
	Unseen bool   `json:"unseen,omitempty" class:"C1" doc:"the first row has something in it that you may not see"`
}

func toExportPreview(p export.Preview) ExportPreview {
	out := ExportPreview{Rows: p.Rows, Narratives: p.Narratives, Withheld: p.Withheld, Matters: p.Matters, Documents: p.Documents, LeftOut: append([]string{}, p.LeftOut...), Columns: make([]ExportColumn, len(p.Columns))}
	for i, c := range p.Columns {
		out.Columns[i] = ExportColumn{c.Name, c.Hidden, c.Sample, c.Unseen}
	}
	return out
}

// ExportRequest asks for what one audience gets of a period.
type ExportRequest struct {
	Audience   string      `json:"audience,omitempty" enum:"partner,specialist,staff,payor,court,collector,auditor" doc:"who will read it: it decides rows and columns; partner when it is missing"`
	Format     string      `json:"format,omitempty" enum:"csv,xlsx,jsonl,parquet" doc:"csv when it is missing"`
	From       string      `json:"from" doc:"by the day of the work; of invoices by the day of issue"`
	To         string      `json:"to"`
	Clients    []string    `json:"client_ids,omitempty" maxItems:"200"`
	Matters    []string    `json:"matter_ids,omitempty" maxItems:"200"`
	Payor      string      `json:"payor_id,omitempty"`
	Invoices   []string    `json:"invoice_ids,omitempty" maxItems:"200"`
	Redact     []string    `json:"redact,omitempty" maxItems:"200" doc:"of a court: words to black out of the narratives"`
	Documents  bool        `json:"documents,omitempty" doc:"of a payor or a partner: with the files of the invoices issued in the period"`
	Form       export.Form `json:"form,omitempty" enum:"full,redacted" doc:"where the audience leaves it open: partner, specialist, payor"`
	Recipient  string      `json:"recipient,omitempty" maxLength:"200" doc:"an age public key; a pair is made when it is missing"`
	Passphrase bool        `json:"passphrase,omitempty" doc:"in the place of a key: a passphrase is made and shown once"`
	Hours      int         `json:"hours" enum:"24,168"`
	Reason     string      `json:"reason" maxLength:"500"`
}

func (b ExportRequest) to() (n export.NewRequest, err error) {
	n = export.NewRequest{Audience: export.Audience(b.Audience), Format: export.Format(b.Format), Redact: b.Redact, Documents: b.Documents, Passphrase: b.Passphrase,
		Form: b.Form, Recipient: b.Recipient, Hours: b.Hours, Reason: b.Reason}
	if b.Payor != "" {
		if n.Payor, err = idOf[ident.PayorID](b.Payor); err != nil {
			return n, err
		}
	}
	for _, text := range b.Invoices {
		id, err := idOf[ident.InvoiceID](text)
		if err != nil {
			return n, err
		}
		n.Invoices = append(n.Invoices, id)
	}
	if n.From, err = invoiceDay("from", b.From); err != nil {
		return n, err
	}
	if n.To, err = invoiceDay("to", b.To); err != nil {
		return n, err
	}
	for _, text := range b.Clients {
		id, err := idOf[ident.ClientID](text)
		if err != nil {
			return n, err
		}
		n.Clients = append(n.Clients, id)
	}
	for _, text := range b.Matters {
		id, err := idOf[ident.MatterID](text)
		if err != nil {
			return n, err
		}
		n.Matters = append(n.Matters, id)
	}
	return n, nil
}

// Exports mounts files that leave.
func Exports(s *httpd.Server, v exports) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/exports", Needs: rbac.ExportRead, Summary: "Exports, the newest first; of others only for who decides on them"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
		}) (*Many[Export], error) {
			p, err := v.List(ctx, in.request())
			return paged(p, err, toExport)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exports", Needs: rbac.ExportRequest, Summary: "Ask the firm for an export", Status: 201, Creates: true, Secret: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body ExportRequest
		}) (*One[NewExport], error) {
			n, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			e, identity, err := v.Request(ctx, n)
			if err != nil {
				return nil, err
			}
			return versioned(NewExport{toExport(e), identity.Reveal()}, e.Version, nil)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exports/preview", Needs: rbac.ExportRequest, Summary: "What an export would hold, before it is asked for"},
		func(ctx context.Context, in *struct {
			InFirm
			Body ExportRequest
		}) (*One[ExportPreview], error) {
			n, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			p, err := v.Preview(ctx, n)
			return one(toExportPreview(p), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/exports/{id}", Needs: rbac.ExportRead, Summary: "One export"},
		func(ctx context.Context, in *ByID) (*One[Export], error) {
			id, err := idOf[ident.ExportID](in.ID)
			if err != nil {
				return nil, err
			}
			e, err := v.Get(ctx, id)
			return versioned(toExport(e), e.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/exports/{id}/preview", Needs: rbac.ExportApprove, Summary: "What an export that waits for a decision would hold for who asked"},
		func(ctx context.Context, in *ByID) (*One[ExportPreview], error) {
			id, err := idOf[ident.ExportID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := v.Review(ctx, id)
			return one(toExportPreview(p), err)
		})
	act := func(name, summary string, needs rbac.Permission, do func(ctx context.Context, id ident.ExportID, version int) error) {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exports/{id}/" + name, Needs: needs, Summary: summary, Status: 204},
			func(ctx context.Context, in *Changing) (*Empty, error) {
				id, version, err := changing[ident.ExportID](*in)
				if err != nil {
					return nil, err
				}
				return done(do(ctx, id, version))
			})
	}
	act("approve", "The firm's yes", rbac.ExportApprove, v.Approve)
	act("withdraw", "End your own request before anyone has decided", rbac.ExportRequest, v.Withdraw)
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exports/{id}/refuse", Needs: rbac.ExportApprove, Summary: "The firm's no, with a reason", Status: 204},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Why string `json:"why" maxLength:"500"`
			}
		}) (*Empty, error) {
			id, version, err := changing[ident.ExportID](in.Changing)
			if err != nil {
				return nil, err
			}
			return done(v.Refuse(ctx, id, version, in.Body.Why))
		})
	mountText(s, v)
	mountDownload(s, v)
}

// ExportText is a court's text, line by line, beside what the record says.
type ExportText struct {
	Terms []string         `json:"redact,omitempty" class:"C3"`
	Lines []ExportTextLine `json:"lines" class:"C1"`
	Hash  string           `json:"hash" class:"C1" doc:"of the text as it would leave; who confirms says it"`
}

// ExportTextLine is one narrative.
type ExportTextLine struct {
	Entry      ident.EntryID `json:"entry_id" class:"C1"`
	WorkedOn   string        `json:"worked_on,omitempty" class:"C2"`
	Timekeeper string        `json:"timekeeper,omitempty" class:"C2"`
	Record     string        `json:"record,omitempty" class:"C3"`
	Leaves     string        `json:"leaves,omitempty" class:"C3"`
	Withheld   bool          `json:"withheld" class:"C1"`
}

func toExportText(t export.Text) ExportText {
	out := ExportText{Terms: t.Terms, Hash: t.Hash, Lines: make([]ExportTextLine, len(t.Lines))}
	for i, l := range t.Lines {
		out.Lines[i] = ExportTextLine{l.Entry, l.WorkedOn, l.Timekeeper, l.Record, l.Leaves, l.Withheld}
	}
	return out
}

// mountText is for who reads a court's text before the firm decides.
func mountText(s *httpd.Server, v exports) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/exports/{id}/text", Needs: rbac.ExportApprove, Summary: "The narratives that a court would read, for who reviews them"},
		func(ctx context.Context, in *ByID) (*One[ExportText], error) {
			id, err := idOf[ident.ExportID](in.ID)
			if err != nil {
				return nil, err
			}
			t, err := v.Text(ctx, id)
			if err != nil {
				return nil, err
			}
			return versioned(toExportText(t), t.Export.Version, nil)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exports/{id}/redact", Needs: rbac.ExportApprove, Summary: "What is blacked out of a court's text, and whose text is withheld", Status: 204},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Redact   []string `json:"redact" maxItems:"200"`
				Withhold []string `json:"withhold_ids" maxItems:"2000"`
			}
		}) (*Empty, error) {
			id, version, err := changing[ident.ExportID](in.Changing)
			if err != nil {
				return nil, err
			}
			withheld := make([]ident.EntryID, len(in.Body.Withhold))
			for i, text := range in.Body.Withhold {
				if withheld[i], err = idOf[ident.EntryID](text); err != nil {
					return nil, err
				}
			}
			return done(v.Redact(ctx, id, version, in.Body.Redact, withheld))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exports/{id}/review", Needs: rbac.ExportApprove, Summary: "Say that you have read a court's text as it would leave", Status: 204},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Hash string `json:"hash" maxLength:"64" doc:"of the text that was read"`
			}
		}) (*Empty, error) {
			id, version, err := changing[ident.ExportID](in.Changing)
			if err != nil {
				return nil, err
			}
			return done(v.Confirm(ctx, id, version, in.Body.Hash))
		})
}

// mountDownload gives a ticket for one fetch and takes it. The ticket travels in a
// header: an address that opens a file would stay in histories and logs (T25).
func mountDownload(s *httpd.Server, v exports) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exports/{id}/ticket", Needs: rbac.ExportDownload, Secret: true, Summary: "A ticket to fetch the file once, within a minute, from here"},
		func(ctx context.Context, in *ByID) (*One[struct {
			Ticket string `json:"ticket" class:"C1" shown:"once"`
		}], error) {
			id, err := idOf[ident.ExportID](in.ID)
			if err != nil {
				return nil, err
			}
			ticket, err := v.Ticket(ctx, id, httpd.Network(ctx))
			return one(struct {
				Ticket string `json:"ticket" class:"C1" shown:"once"`
			}{ticket.Reveal()}, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/export-file", Needs: rbac.ExportDownload, Summary: "The file that a ticket opens; after a break the rest of it"},
		func(ctx context.Context, in *struct {
			InFirm
			Ticket  string `header:"Export-Ticket"`
			Range   string `header:"Range" doc:"with If-Range: goes on where the answer to the same ticket broke off, within half an hour"`
			IfRange string `header:"If-Range" doc:"the ETag of that answer"`
		}) (*huma.StreamResponse, error) {
			f, err := v.Download(ctx, in.Ticket, httpd.Network(ctx), httpd.GoesOn(in.Range, in.IfRange))
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(c huma.Context) {
				s.ServeFile(c, httpd.Fetch{Name: f.Name, Hash: f.Hash, Size: f.Size, Body: f.Body, Delivered: func(ctx context.Context) error {
					return v.Delivered(ctx, in.Ticket, httpd.Network(ctx))
				}})
			}}, nil
		})
}
