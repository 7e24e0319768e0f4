package audit_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

type house struct {
	d, w   *db.DB
	clock  *clock.Manual
	key    *audit.SigningKey
	svc    *audit.Service
	keeper *audit.Keeper
}

func setup(t *testing.T, invoices audit.InvoiceSource) house {
	t.Helper()
	c := clock.At(testkit.Now)
	return furnish(t, house{clock: c, d: testkit.Open(t, "docketry_api", c), w: testkit.Open(t, "docketry_worker", c)}, invoices)
}

// alone is setup in a database of its own, where no other test spoils a tree.
func alone(t *testing.T) (h house, name string) {
	t.Helper()
	c, name := clock.At(testkit.Now), testkit.NewDatabase(t)
	return furnish(t, house{clock: c, d: testkit.OpenDatabase(t, "docketry_api", name, c), w: testkit.OpenDatabase(t, "docketry_worker", name, c)}, nil), name
}

func furnish(t *testing.T, h house, invoices audit.InvoiceSource) house {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	if h.key, err = audit.NewSigningKey(bytes.Repeat([]byte{5}, 32)); err != nil {
		t.Fatal(err)
	}
	if h.keeper, err = audit.NewKeeper(h.w, h.key); err != nil {
		t.Fatal(err)
	}
	h.svc = audit.NewService(h.d, authz.NewGuard(h.d, policy), invoices, h.key.Public())
	return h
}

func record(t *testing.T, d *db.DB, ctx context.Context, entries ...audit.Entry) {
	t.Helper()
	err := d.InFirm(ctx, func(tx *db.Tx) error {
		for _, e := range entries {
			if err := audit.Record(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (h house) bundle(t *testing.T, ctx context.Context) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := h.svc.Bundle(ctx, &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (h house) verify(t *testing.T, bundle []byte, since ...string) audit.Report {
	t.Helper()
	r, err := audit.Verify(bytes.NewReader(bundle), audit.VerifyOptions{Keys: h.key.Public(), Since: since})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHistoryIsPlacedSealedAndProven(t *testing.T) {
	t.Parallel()
	h, _ := alone(t)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	for i := range 7 {
		record(t, h.d, admin, audit.Entry{Action: "client.edited", Object: "client", ID: string(rune('a' + i)), Class: audit.C2, Before: i, After: i + 1})
		h.clock.Advance(time.Second)
	}
	if n, err := h.keeper.Sequence(t.Context()); err != nil || n < 7 {
		t.Fatalf("placed %d, %v", n, err)
	}
	if err := h.keeper.SignNow(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	old := h.bundle(t, admin)
	if r := h.verify(t, old); !r.OK || r.Leaves != 7 {
		t.Errorf("report %+v", r)
	}
	checkpoint, err := h.svc.Checkpoint(admin)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		record(t, h.d, admin, audit.Entry{Action: "payor.edited", Object: "payor", ID: "p"})
	}
	if err := h.keeper.SignNow(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	r := h.verify(t, h.bundle(t, admin), checkpoint)
	if !r.OK || r.Since != 1 || r.Checkpoints != 2 || r.Leaves != 13 { // 7, the export, 5
		t.Errorf("report %+v", r)
	}
	if r, err := h.svc.Verify(admin); err != nil || !r.OK {
		t.Errorf("verify in place: %+v, %v", r, err)
	}
	st, err := h.svc.Status(admin)
	if err != nil || st.Sealed != 13 || st.Waiting != 1 || st.Checkpoints != 2 {
		t.Errorf("status %+v, %v", st, err)
	}
	// Signing again at once changes nothing; a day later it does, grown or not.
	before := f.Count(t, `SELECT count(*) FROM audit_checkpoint WHERE firm_id = ?`, f.ID)
	if _, err := h.keeper.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_checkpoint WHERE firm_id = ?`, f.ID); n != before {
		t.Errorf("%d checkpoints, %d before", n, before)
	}
	h.clock.Advance(25 * time.Hour)
	if _, err := h.keeper.Sign(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_checkpoint WHERE firm_id = ?`, f.ID); n != before+1 {
		t.Errorf("%d checkpoints a day later, %d before", n, before)
	}
	if r := h.verify(t, h.bundle(t, admin)); !r.OK {
		t.Errorf("after a day: %v", r.Problems)
	}
}

func TestManyLeavesInOneTransactionKeepTheirOrder(t *testing.T) {
	t.Parallel()
	h := setup(t, nil)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	entries := make([]audit.Entry, 1300) // more than one batch
	for i := range entries {
		entries[i] = audit.Entry{Action: "entry.seen", Object: "entry", ID: string(rune(0x4e00 + i))}
	}
	record(t, h.d, admin, entries...)
	if err := h.keeper.SignNow(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND object_id <> chr(19968 + seq::int)`, f.ID); n != 0 {
		t.Errorf("%d leaves out of the order of writing", n)
	}
	if r := h.verify(t, h.bundle(t, admin)); !r.OK || r.Leaves != 1300 {
		t.Errorf("report %+v", r)
	}
}

// The database's superuser goes past every wall; the verifier names what was done.
func TestT27_SuperuserIsFoundOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql  string
		says string
	}{
		"edit":           {`UPDATE audit_leaf SET actor = 'nobody' WHERE firm_id = $1 AND seq = 4`, "entry 4 was altered"},
		"edit of detail": {`UPDATE audit_leaf SET detail = 'not json' WHERE firm_id = $1 AND seq = 2`, "entry 2 was altered"},
		"delete":         {`DELETE FROM audit_leaf WHERE firm_id = $1 AND seq = 6`, "entry 6 is missing"},
		"reorder":        {`UPDATE audit_leaf SET seq = 100 WHERE firm_id = $1 AND seq = 1; UPDATE audit_leaf SET seq = 1 WHERE firm_id = $1 AND seq = 2`, "entry 1 was altered"},
		"truncate":       {`DELETE FROM audit_leaf WHERE firm_id = $1`, "the head promises"},
		"another place":  {`UPDATE audit_hash SET hash = sha256('x') WHERE firm_id = $1 AND position = 0`, "entry 0 was altered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t, nil)
			f := testkit.Firm(t, h.d)
			admin := f.As(t, rbac.RoleFirmAdmin)
			for range 9 {
				record(t, h.d, admin, audit.Entry{Action: "client.edited", Object: "client", ID: "c"})
			}
			if err := h.keeper.SignNow(t.Context(), f.ID); err != nil {
				t.Fatal(err)
			}
			// A superuser passes triggers too.
			testkit.AdminExec(t, h.d, `DO $$ BEGIN SET LOCAL session_replication_role = replica; `+strings.ReplaceAll(c.sql, "$1", "'"+string(f.ID)+"'")+`; END $$`)
			r := h.verify(t, h.bundle(t, admin))
			if r.OK || !strings.Contains(r.Problems[0].What, c.says) {
				t.Errorf("problems %v", r.Problems)
			}
		})
	}
}

func TestSigningStopsWhenSealedHistoryChanged(t *testing.T) {
	t.Parallel()
	h := setup(t, nil)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	record(t, h.d, admin, audit.Entry{Action: "client.edited", Object: "client", ID: "c"}, audit.Entry{Action: "client.edited", Object: "client", ID: "d"})
	if err := h.keeper.SignNow(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	testkit.AdminExec(t, h.d, `UPDATE audit_hash SET hash = sha256('x') WHERE firm_id = $1`, string(f.ID))
	record(t, h.d, admin, audit.Entry{Action: "client.edited", Object: "client", ID: "e"})
	if err := h.keeper.SignNow(t.Context(), f.ID); !errors.Is(err, audit.ErrAltered) {
		t.Errorf("sign: %v, want ErrAltered", err)
	}
}

// With the right to append gone, nothing that must be recorded happens any more.
func TestF12_AuditNotWritable(t *testing.T) {
	t.Parallel()
	h, name := alone(t)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	record(t, h.d, admin, audit.Entry{Action: "client.edited", Object: "client", ID: "c"})
	conn, err := pgx.Connect(t.Context(), testkit.AdminURL(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA auth FROM docketry_api; GRANT EXECUTE ON FUNCTION auth.challenge(), auth.firm(), auth.firms(), auth.enter(text, text), auth.stamp(text, text, uuid, uuid) TO docketry_api`); err != nil {
		t.Fatal(err)
	}
	err = h.d.InFirm(admin, func(tx *db.Tx) error {
		if err := tx.Exec(`UPDATE firm SET name = 'Changed' WHERE firm_id = ?`, f.ID).Error; err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "firm.edited", Object: "firm", ID: string(f.ID)})
	})
	if !errors.Is(err, audit.ErrNotWritable) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("record: %v, want ErrNotWritable, which is 503", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM firm WHERE firm_id = ? AND name = 'Changed'`, f.ID); n != 0 {
		t.Error("the act was kept without its leaf")
	}
}

func TestI20_NoLeafNoAct(t *testing.T) {
	t.Parallel()
	h := setup(t, nil)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	err := h.d.InFirm(admin, func(tx *db.Tx) error {
		if err := tx.Exec(`UPDATE firm SET name = 'Changed' WHERE firm_id = ?`, f.ID).Error; err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: strings.Repeat("x", 200), Object: "firm", ID: "1"}) // the table refuses it
	})
	if !errors.Is(err, audit.ErrNotWritable) {
		t.Errorf("record: %v, want ErrNotWritable", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM firm WHERE firm_id = ? AND name = 'Changed'`, f.ID); n != 0 {
		t.Error("the act was kept without its leaf")
	}
}

// Neither program may change, remove or forge a leaf by SQL of its own.
func TestI20_RunTimeRolesCannotTouchLeaves(t *testing.T) {
	t.Parallel()
	h := setup(t, nil)
	f, other := testkit.Firm(t, h.d), testkit.Firm(t, h.d)
	record(t, h.d, f.As(t, rbac.RoleFirmAdmin), audit.Entry{Action: "client.edited", Object: "client", ID: "c"})
	for _, sql := range []string{
		`UPDATE audit_leaf SET actor = 'x'`, `DELETE FROM audit_leaf`, `TRUNCATE audit_leaf`,
		`INSERT INTO audit_leaf (firm_id, id, at, actor, action, object, object_id, class) VALUES (auth.firm(), gen_random_uuid(), now(), 'x', 'x', 'x', 'x', 1)`,
		`UPDATE audit_hash SET hash = hash`, `DELETE FROM audit_hash`, `UPDATE audit_checkpoint SET note = ''`, `DELETE FROM audit_checkpoint`,
		`SELECT auth.append_leaf('` + string(other.ID) + `'::uuid, gen_random_uuid(), now(), 'x', '', '', 'x', 'x', 'x', '', 1::smallint, '', '', '', '{}', '', 'done')`,
	} {
		for name, d := range map[string]*db.DB{"api": h.d, "worker": h.w} {
			err := d.InFirm(f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql).Error })
			if code := db.Code(err); code != "42501" {
				t.Errorf("%s: %s: %v", name, sql, err)
			}
		}
	}
	// The sequencer's right to set seq serves once.
	if err := h.keeper.SignNow(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	err := h.w.InFirm(f.Machine(), func(tx *db.Tx) error { return tx.Exec(`UPDATE audit_leaf SET seq = 77 WHERE firm_id = ?`, f.ID).Error })
	if !db.Violates(err, "audit_leaf_stays") {
		t.Errorf("a place was given twice: %v", err)
	}
}

func TestListShowsWhatMayBeSeen(t *testing.T) {
	t.Parallel()
	h := setup(t, nil)
	f, other := testkit.Firm(t, h.d), testkit.Firm(t, h.d)
	mine, sealed := f.Matter(t), f.Matter(t, testkit.Label(3))
	admin := f.As(t, rbac.RoleFirmAdmin)
	record(t, h.d, admin,
		audit.Entry{Action: "prebill.approved", Object: "prebill", ID: "1", Matter: mine.ID},
		audit.Entry{Action: "prebill.approved", Object: "prebill", ID: "2", Matter: sealed.ID},
		audit.Entry{Action: "client.edited", Object: "client", ID: "3"})
	record(t, h.d, other.As(t, rbac.RoleFirmAdmin), audit.Entry{Action: "client.edited", Object: "client", ID: "4"})
	ids := func(ctx context.Context, flt audit.Filter) string {
		t.Helper()
		var got []string
		req := page.Request{Size: 2}
		for {
			p, err := h.svc.List(ctx, flt, req)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range p.Items {
				got = append(got, e.ObjectID)
			}
			if req.After = p.Next; p.Next == "" {
				break
			}
		}
		slices.Sort(got)
		return strings.Join(got, "")
	}
	if got := ids(admin, audit.Filter{}); got != "123" {
		t.Errorf("admin sees %s", got)
	}
	if got := ids(admin, audit.Filter{Action: "prebill."}); got != "12" {
		t.Errorf("filtered: %s", got)
	}
	if got := ids(f.As(t, rbac.RolePartner, testkit.OnMatters(mine.ID)), audit.Filter{}); got != "1" {
		t.Errorf("partner of one matter sees %s", got)
	}
	if _, err := h.svc.List(f.As(t, rbac.RoleSpecialist), audit.Filter{}, page.Request{}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("specialist: %v", err)
	}
	if _, err := h.svc.List(other.As(t, rbac.RoleFirmAdmin), audit.Filter{}, page.Request{}); err != nil {
		t.Error(err)
	}
	foreign := f.Acting(testkit.Actor(other.As(t, rbac.RoleFirmAdmin)))
	if _, err := h.svc.List(foreign, audit.Filter{}, page.Request{}); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("another firm's admin: %v", err)
	}
	if err := h.svc.Bundle(f.As(t, rbac.RolePartner), &bytes.Buffer{}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("partner's bundle: %v", err)
	}
	if err := h.svc.Bundle(f.As(t, rbac.RoleFirmAdmin, testkit.OnMatters(mine.ID)), &bytes.Buffer{}); !errors.Is(err, audit.ErrPart) {
		t.Errorf("bundle of who sees a part: %v", err)
	}
	if err := h.svc.Bundle(admin, &bytes.Buffer{}); !errors.Is(err, audit.ErrUnsealed) {
		t.Errorf("bundle before the first seal: %v", err)
	}
	p, err := h.svc.List(admin, audit.Filter{ObjectID: "1"}, page.Request{})
	if err != nil || p.Items[0].Who != "firm_admin" || p.Items[0].Matter != mine.Number {
		t.Errorf("entry %+v, %v", p.Items, err)
	}
	if err := h.keeper.SignNow(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	if p, err = h.svc.List(admin, audit.Filter{ObjectID: "1"}, page.Request{}); err != nil || len(p.Items[0].Hash) != 64 || !p.Items[0].Sealed {
		t.Errorf("entry %+v, %v", p.Items, err)
	}
}

func TestRefusedAndDigests(t *testing.T) {
	t.Parallel()
	h := setup(t, func(_ *db.Tx, _ int64, after string, _ int) ([]audit.SealedInvoice, error) {
		if after != "" {
			return nil, nil
		}
		return []audit.SealedInvoice{{ID: "i1", Number: "26-00001", Hash: "cafe"}}, nil
	})
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	record(t, h.d, admin, audit.Entry{Action: audit.InvoiceIssued, Object: "invoice", ID: "i1", Class: audit.C3, After: audit.Digest("cafe")})
	if err := audit.Refused(admin, h.d, audit.Entry{Action: "matter.opened", Object: "matter", ID: string(ident.New[ident.MatterID](testkit.Now))}); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND result = 'denied'`, f.ID); n != 1 {
		t.Errorf("%d refusals recorded", n)
	}
	record(t, h.d, admin, audit.Entry{Action: "entry.seen", Object: "entry", ID: "e", Class: audit.C3, After: "the same words"},
		audit.Entry{Action: "entry.seen", Object: "entry", ID: "e", Class: audit.C3, After: "the same words"})
	if n := f.Count(t, `SELECT count(DISTINCT after_hash) FROM audit_leaf WHERE firm_id = ? AND object = 'entry'`, f.ID); n != 2 {
		t.Error("privileged text is hashed without a salt")
	}
	if err := h.keeper.SignNow(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
	if r := h.verify(t, h.bundle(t, admin)); !r.OK || r.Invoices != 1 {
		t.Errorf("report %+v", r)
	}
}

// A figure has so few values that its hash tells it: who does not see figures reads no
// hash of a state that has some, and fetches no file of all of them.
func TestT24_TheHashOfAFigureIsAFigure(t *testing.T) {
	t.Parallel()
	h := setup(t, nil)
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	m := f.Matter(t)
	for action, class := range map[string]int{"grant.given": audit.C1, "prebill.fees_cut": audit.C2, "entry.amended": audit.C3} {
		record(t, d, f.Machine(), audit.Entry{Action: action, Object: "thing", ID: "1", Matter: m.ID, Class: class, Before: 12, After: 34})
	}
	for c, want := range map[int]int{1: 1, 2: 2, 3: 3} {
		admin := f.As(t, rbac.RoleFirmAdmin, testkit.UpToClass(c))
		p, err := h.svc.List(admin, audit.Filter{Object: "thing"}, page.Request{})
		if err != nil || len(p.Items) != 3 {
			t.Fatalf("class %d: %d entries, %v", c, len(p.Items), err)
		}
		shown := 0
		for _, e := range p.Items {
			if (e.Before == "") != (e.After == "") {
				t.Errorf("class %d: half of %s", c, e.Action)
			}
			if e.After != "" {
				shown++
			}
		}
		if shown != want {
			t.Errorf("class %d: %d hashes, want %d", c, shown, want)
		}
		if err := h.svc.Bundle(admin, &bytes.Buffer{}); errors.Is(err, audit.ErrPart) != (c == 1) {
			t.Errorf("class %d: the proof file: %v", c, err)
		}
	}
}
