package contingent_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestTwoPeopleSayWhatCameIn records, refuses the recorder's own second word, confirms,
// corrects by a version of its own that is confirmed anew, and withdraws.
func TestTwoPeopleSayWhatCameIn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := h.record(t)
	if r.Number != 1 || r.State() != contingent.StateRecorded || r.Stands() || r.Now().RecordedByName == "" {
		t.Errorf("recorded %+v", r)
	}
	own, err := h.svc.Record(h.partner, h.m.ID, won())
	if err != nil || own.Number != 2 {
		t.Fatalf("a second one: %+v, %v", own, err)
	}
	if _, err := h.svc.Confirm(h.partner, own.ID, 1); !errors.Is(err, contingent.ErrOwn) {
		t.Errorf("confirm what one recorded: %v, want ErrOwn", err)
	}
	err = h.DB().InFirm(h.Machine(), func(tx *db.Tx) error { // I13: and past the service
		return tx.Exec(`UPDATE recovery_version SET confirmed_by = recorded_by, confirmed_at = ? WHERE firm_id = ? AND recovery_id = ?`, tx.Now, h.ID, own.ID).Error
	})
	if !db.Violates(err, "recovery_version_four_eyes") {
		t.Errorf("one person's word twice, past the service: %v", err)
	}
	if _, err := h.svc.Confirm(h.specialist, r.ID, 1); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("the bureau's second word: %v, want ErrForbidden", err)
	}
	r, err = h.svc.Confirm(h.partner, r.ID, 1)
	if err != nil || !r.Stands() || r.Now().ConfirmedByName == "" {
		t.Fatalf("confirmed %+v, %v", r, err)
	}
	if _, err := h.svc.Confirm(h.partner, r.ID, 1); !errors.Is(err, contingent.ErrConfirmed) {
		t.Errorf("twice: %v, want ErrConfirmed", err)
	}
	more := won()
	more.Minor, more.Stage = 1_250_000, arrangement.StageTrial
	r, err = h.svc.Correct(h.specialist, r.ID, 1, more, "interest came with it")
	if err != nil || len(r.Versions) != 2 || r.Stands() || r.Versions[0].Minor != 1_000_000 || r.Now().Minor != 1_250_000 {
		t.Fatalf("corrected %+v, %v", r, err)
	}
	if _, err := h.svc.Correct(h.specialist, r.ID, 1, more, "interest came with it"); !errors.Is(err, contingent.ErrStale) {
		t.Errorf("of the former version: %v, want ErrStale", err)
	}
	if _, err := h.svc.Confirm(h.partner, r.ID, 1); !errors.Is(err, contingent.ErrStale) {
		t.Errorf("confirm the former version: %v, want ErrStale", err)
	}
	if _, err := h.svc.Withdraw(h.specialist, r.ID, 2, " "); !errors.Is(err, contingent.ErrInvalid) {
		t.Errorf("withdraw without a reason: %v, want ErrInvalid", err)
	}
	if r, err = h.svc.Withdraw(h.specialist, r.ID, 2, "the wire was recalled"); err != nil || r.State() != contingent.StateWithdrawn {
		t.Fatalf("withdrawn %+v, %v", r, err)
	}
	if _, err := h.svc.Correct(h.specialist, r.ID, 2, more, "it came again"); !errors.Is(err, contingent.ErrWithdrawn) {
		t.Errorf("correct what was withdrawn: %v, want ErrWithdrawn", err)
	}
	for action, want := range map[string]int64{"recovery.recorded": 2, "recovery.confirmed": 1, "recovery.corrected": 1, "recovery.withdrawn": 1} {
		if n := h.leaves(t, action); n != want {
			t.Errorf("%d leaves of %s, want %d", n, action, want)
		}
	}
}

// TestWhatCannotHaveComeInIsRefused names each field, and leaves nothing.
func TestWhatCannotHaveComeInIsRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for name, c := range map[string]struct {
		change func(n *contingent.Facts)
		path   string
	}{
		"nothing":                        {func(n *contingent.Facts) { n.Minor = 0 }, "amount"},
		"more than there is":             {func(n *contingent.Facts) { n.Minor = 1 << 60 }, "amount"},
		"tomorrow":                       {func(n *contingent.Facts) { n.ReceivedOn = testkit.Now.AddDate(0, 0, 2) }, "received_on"},
		"no day":                         {func(n *contingent.Facts) { n.ReceivedOn = n.ReceivedOn.AddDate(-3000, 0, 0) }, "received_on"},
		"before the fee was agreed":      {func(n *contingent.Facts) { n.ReceivedOn = testkit.Day("2025-12-31") }, "received_on"},
		"a stage without a share":        {func(n *contingent.Facts) { n.Stage = arrangement.StageAppeal }, "stage"},
		"from nobody":                    {func(n *contingent.Facts) { n.Source = "" }, "source"},
		"a source that nobody can read":  {func(n *contingent.Facts) { n.Source = "the\u202einsurer" }, "source"},
		"a source of more than one line": {func(n *contingent.Facts) { n.Source = "the\ninsurer" }, "source"},
	} {
		n := won()
		c.change(&n)
		_, err := h.svc.Record(h.specialist, h.m.ID, n)
		var f *fault.Error
		if !errors.Is(err, contingent.ErrInvalid) || !errors.As(err, &f) || len(f.Fields) == 0 || f.Fields[0].Path != c.path {
			t.Errorf("%s: %v %+v, want a fault of %s", name, err, f, c.path)
		}
	}
	if n := h.Count(t, `SELECT count(*) FROM recovery WHERE firm_id = ?`, h.ID) + h.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, h.ID); n != 0 {
		t.Errorf("the refusals left %d rows and leaves", n)
	}
}

// TestWhatIsBilledDoesNotChange: a draft follows a correction once it is confirmed; a bill
// that is approved holds the recovery as it was.
func TestWhatIsBilledDoesNotChange(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.sign(t)
	r := h.record(t)
	if _, err := h.svc.Confirm(h.partner, r.ID, 1); err != nil {
		t.Fatal(err)
	}
	h.Cost(t, h.m, "2026-02-11", "E115", 10_000, 1_000_000)
	order := prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")}
	p, err := h.prebills.Build(h.specialist, order)
	if err != nil {
		t.Fatal(err)
	}
	d, err := h.svc.Get(h.partner, r.ID)
	if err != nil || d.Prebill != p.ID || d.Billed || d.CostsMinor != 10_000 || len(d.Costs) != 1 || d.Expected == nil || d.Expected.FeeMinor != 330_000 || d.Expected.ClientMinor != 660_000 {
		t.Fatalf("detail %+v, %v", d, err)
	}
	more := won()
	more.Minor = 2_000_000
	if _, err := h.svc.Correct(h.specialist, r.ID, 1, more, "a second wire"); err != nil {
		t.Fatal(err)
	}
	// The draft waits: its next step tells, and then the recovery is not charged.
	if _, err := h.prebills.Submit(h.specialist, p.ID, p.Version); !errors.Is(err, prebill.ErrRearranged) {
		t.Errorf("hand in what was corrected: %v, want ErrRearranged", err)
	}
	if _, err := h.svc.Confirm(h.partner, r.ID, 2); err != nil {
		t.Fatal(err)
	}
	v, err := h.prebills.Get(h.partner, p.ID)
	if err != nil || v.Closing != nil || !v.Behind {
		t.Fatalf("the draft follows with its next step: %+v, %v", v.Closing, err)
	}
	if _, err := h.prebills.Submit(h.specialist, p.ID, v.Version); !errors.Is(err, prebill.ErrRearranged) {
		t.Errorf("and tells: %v, want ErrRearranged", err)
	}
	if v, err = h.prebills.Get(h.partner, p.ID); err != nil || v.Closing == nil || v.Closing.GrossMinor != 2_000_000 || v.Closing.Version != 2 {
		t.Fatalf("statement %+v, %v", v.Closing, err)
	}
	if p, err = h.prebills.Submit(h.specialist, p.ID, v.Version); err != nil {
		t.Fatal(err)
	}
	if v, err = h.prebills.Get(h.partner, p.ID); err != nil {
		t.Fatal(err)
	}
	if p, err = h.prebills.Approve(h.partner, p.ID, v.Version, v.Hash); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"correct":  second(h.svc.Correct(h.specialist, r.ID, 2, won(), "it was less")),
		"withdraw": second(h.svc.Withdraw(h.specialist, r.ID, 2, "it was less")),
	} {
		if !errors.Is(err, contingent.ErrBilled) {
			t.Errorf("%s what is approved: %v, want ErrBilled", what, err)
		}
	}
	err = h.DB().InFirm(h.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO recovery_version (firm_id, recovery_id, version, stage, amount_minor, received_on, source, reason, recorded_by, recorded_at) VALUES (?, ?, 3, 'trial', 1, date '2026-02-20', 'nobody', 'past the service', ?, ?)`, h.ID, r.ID, testkit.Actor(h.partner), tx.Now).Error
	})
	if !db.Violates(err, "recovery_billed") {
		t.Errorf("past the service: %v, want recovery_billed", err)
	}
	if err := h.svc.TakeOff(h.partner, h.of, "of another client"); !errors.Is(err, contingent.ErrWritingUsed) {
		t.Errorf("take the writing off: %v, want ErrWritingUsed", err)
	}
	if _, err := h.prebills.Withdraw(h.partner, p.ID, p.Version); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Withdraw(h.specialist, r.ID, 2, "the wire was recalled"); err != nil {
		t.Errorf("once the approval is withdrawn: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func (h *house) sign(t *testing.T) contingent.Writing {
	t.Helper()
	w, err := h.svc.Sign(h.partner, h.of, testkit.Day("2026-01-05"), receipt.Upload{Name: `C:\scans\agreement.exe`, Data: scan(t, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestAWritingIsKeptAsItCame signs, opens, takes off and signs again.
func TestAWritingIsKeptAsItCame(t *testing.T) {
	t.Parallel()
	h := setup(t)
	if _, err := h.svc.Fetch(h.partner, h.of); !errors.Is(err, contingent.ErrWritingNone) {
		t.Errorf("none yet: %v", err)
	}
	w := h.sign(t)
	if w.Name != "agreement.png" || w.AddedBy == "" || len(w.SHA256) != 64 {
		t.Errorf("writing %+v", w)
	}
	got, err := h.svc.Fetch(h.specialist, h.of)
	if err != nil || !bytes.Equal(got.Data, scan(t, 1)) {
		t.Errorf("fetched %d bytes, %v", len(got.Data), err)
	}
	if _, err := h.svc.Sign(h.partner, h.of, testkit.Day("2026-01-05"), receipt.Upload{Name: "b.png", Data: scan(t, 2)}); !errors.Is(err, contingent.ErrWritingThere) {
		t.Errorf("a second one: %v, want ErrWritingThere", err)
	}
	if err := h.svc.TakeOff(h.partner, h.of, "of another client"); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.TakeOff(h.partner, h.of, "of another client"); !errors.Is(err, contingent.ErrWritingNone) {
		t.Errorf("off twice: %v", err)
	}
	hourly := h.Arrange(t, h.Matter(t), "2026-01-01", `"kind":"hourly"`)
	for name, err := range map[string]error{
		"work by the hour":  second(h.svc.Sign(h.partner, hourly, testkit.Day("2026-01-05"), receipt.Upload{Name: "b.png", Data: scan(t, 2)})),
		"no picture":        second(h.svc.Sign(h.partner, h.of, testkit.Day("2026-01-05"), receipt.Upload{Name: "b.png", Data: []byte("MZ")})),
		"signed next year":  second(h.svc.Sign(h.partner, h.of, testkit.Day("2027-01-05"), receipt.Upload{Name: "b.png", Data: scan(t, 2)})),
		"without the right": second(h.svc.Sign(h.specialist, h.of, testkit.Day("2026-01-05"), receipt.Upload{Name: "b.png", Data: scan(t, 2)})),
	} {
		want := map[string]error{"work by the hour": contingent.ErrWritingOther, "no picture": contingent.ErrWritingFile, "signed next year": contingent.ErrInvalid, "without the right": authz.ErrForbidden}[name]
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	refused := second(h.svc.Sign(h.partner, h.of, testkit.Day("2026-01-05"), receipt.Upload{Name: "b.png", Data: []byte("MZ")}))
	var f *fault.Error
	if !errors.As(refused, &f) || len(f.Fields) != 1 || strings.Contains(f.Fields[0].Message, "receipt") {
		t.Errorf("what is wrong with a writing is said of a receipt: %+v", f)
	}
	h.sign(t)
	list, err := h.svc.Writings(h.specialist, h.of)
	if err != nil || len(list) != 2 || list[1].RemovedAt == nil || list[1].Reason != "of another client" {
		t.Errorf("writings %+v, %v", list, err)
	}
	for action, want := range map[string]int64{"arrangement.signed": 2, "arrangement.writing_read": 1, "arrangement.writing_removed": 1} {
		if n := h.leaves(t, action); n != want {
			t.Errorf("%d leaves of %s, want %d", n, action, want)
		}
	}
}

// TestT01_AnotherFirmsRecoveriesAreNotThere: neither a recovery nor a writing of another firm
// exists, nor one behind a wall or outside a grant.
func TestT01_AnotherFirmsRecoveriesAreNotThere(t *testing.T) {
	t.Parallel()
	mine, theirs := setup(t), setup(t)
	theirs.sign(t)
	r := theirs.record(t)
	walled := theirs.As(t, rbac.RolePartner)
	theirs.Wall(t, testkit.Actor(walled), theirs.m.ID)
	elsewhere := theirs.As(t, rbac.RolePartner, testkit.OnMatters(theirs.Matter(t).ID))
	for who, ctx := range map[string]context.Context{"another firm": mine.partner, "behind a wall": walled, "outside the grant": elsewhere} {
		svc := theirs.svc
		_, _, listed := svc.Of(ctx, theirs.m.ID)
		for what, err := range map[string]error{
			"list": listed, "get": second(svc.Get(ctx, r.ID)), "record": second(svc.Record(ctx, theirs.m.ID, won())), "correct": second(svc.Correct(ctx, r.ID, 1, won(), "because")),
			"confirm": second(svc.Confirm(ctx, r.ID, 1)), "withdraw": second(svc.Withdraw(ctx, r.ID, 1, "because")), "writings": second(svc.Writings(ctx, theirs.of)), "fetch": second(svc.Fetch(ctx, theirs.of)),
			"take off": svc.TakeOff(ctx, theirs.of, "because"), "sign": second(svc.Sign(ctx, theirs.of, testkit.Day("2026-01-05"), receipt.Upload{Name: "b.png", Data: scan(t, 2)})),
		} {
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s, %s: %v, want not found", who, what, err)
			}
		}
	}
	low := theirs.As(t, rbac.RolePartner, testkit.UpToClass(1))
	if _, err := theirs.svc.Get(low, r.ID); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without sight of amounts: %v, want ErrForbidden", err)
	}
	if got, err := theirs.svc.Get(theirs.partner, r.ID); err != nil || len(got.Versions) != 1 || got.State() != contingent.StateRecorded {
		t.Errorf("what they tried left %+v, %v", got, err)
	}
}

// TestTwoCorrectionsAtOnce: of twenty corrections of one version one stands.
func TestTwoCorrectionsAtOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := h.record(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	kept := 0
	for range 20 {
		group.Go(func() {
			_, err := h.svc.Correct(h.specialist, r.ID, 1, won(), "interest came with it")
			if err != nil && !errors.Is(err, contingent.ErrStale) {
				t.Errorf("Correct: %v", err)
			}
			if err == nil {
				mu.Lock()
				kept++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if n := h.Count(t, `SELECT count(*) FROM recovery_version WHERE firm_id = ?`, h.ID); kept != 1 || n != 2 {
		t.Errorf("%d corrections, %d versions", kept, n)
	}
}

// TestACostOfAnotherStatementIsNotExpectedAgain: what the statement of one recovery counted is
// neither in the list of the next nor in what that would come to.
func TestACostOfAnotherStatementIsNotExpectedAgain(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.sign(t)
	h.Cost(t, h.m, "2026-02-11", "E115", 10_000, 1_000_000)
	first := h.record(t)
	if _, err := h.svc.Confirm(h.partner, first.ID, 1); err != nil {
		t.Fatal(err)
	}
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = h.prebills.Submit(h.specialist, p.ID, p.Version); err != nil {
		t.Fatal(err)
	}
	v, err := h.prebills.Get(h.partner, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = h.prebills.Approve(h.partner, p.ID, v.Version, v.Hash); err != nil {
		t.Fatal(err)
	}
	h.Cost(t, h.m, "2026-02-12", "E118", 10_000, 2_000_000)
	next := h.record(t)
	d, err := h.svc.Get(h.partner, next.ID)
	if err != nil || d.CostsMinor != 20_000 || len(d.Costs) != 1 || d.Expected == nil || d.Expected.FeeMinor != 326_666 {
		t.Errorf("the second expects %+v of %+v, %v", d.Expected, d.Costs, err)
	}
	if d, err = h.svc.Get(h.partner, first.ID); err != nil || d.CostsMinor != 30_000 {
		t.Errorf("the first has costs of %d, %v; want its own and what no statement counted", d.CostsMinor, err)
	}
}
