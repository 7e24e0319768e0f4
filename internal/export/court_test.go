package export_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// A court reads what a named person, other than who asked, has read and confirmed: that
// text and no other.
func TestACourtReadsWhatWasReviewed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	k := f.Timekeeper(t, "DO", "PARTNR", 0)
	f.Work(t, m, k, "2026-02-03", 10000, 3_700_000, testkit.Narrative("Call with J. Okoro (OKORO) on the Dundalk  depot; okoros"))
	second := f.Work(t, m, k, "2026-02-04", 10000, 3_700_000, testkit.Narrative("Settlement strategy"))
	asker, partner, admin := f.As(t, rbac.RoleSpecialist), f.As(t, rbac.RolePartner), f.As(t, rbac.RoleFirmAdmin)
	n := year(export.FormRedacted)
	n.Audience, n.Matters, n.Redact = export.AudienceCourt, []ident.MatterID{m.ID}, []string{"J. Okoro", "dundalk depot"}
	e, key := h.ask(t, asker, n)
	if e.Form != export.FormFull || !e.NeedsReview() || e.Terms != 2 {
		t.Errorf("asked %+v", e)
	}
	if err := h.svc.Approve(admin, e.ID, e.Version); !errors.Is(err, export.ErrReview) {
		t.Errorf("approved unread: %v", err)
	}
	for name, c := range map[string]struct {
		who  context.Context
		want error
	}{
		"who may not decide":     {asker, nil},
		"without sight of text":  {f.As(t, rbac.RolePartner, testkit.UpToClass(2)), export.ErrText},
		"of another matter":      {f.As(t, rbac.RolePartner, testkit.OnMatters(f.Matter(t).ID)), export.ErrText},
		"another firm's partner": {testkit.Firm(t, h.d).As(t, rbac.RolePartner), export.ErrNotFound},
	} {
		if text, err := h.svc.Text(c.who, e.ID); err == nil || c.want != nil && !errors.Is(err, c.want) || len(text.Lines) > 0 {
			t.Errorf("%s reads: %v, %d lines", name, err, len(text.Lines))
		}
		if err := h.svc.Confirm(c.who, e.ID, e.Version, "x"); err == nil {
			t.Errorf("%s confirms", name)
		}
		if err := h.svc.Redact(c.who, e.ID, e.Version, []string{"strategy"}, nil); err == nil {
			t.Errorf("%s blacks out", name)
		}
	}
	text, err := h.svc.Text(partner, e.ID)
	if err != nil || len(text.Lines) != 2 {
		t.Fatalf("%+v, %v", text, err)
	}
	if l := text.Lines[0]; l.Leaves != "Call with [redacted] (OKORO) on the [redacted]; okoros" || !strings.Contains(l.Record, "J. Okoro") || l.Timekeeper != "DO" {
		t.Errorf("line %+v", l)
	}
	if err := h.svc.Redact(partner, e.ID, e.Version, []string{"J. Okoro", "dundalk depot", "okoro", " "}, []ident.EntryID{second.ID}); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Redact(partner, e.ID, e.Version+1, nil, []ident.EntryID{ident.New[ident.EntryID](testkit.Now)}); !errors.Is(err, export.ErrNotFound) {
		t.Errorf("a line of nowhere: %v", err)
	}
	if err := h.svc.Redact(partner, e.ID, e.Version+1, []string{"x"}, nil); len(fields(err)) != 1 {
		t.Errorf("one letter: %v", err)
	}
	if err := h.svc.Confirm(partner, e.ID, e.Version+1, text.Hash); !errors.Is(err, export.ErrStale) {
		t.Errorf("confirmed what it was before: %v", err)
	}
	e.Version++
	h.confirm(t, partner, e)
	if p, err := h.svc.Review(admin, e.ID); err != nil || p.Narratives != 2 {
		t.Errorf("the preview: %+v, %v", p, err)
	}
	if err := h.svc.Approve(admin, e.ID, e.Version+1); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Redact(partner, e.ID, e.Version+2, nil, nil); !errors.Is(err, export.ErrDecided) {
		t.Errorf("another text after the yes: %v", err)
	}
	if err := h.build(t, f, e.ID); err != nil {
		t.Fatal(err)
	}
	_, table, manifest := opened(t, h.fetch(t, asker, e), key)
	if got := column(t, table, "narrative"); !slices.Equal(got, []string{"Call with [redacted] ([redacted]) on the [redacted]; okoros", "[withheld]"}) {
		t.Errorf("it leaves as %q", got)
	}
	if manifest["reviewed_by"] == "" || manifest["reviewed_by"] == nil {
		t.Errorf("manifest %v", manifest)
	}
	for action, want := range map[string]int64{"text_read": 3, "redacted": 1, "reviewed": 1} {
		if got := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ? AND detail NOT LIKE '%koro%'`, f.ID, "export."+action); got != want && action != "text_read" {
			t.Errorf("%d leaves of %s, want %d", got, action, want)
		}
	}
	// Not even SQL lets one read one's own.
	err = h.d.InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE export SET reviewed_by = asked_by WHERE firm_id = ?`, f.ID).Error
	})
	if !db.Violates(err, "export_review_by_another") {
		t.Errorf("I13: %v", err)
	}
}

// What changes after it was read does not leave.
func TestACourtDoesNotReadWhatNobodyReviewed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	f.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	f.Cost(t, m, "2026-02-05", "E115", 10_000, 2_500_000)
	asker := f.As(t, rbac.RoleSpecialist)
	n := year(export.FormRedacted)
	n.Audience, n.Matters = export.AudienceCourt, []ident.MatterID{m.ID}
	e, _ := h.ask(t, asker, n)
	h.confirm(t, f.As(t, rbac.RolePartner), e)
	if err := h.svc.Approve(f.As(t, rbac.RoleFirmAdmin), e.ID, e.Version+1); err != nil {
		t.Fatal(err)
	}
	f.Exec(t, `UPDATE entry SET status = 'removed' WHERE firm_id = ? AND worked_on = '2026-02-05'`, f.ID)
	if err := h.build(t, f, e.ID); err != nil {
		t.Fatal(err)
	}
	if e, err := h.svc.Get(asker, e.ID); err != nil || e.Status != export.StatusFailed || !strings.Contains(e.Why, "reviewed") {
		t.Errorf("%+v, %v", e, err)
	}
	if len(h.bucket.Names()) != 0 {
		t.Errorf("%v is left", h.bucket.Names())
	}
}

// Who keeps no key gets a passphrase: shown once, sealed until the file is made, gone after.
func TestAPassphraseOpensTheFile(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	f.Cost(t, f.Matter(t), "2026-02-04", "E115", 10_000, 2_500_000)
	asker := f.As(t, rbac.RoleSpecialist)
	n := year(export.FormFull)
	n.Passphrase = true
	e, secret := h.ask(t, asker, n)
	if words := strings.Split(secret.Reveal(), "-"); len(words) != 6 || len(secret.Reveal()) != 35 || e.KeyMade || !e.ByPassphrase() {
		t.Fatalf("passphrase of %d groups, %+v", len(words), e)
	}
	kept := func() int64 {
		return f.Count(t, `SELECT count(*) FROM export WHERE firm_id = ? AND passphrase IS NOT NULL`, f.ID)
	}
	if kept() != 1 || f.Count(t, `SELECT count(*) FROM export WHERE firm_id = ? AND position(? in encode(passphrase, 'escape') || export::text) > 0`, f.ID, secret.Reveal()) != 0 {
		t.Error("the passphrase is not sealed")
	}
	if err := h.svc.Approve(f.As(t, rbac.RoleFirmAdmin), e.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	if err := h.build(t, f, e.ID); err != nil {
		t.Fatal(err)
	}
	if kept() != 0 {
		t.Error("the passphrase is kept after the file is made")
	}
	file := h.fetch(t, asker, e)
	if _, files := members(t, file, secret); len(files["entries.csv"]) == 0 {
		t.Error("no table")
	}
	other, err := age.NewScryptIdentity("aaaaa-aaaaa-aaaaa-aaaaa-aaaaa-aaaaa")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := age.Decrypt(bytes.NewReader(file), other); err == nil {
		t.Error("another passphrase opens it")
	}
	for name, end := range map[string]func(e export.Export) error{
		"refused": func(e export.Export) error {
			return h.svc.Refuse(f.As(t, rbac.RoleFirmAdmin), e.ID, e.Version, "not now")
		},
		"withdrawn": func(e export.Export) error { return h.svc.Withdraw(asker, e.ID, e.Version) },
	} {
		again, twice := h.ask(t, asker, n)
		if twice == secret {
			t.Error("the same passphrase twice")
		}
		if err := end(again); err != nil || kept() != 0 {
			t.Errorf("%s: %d are kept, %v", name, kept(), err)
		}
	}
	n.Recipient = "age1x"
	if _, _, err := h.svc.Request(asker, n); len(fields(err)) != 1 {
		t.Errorf("a key and a passphrase: %v", err)
	}
}
