package demo_test

import (
	"testing"
	"time"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/app/demo"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"

	"github.com/alexedwards/argon2id"
)

func TestTheCastCanBeHired(t *testing.T) {
	t.Parallel()
	c := clock.At(time.Date(2026, 8, 31, 12, 0, 0, 0, time.UTC))
	name := testkit.NewDatabase(t)
	hasher, err := people.NewHasher(&argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	letters := demo.NewLetters()
	s, err := app.NewServices(t.Context(), app.Parts{Config: config.Config{Keys: config.Keys{Session: testkit.Key}}, DB: testkit.OpenDatabase(t, "docketry_api", name, c), Clock: c, Log: obs.Discard(), Hasher: hasher, Courier: letters})
	if err != nil {
		t.Fatal(err)
	}
	cast, err := demo.Hire(t.Context(), s, c, letters, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(cast.Firms) != 3 || len(cast.SignIns()) != 12 {
		t.Errorf("%d firms, %d people", len(cast.Firms), len(cast.SignIns()))
	}
	for _, f := range cast.Firms {
		if len(f.MattersByNumber) != 8 {
			t.Errorf("%s has %d matters", f.Code, len(f.MattersByNumber))
		}
	}
}
