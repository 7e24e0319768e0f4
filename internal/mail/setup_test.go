package mail_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

type house struct {
	d     *db.DB
	clock *clock.Manual
	blobs *blob.Store
	svc   *mail.Service
	heard *heard
}

// heard is a watcher.
type heard struct {
	mu   sync.Mutex
	ends []string
}

func (h *heard) note(m mail.Ended) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ends = append(h.ends, m.Kind+" "+string(m.State)+" "+m.Reason)
	return nil
}

func (h *heard) MailWanted(_ *db.Tx, m mail.Ended) (bool, error) {
	return !strings.HasPrefix(m.Key, "unwanted"), nil
}
func (h *heard) MailSent(_ *db.Tx, m mail.Ended) error   { return h.note(m) }
func (h *heard) MailFailed(_ *db.Tx, m mail.Ended) error { return h.note(m) }

func setup(t *testing.T, s mail.Sender) house {
	t.Helper()
	c := clock.At(testkit.Now)
	h := house{d: testkit.Open(t, "docketry_worker", c), clock: c, heard: &heard{}}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	master, err := seal.NewMaster(bytes.Repeat([]byte{1, 2}, 16))
	if err != nil {
		t.Fatal(err)
	}
	h.blobs = blob.New(h.d, blob.NewMemory(c), blob.NewKeys(master))
	if h.svc, err = mail.New(h.d, authz.NewGuard(h.d, policy), h.blobs, s, "billing@bureau.example"); err != nil {
		t.Fatal(err)
	}
	h.svc.Watch(h.heard)
	return h
}

func smtpTo(t *testing.T, m *testkit.MailServer) mail.Sender {
	t.Helper()
	s, err := mail.Open("smtp://"+m.Addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// senderFunc is a sender of a few lines.
type senderFunc func(ctx context.Context, o mail.Outgoing) error

func (f senderFunc) Send(ctx context.Context, o mail.Outgoing) error { return f(ctx, o) }

func message(to ident.ContactID, key string) mail.Message {
	l := mail.Letter{Greeting: "Dear Accounts,", Paragraphs: []string{"Invoice 26-00001 is open."}, Closing: []string{"Firm"}}
	return mail.Message{To: to, Kind: "invoice", Key: key, Subject: "Invoice 26-00001", Text: l.Text(), HTML: l.HTML("Invoice 26-00001")}
}

func queue(t *testing.T, h house, f testkit.F, m mail.Message) (id ident.MailID) {
	t.Helper()
	err := h.d.InFirm(f.Machine(), func(tx *db.Tx) (err error) {
		id, err = h.svc.Queue(tx, m)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// run starts the mail's newest job as the engine does: lease, next fence.
func run(t *testing.T, h house, f testkit.F, id ident.MailID) error {
	t.Helper()
	return h.svc.Send(scope.ForMachine(context.Background(), "worker", f.ID), start(t, h, f, id), mail.SendWanted{Mail: id})
}

func start(t *testing.T, h house, f testkit.F, id ident.MailID) outbox.Job {
	t.Helper()
	j := outbox.Job{Firm: f.ID}
	err := h.d.InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`UPDATE outbox SET state = 'running', fence = fence + 1, lease_until = ? WHERE firm_id = ? AND id =
			(SELECT id FROM outbox WHERE firm_id = ? AND kind = 'mail.send' AND jsonb_extract_path_text(args, 'mail_id') = ? ORDER BY (state = 'done'), id LIMIT 1)
			RETURNING id, fence`, tx.Now.Add(time.Minute), f.ID, f.ID, id).Row().Scan(&j.ID, &j.Fence)
	})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (h house) state(t *testing.T, f testkit.F, id ident.MailID) string {
	t.Helper()
	var state, reason string
	err := h.d.InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT state, reason FROM mail WHERE firm_id = ? AND id = ?`, f.ID, id).Row().Scan(&state, &reason)
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(state + " " + reason)
}
