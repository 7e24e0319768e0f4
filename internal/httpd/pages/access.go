package pages

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
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

// MountAccess adds who may see what, giving access and ending it.
func (s *Site) MountAccess(srv *httpd.Server) {
	get(srv, "/firms/{firm}/access", rbac.GrantRead, s.access)
	get(srv, "/firms/{firm}/access/ended", rbac.GrantRead, s.accessEnded)
	get(srv, "/firms/{firm}/access/new", rbac.GrantGive, s.newGrant)
	fill(srv, "/firms/{firm}/access/new", rbac.GrantGive, s.giveGrant, func(r *httpd.Request, failed error) (templ.Component, error) { return s.grantPage(r, failed, nil) })
	post(srv, "/firms/{firm}/access/{id}/end", rbac.GrantEnd, s.endGrant)
	get(srv, "/firms/{firm}/access/review", rbac.GrantRead, s.accessReview)
	post(srv, "/firms/{firm}/access/{id}/keep", rbac.GrantGive, s.keepGrant)
	get(srv, "/firms/{firm}/access/why", rbac.WallRead, s.accessWhy)
	get(srv, "/firms/{firm}/access/log", rbac.AuditRead, s.accessLog)
	get(srv, "/firms/{firm}/access/log/file", rbac.AuditExport, s.accessLogFile)
	show(srv, "/firms/{firm}/access/evidence", rbac.AuditRead, s.evidencePage)
	get(srv, "/firms/{firm}/access/evidence/file", rbac.AuditExport, s.evidenceFile)
	get(srv, "/firms/{firm}/access/requests/{id}", rbac.GrantGive, s.accessRequest)
	fill(srv, "/firms/{firm}/access/requests/{id}/give", rbac.GrantGive, s.answerRequest, func(r *httpd.Request, failed error) (templ.Component, error) { return s.requestPage(r, failed, nil) })
	fill(srv, "/firms/{firm}/access/requests/{id}/refuse", rbac.GrantGive, s.refuseRequest, func(r *httpd.Request, failed error) (templ.Component, error) { return s.requestPage(r, failed, nil) })
	show(srv, "/firms/{firm}/access/asked", rbac.GrantAsk, s.askedPage)
	fill(srv, "/firms/{firm}/access/asked", rbac.GrantAsk, s.askAccess, s.askedPage)
	post(srv, "/firms/{firm}/access/asked/{id}/withdraw", rbac.GrantAsk, s.withdrawRequest)
	post(srv, "/firms/{firm}/access/sole/{id}/confirm", rbac.GrantConfirm, s.confirmSole)
	post(srv, "/firms/{firm}/access/sole/{id}/refuse", rbac.GrantConfirm, s.refuseSole)
	show(srv, "/firms/{firm}/access/invite", rbac.PersonInvite, s.invitePage)
	fill(srv, "/firms/{firm}/access/invite", rbac.PersonInvite, s.invite, s.invitePage)
	s.mountEmergencies(srv)
	s.mountConflicts(srv)
	s.mountRoles(srv)
}

func (s *Site) access(r *httpd.Request) (httpd.Reply, error)      { return s.showAccess(r, false) }
func (s *Site) accessEnded(r *httpd.Request) (httpd.Reply, error) { return s.showAccess(r, true) }

func (s *Site) showAccess(r *httpd.Request, past bool) (httpd.Reply, error) {
	f, err := s.frame(r, "Access", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	grants, err := s.Grants.Grants(r.Context(), past)
	if err != nil {
		return httpd.Reply{}, err
	}
	asked, err := s.Grants.Requests(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	now := s.Clock.Now()
	var bureau, own []grant.Grant
	for _, g := range grants {
		switch {
		case past == g.Live(now):
		case g.Staff:
			bureau = append(bureau, g)
		default:
			own = append(own, g)
		}
	}
	v := PlainView{Head: layout.Head{Title: "Access"}, Lede: accessSentence(f, bureau, now), Sections: []Section{
		{Title: "People of the billing bureau", Note: "Every grant ends; you can end one at once", Table: grantTable(f, bureau, now)},
		{Title: "Your own people", Table: grantTable(f, own, now)},
	}}
	waiting := s.waiting(f, asked)
	if len(waiting) > 0 && !past {
		v.Sections = append([]Section{{ID: "requests", Title: format.Counted(len(waiting), "request waits", "requests wait") + " for the firm", Body: Waiting(waiting)}}, v.Sections...)
	}
	if open := openGlass(f, bureau, now); len(open) > 0 && !past {
		v.Sections = append([]Section{{ID: "emergency", Title: "Emergency access is open", Body: OpenGlass(open)}}, v.Sections...)
	}
	due, err := s.Grants.Reviews(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	if len(due) > 0 && !past && f.Card.Kind != "bureau" {
		v.Sections = append([]Section{{ID: "review", Title: "Quarterly review", Body: Due(format.Counted(len(due), "grant was given or last kept", "grants were given or last kept")+" more than 90 days ago.", href.AccessReview(f.FirmID), "Review them")}}, v.Sections...)
	}
	if !past {
		more, err := s.trustedSections(r, f, "")
		if err != nil {
			return httpd.Reply{}, err
		}
		v.Sections = append(v.Sections, more...)
	}
	v.Links = []partial.Link{{Text: "Ended access", Href: href.AccessEnded(f.FirmID)}}
	if f.May(rbac.DeputyRead) && f.Card.Kind != "bureau" {
		v.Links = append(v.Links, partial.Link{Text: "Deputies", Href: href.Deputies(f.FirmID)})
	}
	if f.May(rbac.UndertakingRead) {
		v.Links = append(v.Links, partial.Link{Text: "Undertakings", Href: href.Undertakings(f.FirmID)})
	}
	if f.May(rbac.TrainingRead) {
		v.Links = append(v.Links, partial.Link{Text: "Training", Href: href.Training(f.FirmID)})
	}
	if f.May(rbac.AuditRead) {
		v.Links = append(v.Links, partial.Link{Text: "Access log", Href: href.AccessLog(f.FirmID)})
	}
	if f.May(rbac.RoleRead) && f.Card.Kind != "bureau" {
		v.Links = append(v.Links, partial.Link{Text: "Roles", Href: href.Roles(f.FirmID)})
	}
	if f.May(rbac.AuditExport) && f.Card.Kind != "bureau" {
		v.Links = append(v.Links, partial.Link{Text: "Evidence for an auditor", Href: href.Evidence(f.FirmID)})
	}
	if f.May(rbac.WallRead) {
		v.Links = append(v.Links, partial.Link{Text: "Ethical walls", Href: href.Walls(f.FirmID)}, partial.Link{Text: "Why may they?", Href: href.AccessWhy(f.FirmID)})
	}
	if past {
		v.Head = layout.Head{Title: "Ended access", Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}}
		v.Lede, v.Links = "", nil
		for i := range v.Sections {
			v.Sections[i].Note, v.Sections[i].Table.Empty = "", partial.Empty{Icon: "key", Title: "Nobody's access has ended yet"}
		}
	}
	// The bureau's own domain has no matters to grant; its people are taken on under People.
	if f.May(rbac.GrantGive) && !past && f.Card.Kind != "bureau" {
		v.Links = append(v.Links, partial.Link{Text: "Invite a colleague", Href: href.Access(f.FirmID) + "/invite"})
		grant := partial.Link{Text: "Grant access", Href: href.New(href.Access(f.FirmID))}
		if len(waiting) == 0 {
			v.Main = &grant
		} else {
			v.Links = append(v.Links, grant) // the likely act is to answer
		}
	}
	return httpd.Show(Plain(f.Chrome, v)), nil
}

// accessSentence is the page in one line: how many, and who ends next.
func accessSentence(f frame, bureau []grant.Grant, now time.Time) string {
	var next *grant.Grant
	for i, g := range bureau {
		if g.Until != nil && (next == nil || g.Until.Before(*next.Until)) {
			next = &bureau[i]
		}
	}
	if next == nil {
		return "Nobody at the bureau can see this firm at the moment."
	}
	return fmt.Sprintf("%s at the bureau can see this firm. The next to end is %s, %s.", format.Counted(distinct(bureau), "person", "people"), next.Name, format.DayDate(lastDay(*next.Until, f.Zone)))
}

func distinct(grants []grant.Grant) int {
	seen := map[ident.PersonID]bool{}
	for _, g := range grants {
		seen[g.Person] = true
	}
	return len(seen)
}

func grantTable(f frame, grants []grant.Grant, now time.Time) *partial.Table {
	t := &partial.Table{Caption: "Grants", Columns: []partial.Column{{Head: "Who"}, {Head: "Sees"}, {Head: "Level"}, {Head: "Scope"}, {Head: "Ends", NoWrap: true}, {Head: "Why", Minor: true}, {Head: "Last used", NoWrap: true, Minor: true}, {Head: "End", Hidden: true}},
		Empty: partial.Empty{Icon: "key", Title: "Nobody"}}
	for _, g := range grants {
		ends, end := partial.Txt("open"), partial.Txt("")
		if g.Until != nil {
			last := lastDay(*g.Until, f.Zone)
			ends = partial.Cell{Text: format.Date(last), Sub: format.InDays(last, now.In(f.Zone))}
			if g.Until.Before(now.AddDate(0, 0, 14)) {
				ends.Tone = partial.Warn
			}
		}
		if g.Ended != nil {
			ends = partial.Txt("ended " + format.Date(g.Ended.In(f.Zone)))
		}
		if g.Live(now) && f.May(rbac.GrantEnd) {
			end = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "End now", Action: href.Act(href.Grant(f.FirmID, g.ID), "end"), Class: "sm danger"}))
		}
		used := "never"
		if g.LastUsed != nil {
			used = format.Date(*g.LastUsed)
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			{Node: partial.Person(g.Name), Sub: g.RoleSays(), Key: true}, partial.Txt(classWords(g.Class)), partial.Node(partial.LabelMark(partial.Label(g.Label))),
			partial.Txt(scopeWords(g)), ends, partial.Txt(g.Reason), partial.Txt(used), end,
		}})
	}
	return t
}

func classWords(c authz.Class) string {
	switch c {
	case authz.C1:
		return "dates and states"
	case authz.C2:
		return "amounts and names"
	default:
		return "narratives too"
	}
}

func scopeWords(g grant.Grant) string {
	switch g.Scope {
	case authz.ScopeAll:
		return "the whole firm"
	case authz.ScopePractice:
		return strings.Join(g.Practices, ", ")
	default:
		words := strings.Join(g.Names, ", ")
		if g.Hidden > 0 {
			words += fmt.Sprintf(" and %d more", g.Hidden)
		}
		return words
	}
}

func (s *Site) newGrant(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.grantPage(r, nil, nil)
	return httpd.Show(page), err
}

// draftOf reads the fields that grants and invitations share.
func (s *Site) draftOf(r *httpd.Request, zone *time.Location) (grant.Draft, error) {
	d := grant.Draft{Role: rbac.Role(r.Form("role")), Scope: authz.ScopeKind(r.Form("scope")), Class: authz.Class(r.FormInt("class")), Label: authz.Label(r.FormInt("label")), Reason: r.Form("reason")}
	switch d.Scope {
	case authz.ScopeClient:
		d.IDs = r.FormList("clients")
	case authz.ScopeMatter:
		d.IDs = r.FormList("matters")
	case authz.ScopePractice:
		d.Practices = r.FormList("practices")
	case authz.ScopeAll:
	}
	if text := r.Form("until"); text != "" {
		day, err := time.ParseInLocation(time.DateOnly, text, zone)
		if err != nil {
			return d, people.ErrInvalid.On(fault.Field{Path: "until", Code: "date_form", Message: "enter the last day as 2026-12-31"})
		}
		end := day.AddDate(0, 0, 1) // through the end of that day
		d.Until = &end
	}
	return d, nil
}

func (s *Site) giveGrant(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Grant access", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	d, err := s.namedDraft(r, f.Zone)
	if err == nil && r.Form("step") == "give" && r.Form("seen") == seenOf(d) {
		var g grant.Grant
		if g, err = s.Grants.Give(r.Context(), d); err == nil {
			return httpd.Go(href.Access(r.Firm()), givenWords(g)), nil
		}
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.grantPage(r, err, nil) })
	}
	page, err := s.grantPage(r, nil, &d)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.grantPage(r, err, nil) })
	}
	return httpd.Show(page), nil
}

func givenWords(g grant.Grant) string {
	if g.Waits != "" {
		return g.Name + " is proposed. A second administrator confirms it."
	}
	return g.Name + " has access from now on."
}

// namedDraft is draftOf with the person that the form names.
func (s *Site) namedDraft(r *httpd.Request, zone *time.Location) (grant.Draft, error) {
	d, err := s.draftOf(r, zone)
	if err == nil {
		if d.Person, err = ident.Parse[ident.PersonID](r.Form("person")); err != nil {
			err = people.ErrInvalid.On(fault.Field{Path: "person", Code: "person_missing", Message: "choose a person"})
		}
	}
	return d, err
}

// seenOf marks what was previewed: a grant that differs from it is previewed again
// before it is given.
func seenOf(d grant.Draft) string {
	until := ""
	if d.Until != nil {
		until = d.Until.UTC().Format(time.RFC3339)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%q|%q|%d|%d|%s", d.Person, d.Role, d.Scope, d.IDs, d.Practices, d.Class, d.Label, until))
	return hex.EncodeToString(sum[:8])
}

// grantPage is the form; with a draft, also what it will show and the second step.
func (s *Site) grantPage(r *httpd.Request, failed error, d *grant.Draft) (templ.Component, error) {
	f, err := s.frame(r, "Grant access", "access")
	if err != nil {
		return nil, err
	}
	person, name, err := s.staffField(r)
	if err != nil {
		return nil, err
	}
	choices, err := s.rolesToGive(r, true, bureauRoles)
	if err != nil {
		return nil, err
	}
	fields, err := s.grantFields(r, "specialist", choices)
	if err != nil {
		return nil, err
	}
	v := GrantFormView{Form: partial.Form{Action: href.New(href.Access(f.FirmID)), Cancel: href.Access(f.FirmID), Note: "Walls beat grants. You can end it at any moment.", Fields: append([]partial.Field{person}, fields...)}}
	v.mark(failed)
	if d != nil {
		if err := s.preview(r, f, &v, name, *d); err != nil {
			return nil, err
		}
	}
	return Plain(f.Chrome, PlainView{Head: layout.Head{Title: "Grant access", Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}},
		Lede: "Say who, what they may do, which matters, and until when. Nothing is given before you have seen what it shows.", Sections: []Section{{Title: "Grant", Body: GrantForm(f.CSRF, v)}}}), nil
}

var bureauRoles = []string{"specialist", "Billing specialist", "team_lead", "Team lead", "quality_auditor", "Quality auditor"}

// staffField chooses one of the bureau's people, and names who is chosen.
func (s *Site) staffField(r *httpd.Request) (partial.Field, string, error) {
	staff, err := s.People.Staff(r.Context())
	if err != nil {
		return partial.Field{}, "", err
	}
	pairs, name := []string{"", "choose"}, ""
	for _, p := range staff {
		pairs = append(pairs, string(p.ID), p.Name)
		if string(p.ID) == r.Form("person") {
			name = p.Name
		}
	}
	return partial.Field{Name: "person", Label: "Who at the bureau", Kind: partial.Select, Options: partial.Options(r.Form("person"), pairs...), Required: true}, name, nil
}

// preview fills in what the draft shows and the words of the second step.
func (s *Site) preview(r *httpd.Request, f frame, v *GrantFormView, name string, d grant.Draft) error {
	p, err := s.Grants.Preview(r.Context(), d)
	if err != nil {
		return err
	}
	seen := previewView(name, d, p)
	v.Preview, v.Seen, v.Give = &seen, seenOf(d), "Grant"
	if d.Until != nil {
		v.Give = "Grant until " + format.Date(lastDay(*d.Until, f.Zone))
	}
	return nil
}

// mark puts each complaint beside the field of the form that it is about.
func (v *GrantFormView) mark(failed error) {
	v.Form.Problem = problemIn(failed)
	for _, x := range partial.FaultsOf(failed) {
		switch x.Path {
		case "scope_ids":
			x.Path = "matters"
		case "practice_groups":
			x.Path = "practices"
		}
		v.Form.Faults = append(v.Form.Faults, x)
	}
	for i, x := range v.Form.Fields {
		v.Form.Fields[i].Error = v.Form.Faults.On(x.Name)
	}
}

func (s *Site) grantFields(r *httpd.Request, role string, roles []string) ([]partial.Field, error) {
	matters, err := s.Matters.Matters(r.Context(), "")
	if err != nil {
		return nil, err
	}
	clients, err := s.Matters.Clients(r.Context())
	if err != nil {
		return nil, err
	}
	chosen := map[string]bool{}
	for _, name := range []string{"clients", "matters", "practices"} {
		for _, id := range r.FormList(name) {
			chosen[id] = true
		}
	}
	var clientBoxes, matterBoxes, practiceBoxes []partial.Option
	for _, c := range clients {
		clientBoxes = append(clientBoxes, partial.Option{Value: string(c.ID), Label: c.Name, Selected: chosen[string(c.ID)]})
	}
	groups := map[string]bool{}
	for _, m := range matters {
		matterBoxes = append(matterBoxes, partial.Option{Value: string(m.ID), Label: m.Number + " " + m.Name, Selected: chosen[string(m.ID)]})
		if g := m.PracticeGroup; g != "" && !groups[g] {
			groups[g] = true
			practiceBoxes = append(practiceBoxes, partial.Option{Value: g, Label: g, Selected: chosen[g]})
		}
	}
	until := r.Form("until")
	if until == "" && r.Form("csrf") == "" && r.Form("person") == "" {
		until = format.DateKey(s.Clock.Now().AddDate(0, 0, 30))
	}
	return []partial.Field{
		{Name: "role", Label: "May act as", Kind: partial.Select, Options: partial.Options(titled(r.Form("role"), role), roles...)},
		{Name: "until", Label: "Until the end of", Kind: partial.Date, Value: until, Hint: "At most 180 days for people of the bureau"},
		{Name: "scope", Label: "Covers", Kind: partial.Radio, Value: titled(r.Form("scope"), "matter"), Options: partial.Options("", "matter", "The matters ticked below", "client", "The clients ticked below", "practice", "The practice groups ticked below", "all", "The whole firm"), Wide: true},
		{Name: "matters", Label: "Matters", Kind: partial.Checks, Options: matterBoxes, Wide: true},
		{Name: "clients", Label: "Clients", Kind: partial.Checks, Options: clientBoxes},
		{Name: "practices", Label: "Practice groups", Kind: partial.Checks, Options: practiceBoxes},
		{Name: "class", Label: "Sees", Kind: partial.Select, Options: partial.Options(titled(r.Form("class"), "3"), "1", "Dates and states only", "2", "Amounts and names", "3", "Narratives too")},
		{Name: "label", Label: "Up to level", Kind: partial.Select, Options: partial.Options(titled(r.Form("label"), "0"), "0", "Standard", "1", "Confidential", "2", "Restricted", "3", "Sealed, the matters named")},
		{Name: "reason", Label: "Why", Value: r.Form("reason"), Required: true, Max: 500, Wide: true, Hint: "Stays in the record"},
	}, nil
}

func (s *Site) endGrant(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.GrantID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := s.Grants.EndGrant(r.Context(), id); err != nil {
		return httpd.Reply{}, err
	}
	back := href.Access(r.Firm())
	if r.Form("from") == "review" {
		back = href.AccessReview(r.Firm())
	}
	return httpd.Go(back, "Ended. Their very next click is refused."), nil
}

func (s *Site) invite(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Invite a colleague", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	d, err := s.draftOf(r, f.Zone)
	var g grant.Grant
	if err == nil {
		g, err = s.Grants.Invite(r.Context(), r.Form("name"), r.Form("email"), d)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.invitePage(r, err) })
	}
	if g.Waits != "" {
		return httpd.Go(href.Access(r.Firm()), givenWords(g)), nil
	}
	return httpd.Go(href.Access(r.Firm()), "Invited. The link in the mail works for 72 hours."), nil
}

func (s *Site) invitePage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Invite a colleague", "access")
	if err != nil {
		return nil, err
	}
	choices, err := s.rolesToGive(r, false, []string{"partner", "Partner", "timekeeper", "Timekeeper", "firm_admin", "Administrator"})
	if err != nil {
		return nil, err
	}
	fields, err := s.grantFields(r, "partner", choices)
	if err != nil {
		return nil, err
	}
	form := &partial.Form{Action: href.Access(f.FirmID) + "/invite", Submit: "Send invitation", Cancel: href.Access(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Fields: append([]partial.Field{
			{Name: "name", Label: "Name", Value: r.Form("name"), Required: true, Max: 120},
			{Name: "email", Label: "Work e-mail", Kind: partial.Email, Value: r.Form("email"), Required: true, Max: 254},
		}, fields...)}
	return Plain(f.Chrome, PlainView{Head: layout.Head{Title: "Invite a colleague", Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}}, Sections: []Section{{Title: "Invitation", Form: form}}}), nil
}
