package pages

import (
	"slices"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// itemSubject fills in what the item is about: the entries of an import with their
// findings, or the way to the pre-bill.
func (s *Site) itemSubject(r *httpd.Request, f frame, i worklist.Item, v *ItemView) error {
	switch i.SubjectKind {
	case "import":
		return s.importLines(r, f, ident.ImportID(i.SubjectID), v)
	case "prebill":
		v.Task = prebillTask(v.OfFirm)
		if f.May(rbac.PrebillRead) {
			v.Subject = &partial.Link{Text: "Open the pre-bill", Href: href.Prebill(f.FirmID, ident.PrebillID(i.SubjectID))}
		}
	case "invoice":
		v.Task = invoiceTask(v.OfFirm)
		if f.May(rbac.InvoiceRead) {
			v.Subject = &partial.Link{Text: "Open the invoice", Href: href.Invoice(f.FirmID, ident.InvoiceID(i.SubjectID))}
		}
	}
	return nil
}

// prebillTask and invoiceTask say what to do, or to the firm what the bureau does.
func prebillTask(ofFirm bool) string {
	if ofFirm {
		return "The bureau settles the findings of this pre-bill and hands it to you for approval. The pre-bill has its own page."
	}
	return "Settle the findings of this pre-bill and hand it to the partner. The work is done on its own page."
}

func invoiceTask(ofFirm bool) string {
	const why = "A mail about this invoice did not reach its payor, or the payor takes invoices elsewhere. The invoice says why: "
	if ofFirm {
		return why + "the bureau sends it again, or marks it as delivered once it is there."
	}
	return why + "send it again, or mark it as delivered once it is there."
}

func (s *Site) importLines(r *httpd.Request, f frame, id ident.ImportID, v *ItemView) error {
	if f.May(rbac.ImportRead) {
		v.Subject = &partial.Link{Text: "Open the import", Href: href.Import(f.FirmID, id)}
	}
	if !f.May(rbac.EntryRead) {
		return nil
	}
	list, err := s.Capture.Entries(r.Context(), capture.Filter{Import: id}, page.Request{After: r.Query("after"), Size: 100})
	if err != nil {
		return err
	}
	ids := make([]ident.EntryID, len(list.Items))
	for i, e := range list.Items {
		ids[i] = e.ID
	}
	found, err := s.Guidelines.Of(r.Context(), ids)
	if err != nil {
		return err
	}
	keepers, err := s.Matters.Timekeepers(r.Context())
	if err != nil {
		return err
	}
	matters, err := s.Matters.Matters(r.Context(), "")
	if err != nil {
		return err
	}
	others, err := s.others(r, found)
	if err != nil {
		return err
	}
	byEntry := map[ident.EntryID][]guideline.Stored{}
	for _, x := range found {
		byEntry[x.Entry] = append(byEntry[x.Entry], x)
	}
	v.AllLines, v.WithNote = len(list.Items), 0
	var risk money.Amount
	for n, e := range list.Items {
		line := entryLine(e, n+1, keepers, matters)
		risk.Minor += guideline.AtRisk(slices.DeleteFunc(slices.Clone(byEntry[e.ID]), func(x guideline.Stored) bool { return x.State != guideline.Open }), e.AmountMinor)
		for _, x := range byEntry[e.ID] {
			shown := itemFinding(f, n+1, x, otherLine(x, others, keepers, matters))
			line.Findings = append(line.Findings, shown)
			v.Findings = append(v.Findings, shown)
		}
		if len(line.Findings) > 0 {
			v.WithNote++
		}
		v.Currency = e.Currency
		v.Sums.Hours += e.Hours
		v.Sums.Recorded.Minor += e.AmountMinor
		if v.Show == "" || len(line.Findings) > 0 {
			v.Lines = append(v.Lines, line)
		}
	}
	v.Sums.Recorded.Currency, risk.Currency = v.Currency, v.Currency
	if risk.Minor > 0 {
		v.Sums.AtRisk = &risk
	}
	v.Pager = pagerOf(href.Query(href.Item(f.FirmID, v.ID), "show", v.Show), r, len(list.Items), list.Next)
	return nil
}

func entryLine(e capture.Entry, n int, keepers []matter.Timekeeper, matters []matter.Matter) ItemLine {
	line := ItemLine{ID: e.ID, No: n, On: e.WorkedOn, Codes: codesOf(e.Task, e.Activity, e.Expense), Text: e.Narrative, Hours: e.Hours, Rate: e.Rate,
		Amount: money.Amount{Minor: e.AmountMinor, Currency: e.Currency}, Expense: e.Kind != guideline.Time}
	if line.Text == "" {
		line.Text = "Not shown at your level."
	}
	for _, k := range keepers {
		if k.ID == e.TimekeeperID {
			line.Who, line.WhoFull = format.Initials(k.Name), k.Name+", "+k.Class
		}
	}
	for _, m := range matters {
		if m.ID == e.MatterID {
			line.Matter = m.Number + " " + m.Name
		}
	}
	return line
}

// others are the lines that duplicates among found are about, as far as the reader
// may see them.
func (s *Site) others(r *httpd.Request, found []guideline.Stored) ([]capture.Place, error) {
	var ids []ident.EntryID
	for _, x := range found {
		if id := x.Other(); id != "" {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return s.Capture.Places(r.Context(), ids)
}

// otherLine says which line a duplicate repeats: "The other entry: 4 Mar 2026, matter
// 1001, R. Vane." To who may not see it, it is another entry. "" for other findings.
func otherLine(x guideline.Stored, others []capture.Place, keepers []matter.Timekeeper, matters []matter.Matter) string {
	id := x.Other()
	if id == "" {
		return ""
	}
	for _, o := range others {
		if o.ID != id {
			continue
		}
		said := "The other entry: " + format.Date(o.WorkedOn)
		for _, m := range matters {
			if m.ID == o.MatterID {
				said += ", matter " + m.Number
			}
		}
		for _, k := range keepers {
			if k.ID == o.TimekeeperID {
				said += ", " + k.Name
			}
		}
		return said + "."
	}
	return "It repeats another entry."
}

// itemFinding shows x; other says which line a duplicate repeats.
func itemFinding(f frame, line int, x guideline.Stored, other string) ItemFinding {
	out := ItemFinding{ID: x.ID, Line: line, Title: x.Title, Fact: x.Message, Rule: x.Rule, Evidence: x.Evidence() + other, State: "Open", Tone: partial.Warn}
	if x.AtRiskMinor > 0 {
		out.AtRisk = &money.Amount{Minor: x.AtRiskMinor, Currency: x.Currency}
	}
	switch x.State {
	case guideline.Waived:
		out.State, out.Tone, out.Evidence = "Waived", partial.OK, "Kept: "+x.Note
	case guideline.Fixed:
		out.State, out.Tone = "Fixed", partial.OK
	default:
		out.Waive = f.May(rbac.FindingWaive)
		if x.Fix != "" {
			out.Rule += ". " + x.Fix
		}
	}
	return out
}
