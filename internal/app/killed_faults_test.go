//go:build faults

package app_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/selfcheck"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/jobs"
	"github.com/docketry/docketry/rbac"
)

// act is a thing a person does over the API. Each call of ready makes what it is done to.
type act struct {
	name  string
	ready func(t *testing.T, h *house) request
	// writes are tables in which it must leave rows, beside its audit leaf and the kept answer.
	writes []string
}

var acts = []act{
	{"approve a pre-bill", approving, []string{"prebill"}},
	{"start an invoice run", running, []string{"run_item", "outbox"}},
	{"credit an invoice", crediting, []string{"credit_note", "posting", "outbox"}},
	{"record a payment", paying, []string{"payment", "posting"}},
	{"allocate a payment", allocating, []string{"allocation", "posting"}},
	{"import a file", importing, []string{"import_batch", "entry"}},
	{"give a grant", granting, []string{"access_grant"}},
	{"attach a receipt", attaching, []string{"receipt", "blob"}},
	{"send an e-bill", sending, []string{"submission", "blob"}},
	{"carry out a repricing", repricing, []string{"entry_price"}},
	{"transfer work to its matter", moving, []string{"transfer", "transfer_line", "entry"}},
	{"uphold a dispute in part", upholding, []string{"dispute", "dispute_move", "credit_note", "credit_note_line", "posting", "outbox"}},
	{"confirm a recovery", confirming, []string{"recovery_version"}},
	{"approve a trust transfer", drawing, []string{"trust_entry", "trust_posting", "payment", "allocation", "posting"}},
}

// drawing is a transfer from trust that waits for its partner.
func drawing(t *testing.T, h *house) request {
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	h.made++
	inv, by := h.issued(t), h.firm.As(t, rbac.RoleSpecialist)
	m := ident.MatterID(h.firm.Text(t, `SELECT matter_id FROM invoice WHERE firm_id = ? AND id = ?`, h.firm.ID, inv))
	a, err := h.s.Trust.Open(h.firm.As(t, rbac.RoleFirmAdmin), trust.NewAccount{Name: fmt.Sprint("Account ", h.made), Bank: "IOLTA", Currency: "USD"})
	ok(err)
	e, err := h.s.Trust.Deposit(by, a.ID, trust.NewDeposit{Matter: m, AmountMinor: 50_000, On: invoice.Day(h.day(t, 0)), Party: "The client"})
	ok(err)
	w, err := h.s.Trust.Ask(by, e.Ledger, trust.Asking{Kind: trust.Transfer, Invoice: inv, AmountMinor: 40_000})
	ok(err)
	return request{sid: h.signIn(t, h.firm, rbac.RolePartner), path: h.at("/trust-requests/%s/approve", w.ID), version: w.Version, status: 200}
}

// house is one firm in a database of the act's own.
type house struct {
	world
	firm   testkit.F
	made   int          // timekeepers
	engine *jobs.Engine // made on first use
}

// timekeeper is a new one, whose day is empty.
func (h *house) timekeeper(t *testing.T) testkit.T {
	t.Helper()
	h.made++
	return h.firm.Timekeeper(t, fmt.Sprintf("TK%d", h.made), "ASSOC", 6_850_000)
}

func (h *house) day(t *testing.T, back int) string {
	t.Helper()
	return h.firm.Day(t, back).Format(time.DateOnly)
}

func (h *house) at(path string, args ...any) string {
	return "/firms/" + string(h.firm.ID) + fmt.Sprintf(path, args...)
}

// submitted is a pre-bill that waits for its partner.
func (h *house) submitted(t *testing.T) prebill.Prebill {
	t.Helper()
	m, by := h.firm.Matter(t), h.firm.As(t, rbac.RoleSpecialist)
	h.firm.Work(t, m, h.timekeeper(t), h.day(t, 19), 20_000, 6_850_000)
	p, err := h.s.Prebills.Build(by, prebill.Order{Matter: m.ID, Through: h.firm.Day(t, 0)})
	if err == nil {
		p, err = h.s.Prebills.Submit(by, p.ID, p.Version)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (h *house) hash(t *testing.T, id ident.PrebillID) string {
	t.Helper()
	v, err := h.s.Prebills.Get(h.firm.As(t, rbac.RolePartner), id)
	if err != nil {
		t.Fatal(err)
	}
	return v.Hash
}

func approving(t *testing.T, h *house) request {
	p := h.submitted(t)
	return request{sid: h.signIn(t, h.firm, rbac.RolePartner), path: h.at("/prebills/%s/approve", p.ID), version: p.Version,
		body: fmt.Sprintf(`{"content_hash":%q}`, h.hash(t, p.ID)), status: 200}
}

// approved is a pre-bill that waits for a run.
func (h *house) approved(t *testing.T) prebill.Prebill {
	t.Helper()
	p := h.submitted(t)
	p, err := h.s.Prebills.Approve(h.firm.As(t, rbac.RolePartner), p.ID, p.Version, h.hash(t, p.ID))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func running(t *testing.T, h *house) request {
	h.approved(t)
	return request{sid: h.signIn(t, h.firm, rbac.RoleSpecialist), path: "/runs", body: fmt.Sprintf(`{"name":"February","firm_ids":[%q]}`, h.firm.ID), status: 202}
}

// issued is an invoice with its documents.
func (h *house) issued(t *testing.T) ident.InvoiceID {
	t.Helper()
	p := h.approved(t)
	_, err := h.s.Invoices.StartRun(h.firm.As(t, rbac.RoleSpecialist), invoice.NewRun{Name: "February", Firms: []invoice.FirmSelection{{Firm: h.firm.ID}}})
	if err != nil {
		t.Fatal(err)
	}
	if h.engine == nil {
		if h.engine, err = app.NewEngine(h.worker); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.engine.Drain(t.Context(), h.firm.ID); err != nil {
		t.Fatal(err)
	}
	return ident.InvoiceID(h.firm.Text(t, `SELECT id FROM invoice WHERE firm_id = ? AND prebill_id = ?`, h.firm.ID, p.ID))
}

func crediting(t *testing.T, h *house) request {
	return request{sid: h.signIn(t, h.firm, rbac.RolePartner), path: h.at("/invoices/%s/credit", h.issued(t)), body: `{"reason":"wrong matter"}`, status: 201}
}

func paying(t *testing.T, h *house) request {
	return request{sid: h.signIn(t, h.firm, rbac.RoleSpecialist), path: h.at("/payments"), status: 201,
		body: fmt.Sprintf(`{"payor_id":%q,"amount_minor":5000,"currency":"USD","method":"wire","received_on":%q}`, h.firm.Matter(t).Payor, h.day(t, 1))}
}

func allocating(t *testing.T, h *house) request {
	i := h.issued(t)
	payor := h.firm.Text(t, `SELECT payor_id FROM invoice WHERE firm_id = ? AND id = ?`, h.firm.ID, i)
	p, err := h.s.Receivables.Post(h.firm.As(t, rbac.RoleSpecialist), receivable.NewPayment{Payor: ident.PayorID(payor), Currency: "USD", AmountMinor: 5_000,
		Method: receivable.MethodWire, ReceivedOn: invoice.Day(h.day(t, 1))})
	if err != nil {
		t.Fatal(err)
	}
	return request{sid: h.signIn(t, h.firm, rbac.RoleSpecialist), path: h.at("/payments/%s/allocations", p.ID), version: p.Version,
		body: fmt.Sprintf(`{"shares":[{"invoice_id":%q,"amount_minor":1000}]}`, i), status: 200}
}

func importing(t *testing.T, h *house) request {
	m, k := h.firm.Matter(t), h.timekeeper(t)
	file := "id,date,client,matter,timekeeper,timekeeper_class,hours,rate,narrative,task_code,activity_code\n"
	for n := range 2 {
		file += fmt.Sprintf("%s-%d,%s,C%s,%s,%s,ASSOC,1.5,,Work on file %d,L110,A103\n", m.ID, n, h.day(t, 20), m.Number[1:], m.Number, k.Code, n)
	}
	return request{sid: h.signIn(t, h.firm, rbac.RoleSpecialist), path: h.at("/imports"), form: "multipart/form-data; boundary=x", status: 201,
		body: "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"feb.csv\"\r\nContent-Type: text/csv\r\n\r\n" + file + "\r\n--x--\r\n"}
}

// granting needs a factor that is fresh, which setting up the app has shown.
func granting(t *testing.T, h *house) request {
	return request{sid: h.signIn(t, h.firm, rbac.RoleFirmAdmin), path: h.at("/grants"), status: 201,
		body: fmt.Sprintf(`{"person_id":%q,"role":"timekeeper","scope":"all","class":2,"label":"standard","reason":"joins"}`, testkit.Actor(h.firm.As(t, rbac.RolePartner)))}
}

// Wherever the API is killed, an act is there as a whole (rows, audit leaf, jobs and
// the answer that is kept) or not at all, and the same request under the same key ends
// with it done once.
func TestF01KilledAtEachStatementAnActIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	program := builtOnce(t)
	for _, a := range acts {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			k := newKiller(t, program, a)
			for _, after := range []bool{false, true} {
				for n := 1; k.killed(t, n, after); n++ {
				}
			}
			if k.whole == 0 || k.nothing == 0 {
				t.Errorf("of %d kills %d left the act done and %d nothing: both must come up", k.whole+k.nothing, k.whole, k.nothing)
			}
			k.sound(t)
			t.Logf("tried: %d kills: %d left nothing, %d the whole act that nobody was told of; each done once by the same request, nothing lost", k.whole+k.nothing, k.nothing, k.whole)
		})
	}
}

// killer plays one act again and again.
type killer struct {
	act
	house *house
	srv   server
	redis *redis.Client
	store *store
	live  *victim
	done  change // what the act changes when nothing goes wrong

	nothing, whole int
}

func newKiller(t *testing.T, program string, a act) *killer {
	t.Helper()
	name, url := testkit.NewDatabase(t), testkit.RedisURL(t)
	w := worldOver(t, testkit.OpenDatabase(t, "docketry_api", name, clock.System()), testkit.OpenDatabase(t, "docketry_worker", name, clock.System()))
	f := testkit.Firm(t, w.s.DB)
	f.Agreement(t)
	opt, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	k := &killer{act: a, house: &house{world: w, firm: f}, srv: server{program, name, url, w.s.Config}, redis: redis.NewClient(opt), store: openStore(t, name)}
	t.Cleanup(func() { _ = k.redis.Close() })
	k.live = k.srv.start(t)
	for range 2 { // the first also makes what a firm gets once, such as its key
		r := a.ready(t, k.house)
		before := k.store.state(t)
		if got := k.live.post(t, r, uuid.NewString()); got.status != r.status {
			t.Fatalf("undisturbed: %d %s", got.status, got.body)
		}
		k.done = before.to(k.store.state(t))
	}
	for _, table := range append([]string{"audit_leaf", "idempotency"}, a.writes...) {
		if k.done[table][0] == 0 {
			t.Fatalf("undisturbed, it leaves nothing in %s: %v", table, k.done)
		}
	}
	return k
}

// killed kills at the nth statement, and tells whether there was one.
func (k *killer) killed(t *testing.T, n int, after bool) bool {
	t.Helper()
	if err := k.redis.FlushDB(t.Context()).Err(); err != nil { // who asks so often is held back otherwise
		t.Fatal(err)
	}
	r, key := k.ready(t, k.house), uuid.NewString()
	before := k.store.state(t)
	k.live.wire.arm(n, after)
	got := k.live.post(t, r, key)
	at := k.live.wire.disarm()
	if at == "" {
		if got.status != r.status {
			t.Fatalf("beyond its last statement: %d %s", got.status, got.body)
		}
		return false
	}
	if got.status != 0 {
		t.Fatalf("killed at statement %d, %s: answered %d", n, at, got.status)
	}
	where := fmt.Sprintf("killed at statement %d (after it: %v), %s", n, after, at)
	k.store.settled(t, k.live)
	left := before.to(k.store.state(t))
	whole := maps.Equal(left, k.done)
	switch {
	case whole:
		k.whole++
	case len(left) == 0:
		k.nothing++
	default:
		t.Fatalf("%s: left %v, want nothing or %v", where, left, k.done)
	}
	if whole && !(after && commits(at)) {
		t.Errorf("%s: the act is done before its COMMIT", where)
	}
	k.live = k.srv.start(t)
	first := k.live.post(t, r, key)
	if first.status != r.status || first.replayed != whole {
		t.Fatalf("%s: the same request again: %d, replayed %v: %s", where, first.status, first.replayed, first.body)
	}
	if again := k.live.post(t, r, key); again.status != r.status || !again.replayed || again.body != first.body {
		t.Errorf("%s: a third time: %+v, want %s", where, again, first.body)
	}
	want := maps.Clone(k.done)
	if looks := 1; first.body != "" { // each repeated answer is a look at what it shows
		if first.replayed {
			looks++
		}
		want["audit_leaf"] = [2]int{want["audit_leaf"][0] + looks, want["audit_leaf"][1]}
	}
	if end := before.to(k.store.state(t)); !maps.Equal(end, want) {
		t.Fatalf("%s: in the end %v, want %v", where, end, want)
	}
	return true
}

// sound checks the firm's sums and numbers, and its trail.
func (k *killer) sound(t *testing.T) {
	t.Helper()
	err := k.house.worker.DB.InFirm(k.house.firm.Machine(), func(tx *db.Tx) error {
		r, err := selfcheck.Examine(tx)
		if err == nil && !r.OK() {
			t.Errorf("self-check: %v", r.Findings)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := audit.NewKeeper(k.house.worker.DB, k.house.worker.AuditKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keeper.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := keeper.SignNow(t.Context(), k.house.firm.ID); err != nil {
		t.Fatal(err)
	}
	trail, err := k.house.s.Audit.Verify(k.house.firm.As(t, rbac.RoleFirmAdmin))
	if err != nil || len(trail.Problems) > 0 {
		t.Errorf("audit: %v, %v", trail.Problems, err)
	}
}
