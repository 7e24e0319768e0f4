package pages

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/rbac"
)

// MountAgreements adds what the bureau promised the firm, version by version.
func (s *Site) MountAgreements(srv *httpd.Server) {
	get(srv, "/firms/{firm}/agreements", rbac.AgreementRead, s.agreements)
	get(srv, "/firms/{firm}/agreements/new", rbac.AgreementPublish, s.newAgreement)
	fill(srv, "/firms/{firm}/agreements/new", rbac.AgreementPublish, s.publishAgreement, s.agreementAgain)
	show(srv, "/firms/{firm}/agreements/{id}", rbac.AgreementRead, s.agreementPage)
	post(srv, "/firms/{firm}/agreements/{id}/approve", rbac.AgreementApprove, s.approveAgreement)
}

// standing is a firm's agreements and which of them counts today.
type standing struct {
	list    []sla.Agreement // the newest first
	inForce *sla.Agreement  // nil before the first
	names   map[ident.CalendarID]string
}

func (s *Site) standing(r *httpd.Request, f frame) (st standing, err error) {
	if st.list, err = s.SLA.Agreements(r.Context()); err != nil {
		return st, err
	}
	st.inForce = inForce(st.list, format.DateKey(s.Clock.Now().In(f.Zone)))
	st.names = map[ident.CalendarID]string{}
	if !f.May(rbac.CalendarRead) {
		return st, nil
	}
	calendars, err := s.SLA.Calendars(r.Context())
	for _, c := range calendars {
		st.names[c.ID] = c.Name + ", version " + strconv.Itoa(c.Number)
	}
	return st, err
}

// inForce is the approved agreement of the latest first day that has come; of two
// with the same day the newer one. A date compares as its text.
func inForce(list []sla.Agreement, today string) *sla.Agreement {
	var found *sla.Agreement
	for i, a := range list {
		from := a.Draft.EffectiveFrom.String()
		if a.ApprovedBy == "" || from > today {
			continue
		}
		if found == nil || from > found.Draft.EffectiveFrom.String() {
			found = &list[i]
		}
	}
	return found
}

func (st standing) chip(a sla.Agreement, today string) partial.Chip {
	switch {
	case a.ApprovedBy == "":
		return partial.Chip{Tone: partial.Warn, Icon: "clock", Text: "Waits for the firm"}
	case st.inForce != nil && st.inForce.ID == a.ID:
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "In force"}
	case a.Draft.EffectiveFrom.String() > today:
		return partial.Chip{Tone: partial.Calm, Icon: "clock", Text: "Approved, to come"}
	default:
		return partial.Chip{Icon: "chain", Text: "Over"}
	}
}

func agreementDay(a sla.Agreement) string {
	on, err := time.Parse(time.DateOnly, a.Draft.EffectiveFrom.String())
	if err != nil {
		return a.Draft.EffectiveFrom.String()
	}
	return format.Date(on)
}

func (s *Site) agreements(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Agreements", "agreements")
	if err != nil {
		return httpd.Reply{}, err
	}
	st, err := s.standing(r, f)
	if err != nil {
		return httpd.Reply{}, err
	}
	today := format.DateKey(s.Clock.Now().In(f.Zone))
	t := &partial.Table{Caption: "Agreements", Keys: true, Columns: []partial.Column{{Head: "Agreement"}, {Head: "State"}, {Head: "From", NoWrap: true}, {Head: "Promises", Right: true}, {Head: "Counted by"}, {Head: "Approved", NoWrap: true}},
		Empty: partial.Empty{Icon: "id", Title: "No agreement yet", Text: "Without one no clock is started: nothing is promised, and nothing is measured."}}
	waits := 0
	for _, a := range st.list {
		approved := "not yet"
		if a.ApprovedBy != "" {
			approved = format.Date(a.ApprovedAt.In(f.Zone))
		} else {
			waits++
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named("Agreement "+strconv.Itoa(a.Number), href.Agreement(f.FirmID, a.ID), ""), partial.Node(partial.ChipMark(st.chip(a, today))),
			partial.Txt(agreementDay(a)), partial.Txt(format.Count(len(a.Draft.Targets))), partial.Txt(st.names[a.Draft.Calendar]), partial.Txt(approved)}})
	}
	v := PlainView{Head: layout.Head{Title: "Agreements"}, Lede: agreementSentence(st, waits), Sections: []Section{{Title: "All agreements", Note: "the newest first", Table: t}}}
	if f.May(rbac.AgreementPublish) {
		v.Main = &partial.Link{Text: "Propose an agreement", Href: href.New(href.Agreements(f.FirmID))}
	}
	return httpd.Show(Plain(f.Chrome, v)), nil
}

func agreementSentence(st standing, waits int) string {
	said := "No agreement is in force."
	if st.inForce != nil {
		said = fmt.Sprintf("Agreement %d is in force, with %s.", st.inForce.Number, format.Counted(len(st.inForce.Draft.Targets), "promise", "promises"))
	}
	if waits > 0 {
		said += " " + format.Counted(waits, "proposal waits", "proposals wait") + " for the firm's approval."
	}
	return said
}

func (s *Site) agreementPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Agreement", "agreements")
	if err != nil {
		return nil, err
	}
	id, err := httpd.ID[ident.AgreementID](r, "id")
	if err != nil {
		return nil, err
	}
	a, err := s.SLA.ReadAgreement(r.Context(), id)
	if err != nil {
		return nil, err
	}
	st, err := s.standing(r, f)
	if err != nil {
		return nil, err
	}
	me, err := s.People.Me(r.Context())
	if err != nil {
		return nil, err
	}
	v := agreementView(f, a, st, me.ID, format.DateKey(s.Clock.Now().In(f.Zone)))
	if failed != nil {
		f.Flash = &layout.Flash{Tone: partial.Bad, Text: sentence(httpd.FaultOf(failed).Message)}
	}
	f.Title = v.Head.Title
	return Plain(f.Chrome, v), nil
}

// agreementView is one agreement in words, what it would change while it waits, and
// the firm's yes for who may give it.
func agreementView(f frame, a sla.Agreement, st standing, me ident.PersonID, today string) PlainView {
	title := "Agreement " + strconv.Itoa(a.Number)
	v := PlainView{Head: layout.Head{Title: title, Crumbs: []partial.Link{{Text: "Agreements", Href: href.Agreements(f.FirmID)}}},
		Meta: []string{st.chip(a, today).Text, "from " + agreementDay(a), "published " + format.Moment(a.PublishedAt.In(f.Zone))}}
	facts := []partial.Fact{{Name: "In force from", Value: agreementDay(a)}}
	if name := st.names[a.Draft.Calendar]; name != "" {
		facts = append(facts, partial.Fact{Name: "Counted by", Value: name, Href: href.Calendar(f.FirmID, a.Draft.Calendar)})
	}
	approved := "not yet"
	if a.ApprovedBy != "" {
		approved = format.Moment(a.ApprovedAt.In(f.Zone))
	}
	facts = append(facts, partial.Fact{Name: "Approved by the firm", Value: approved}, partial.Fact{Name: "SHA-256", Value: a.Hash, Code: true})
	v.Sections = []Section{{Title: "The agreement", Facts: facts}}
	if a.ApprovedBy == "" {
		v.Lede = "This is a proposal. It binds nobody until a second person, of the firm, approves it; running clocks keep what they were started with."
		v.Sections = append([]Section{changeSection(a, st)}, v.Sections...)
		switch {
		case !f.May(rbac.AgreementApprove):
		case a.PublishedBy == me:
			v.Lede += " You published it, so somebody else at the firm approves."
		default:
			v.Acts = []partial.Button{{Text: "Approve from " + agreementDay(a), Action: href.Act(href.Agreement(f.FirmID, a.ID), "approve"), Class: "primary"}}
		}
	}
	for _, t := range a.Draft.Targets {
		v.Sections = append(v.Sections, Section{Title: t.Name, Note: kindWords(t.Kind), Text: targetSentence(t), Facts: targetFacts(t)})
	}
	return v
}

func changeSection(a sla.Agreement, st standing) Section {
	t := &partial.Table{Caption: "What would change", Columns: []partial.Column{{Head: "Promise"}, {Head: "What"}, {Head: "Now"}, {Head: "Then"}},
		Empty: partial.Empty{Icon: "check", Title: "Nothing changes", Text: "The promises are those in force."}}
	note := "nothing is in force yet"
	if st.inForce != nil {
		note = "against agreement " + strconv.Itoa(st.inForce.Number) + ", which is in force"
		for _, c := range changesOf(*st.inForce, a, st.names) {
			t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: c[0], Key: true}, partial.Txt(c[1]), partial.Txt(c[2]), partial.Txt(c[3])}})
		}
	} else {
		t.Empty = partial.Empty{Icon: "id", Title: "Everything below is new", Text: "The firm has no agreement in force."}
	}
	return Section{Title: "What would change", Note: note, Table: t}
}

// changesOf lists promise, what, before and after; promises are the same by their key.
func changesOf(before, after sla.Agreement, calendars map[ident.CalendarID]string) (out [][4]string) {
	if before.Draft.Calendar != after.Draft.Calendar {
		out = append(out, [4]string{"All", "Counted by", titled(calendars[before.Draft.Calendar], "another version"), titled(calendars[after.Draft.Calendar], "another version")})
	}
	old := map[string]sla.Target{}
	for _, t := range before.Draft.Targets {
		old[t.Key] = t
	}
	for _, t := range after.Draft.Targets {
		was, ok := old[t.Key]
		delete(old, t.Key)
		if !ok {
			out = append(out, [4]string{t.Name, "The promise", "not promised", targetSentence(t)})
			continue
		}
		if was.Name != t.Name {
			out = append(out, [4]string{t.Name, "Name", was.Name, t.Name})
		}
		if was.Kind != t.Kind {
			out = append(out, [4]string{t.Name, "Counts", kindWords(was.Kind), kindWords(t.Kind)})
		}
		facts := targetFacts(t)
		for i, x := range targetFacts(was) {
			if x.Value != facts[i].Value {
				out = append(out, [4]string{t.Name, x.Name, x.Value, facts[i].Value})
			}
		}
	}
	for _, t := range before.Draft.Targets {
		if _, gone := old[t.Key]; gone {
			out = append(out, [4]string{t.Name, "The promise", targetSentence(t), "no longer promised"})
		}
	}
	return out
}

func kindWords(k sla.Kind) string {
	if k == sla.FirstResponse {
		return "until a person first answers"
	}
	return "until the work is handed to the firm"
}

var priorities = []sla.Priority{sla.P1, sla.P2, sla.P3, sla.P4}

// targetSentence is a promise as one would say it.
func targetSentence(t sla.Target) string {
	what := "handed over"
	if t.Kind == sla.FirstResponse {
		what = "answered"
	}
	return fmt.Sprintf("Work of usual priority is %s within %s in %s of cases.", what, promised(t.Minutes[sla.P3]), goalWords(t.GoalE6))
}

// promised is business time to the minute: "6 business hours 30 minutes".
func promised(minutes int64) string {
	if minutes > 120 && minutes%60 != 0 {
		return format.BusinessTime(int(minutes-minutes%60)) + " " + format.Counted(minutes%60, "minute", "minutes")
	}
	return format.BusinessTime(int(minutes))
}

func goalWords(e6 int64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%04d", e6/10_000, e6%10_000), "0"), ".") + "%"
}

// targetFacts is a promise item by item, always in the same order.
func targetFacts(t sla.Target) []partial.Fact {
	var out []partial.Fact
	for _, p := range priorities {
		out = append(out, partial.Fact{Name: priorityWords(p), Value: "within " + promised(t.Minutes[p])})
	}
	types := make([]string, len(t.WorkTypes))
	for i, w := range t.WorkTypes {
		types[i] = workName(w)
	}
	pauses := make([]string, len(t.Pauses))
	for i, p := range t.Pauses {
		pauses[i] = pauseWords(p)
	}
	warn := make([]string, len(t.AtRisk))
	for i, n := range t.AtRisk {
		warn[i] = strconv.Itoa(n) + "%"
	}
	return append(out, partial.Fact{Name: "Goal", Value: goalWords(t.GoalE6) + " in a month"},
		partial.Fact{Name: "Work", Value: titled(strings.Join(types, ", "), "every type")},
		partial.Fact{Name: "The clock stops while", Value: titled(strings.Join(pauses, "; "), "never")},
		partial.Fact{Name: "Warns after", Value: titled(strings.Join(warn, ", "), "never")},
		partial.Fact{Name: "When raised to a higher priority", Value: "at least " + strconv.Itoa(t.RaisePct) + "% of the new time is left"},
		partial.Fact{Name: "Reopened by our error", Value: "the same clock runs on within " + format.BusinessDays(t.ReopenDays)})
}

func priorityWords(p sla.Priority) string {
	return p.String() + map[sla.Priority]string{sla.P1: ", most urgent", sla.P3: ", usual"}[p]
}

var pauseReasons = []sla.Reason{sla.WaitingFirm, sla.WaitingThirdParty, sla.FirmHold, sla.ForceMajeure}

func pauseWords(r sla.Reason) string {
	words := map[sla.Reason]string{sla.WaitingFirm: "we wait for the firm", sla.WaitingThirdParty: "we wait for a third party", sla.FirmHold: "the firm holds the work", sla.ForceMajeure: "force majeure lasts"}
	return titled(words[r], string(r))
}

func (s *Site) approveAgreement(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.AgreementID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := s.SLA.ApproveAgreement(r.Context(), id); err != nil {
		return again(err, func() (templ.Component, error) { return s.agreementPage(r, err) })
	}
	return httpd.Go(href.Agreement(r.Firm(), id), "Approved. It counts from its first day on."), nil
}

// workTypes are those that clocks are started for, in the order of a bill's life.
var workTypes = requirement.Types()

func kindOptions(selected string) []partial.Option {
	return partial.Options(selected, string(sla.Turnaround), "Turnaround: until the work is handed over", string(sla.FirstResponse), "First response: until a person answers")
}

func ticked(values, labels, chosen []string) []partial.Option {
	out := make([]partial.Option, len(values))
	for i, v := range values {
		out[i] = partial.Option{Value: v, Label: labels[i], Selected: slices.Contains(chosen, v)}
	}
	return out
}
