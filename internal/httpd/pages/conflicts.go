package pages

import (
	"errors"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/conflict"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// mountConflicts adds the conflict checks of the bureau's people: in the bureau's own
// domain over all firms, in a firm for its lead.
func (s *Site) mountConflicts(srv *httpd.Server) {
	show(srv, "/firms/{firm}/conflict-checks", rbac.ConflictCheck, s.conflictsPage)
	post(srv, "/firms/{firm}/conflict-checks", rbac.ConflictCheck, s.checkConflicts)
	show(srv, "/firms/{firm}/conflict-checks/{id}", rbac.ConflictCheck, s.conflictPage)
	post(srv, "/firms/{firm}/conflict-checks/{id}/clear", rbac.ConflictCheck, s.clearConflict)
}

func (s *Site) conflictsPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Conflict checks", "asked")
	if err != nil {
		return nil, err
	}
	open := r.Query("open") != ""
	list, err := s.Conflicts.Checks(r.Context(), open, page.Request{After: r.Query("after")})
	if err != nil {
		return nil, err
	}
	form, err := s.conflictForm(r, f, failed)
	if err != nil {
		return nil, err
	}
	here := href.Conflicts(f.FirmID)
	if open {
		here = href.Query(here, "open", "1")
	}
	return Plain(f.Chrome, conflictsView(f, list.Items, pagerOf(here, r, len(list.Items), list.Next), open, form, s.Clock.Now())), nil
}

func conflictsView(f frame, list []conflict.Check, pager partial.Pager, open bool, form *partial.Form, now time.Time) PlainView {
	v := PlainView{Head: layout.Head{Title: "Conflict checks", Crumbs: []partial.Link{{Text: "Ask for access", Href: href.AccessAsked(f.FirmID)}}},
		Lede:     "Before one of the bureau's people works for a second firm, the clients and parties of both firms are compared. Only counts come out: nobody at the bureau sees a name, and no firm sees the checks.",
		Links:    []partial.Link{{Text: "Only open ones", Href: href.Query(href.Conflicts(f.FirmID), "open", "1")}},
		Sections: []Section{{Title: "Checks", Note: "the last of each person and two firms", Table: conflictTable(f, list, open, now), Pager: pager}, {Title: "Check a person", Form: form}}}
	if open {
		v.Links = []partial.Link{{Text: "All checks", Href: href.Conflicts(f.FirmID)}}
	}
	return v
}

func conflictTable(f frame, list []conflict.Check, open bool, now time.Time) *partial.Table {
	t := &partial.Table{Caption: "Conflict checks", Keys: true, Columns: []partial.Column{{Head: "Who"}, {Head: "Asked for"}, {Head: "Works or worked for"}, {Head: "Opposite", Right: true}, {Head: "Same side", Right: true, Minor: true}, {Head: "Checked", NoWrap: true, Minor: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "key", Title: "Nobody has been checked"}}
	if open {
		t.Empty.Title = "No check is open"
	}
	for _, c := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: c.Name, Key: true, Href: href.Conflict(f.FirmID, c.ID)}, partial.Txt(c.FirmName), partial.Txt(otherFirm(c)),
			partial.Txt(format.Count(c.Opposite)), partial.Txt(format.Count(c.Shared)), partial.Txt(format.Moment(c.At.In(f.Zone))), conflictState(f, c, now)}})
	}
	return t
}

func conflictState(f frame, c conflict.Check, now time.Time) partial.Cell {
	until := "lets them in until " + format.Date(c.Until().In(f.Zone))
	if !c.Holds(now) {
		until = "ran out " + format.Date(c.Until().In(f.Zone))
	}
	switch c.State {
	case conflict.CheckOpen:
		return partial.Cell{Text: "open", Sub: "waits for a decision", Tone: partial.Bad}
	case conflict.CheckCleared:
		return partial.Cell{Text: "cleared by " + c.DecidedBy, Sub: until}
	default:
		return partial.Cell{Text: "clear", Sub: until}
	}
}

// conflictForm checks a person for the firm of the page, or in the bureau's own domain for any.
func (s *Site) conflictForm(r *httpd.Request, f frame, failed error) (*partial.Form, error) {
	person, _, err := s.staffField(r)
	if err != nil {
		return nil, err
	}
	form := &partial.Form{Action: href.Conflicts(f.FirmID), Submit: "Check", Fields: []partial.Field{person}, Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Note: "Asking a firm for access runs it too. It holds for 30 days."}
	if f.Card.Kind != firm.KindBureau {
		return form, nil
	}
	pairs, err := s.firmPairs(r)
	if err != nil {
		return nil, err
	}
	form.Fields = append(form.Fields, partial.Field{Name: "firm_id", Label: "For which firm", Kind: partial.Select, Options: partial.Options(r.Form("firm_id"), pairs...), Required: true})
	return form, nil
}

// firmPairs are all firms as choices, for the bureau's administrator.
func (s *Site) firmPairs(r *httpd.Request) ([]string, error) {
	firms, err := s.Firms.All(r.Context())
	pairs := []string{"", "choose"}
	for _, x := range firms {
		if x.Kind == firm.KindFirm {
			pairs = append(pairs, string(x.ID), x.Name)
		}
	}
	return pairs, err
}

func (s *Site) checkConflicts(r *httpd.Request) (httpd.Reply, error) {
	list, err := s.checkedNow(r)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.conflictsPage(r, err) })
	}
	done := "Clear: no client of one firm is an adverse party at the other."
	switch {
	case len(list) == 0:
		done = "They work for no other firm, and have not in the last two years; there is nothing to compare."
	case anyOpen(list):
		done = "Parties stand on opposite sides. Look at the open checks."
	}
	return httpd.Go(href.Conflicts(r.Firm()), done), nil
}

func (s *Site) checkedNow(r *httpd.Request) ([]conflict.Check, error) {
	var fs fault.Fields
	who, err := ident.Parse[ident.PersonID](r.Form("person"))
	if err != nil {
		fs.Add("person", "person_missing", "choose a person")
	}
	f, err := ident.Parse[ident.FirmID](r.Form("firm_id"))
	if home, errHome := s.People.BureauID(r.Context()); errHome != nil {
		return nil, errHome
	} else if err != nil && home == r.Firm() {
		fs.Add("firm_id", "firm_missing", "choose a firm")
	}
	if err := fs.Err(people.ErrInvalid); err != nil {
		return nil, err
	}
	return s.Conflicts.Check(r.Context(), f, who)
}

func anyOpen(list []conflict.Check) bool {
	for _, c := range list {
		if c.State == conflict.CheckOpen {
			return true
		}
	}
	return false
}

func (s *Site) conflictPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Conflict check", "asked")
	if err != nil {
		return nil, err
	}
	id, err := httpd.ID[ident.CheckID](r, "id")
	if err != nil {
		return nil, err
	}
	c, err := s.Conflicts.Find(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, conflictView(f, c, r.Form("reason"), failed)), nil
}

func conflictView(f frame, c conflict.Check, typed string, failed error) PlainView {
	v := PlainView{Head: layout.Head{Title: c.Name + " for " + c.FirmName, Crumbs: []partial.Link{{Text: "Conflict checks", Href: href.Conflicts(f.FirmID)}}},
		Lede: conflictSentence(c),
		Sections: []Section{{Title: "What was compared", Facts: []partial.Fact{
			{Name: "Works or worked for", Value: otherFirm(c)}, {Name: "On opposite sides", Value: format.Counted(c.Opposite, "party", "parties")}, {Name: "On the same side at both", Value: format.Counted(c.Shared, "party", "parties")},
			{Name: "Checked", Value: format.Moment(c.At.In(f.Zone)) + ", " + checkedBy(c)},
		}}}}
	if c.State != conflict.CheckOpen {
		v.Sections[0].Facts = append(v.Sections[0].Facts, partial.Fact{Name: "Lets them in until", Value: format.Date(c.Until().In(f.Zone))})
	}
	switch {
	case c.State == conflict.CheckOpen && c.Other == "":
		v.Sections = append(v.Sections, Section{Title: "Who can clear it", Text: "You have no access to the other firm, so you are not told which it is. Somebody who has access to both, or the bureau's administrator, can clear the check."})
	case c.State == conflict.CheckOpen:
		v.Sections = append(v.Sections, Section{Title: "Clear it", Form: &partial.Form{Action: href.Act(href.Conflict(f.FirmID, c.ID), "clear"), Submit: "Clear the check", Danger: true, Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
			Note:   "It holds for 30 days, and for no more parties than were found. Who they are, each firm can be asked about its own.",
			Fields: []partial.Field{{Name: "reason", Label: "Why they can work for both firms", Value: typed, Required: true, Max: 500, Wide: true, Hint: "Name no client and no matter. Such as: works on other clients only, a wall stands at both firms"}}}})
	case c.State == conflict.CheckCleared:
		v.Sections = append(v.Sections, Section{Title: "Cleared", Text: c.Reason, Facts: []partial.Fact{{Name: "By", Value: c.DecidedBy}, {Name: "At", Value: format.Moment(c.DecidedAt.In(f.Zone))}}})
	}
	return v
}

// otherFirm is unnamed for a reader who has no access to it.
func otherFirm(c conflict.Check) string {
	if c.OtherName == "" {
		return "another firm"
	}
	return c.OtherName
}

func checkedBy(c conflict.Check) string {
	if c.By == "" {
		return "by itself, for parties that were entered later"
	}
	return c.By
}

func conflictSentence(c conflict.Check) string {
	switch c.State {
	case conflict.CheckOpen:
		return "A client of one firm is an adverse party at the other. Until the check is cleared nobody can ask for this person, nor can the firm let them in. Access that they have already stands until the firm ends it."
	case conflict.CheckCleared:
		return "A client of one firm is an adverse party at the other, and somebody has said why the person can work for both."
	default:
		return "No client of one firm is an adverse party at the other, as far as both wrote the names alike."
	}
}

func (s *Site) clearConflict(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.CheckID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := s.Conflicts.Clear(r.Context(), id, r.Form("reason")); err != nil {
		return again(err, func() (templ.Component, error) { return s.conflictPage(r, err) })
	}
	return httpd.Go(href.Conflict(r.Firm(), id), "Cleared. The firm can be asked, and can let them in."), nil
}

// leadToConflicts puts the way to the conflict checks on the page that asks for access,
// as its likely act where one of them refused the request.
func leadToConflicts(f frame, v *PlainView, failed error) {
	if !f.May(rbac.ConflictCheck) {
		return
	}
	v.Links = append(v.Links, partial.Link{Text: "Conflict checks", Href: href.Conflicts(f.FirmID)})
	if errors.Is(failed, conflict.ErrOpen) {
		v.Links, v.Main = nil, &partial.Link{Text: "Open conflict checks", Href: href.Query(href.Conflicts(f.FirmID), "open", "1")}
	}
}
