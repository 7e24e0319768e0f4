package pages

import (
	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/rbac"
)

// heldFor is what a matter has in trust, for pages of its bills; false where none is held and
// none agreed, or the reader may not see it.
func (s *Site) heldFor(r *httpd.Request, f frame, m ident.MatterID) (h trust.Holding, ok bool, err error) {
	if !f.May(rbac.TrustRead) {
		return h, false, nil
	}
	h, err = s.Trust.Held(r.Context(), m)
	if k := fault.KindOf(err); err != nil && (k == fault.Forbidden || k == fault.NotFound) {
		return h, false, nil
	}
	return h, err == nil && (len(h.Ledgers) > 0 || h.Retainer.Kind != ""), err
}

// trustFor says what client money could pay of an open invoice.
func (s *Site) trustFor(r *httpd.Request, f frame, i invoice.Invoice) (*InvoiceTrust, error) {
	if i.UndisputedMinor() <= 0 {
		return nil, nil //nolint:nilnil // nothing of it is to be paid, or not yet
	}
	h, ok, err := s.heldFor(r, f, i.Matter)
	if err != nil || !ok || h.Currency != i.Currency {
		return nil, err
	}
	last, may, err := s.Trust.LastOf(r.Context(), i.ID)
	if err != nil || !may {
		return nil, err
	}
	d, err := h.Draw(i.UndisputedMinor(), last)
	if err != nil {
		return nil, err
	}
	return invoiceTrust(f, h, i, d), nil
}

func invoiceTrust(f frame, h trust.Holding, i invoice.Invoice, d arrangement.Draw) *InvoiceTrust {
	t := &InvoiceTrust{Text: cash(h.FreeMinor, h.Currency) + " is free in trust; " + cash(d.DrawnMinor, h.Currency) + " of this invoice could be paid from it.", More: partial.Link{Text: "In trust", Href: href.MatterTrust(f.FirmID, h.Matter)}}
	if h.Retainer.Kind == arrangement.KindSecurity {
		t.Text = "A security retainer is held, " + cash(h.FreeMinor, h.Currency) + " of it free. It pays the matter’s last bill alone."
	}
	for _, l := range h.Ledgers {
		if d.DrawnMinor > 0 && l.FreeMinor() > 0 && l.AccountOpen && f.May(rbac.TrustPost) {
			t.More = partial.Link{Text: "Ask for a transfer", Href: href.Query(href.TrustLedgerAct(f.FirmID, l.ID, "requests"), "invoice", string(i.ID))}
			break
		}
	}
	return t
}

// prebillTrust says beside what is agreed what client money could pay once the bill is final.
func (s *Site) prebillTrust(r *httpd.Request, f frame, m ident.MatterID, dueMinor int64) ([]PrebillPart, error) {
	h, ok, err := s.heldFor(r, f, m)
	if err != nil || !ok {
		return nil, err
	}
	return trustPart(f, h, dueMinor)
}

func trustPart(f frame, h trust.Holding, dueMinor int64) ([]PrebillPart, error) {
	d, err := h.Draw(dueMinor, false)
	if err != nil {
		return nil, err
	}
	p := PrebillPart{Title: trustTitle, Facts: []partial.Fact{{Name: "Free in trust", Value: cash(h.FreeMinor, h.Currency), Href: href.MatterTrust(f.FirmID, h.Matter)}, {Name: "Of this bill it could pay", Value: cash(d.DrawnMinor, h.Currency)}}}
	switch {
	case h.Retainer.Kind == arrangement.KindSecurity:
		p.Words = []string{"A security retainer pays the matter’s last bill alone"}
	case d.DrawnMinor > 0:
		p.Words = []string{"It is paid once the invoice is final, with the firm’s approval"}
	}
	if h.RequestMinor > 0 {
		p.Facts = append(p.Facts, partial.Fact{Name: "To ask the client for", Value: cash(h.RequestMinor, h.Currency), Href: href.MatterTrust(f.FirmID, h.Matter) + "#request"})
	}
	return []PrebillPart{p}, nil
}
