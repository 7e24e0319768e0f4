package pages

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/sla"
)

// newAgreement starts from the newest agreement, or from the usual promises.
func (s *Site) newAgreement(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Propose an agreement", "agreements")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.SLA.Agreements(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	typed := url.Values{"from": {format.DateKey(s.Clock.Now().In(f.Zone).AddDate(0, 0, 1))}}
	targets := sla.StandardTargets()
	if len(list) > 0 {
		targets = list[0].Draft.Targets
		typed.Set("calendar", string(list[0].Draft.Calendar))
	}
	for i, t := range targets {
		typeTarget(typed, at(i), t)
	}
	page, err := s.showAgreementForm(r, f, typed, nil)
	return httpd.Show(page), err
}

// at is the prefix of the fields of promise i.
func at(i int) string { return "t" + strconv.Itoa(i) + "_" }

// typeTarget writes a promise as the form's fields do.
func typeTarget(v url.Values, at string, t sla.Target) {
	v.Set(at+"key", t.Key)
	v.Set(at+"name", t.Name)
	v.Set(at+"kind", string(t.Kind))
	v[at+"types"] = t.WorkTypes
	for _, p := range priorities {
		v.Set(at+p.String(), hoursTyped(t.Minutes[p]))
	}
	v.Set(at+"goal", strings.TrimSuffix(goalWords(t.GoalE6), "%"))
	for _, p := range t.Pauses {
		v.Add(at+"pauses", string(p))
	}
	warn := make([]string, len(t.AtRisk))
	for i, n := range t.AtRisk {
		warn[i] = strconv.Itoa(n)
	}
	v.Set(at+"warn", strings.Join(warn, ", "))
	v.Set(at+"grace", strconv.Itoa(t.RaisePct))
	v.Set(at+"reopen", strconv.Itoa(t.ReopenDays))
}

// hoursTyped is minutes as "1:30".
func hoursTyped(minutes int64) string { return fmt.Sprintf("%d:%02d", minutes/60, minutes%60) }

// promises is how many the form holds: those with fields, and the empty one below.
func promises(typed url.Values) int {
	n := 0
	for typed.Has(at(n) + "key") {
		n++
	}
	if n > 0 && typed.Get(at(n-1)+"key") == "" && typed.Get(at(n-1)+"name") == "" {
		n--
	}
	return n
}

func (s *Site) showAgreementForm(r *httpd.Request, f frame, typed url.Values, failed error) (templ.Component, error) {
	calendars, err := s.SLA.Calendars(r.Context())
	if err != nil {
		return nil, err
	}
	return agreementForm(f, typed, calendars, failed), nil
}

func agreementForm(f frame, typed url.Values, calendars []sla.Calendar, failed error) templ.Component {
	choices := []string{}
	for _, c := range calendars {
		choices = append(choices, string(c.ID), c.Name+", version "+strconv.Itoa(c.Number))
	}
	const general = "The agreement"
	fields := []partial.Field{
		{Name: "calendar", Label: "Counted by", Kind: partial.Select, Options: partial.Options(typed.Get("calendar"), choices...), Required: true, Group: general, Hint: "The business hours in which promised time passes"},
		{Name: "from", Label: "In force from", Kind: partial.Date, Value: typed.Get("from"), Required: true, Group: general, Hint: "Once the firm has approved it"},
	}
	n := promises(typed)
	for i := range n {
		fields = append(fields, targetFields(typed, at(i), titled(typed.Get(at(i)+"name"), "Promise "+strconv.Itoa(i+1)), false)...)
	}
	fields = append(fields, targetFields(typed, at(n), "Another promise, if you want one", true)...)
	form := &partial.Form{Action: href.New(href.Agreements(f.FirmID)), Submit: "Propose to the firm", Cancel: href.Agreements(f.FirmID), Note: "Nothing changes until a second person, of the firm, approves.",
		Fields: fields, Faults: partial.FaultsOf(failed), Problem: problemIn(failed)}
	return Plain(f.Chrome, PlainView{Head: layout.Head{Title: "Propose an agreement", Crumbs: []partial.Link{{Text: "Agreements", Href: href.Agreements(f.FirmID)}}},
		Lede: "Times are business hours and minutes: 1:30 is one and a half.", Sections: []Section{{Title: "Proposal", Form: form}}})
}

func targetFields(v url.Values, at, group string, fresh bool) []partial.Field {
	kinds := slices.Clone(workTypes)
	for _, w := range v[at+"types"] { // what an agreement says already is kept
		if !slices.Contains(kinds, w) {
			kinds = append(kinds, w)
		}
	}
	names := make([]string, len(kinds))
	for i, w := range kinds {
		names[i] = workName(w)
	}
	reasons, words := make([]string, len(pauseReasons)), make([]string, len(pauseReasons))
	for i, p := range pauseReasons {
		reasons[i], words[i] = string(p), format.Capital(pauseWords(p))
	}
	fields := []partial.Field{
		{Name: at + "name", Label: "Name", Value: v.Get(at + "name"), Max: 80, Required: !fresh},
		{Name: at + "key", Label: "Key", Value: v.Get(at + "key"), Max: 40, Required: !fresh, Hint: "Small letters; the same key over versions keeps its figures together"},
		{Name: at + "kind", Label: "Counts", Kind: partial.Select, Options: kindOptions(v.Get(at + "kind"))},
		{Name: at + "goal", Label: "Goal, percent", Kind: partial.Decimal, Value: v.Get(at + "goal"), Required: !fresh},
	}
	for _, p := range priorities {
		fields = append(fields, partial.Field{Name: at + p.String(), Label: priorityWords(p), Value: v.Get(at + p.String()), Max: 8, Required: !fresh})
	}
	fields = append(fields,
		partial.Field{Name: at + "types", Label: "Work", Kind: partial.Checks, Options: ticked(kinds, names, v[at+"types"]), Wide: true, Hint: "None ticked is every type"},
		partial.Field{Name: at + "pauses", Label: "The clock stops while", Kind: partial.Checks, Options: ticked(reasons, words, v[at+"pauses"]), Wide: true},
		partial.Field{Name: at + "warn", Label: "Warn after, percent of the time", Value: v.Get(at + "warn"), Max: 30, Hint: "Such as 75, 90"},
		partial.Field{Name: at + "grace", Label: "Time left when raised, percent", Kind: partial.Decimal, Value: v.Get(at + "grace")},
		partial.Field{Name: at + "reopen", Label: "Reopening window, business days", Kind: partial.Decimal, Value: v.Get(at + "reopen")})
	if !fresh {
		fields = append(fields, partial.Field{Name: at + "drop", Label: "Leave this promise out", Kind: partial.Check, Value: v.Get(at + "drop")})
	}
	for i := range fields {
		fields[i].Group = group
	}
	return fields
}

func (s *Site) publishAgreement(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Propose an agreement", "agreements")
	if err != nil {
		return httpd.Reply{}, err
	}
	typed := r.Values()
	d, places, err := readAgreement(typed)
	if err == nil {
		var a sla.Agreement
		if a, err = s.SLA.PublishAgreement(r.Context(), d); err == nil {
			return httpd.Go(href.Agreement(r.Firm(), a.ID), fmt.Sprintf("Agreement %d is proposed. The firm approves it next.", a.Number)), nil
		}
		err = onTargets(err, d, places)
	}
	return again(err, func() (templ.Component, error) { return s.showAgreementForm(r, f, typed, err) })
}

func (s *Site) agreementAgain(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Propose an agreement", "agreements")
	if err != nil {
		return nil, err
	}
	return s.showAgreementForm(r, f, r.Values(), failed)
}

// readAgreement reads the form; places is the fields' prefix of each promise that is
// kept. Each complaint names the field it is about.
func readAgreement(typed url.Values) (d sla.Draft, places []string, err error) {
	var fs fault.Fields
	if d.Calendar, err = ident.Parse[ident.CalendarID](typed.Get("calendar")); err != nil {
		fs.Add("calendar", "agreement_calendar", "choose the calendar that counts")
	}
	if d.EffectiveFrom, err = calendar.ParseDate(typed.Get("from")); err != nil {
		fs.Add("from", "agreement_from", "enter the first day as 2026-12-31")
	}
	for i := range promises(typed) {
		if typed.Get(at(i)+"drop") != "yes" {
			d.Targets = append(d.Targets, readTarget(typed, at(i), &fs))
			places = append(places, at(i))
		}
	}
	if len(fs) == 0 {
		return d, places, nil
	}
	if rules := partial.FaultsOf(onTargets(d.Validate(), d, places)); len(rules) > 0 {
		for _, x := range rules {
			if !slices.ContainsFunc(fs, func(y fault.Field) bool { return y.Path == x.Path }) {
				fs = append(fs, x)
			}
		}
	}
	return d, places, fs.Err(sla.ErrAgreementInvalid)
}

func readTarget(v url.Values, at string, fs *fault.Fields) sla.Target {
	t := sla.Target{Key: strings.TrimSpace(v.Get(at + "key")), Name: strings.TrimSpace(v.Get(at + "name")), Kind: sla.Kind(v.Get(at + "kind")), WorkTypes: v[at+"types"], Minutes: map[sla.Priority]int64{}}
	for _, p := range priorities {
		minutes, ok := readHoursMinutes(v.Get(at + p.String()))
		if !ok {
			fs.Add(at+p.String(), "target_minutes", "enter business hours and minutes, such as 1:30")
		}
		t.Minutes[p] = minutes
	}
	goal, err := money.ParseFixed4(strings.TrimSuffix(strings.TrimSpace(v.Get(at+"goal")), "%"))
	if err != nil {
		fs.Add(at+"goal", "target_goal", "enter a percentage such as 95")
	}
	t.GoalE6 = int64(goal) // a percentage at 1e-4 is a share at 1e-6
	for _, p := range v[at+"pauses"] {
		t.Pauses = append(t.Pauses, sla.Reason(p))
	}
	for part := range strings.SplitSeq(v.Get(at+"warn"), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSuffix(part, "%"))
		if err != nil {
			fs.Add(at+"warn", "target_at_risk", "%q is no percentage; write 75, 90", part)
			continue
		}
		t.AtRisk = append(t.AtRisk, n)
	}
	t.RaisePct = readWhole(v, at+"grace", fs)
	t.ReopenDays = readWhole(v, at+"reopen", fs)
	return t
}

// readWhole reads a whole number; nothing typed is 0.
func readWhole(v url.Values, name string, fs *fault.Fields) int {
	text := strings.TrimSpace(v.Get(name))
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		fs.Add(name, "target_limits", "enter a whole number")
	}
	return n
}

// readHoursMinutes reads "1:30" or whole hours as minutes.
func readHoursMinutes(text string) (int64, bool) {
	hours, minutes, parted := strings.Cut(strings.TrimSpace(text), ":")
	if !parted {
		minutes = "0"
	}
	h, err := strconv.ParseUint(hours, 10, 16)
	m, err2 := strconv.ParseUint(minutes, 10, 16)
	if err != nil || err2 != nil || m > 59 || parted && len(minutes) != 2 {
		return 0, false
	}
	return int64(h*60 + m), true
}

// onTargets moves the complaints about a draft to the fields of the form.
func onTargets(err error, d sla.Draft, places []string) error {
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) == 0 {
		return err
	}
	moved := *f
	moved.Fields = make([]fault.Field, len(f.Fields))
	for i, x := range f.Fields {
		switch x.Path {
		case "calendar_id":
			x.Path = "calendar"
		case "targets":
			x.Path = at(0) + "name"
		default:
			x.Path = promiseField(x, d, places)
		}
		moved.Fields[i] = x
	}
	return &moved
}

// promiseField is the field that a complaint about a promise is about. A promise is told
// by its key; of two with one key the later has the wrong one.
func promiseField(x fault.Field, d sla.Draft, places []string) string {
	names := map[string]string{"pause_reasons": "pauses", "at_risk_pct": "warn", "raise_pct": "grace", "minutes.P1": "P1", "minutes.P2": "P2", "minutes.P3": "P3", "minutes.P4": "P4"}
	found := x.Path
	for n, t := range d.Targets {
		rest, ok := strings.CutPrefix(x.Path, "targets."+t.Key+".")
		if !ok {
			continue
		}
		found = places[n] + titled(names[rest], rest)
		if x.Code != "target_key_twice" {
			break
		}
	}
	return found
}
