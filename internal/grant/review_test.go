package grant_test

import (
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// A grant comes up after 90 days, is kept for 90 more by one click, or ended; the
// administrators are told once a quarter.
func TestQuarterlyReview(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f, other := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	given, err := w.Grants.Give(admin, letIn(staffMember(t, w), 180))
	if err != nil {
		t.Fatal(err)
	}
	due := func(want int) {
		t.Helper()
		if list, err := w.Grants.Reviews(admin); err != nil || len(list) != want {
			t.Errorf("%d are due, %v; want %d", len(list), err, want)
		}
	}
	tell := func() int64 {
		t.Helper()
		if err := grant.SweepGrants(background(), testkit.Open(t, "docketry_worker", w.Clock)); err != nil {
			t.Fatal(err)
		}
		return f.Count(t, `SELECT count(*) FROM person_letter WHERE firm_id = ? AND kind LIKE 'grants_review_%'`, f.ID)
	}
	due(0)
	if n := tell(); n != 0 {
		t.Errorf("%d letters before anything is due", n)
	}
	w.Clock.Advance(90 * 24 * time.Hour)
	due(2) // the administrator's own among them
	if a, b := tell(), tell(); a != 1 || b != 1 {
		t.Errorf("%d, then %d letters of one quarter", a, b)
	}
	list, err := w.Grants.Reviews(admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range list {
		if g.Person == testkit.Actor(admin) {
			if err := w.Grants.Keep(admin, g.ID); !errors.Is(err, grant.ErrReviewSelf) {
				t.Errorf("one's own: %v", err)
			}
		}
	}
	if err := w.Grants.Keep(other.As(t, rbac.RoleFirmAdmin), given.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("another firm keeps it: %v", err)
	}
	if err := w.Grants.Keep(f.As(t, rbac.RolePartner), given.ID); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner keeps it: %v", err)
	}
	if list, err := w.Grants.Reviews(other.As(t, rbac.RoleFirmAdmin)); err != nil || len(list) != 0 {
		t.Errorf("another firm's list: %d, %v", len(list), err)
	}
	if n := leaves(t, f, "grant.kept", string(given.ID)); n != 0 {
		t.Errorf("the refusals left %d leaves", n)
	}
	if err := w.Grants.Keep(admin, given.ID); err != nil {
		t.Fatal(err)
	}
	if n := leaves(t, f, "grant.kept", string(given.ID)); n != 1 {
		t.Errorf("%d leaves", n)
	}
	due(1)
	w.Clock.Advance(89 * 24 * time.Hour)
	due(1)
	if err := w.Grants.EndGrant(admin, given.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Grants.Keep(admin, given.ID); !errors.Is(err, grant.ErrEnded) {
		t.Errorf("kept after its end: %v", err)
	}
	if n := tell(); n != 2 {
		t.Errorf("%d letters after two quarters", n)
	}
}
