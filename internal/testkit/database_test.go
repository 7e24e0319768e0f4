package testkit_test

import (
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestEachDoorSeesItsFirmOnly(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*db.DB{"api": testkit.DB(t), "worker": testkit.WorkerDB(t), "bounced": testkit.BouncedDB(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mine, theirs := testkit.Firm(t, d), testkit.Firm(t, d)
			mine.As(t, rbac.RolePartner)
			if n := mine.Count(t, "SELECT count(*) FROM access_grant"); n != 1 {
				t.Errorf("own firm has %d grants, want 1", n)
			}
			if n := theirs.Count(t, "SELECT count(*) FROM access_grant"); n != 0 {
				t.Errorf("the other firm sees %d grants, want 0", n)
			}
		})
	}
}

func TestCloneKeepsTheWalls(t *testing.T) {
	t.Parallel()
	breaches, err := testkit.DB(t).Catalogue(t.Context())
	if err != nil || len(breaches) > 0 {
		t.Errorf("Catalogue: %v, %v", breaches, err)
	}
}

func TestRedisIsEmptyAndApart(t *testing.T) {
	t.Parallel()
	a, b := testkit.Redis(t), testkit.Redis(t)
	if err := a.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n := b.Exists(t.Context(), "k").Val(); n != 0 {
		t.Error("two tests share a Redis database")
	}
}
