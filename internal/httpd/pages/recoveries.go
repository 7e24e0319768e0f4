package pages

import (
	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// MountRecoveries adds taking a lost factor away, by two people, and refusing it.
func (s *Site) MountRecoveries(srv *httpd.Server) {
	show(srv, "/firms/{firm}/people/recoveries", rbac.PersonRecover, s.recoveryPage)
	fill(srv, "/firms/{firm}/people/recoveries", rbac.PersonRecover, s.openRecovery, s.recoveryPage)
	post(srv, "/firms/{firm}/people/recoveries/{id}/confirm", rbac.PersonRecover, s.confirmRecovery)
	post(srv, "/firms/{firm}/people/recoveries/{id}/refuse", rbac.PersonRecover, s.refuseRecovery)
	post(srv, href.Me+"/recovery/refuse", rbac.SignedIn, s.refuseMine)
}

func (s *Site) recoveryPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Lost second factors", "people")
	if err != nil {
		return nil, err
	}
	list, err := s.People.Recoveries(r.Context())
	if err != nil {
		return nil, err
	}
	t := &partial.Table{Caption: "Lost second factors", Columns: []partial.Column{{Head: "Person"}, {Head: "Why"}, {Head: "Asked by"}, {Head: "Not before", NoWrap: true}, {Head: "Acts", Hidden: true}},
		Empty: partial.Empty{Icon: "key", Title: "None waits"}}
	for _, x := range list {
		at := href.Recoveries(f.FirmID) + "/" + string(x.ID)
		acts := []partial.Button{{Text: "Refuse", Action: at + "/refuse", Class: "sm quiet"}}
		why, by := x.Reason, x.ByName
		if x.ByBureau {
			why, by = "The bureau has it", "The bureau"
		} else {
			acts = append(acts, partial.Button{Text: "Remove the factor", Action: at + "/confirm", Class: "sm danger"})
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Node: partial.Person(x.Name), Key: true}, partial.Txt(why), partial.Txt(by), partial.Txt(format.Moment(x.Ripe.In(f.Zone))), partial.Node(rowActs(f.CSRF, acts))}})
	}
	return Plain(f.Chrome, PlainView{
		Head: layout.Head{Title: "Lost second factors", Crumbs: []partial.Link{{Text: "People", Href: href.People(f.FirmID)}}},
		Lede: "It takes two administrators and a day, in which the person can refuse. The password stays; a new factor is set up at the next sign-in. What the bureau does for one of your people you can refuse here.",
		Sections: []Section{
			{Title: "Waiting", Table: t},
			{Title: "Somebody has lost theirs", Form: &partial.Form{Action: href.Recoveries(f.FirmID), Submit: "Ask for removal", Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Note: "They are written to at once.", Fields: []partial.Field{
				{Name: "email", Label: "Their work e-mail", Kind: partial.Email, Value: r.Form("email"), Required: true, Max: 254},
				{Name: "reason", Label: "How you know it is them", Value: r.Form("reason"), Required: true, Max: 500, Hint: "Called back on a number you had before, seen in person"},
			}}},
		},
	}), nil
}

func (s *Site) openRecovery(r *httpd.Request) (httpd.Reply, error) {
	if _, err := s.People.OpenRecovery(r.Context(), r.Form("email"), r.Form("reason")); err != nil {
		return again(err, func() (templ.Component, error) { return s.recoveryPage(r, err) })
	}
	return httpd.Go(href.Recoveries(r.Firm()), "Asked. They have been written to; a second administrator can confirm it after 24 hours."), nil
}

func (s *Site) confirmRecovery(r *httpd.Request) (httpd.Reply, error) {
	return s.recoveryAct(r, "Removed. They sign in with their password and set up a new factor.", func(id ident.RequestID) error { return s.People.ConfirmRecovery(r.Context(), id) })
}

func (s *Site) refuseRecovery(r *httpd.Request) (httpd.Reply, error) {
	return s.recoveryAct(r, "Refused. Their factor stays.", func(id ident.RequestID) error { return s.People.RefuseRecovery(r.Context(), id) })
}

func (s *Site) recoveryAct(r *httpd.Request, done string, do func(id ident.RequestID) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RequestID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := do(id); err != nil {
		return again(err, func() (templ.Component, error) { return s.recoveryPage(r, err) })
	}
	return httpd.Go(href.Recoveries(r.Firm()), done), nil
}

func (s *Site) refuseMine(r *httpd.Request) (httpd.Reply, error) {
	if _, err := s.People.RefuseMine(r.Context()); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Me, "Refused. Your second factor stays as it is."), nil
}

// recoverySections warn whoever's factor is said to be lost.
func (s *Site) recoverySections(r *httpd.Request, f frame) ([]Section, error) {
	ripe, err := s.People.RecoversMe(r.Context())
	if err != nil || ripe == nil {
		return nil, err
	}
	return []Section{{Title: "Your second factor is said to be lost", Text: "An administrator has asked to remove it. From " + format.Moment(ripe.In(f.Zone)) + " a second one can. If you have lost nothing, refuse.",
		Acts: []partial.Button{{Text: "I have lost nothing: refuse", Action: href.Me + "/recovery/refuse", Class: "danger"}}}}, nil
}
