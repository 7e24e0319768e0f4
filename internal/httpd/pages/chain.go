package pages

import (
	"errors"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/rbac"
)

// changesOffered is how many corrections the form has room for; operations take more.
const changesOffered = 4

// chainPage is an invoice's e-bills: the next step, what the receiver would answer, and each
// version that was sent.
func (s *Site) chainPage(r *httpd.Request, id ident.InvoiceID, failed error) (templ.Component, error) {
	list, err := s.Submissions.OfInvoice(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "E-bills of an invoice", "submissions")
	if err != nil {
		return nil, err
	}
	today := invoice.DayOf(s.today(f))
	v := PlainView{Head: layout.Head{Title: "E-bills of this invoice", Crumbs: []partial.Link{{Text: "Invoices", Href: href.Invoices(f.FirmID)}, {Text: "Invoice", Href: href.Invoice(f.FirmID, id)}}}}
	next, sendable := "Look at what the receiver would answer, then send it.", true
	if len(list) > 0 {
		v.Head.Title, v.Head.Crumbs[1].Text = "E-bills of "+list[0].InvoiceNumber, list[0].InvoiceNumber
		next, sendable = nextOf(list[0], today, false), list[0].Status.Failed()
	}
	v.Sections = append(v.Sections, Section{Title: "Next step", Text: next})
	if f.May(rbac.SubmissionSend) && sendable {
		check, err := s.Invoices.Preflight(r.Context(), id)
		switch {
		case errors.Is(err, invoice.ErrNoReceiver):
			v.Sections[0].Text = "The payor names no receiver. Choose one on the payor’s page; then it can be sent from here."
		case err == nil:
			v.Sections = append(v.Sections, checkSection(check), Section{Title: sendTitle(len(list)), Note: check.Receiver.Name, Form: sendForm(r, f, id, len(list), failed)})
		}
	}
	v.Sections = append(v.Sections, Section{Title: "Versions", Note: "The same invoice each time", Table: chainTable(f, list)})
	return Plain(f.Chrome, v), nil
}

func sendTitle(sent int) string {
	if sent == 0 {
		return "Send it"
	}
	return "Correct and send again"
}

func checkSection(c invoice.Preflight) Section {
	s := Section{Title: "Before sending", Note: c.Receiver.Name + ", " + c.Format.Name()}
	if len(c.Findings) == 0 {
		s.Text = "Nothing that it is known to refuse. Its own answer is what counts."
		return s
	}
	s.Table = &partial.Table{Caption: "What the receiver would answer", Columns: []partial.Column{{Head: "Where"}, {Head: "What", Wide: true}, {Head: "Weight"}}}
	for _, x := range c.Findings {
		tone := partial.Warn
		if x.Severity == portal.Block {
			tone = partial.Bad
		}
		s.Table.Rows = append(s.Table.Rows, partial.Row{Cells: []partial.Cell{{Text: answeredAt(x), Sub: x.Code, Key: true}, {Text: format.Capital(x.Message), Sub: format.Capital(x.Fix)},
			partial.Node(partial.ChipMark(partial.Chip{Tone: tone, Icon: "alert", Text: format.Capital(severityWords(x.Severity))}))}})
	}
	return s
}

var changeFields = []string{"", "nothing", "narrative", "Narrative", "task_code", "Task code", "activity_code", "Activity code", "expense_code", "Expense code"}

// sendForm asks for nothing but a tick the first time; then for why, and what is corrected.
func sendForm(r *httpd.Request, f frame, id ident.InvoiceID, sent int, failed error) *partial.Form {
	form := &partial.Form{Action: href.InvoiceAct(f.FirmID, id, "submissions"), Submit: "Make the file and send it", Cancel: href.Invoice(f.FirmID, id), Faults: changeFaults(partial.FaultsOf(failed)), Problem: problemIn(failed)}
	if sent > 0 {
		form.Submit = "Send version " + strconv.Itoa(sent+1)
		form.Fields = append(form.Fields, partial.Field{Name: "reason", Label: "Why it goes again", Value: r.Form("reason"), Required: true, Max: 500, Wide: true, Hint: "Its number stays, and it is linked to the version that failed"})
		for i := 1; i <= changesOffered; i++ {
			n := strconv.Itoa(i)
			form.Fields = append(form.Fields,
				partial.Field{Group: "Correction " + n, Name: "line_" + n, Label: "Line", Kind: partial.Decimal, Value: r.Form("line_" + n)},
				partial.Field{Group: "Correction " + n, Name: "field_" + n, Label: "What", Kind: partial.Select, Options: partial.Options(r.Form("field_"+n), changeFields...)},
				partial.Field{Group: "Correction " + n, Name: "after_" + n, Label: "Says now", Kind: partial.Area, Rows: 2, Value: r.Form("after_" + n), Wide: true})
		}
	}
	form.Fields = append(form.Fields, partial.Field{Name: "anyway", Label: "Send it although something was remarked", Kind: partial.Check, Value: r.Form("anyway"), Wide: true, Hint: "What would be refused does not go"})
	return form
}

// changeFaults puts complaints about corrections beside their fields of the form.
func changeFaults(all partial.Faults) partial.Faults {
	out := make(partial.Faults, len(all))
	for i, x := range all {
		if path := strings.Split(x.Path, "."); len(path) == 3 {
			if n, err := strconv.Atoi(path[1]); err == nil {
				x.Path = path[2] + "_" + strconv.Itoa(n+1)
			}
		}
		out[i] = x
	}
	return out
}

func chainTable(f frame, list []submission.View) *partial.Table {
	t := &partial.Table{Caption: "Versions, newest first", Columns: []partial.Column{{Head: "Version"}, {Head: "Sent", NoWrap: true}, {Head: "File", Minor: true}, {Head: "Cut", Right: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "transfer", Title: "Nothing was sent yet", Text: "The receiver’s check above says what it would answer."}}
	for _, x := range list {
		what := "first"
		if x.N > 1 {
			what = "corrected: " + x.Reason
		}
		cut := ""
		if x.ReducedMinor > 0 {
			cut = format.Money(money.Amount{Minor: x.ReducedMinor - x.RegainedMinor, Currency: x.Currency})
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named("Version "+strconv.Itoa(x.N), href.Submission(f.FirmID, x.ID), what), {Text: format.Moment(x.SubmittedAt.In(f.Zone)), Sub: x.SubmittedBy}, {Text: x.FileName, Sub: format.Hash(x.SHA256), Code: true},
			partial.Txt(cut), partial.Node(partial.ChipMark(submissionChip(x.Submission))),
		}})
	}
	return t
}

func (s *Site) submit(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	n := submission.Sending{Reason: r.Form("reason"), Anyway: r.Form("anyway") == "yes"}
	for i := 1; i <= changesOffered; i++ {
		k := strconv.Itoa(i)
		if field := r.Form("field_" + k); field != "" {
			n.Changes = append(n.Changes, submission.Change{Line: r.FormInt("line_" + k), Field: field, After: r.Form("after_" + k)})
		}
	}
	v, err := s.Submissions.Submit(r.Context(), id, n)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.chainPage(r, id, err) })
	}
	return httpd.Go(href.Submission(r.Firm(), v.ID), "The file is made. Take it to "+v.PortalName+", then enter what that answers."), nil
}
