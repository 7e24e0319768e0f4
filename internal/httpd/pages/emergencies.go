package pages

import (
	"fmt"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// mountEmergencies adds the bureau's side of emergency access. The firm's is its access page.
func (s *Site) mountEmergencies(srv *httpd.Server) {
	show(srv, "/firms/{firm}/emergencies", rbac.BreakGlassAsk, s.emergencyPage)
	fill(srv, "/firms/{firm}/emergencies", rbac.BreakGlassAsk, s.askEmergency, s.emergencyPage)
	post(srv, "/firms/{firm}/emergencies/{id}/open", rbac.BreakGlassOpen, s.openEmergency)
	post(srv, "/firms/{firm}/emergencies/{id}/end", rbac.BreakGlassAsk, s.endEmergency)
}

func (s *Site) emergencyPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Emergency access", "firms")
	if err != nil {
		return nil, err
	}
	list, err := s.Grants.Emergencies(r.Context())
	if err != nil {
		return nil, err
	}
	firms, err := s.Firms.All(r.Context())
	if err != nil {
		return nil, err
	}
	me, err := s.People.Me(r.Context())
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, emergencyView(f, list, emergencyForm(r, f, firms, failed), me.ID, s.Clock.Now())), nil
}

func emergencyView(f frame, list []grant.Emergency, form *partial.Form, me ident.PersonID, now time.Time) PlainView {
	return PlainView{Head: layout.Head{Title: "Emergency access", Crumbs: []partial.Link{{Text: "Firms", Href: href.Firms}}},
		Lede:     "For what cannot wait for a grant. It lasts an hour, changes nothing, shows no sealed matter, and needs a second person. The firm is told at once and sees each look.",
		Sections: []Section{{Title: "Asked so far", Note: "waiting, open, and decided in the last 90 days", Table: emergencyTable(f, list, me, now)}, {Title: "Ask", Form: form}}}
}

func emergencyForm(r *httpd.Request, f frame, firms []firm.Card, failed error) *partial.Form {
	pairs := []string{"", "choose"}
	for _, x := range firms {
		if x.Kind == firm.KindFirm {
			pairs = append(pairs, string(x.ID), x.Name)
		}
	}
	return &partial.Form{Action: href.Emergencies(f.FirmID), Submit: "Ask for emergency access", Danger: true, Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Note: "The firm's administrator, or a second administrator of the bureau, allows it.",
		Fields: []partial.Field{
			{Name: "firm", Label: "Firm", Kind: partial.Select, Options: partial.Options(r.Form("firm"), pairs...), Required: true},
			{Name: "reason", Label: "What has happened", Value: r.Form("reason"), Required: true, Max: 500, Wide: true, Hint: "The firm reads it. Name no client and no matter"},
		}}
}

func emergencyTable(f frame, list []grant.Emergency, me ident.PersonID, now time.Time) *partial.Table {
	t := &partial.Table{Caption: "Emergency access", Columns: []partial.Column{{Head: "Firm"}, {Head: "Who"}, {Head: "Why", Minor: true}, {Head: "Asked", NoWrap: true, Minor: true}, {Head: "State"}, {Head: "Allow", Hidden: true}, {Head: "End", Hidden: true}},
		Empty: partial.Empty{Icon: "key", Title: "Nobody has asked for emergency access"}}
	for _, e := range list {
		name := partial.Cell{Text: e.FirmName, Key: true}
		allow, end := partial.Txt(""), partial.Txt("")
		hidden := []partial.Hidden{{Name: "firm", Value: string(e.Firm)}}
		act := href.Emergency(f.FirmID, e.ID)
		open, waits := e.Open(now), e.Status == grant.RequestWaiting
		if waits && e.AskedBy != me {
			allow = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "Allow an hour", Action: href.Act(act, "open"), Hidden: hidden, Class: "sm"}))
		}
		switch {
		case open && e.Person == me:
			name.Href = href.Firm(e.Firm)
			fallthrough
		case open:
			end = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "End now", Action: href.Act(act, "end"), Hidden: hidden, Class: "sm danger"}))
		case waits:
			end = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "Take back", Action: href.Act(act, "end"), Hidden: hidden, Class: "sm quiet"}))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{name, partial.Node(partial.Person(e.Name)), partial.Txt(e.Reason), partial.Txt(format.Moment(e.AskedAt.In(f.Zone))), emergencyState(f, e, now), allow, end}})
	}
	return t
}

func emergencyState(f frame, e grant.Emergency, now time.Time) partial.Cell {
	switch {
	case e.Open(now):
		return partial.Cell{Text: "open, " + format.Duration(e.Until.Sub(now)) + " left", Sub: "allowed by " + e.DecidedBy, Tone: partial.Bad}
	case e.Ended != nil:
		return partial.Cell{Text: "ended early", Sub: format.Moment(e.Ended.In(f.Zone))}
	case e.Status == grant.RequestGiven:
		return partial.Cell{Text: "over", Sub: "allowed by " + e.DecidedBy}
	default:
		return stateCell(f, e.Request)
	}
}

func (s *Site) askEmergency(r *httpd.Request) (httpd.Reply, error) {
	id, err := ident.Parse[ident.FirmID](r.Form("firm"))
	if err != nil {
		err = people.ErrInvalid.On(fault.Field{Path: "firm", Code: "firm_missing", Message: "choose a firm"})
	} else {
		_, err = s.Grants.AskGlass(r.Context(), id, r.Form("reason"))
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.emergencyPage(r, err) })
	}
	return httpd.Go(href.Emergencies(r.Firm()), "Asked. The firm and your colleagues are told."), nil
}

func (s *Site) openEmergency(r *httpd.Request) (httpd.Reply, error) {
	return s.emergencyAct(r, "Allowed for an hour. The firm is told.", func(f ident.FirmID, id ident.RequestID) error {
		_, err := s.Grants.OpenGlass(r.Context(), f, id)
		return err
	})
}

func (s *Site) endEmergency(r *httpd.Request) (httpd.Reply, error) {
	return s.emergencyAct(r, "Ended.", func(f ident.FirmID, id ident.RequestID) error { return s.Grants.EndGlass(r.Context(), f, id) })
}

func (s *Site) emergencyAct(r *httpd.Request, done string, do func(f ident.FirmID, id ident.RequestID) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RequestID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	f, err := ident.Parse[ident.FirmID](r.Form("firm"))
	if err == nil {
		err = do(f, id)
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Emergencies(r.Firm()), done), nil
}

// openGlass is the emergency access that stands open in a firm, for the top of its access page.
func openGlass(f frame, grants []grant.Grant, now time.Time) (out []GlassView) {
	for _, g := range grants {
		if g.Role != rbac.RoleBreakGlass || !g.Live(now) {
			continue
		}
		v := GlassView{Sentence: fmt.Sprintf("%s of the bureau can look at this firm.", g.Name), Reason: "Reason: " + g.Reason, Allowed: "Allowed by " + g.GrantedBy + ". Only to look; no sealed matter; walls stand",
			Left: g.Until.Sub(now), Until: format.Moment(g.Until.In(f.Zone)), CSRF: f.CSRF}
		if f.May(rbac.GrantEnd) {
			v.End = partial.Button{Text: "End it now", Action: href.Act(href.Grant(f.FirmID, g.ID), "end"), Class: "sm danger"}
		}
		if f.May(rbac.AuditRead) {
			v.Log = href.Query(href.AccessLog(f.FirmID), "person", string(g.Person))
		}
		out = append(out, v)
	}
	return out
}
