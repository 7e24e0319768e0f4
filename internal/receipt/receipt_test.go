package receipt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestAReceiptComesAndGoes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	file := scan(t, 1)
	r, err := h.svc.Attach(h.specialist, h.cost.ID, receipt.Upload{Name: `C:\scans\Whitlock: night.exe`, Data: file})
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != "Whitlock: night.png" || r.Media != receipt.PNG || r.Bytes != int64(len(file)) || len(r.SHA256) != 64 {
		t.Errorf("attached: %+v", r)
	}
	list, err := h.svc.Of(h.partner, h.cost.ID)
	if err != nil || len(list) != 1 || list[0].ID != r.ID || list[0].AddedBy == "" {
		t.Errorf("Of: %+v, %v", list, err)
	}
	got, err := h.svc.Fetch(h.partner, r.ID)
	if err != nil || !bytes.Equal(got.Data, file) {
		t.Errorf("Fetch: %d bytes, %v", len(got.Data), err)
	}
	if _, err := h.svc.Attach(h.specialist, h.cost.ID, receipt.Upload{Name: "again.png", Data: file}); !errors.Is(err, receipt.ErrTwice) {
		t.Errorf("the same file again: %v", err)
	}
	if err := h.svc.Remove(h.specialist, r.ID, " "); !errors.Is(err, receipt.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	if err := h.svc.Remove(h.specialist, r.ID, "of another trip"); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Remove(h.specialist, r.ID, "of another trip"); !errors.Is(err, receipt.ErrNotFound) {
		t.Errorf("taken off twice: %v", err)
	}
	if _, err := h.svc.Fetch(h.partner, r.ID); !errors.Is(err, receipt.ErrNotFound) {
		t.Errorf("what was taken off: %v", err)
	}
	if n := h.Count(t, `SELECT count(*) FROM receipt WHERE firm_id = ? AND reason = 'of another trip'`, h.ID); n != 1 {
		t.Error("what was taken off is not on record")
	}
	if _, err := h.svc.Attach(h.specialist, h.cost.ID, receipt.Upload{Name: "again.png", Data: file}); err != nil {
		t.Errorf("and attached again: %v", err)
	}
	for _, action := range []string{"receipt.added", "receipt.read", "receipt.removed"} {
		if n := h.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ? AND class >= 3 AND matter_id = ?`, h.ID, action, h.m.ID); n == 0 {
			t.Errorf("no leaf %s", action)
		}
	}
	if n := h.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND detail::text LIKE '%night%'`, h.ID); n != 0 {
		t.Error("the log holds the name of a file")
	}
}

func TestTimeHasNoReceipt(t *testing.T) {
	t.Parallel()
	h := setup(t)
	e := h.Work(t, h.m, h.Timekeeper(t, "RV", "ASSOC", 4_000_000), "2026-02-09", 10_000, 4_000_000)
	if _, err := h.svc.Attach(h.specialist, e.ID, receipt.Upload{Name: "a.png", Data: scan(t, 1)}); !errors.Is(err, receipt.ErrNoCost) {
		t.Errorf("Attach: %v", err)
	}
	h.Exec(t, `UPDATE entry SET status = 'removed', version = version + 1 WHERE firm_id = ? AND id = ?`, h.ID, h.cost.ID)
	if _, err := h.svc.Attach(h.specialist, h.cost.ID, receipt.Upload{Name: "a.png", Data: scan(t, 1)}); !errors.Is(err, receipt.ErrRemoved) {
		t.Errorf("on what was taken back: %v", err)
	}
}

// The rule asks until the paper is there, and asks again when it is gone. What the partner
// judges by stays.
func TestABillAsksForReceipts(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ask := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	ask(err)
	open := func() (rules []string) {
		t.Helper()
		v, err := h.prebills.Get(h.specialist, p.ID)
		ask(err)
		for _, f := range v.Lines[0].Findings {
			if f.State == guideline.Open {
				rules = append(rules, f.Rule)
			}
		}
		return rules
	}
	if got := fmt.Sprint(open()); got != "[EXP-01]" {
		t.Fatalf("without a paper: %s", got)
	}
	if _, err := h.prebills.Submit(h.specialist, p.ID, p.Version); !errors.Is(err, prebill.ErrOpenFindings) {
		t.Errorf("handed in without: %v", err)
	}
	r := h.attach(t, 1)
	if got := open(); len(got) != 0 {
		t.Errorf("with the paper: %s", got)
	}
	ask(h.svc.Remove(h.specialist, r.ID, "of another trip"))
	if got := fmt.Sprint(open()); got != "[EXP-01]" {
		t.Errorf("with the paper gone: %s", got)
	}
	r = h.attach(t, 2)
	if got := open(); len(got) != 0 {
		t.Errorf("with another paper: %s", got)
	}
	p, err = h.prebills.Submit(h.specialist, p.ID, p.Version)
	ask(err)
	if err := h.svc.Remove(h.specialist, r.ID, "of another trip"); !errors.Is(err, receipt.ErrSeen) {
		t.Errorf("taken off before the partner: %v", err)
	}
	h.attach(t, 3) // one more is welcome at any time
	v, err := h.prebills.Get(h.partner, p.ID)
	ask(err)
	if _, err = h.prebills.Approve(h.partner, p.ID, v.Version, v.Hash); err != nil {
		t.Errorf("approved: %v", err)
	}
	if err := h.svc.Remove(h.specialist, r.ID, "of another trip"); !errors.Is(err, receipt.ErrSeen) {
		t.Errorf("taken off after approval: %v", err)
	}
}

func TestT01_AReceiptIsItsFirms(t *testing.T) {
	t.Parallel()
	h, other := setup(t), setup(t)
	r := h.attach(t, 1)
	for who, ctx := range map[string]context.Context{"another firm": other.specialist, "who may not know of the matter": h.As(t, rbac.RoleSpecialist, testkit.OnMatters(other.m.ID))} {
		_, ofErr := h.svc.Of(ctx, h.cost.ID)
		_, attachErr := h.svc.Attach(ctx, h.cost.ID, receipt.Upload{Name: "a.png", Data: scan(t, 9)})
		_, getErr := h.svc.Get(ctx, r.ID)
		_, fetchErr := h.svc.Fetch(ctx, r.ID)
		for what, err := range map[string]error{"Of": ofErr, "Attach": attachErr, "Get": getErr, "Fetch": fetchErr, "Remove": h.svc.Remove(ctx, r.ID, "not ours")} {
			if !errors.Is(err, receipt.ErrNotFound) {
				t.Errorf("%s: %s: %v", who, what, err)
			}
		}
	}
	if n := h.Count(t, `SELECT count(*) FROM receipt WHERE firm_id = ? AND removed_at IS NULL`, h.ID); n != 1 {
		t.Errorf("%d receipts", n)
	}
}

func TestT24_AReceiptIsReadLikeANarrative(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := h.attach(t, 1)
	low := h.As(t, rbac.RoleSpecialist, testkit.UpToClass(2))
	_, ofErr := h.svc.Of(low, h.cost.ID)
	_, fetchErr := h.svc.Fetch(low, r.ID)
	_, attachErr := h.svc.Attach(low, h.cost.ID, receipt.Upload{Name: "a.png", Data: scan(t, 9)})
	for what, err := range map[string]error{"Of": ofErr, "Fetch": fetchErr, "Attach": attachErr, "Remove": h.svc.Remove(low, r.ID, "not ours")} {
		if !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := h.svc.Remove(h.partner, r.ID, "not ours"); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner takes one off: %v", err)
	}
}

// Two files at once for the last place: one has it.
func TestACostHasItsMostReceipts(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for i := range receipt.MaxOfEntry - 1 {
		h.attach(t, uint8(i))
	}
	var (
		wg   sync.WaitGroup
		errs [4]error
	)
	for i := range errs {
		file := scan(t, uint8(100+i))
		wg.Go(func() {
			_, errs[i] = h.svc.Attach(h.specialist, h.cost.ID, receipt.Upload{Name: "one more.png", Data: file})
		})
	}
	wg.Wait()
	refused := 0
	for _, err := range errs {
		if errors.Is(err, receipt.ErrFull) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if n := h.Count(t, `SELECT count(*) FROM receipt WHERE firm_id = ?`, h.ID); refused != 3 || n != receipt.MaxOfEntry {
		t.Errorf("%d refused, %d kept", refused, n)
	}
}

func TestTheDatabaseKeepsReceipts(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := h.attach(t, 1)
	e := h.Work(t, h.m, h.Timekeeper(t, "RV", "ASSOC", 4_000_000), "2026-02-09", 10_000, 4_000_000)
	if err := h.svc.Remove(h.specialist, r.ID, "of another trip"); err != nil {
		t.Fatal(err)
	}
	blob := ident.BlobID(h.Text(t, `SELECT blob_id FROM receipt WHERE firm_id = ?`, h.ID))
	for what, q := range map[string][]any{
		"stays off": {`UPDATE receipt SET removed_at = NULL, removed_by = NULL, reason = '' WHERE firm_id = ?`, h.ID},
		"belongs to a cost": {`INSERT INTO receipt (firm_id, id, entry_id, name, media, size, sha256, blob_id, added_at) VALUES (?, gen_random_uuid(), ?, 'a.png', 'image/png', 1, repeat('0', 64), ?, now())`,
			h.ID, e.ID, blob},
		"permission denied": {`DELETE FROM receipt WHERE firm_id = ?`, h.ID},
	} {
		err := h.DB().InFirm(h.specialist, func(tx *db.Tx) error { return tx.Exec(q[0].(string), q[1:]...).Error })
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// No more is billed than the papers say was paid, where all of them say it (EXP-09).
func TestACostIsBilledAtWhatItsPapersSay(t *testing.T) {
	t.Parallel()
	h := setup(t) // a cost of 400.00
	if _, err := h.svc.Attach(h.specialist, h.cost.ID, receipt.Upload{Name: "a.png", Data: scan(t, 1), SaysMinor: -1}); !errors.Is(err, receipt.ErrInvalid) {
		t.Errorf("less than nothing: %v", err)
	}
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	remark := func() (says string) {
		t.Helper()
		v, err := h.prebills.Get(h.specialist, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range v.Lines[0].Findings {
			if f.State == guideline.Open {
				says += f.Rule + " " + f.Observed + " of " + f.Expected + "; "
			}
		}
		return says
	}
	for _, c := range []struct {
		shade uint8
		says  int64
		want  string
	}{{1, 30_000, "EXP-09 400.00 of 300.00; "}, {2, 8_000, "EXP-09 400.00 of 380.00; "}, {3, 2_000, ""}, {4, 0, ""}} {
		if _, err := h.svc.Attach(h.specialist, h.cost.ID, receipt.Upload{Name: "a.png", Data: scan(t, c.shade), SaysMinor: c.says}); err != nil {
			t.Fatal(err)
		}
		if got := remark(); got != c.want {
			t.Errorf("with another paper of %d: %q, want %q", c.says, got, c.want)
		}
	}
}
