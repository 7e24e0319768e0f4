package pages

import (
	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/lesson"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// itemSubject fills in what the item is about: the entries of an import with their
// findings, or the way to the pre-bill.
func (s *Site) itemSubject(r *httpd.Request, f frame, i worklist.Item, after page.Request, v *ItemView) error {
	switch i.SubjectKind {
	case "import":
		return s.importLines(r, f, ident.ImportID(i.SubjectID), after, v)
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
	case dispute.Subject:
		v.Task = disputeTask(v.OfFirm)
		if f.May(rbac.DisputeRead) {
			v.Subject = &partial.Link{Text: "Open the dispute", Href: href.Dispute(f.FirmID, ident.DisputeID(i.SubjectID))}
		}
	case submission.Subject:
		v.Task = submissionTask(i.Type, v.OfFirm)
		if f.May(rbac.SubmissionRead) {
			v.Subject = &partial.Link{Text: "Open the e-bill", Href: href.Submission(f.FirmID, ident.SubmissionID(i.SubjectID))}
		}
	case lesson.Subject:
		v.Task = "A receiver gives a reason that no rule is known for. Its page lists where it came: say which rule it is, write one, or say that none can catch it."
		if f.May(rbac.SubmissionRead) {
			v.Subject = &partial.Link{Text: "Open the reason", Href: href.ReceiverReason(f.FirmID, ident.ReasonID(i.SubjectID))}
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

// submissionTask says what a receiver's answer asks for.
func submissionTask(work string, ofFirm bool) string {
	switch {
	case work == "appeal" && ofFirm:
		return "The receiver cut this e-bill. The bureau accepts or appeals each cut before the time to appeal is over."
	case work == "appeal":
		return "The receiver cut this e-bill. Accept or appeal each cut before the time to appeal is over; the e-bill has its own page."
	case work == "delivery" && ofFirm:
		return "This e-bill did not surely reach its receiver. The bureau looks why and sends it again, or takes it there."
	case work == "delivery":
		return "This e-bill did not surely reach its receiver. Its page says why: send it again, or take it there and say so."
	case ofFirm:
		return "The receiver refused this e-bill, or gave no answer in time, which counts as refused. The bureau asks the receiver, or corrects it and sends the same invoice again."
	}
	return "The receiver refused this e-bill, or gave no answer in time, which counts as refused. Its page says which: correct what the receiver names and send the same invoice again, or ask the receiver and enter its answer."
}

func (s *Site) importLines(r *httpd.Request, f frame, id ident.ImportID, after page.Request, v *ItemView) error {
	if f.May(rbac.ImportRead) {
		v.Subject = &partial.Link{Text: "Open the import", Href: href.Import(f.FirmID, id)}
	}
	if !f.May(rbac.EntryRead) {
		return nil
	}
	if err := s.importSums(r, id, v); err != nil {
		return err
	}
	list, err := s.Capture.Entries(r.Context(), capture.Filter{Import: id, Remarked: v.Show != ""}, page.Request{After: after.After, Size: 100})
	if err != nil {
		return err
	}
	found, err := s.findingsOf(r, f, list.Items)
	if err != nil {
		return err
	}
	n, err := s.lineNames(r, found)
	if err != nil {
		return err
	}
	byEntry := map[ident.EntryID][]guideline.Stored{}
	for _, x := range found {
		byEntry[x.Entry] = append(byEntry[x.Entry], x)
	}
	for i := range list.Items {
		e := &list.Items[i]
		line := entryLine(f, v, e, n)
		for _, x := range byEntry[e.ID] {
			shown := itemFinding(f, v, e, x, n.other(x))
			line.Findings = append(line.Findings, shown)
			v.Findings = append(v.Findings, shown)
		}
		v.Lines = append(v.Lines, line)
	}
	v.Pager = pagerOf(href.Query(href.Item(f.FirmID, v.ID), "show", v.Show), r, len(list.Items), list.Next)
	return nil
}

// importSums counts and adds up the whole import, whatever part of it a page shows.
func (s *Site) importSums(r *httpd.Request, id ident.ImportID, v *ItemView) error {
	sums, err := s.Capture.Sums(r.Context(), capture.Filter{Import: id})
	if err != nil {
		return err
	}
	counts, err := s.Guidelines.Counts(r.Context(), guideline.Filter{Import: id})
	if err != nil {
		return err
	}
	v.WithNote, v.Open, v.Settled = counts.Remarked, counts.Open, counts.Settled
	for _, x := range sums {
		in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: x.Currency} }
		row := ItemSums{Hours: x.Hours, Recorded: in(x.Minor), NowHours: x.NowHours, Settled: in(x.NowMinor - x.Minor), Now: in(x.NowMinor)}
		for _, risk := range counts.AtRisk {
			if risk.Currency == x.Currency {
				row.AtRisk = &risk
			}
		}
		v.AllLines += x.Entries
		v.Sums = append(v.Sums, row)
	}
	if v.Open == 0 || !v.CanWork {
		return nil
	}
	left, err := s.Guidelines.Counts(r.Context(), guideline.Filter{Import: id, Unbilled: true})
	if err == nil && left.Open > 0 {
		v.WhyOff = "Finish review opens when the " + format.Counted(left.Open, "open finding is", "open findings are") + " settled."
	}
	return err
}

// findingsOf are the findings on the entries, where the reader may know of them.
func (s *Site) findingsOf(r *httpd.Request, f frame, list []capture.Entry) ([]guideline.Stored, error) {
	if len(list) == 0 || !f.May(rbac.FindingRead) {
		return nil, nil
	}
	ids := make([]ident.EntryID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return s.Guidelines.Of(r.Context(), ids)
}

// lineNames are who and what lines speak of by id.
type lineNames struct {
	keepers []matter.Timekeeper
	matters []matter.Matter
	others  []capture.Place
}

func (s *Site) lineNames(r *httpd.Request, found []guideline.Stored) (n lineNames, err error) {
	if n.keepers, err = s.Matters.Timekeepers(r.Context()); err != nil {
		return n, err
	}
	if n.matters, err = s.Matters.Matters(r.Context(), ""); err != nil {
		return n, err
	}
	n.others, err = s.others(r, found)
	return n, err
}

// entryLine shows an entry as it stands, with what was recorded where that differs. It
// is numbered by its line in the file.
func entryLine(f frame, v *ItemView, e *capture.Entry, n lineNames) ItemLine {
	w := e.Work()
	in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: e.Currency} }
	line := ItemLine{ID: e.ID, No: e.SourceLine, On: e.WorkedOn, Codes: codesOf(w.Task, w.Activity, w.Expense), Text: w.Narrative, Hours: w.Quantity, Rate: w.Rate,
		Amount: in(w.Amount()), Expense: e.Kind != guideline.Time,
		Was: ItemWas{Text: w.Recorded.Narrative, Hours: w.Recorded.Quantity, Rate: w.Recorded.Rate, Amount: in(w.Recorded.Amount)}}
	if w.Task != w.Recorded.Task || w.Activity != w.Recorded.Activity || w.Expense != w.Recorded.Expense {
		line.Was.Codes = entryCodes(*e)
	}
	switch {
	case e.Withheld:
		line.Text, line.Was.Text = withheld, withheld
	case w.Narrative == "":
		line.Text, line.Was.Text = "No narrative", "No narrative"
	}
	for _, k := range n.keepers {
		if k.ID == e.TimekeeperID {
			line.Who, line.WhoFull = format.Initials(k.Name), k.Name+", "+k.Class
		}
	}
	for _, m := range n.matters {
		if m.ID == e.MatterID {
			line.Matter = m.Number + " " + m.Name
		}
	}
	for _, d := range e.Edits {
		if d.UndoneAt == nil {
			line.Why = append(line.Why, changeWords(f, d))
		}
	}
	if v.CanWork && f.May(rbac.EntryAmend) && e.Status == capture.StatusOpen && e.Currency != "" && !e.Withheld {
		line.Edit = href.ItemEntry(f.FirmID, v.ID, e.ID, "edit")
		if e.Edits.Last() != nil {
			line.Undo = &partial.Button{Text: "Undo", Action: href.ItemEntry(f.FirmID, v.ID, e.ID, "undo"), Version: e.Version, Hidden: v.lease(), Class: "sm quiet", Icon: "history", Press: "z"}
		}
	}
	return line
}

// withheld stands where a reader's class does not show a text that is there.
const withheld = "Not shown at your level."

// changeWords says who changed a line, when and why.
func changeWords(f frame, d amend.Edit) string {
	why := d.ByName + ", " + format.Moment(d.At.In(f.Zone)) + ": " + WriteDownWords(string(d.Reason))
	if d.Note != "" {
		why += ". " + d.Note
	}
	return why
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

// other says which line a duplicate repeats: "The other entry: 4 Mar 2026, matter 1001,
// R. Vane." To who may not see it, it is another entry. "" for other findings.
func (n lineNames) other(x guideline.Stored) string {
	id := x.Other()
	if id == "" {
		return ""
	}
	for _, o := range n.others {
		if o.ID != id {
			continue
		}
		said := "The other entry: " + format.Date(o.WorkedOn)
		for _, m := range n.matters {
			if m.ID == o.MatterID {
				said += ", matter " + m.Number
			}
		}
		for _, k := range n.keepers {
			if k.ID == o.TimekeeperID {
				said += ", " + k.Name
			}
		}
		return said + "."
	}
	return "It repeats another entry."
}

// itemFinding shows x on its entry; other says which line a duplicate repeats.
func itemFinding(f frame, v *ItemView, e *capture.Entry, x guideline.Stored, other string) ItemFinding {
	out := ItemFinding{ID: x.ID, Line: e.SourceLine, Title: x.Title, Fact: x.Message, Rule: x.Rule, Evidence: other, State: "Open", Tone: partial.Warn}
	if seen := x.Evidence(); seen != "" {
		out.Evidence = "Found: " + seen
	}
	if x.AtRiskMinor > 0 {
		out.AtRisk = &money.Amount{Minor: x.AtRiskMinor, Currency: x.Currency}
	}
	switch x.State {
	case guideline.Waived:
		out.State, out.Tone, out.Evidence = "Waived", partial.OK, keptWords(x)
		return out
	case guideline.Fixed:
		out.State, out.Tone = "Fixed", partial.OK
		return out
	case guideline.Open:
	}
	switch {
	case x.Severity != guideline.Block:
		out.Waive = f.May(rbac.FindingWaive)
	case f.May(rbac.FindingOverride):
		out.Override = true
	default:
		out.Blocks = blockWords
	}
	if x.Fix != "" {
		out.Rule += ". " + x.Fix
	}
	if x.Proposal != nil && v.CanWork && f.May(rbac.EntryAmend) && e.Status == capture.StatusOpen && !e.Withheld {
		out.Fixes = []Fix{{Text: proposalWords(*x.Proposal, e), Action: href.Finding(f.FirmID, v.ID, x.ID, "fix")}}
	}
	return out
}

// proposalWords names what a fix does: "Set hours to 0.4".
func proposalWords(p guideline.Proposal, e *capture.Entry) string {
	switch p.Field {
	case "hours":
		return "Set hours to " + p.Value
	case "rate":
		return "Set the rate to " + p.Value
	case "task_code":
		return "Set task code " + p.Value
	case "activity_code":
		return "Set activity code " + p.Value
	case "narrative":
		return "Bill the redacted text"
	case "value":
		if a, err := money.ParseAmount(p.Value, e.Currency); err == nil {
			return "Bill " + format.Money(a)
		}
	}
	return "Apply the fix"
}
