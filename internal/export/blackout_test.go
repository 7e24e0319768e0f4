package export_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// A name is blacked out however it is written, and does not stand in the matter's name.
func TestANameIsBlackedOutHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	f.Exec(t, `UPDATE matter SET name = 'Estate of JOSÉ Müller' WHERE firm_id = ? AND id = ?`, f.ID, m.ID)
	k := f.Timekeeper(t, "DO", "PARTNR", 0)
	terms := []string{"José Müller", "Smith-Jones", "O'Brien", "J. Okoro", "Łódź", "Иванов", "Straße", "山田", "Dundalk"}
	leaves := map[string]string{}
	for _, c := range []struct{ record, leaves string }{
		{"Call with josé müller.", "Call with [redacted]."},
		{"Call with JOSÉ MÜLLER.", "Call with [redacted]."},
		{"Call with Jose\u0301 Mu\u0308ller.", "Call with [redacted]."},
		{"Call with Jose Muller.", "Call with [redacted]."},
		{"Call with José\u00a0Müller.", "Call with [redacted]."},
		{"Call with José\n Müller.", "Call with [redacted]."},
		{"Call with Jo\u00adsé Mül\u200bler.", "Call with [redacted]."},
		{"Call with José Mül-\nler.", "Call with [redacted]."},
		{"Call with Smith\u2011Jones and Smith – Jones and smith jones", "Call with [redacted] and [redacted] and [redacted]"},
		{"O’Brien's letter; OBRIEN", "[redacted]'s letter; [redacted]"},
		{"J.Okoro, J. OKORO and _J. Okoro_", "[redacted], [redacted] and _[redacted]_"},
		{"łódź, Lodz", "[redacted], [redacted]"},
		{"ИВАНОВ; Ивановна", "[redacted]; Ивановна"},
		{"STRASSE, strasse", "[redacted], [redacted]"},
		{"と山田さん", "と[redacted]さん"},
		{"Ｄｕｎｄａｌｋ Dundalk2", "[redacted] [redacted]2"},
		{"cross-\n examination of Smith-\nJones", "cross-\nexamination of [redacted]"},
		{"Josés müllers, Dundalks: ½ café naïve", "Josés müllers, Dundalks: ½ café naïve"},
	} {
		leaves[c.record] = c.leaves
		f.Work(t, m, k, "2026-02-03", 10000, 3_700_000, testkit.Narrative(c.record))
	}
	asker, partner := f.As(t, rbac.RoleSpecialist), f.As(t, rbac.RolePartner)
	n := year(export.FormRedacted)
	n.Audience, n.Matters, n.Redact = export.AudienceCourt, []ident.MatterID{m.ID}, terms
	e, key := h.ask(t, asker, n)
	text, err := h.svc.Text(partner, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range text.Lines {
		if l.Leaves != leaves[l.Record] {
			t.Errorf("%q leaves as %q", l.Record, l.Leaves)
		}
	}
	if err := h.svc.Confirm(partner, e.ID, e.Version, text.Hash); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Approve(f.As(t, rbac.RoleFirmAdmin), e.ID, e.Version+1); err != nil {
		t.Fatal(err)
	}
	if err := h.build(t, f, e.ID); err != nil {
		t.Fatal(err)
	}
	_, table, _ := opened(t, h.fetch(t, asker, e), key)
	if got := column(t, table, "matter"); len(got) != len(leaves) || got[0] != "Estate of [redacted]" {
		t.Errorf("the matter leaves as %q", got)
	}
}

// As many words as may be named, as long as they may be, are still a pattern that the
// database takes, and soon done.
func TestAllTheWordsThatMayBeNamedAreBlackedOut(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	k := f.Timekeeper(t, "DO", "PARTNR", 0)
	for range 50 {
		f.Work(t, m, k, "2026-02-03", 10000, 3_700_000, testkit.Narrative(strings.Repeat("Attendance with counsel on the form of order ", 10)))
	}
	asker, n := f.As(t, rbac.RoleSpecialist), year(export.FormRedacted)
	n.Audience, n.Matters = export.AudienceCourt, []ident.MatterID{m.ID}
	for i := range 200 {
		n.Redact = append(n.Redact, strings.Repeat(fmt.Sprintf("%03d Vandermeer ", i), 10)[:30])
	}
	began := time.Now()
	if p, err := h.svc.Preview(asker, n); err != nil || p.Narratives != 50 {
		t.Errorf("%+v, %v", p, err)
	}
	if took := time.Since(began); took > 5*time.Second { // the statements' limit of the API (T31)
		t.Errorf("it took %s", took)
	}
	n.Redact[0] += "x"
	if _, err := h.svc.Preview(asker, n); len(fields(err)) != 1 {
		t.Errorf("one letter more: %v", err)
	}
	for _, term := range []string{"--", "\u200b\u200b", "Ok\x00oro", "‘’"} {
		n.Redact = []string{term}
		if _, err := h.svc.Preview(asker, n); len(fields(err)) != 1 {
			t.Errorf("%q: %v", term, err)
		}
	}
}
