package pages

import (
	"errors"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/rbac"
)

// MountPayor adds the payor's door: a link from a mail, a code to the same address,
// then that payor's invoices for half an hour. Nobody signs in here; the service
// decides by the visit's cookie.
func (s *Site) MountPayor(srv *httpd.Server) {
	get(srv, href.Payor, rbac.PayorLink, s.payorDoor)
	post(srv, href.Payor, rbac.PayorLink, s.askCode)
	get(srv, href.PayorEnter, rbac.PayorLink, s.codeForm)
	fill(srv, href.PayorEnter, rbac.PayorLink, s.enterCode, func(r *httpd.Request, failed error) (templ.Component, error) {
		return GatePage(bare(r, "Enter the code"), codeView(r, failed)), nil
	})
	post(srv, href.PayorLeave, rbac.PayorLink, s.leavePayor)
	get(srv, href.PayorList, rbac.PayorLink, s.payorInvoices)
	get(srv, href.PayorList+"/{id}", rbac.PayorLink, s.payorInvoice)
	get(srv, href.PayorList+"/{id}/documents/{kind}", rbac.PayorLink, s.payorDocument)
}

// payorDoor looks at nothing: a link of ours and any other words get the same page.
func (s *Site) payorDoor(r *httpd.Request) (httpd.Reply, error) {
	link := r.Query("link")
	if link == "" {
		return httpd.Show(GatePage(bare(r, "Your invoices"), GateView{Title: "Your invoices", Lede: "Open the link from the invoice's e-mail again. It asks for a new code, which opens these pages for half an hour."})), nil
	}
	return httpd.Show(GatePage(bare(r, "Your invoices"), GateView{
		Title: "Your invoices", Lede: "We send a one-time code to the address that the invoice went to. It opens your invoices for half an hour.",
		Acts:  []partial.Button{{Text: "Send me a code", Action: href.Query(href.Payor, "link", link), Icon: "mail", Class: "primary wide"}},
		Links: []partial.Link{{Text: "I have a code", Href: href.Query(href.PayorEnter, "link", link)}},
	})), nil
}

func (s *Site) askCode(r *httpd.Request) (httpd.Reply, error) {
	link := r.Query("link")
	if err := s.Notices.AskCode(r.Context(), link, r.Network()); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Query(href.PayorEnter, "link", link), ""), nil
}

func (s *Site) codeForm(r *httpd.Request) (httpd.Reply, error) {
	return httpd.Show(GatePage(bare(r, "Enter the code"), codeView(r, nil))), nil
}

func codeView(r *httpd.Request, failed error) GateView {
	link := r.Query("link")
	return GateView{Title: "Enter the code", Lede: "If the link is good, a code is on its way to the address that the invoice went to.",
		Form: &partial.Form{Action: href.Query(href.PayorEnter, "link", link), Submit: "Open the invoices", Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
			{Name: "code", Label: "Code from the e-mail", Kind: partial.OneTime, Required: true, Max: 20, Hint: "Six digits, good for 10 minutes. Blanks do not matter."},
		}},
		Links: []partial.Link{{Text: "Ask for another code", Href: href.Query(href.Payor, "link", link)}}}
}

func (s *Site) enterCode(r *httpd.Request) (httpd.Reply, error) {
	cookie, err := s.Notices.Enter(r.Context(), r.Query("link"), r.Form("code"), r.Network())
	if errors.Is(err, notice.ErrNoVisit) { // the contact was closed since: told as a wrong code
		err = notice.ErrCode
	}
	if err != nil {
		if httpd.Correctable(err) {
			return httpd.ShowFault(err, GatePage(bare(r, "Enter the code"), codeView(r, err))), nil
		}
		return httpd.Reply{}, err
	}
	r.SetVisitCookie(cookie.Reveal())
	return httpd.Go(href.PayorList, ""), nil
}

func (s *Site) leavePayor(r *httpd.Request) (httpd.Reply, error) {
	if err := s.Notices.Leave(r.Context(), r.VisitCookie()); err != nil {
		return httpd.Reply{}, err
	}
	r.SetVisitCookie("")
	return httpd.Go(href.Payor, "These pages are closed."), nil
}

// outside leads who has no visit (any more) back to the door.
func outside(r *httpd.Request, err error) (httpd.Reply, error) {
	if !errors.Is(err, notice.ErrNoVisit) {
		return httpd.Reply{}, err
	}
	said := ""
	if r.VisitCookie() != "" {
		r.SetVisitCookie("")
		said = "Your visit has ended."
	}
	return httpd.Go(href.Payor, said), nil
}

// zoned is the visit's moment and day in the firm's zone.
func (s *Site) zoned(v notice.Visit) (closes, today time.Time) {
	zone, err := time.LoadLocation(v.TZ)
	if err != nil {
		zone = time.UTC
	}
	return v.ExpiresAt.In(zone), invoice.DayOf(s.Clock.Now().In(zone)).Time()
}

// door is the frame inside: the firm's name, no menu.
func door(r *httpd.Request, v notice.Visit, title string) layout.Chrome {
	c := bare(r, title)
	c.Org = v.FirmName
	return c
}

func (s *Site) payorInvoices(r *httpd.Request) (httpd.Reply, error) {
	visit, list, err := s.Notices.PayorInvoices(r.Context(), r.VisitCookie())
	if err != nil {
		return outside(r, err)
	}
	closes, today := s.zoned(visit)
	v := PayorListView{FirmName: visit.FirmName, Payor: visit.PayorName, Until: closes, Today: today}
	for _, i := range list {
		v.Rows = append(v.Rows, PayorItem{ID: i.ID, Number: i.Number, On: i.IssuedOn.Time(), DueOn: i.DueOn.Time(), Total: money.Amount{Minor: i.TotalMinor, Currency: i.Currency},
			Open: money.Amount{Minor: max(i.OpenMinor-i.WithheldOpenMinor, 0), Currency: i.Currency}, State: InvoiceChip(string(i.Status))})
	}
	return httpd.Show(PayorInvoices(door(r, visit, "Your invoices"), v)), nil
}

func (s *Site) payorInvoice(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	visit, i, doc, err := s.Notices.PayorSheet(r.Context(), r.VisitCookie(), id)
	if err != nil {
		return outside(r, err)
	}
	_, today := s.zoned(visit)
	open := money.Amount{Minor: i.OpenMinor, Currency: i.Currency}
	v := PayorInvoiceView{ID: id, Number: i.Number, State: InvoiceChip(string(i.Status)), Open: open, DueOn: i.DueOn.Time(), Today: today, Sheet: SheetView{Doc: doc, Open: open, Waits: money.Amount{Minor: i.WithheldOpenMinor, Currency: i.Currency}}}
	certified := i.WithheldMinor - i.WithheldOpenMinor
	if i.Status == invoice.StatusCredited {
		certified = 0
	}
	settled := i.TotalMinor - i.OpenMinor - certified
	for n, c := range i.Credits {
		settled -= c.TotalMinor
		v.Sheet.Paid = append(v.Sheet.Paid, SheetPaid{Text: "Credited " + format.Date(c.IssuedOn.Time()) + ", " + c.Number, Amount: money.Amount{Minor: -c.TotalMinor, Currency: i.Currency}})
		kind := creditKind
		if n < len(i.Credits)-1 { // the last is opened without its id
			kind += "+" + string(c.ID)
		}
		v.Files = append(v.Files, InvoiceFile{Name: "Credit note " + c.Number, Kind: kind})
		if c.EBill != "" {
			v.Files = append(v.Files, InvoiceFile{Name: "Credit note " + c.Number + ", " + c.EBill.Name(), Kind: kind + "-" + strings.ReplaceAll(string(c.EBill), "_", "-")})
		}
	}
	if settled != 0 {
		v.Sheet.Paid = append(v.Sheet.Paid, SheetPaid{Text: "Received so far", Amount: money.Amount{Minor: -settled, Currency: i.Currency}})
	}
	v.Sheet.forgive(i.Status, i.WithheldMinor)
	if doc.Firm.Phone != "" {
		v.Ask = "Call " + doc.Firm.Phone + " before you use other bank details than these."
	}
	for _, x := range i.Formats {
		v.Files = append(v.Files, InvoiceFile{Name: x.Name(), Kind: strings.ReplaceAll(string(x), "_", "-")})
	}
	return httpd.Show(PayorInvoice(door(r, visit, "Invoice "+i.Number), v)), nil
}

// creditKind asks for the note that takes the invoice back, among its documents.
const creditKind = "credit-note"

func (s *Site) payorDocument(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	var c invoice.Content
	if kind := r.Param("kind"); strings.HasPrefix(kind, creditKind) {
		note, f := noteIn(strings.TrimPrefix(kind, creditKind))
		c, err = s.Notices.PayorCreditNote(r.Context(), r.VisitCookie(), id, note, f)
	} else {
		c, err = s.Notices.PayorDocument(r.Context(), r.VisitCookie(), id, invoice.Format(strings.ReplaceAll(kind, "-", "_")))
	}
	if err != nil {
		return outside(r, err)
	}
	return httpd.Send(httpd.File{Name: c.Name, Type: mediaOf(c.Name), Content: c.Bytes}), nil
}

// noteIn reads which note is asked for, "" for the last, and in which format, from what follows
// creditKind: "", "-ledes-xml-21", "+ID" or "+ID-ledes-xml-21".
func noteIn(rest string) (note ident.CreditNoteID, f invoice.Format) {
	f = invoice.FormatPDF
	if id, ok := strings.CutPrefix(rest, "+"); ok && len(id) >= uuidLength {
		note, rest = ident.CreditNoteID(id[:uuidLength]), id[uuidLength:]
	}
	if rest != "" {
		f = invoice.Format(strings.ReplaceAll(strings.TrimPrefix(rest, "-"), "-", "_"))
	}
	return note, f
}

// uuidLength is how long an id is as text.
const uuidLength = 36
