package pages

import (
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

// mountHeld adds the fees of a matter that are held back until an outcome, and what the
// firm decides about them.
func (s *Site) mountHeld(srv *httpd.Server) {
	show(srv, "/firms/{firm}/matters/{id}/held", rbac.ArrangementRead, of(s.heldPage))
	fill(srv, "/firms/{firm}/matters/{id}/held", rbac.ArrangementEdit, s.decideHeld, of(s.heldPage))
}

func (s *Site) heldPage(r *httpd.Request, id ident.MatterID, failed error) (templ.Component, error) {
	h, err := s.Prebills.Held(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Fees held back", "arrangements")
	if err != nil {
		return nil, err
	}
	typed := prebill.HeldOrder{Kind: prebill.HeldKind(r.Form("kind")), Reason: r.Form("reason")}
	return Plain(f.Chrome, heldView(f, h, typed, r.Form("amount"), failed)), nil
}

// heldView shows what is held back and what was decided. typed and amount are what came
// back in the form.
func heldView(f frame, h prebill.Held, typed prebill.HeldOrder, amount string, failed error) PlainView {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: h.Currency}) }
	v := PlainView{Head: layout.Head{Title: "Fees held back", Crumbs: []partial.Link{{Text: "Fee arrangements", Href: href.Arrangements(f.FirmID)}}}, Meta: []string{h.MatterNumber + " " + h.MatterName},
		Lede: "What bills of this matter hold back until an outcome. What the firm releases stands on the next bill; what it forgoes is never billed.",
		Sections: []Section{{Title: "In all", Facts: []partial.Fact{{Name: "Held back", Value: in(h.HeldMinor)}, {Name: "Released", Value: in(h.ReleasedMinor)}, {Name: "Of it billed", Value: in(h.BilledMinor)},
			{Name: "Forgone", Value: in(h.ForgoneMinor)}, {Name: "Not decided", Value: in(h.LeftMinor)}}}}}
	bills := &partial.Table{Caption: "Bills with fees that are held back or released", Columns: []partial.Column{{Head: "Bill"}, {Head: "What"}, {Head: "Amount", Right: true}, {Head: "Stands", Minor: true}},
		Empty: partial.Empty{Icon: "check", Title: "Nothing is held back", Text: "No bill of this matter holds fees back."}}
	for _, list := range []struct {
		bills []prebill.HeldBill
		what  string
	}{{h.Bills, "Held back until "}, {h.Released, "Released"}} {
		for _, b := range list.bills {
			bills.Rows = append(bills.Rows, heldRow(f, b, list.what, in))
		}
	}
	acts := &partial.Table{Caption: "What was decided", Columns: []partial.Column{{Head: "Decided"}, {Head: "What"}, {Head: "Amount", Right: true}, {Head: "Why", Wide: true}},
		Empty: partial.Empty{Icon: "check", Title: "Nothing was decided yet"}}
	for _, a := range h.Acts {
		acts.Rows = append(acts.Rows, partial.Row{Cells: []partial.Cell{{Text: format.Moment(a.At.In(f.Zone)), Sub: a.By, Key: true}, partial.Txt(actWords(a)), partial.Txt(in(a.Minor)), partial.Txt(a.Reason)}})
	}
	v.Sections = append(v.Sections, Section{Title: "Bills", Table: bills}, Section{Title: "Decisions", Table: acts})
	if f.May(rbac.ArrangementEdit) && (h.LeftMinor > 0 || failed != nil) {
		v.Sections = append(v.Sections, Section{ID: "decide", Title: "Decide", Note: in(max(h.LeftMinor, 0)) + " is left", Form: &partial.Form{ID: "held", Action: heldHref(f.FirmID, h.Matter), Submit: "Decide",
			Note: "It stays in the record and cannot be undone", Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
				{Name: "kind", Label: "What happens", Kind: partial.Select, Required: true, Options: partial.Options(string(typed.Kind), string(prebill.HeldRelease), "it is released to the next bill", string(prebill.HeldForgo), "it is forgone and never billed")},
				{Name: "amount", Label: "Amount", Kind: partial.Decimal, Value: amount, Hint: "Empty: all that is left"},
				{Name: "reason", Label: "Why", Value: typed.Reason, Required: true, Max: 300, Wide: true, Hint: "Such as how the condition was met"},
			}}})
	}
	return v
}

var heldWords = map[prebill.HeldKind]string{prebill.HeldRelease: "Released", prebill.HeldForgo: "Forgone"}

func actWords(a prebill.HeldAct) string {
	if a.Minor < 0 {
		return heldWords[a.Kind] + ", taken back"
	}
	return heldWords[a.Kind]
}

func heldRow(f frame, b prebill.HeldBill, what string, in func(int64) string) partial.Row {
	stands := "on a draft"
	switch {
	case b.Invoice != "":
		stands = "invoice " + b.Invoice
	case b.Approved:
		stands = "approved"
	}
	name := partial.Txt(b.Name)
	if f.May(rbac.PrebillRead) {
		name = partial.Named(b.Name, href.Prebill(f.FirmID, b.Prebill), "")
	}
	if strings.HasSuffix(what, " ") {
		what += b.Condition
	}
	return partial.Row{Cells: []partial.Cell{name, partial.Txt(what), partial.Txt(in(b.Minor)), partial.Txt(stands)}}
}

func heldHref(f ident.FirmID, m ident.MatterID) string { return href.Act(href.Matter(f, m), "held") }

func (s *Site) decideHeld(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.MatterID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	h, err := s.Prebills.Held(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	o := prebill.HeldOrder{Kind: prebill.HeldKind(r.Form("kind")), Reason: r.Form("reason")}
	if text := r.Form("amount"); text != "" {
		a, err := typedAmount("amount", text, h.Currency)
		if err == nil && a.Minor <= 0 {
			err = prebill.ErrHeldForm.On(fault.Field{Path: "amount", Code: "amount_positive", Message: "enter an amount above zero, or nothing for all that is left"})
		}
		if err != nil {
			return again(err, func() (templ.Component, error) { return s.heldPage(r, id, err) })
		}
		o.Minor = a.Minor
	}
	if _, err := s.Prebills.DecideHeld(r.Context(), id, o); err != nil {
		return again(err, func() (templ.Component, error) { return s.heldPage(r, id, err) })
	}
	done := "Forgone: it is never billed."
	if o.Kind == prebill.HeldRelease {
		done = "Released: it stands on the matter's next bill. One that is open follows when it is next changed or handed on."
	}
	return httpd.Go(heldHref(r.Firm(), id), done), nil
}
