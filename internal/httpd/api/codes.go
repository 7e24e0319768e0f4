package api

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/utbms"
	"github.com/docketry/docketry/rbac"
)

type codes interface {
	List(ctx context.Context, client ident.ClientID) ([]code.Rule, error)
	Get(ctx context.Context, id ident.ClientCode) (code.Rule, error)
	Lay(ctx context.Context, r code.Rule) (code.Rule, error)
	End(ctx context.Context, id ident.ClientCode, version int, until time.Time) (code.Rule, error)
	Withdraw(ctx context.Context, id ident.ClientCode, version int) (code.Rule, error)
}

type codeUse interface {
	CodeUse(ctx context.Context, f capture.Filter) (map[string]int64, error)
}

// Code is one of a published set.
type Code struct {
	Set     string `json:"set" class:"C1" enum:"litigation,project,counseling,bankruptcy,ediscovery,activity,activity_2013_ext,expense"`
	Code    string `json:"code" class:"C1"`
	Parent  string `json:"parent,omitempty" class:"C1"`
	Name    string `json:"name" class:"C1"`
	Heading bool   `json:"heading" class:"C1" doc:"another code is below it, so that it stands on no line"`
}

// ClientCode is what a client lays down about a code for a time.
type ClientCode struct {
	ID          ident.ClientCode `json:"id" class:"C1"`
	Client      ident.ClientID   `json:"client_id" class:"C1"`
	ClientName  string           `json:"client_name,omitempty" class:"C2"`
	Kind        code.Kind        `json:"kind" class:"C1" enum:"own,banned,renamed" doc:"own: beside the published sets; banned: not taken; renamed: the client's name for a published code"`
	Set         string           `json:"set" class:"C1"`
	Code        string           `json:"code,omitempty" class:"C2"`
	Parent      string           `json:"parent,omitempty" class:"C2" doc:"of an own code: the published heading above it"`
	Name        string           `json:"name,omitempty" class:"C2"`
	Instead     string           `json:"instead,omitempty" class:"C2" doc:"of a banned code: what to use"`
	From        string           `json:"from" class:"C1" format:"date" doc:"first work date"`
	Until       string           `json:"until,omitempty" class:"C1" format:"date" doc:"last work date"`
	Reference   string           `json:"reference,omitempty" class:"C2"`
	By          string           `json:"by" class:"C1"`
	At          time.Time        `json:"at" class:"C1"`
	WithdrawnAt *time.Time       `json:"withdrawn_at,omitempty" class:"C1" doc:"it never held"`
	Version     int              `json:"version" class:"C1"`
}

func toClientCode(r code.Rule) ClientCode {
	return ClientCode{r.ID, r.Client, r.ClientName, r.Kind, r.Set, r.Code, r.Parent, r.Name, r.Instead, day(r.From), dayOf(r.Until), r.Reference, r.By, r.At.UTC(), utc(r.Withdrawn), r.Version}
}

// CodeUse is how many entries have a code.
type CodeUse struct {
	Code    string `json:"code,omitempty" class:"C2"`
	Entries int64  `json:"entries,omitempty" class:"C2" doc:"list entries by the same filter and this code for them"`
}

// CodeBook mounts the published codes, and what clients lay down about codes.
func CodeBook(s *httpd.Server, v codes, use codeUse) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/codes", Needs: rbac.ClientRead, Summary: "The published codes, by set and code"},
		func(_ context.Context, in *struct {
			InFirm
			Set string `query:"set" enum:"litigation,project,counseling,bankruptcy,ediscovery,activity,activity_2013_ext,expense"`
		}) (*Many[Code], error) {
			var list []utbms.Code
			for _, c := range utbms.All() {
				if in.Set == "" || c.Set == in.Set {
					list = append(list, c)
				}
			}
			return many(list, nil, func(c utbms.Code) Code { return Code(c) })
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/code-use", Needs: rbac.EntryRead, Summary: "How many entries have each code, of matters of which you see the figures"},
		func(ctx context.Context, in *struct {
			InFirm
			Client string `query:"client_id"`
			From   string `query:"from" doc:"first work date"`
			To     string `query:"to" doc:"last work date"`
		}) (*Many[CodeUse], error) {
			f, err := entryFilter{Client: in.Client, From: in.From, To: in.To}.filter()
			if err != nil {
				return nil, err
			}
			n, err := use.CodeUse(ctx, f)
			return many(slices.Sorted(maps.Keys(n)), err, func(c string) CodeUse { return CodeUse{c, n[c]} })
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/client-codes", Needs: rbac.ClientRead, Summary: "What clients lay down about codes, by client and code; what ended too"},
		func(ctx context.Context, in *struct {
			InFirm
			Client string `query:"client_id"`
		}) (*Many[ClientCode], error) {
			client, err := optionalID[ident.ClientID](in.Client)
			if err != nil {
				return nil, err
			}
			list, err := v.List(ctx, client)
			return many(list, err, toClientCode)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/client-codes/{id}", Needs: rbac.ClientRead, Summary: "What a client lays down about one code"},
		func(ctx context.Context, in *ByID) (*One[ClientCode], error) {
			id, err := idOf[ident.ClientCode](in.ID)
			if err != nil {
				return nil, err
			}
			r, err := v.Get(ctx, id)
			return versioned(toClientCode(r), r.Version, err)
		})
	layCode(s, v)
}

func layCode(s *httpd.Server, v codes) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/client-codes", Needs: rbac.ClientEdit, Summary: "Lay down a code of a client's own, that it does not take one, or its name for one; on a day one of them holds of a code", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Client    string    `json:"client_id"`
				Kind      code.Kind `json:"kind" enum:"own,banned,renamed"`
				Set       string    `json:"set,omitempty" maxLength:"20" doc:"of an own code; that of a published one follows from it"`
				Code      string    `json:"code" maxLength:"20"`
				Parent    string    `json:"parent,omitempty" maxLength:"20" doc:"of an own code: a published heading of its set"`
				Name      string    `json:"name,omitempty" maxLength:"80"`
				Instead   string    `json:"instead,omitempty" maxLength:"20" doc:"of a banned code: what to use"`
				From      string    `json:"from"`
				Until     string    `json:"until,omitempty"`
				Reference string    `json:"reference,omitempty" maxLength:"200"`
			}
		}) (*One[ClientCode], error) {
			b := in.Body
			r := code.Rule{Kind: b.Kind, Set: b.Set, Code: b.Code, Parent: b.Parent, Name: b.Name, Instead: b.Instead, Reference: b.Reference}
			var err error
			if r.Client, err = idOf[ident.ClientID](b.Client); err != nil {
				return nil, err
			}
			if r.From, err = parseDay("from", b.From); err != nil {
				return nil, err
			}
			if r.Until, err = lastDay(b.Until); err != nil {
				return nil, err
			}
			made, err := v.Lay(ctx, r)
			return versioned(toClientCode(made), made.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/client-codes/{id}/end", Needs: rbac.ClientEdit, Summary: "Have it hold up to a work date"},
		func(ctx context.Context, in *struct {
			Changing
			Body untilBody
		}) (*One[ClientCode], error) {
			id, version, err := changing[ident.ClientCode](in.Changing)
			if err != nil {
				return nil, err
			}
			until, err := parseDay("until", in.Body.Until)
			if err != nil {
				return nil, err
			}
			r, err := v.End(ctx, id, version, until)
			return versioned(toClientCode(r), r.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/client-codes/{id}/withdraw", Needs: rbac.ClientEdit, Summary: "Take back what was entered by mistake: it never held"},
		func(ctx context.Context, in *Changing) (*One[ClientCode], error) {
			id, version, err := changing[ident.ClientCode](*in)
			if err != nil {
				return nil, err
			}
			r, err := v.Withdraw(ctx, id, version)
			return versioned(toClientCode(r), r.Version, err)
		})
}

// lastDay reads a day that may be open.
func lastDay(text string) (*time.Time, error) {
	on, err := parseDay("until", text)
	if err != nil || on.IsZero() {
		return nil, err
	}
	return &on, nil
}
