package outbox_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

type wanted struct{}

func (wanted) Kind() string { return "test.wanted" }

func board(t *testing.T) (*outbox.Board, *db.DB) {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	d := testkit.DB(t)
	return outbox.NewBoard(d, authz.NewGuard(d, policy)), d
}

func parked(t *testing.T, f testkit.F) (id ident.JobID) {
	t.Helper()
	err := f.DB().InFirm(f.Machine(), func(tx *db.Tx) (err error) {
		if id, err = outbox.Add(tx, wanted{}); err != nil {
			return err
		}
		return tx.Exec(`UPDATE outbox SET state = 'parked', tries = 10, attempt = 12, sent_at = ?, error = 'matter_closed: the matter is closed'
			WHERE firm_id = ? AND id = ?`, tx.Now, tx.Scope.Firm, id).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestBoardShowsReasonsInPages(t *testing.T) {
	t.Parallel()
	b, d := board(t)
	f, other := testkit.Firm(t, d), testkit.Firm(t, d)
	for range 3 {
		parked(t, f)
	}
	parked(t, other)
	ctx := f.As(t, rbac.RoleSpecialist)
	var got []outbox.Listed
	req := page.Request{Size: 2}
	for {
		p, err := b.List(ctx, outbox.StateParked, req)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p.Items...)
		if req.After = p.Next; p.Next == "" {
			break
		}
	}
	if len(got) != 3 {
		t.Fatalf("%d jobs listed, want the firm's 3", len(got))
	}
	if j := got[0]; j.Code != "matter_closed" || j.Reason != "the matter is closed" || j.Tries != 10 {
		t.Errorf("listed %+v", j)
	}
	if n, err := b.Counts(ctx); err != nil || n[outbox.StateParked] != 3 {
		t.Errorf("Counts = %v, %v", n, err)
	}
	if _, err := b.List(ctx, "lost", page.Request{}); !errors.Is(err, outbox.ErrStateUnknown) {
		t.Errorf("unknown state: %v", err)
	}
}

func TestRetryGivesTenMoreTries(t *testing.T) {
	t.Parallel()
	b, d := board(t)
	f := testkit.Firm(t, d)
	id := parked(t, f)
	lead := f.As(t, rbac.RoleTeamLead)
	if err := b.Retry(lead, id); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND state = 'pending' AND tries = 0 AND attempt = 13 AND sent_at IS NULL`, f.ID); n != 1 {
		t.Error("the job does not wait for the relay")
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'job.retried'`, f.ID); n != 1 {
		t.Errorf("%d leaves, want 1", n)
	}
	if err := b.Retry(lead, id); !errors.Is(err, outbox.ErrNotParked) {
		t.Errorf("a second time: %v", err)
	}
}

func TestRetryIsRefusedWithoutATrace(t *testing.T) {
	t.Parallel()
	b, d := board(t)
	f, other := testkit.Firm(t, d), testkit.Firm(t, d)
	id := parked(t, f)
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"another firm":           {b.Retry(other.As(t, rbac.RoleTeamLead), id), authz.ErrNotFound},
		"no grant in the firm":   {b.Retry(f.Acting(testkit.Person(t, d, "nobody")), id), authz.ErrNotFound},
		"without the permission": {b.Retry(f.As(t, rbac.RoleSpecialist), id), authz.ErrForbidden},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
	if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND state = 'parked'`, f.ID); n != 1 {
		t.Error("a refusal changed the job")
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, f.ID); n != 0 {
		t.Error("a refusal that changed nothing left a leaf of a change")
	}
}
