package audit_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// A new audit key goes on where the one before it ended, once it is told of it; bundles
// then verify with both, and not with either alone. A tree that a stranger sealed is not
// sealed again.
func TestANewAuditKeyGoesOnWhereTheFormerEnded(t *testing.T) {
	t.Parallel()
	h, _ := alone(t)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	grow := func(k *audit.Keeper) error {
		record(t, h.d, admin, audit.Entry{Action: "payor.edited", Object: "payor", ID: "p"})
		h.clock.Advance(time.Hour)
		return k.SignNow(t.Context(), f.ID)
	}
	if err := grow(h.keeper); err != nil {
		t.Fatal(err)
	}
	alone, err := audit.NewSigningKey(bytes.Repeat([]byte{6}, 32))
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := audit.NewKeeper(h.w, alone)
	if err != nil {
		t.Fatal(err)
	}
	if err := grow(stranger); !errors.Is(err, audit.ErrStranger) {
		t.Fatalf("a key that was told of none before it: %v", err)
	}
	if _, err := stranger.Sign(t.Context()); !errors.Is(err, audit.ErrStranger) {
		t.Fatalf("the sweep of such a key: %v", err)
	}
	next, err := audit.NewSigningKey(bytes.Repeat([]byte{6}, 32), h.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := audit.NewKeeper(h.w, next)
	if err != nil {
		t.Fatal(err)
	}
	if err := grow(keeper); err != nil {
		t.Fatalf("told of the former key: %v", err)
	}
	if err := grow(h.keeper); !errors.Is(err, audit.ErrStranger) {
		t.Fatalf("the former key after its successor: %v", err)
	}
	if err := keeper.SignNow(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	h.svc = audit.NewService(h.d, authz.NewGuard(h.d, policy), nil, next.Publics())
	bundle := h.bundle(t, admin)
	if !strings.Contains(string(bundle), next.Public()) || !strings.Contains(string(bundle), h.key.Public()) {
		t.Error("the bundle does not name both keys")
	}
	for name, c := range map[string]struct {
		keys string
		ok   bool
	}{"its own": {"", true}, "both": {next.Publics(), true}, "the former alone": {h.key.Public(), false}, "the present alone": {next.Public(), false}} {
		report, err := audit.Verify(bytes.NewReader(bundle), audit.VerifyOptions{Keys: c.keys})
		if err != nil || report.OK != c.ok {
			t.Errorf("by %s: %v, %v, %v", name, report.OK, report.Problems, err)
		}
	}
	st, err := h.svc.Status(admin)
	if err != nil || st.PublicKey != next.Public() {
		t.Errorf("the page names %q, %v", st.PublicKey, err)
	}
}

func TestFormerAuditKeysAreNamedOnce(t *testing.T) {
	t.Parallel()
	seed := bytes.Repeat([]byte{6}, 32)
	k, err := audit.NewSigningKey(seed)
	if err != nil {
		t.Fatal(err)
	}
	for _, former := range []string{k.Public(), "docketry-audit+00000000+nothing", "  \n"} {
		if _, err := audit.NewSigningKey(seed, former); err == nil {
			t.Errorf("%q passes", former)
		}
	}
}
