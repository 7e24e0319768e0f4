package pages

import (
	"time"

	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// accessReview is the quarter's work: each grant that is due, kept or ended by one click.
func (s *Site) accessReview(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Review of access", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	due, err := s.Grants.Reviews(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	me, err := s.People.Me(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Show(Plain(f.Chrome, reviewView(f, due, me.ID, s.Clock.Now()))), nil
}

func reviewView(f frame, due []grant.Grant, me ident.PersonID, now time.Time) PlainView {
	t := &partial.Table{Caption: "Access to review", Columns: []partial.Column{{Head: "Who"}, {Head: "Sees", Minor: true}, {Head: "Scope"}, {Head: "Last used", NoWrap: true}, {Head: "Given or kept", NoWrap: true}, {Head: "Ends", NoWrap: true, Minor: true}, {Head: "Keep", Hidden: true}, {Head: "End", Hidden: true}},
		Empty: partial.Empty{Icon: "check", Title: "Nothing is due", Text: "Access comes up 90 days after it was given or last kept."}}
	for _, g := range due {
		used, ends, last := "never", "open", g.Given
		if g.LastUsed != nil {
			used = format.Date(*g.LastUsed)
		}
		if g.Until != nil {
			ends = format.Date(lastDay(*g.Until, f.Zone))
		}
		if g.Kept != nil {
			last = *g.Kept
		}
		keep, end := partial.Txt(""), partial.Txt("")
		if f.May(rbac.GrantGive) && g.Person != me {
			keep = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "Keep", Action: href.Act(href.Grant(f.FirmID, g.ID), "keep"), Class: "sm"}))
		}
		if f.May(rbac.GrantEnd) {
			end = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "End now", Action: href.Act(href.Grant(f.FirmID, g.ID), "end"), Hidden: []partial.Hidden{{Name: "from", Value: "review"}}, Class: "sm danger"}))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Node: partial.Person(g.Name), Sub: g.RoleSays(), Key: true}, partial.Txt(classWords(g.Class)), partial.Txt(scopeWords(g)), partial.Txt(used),
			{Text: format.Date(last.In(f.Zone)), Sub: g.Reason}, partial.Txt(ends), keep, end}})
	}
	return PlainView{Head: layout.Head{Title: "Review of access", Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}},
		Lede: "Keep what is still needed and end the rest. Nobody keeps their own.", Sections: []Section{{Title: "Due", Table: t}}}
}

func (s *Site) keepGrant(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.GrantID](r, "id")
	if err == nil {
		err = s.Grants.Keep(r.Context(), id)
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.AccessReview(r.Firm()), "Kept for another quarter."), nil
}
