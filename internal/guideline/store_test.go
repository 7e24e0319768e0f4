package guideline_test

import (
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
)

// kept is a firm with two entries whose findings are recorded.
type kept struct {
	t    *testing.T
	f    testkit.F
	m    testkit.M
	a, b ident.EntryID
}

func keeping(t *testing.T) *kept {
	f := testkit.Firm(t, testkit.DB(t))
	m, k := f.Matter(t), f.Timekeeper(t, "TK1", "ASSOC", 4_000_000)
	return &kept{t, f, m, f.Work(t, m, k, "2026-02-09", 10_000, 4_000_000).ID, f.Work(t, m, k, "2026-02-10", 10_000, 4_000_000).ID}
}

func (k *kept) record(entry ident.EntryID, rules ...string) {
	k.t.Helper()
	j := guideline.Judged{Subject: guideline.Subject{Entry: entry, Currency: "USD"}}
	for _, r := range rules {
		j.Findings = append(j.Findings, guideline.Finding{Rule: r, Version: 1, Severity: guideline.Warn, Stage: guideline.Entry, Field: "narrative", Observed: "o", Expected: "e",
			Params: "p=1", Message: "m", Fix: "f", AtRiskMinor: 5, Proposal: &guideline.Proposal{Field: "value", Value: "0.00", Reason: "GUIDELINE"}})
	}
	err := k.f.DB().InFirm(k.f.Machine(), func(tx *db.Tx) error {
		return guideline.Record(tx, guideline.Entry, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), []guideline.Judged{j})
	})
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k *kept) states(entry ident.EntryID) map[string]guideline.Stored {
	k.t.Helper()
	got := map[string]guideline.Stored{}
	err := k.f.DB().InFirm(k.f.Machine(), func(tx *db.Tx) error {
		found, err := guideline.OfEntries(tx, []ident.EntryID{entry})
		for _, f := range found {
			got[f.Rule] = f
		}
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return got
}

func (k *kept) waive(id ident.FindingID, note string) error {
	return k.f.DB().InFirm(k.f.Machine(), func(tx *db.Tx) error { return guideline.Waive(tx, id, note) })
}

func TestRecordKeepsWhatStaysAndSettlesWhatIsGone(t *testing.T) {
	t.Parallel()
	k := keeping(t)
	k.record(k.a, "NAR-01", "NAR-02", "TIM-14")
	k.record(k.b, "NAR-01")
	first := k.states(k.a)
	if len(first) != 3 || first["NAR-01"].Title != "Block billing" || first["NAR-01"].Proposal.Value != "0.00" || first["NAR-01"].AtRiskMinor != 5 {
		t.Fatalf("recorded %+v", first)
	}
	if err := k.waive(first["NAR-02"].ID, "as the client wants it"); err != nil {
		t.Fatal(err)
	}
	k.record(k.a, "NAR-01", "NAR-02", "NAR-08")
	now := k.states(k.a)
	want := map[string]guideline.State{"NAR-01": guideline.Open, "NAR-02": guideline.Waived, "NAR-08": guideline.Open, "TIM-14": guideline.Fixed}
	for rule, state := range want {
		if now[rule].State != state {
			t.Errorf("%s is %s, want %s", rule, now[rule].State, state)
		}
	}
	if now["NAR-01"].ID != first["NAR-01"].ID || k.states(k.b)["NAR-01"].State != guideline.Open {
		t.Error("a finding that stays is the same one, and other entries keep theirs")
	}
	k.record(k.a, "TIM-14")
	again := k.states(k.a)
	if again["TIM-14"].State != guideline.Open || again["TIM-14"].ID != first["TIM-14"].ID || again["NAR-02"].State != guideline.Fixed || again["NAR-02"].Note != "" {
		t.Errorf("what comes back is open again: %+v", again)
	}
}

func TestWaiveNeedsAReasonAndAnOpenFinding(t *testing.T) {
	t.Parallel()
	k := keeping(t)
	k.record(k.a, "NAR-01")
	id := k.states(k.a)["NAR-01"].ID
	for _, note := range []string{"", "  x ", "\x00abc", string(make([]byte, 501))} {
		if err := k.waive(id, note); !errors.Is(err, guideline.ErrNote) {
			t.Errorf("note %q: %v", note, err)
		}
	}
	if err := k.waive(id, "agreed"); err != nil {
		t.Fatal(err)
	}
	if err := k.waive(id, "agreed again"); !errors.Is(err, guideline.ErrSettled) {
		t.Errorf("twice: %v", err)
	}
	other := keeping(t)
	if err := other.waive(id, "from elsewhere"); !errors.Is(err, guideline.ErrSettled) {
		t.Errorf("from another firm: %v", err)
	}
}

// A finding is called as the rule is: a firm's own by what the firm wrote, a
// built-in one as the program has it.
func TestAFindingHasItsRulesName(t *testing.T) {
	t.Parallel()
	k := keeping(t)
	j := guideline.Judged{Subject: guideline.Subject{Entry: k.a, Currency: "USD"}}
	for _, r := range []string{"PEL-01", "NAR-01"} {
		j.Findings = append(j.Findings, guideline.Finding{Rule: r, Version: 1, Title: "Long calls", Severity: guideline.Warn, Stage: guideline.Entry, Field: "line", Message: "m", Fix: "f"})
	}
	if err := k.f.DB().InFirm(k.f.Machine(), func(tx *db.Tx) error {
		return guideline.Record(tx, guideline.Entry, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), []guideline.Judged{j})
	}); err != nil {
		t.Fatal(err)
	}
	got := k.states(k.a)
	if got["PEL-01"].Title != "Long calls" || got["NAR-01"].Title != "Block billing" {
		t.Errorf("%q, %q", got["PEL-01"].Title, got["NAR-01"].Title)
	}
}
