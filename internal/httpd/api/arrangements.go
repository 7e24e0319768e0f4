package api

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

type arrangements interface {
	List(ctx context.Context) (arrangement.Versions, error)
	Get(ctx context.Context, id ident.ArrangementID) (arrangement.Version, error)
	Agree(ctx context.Context, n arrangement.Agreement) (arrangement.Version, error)
	End(ctx context.Context, id ident.ArrangementID, day time.Time) (arrangement.Version, error)
	Withdraw(ctx context.Context, id ident.ArrangementID) (arrangement.Version, error)
}

// Arrangement is one version of what a client agreed to pay for work.
type Arrangement struct {
	ID        ident.ArrangementID `json:"id" class:"C1"`
	Client    ident.ClientID      `json:"client_id,omitempty" class:"C1"`
	Matter    ident.MatterID      `json:"matter_id,omitempty" class:"C1"`
	Number    int                 `json:"number" class:"C1" doc:"version of this place"`
	From      string              `json:"from" class:"C1" format:"date" doc:"first work date it holds for"`
	Until     string              `json:"until,omitempty" class:"C1" format:"date" doc:"first work date it holds for no more"`
	Kind      arrangement.Kind    `json:"kind" class:"C1"`
	Terms     json.RawMessage     `json:"terms,omitempty" class:"C2"`
	Signed    string              `json:"signed_on,omitempty" class:"C2" format:"date" doc:"the writing of a contingent fee; missing while none is kept"`
	AgreedAt  time.Time           `json:"agreed_at" class:"C1"`
	Withdrawn *time.Time          `json:"withdrawn_at,omitempty" class:"C1"`
}

func toArrangement(v arrangement.Version) Arrangement {
	terms, err := json.Marshal(v.Terms)
	if err != nil {
		terms = nil // strings and numbers always have a JSON text
	}
	out := Arrangement{ID: v.ID, Client: v.Client, Matter: v.Matter, Number: v.Number, From: day(v.From), Kind: v.Terms.Kind, Terms: terms, AgreedAt: v.AgreedAt.UTC(), Withdrawn: utc(v.WithdrawnAt)}
	if c := v.Terms.Contingency; c != nil && !c.SignedOn.IsZero() {
		out.Signed = day(c.SignedOn)
	}
	if v.Until != nil {
		out.Until = day(*v.Until)
	}
	return out
}

type arrangementBody struct {
	Client string          `json:"client_id,omitempty"`
	Matter string          `json:"matter_id,omitempty"`
	From   string          `json:"from"`
	Terms  json.RawMessage `json:"terms" doc:"kind, currency, the terms of that kind, and cap, volume, discount, success, holdback and split; a split has payors, each with payor, fees and, where it differs, expenses in millionths that sum to 1000000, and where it has any cap_minor, tax_rate in millionths and tax_note"`
}

func (b arrangementBody) to() (n arrangement.Agreement, err error) {
	if n.Client, err = optionalID[ident.ClientID](b.Client); err != nil {
		return n, err
	}
	if n.Matter, err = optionalID[ident.MatterID](b.Matter); err != nil {
		return n, err
	}
	if n.From, err = parseDay("from", b.From); err != nil {
		return n, err
	}
	if n.Terms, err = arrangement.ReadTerms(b.Terms); err != nil {
		return n, err
	}
	return n, nil
}

// inTerms names the fields of a refusal where the request has them: what is no member
// of the body itself is one of its terms.
func inTerms(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) == 0 {
		return err
	}
	told := *f
	told.Fields = slices.Clone(f.Fields)
	for i := range told.Fields {
		x := &told.Fields[i]
		if !slices.Contains([]string{"place", "client_id", "matter_id", "from"}, x.Path) && !strings.HasPrefix(x.Path, "terms") {
			x.Path = "terms." + x.Path
		}
	}
	return &told
}

// Arrangements mounts what clients agreed to pay.
func Arrangements(s *httpd.Server, v arrangements) {
	const all, single = "/firms/{firm}/arrangements", "/firms/{firm}/arrangements/{id}"
	httpd.API(s, httpd.Op{Method: "GET", Path: all, Needs: rbac.ArrangementRead, Summary: "Fee arrangements of matters and clients, the newest version of each first"},
		func(ctx context.Context, _ *InFirm) (*Many[Arrangement], error) {
			list, err := v.List(ctx)
			return many(list, err, toArrangement)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: all, Needs: rbac.ArrangementEdit, Summary: "Keep a new version: work from its day on goes by it, on bills that are not approved", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body arrangementBody
		}) (*One[Arrangement], error) {
			n, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			a, err := v.Agree(ctx, n)
			return one(toArrangement(a), inTerms(err))
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: single, Needs: rbac.ArrangementRead, Summary: "One version of a fee arrangement"},
		func(ctx context.Context, in *ByID) (*One[Arrangement], error) {
			return arrangementAct(in.ID, func(id ident.ArrangementID) (arrangement.Version, error) { return v.Get(ctx, id) })
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: single + "/end", Needs: rbac.ArrangementEdit, Summary: "Let it hold until the day before the given one"},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Until string `json:"until"`
			}
		}) (*One[Arrangement], error) {
			return arrangementAct(in.ID, func(id ident.ArrangementID) (a arrangement.Version, err error) {
				until, err := parseDay("until", in.Body.Until)
				if err != nil {
					return a, err
				}
				return v.End(ctx, id, until)
			})
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: single + "/withdraw", Needs: rbac.ArrangementEdit, Summary: "Take it back: the version before it holds again"},
		func(ctx context.Context, in *ByID) (*One[Arrangement], error) {
			return arrangementAct(in.ID, func(id ident.ArrangementID) (arrangement.Version, error) { return v.Withdraw(ctx, id) })
		})
}

func arrangementAct(text string, do func(id ident.ArrangementID) (arrangement.Version, error)) (*One[Arrangement], error) {
	id, err := idOf[ident.ArrangementID](text)
	if err != nil {
		return nil, err
	}
	a, err := do(id)
	return one(toArrangement(a), err)
}
