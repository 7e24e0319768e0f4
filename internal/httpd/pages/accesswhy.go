package pages

import (
	"fmt"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// accessWhy asks why a person may or may not do something, and answers below the form.
func (s *Site) accessWhy(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Why may they?", "access")
	if err != nil {
		return httpd.Reply{}, err
	}
	v := PlainView{Head: layout.Head{Title: "Why may they?", Crumbs: []partial.Link{{Text: "Access", Href: href.Access(f.FirmID)}}},
		Lede: "Choose who, what and which matter. The answer names the grant, the line of the policy or the wall that decides."}
	q := filtersOf(r)
	asked := whyAsked{who: q.text("person"), act: q.one("permission", "is nothing that a person may do here", "choose an act", allActs()...), matter: q.text("matter")}
	fields, err := s.whyFields(r, asked)
	if err != nil {
		return httpd.Reply{}, err
	}
	v.Sections = []Section{{Title: "The question", Body: AskForm(href.AccessWhy(f.FirmID), "Ask", fields)}}
	if asked.who == "" || asked.act == "" {
		return q.plain(f, v), nil
	}
	answer, err := s.whyAnswer(r, f, asked)
	if err != nil {
		return httpd.Reply{}, err
	}
	v.Sections = append(answer, v.Sections...)
	return q.plain(f, v), nil
}

// whyAsked is the question of the address.
type whyAsked struct{ who, act, matter string }

func allActs() (acts []string) {
	for _, p := range rbac.All() {
		acts = append(acts, string(p))
	}
	return acts
}

// whyFields are the question: people with access now or once, acts, matters.
func (s *Site) whyFields(r *httpd.Request, asked whyAsked) ([]partial.Field, error) {
	grants, err := s.Grants.Grants(r.Context(), true)
	if err != nil {
		return nil, err
	}
	matters, err := s.Matters.Matters(r.Context(), "")
	if err != nil {
		return nil, err
	}
	who, seen := []string{"", "choose"}, map[ident.PersonID]bool{}
	for _, g := range grants {
		if !seen[g.Person] {
			seen[g.Person] = true
			who = append(who, string(g.Person), g.Name)
		}
	}
	things := []string{"", "the firm as a whole"}
	for _, m := range matters {
		things = append(things, string(m.ID), m.Number+" "+m.Name)
	}
	return []partial.Field{
		{Name: "person", Label: "Who", Kind: partial.Select, Options: partial.Options(asked.who, who...), Required: true},
		{Name: "permission", Label: "May they", Kind: partial.Select, Options: actOptions(asked.act), Required: true},
		{Name: "matter", Label: "For", Kind: partial.Select, Options: partial.Options(asked.matter, things...)},
	}, nil
}

// actOptions are the permissions as words, those of one noun together.
func actOptions(chosen string) []partial.Option {
	acts := rbac.All()
	slices.SortFunc(acts, func(a, b rbac.Permission) int { return strings.Compare(string(a), string(b)) })
	pairs := []string{"", "choose"}
	for _, p := range acts {
		pairs = append(pairs, string(p), permissionWord(p))
	}
	return partial.Options(chosen, pairs...)
}

func (s *Site) whyAnswer(r *httpd.Request, f frame, asked whyAsked) ([]Section, error) {
	who, err := ident.Parse[ident.PersonID](asked.who)
	if err != nil {
		return nil, err
	}
	matter, err := idOrNone[ident.MatterID](asked.matter)
	if err != nil {
		return nil, err
	}
	x, err := s.Grants.Explain(r.Context(), who, rbac.Permission(asked.act), matter)
	if err != nil {
		return nil, err
	}
	walls, err := s.Grants.Walls(r.Context())
	if err != nil {
		return nil, err
	}
	return whySections(f, x, walls), nil
}

// whySections is an explanation: the answer in a sentence, the walls that stand, and
// what each grant did for it.
func whySections(f frame, x *authz.Explanation, walls []grant.Wall) []Section {
	out := []Section{{ID: "answer", Title: "The answer", Note: "As of " + format.Moment(x.At.In(f.Zone)), Body: whyNote(x)}}
	if len(x.Walls) > 0 {
		t := &partial.Table{Caption: "Walls that stand before it", Columns: []partial.Column{{Head: "Kept from"}, {Head: "Why"}, {Head: "Raised by", Minor: true}, {Head: "Since", NoWrap: true}}}
		for _, w := range walls {
			if slices.Contains(x.Walls, w.ID) {
				t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: wallNames(w), Href: href.Walls(f.FirmID), Key: true}, partial.Txt(w.Reason), partial.Txt(w.SetBy), partial.Txt(format.Date(w.Since.In(f.Zone)))}})
			}
		}
		out = append(out, Section{Title: "Walls", Note: "A wall beats every grant", Table: t})
	}
	t := &partial.Table{Caption: "Grants", Columns: []partial.Column{{Head: "Grant"}, {Head: "What it does here"}, {Head: "Line of the policy"}, {Head: "Sees", Minor: true}, {Head: "From", NoWrap: true, Minor: true}, {Head: "Until", NoWrap: true, Minor: true}},
		Empty: partial.Empty{Icon: "key", Title: "No grant"}}
	for _, g := range x.Grants {
		until := "open"
		switch {
		case g.Ended != nil:
			until = "ended " + format.Date(g.Ended.In(f.Zone))
		case g.Until != nil:
			until = format.Date(lastDay(*g.Until, f.Zone))
		}
		line := partial.Cell{Text: g.Line, Code: true}
		if g.Line == "" {
			line = partial.Txt("none gives it to this role")
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: roleSays(g), Sub: scopeKindWords(g.Scope) + ", up to " + g.Label.String(), Key: true},
			partial.Node(partial.ChipMark(verdictChip(g.Verdict))), line, partial.Txt(classWords(g.Class)), partial.Txt(format.Date(g.From.In(f.Zone))), partial.Txt(until)}})
	}
	return append(out, Section{Title: "Every grant they ever had here", Table: t})
}

func whyNote(x *authz.Explanation) templ.Component {
	if x.Allowed {
		return Answer(partial.OK, "check", whySentence(x))
	}
	return Answer(partial.Bad, map[authz.Because]string{authz.BecauseWall: "wall", authz.BecauseDisabled: "lock", authz.BecauseNone: "lock", authz.BecauseFactor: "key"}[x.Because], whySentence(x))
}

// whySentence is the answer in words.
func whySentence(x *authz.Explanation) string {
	act := permissionWord(x.Permission)
	switch x.Because {
	case authz.BecauseGranted:
		var roles []string
		for _, g := range x.Grants {
			if role := strings.ToLower(roleSays(g)); g.Verdict == authz.VerdictGives && !slices.Contains(roles, role) {
				roles = append(roles, role)
			}
		}
		words := fmt.Sprintf("%s may: access as %s includes %q.", x.Name, strings.Join(roles, " and "), act)
		if c := authz.Class(x.Permission.Class()); c > shownTo(x) {
			words += " Fields above \"" + classWords(shownTo(x)) + "\" are left out."
		}
		return words
	case authz.BecauseWall:
		return x.Name + " may not: a wall stands before this matter, whatever they are granted."
	case authz.BecauseFactor:
		return x.Name + " may not at the moment: restricted and sealed matters show for half an hour after the second factor, and nowhere have they shown theirs since."
	case authz.BecauseDisabled:
		return x.Name + " may not: they can no longer sign in."
	default:
		return fmt.Sprintf("%s may not: nothing they hold here gives %q. Each grant below says why.", x.Name, act)
	}
}

// shownTo is the highest class that a giving grant shows.
func shownTo(x *authz.Explanation) (c authz.Class) {
	for _, g := range x.Grants {
		if g.Verdict == authz.VerdictGives {
			c = max(c, g.Class)
		}
	}
	return c
}

func verdictChip(v authz.Verdict) partial.Chip {
	switch v {
	case authz.VerdictGives:
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Gives it"}
	case authz.VerdictEnded:
		return partial.Chip{Icon: "x", Text: "Was ended"}
	case authz.VerdictNotYet:
		return partial.Chip{Icon: "clock", Text: "Has not begun"}
	case authz.VerdictOver:
		return partial.Chip{Icon: "clock", Text: "Is over"}
	case authz.VerdictWaits:
		return partial.Chip{Tone: partial.Warn, Icon: "hold", Text: "Undertaking not given"}
	case authz.VerdictRole:
		return partial.Chip{Icon: "x", Text: "Not in this role"}
	case authz.VerdictScope:
		return partial.Chip{Icon: "x", Text: "Not in scope"}
	default:
		return partial.Chip{Icon: "lock", Text: "Above its level"}
	}
}

func roleSays(g authz.Explained) string {
	if g.Named != "" {
		return g.Named
	}
	return g.Role.Says()
}

func scopeKindWords(k authz.ScopeKind) string {
	switch k {
	case authz.ScopeAll:
		return "the whole firm"
	case authz.ScopeClient:
		return "named clients"
	case authz.ScopeMatter:
		return "named matters"
	default:
		return "practice groups"
	}
}

func wallNames(w grant.Wall) string {
	return strings.Join(w.Names, ", ")
}
