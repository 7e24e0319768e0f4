package pages

import (
	"fmt"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// MountTokens adds the tokens with which programs act in a firm.
func (s *Site) MountTokens(srv *httpd.Server) {
	get(srv, "/firms/{firm}/tokens", rbac.TokenRead, s.tokens)
	fill(srv, "/firms/{firm}/tokens", rbac.TokenCreate, s.createToken, func(r *httpd.Request, failed error) (templ.Component, error) { return s.tokenPage(r, "", failed) })
	post(srv, "/firms/{firm}/tokens/{id}/end", rbac.TokenEnd, s.endToken)
}

func (s *Site) tokens(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.tokenPage(r, "", nil)
	return httpd.Show(page), err
}

// tokenPage shows the list, the form, and a token that was just made.
func (s *Site) tokenPage(r *httpd.Request, made string, failed error) (templ.Component, error) {
	f, err := s.frame(r, "API tokens", "tokens")
	if err != nil {
		return nil, err
	}
	list, err := s.People.Tokens(r.Context())
	if err != nil {
		return nil, err
	}
	v := PlainView{Head: layout.Head{Title: "API tokens"},
		Lede: "A token lets a program of the firm call the JSON API for the person who made it. It stops when that person loses one of its rights."}
	if made != "" {
		v.Sections = append(v.Sections, Section{Title: "Your new token", Note: "Copy it now: it is not shown again", Facts: []partial.Fact{{Name: "Token", Value: made, Code: true}}})
	}
	v.Sections = append(v.Sections, Section{Title: "Tokens", Table: s.tokenTable(f, list)})
	if f.May(rbac.TokenCreate) {
		form, err := s.tokenForm(r, f, made != "", failed)
		if err != nil {
			return nil, err
		}
		v.Sections = append(v.Sections, Section{Title: "Make a token", Form: form})
	}
	return Plain(f.Chrome, v), nil
}

func (s *Site) tokenTable(f frame, list []people.Token) *partial.Table {
	t := &partial.Table{Caption: "API tokens", Columns: []partial.Column{{Head: "Name"}, {Head: "May", Minor: true}, {Head: "From"}, {Head: "Last used", NoWrap: true}, {Head: "Ends", NoWrap: true}, {Head: "End", Hidden: true}},
		Empty: partial.Empty{Icon: "key", Title: "No tokens"}}
	now := s.Clock.Now()
	for _, x := range list {
		used, ends, end := "never", format.Date(x.Expires.In(f.Zone)), partial.Txt("")
		if x.LastUsed != nil {
			used = format.Moment(x.LastUsed.In(f.Zone))
		}
		switch {
		case x.Ended != nil:
			ends = "ended " + format.Date(x.Ended.In(f.Zone))
		case !x.Live(now):
			ends = "expired " + ends
		case f.May(rbac.TokenEnd):
			end = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "End", Action: href.Act(href.Token(f.FirmID, x.ID), "end"), Class: "sm danger"}))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: x.Name, Sub: "by " + x.By, Key: true}, {Text: permissionWords(x.Permissions), Sub: classWords(x.Class)},
			partial.Txt(strings.Join(x.Networks, ", ")), partial.Txt(used), partial.Txt(ends), end}})
	}
	return t
}

func permissionWords(list []rbac.Permission) string {
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = permissionWord(p)
	}
	return strings.Join(words, ", ")
}

// permissionWord is "read invoice" for invoice.read.
func permissionWord(p rbac.Permission) string {
	object, act, _ := strings.Cut(string(p), ".")
	return act + " " + strings.ReplaceAll(object, "_", " ")
}

func (s *Site) tokenForm(r *httpd.Request, f frame, fresh bool, failed error) (*partial.Form, error) {
	choices, err := s.People.TokenChoices(r.Context())
	if err != nil {
		return nil, err
	}
	typed := func(name, otherwise string) string {
		if fresh || failed == nil {
			return otherwise
		}
		return r.Form(name)
	}
	var boxes []partial.Option
	for _, p := range choices {
		boxes = append(boxes, partial.Option{Value: string(p), Label: permissionWord(p), Selected: failed != nil && slices.Contains(r.FormList("permissions"), string(p))})
	}
	return &partial.Form{Action: href.Tokens(f.FirmID), Submit: "Make the token", Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Note: "People, grants, walls, exports, approvals and bank details are never a program's.",
		Fields: []partial.Field{
			{Name: "name", Label: "Name", Value: typed("name", ""), Required: true, Max: 80, Hint: "Which program it is for"},
			{Name: "days", Label: "Days until it ends", Kind: partial.Decimal, Value: typed("days", "90"), Required: true, Hint: "At most 90"},
			{Name: "class", Label: "Sees", Kind: partial.Select, Options: partial.Options(typed("class", "2"), "1", "Dates and states only", "2", "Amounts and names", "3", "Narratives too")},
			{Name: "networks", Label: "May come from", Kind: partial.Area, Rows: 3, Value: typed("networks", ""), Required: true, Hint: "Networks such as 198.51.100.0/24, one a line", Wide: true},
			{Name: "permissions", Label: "May", Kind: partial.Checks, Options: boxes, Wide: true},
		}}, nil
}

func (s *Site) createToken(r *httpd.Request) (httpd.Reply, error) {
	d := people.TokenDraft{Name: r.Form("name"), Class: authz.Class(r.FormInt("class")), Networks: strings.Fields(strings.ReplaceAll(r.Form("networks"), ",", " ")), Days: r.FormInt("days")}
	for _, p := range r.FormList("permissions") {
		d.Permissions = append(d.Permissions, rbac.Permission(p))
	}
	_, text, err := s.People.CreateToken(r.Context(), d)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.tokenPage(r, "", err) })
	}
	page, err := s.tokenPage(r, text.Reveal(), nil)
	if err != nil {
		return httpd.Reply{}, fmt.Errorf("show the new token: %w", err)
	}
	return httpd.ShowOnce(page), nil
}

func (s *Site) endToken(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TokenID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := s.People.EndToken(r.Context(), id); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Tokens(r.Firm()), "The token has ended."), nil
}
