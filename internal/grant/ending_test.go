package grant_test

import (
	"testing"
	"time"

	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestAFirmIsToldOnceThatAccessEnds(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	worker := testkit.Open(t, "docketry_worker", w.Clock)
	f.As(t, rbac.RoleFirmAdmin)
	f.As(t, rbac.RoleSpecialist, testkit.Window(testkit.Now, testkit.Now.AddDate(0, 0, 20)))
	f.As(t, rbac.RolePartner, testkit.Window(testkit.Now, testkit.Now.AddDate(0, 0, 10))) // the firm's own: not told of
	told := func(want14, want3 int64) {
		t.Helper()
		for range 2 {
			if err := grant.SweepGrants(t.Context(), worker); err != nil {
				t.Fatal(err)
			}
		}
		if a, b := letters(t, f, letter.Ends14), letters(t, f, letter.Ends3); a != want14 || b != want3 {
			t.Errorf("%d letters at 14 days and %d at 3, want %d and %d", a, b, want14, want3)
		}
	}
	told(0, 0)
	w.Clock.Advance(7 * 24 * time.Hour)
	told(1, 0)
	w.Clock.Advance(11 * 24 * time.Hour)
	told(1, 1)
	w.Clock.Advance(3 * 24 * time.Hour)
	told(1, 1)
}
