package pages

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/wording"
	"github.com/docketry/docketry/rbac"
)

// MountReminders adds the stages of reminding.
func (s *Site) MountReminders(srv *httpd.Server) {
	get(srv, "/firms/{firm}/reminders", rbac.ReminderRead, s.reminderBoard)
	show(srv, "/firms/{firm}/reminders/{id}", rbac.ReminderRead, of(s.messagePage))
	post(srv, "/firms/{firm}/reminders/{id}/approve", rbac.ReminderDecide, s.approveMessage)
	fill(srv, "/firms/{firm}/reminders/{id}/veto", rbac.ReminderDecide, s.vetoMessage, of(s.messagePage))
	post(srv, "/firms/{firm}/reminders/{id}/posted", rbac.ReminderSend, s.messageEnded(s.Notices.Posted, "Noted as posted."))
	post(srv, "/firms/{firm}/reminders/{id}/arrived", rbac.ReminderSend, s.messageEnded(s.Notices.Arrived, "Noted as arrived."))
	post(srv, "/firms/{firm}/reminders/{id}/lost", rbac.ReminderSend, s.messageEnded(s.Notices.Lost, "Noted as lost. Its stages come again."))
	post(srv, "/firms/{firm}/reminder-tasks/{id}/end", rbac.ReminderRead, s.endReminderTask)
	post(srv, "/firms/{firm}/reminder-holds/{id}/end", rbac.ReminderHold, s.endReminderHold)
	show(srv, "/firms/{firm}/reminder-policy", rbac.ReminderRead, s.policyPage)
	fill(srv, "/firms/{firm}/reminder-policy", rbac.ReminderSet, s.setPolicy, s.policyPage)
}

func (s *Site) reminderBoard(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Reminders", "reminders")
	if err != nil {
		return httpd.Reply{}, err
	}
	b, err := s.Notices.Board(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Show(Plain(f.Chrome, boardView(f, b))), nil
}

func boardView(f frame, b notice.Board) PlainView {
	v := PlainView{Head: layout.Head{Title: "Reminders"}, Meta: []string{format.DayDate(b.Today.Time())},
		Links: []partial.Link{{Text: "When the firm reminds", Href: href.ReminderPolicy(f.FirmID, "")}}}
	count := func(name, at string, n int, list notice.List, tone partial.Tone) {
		k := partial.KPI{Name: name, Value: format.Count(n), Href: "#" + at}
		if slices.Contains(b.More, list) {
			k.Value = "over " + k.Value
		}
		if n > 0 {
			k.Tone = tone
		}
		v.KPIs = append(v.KPIs, k)
	}
	count("Next 7 days", "upcoming", len(b.Upcoming), notice.ListUpcoming, partial.Calm)
	count("Wait for a partner", "waiting", len(b.Waiting), notice.ListWaiting, partial.Warn)
	count("Not reminded", "kept", len(b.Suppressed), notice.ListSuppressed, partial.Calm)
	count("Uncertain", "uncertain", len(b.Uncertain), notice.ListUncertain, partial.Warn)
	count("Bounced", "bounced", len(b.Bounced), notice.ListBounced, partial.Bad)
	v.Sections = []Section{
		{ID: "waiting", Title: "Wait for a partner", Note: "each opens the exact text", Table: messageTable(f, "Messages that wait for a partner", b.Waiting, "Nothing waits for a partner")},
		{ID: "upcoming", Title: "Next 7 days", Table: aheadTable(f, "Reminders of the next 7 days", b.Upcoming, false)},
		{ID: "kept", Title: "Not reminded, and why", Table: aheadTable(f, "What is not reminded of", b.Suppressed, true)},
		{ID: "post", Title: "To be posted", Table: messageTable(f, "Letters to be posted", b.ToPost, "Nothing is to be posted")},
		{ID: "uncertain", Title: "Uncertain", Note: "may or may not have arrived; they are not sent again before somebody says so", Table: messageTable(f, "Messages whose arrival is uncertain", b.Uncertain, "Nothing is uncertain")},
		{ID: "bounced", Title: "Bounced", Note: "in the last 30 days; the stage does not count", Table: messageTable(f, "Messages that did not arrive", b.Bounced, "Nothing bounced")},
		{ID: "tasks", Title: "Calls and hand-overs", Table: taskTable(f, b.Tasks)},
		{ID: "held", Title: "Kept back by somebody", Note: promiseWords(b.Promises), Table: holdTable(f, b.Holds)},
	}
	for i, list := range map[int]notice.List{0: notice.ListWaiting, 1: notice.ListUpcoming, 2: notice.ListSuppressed, 3: notice.ListToPost, 4: notice.ListUncertain, 5: notice.ListBounced, 6: notice.ListTasks} {
		if slices.Contains(b.More, list) {
			v.Sections[i].Note = "the first " + format.Count(len(v.Sections[i].Table.Rows)) + "; there are more, which come up as these are done"
		}
	}
	for _, t := range b.Tasks {
		if f.May(taskNeeds(t.Kind)) {
			v.Sections = append(v.Sections, taskForm(f, t))
		}
	}
	return v
}

func promiseWords(k notice.Kept) string {
	if k.Kept+k.Broken == 0 {
		return format.Counted(k.Open, "promise", "promises") + " to pay open"
	}
	return fmt.Sprintf("of %d promises to pay in a year %d were kept; %d are open", k.Kept+k.Broken, k.Kept, k.Open)
}

func aheadTable(f frame, caption string, list []notice.Ahead, why bool) *partial.Table {
	t := &partial.Table{Caption: caption, Keys: true, Columns: []partial.Column{{Head: "Invoice"}, {Head: "Stage"}, {Head: "Day", NoWrap: true}, {Head: "Open", Right: true}}, Empty: partial.Empty{Icon: "check", Title: "Nothing here"}}
	if why {
		t.Columns = append(t.Columns, partial.Column{Head: "Why", Wide: true})
	}
	for _, a := range list {
		row := []partial.Cell{invoiceOf(f, a.Invoice, a.Number, a.PayorName), partial.Txt(a.Stage.Says()), partial.Txt(a.On.Long()), partial.Txt(cash(a.OpenMinor, a.Currency))}
		if why {
			row = append(row, partial.Txt(format.Capital(a.Why.Says())))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: row})
	}
	return t
}

// invoiceOf names an invoice and its payor, and leads to it who may read it.
func invoiceOf(f frame, id ident.InvoiceID, number, payor string) partial.Cell {
	if !f.May(rbac.InvoiceRead) {
		return partial.Cell{Text: number, Sub: payor, Key: true}
	}
	return partial.Named(number, href.Invoice(f.FirmID, id), payor)
}

func messageTable(f frame, caption string, list []notice.ToPayor, none string) *partial.Table {
	t := &partial.Table{Caption: caption, Keys: true, Columns: []partial.Column{{Head: "To"}, {Head: "Stage"}, {Head: "Day", NoWrap: true}, {Head: "Invoices", Right: true}, {Head: "State"}}, Empty: partial.Empty{Icon: "check", Title: none}}
	for _, l := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(l.PayorName, href.Reminder(f.FirmID, l.ID), titled(l.Partner, "no responsible partner")), partial.Txt(l.Stage.Says()), partial.Txt(l.On.Long()), partial.Txt(format.Count(len(l.Lines))), partial.Node(partial.ChipMark(letterChip(l.State)))}})
	}
	return t
}

func letterChip(s notice.LetterState) partial.Chip {
	switch s {
	case notice.LetterAnnounced:
		return partial.Chip{Icon: "clock", Text: "Goes unless vetoed"}
	case notice.LetterWaiting:
		return partial.Chip{Tone: partial.Warn, Icon: "hold", Text: "Waits for approval"}
	case notice.LetterApproved:
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Approved"}
	case notice.LetterToPost:
		return partial.Chip{Tone: partial.Warn, Icon: "hold", Text: "To be posted"}
	case notice.LetterQueued:
		return partial.Chip{Icon: "mail", Text: "On its way"}
	case notice.LetterSent:
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Sent"}
	case notice.LetterUncertain:
		return partial.Chip{Tone: partial.Warn, Icon: "alert", Text: "Uncertain"}
	case notice.LetterFailed:
		return partial.Chip{Tone: partial.Bad, Icon: "alert", Text: "Did not arrive"}
	case notice.LetterVetoed:
		return partial.Chip{Icon: "x", Text: "Vetoed"}
	default:
		return partial.Chip{Icon: "x", Text: "Overtaken"}
	}
}

var reminderTaskWords = map[notice.TaskKind]string{notice.TaskCall: "Call by the bureau", notice.TaskPartnerCall: "Call by the partner", notice.TaskHandOver: "Hand-over: decide"}

var outcomeWords = map[string]string{"reached": "Reached", "not_reached": "Not reached", "plan": "Payment plan", "hold_work": "Hold the work", "interest": "Interest, as agreed", "write_off": "Write-off",
	"collection": "Collection", "arbitration_notice": "Fee arbitration notice", "wait": "Wait"}

func taskNeeds(k notice.TaskKind) rbac.Permission {
	if k == notice.TaskCall {
		return rbac.ReminderSend
	}
	return rbac.ReminderDecide
}

func taskTable(f frame, list []notice.Task) *partial.Table {
	t := &partial.Table{Caption: "Calls and hand-overs", Columns: []partial.Column{{Head: "Invoice"}, {Head: "What"}, {Head: "Open", Right: true}, {Head: "Since", NoWrap: true}}, Empty: partial.Empty{Icon: "check", Title: "Nothing to do"}}
	for _, x := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{invoiceOf(f, x.Invoice, x.Number, x.PayorName), partial.Txt(reminderTaskWords[x.Kind]), partial.Txt(cash(x.OpenMinor, x.Currency)), partial.Txt(format.Date(x.MadeAt.In(f.Zone)))}})
	}
	return t
}

func taskForm(f frame, t notice.Task) Section {
	pairs := []string{}
	for _, o := range t.Kind.Outcomes() {
		pairs = append(pairs, o, outcomeWords[o])
	}
	return Section{Title: reminderTaskWords[t.Kind] + ": " + t.Number, Form: &partial.Form{ID: "t" + string(t.ID), Action: href.ReminderTaskEnd(f.FirmID, t.ID), Submit: "Note the outcome", Side: true, Fields: []partial.Field{
		{Name: "outcome", Label: "Outcome", Kind: partial.Select, Options: partial.Options("", pairs...), Required: true}, {Name: "note", Label: "Note", Max: 300}}}}
}

func holdTable(f frame, list []notice.Hold) *partial.Table {
	t := &partial.Table{Caption: "What is kept back", Columns: []partial.Column{{Head: "About"}, {Head: "Why"}, {Head: "Until", NoWrap: true}, {Head: "By"}}, Empty: partial.Empty{Icon: "check", Title: "Nothing is kept back"}}
	if f.May(rbac.ReminderHold) {
		t.Columns = append(t.Columns, partial.Column{Head: "End"})
	}
	for _, h := range list {
		until := "ended by somebody"
		if h.Until != "" {
			until = h.Until.Long()
		}
		row := []partial.Cell{{Text: h.About, Key: true}, {Text: format.Capital(notice.Reason(h.Kind).Says()), Sub: h.Reason}, partial.Txt(until), partial.Txt(h.By)}
		if f.May(rbac.ReminderHold) {
			cell := partial.Txt("")
			if h.Kind != notice.HoldVeto || f.May(rbac.ReminderDecide) {
				cell = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "End", Action: href.ReminderHolds(f.FirmID) + "/" + string(h.ID) + "/end", Class: "sm"}))
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, partial.Row{Cells: row})
	}
	return t
}

func (s *Site) messagePage(r *httpd.Request, id ident.LetterToPayor, failed error) (templ.Component, error) {
	l, err := s.Notices.Message(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, l.Stage.Says(), "reminders")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, messageView(f, l, typedForm{r.Values(), r.Path(), failed})), nil
}

// messageView shows what goes, or went, word for word.
func messageView(f frame, l notice.ToPayor, typed typedForm) PlainView {
	here := href.Reminder(f.FirmID, l.ID)
	v := PlainView{Head: layout.Head{Title: l.Stage.Says() + " to " + l.PayorName, Crumbs: []partial.Link{{Text: "Reminders", Href: href.Reminders(f.FirmID)}}}, Meta: []string{l.On.Long(), titled(l.Partner, "no responsible partner")}}
	t := &partial.Table{Caption: "Invoices of the message", Columns: []partial.Column{{Head: "Invoice"}, {Head: "Stage"}, {Head: "Due", NoWrap: true}, {Head: "Open", Right: true}}}
	var pairs []string
	for _, x := range l.Lines {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: x.Number, Key: true}, partial.Txt(x.Stage.Says()), partial.Txt(x.DueOn.Long()), partial.Txt(cash(x.OpenMinor, x.Currency))}})
		pairs = append(pairs, string(x.Invoice), x.Number)
	}
	facts := []partial.Fact{{Name: "State", Value: letterChip(l.State).Text}, {Name: "To", Value: titled(l.To, "the payor’s address, by post")}}
	if l.DecidedBy != "" {
		facts = append(facts, partial.Fact{Name: "Approved by", Value: l.DecidedBy})
	}
	v.Sections = []Section{{Title: "Message", Note: "word for word", Facts: facts}, {Title: "Text", Body: letterShown(wording.Sample{Subject: l.Subject, Text: l.Text})}, {Title: "Invoices", Note: "as the message tells them", Table: t}}
	if l.State == notice.LetterToPost && f.May(rbac.ReminderSend) {
		v.Acts = append(v.Acts, partial.Button{Text: "Mark as posted", Action: href.Act(here, "posted")})
	}
	if l.State == notice.LetterUncertain && f.May(rbac.ReminderSend) {
		v.Acts = append(v.Acts, partial.Button{Text: "It arrived", Action: href.Act(here, "arrived")}, partial.Button{Text: "It did not arrive", Action: href.Act(here, "lost")})
	}
	if !l.State.Pending() || !f.May(rbac.ReminderDecide) {
		return v
	}
	if l.State == notice.LetterWaiting {
		v.Acts = append(v.Acts, partial.Button{Text: "Approve this message", Action: href.Act(here, "approve"), Class: "primary", Hidden: []partial.Hidden{{Name: "hash", Value: l.Hash}}})
	}
	veto := href.Act(here, "veto")
	v.Sections = append(v.Sections, Section{ID: "veto", Title: "Keep an invoice back", Form: typed.back(&partial.Form{Action: veto, Submit: "Keep it back", Side: true, Danger: true, Note: "What is left of the message goes on its day.", Fields: []partial.Field{
		{Name: "invoice", Label: "Invoice", Kind: partial.Select, Options: partial.Options(typed.of(veto, "invoice"), pairs...), Required: true},
		{Name: "until", Label: "Until", Kind: partial.Date, Value: typed.of(veto, "until"), Required: true, Hint: "The last day on which it is not reminded of"},
		{Name: "reason", Label: "Reason", Value: typed.of(veto, "reason"), Required: true, Max: 300, Wide: true}}})})
	return v
}

func (s *Site) approveMessage(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.LetterToPayor](r, "id")
	if err == nil {
		err = s.Notices.Approve(r.Context(), id, r.Form("hash"))
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Reminder(r.Firm(), id), "Approved. It goes as you saw it."), nil
}

func (s *Site) vetoMessage(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.LetterToPayor](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	inv, err := ident.Parse[ident.InvoiceID](r.Form("invoice"))
	if err == nil {
		err = s.Notices.Veto(r.Context(), id, inv, r.Form("reason"), invoice.Day(r.Form("until")))
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.messagePage(r, id, err) })
	}
	return httpd.Go(href.Reminders(r.Firm()), "Kept back until that day."), nil
}

// messageEnded notes what a person knows of a message.
func (s *Site) messageEnded(note func(context.Context, ident.LetterToPayor) error, said string) func(*httpd.Request) (httpd.Reply, error) {
	return func(r *httpd.Request) (httpd.Reply, error) {
		id, err := httpd.ID[ident.LetterToPayor](r, "id")
		if err == nil {
			err = note(r.Context(), id)
		}
		return httpd.Go(href.Reminders(r.Firm()), said), err
	}
}

func (s *Site) endReminderTask(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ReminderTask](r, "id")
	if err == nil {
		err = s.Notices.EndTask(r.Context(), id, r.Form("outcome"), r.Form("note"))
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Reminders(r.Firm()), "Noted."), nil
}

func (s *Site) endReminderHold(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ReminderHold](r, "id")
	if err == nil {
		err = s.Notices.EndHold(r.Context(), id)
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Reminders(r.Firm()), "Ended. Reminders go on."), nil
}

func (s *Site) policyPage(r *httpd.Request, failed error) (templ.Component, error) {
	client, err := idOrNone[ident.ClientID](r.Query("client"))
	if err != nil {
		return nil, err
	}
	x, err := s.Notices.Settings(r.Context(), client)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "When the firm reminds", "reminders")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, policyView(f, client, x, typedForm{r.Values(), r.Path(), failed})), nil
}

func policyView(f frame, client ident.ClientID, x notice.Settings, typed typedForm) PlainView {
	v := PlainView{Head: layout.Head{Title: "When the firm reminds", Crumbs: []partial.Link{{Text: "Reminders", Href: href.Reminders(f.FirmID)}}}, Lede: "These are the standard stages."}
	switch {
	case client != "":
		v.Head.Title = "When " + x.ClientName + " is reminded"
		v.Lede = "The firm’s stages hold for this client."
		if x.Own {
			v.Lede = "This client has stages of its own."
		}
	case x.Own:
		v.Lede = "The firm has stages of its own."
	}
	t := &partial.Table{Caption: "Stages", Columns: []partial.Column{{Head: "Stage"}, {Head: "Days after due", Right: true}, {Head: "By"}, {Head: "From"}, {Head: "Waits for"}}}
	for _, rule := range x.Now.Rules {
		t.Rows = append(t.Rows, partial.Row{Cells: stageCells(x.Now, rule)})
	}
	v.Sections = []Section{{Title: "Stages now", Table: t}}
	if f.May(rbac.ReminderSet) {
		v.Sections = append(v.Sections, Section{ID: "set", Title: "Lay down others", Form: policyForm(f, client, x, typed)})
	}
	if len(x.Clients) > 0 {
		c := &partial.Table{Caption: "Clients with stages of their own", Columns: []partial.Column{{Head: "Client"}, {Head: "From", NoWrap: true}}}
		for _, y := range x.Clients {
			c.Rows = append(c.Rows, partial.Row{Cells: []partial.Cell{partial.Named(y.Name, href.ReminderPolicy(f.FirmID, y.Client), ""), partial.Txt(y.From.Long())}})
		}
		v.Sections = append(v.Sections, Section{Title: "Clients", Table: c})
	}
	if len(x.Before) > 0 {
		b := &partial.Table{Caption: "What was laid down, the newest first", Columns: []partial.Column{{Head: "From", NoWrap: true}, {Head: "By"}, {Head: "Entered", NoWrap: true}}}
		for _, p := range x.Before {
			b.Rows = append(b.Rows, partial.Row{Cells: []partial.Cell{{Text: p.From.Long(), Key: true}, partial.Txt(p.By), partial.Txt(format.Moment(p.At.In(f.Zone)))}})
		}
		v.Sections = append(v.Sections, Section{Title: "Laid down", Table: b})
	}
	return v
}

var gateWords = map[notice.Gate]string{notice.GateNone: "nobody", notice.GateVeto: "the partner may veto", notice.GateApproval: "the partner’s approval"}
var channelWords = map[notice.Channel]string{notice.ByMail: "mail", notice.ByLetter: "letter", notice.ByTask: "task"}
var senderWords = map[notice.Sender]string{notice.SenderFirm: "the firm", notice.SenderPartner: "the partner"}

func stageCells(p notice.Policy, r notice.Rule) []partial.Cell {
	days := strconv.Itoa(r.Days)
	if r.Stage == notice.StageStatement {
		days = "monthly, day " + strconv.Itoa(p.StatementDay)
	}
	if !r.Used {
		days = "not used"
	}
	by := channelWords[r.Channel]
	if r.Call {
		by += " and call"
	}
	return []partial.Cell{{Text: r.Stage.Says(), Key: true}, partial.Txt(days), partial.Txt(by), partial.Txt(senderWords[r.Sender]), partial.Txt(gateWords[r.Gate])}
}

func policyForm(f frame, client ident.ClientID, x notice.Settings, typed typedForm) *partial.Form {
	action := href.ReminderPolicy(f.FirmID, client)
	typed.at = href.ReminderPolicy(f.FirmID, "") // what the path says, without what is asked
	came := typed.failed != nil
	of := func(name, now string) string {
		if came {
			return typed.values.Get(name)
		}
		return now
	}
	form := &partial.Form{Action: action, Submit: "Lay down", Note: "From the day on; what has gone stays.", Kept: map[string][]string{"n": {strconv.Itoa(x.N)}}, Faults: partial.FaultsOf(typed.failed), Problem: problemIn(typed.failed), Fields: []partial.Field{
		{Name: "own", Label: "Stages", Kind: partial.Select, Options: partial.Options(of("own", "yes"), "yes", "As below", "no", standardOf(client))},
		{Name: "from", Label: "From", Kind: partial.Date, Value: of("from", string(x.Today)), Required: true},
		{Name: "statement_day", Label: "Statement on day", Value: of("statement_day", strconv.Itoa(x.Now.StatementDay)), Required: true, Hint: "Of each month, 1 to 28"},
		{Name: "minimum", Label: "Not below", Value: of("minimum", strconv.Itoa(x.Now.Minimum)), Required: true, Hint: "In the invoice’s currency"},
		{Name: "zone", Label: "Recipient’s zone", Value: of("zone", x.Now.Zone), Max: 60, Hint: "Such as Europe/Berlin; empty is the firm’s"}}}
	for _, r := range x.Now.Rules {
		at, group := string(r.Stage)+".", r.Stage.Says()
		form.Fields = append(form.Fields, partial.Field{Name: at + "used", Label: "Used", Kind: partial.Select, Options: partial.Options(of(at+"used", yesNo(r.Used)), "yes", "Yes", "no", "No"), Group: group})
		if r.Stage != notice.StageStatement {
			form.Fields = append(form.Fields, partial.Field{Name: at + "days", Label: "Days after due", Value: of(at+"days", strconv.Itoa(r.Days)), Required: true, Group: group})
		}
		if r.Stage.Place() < notice.StageSecond.Place() || r.Stage == notice.StageHandOver {
			continue
		}
		form.Fields = append(form.Fields,
			partial.Field{Name: at + "channel", Label: "By", Kind: partial.Select, Options: partial.Options(of(at+"channel", string(r.Channel)), "mail", "Mail", "letter", "Letter"), Group: group},
			partial.Field{Name: at + "sender", Label: "From", Kind: partial.Select, Options: partial.Options(of(at+"sender", string(r.Sender)), "firm", "The firm", "partner", "The partner"), Group: group},
			partial.Field{Name: at + "gate", Label: "Waits for", Kind: partial.Select, Options: partial.Options(of(at+"gate", string(r.Gate)), "veto", "The partner may veto", "approval", "The partner’s approval"), Group: group},
			partial.Field{Name: at + "call", Label: "Call after it", Kind: partial.Select, Options: partial.Options(of(at+"call", yesNo(r.Call)), "yes", "Yes", "no", "No"), Group: group})
	}
	return form
}

func standardOf(client ident.ClientID) string {
	if client != "" {
		return "The firm’s again"
	}
	return "The standard again"
}

func yesNo(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}

func (s *Site) setPolicy(r *httpd.Request) (httpd.Reply, error) {
	client, err := idOrNone[ident.ClientID](r.Query("client"))
	if err != nil {
		return httpd.Reply{}, err
	}
	p, err := typedPolicy(r, client)
	if err == nil {
		err = s.Notices.SetPolicy(r.Context(), r.FormInt("n"), p, r.Form("own") != "no")
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.policyPage(r, err) })
	}
	return httpd.Go(href.ReminderPolicy(r.Firm(), client), "Laid down."), nil
}

// typedPolicy reads the form; what it has no field for is the standard's.
func typedPolicy(r *httpd.Request, client ident.ClientID) (notice.Policy, error) {
	p := notice.Standard()
	p.Client, p.From, p.Zone = client, invoice.Day(r.Form("from")), r.Form("zone")
	var fs fault.Fields
	whole := func(name string) int {
		n, err := strconv.Atoi(r.Form(name))
		if err != nil {
			fs.Add(name, "number_form", "enter a whole number")
		}
		return n
	}
	p.StatementDay, p.Minimum = whole("statement_day"), whole("minimum")
	for i := range p.Rules {
		x := &p.Rules[i]
		at := string(x.Stage) + "."
		x.Used = r.Form(at+"used") == "yes"
		if x.Stage != notice.StageStatement {
			x.Days = whole(at + "days")
		}
		if x.Stage.Place() >= notice.StageSecond.Place() && x.Stage != notice.StageHandOver {
			x.Channel, x.Sender, x.Gate, x.Call = notice.Channel(r.Form(at+"channel")), notice.Sender(r.Form(at+"sender")), notice.Gate(r.Form(at+"gate")), r.Form(at+"call") == "yes"
		}
	}
	return p, fs.Err(notice.ErrReason)
}
