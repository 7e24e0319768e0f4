package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

type guides interface {
	Guides(ctx context.Context) ([]guideline.Guide, error)
	Guide(ctx context.Context, id ident.GuideID) (guideline.Guide, error)
	SaveGuide(ctx context.Context, n guideline.NewGuide) (guideline.Guide, error)
	SignGuide(ctx context.Context, id ident.GuideID, hash string) (guideline.Guide, error)
	EndGuide(ctx context.Context, id ident.GuideID) (guideline.Guide, error)
	Try(ctx context.Context, id ident.GuideID) (guideline.Trial, error)
}

// Guide is one version of billing guidelines of a payor, matter, client, group of clients or the firm.
type Guide struct {
	ID       ident.GuideID   `json:"id" class:"C1"`
	Client   ident.ClientID  `json:"client_id,omitempty" class:"C1"`
	Matter   ident.MatterID  `json:"matter_id,omitempty" class:"C1"`
	Payor    ident.PayorID   `json:"payor_id,omitempty" class:"C1"`
	Group    ident.GroupID   `json:"client_group_id,omitempty" class:"C1"`
	Number   int             `json:"number" class:"C1" doc:"version of this place"`
	From     string          `json:"from" class:"C1" format:"date" doc:"first day in force"`
	Status   string          `json:"status" class:"C1" enum:"draft,signed,ended"`
	Hash     string          `json:"hash" class:"C1" doc:"what a signature binds"`
	Body     json.RawMessage `json:"guidelines,omitempty" class:"C2" doc:"as docketry guideline check --rules reads it"`
	SignedAt *time.Time      `json:"signed_at,omitempty" class:"C1"`
	EndedAt  *time.Time      `json:"ended_at,omitempty" class:"C1"`
}

func toGuide(g guideline.Guide) Guide {
	body, err := g.Body.JSON()
	if err != nil {
		body = nil // strings and numbers always have a JSON text
	}
	return Guide{g.ID, g.Client, g.Matter, g.Payor, g.Group, g.Number, day(g.From), string(g.Status), g.Hash, body, utc(g.SignedAt), utc(g.EndedAt)}
}

// Trial is what a version would find on the last 90 days' entries.
type Trial struct {
	Since   string      `json:"since" class:"C1" format:"date"`
	Lines   int         `json:"lines" class:"C1"`
	More    bool        `json:"more" class:"C1" doc:"older lines of that time were not tried"`
	Failed  int         `json:"failed" class:"C1" doc:"times that a rule could not be judged"`
	Rules   []TriedRule `json:"rules" class:"C1"`
	Changed []TriedLine `json:"changed" class:"C1"`
	Hidden  int         `json:"hidden" class:"C1" doc:"changed lines that are not listed"`
}

// TriedRule is one rule's findings by what is in force and by the version.
type TriedRule struct {
	Rule     string   `json:"rule" class:"C1"`
	Name     string   `json:"name" class:"C1"`
	Severity string   `json:"severity" class:"C1"`
	Before   int      `json:"before" class:"C1"`
	After    int      `json:"after" class:"C1"`
	AtRisk   []*Money `json:"at_risk,omitempty" class:"C2"`
}

// TriedLine is an entry that would be judged differently.
type TriedLine struct {
	Entry  ident.EntryID `json:"entry_id" class:"C1"`
	Matter string        `json:"matter,omitempty" class:"C2"`
	On     string        `json:"on" class:"C1" format:"date"`
	Rule   string        `json:"rule" class:"C1"`
	New    bool          `json:"new" class:"C1" doc:"false: the finding would be gone"`
	Value  *Money        `json:"value,omitempty" class:"C2"`
}

func toTrial(t guideline.Trial) Trial {
	out := Trial{Since: day(t.Since), Lines: t.Lines, More: t.More, Failed: t.Failed, Rules: make([]TriedRule, len(t.Rules)), Changed: make([]TriedLine, len(t.Changed)), Hidden: t.Hidden}
	for i, r := range t.Rules {
		out.Rules[i] = TriedRule{r.Rule, r.Name, string(r.Severity), r.Before, r.After, make([]*Money, len(r.AtRisk))}
		for k, a := range r.AtRisk {
			out.Rules[i].AtRisk[k] = amount(a.Minor, a.Currency)
		}
	}
	for i, l := range t.Changed {
		out.Changed[i] = TriedLine{l.Entry, l.Matter, day(l.On), l.Rule, l.New, amount(l.Value.Minor, l.Value.Currency)}
	}
	return out
}

type guideBody struct {
	Client string          `json:"client_id,omitempty"`
	Matter string          `json:"matter_id,omitempty"`
	Payor  string          `json:"payor_id,omitempty"`
	Group  string          `json:"client_group_id,omitempty"`
	From   string          `json:"from,omitempty" doc:"first day in force; today when empty"`
	Body   json.RawMessage `json:"guidelines"`
}

func (b guideBody) to() (n guideline.NewGuide, err error) {
	n.Body = b.Body
	if n.Client, err = optionalID[ident.ClientID](b.Client); err != nil {
		return n, err
	}
	if n.Matter, err = optionalID[ident.MatterID](b.Matter); err != nil {
		return n, err
	}
	if n.Payor, err = optionalID[ident.PayorID](b.Payor); err != nil {
		return n, err
	}
	if n.Group, err = optionalID[ident.GroupID](b.Group); err != nil {
		return n, err
	}
	if b.From != "" {
		n.From, err = parseDay("from", b.From)
	}
	return n, err
}

// Guides mounts billing guidelines.
func Guides(s *httpd.Server, v guides) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/guidelines", Needs: rbac.GuideRead, Summary: "Billing guidelines, the newest version of each place first"},
		func(ctx context.Context, _ *InFirm) (*Many[Guide], error) {
			list, err := v.Guides(ctx)
			return many(list, err, toGuide)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/guidelines", Needs: rbac.GuideEdit, Summary: "Save a draft in place of the one that is there", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body guideBody
		}) (*One[Guide], error) {
			n, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			g, err := v.SaveGuide(ctx, n)
			return one(toGuide(g), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/guidelines/{id}", Needs: rbac.GuideRead, Summary: "One version of billing guidelines"},
		func(ctx context.Context, in *ByID) (*One[Guide], error) {
			return guideAct(ctx, in.ID, v.Guide)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/guidelines/{id}/trial", Needs: rbac.GuideRead, Summary: "What this version would find on the last 90 days' entries"},
		func(ctx context.Context, in *ByID) (*One[Trial], error) {
			id, err := idOf[ident.GuideID](in.ID)
			if err != nil {
				return nil, err
			}
			t, err := v.Try(ctx, id)
			return one(toTrial(t), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/guidelines/{id}/sign", Needs: rbac.GuideSign, Summary: "Put a draft in force for the firm"},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Hash string `json:"hash" maxLength:"64"`
			}
		}) (*One[Guide], error) {
			return guideAct(ctx, in.ID, func(ctx context.Context, id ident.GuideID) (guideline.Guide, error) {
				return v.SignGuide(ctx, id, in.Body.Hash)
			})
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/guidelines/{id}/end", Needs: rbac.GuideSign, Summary: "Take a signed version out of force"},
		func(ctx context.Context, in *ByID) (*One[Guide], error) {
			return guideAct(ctx, in.ID, v.EndGuide)
		})
}

func guideAct(ctx context.Context, id string, act func(context.Context, ident.GuideID) (guideline.Guide, error)) (*One[Guide], error) {
	g, err := idOf[ident.GuideID](id)
	if err != nil {
		return nil, err
	}
	got, err := act(ctx, g)
	return one(toGuide(got), err)
}
