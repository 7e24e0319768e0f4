package people_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func tokenDraft() people.TokenDraft {
	return people.TokenDraft{Name: "Ledger", Permissions: []rbac.Permission{rbac.InvoiceRead, rbac.ClientRead}, Class: authz.C2, Networks: []string{"192.0.2.9", "2001:db8::/48"}, Days: 30}
}

func TestCreateToken(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	made, text, err := w.People.CreateToken(admin, tokenDraft())
	if err != nil {
		t.Fatal(err)
	}
	if leaves(t, f, "token.created", string(made.ID)) != 1 {
		t.Error("no leaf")
	}
	sc, err := w.People.OpenToken(t.Context(), text.Reveal(), netip.MustParseAddr("::ffff:192.0.2.9"))
	if err != nil || sc.Firm != f.ID || sc.Actor != testkit.Actor(admin) || sc.Token != made.ID {
		t.Errorf("%+v, %v", sc, err)
	}
	list, err := w.People.Tokens(admin)
	if err != nil || len(list) != 1 || list[0].LastUsed == nil || !slices.Equal(list[0].Networks, []string{"192.0.2.9/32", "2001:db8::/48"}) {
		t.Errorf("%+v, %v", list, err)
	}
	w.Clock.Set(made.Expires)
	if _, err := w.People.OpenToken(t.Context(), text.Reveal(), netip.MustParseAddr("192.0.2.9")); !errors.Is(err, people.ErrToken) {
		t.Errorf("expired: %v", err)
	}
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f, other := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	for name, change := range map[string]func(d *people.TokenDraft){
		"no name":            func(d *people.TokenDraft) { d.Name = "" },
		"nothing":            func(d *people.TokenDraft) { d.Permissions = nil },
		"beyond the maker":   func(d *people.TokenDraft) { d.Permissions = []rbac.Permission{rbac.ItemClaim} },
		"grants":             func(d *people.TokenDraft) { d.Permissions = []rbac.Permission{rbac.GrantRead} },
		"tokens":             func(d *people.TokenDraft) { d.Permissions = []rbac.Permission{rbac.TokenCreate} },
		"exports":            func(d *people.TokenDraft) { d.Permissions = []rbac.Permission{rbac.ExportDownload} },
		"bank":               func(d *people.TokenDraft) { d.Permissions = []rbac.Permission{rbac.FirmBank} },
		"no such":            func(d *people.TokenDraft) { d.Permissions = []rbac.Permission{"sky.read"} },
		"open":               func(d *people.TokenDraft) { d.Permissions = []rbac.Permission{rbac.SignedIn} },
		"class":              func(d *people.TokenDraft) { d.Class = authz.C4 },
		"91 days":            func(d *people.TokenDraft) { d.Days = 91 },
		"no days":            func(d *people.TokenDraft) { d.Days = 0 },
		"no network":         func(d *people.TokenDraft) { d.Networks = nil },
		"what is no network": func(d *people.TokenDraft) { d.Networks = []string{"office"} },
	} {
		d := tokenDraft()
		change(&d)
		if _, text, err := w.People.CreateToken(admin, d); !errors.Is(err, people.ErrInvalid) || text != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := w.People.CreateToken(f.As(t, rbac.RolePartner), tokenDraft()); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner: %v", err)
	}
	if _, _, err := w.People.CreateToken(other.Acting(testkit.Actor(admin)), tokenDraft()); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("in another firm: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM api_token WHERE firm_id = ?`, f.ID) + f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'token.created'`, f.ID); n != 0 {
		t.Errorf("%d rows of refused tokens", n)
	}
	made, _, err := w.People.CreateToken(admin, tokenDraft())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.People.EndToken(other.As(t, rbac.RoleFirmAdmin), made.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("another firm ends it: %v", err)
	}
	if err := w.People.EndToken(f.As(t, rbac.RolePartner), made.ID); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner ends it: %v", err)
	}
	if err := w.People.EndToken(admin, made.ID); err != nil {
		t.Error(err)
	}
	if err := w.People.EndToken(admin, made.ID); !errors.Is(err, people.ErrTokenEnded) {
		t.Errorf("twice: %v", err)
	}
}

// An act under way holds its token: ending it waits, and nothing succeeds after.
func TestTokenCarriesNothingOnceEnded(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	made, text, err := w.People.CreateToken(f.As(t, rbac.RoleFirmAdmin), tokenDraft())
	if err != nil {
		t.Fatal(err)
	}
	sc, err := w.People.OpenToken(t.Context(), text.Reveal(), netip.MustParseAddr("192.0.2.9"))
	if err != nil {
		t.Fatal(err)
	}
	may := func(p rbac.Permission) error { return required(t, w, sc, p) }
	if err := may(rbac.ClientRead); err != nil {
		t.Error(err)
	}
	if err := may(rbac.ClientEdit); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("beyond the token: %v", err)
	}
	f.Exec(t, `UPDATE api_token SET last_used_at = ? WHERE firm_id = ? AND id = ?`, testkit.Now.Add(-time.Hour), f.ID, made.ID)
	if err := w.People.EndToken(f.As(t, rbac.RoleFirmAdmin), made.ID); err != nil {
		t.Fatal(err)
	}
	if err := may(rbac.ClientRead); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("ended: %v", err)
	}
}

// required asks a guard of its own what the holder of sc may do now.
func required(t *testing.T, w world, sc scope.Scope, p rbac.Permission) error {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	return w.DB.InFirm(scope.With(t.Context(), sc), func(tx *db.Tx) error {
		_, err := authz.NewGuard(w.DB, policy).Require(tx, p)
		return err
	})
}
