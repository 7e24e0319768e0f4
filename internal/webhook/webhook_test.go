package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbound"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/webhook"
	"github.com/docketry/docketry/rbac"
)

// house is the service as serve and as work has it, and a receiver.
type house struct {
	d, w     *db.DB
	clock    *clock.Manual
	svc      *webhook.Service
	worker   *webhook.Service
	keeper   *audit.Keeper
	receiver *receiver
	url      string
	name     string // of the database
}

type got struct {
	header http.Header
	body   []byte
}

// receiver is a program of the firm, behind a certificate.
type receiver struct {
	mu     sync.Mutex
	status int
	calls  []got
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	b, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, got{q.Header.Clone(), b})
	w.WriteHeader(r.status)
}

func (r *receiver) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// took are the calls since the last look.
func (r *receiver) took() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

func setup(t *testing.T) house {
	t.Helper()
	c := clock.At(testkit.Now)
	name := testkit.NewDatabase(t)
	h := house{name: name, clock: c, d: testkit.OpenDatabase(t, "docketry_api", name, c), w: testkit.OpenDatabase(t, "docketry_worker", name, c), receiver: &receiver{status: http.StatusNoContent}}
	web := httptest.NewTLSServer(h.receiver)
	t.Cleanup(web.Close)
	h.url = web.URL + "/docketry"
	calls := outbound.New(outbound.Loopback{Roots: web.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	master, err := seal.NewMaster(bytes.Repeat([]byte{1, 2}, 16))
	if err != nil {
		t.Fatal(err)
	}
	key, err := audit.NewSigningKey(bytes.Repeat([]byte{5}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if h.keeper, err = audit.NewKeeper(h.w, key); err != nil {
		t.Fatal(err)
	}
	h.svc = webhook.New(h.d, authz.NewGuard(h.d, policy), blob.NewKeys(master), calls, "https://billing.example.com")
	h.worker = webhook.New(h.w, authz.NewGuard(h.w, policy), blob.NewKeys(master), calls, "https://billing.example.com")
	return h
}

// happens records one action of the firm's log.
func (h house) happens(t *testing.T, f testkit.F, e audit.Entry) {
	t.Helper()
	if err := h.d.InFirm(f.Machine(), func(tx *db.Tx) error { return audit.Record(tx, e) }); err != nil {
		t.Fatal(err)
	}
}

func issued(id string, m ident.MatterID) audit.Entry {
	return audit.Entry{Action: "invoice.issued", Object: "invoice", ID: id, Matter: m, Class: audit.C2, After: "CANARY narrative", Detail: map[string]string{"number": "HV-1"}}
}

// sweep places the leaves and looks for news.
func (h house) sweep(t *testing.T) int {
	t.Helper()
	if _, err := h.keeper.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, err := h.worker.Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// work runs every call that is due, once, and returns the last error.
func (h house) work(t *testing.T, f testkit.F) (last error) {
	t.Helper()
	var jobs []struct {
		ID   ident.JobID
		Call ident.DeliveryID
	}
	err := h.w.InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`UPDATE outbox SET state = 'running', fence = fence + 1, lease_until = ? WHERE firm_id = ? AND kind = 'webhook.call' AND state <> 'done'
			RETURNING id, jsonb_extract_path_text(args, 'delivery_id') AS call`, tx.Now.Add(time.Minute), f.ID).Scan(&jobs).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		fence := f.Count(t, `SELECT fence FROM outbox WHERE firm_id = ? AND id = ?`, f.ID, j.ID)
		err := h.worker.Call(scope.ForMachine(context.Background(), "worker", f.ID), outbox.Job{ID: j.ID, Firm: f.ID, Fence: fence}, webhook.CallWanted{Delivery: j.Call})
		if err != nil {
			last = err
		}
	}
	return last
}

func TestAProgramIsToldWhatItAskedFor(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f, other := testkit.Firm(t, h.d), testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	m, sealed := f.Matter(t), f.Matter(t, testkit.Label(3))
	h.happens(t, f, issued("before", m.ID))
	h.sweep(t)
	w, secret, err := h.svc.Create(admin, webhook.Draft{URL: h.url, Events: []webhook.Event{"invoice.issued", "invoice.issued", "invoice.sent"}})
	if err != nil {
		t.Fatal(err)
	}
	if text := f.Text(t, `SELECT encode(secret, 'escape') FROM webhook WHERE firm_id = ?`, f.ID); strings.Contains(text, secret.Reveal()[5:]) {
		t.Error("the secret stands in the row")
	}
	h.happens(t, f, issued("told", m.ID))
	h.happens(t, f, issued("of a sealed matter", sealed.ID))
	h.happens(t, f, audit.Entry{Action: "invoice.credited", Object: "invoice", ID: "not chosen", Class: audit.C2})
	h.happens(t, f, audit.Entry{Action: "invoice.sent", Object: "invoice", ID: "not done", Class: audit.C2, Result: "failed"})
	h.happens(t, other, issued("another firm's", ""))
	if n := h.sweep(t) + h.sweep(t); n != 1 {
		t.Errorf("%d calls", n)
	}
	if err := h.work(t, f); err != nil {
		t.Fatal(err)
	}
	calls := h.receiver.took()
	if len(calls) != 1 {
		t.Fatalf("%d calls arrived", len(calls))
	}
	var b webhook.Body
	if err := json.Unmarshal(calls[0].body, &b); err != nil || b.Event != "invoice.issued" || b.Of != "told" || b.Firm != f.ID || b.Object != "invoice" ||
		b.Link != "https://billing.example.com/api/v1/firms/"+string(f.ID)+"/invoices/told" || string(b.ID) != calls[0].header.Get("Docketry-Delivery") {
		t.Errorf("told %s, %v", calls[0].body, err)
	}
	if bytes.Contains(calls[0].body, []byte("CANARY")) || bytes.Contains(calls[0].body, []byte("HV-1")) {
		t.Errorf("more than class 1: %s", calls[0].body)
	}
	key, err := webhook.Key(secret.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	unix, err := strconv.ParseInt(calls[0].header.Get("Docketry-Timestamp"), 10, 64)
	if err != nil || calls[0].header.Get("Docketry-Signature") != "sha256="+webhook.Sign(key, time.Unix(unix, 0), calls[0].body) {
		t.Errorf("signature %v, %v", calls[0].header, err)
	}
	_, list, err := h.svc.Get(admin, w.ID)
	if err != nil || len(list) != 1 || list[0].State != webhook.Sent || list[0].Answer != http.StatusNoContent || list[0].Attempts != 1 {
		t.Errorf("calls %+v, %v", list, err)
	}
	if err := h.work(t, f); err != nil || len(h.receiver.took()) != 0 {
		t.Errorf("told again: %v", err)
	}
}

func TestWebhooksAreTheAdministratorsAlone(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	draft := webhook.Draft{URL: h.url, Events: []webhook.Event{"invoice.issued"}}
	for _, role := range []rbac.Role{rbac.RolePartner, rbac.RoleSpecialist, rbac.RoleTeamLead} {
		if _, _, err := h.svc.Create(f.As(t, role), draft); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("%s: %v", role, err)
		}
	}
	var first ident.WebhookID
	for i := range 5 {
		w, _, err := h.svc.Create(admin, draft)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = w.ID
		}
	}
	if _, _, err := h.svc.Create(admin, draft); !errors.Is(err, webhook.ErrMost) {
		t.Errorf("a sixth: %v", err)
	}
	stranger := testkit.Firm(t, h.d).As(t, rbac.RoleFirmAdmin)
	if _, _, err := h.svc.Get(stranger, first); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("another firm reads: %v", err)
	}
	if err := h.svc.Close(stranger, first); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("another firm closes: %v", err)
	}
	if err := h.svc.Close(admin, first); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Try(admin, first); !errors.Is(err, webhook.ErrOver) {
		t.Errorf("a closed one: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('webhook.created', 'webhook.closed') AND detail NOT LIKE '%secret%'`, f.ID); n != 6 {
		t.Errorf("%d leaves", n)
	}
}

// T20: what leads elsewhere than the open internet is refused when it is typed, and
// again when it is called.
func TestT20_WebhookAddresses(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	for _, url := range []string{"", "http://receiver.example/", "https://user:word@receiver.example/", "https://10.0.0.1/", "https://169.254.169.254/latest", "ftp://receiver.example/", "https://[fd00::1]/", "javascript:alert(1)"} {
		_, _, err := h.svc.Create(admin, webhook.Draft{URL: url, Events: []webhook.Event{"invoice.issued"}})
		if !errors.Is(err, webhook.ErrInput) || !strings.Contains(fields(err), "url") {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, _, err := h.svc.Create(admin, webhook.Draft{URL: h.url, Events: []webhook.Event{"entry.read"}}); !errors.Is(err, webhook.ErrInput) || fields(err) != "events" {
		t.Errorf("an event that is not told: %v", err)
	}
	w, _, err := h.svc.Create(admin, webhook.Draft{URL: h.url, Events: []webhook.Event{"invoice.issued"}})
	if err != nil {
		t.Fatal(err)
	}
	// A name that leads inside by the time it is called.
	conn, err := pgx.Connect(t.Context(), testkit.AdminURL(t, h.name))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `UPDATE webhook SET url = 'https://[::ffff:192.168.0.1]/' WHERE id = $1`, w.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Try(admin, w.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.work(t, f); err != nil {
		t.Fatal(err)
	}
	if _, list, err := h.svc.Get(admin, w.ID); err != nil || list[0].Problem != "refused" || list[0].State != webhook.Failed || len(h.receiver.took()) != 0 {
		t.Errorf("calls %+v, %v", list, err)
	}
}

func fields(err error) string {
	var names []string
	var f *fault.Error
	if errors.As(err, &f) {
		for _, x := range f.Fields {
			names = append(names, x.Path)
		}
	}
	return strings.Join(names, " ")
}

// A receiver that fails is called again with growing pauses; 24 hours of nothing but
// failures turn it off, and a person turns it on again.
func TestAReceiverThatFails(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	w, _, err := h.svc.Create(admin, webhook.Draft{URL: h.url, Events: []webhook.Event{"invoice.issued"}})
	if err != nil {
		t.Fatal(err)
	}
	h.receiver.answers(http.StatusFound) // a redirect is no good answer, and is not followed
	h.happens(t, f, issued("a", ""))
	h.sweep(t)
	var pauses []time.Duration
	for range 3 {
		var again *outbox.RetryError
		if err := h.work(t, f); !errors.As(err, &again) {
			t.Fatalf("a failure ends with %v", err)
		}
		pauses = append(pauses, again.After)
		h.clock.Advance(again.After)
	}
	if pauses[0] != time.Minute || pauses[1] != 2*time.Minute || pauses[2] != 4*time.Minute {
		t.Errorf("pauses %v", pauses)
	}
	h.receiver.answers(http.StatusOK)
	if err := h.work(t, f); err != nil {
		t.Fatal(err)
	}
	calls := h.receiver.took()
	if len(calls) != 4 || calls[0].header.Get("Docketry-Delivery") != calls[3].header.Get("Docketry-Delivery") {
		t.Errorf("%d calls", len(calls))
	}
	if now, list, err := h.svc.Get(admin, w.ID); err != nil || now.Failing != nil || list[0].State != webhook.Sent || list[0].Attempts != 4 {
		t.Errorf("%+v %+v, %v", now, list, err)
	}

	h.receiver.answers(http.StatusInternalServerError)
	h.happens(t, f, issued("b", ""))
	h.sweep(t)
	_ = h.work(t, f)
	h.clock.Advance(25 * time.Hour)
	if err := h.work(t, f); err != nil {
		t.Fatal(err)
	}
	now, _, err := h.svc.Get(admin, w.ID)
	if err != nil || now.Status != webhook.Off {
		t.Fatalf("%+v, %v", now, err)
	}
	h.happens(t, f, issued("while off", ""))
	if n := h.sweep(t); n != 0 {
		t.Errorf("%d calls while it is off", n)
	}
	h.receiver.took()
	h.receiver.answers(http.StatusOK)
	if err := h.svc.Resume(admin, w.ID); err != nil {
		t.Fatal(err)
	}
	h.happens(t, f, issued("after", ""))
	h.sweep(t)
	if err := h.work(t, f); err != nil {
		t.Fatal(err)
	}
	if calls := h.receiver.took(); len(calls) != 1 || !bytes.Contains(calls[0].body, []byte(`"after"`)) {
		t.Errorf("after it was turned on: %d calls", len(calls))
	}
	// A new secret signs from now on.
	fresh, err := h.svc.Renew(admin, w.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Try(admin, w.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.work(t, f); err != nil {
		t.Fatal(err)
	}
	key, err := webhook.Key(fresh.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	calls = h.receiver.took()
	unix, _ := strconv.ParseInt(calls[0].header.Get("Docketry-Timestamp"), 10, 64)
	if calls[0].header.Get("Docketry-Signature") != "sha256="+webhook.Sign(key, time.Unix(unix, 0), calls[0].body) {
		t.Error("the new secret does not sign")
	}
	// By hand one address is called five times a minute and no more.
	var tries int
	for err = h.svc.Try(admin, w.ID); err == nil; err = h.svc.Try(admin, w.ID) {
		tries++
	}
	if !errors.Is(err, webhook.ErrTries) || tries > 4 {
		t.Errorf("called by hand %d times more: %v", tries, err)
	}
}

// Closing keeps back what waits, and old calls are forgotten.
func TestAClosedWebhookIsNotCalled(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	w, _, err := h.svc.Create(admin, webhook.Draft{URL: h.url, Events: []webhook.Event{"grant.given"}})
	if err != nil {
		t.Fatal(err)
	}
	h.happens(t, f, audit.Entry{Action: "grant.given", Object: "grant", ID: "g", Class: audit.C2})
	h.sweep(t)
	if err := h.svc.Close(admin, w.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.work(t, f); err != nil {
		t.Fatal(err)
	}
	if _, list, err := h.svc.Get(admin, w.ID); err != nil || len(list) != 1 || list[0].State != webhook.Failed || list[0].Problem != "over" || len(h.receiver.took()) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	h.clock.Advance(91 * 24 * time.Hour)
	h.sweep(t)
	if _, list, err := h.svc.Get(admin, w.ID); err != nil || len(list) != 0 {
		t.Errorf("after 91 days: %+v, %v", list, err)
	}
}
