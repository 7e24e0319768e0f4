package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/conflict"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// conflicts are the checks of the bureau's people between two firms.
type conflicts interface {
	Checks(ctx context.Context, open bool, r page.Request) (page.Page[conflict.Check], error)
	Find(ctx context.Context, id ident.CheckID) (conflict.Check, error)
	Check(ctx context.Context, firm ident.FirmID, who ident.PersonID) ([]conflict.Check, error)
	Clear(ctx context.Context, id ident.CheckID, reason string) error
}

// ConflictCheck is what was found between two firms of one of the bureau's people.
type ConflictCheck struct {
	ID        ident.CheckID       `json:"id" class:"C1"`
	Person    ident.PersonID      `json:"person_id" class:"C1"`
	Name      string              `json:"name" class:"C1"`
	Firm      ident.FirmID        `json:"firm_id" class:"C1" doc:"that the access is for"`
	FirmName  string              `json:"firm_name" class:"C1"`
	Other     ident.FirmID        `json:"other_firm_id,omitempty" class:"C1" doc:"where the person works, or worked in the last two years; left out where you have no access to it"`
	OtherName string              `json:"other_firm_name,omitempty" class:"C1"`
	Opposite  int                 `json:"opposite" class:"C1" doc:"parties that are a client at one firm and adverse at the other"`
	Shared    int                 `json:"shared" class:"C1" doc:"parties that are a client or related at both"`
	CheckedAt time.Time           `json:"checked_at" class:"C1"`
	CheckedBy string              `json:"checked_by,omitempty" class:"C1" doc:"left out where parties that were entered later opened it"`
	State     conflict.CheckState `json:"state" class:"C1" enum:"clear,open,cleared"`
	DecidedBy string              `json:"decided_by,omitempty" class:"C1"`
	DecidedAt *time.Time          `json:"decided_at,omitempty" class:"C1"`
	Reason    string              `json:"reason,omitempty" class:"C1"`
}

func toConflict(c conflict.Check) ConflictCheck {
	return ConflictCheck{c.ID, c.Person, c.Name, c.Firm, c.FirmName, c.Other, c.OtherName, c.Opposite, c.Shared, c.At.UTC(), c.By, c.State, c.DecidedBy, utc(c.DecidedAt), c.Reason}
}

// Conflicts mounts the conflict checks.
func Conflicts(s *httpd.Server, v conflicts) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/conflict-checks", Needs: rbac.ConflictCheck, Summary: "Conflict checks that stand, the newest first: for this firm, in the bureau's own domain for all"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Open bool `query:"open" doc:"only those that nobody has cleared"`
		}) (*Many[ConflictCheck], error) {
			p, err := v.Checks(ctx, in.Open, in.request())
			return paged(p, err, toConflict)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/conflict-checks", Needs: rbac.ConflictCheck, Summary: "Check whether one of the bureau's people can work for the firm beside their other firms; the bureau's administrator names the firm in the body"},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Person string `json:"person_id"`
				For    string `json:"firm_id,omitempty" doc:"only in the bureau's own domain"`
			}
		}) (*Many[ConflictCheck], error) {
			who, err := idOf[ident.PersonID](in.Body.Person)
			if err != nil {
				return nil, err
			}
			firm, err := optionalID[ident.FirmID](in.Body.For)
			if err != nil {
				return nil, err
			}
			list, err := v.Check(ctx, firm, who)
			return many(list, err, toConflict)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/conflict-checks/{id}", Needs: rbac.ConflictCheck, Summary: "One conflict check"},
		func(ctx context.Context, in *ByID) (*One[ConflictCheck], error) {
			id, err := idOf[ident.CheckID](in.ID)
			if err != nil {
				return nil, err
			}
			c, err := v.Find(ctx, id)
			return one(toConflict(c), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/conflict-checks/{id}/clear", Needs: rbac.ConflictCheck, Summary: "Say why the person of an open check can work for both firms", Status: 204},
		func(ctx context.Context, in *Refusal) (*Empty, error) {
			id, err := idOf[ident.CheckID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Clear(ctx, id, in.Body.Reason))
		})
}
