package demo

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/training"
	"github.com/docketry/docketry/rbac"
)

// trust has the bureau's people give its undertaking, all but the quality auditor, and
// records what they learned; the first firm lets look only who gave it.
func (c *Cast) trust(ctx context.Context) error {
	office := c.As(c.Bureau, c.People[Larkspur().People[0].Email])
	for _, p := range Larkspur().People {
		if rbac.Role(p.Role) == rbac.RoleQualityAuditor {
			continue
		}
		if err := c.undertake(ctx, c.People[p.Email]); err != nil {
			return fmt.Errorf("the undertaking of %s: %w", p.Email, err)
		}
	}
	for i, course := range []training.Course{{Name: "Confidentiality", Months: 12}, {Name: "UTBMS codes", Months: 24}, {Name: "LEDES 1998B", Months: 12}} {
		made, err := c.s.Training.AddCourse(office, course)
		if err != nil {
			return fmt.Errorf("course %s: %w", course.Name, err)
		}
		for n, p := range Larkspur().People[1:] {
			if i > 0 && (n+i)%2 == 0 {
				continue // not everybody has learned everything
			}
			passed := c.clock.Now().AddDate(0, -2-n, -3*n)
			if i == 2 {
				passed = c.clock.Now().AddDate(-1, 0, 130+7*n) // these lapse soon after the shown month
			}
			if passed.After(c.clock.Now()) {
				passed = c.clock.Now()
			}
			if _, err := c.s.Training.Record(office, training.Draft{Person: c.People[p.Email], Course: made.ID, PassedOn: passed}); err != nil {
				return fmt.Errorf("certificate of %s: %w", p.Email, err)
			}
		}
	}
	if len(c.Firms) == 0 {
		return nil
	}
	first := c.Firms[0]
	return c.s.Undertakings.Require(c.As(first.ID, first.Admin), true)
}

// undertake gives what the bureau asks, in a session that has shown a factor, as the
// page does.
func (c *Cast) undertake(ctx context.Context, who ident.PersonID) error {
	store := people.NewSessionStore(c.s.DB)
	id, err := store.BeginShown(ctx, who, c.clock.Now())
	if err != nil {
		return err
	}
	as := scope.With(ctx, scope.Scope{Actor: who, Session: id, RequestID: "demo"})
	asked, err := c.s.Undertakings.Mine(as)
	if err != nil {
		return err
	}
	for _, m := range asked {
		if err := c.s.Undertakings.Give(as, m.Text.Firm, m.Text.Version, m.Text.SHA256); err != nil {
			return err
		}
	}
	return store.DeleteCtx(ctx, string(id))
}
