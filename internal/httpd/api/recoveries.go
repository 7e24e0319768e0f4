package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// recoveries is taking a lost factor away, by two people and after a day.
type recoveries interface {
	Recoveries(ctx context.Context) ([]people.Recovery, error)
	OpenRecovery(ctx context.Context, email, reason string) (people.Recovery, error)
	ConfirmRecovery(ctx context.Context, id ident.RequestID) error
	RefuseRecovery(ctx context.Context, id ident.RequestID) error
	RefuseMine(ctx context.Context) (int, error)
	RecoversMe(ctx context.Context) (*time.Time, error)
}

// Recovery is a lost factor that waits for its second word.
type Recovery struct {
	ID       ident.RequestID `json:"id" class:"C1"`
	Person   ident.PersonID  `json:"person_id" class:"C1"`
	Name     string          `json:"name" class:"C1"`
	Reason   string          `json:"reason,omitempty" class:"C1" doc:"how the first administrator knows that it is them"`
	By       ident.PersonID  `json:"opened_by,omitempty" class:"C1"`
	ByName   string          `json:"opened_by_name,omitempty" class:"C1" doc:"left out of the answer to who opened it"`
	OpenedAt time.Time       `json:"opened_at" class:"C1"`
	Ripe     time.Time       `json:"not_before" class:"C1" doc:"until then the person, who was written to, can refuse"`
	ByBureau bool            `json:"by_bureau" class:"C1" doc:"the bureau runs it: you can refuse it, and neither the reason nor who asked is shown"`
}

func toRecovery(r people.Recovery) Recovery {
	return Recovery{r.ID, r.Person, r.Name, r.Reason, r.By, r.ByName, r.OpenedAt.UTC(), r.Ripe.UTC(), r.ByBureau}
}

// MyRecovery tells whether your own factor is said to be lost.
type MyRecovery struct {
	Waits bool       `json:"waits" class:"C1"`
	From  *time.Time `json:"not_before,omitempty" class:"C1" doc:"from when a second administrator can remove it"`
}

// Recoveries mounts them.
func Recoveries(s *httpd.Server, v recoveries) {
	const at = "/firms/{firm}/people/recoveries"
	httpd.API(s, httpd.Op{Method: "GET", Path: at, Needs: rbac.PersonRecover, Summary: "Second factors that are said to be lost, the oldest first"},
		func(ctx context.Context, _ *InFirm) (*Many[Recovery], error) {
			list, err := v.Recoveries(ctx)
			return many(list, err, toRecovery)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: at, Needs: rbac.PersonRecover, Summary: "Say that somebody has lost their second factor; they are written to at once", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Email  string `json:"email" maxLength:"254" doc:"their work e-mail"`
				Reason string `json:"reason" maxLength:"500" doc:"how you know that it is them"`
			}
		}) (*One[Recovery], error) {
			r, err := v.OpenRecovery(ctx, in.Body.Email, in.Body.Reason)
			return one(toRecovery(r), err)
		})
	act := func(name, summary string, do func(ctx context.Context, id ident.RequestID) error) {
		httpd.API(s, httpd.Op{Method: "POST", Path: at + "/{id}/" + name, Needs: rbac.PersonRecover, Summary: summary, Status: 204},
			func(ctx context.Context, in *ByID) (*Empty, error) {
				id, err := idOf[ident.RequestID](in.ID)
				if err != nil {
					return nil, err
				}
				return done(do(ctx, id))
			})
	}
	act("confirm", "Say the second word, after a day: their factors are gone and their sessions end; the password stays", v.ConfirmRecovery)
	act("refuse", "End it without its effect, at any time", v.RefuseRecovery)
	httpd.API(s, httpd.Op{Method: "GET", Path: "/people/me/recovery", Needs: rbac.SignedIn, Summary: "Whether an administrator says that you have lost your second factor"},
		func(ctx context.Context, _ *Empty) (*One[MyRecovery], error) {
			ripe, err := v.RecoversMe(ctx)
			return one(MyRecovery{ripe != nil, utc(ripe)}, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/people/me/recovery/refuse", Needs: rbac.SignedIn, Summary: "Refuse it, in every firm: you have lost nothing"},
		func(ctx context.Context, _ *Empty) (*One[struct {
			Refused int `json:"refused" class:"C1"`
		}], error) {
			n, err := v.RefuseMine(ctx)
			return one(struct {
				Refused int `json:"refused" class:"C1"`
			}{n}, err)
		})
}
