package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Preview is what a grant would let its person see.
type Preview struct {
	Items  []Effect       `json:"items"`
	Counts []PreviewCount `json:"counts"`
	Sample *PreviewSample `json:"sample,omitempty" doc:"one entry as the person would see it"`
}

// PreviewCount is how much falls under one result.
type PreviewCount struct {
	Result  grant.Result `json:"result" class:"C1" enum:"sees,label,scope,wall"`
	Matters int          `json:"matters" class:"C1"`
	Entries int          `json:"entries" class:"C1"`
}

// PreviewSample is an entry cut to the grant's class.
type PreviewSample struct {
	Matter    ident.MatterID `json:"matter_id" class:"C1"`
	WorkedOn  string         `json:"worked_on,omitempty" class:"C2" format:"date"`
	Hours     string         `json:"hours,omitempty" class:"C2"`
	Code      string         `json:"code,omitempty" class:"C2"`
	Amount    *Money         `json:"amount,omitempty" class:"C2"`
	Narrative string         `json:"narrative,omitempty" class:"C3"`
	Withheld  []string       `json:"withheld" class:"C1" doc:"classes of fields that the person would not see"`
}

func toPreview(p grant.Preview) Preview {
	out := Preview{Items: make([]Effect, len(p.Effects)), Counts: []PreviewCount{}}
	for i, e := range p.Effects {
		out.Items[i] = Effect{e.Matter, e.Number, e.Name, e.Client, e.Label.String(), e.Entries, e.Result}
	}
	for _, r := range []grant.Result{grant.ResultSees, grant.ResultLabel, grant.ResultWall, grant.ResultScope} {
		out.Counts = append(out.Counts, PreviewCount{r, p.Matters[r], p.Entries[r]})
	}
	s := p.Sample
	if s == nil {
		return out
	}
	out.Sample = &PreviewSample{Matter: s.Matter, Code: s.Code, Narrative: s.Narrative, Withheld: []string{}}
	if s.HidesC3 {
		out.Sample.Withheld = append(out.Sample.Withheld, "C3")
	}
	if s.HidesC2 {
		out.Sample.Withheld = append(out.Sample.Withheld, "C2")
	} else {
		out.Sample.WorkedOn, out.Sample.Hours, out.Sample.Amount = day(s.WorkedOn), decimal(s.Hours), amount(s.Amount.Minor, s.Amount.Currency)
	}
	return out
}

// AccessRequest is a grant before it is one.
type AccessRequest struct {
	ID        ident.RequestID     `json:"id" class:"C1"`
	Kind      grant.RequestKind   `json:"kind" class:"C1" enum:"ask,second,emergency" doc:"ask: the bureau asks; second: a new administrator waits for a second one; emergency: an administrator of the bureau asks for an hour"`
	Status    grant.RequestStatus `json:"status" class:"C1" enum:"waiting,given,refused,withdrawn"`
	Person    ident.PersonID      `json:"person_id" class:"C1"`
	Name      string              `json:"name" class:"C1"`
	Role      rbac.Role           `json:"role" class:"C1"`
	Scope     authz.ScopeKind     `json:"scope" class:"C1" enum:"all,client,matter,practice"`
	Names     []string            `json:"scope_names,omitempty" class:"C2"`
	Hidden    int                 `json:"scope_hidden,omitempty" class:"C1"`
	Practices []string            `json:"practice_groups,omitempty" class:"C2"`
	Class     int                 `json:"class" class:"C1"`
	Label     string              `json:"label" class:"C1"`
	Until     *time.Time          `json:"until,omitempty" class:"C1"`
	Reason    string              `json:"reason,omitempty" class:"C2"`
	AskedBy   string              `json:"asked_by" class:"C1"`
	AskedAt   time.Time           `json:"asked_at" class:"C1"`
	Narrower  bool                `json:"narrower" class:"C1" doc:"given, but less than was asked for"`
	DecidedBy string              `json:"decided_by,omitempty" class:"C1"`
	DecidedAt *time.Time          `json:"decided_at,omitempty" class:"C1"`
	Answer    string              `json:"answer,omitempty" class:"C2"`
	Grant     ident.GrantID       `json:"grant_id,omitempty" class:"C1"`
}

func toRequest(r grant.Request) AccessRequest {
	return AccessRequest{r.ID, r.Kind, r.Status, r.Person, r.Name, r.Role, r.Scope, r.Names, r.Hidden, r.Practices, int(r.Class), r.Label.String(), utc(r.Until), r.Reason,
		r.AskedName, r.AskedAt.UTC(), r.Narrower, r.DecidedBy, utc(r.DecidedAt), r.Answer, r.Grant}
}

// Refusal is a body with why.
type Refusal struct {
	ByID
	Body struct {
		Reason string `json:"reason" maxLength:"500"`
	}
}

// SoleProposal is a proposal of another firm, as the bureau's administrator names it.
type SoleProposal struct {
	ByID
	Body struct {
		For    string `json:"firm_id" doc:"the firm where it waits"`
		Reason string `json:"reason,omitempty" maxLength:"500" doc:"of a refusal"`
	}
}

func mountRequests(s *httpd.Server, v grants) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/access-requests", Needs: rbac.GrantAsk, Summary: "Ask the firm for access; the bureau's administrator names the firm in the body", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				For string `json:"firm_id,omitempty" doc:"only in the bureau's own domain"`
				PersonDraft
			}
		}) (*One[AccessRequest], error) {
			d, err := in.Body.toDraft()
			if err != nil {
				return nil, err
			}
			if in.Body.For == "" {
				r, err := v.Ask(ctx, d)
				return one(toRequest(r), err)
			}
			firm, err := idOf[ident.FirmID](in.Body.For)
			if err != nil {
				return nil, err
			}
			r, err := v.AskFor(ctx, firm, d)
			return one(toRequest(r), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/access-requests", Needs: rbac.GrantRead, Summary: "Requests for access, the waiting first"},
		func(ctx context.Context, _ *InFirm) (*Many[AccessRequest], error) {
			list, err := v.Requests(ctx)
			return many(list, err, toRequest)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/access-requests/mine", Needs: rbac.GrantAsk, Summary: "Requests you made"},
		func(ctx context.Context, _ *InFirm) (*Many[AccessRequest], error) {
			list, err := v.Requests(ctx)
			return many(list, err, toRequest)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/access-requests/{id}/give", Needs: rbac.GrantGive, Summary: "Give what was asked for, or less; for a proposed administrator and for emergency access the second word, whatever the body says", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body GrantDraft
		}) (*One[Grant], error) {
			id, err := idOf[ident.RequestID](in.ID)
			if err != nil {
				return nil, err
			}
			d, err := in.Body.toDraft()
			if err != nil {
				return nil, err
			}
			g, err := v.Answer(ctx, id, d)
			return one(toGrant(g), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/access-requests/{id}/refuse", Needs: rbac.GrantGive, Summary: "Refuse a request, with a reason", Status: 204},
		func(ctx context.Context, in *Refusal) (*Empty, error) {
			id, err := idOf[ident.RequestID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Refuse(ctx, id, in.Body.Reason))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/access-requests/{id}/withdraw", Needs: rbac.GrantAsk, Summary: "Take back your request", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.RequestID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Withdraw(ctx, id))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/sole-administrators/{id}/confirm", Needs: rbac.GrantConfirm, Summary: "Confirm a firm's second administrator after a day, where it has one only", Status: 201},
		func(ctx context.Context, in *SoleProposal) (*One[Grant], error) {
			firm, id, err := in.ids()
			if err != nil {
				return nil, err
			}
			g, err := v.ConfirmSole(ctx, firm, id)
			return one(toGrant(g), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/sole-administrators/{id}/refuse", Needs: rbac.GrantConfirm, Summary: "Refuse such a proposal", Status: 204},
		func(ctx context.Context, in *SoleProposal) (*Empty, error) {
			firm, id, err := in.ids()
			if err != nil {
				return nil, err
			}
			return done(v.RefuseSole(ctx, firm, id, in.Body.Reason))
		})
}

func (in SoleProposal) ids() (ident.FirmID, ident.RequestID, error) {
	firm, err := idOf[ident.FirmID](in.Body.For)
	if err != nil {
		return "", "", err
	}
	id, err := idOf[ident.RequestID](in.ID)
	return firm, id, err
}
