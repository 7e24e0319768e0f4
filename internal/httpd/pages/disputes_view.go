package pages

import (
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// disputeView is one dispute: what is disputed, what was said, and what can be done next.
func disputeView(f frame, d dispute.View, today invoice.Day, typed typedForm) PlainView {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: d.Currency}) }
	v := PlainView{Head: layout.Head{Title: "Dispute of " + d.InvoiceNumber, Crumbs: []partial.Link{{Text: "Disputes", Href: href.Disputes(f.FirmID)}, {Text: d.ClientName}}},
		Links: []partial.Link{{Text: "The invoice", Href: href.Invoice(f.FirmID, d.Invoice)}}, Meta: []string{disputeChip(&d.Dispute).Text, in(max(d.DisputedMinor, 0)) + " in dispute"}}
	facts := []partial.Fact{{Name: "Disputed", Value: in(d.ClaimedMinor) + " with tax, " + disputeScope(d)}, {Name: "Why", Value: disputeReason(d.Code)}, {Name: "Raised", Value: d.RaisedOn.Long() + " by " + d.RaisedBy}}
	if d.AnswerBy != "" {
		by := d.AnswerBy.Long()
		if d.Late(today) {
			by += ", not answered in time"
		}
		facts = append(facts, partial.Fact{Name: "Answer agreed by", Value: by})
	}
	if d.Text {
		facts = append(facts, partial.Fact{Name: "The client’s words", Value: d.Words})
	}
	if d.AgreedMinor > 0 {
		x := partial.Fact{Name: "Taken back", Value: in(d.AgreedMinor)}
		if d.CreditNote != "" {
			x.Value = in(d.AgreedMinor) + " by " + d.CreditNumber
		}
		if d.CreditNote != "" && d.Text { // the note has the words of its lines
			x.Href = href.CreditFile(f.FirmID, d.CreditNote, "")
		}
		facts = append(facts, x)
	}
	what := Section{Title: "What is disputed", Facts: facts}
	if len(d.Lines) > 0 {
		t := &partial.Table{Caption: "Disputed lines", Columns: []partial.Column{{Head: "Line"}, {Head: "Before tax", Right: true}, {Head: "With tax", Right: true}}}
		for _, l := range d.Lines {
			t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: strconv.Itoa(l.No), Key: true}, partial.Txt(in(l.NetMinor)), partial.Txt(in(l.GrossMinor))}})
		}
		what.Table = t
	}
	v.Sections = append(v.Sections, what, Section{Title: "What was said", Steps: disputeSteps(f, d), Text: withheldWords(d.Text)})
	if d.Status.Live() && d.Text {
		v.Sections = append(v.Sections, disputeActs(f, d, typed)...)
	}
	return v
}

func withheldWords(text bool) string {
	if text {
		return ""
	}
	return "The words are privileged, and your access does not show them."
}

func disputeScope(d dispute.View) string {
	switch d.Scope {
	case dispute.Whole:
		return "all that was open"
	case dispute.Lines:
		return format.Counted(len(d.Lines), "line", "lines")
	case dispute.Amount:
		return "an amount"
	}
	return ""
}

func disputeReason(code string) string {
	for _, x := range dispute.Reasons() {
		if x.Code == code {
			return code + ", " + x.Words
		}
	}
	return code
}

// disputeSteps are the dispute's life, the first first.
func disputeSteps(f frame, d dispute.View) (steps []partial.Step) {
	at := func(t time.Time, who string) string { return format.Moment(t.In(f.Zone)) + ", " + who }
	steps = append(steps, partial.Step{Icon: "alert", Text: "Opened", Note: at(d.OpenedAt, d.OpenedBy)})
	answered := d.AnsweredAt == nil
	answer := func() {
		steps = append(steps, partial.Step{Icon: "mail", Text: "Answered: " + d.Answer, Note: at(*d.AnsweredAt, d.AnsweredBy)})
		answered = true
	}
	for _, n := range d.Notes {
		if !answered && n.MadeAt.After(*d.AnsweredAt) {
			answer()
		}
		who := "The client"
		if n.Side == dispute.Firm {
			who = "The firm"
		}
		steps = append(steps, partial.Step{Icon: "dispute", Text: who + ": " + n.Words, Note: at(n.MadeAt, n.MadeBy)})
	}
	if !answered {
		answer()
	}
	if d.ClosedAt != nil {
		steps = append(steps, partial.Step{Icon: "check", Text: disputeChip(&d.Dispute).Text + ": " + d.Closing, Note: at(*d.ClosedAt, d.ClosedBy)})
	}
	return steps
}

// disputeActs are the forms of what can be done next.
func disputeActs(f frame, d dispute.View, typed typedForm) (list []Section) {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: d.Currency}) }
	form := func(act, submit string, fields ...partial.Field) *partial.Form {
		action := href.Act(href.Dispute(f.FirmID, d.ID), act)
		for i := range fields {
			switch x := &fields[i]; x.Kind {
			case partial.Select:
				for k := range x.Options {
					x.Options[k].Selected = x.Options[k].Value == typed.of(action, x.Name)
				}
			default:
				x.Value = typed.of(action, x.Name)
			}
		}
		return typed.back(&partial.Form{ID: act, Action: action, Version: d.Version, Submit: submit, Fields: fields})
	}
	words := func(label, hint string) partial.Field {
		return partial.Field{Name: "words", Label: label, Kind: partial.Area, Required: true, Max: 4000, Wide: true, Rows: 3, Hint: hint}
	}
	if f.May(rbac.DisputeOpen) {
		if d.Status == dispute.Open {
			list = append(list, Section{Title: "Answer", Form: form("answer", "Keep the answer", words("What the firm answers the client", ""))})
		}
		note := form("notes", "Keep the note", partial.Field{Name: "side", Label: "Whose word", Kind: partial.Select, Options: partial.Options("", "client", "The client’s", "firm", "The firm’s")}, words("What was said", ""))
		note.Side = true
		list = append(list, Section{Title: "Add a note", Form: note})
	}
	if f.May(rbac.DisputeResolve) {
		fields := []partial.Field{words("Why", "")}
		if d.Scope == dispute.Lines {
			for _, l := range d.Lines {
				no := strconv.Itoa(l.No)
				group := "Line " + no + ", " + in(l.NetMinor) + " disputed before tax"
				fields = append(fields, partial.Field{Group: group, Name: invoice.CreditLineField(l.No), Label: "Taken back before tax", Kind: partial.Decimal}, partial.Field{Group: group, Name: "all." + no, Label: "All that is disputed", Kind: partial.Check})
			}
		} else {
			fields = append(fields, partial.Field{Name: "amount", Label: "Taken back, with tax", Kind: partial.Decimal, Hint: "Up to " + in(d.DisputedMinor) + "; empty rejects the dispute"})
		}
		fields = append(fields, partial.Field{Group: "If something is taken back", Name: "reason", Label: "Printed on the credit note", Max: 300, Wide: true, Hint: "The client reads it"})
		x := form("resolve", "Resolve the dispute", fields...)
		x.Danger, x.Note = true, "What is taken back is credited at once; the rest stays due"
		list = append(list, Section{Title: "Resolve", Form: x})
	}
	if f.May(rbac.DisputeOpen) {
		x := form("withdraw", "The client withdraws it", words("What the client said", "What was disputed stays due"))
		x.Side = true
		list = append(list, Section{Title: "Withdraw", Form: x})
	}
	return list
}

// disputeTask says what to do about a dispute, or to the firm what the bureau does.
func disputeTask(ofFirm bool) string {
	if ofFirm {
		return "The bureau prepares the answer to this dispute; the partner decides it. The dispute has its own page."
	}
	return "Answer what the client disputes, and have the partner decide it. The work is done on its own page, and ends when the dispute does."
}
