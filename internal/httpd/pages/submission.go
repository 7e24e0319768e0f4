package pages

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/rbac"
)

// cutsOffered is how many cuts the answer's form has room for; operations take more.
const cutsOffered = 4

// submissionPage is one version: the next step, what it is, the answer, its cuts and appeals.
func (s *Site) submissionPage(r *httpd.Request, id ident.SubmissionID, failed error) (templ.Component, error) {
	x, err := s.Submissions.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	title := x.InvoiceNumber + ", version " + strconv.Itoa(x.N)
	f, err := s.frame(r, title, "submissions")
	if err != nil {
		return nil, err
	}
	chain, err := s.Submissions.OfInvoice(r.Context(), x.Invoice)
	if err != nil {
		return nil, err
	}
	typed := typedForm{r.Values(), r.Path(), failed}
	today := invoice.DayOf(s.today(f))
	v := PlainView{Head: layout.Head{Title: title, Crumbs: []partial.Link{{Text: "E-bills", Href: href.Submissions(f.FirmID)}, {Text: x.InvoiceNumber, Href: href.InvoiceAct(f.FirmID, x.Invoice, "submissions")}}},
		Links: []partial.Link{{Text: "The invoice", Href: href.Invoice(f.FirmID, x.Invoice)}}}
	if file := (partial.Link{Text: "Download the file", Href: href.SubmissionAct(f.FirmID, x.ID, "file")}); x.Text && x.Status == submission.Submitted && x.Carried == "" {
		v.Main = &file
	} else if x.Text {
		v.Links = append(v.Links, file)
	}
	v.Meta = []string{x.Status.Words(), x.PortalName}
	act := f.May(rbac.SubmissionSend) && x.Text
	v.Sections = append(v.Sections, Section{Title: "Next step", Text: nextOf(x, today, len(chain) > x.N)})
	v.Sections = append(v.Sections, handoverSections(f, x, act, typed)...)
	if act && x.Status.Failed() && len(chain) == x.N {
		v.Sections[0].Facts = []partial.Fact{{Name: "To send it again", Value: "Correct it", Href: href.InvoiceAct(f.FirmID, x.Invoice, "submissions")}}
	}
	if len(x.Reductions) > 0 {
		v.Sections = append(v.Sections, cutSections(f, x, today, act, typed)...)
	}
	learned, err := s.lessonSection(r, f, x.ID)
	if err != nil {
		return nil, err
	}
	v.Sections = append(v.Sections, learned...)
	if act && len(x.Status.Answers()) > 0 {
		v.Sections = append(v.Sections, Section{Title: "What the receiver answers", Form: answerForm(f, x, typed)})
	}
	v.Sections = append(v.Sections, Section{Title: "What was sent", Facts: submissionFacts(f, x)})
	if len(x.Changes) > 0 {
		t := &partial.Table{Caption: "What this version says otherwise than the one before it", Columns: []partial.Column{{Head: "Line"}, {Head: "What"}, {Head: "Before", Wide: true}, {Head: "Now", Wide: true}}}
		for _, c := range x.Changes {
			t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: strconv.Itoa(c.Line), Key: true}, partial.Txt(choice(c.Field, changeFields)), partial.Txt(titled(c.Before, "nothing")), partial.Txt(titled(c.After, "nothing"))}})
		}
		v.Sections = append(v.Sections, Section{Title: "Corrections", Note: "Amounts stay", Table: t})
	}
	return Plain(f.Chrome, v), nil
}

func submissionFacts(f frame, x submission.View) []partial.Fact {
	made := "Made" // and its tries say when it went
	if x.Carried == "" {
		made = "Sent"
	}
	facts := []partial.Fact{{Name: "Receiver", Value: x.PortalName}, {Name: "Number in the file", Value: x.Number}, {Name: "File", Value: x.FileName + ", " + x.Format.Name() + ", " + format.Bytes(x.SizeBytes)},
		{Name: "Hash", Value: format.Hash(x.SHA256)}, {Name: made, Value: format.Moment(x.SubmittedAt.In(f.Zone)) + ", " + x.SubmittedBy}, {Name: "Total", Value: format.Money(money.Amount{Minor: x.TotalMinor, Currency: x.Currency})}}
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, partial.Fact{Name: name, Value: value})
		}
	}
	add("Why it went again", x.Reason)
	add("Receipt", x.Receipt)
	if x.AnsweredOn != "" {
		add("Answered", x.AnsweredOn.Long())
	}
	add("Kind of error", strings.ReplaceAll(format.Capital(string(x.ErrorType)), "_", " "))
	add("Reason code", x.Code)
	add("Its words", x.AnswerText)
	return facts
}

// errorTypePairs are the kinds of refusal for a form.
func errorTypePairs() (pairs []string) {
	pairs = []string{"", "none"}
	for _, e := range submission.ErrorTypes() {
		pairs = append(pairs, string(e), strings.ReplaceAll(format.Capital(string(e)), "_", " "))
	}
	return pairs
}

func answerForm(f frame, x submission.View, typed typedForm) *partial.Form {
	action := href.SubmissionAct(f.FirmID, x.ID, "answer")
	of := func(name string) string { return typed.of(action, name) }
	states := []string{}
	for _, s := range x.Status.Answers() {
		states = append(states, string(s), s.Words())
	}
	form := typed.back(&partial.Form{ID: "answer", Action: action, Version: x.Version, Submit: "Keep the answer", Fields: []partial.Field{
		{Name: "status", Label: "It says", Kind: partial.Select, Options: partial.Options(of("status"), states...)},
		{Name: "answered_on", Label: "On", Kind: partial.Date, Value: of("answered_on"), Hint: "Empty is today"},
		{Name: "receipt", Label: "Receipt or reference", Value: of("receipt"), Max: 120},
	}})
	if x.Status != submission.Approved && x.Status != submission.SentToAP {
		form.Fields = append(form.Fields,
			partial.Field{Group: "If it refuses", Name: "error_type", Label: "Kind of error", Kind: partial.Select, Options: partial.Options(of("error_type"), errorTypePairs()...)},
			partial.Field{Group: "If it refuses", Name: "code", Label: "Reason code", Value: of("code"), Max: 20, Hint: "Such as COD-01"},
			partial.Field{Group: "If it refuses", Name: "text", Label: "Its words", Kind: partial.Area, Rows: 3, Value: of("text"), Max: 2000, Wide: true})
		for i := 1; i <= cutsOffered; i++ {
			n, group := strconv.Itoa(i), "Cut "+strconv.Itoa(i)+", if it cuts"
			form.Fields = append(form.Fields,
				partial.Field{Group: group, Name: "line_" + n, Label: "Line", Kind: partial.Decimal, Value: of("line_" + n), Hint: "0 is the whole invoice"},
				partial.Field{Group: group, Name: "amount_" + n, Label: "Amount cut", Kind: partial.Decimal, Value: of("amount_" + n)},
				partial.Field{Group: group, Name: "code_" + n, Label: "Reason code", Value: of("code_" + n), Max: 20},
				partial.Field{Group: group, Name: "text_" + n, Label: "Its words", Value: of("text_" + n), Max: 500})
		}
	}
	form.Faults = changeFaults(form.Faults)
	return form
}

// cutSections are the cuts, what can be done about them, and the appeals.
func cutSections(f frame, x submission.View, today invoice.Day, act bool, typed typedForm) []Section {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: x.Currency}) }
	t := &partial.Table{Caption: "Cuts by line", Columns: []partial.Column{{Head: "Line"}, {Head: "Why"}, {Head: "Cut", Right: true}, {Head: "Came back", Right: true}, {Head: "State"}}}
	var openCuts []partial.Option
	for _, c := range x.Reductions {
		where := cutAt(c.Line)
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: where, Key: true}, {Text: c.Code, Sub: c.Text}, partial.Txt(in(c.AmountMinor)), partial.Txt(in(c.RegainedMinor)), partial.Txt(format.Capital(string(c.Status)))}})
		if c.Status == submission.CutOpen {
			openCuts = append(openCuts, partial.Option{Value: string(c.ID), Label: where + ", " + c.Code + ", " + in(c.AmountMinor)})
		}
	}
	sections := []Section{{Title: "Cuts", Note: "The receiver stands by " + in(x.ApprovedMinor()) + " of " + in(x.TotalMinor), Table: t,
		Text: "Accepting a cut does not change what is receivable: what is not paid stays open until the invoice is credited."}}
	if act && len(openCuts) > 0 {
		sections = append(sections, decideSections(f, x, today, openCuts, typed)...)
	}
	for _, a := range x.Appeals {
		sections = append(sections, appealSection(f, x, a, act, typed))
		sections = append(sections, paperSections(f, x, a, act, typed)...)
	}
	return sections
}

// cutAt is what a cut was taken off.
func cutAt(line int) string {
	if line == 0 {
		return "Whole invoice"
	}
	return "Line " + strconv.Itoa(line)
}

func decideSections(f frame, x submission.View, today invoice.Day, openCuts []partial.Option, typed typedForm) []Section {
	accept, appeal := href.SubmissionAct(f.FirmID, x.ID, "accept"), href.SubmissionAct(f.FirmID, x.ID, "appeals")
	sections := []Section{{Title: "Accept cuts", Form: typed.back(&partial.Form{ID: "accept", Action: accept, Version: x.Version, Submit: "Accept the cuts", Fields: []partial.Field{
		{Name: "reductions", Label: "Cuts", Kind: partial.Checks, Options: openCuts, Wide: true}}})}}
	if x.AppealUntil == "" || x.AppealUntil < today {
		return sections
	}
	return append(sections, Section{Title: "Appeal", Note: "By " + x.AppealUntil.Long(), Form: typed.back(&partial.Form{ID: "appeal", Action: appeal, Version: x.Version, Submit: "File the appeal", Fields: []partial.Field{
		{Name: "reductions", Label: "Cuts", Kind: partial.Checks, Options: openCuts, Wide: true},
		{Name: "reason", Label: "Why they should come back", Kind: partial.Area, Rows: 3, Value: typed.of(appeal, "reason"), Required: true, Max: 2000, Wide: true},
		{Name: "evidence", Label: "Evidence", Kind: partial.Area, Rows: 5, Value: typed.of(appeal, "evidence"), Max: 8000, Wide: true, Hint: "What was done and why, and where it is written"}}})})
}

func appealSection(f frame, x submission.View, a submission.Appeal, act bool, typed typedForm) Section {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: x.Currency}) }
	s := Section{Title: "Appeal of " + a.FiledOn.Long(), Note: format.Capital(a.Status), Facts: []partial.Fact{{Name: "Appealed", Value: in(a.AmountMinor)}, {Name: "Came back", Value: in(a.RegainedMinor)}, {Name: "Due", Value: a.DueOn.Long()}, {Name: "Filed by", Value: a.FiledBy}}}
	for _, p := range [][2]string{{"Reason", a.Reason}, {"Evidence", a.Evidence}, {"Its word", a.Outcome}} {
		if p[1] != "" {
			s.Facts = append(s.Facts, partial.Fact{Name: p[0], Value: p[1]})
		}
	}
	if !act || a.Status != "filed" {
		return s
	}
	action := href.AppealOutcome(f.FirmID, x.ID, a.ID)
	form := &partial.Form{ID: "outcome-" + string(a.ID), Action: action, Version: x.Version, Submit: "Keep its word", Fields: []partial.Field{{Name: "text", Label: "What it says", Kind: partial.Area, Rows: 2, Value: typed.of(action, "text"), Max: 2000, Wide: true}}}
	for _, c := range x.Reductions {
		if c.Appeal == a.ID {
			name := "regained." + string(c.ID)
			form.Fields = append(form.Fields, partial.Field{Name: name, Label: cutAt(c.Line) + ", comes back", Kind: partial.Decimal, Value: typed.of(action, name), Hint: "Of " + in(c.AmountMinor) + "; empty is nothing"})
		}
	}
	s.Form = typed.back(form)
	return s
}

// actOnEBill does something to the submission that the path names, and shows its page again.
func (s *Site) actOnEBill(r *httpd.Request, said string, do func(id ident.SubmissionID, version int) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.SubmissionID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := do(id, r.FormInt("version")); err != nil {
		return again(err, func() (templ.Component, error) { return s.submissionPage(r, id, err) })
	}
	return httpd.Go(href.Submission(r.Firm(), id), said), nil
}

func (s *Site) answerSubmission(r *httpd.Request) (httpd.Reply, error) {
	return s.actOnEBill(r, "The answer is kept.", func(id ident.SubmissionID, version int) error {
		x, err := s.Submissions.Get(r.Context(), id)
		if err != nil {
			return err
		}
		a := submission.Answer{Status: submission.Status(r.Form("status")), Receipt: r.Form("receipt"), ErrorType: submission.ErrorType(r.Form("error_type")), Code: r.Form("code"), Text: r.Form("text"), On: invoice.Day(r.Form("answered_on"))}
		var bad fault.Fields
		for i := 1; i <= cutsOffered; i++ {
			n := strconv.Itoa(i)
			if strings.TrimSpace(r.Form("amount_"+n)) == "" {
				continue
			}
			minor, err := typedAmount("amount_"+n, r.Form("amount_"+n), x.Currency)
			if err != nil {
				bad = append(bad, partial.FaultsOf(err)...)
				continue
			}
			a.Reductions = append(a.Reductions, submission.Cut{Line: r.FormInt("line_" + n), Code: r.Form("code_" + n), Text: r.Form("text_" + n), Minor: minor.Minor})
		}
		if err := bad.Err(submission.ErrInvalid); err != nil {
			return err
		}
		_, err = s.Submissions.Answer(r.Context(), id, version, a)
		return err
	})
}

func chosenCuts(r *httpd.Request) (ids []ident.ReductionID, err error) {
	for _, text := range r.FormList("reductions") {
		id, err := ident.Parse[ident.ReductionID](text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (s *Site) acceptCuts(r *httpd.Request) (httpd.Reply, error) {
	return s.actOnEBill(r, "The cuts are accepted. What is receivable stays as it is.", func(id ident.SubmissionID, version int) error {
		cuts, err := chosenCuts(r)
		if err == nil {
			_, err = s.Submissions.Accept(r.Context(), id, version, cuts)
		}
		return err
	})
}

func (s *Site) appealCuts(r *httpd.Request) (httpd.Reply, error) {
	return s.actOnEBill(r, "The appeal is kept. Take it to the receiver, then enter its word.", func(id ident.SubmissionID, version int) error {
		cuts, err := chosenCuts(r)
		if err == nil {
			_, err = s.Submissions.Appeal(r.Context(), id, version, submission.NewAppeal{Reductions: cuts, Reason: r.Form("reason"), Evidence: r.Form("evidence")})
		}
		return err
	})
}

func (s *Site) decideAppeal(r *httpd.Request) (httpd.Reply, error) {
	appeal, err := httpd.ID[ident.AppealID](r, "appeal")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.actOnEBill(r, "The receiver’s word is kept.", func(id ident.SubmissionID, version int) error {
		x, err := s.Submissions.Get(r.Context(), id)
		if err != nil {
			return err
		}
		o := submission.Outcome{Text: r.Form("text"), Regained: map[ident.ReductionID]int64{}}
		var bad fault.Fields
		for _, c := range x.Reductions {
			name := "regained." + string(c.ID)
			if strings.TrimSpace(r.Form(name)) == "" {
				continue
			}
			a, err := typedAmount(name, r.Form(name), x.Currency)
			if err != nil {
				bad = append(bad, partial.FaultsOf(err)...)
				continue
			}
			o.Regained[c.ID] = a.Minor
		}
		if err := bad.Err(submission.ErrInvalid); err != nil {
			return err
		}
		_, err = s.Submissions.Decide(r.Context(), id, version, appeal, o)
		return err
	})
}
