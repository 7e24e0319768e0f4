package mail_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestAMailIsSentOnceAndRecorded(t *testing.T) {
	t.Parallel()
	server := testkit.SMTP(t)
	h := setup(t, smtpTo(t, server))
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	var pdf ident.BlobID
	err := h.d.InFirm(f.Machine(), func(tx *db.Tx) (err error) {
		pdf, err = h.blobs.Put(tx, "invoice_pdf", []byte("%PDF-1.7 test"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	msg := message(m.Contact, "invoice:1")
	msg.Attachments = []mail.Attachment{{Blob: pdf, Name: "26-00001.pdf", Media: "application/pdf"}}
	id := queue(t, h, f, msg)
	if again := queue(t, h, f, msg); again != id {
		t.Errorf("the same key made another mail")
	}
	job := start(t, h, f, id)
	ctx := scope.ForMachine(context.Background(), "worker", f.ID)
	if err := h.svc.Send(ctx, job, mail.SendWanted{Mail: id}); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Send(ctx, job, mail.SendWanted{Mail: id}); !errors.Is(err, outbox.ErrDone) {
		t.Errorf("second delivery of the job: %v", err)
	}
	got := server.Received()
	if len(got) != 1 || got[0].From != "billing@bureau.example" || len(got[0].To) != 1 || !strings.HasPrefix(got[0].To[0], "payables-") {
		t.Fatalf("received %+v", got)
	}
	parsed, err := netmail.ReadMessage(bytes.NewReader(got[0].Text))
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]string{"Message-Id": "<invoice." + string(id) + ".1@bureau.example>", "Subject": "Invoice 26-00001",
		"Reply-To": `"Firm ` + f.Code + `" <billing@firm.example>`, "Auto-Submitted": "auto-generated", "User-Agent": "", "X-Mailer": ""} {
		if got := parsed.Header.Get(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	for _, want := range []string{"text/plain", "text/html", "26-00001.pdf", base64.StdEncoding.EncodeToString([]byte("%PDF-1.7 test"))} {
		if !bytes.Contains(got[0].Text, []byte(want)) {
			t.Errorf("%q is missing", want)
		}
	}
	if s := h.state(t, f, id); s != "sent" {
		t.Errorf("state %s", s)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'mail.sent'`, f.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
	if !slices.Equal(h.heard.ends, []string{"invoice sent "}) {
		t.Errorf("heard %q", h.heard.ends)
	}
}

func TestF08_ServerTrouble(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		verb  string
		code  int
		state string
		again bool
	}{
		"unknown address":      {"rcpt", 550, "failed refused", false},
		"text refused":         {"accept", 554, "failed refused", false},
		"sender refused":       {"mail", 553, "failed refused", false},
		"busy at the start":    {"mail", 421, "queued", true},
		"greylisted":           {"rcpt", 451, "queued", true},
		"no space at the end":  {"accept", 452, "queued", true},
		"hangs up before text": {"rcpt", 0, "queued", true},
		"hangs up within text": {"data", 0, "uncertain cut_short", false},
		"hangs up after text":  {"accept", 0, "uncertain cut_short", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testkit.SMTP(t)
			h := setup(t, smtpTo(t, server))
			f := testkit.Firm(t, h.d)
			id := queue(t, h, f, message(f.Matter(t).Contact, "k"))
			if c.code > 0 {
				server.Answer(c.verb, c.code, "told so")
			} else {
				server.HangUp(c.verb)
			}
			err := run(t, h, f, id)
			var again *outbox.RetryError
			if errors.As(err, &again) != c.again || (!c.again && err != nil) {
				t.Fatalf("answer %v, %s", err, h.state(t, f, id))
			}
			if s := h.state(t, f, id); s != c.state {
				t.Errorf("state %s, want %s", s, c.state)
			}
			bounced := f.Count(t, `SELECT count(*) FROM payor_contact WHERE firm_id = ? AND status = 'bounced'`, f.ID) == 1
			if bounced != (c.code >= 500) {
				t.Errorf("address closed: %v", bounced)
			}
			server.Heal()
			if c.again {
				h.clock.Advance(again.After)
				if err := run(t, h, f, id); err != nil || h.state(t, f, id) != "sent" {
					t.Errorf("after it healed: %v, %s", err, h.state(t, f, id))
				}
			}
		})
	}
}

func TestF08_GivesUpAfterADay(t *testing.T) {
	t.Parallel()
	h := setup(t, senderFunc(func(context.Context, mail.Outgoing) error { return &mail.SendError{Verdict: mail.Temporary, Code: 451} }))
	f := testkit.Firm(t, h.d)
	id := queue(t, h, f, message(f.Matter(t).Contact, "k"))
	tries := 0
	var last time.Duration
	for {
		tries++
		var again *outbox.RetryError
		err := run(t, h, f, id)
		if !errors.As(err, &again) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if again.After < last || again.After < time.Minute || again.After > 6*time.Hour {
			t.Errorf("try %d waits %s after %s", tries, again.After, last)
		}
		last = again.After
		h.clock.Advance(again.After)
	}
	if s := h.state(t, f, id); s != "failed gave_up" || tries < 8 {
		t.Errorf("state %s after %d tries", s, tries)
	}
	if !slices.Equal(h.heard.ends, []string{"invoice failed gave_up"}) {
		t.Errorf("heard %q", h.heard.ends)
	}
}

// The worker dies after the server took the mail and before that was recorded.
func TestF09_CrashBetweenAcceptAndRecord(t *testing.T) {
	t.Parallel()
	for _, policy := range []mail.Policy{mail.AtMostOnce, mail.AtLeastOnce} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			var ids []string
			h := setup(t, senderFunc(func(_ context.Context, o mail.Outgoing) error {
				if ids = append(ids, o.MessageID); len(ids) == 1 {
					panic("killed")
				}
				return nil
			}))
			f := testkit.Firm(t, h.d)
			msg := message(f.Matter(t).Contact, "k")
			msg.Policy = policy
			id := queue(t, h, f, msg)
			func() {
				defer func() { _ = recover() }()
				_ = run(t, h, f, id)
			}()
			if s := h.state(t, f, id); s != "sending" {
				t.Fatalf("after the crash: %s", s)
			}
			if err := run(t, h, f, id); err != nil {
				t.Fatal(err)
			}
			if policy == mail.AtMostOnce {
				if s := h.state(t, f, id); s != "uncertain cut_short" || len(ids) != 1 {
					t.Errorf("state %s, sent %d times", s, len(ids))
				}
				return
			}
			if s := h.state(t, f, id); s != "sent" || len(ids) != 2 || ids[0] != ids[1] {
				t.Errorf("state %s, sent as %q", s, ids)
			}
		})
	}
}

// A worker that was stopped for long records late: what it knows is true, unless
// another attempt has begun since.
func TestF13_LateWorkerTellsTheTruth(t *testing.T) {
	t.Parallel()
	sent, release := make(chan struct{}), make(chan struct{})
	h := setup(t, senderFunc(func(context.Context, mail.Outgoing) error {
		close(sent)
		<-release
		return nil
	}))
	f := testkit.Firm(t, h.d)
	id := queue(t, h, f, message(f.Matter(t).Contact, "k"))
	job := start(t, h, f, id)
	done := make(chan error)
	go func() {
		done <- h.svc.Send(scope.ForMachine(context.Background(), "worker", f.ID), job, mail.SendWanted{Mail: id})
	}()
	<-sent
	h.clock.Advance(20 * time.Minute)
	if n, err := h.svc.Sweep(t.Context()); err != nil || n < 1 {
		t.Errorf("swept %d, %v", n, err)
	}
	if s := h.state(t, f, id); s != "uncertain cut_short" {
		t.Errorf("meanwhile %s", s)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s := h.state(t, f, id); s != "sent" {
		t.Errorf("at the end %s", s)
	}
}

func TestWhoIsWrittenTo(t *testing.T) {
	t.Parallel()
	count := 0
	h := setup(t, senderFunc(func(context.Context, mail.Outgoing) error { count++; return nil }))
	f, other := testkit.Firm(t, h.d), testkit.Firm(t, h.d)
	m := f.Matter(t)
	try := func(to ident.ContactID) error {
		return h.d.InFirm(f.Machine(), func(tx *db.Tx) error {
			_, err := h.svc.Queue(tx, message(to, "x"+string(to)))
			return err
		})
	}
	if err := try(other.Matter(t).Contact); !errors.Is(err, mail.ErrUnverified) {
		t.Errorf("another firm's contact: %v", err)
	}
	id := queue(t, h, f, message(m.Contact, "k"))
	f.Exec(t, `UPDATE payor_contact SET verified_at = NULL WHERE firm_id = ?`, f.ID)
	if err := try(m.Contact); !errors.Is(err, mail.ErrUnverified) {
		t.Errorf("an unverified contact: %v", err)
	}
	if err := run(t, h, f, id); err != nil || h.state(t, f, id) != "failed unverified" || count != 0 {
		t.Errorf("unverified since: %v, %s, %d sent", err, h.state(t, f, id), count)
	}
	late := message(f.Matter(t).Contact, "late")
	late.ExpiresAt = testkit.Now.Add(10 * time.Minute)
	id = queue(t, h, f, late)
	h.clock.Advance(10 * time.Minute)
	if err := run(t, h, f, id); err != nil || h.state(t, f, id) != "failed expired" || count != 0 {
		t.Errorf("expired: %v, %s, %d sent", err, h.state(t, f, id), count)
	}
}

func TestAMailWhoseReasonIsGoneStays(t *testing.T) {
	t.Parallel()
	h := setup(t, senderFunc(func(context.Context, mail.Outgoing) error { t.Error("it was sent"); return nil }))
	f := testkit.Firm(t, h.d)
	id := queue(t, h, f, message(f.Matter(t).Contact, "unwanted"))
	if err := run(t, h, f, id); err != nil || h.state(t, f, id) != "failed not_wanted" {
		t.Errorf("%v, %s", err, h.state(t, f, id))
	}
}

func TestACodeIsNowhereButInTheMail(t *testing.T) {
	t.Parallel()
	var text string
	h := setup(t, senderFunc(func(_ context.Context, o mail.Outgoing) error { text = o.Text + o.HTML; return nil }))
	f := testkit.Firm(t, h.d)
	msg := message(f.Matter(t).Contact, "code:1")
	msg.Kind, msg.Text, msg.HTML, msg.Code = "code", "Your code: "+mail.CodeMark, "<p>"+mail.CodeMark+"</p>", "493027"
	id := queue(t, h, f, msg)
	inRow := `SELECT count(*) FROM mail m WHERE firm_id = ? AND position('493027' in m::text) + position('343933303237' in m::text) > 0`
	if f.Count(t, inRow, f.ID) != 0 || f.Count(t, `SELECT count(*) FROM mail WHERE firm_id = ? AND secret IS NOT NULL`, f.ID) != 1 {
		t.Error("the code stands in the row")
	}
	if err := run(t, h, f, id); err != nil {
		t.Fatal(err)
	}
	if strings.Count(text, "493027") != 2 || strings.Contains(text, mail.CodeMark) {
		t.Errorf("sent %q", text)
	}
	if f.Count(t, `SELECT count(*) FROM mail WHERE firm_id = ? AND secret IS NULL`, f.ID) != 1 {
		t.Error("the sealed code outlived the mail")
	}
}

func TestNoMoreThan200AnHour(t *testing.T) {
	t.Parallel()
	h := setup(t, senderFunc(func(context.Context, mail.Outgoing) error { return nil }))
	f := testkit.Firm(t, h.d)
	c := f.Matter(t).Contact
	f.Exec(t, `INSERT INTO mail (firm_id, id, key, kind, contact_id, subject, text_body, html_body, state, to_address, message_id, queued_at, sending_at, ended_at)
		SELECT ?, gen_random_uuid(), 'old' || n, 'invoice', ?, 's', 't', 'h', 'sent', 'a@b', 'm', ?, ?, ? FROM generate_series(1, 200) n`, f.ID, c, testkit.Now, testkit.Now, testkit.Now)
	id := queue(t, h, f, message(c, "k"))
	var again *outbox.RetryError
	if err := run(t, h, f, id); !errors.As(err, &again) || h.state(t, f, id) != "queued" {
		t.Errorf("the 201st: %v, %s", err, h.state(t, f, id))
	}
	h.clock.Advance(61 * time.Minute)
	if err := run(t, h, f, id); err != nil || h.state(t, f, id) != "sent" {
		t.Errorf("an hour later: %v, %s", err, h.state(t, f, id))
	}
}

// Hostile text in every field: either refused, or the receivers are the intended ones.
func TestT17_NoFieldAddsAReceiver(t *testing.T) {
	t.Parallel()
	server := testkit.SMTP(t)
	sender := smtpTo(t, server)
	base := mail.Outgoing{FromName: "Firm", From: "a@bureau.example", ReplyTo: "r@firm.example", ToName: "Accounts", To: "to@payor.example",
		Subject: "S", Text: "text", HTML: "<p>text</p>", MessageID: "k.1@bureau.example", Date: testkit.Now, Files: []mail.File{{Name: "f.pdf", Media: "application/pdf", Bytes: []byte("x")}}}
	attacks := []string{"x\r\nBcc: evil@evil.example", "x\nBcc: evil@evil.example", "x\rBcc: evil@evil.example", "x\r\n\r\nbody", "x\x00y", "x\u2028Bcc: evil@evil.example", "x\u0085y",
		"=?utf-8?q?x=0D=0ABcc:_evil@evil.example?=", "a@b.example, evil@evil.example", "a@b.example;evil@evil.example", "<evil@evil.example>", `"x" <evil@evil.example>`, "\u202eevil", "x\r\n.\r\nRCPT TO:<evil@evil.example>", ".", "\r\n.\r\n"}
	fields := map[string]func(o *mail.Outgoing, s string){
		"from name": func(o *mail.Outgoing, s string) { o.FromName = s }, "to name": func(o *mail.Outgoing, s string) { o.ToName = s },
		"reply to": func(o *mail.Outgoing, s string) { o.ReplyTo = s }, "to": func(o *mail.Outgoing, s string) { o.To = s },
		"subject": func(o *mail.Outgoing, s string) { o.Subject = s }, "message id": func(o *mail.Outgoing, s string) { o.MessageID = s },
		"text": func(o *mail.Outgoing, s string) { o.Text = s }, "html": func(o *mail.Outgoing, s string) { o.HTML = s },
		"file name": func(o *mail.Outgoing, s string) { o.Files = []mail.File{{Name: s, Media: "application/pdf"}} },
		"file type": func(o *mail.Outgoing, s string) { o.Files = []mail.File{{Name: "f", Media: s}} },
	}
	for field, set := range fields {
		for _, a := range attacks {
			o := base
			set(&o, a)
			before := len(server.Received())
			err := sender.Send(t.Context(), o)
			got := server.Received()[before:]
			if err == nil != (len(got) == 1) {
				t.Errorf("%s %q: %v, %d received", field, a, err, len(got))
			}
			for _, m := range got {
				if !slices.Equal(m.To, []string{"to@payor.example"}) {
					t.Errorf("%s %q: receivers %q", field, a, m.To)
				}
				parsed, err := netmail.ReadMessage(bytes.NewReader(m.Text))
				if err != nil {
					t.Errorf("%s %q: %v", field, a, err)
					continue
				}
				to, err := parsed.Header.AddressList("To")
				if err != nil || len(to) != 1 || to[0].Address != "to@payor.example" || parsed.Header.Get("Bcc") != "" || parsed.Header.Get("Cc") != "" {
					t.Errorf("%s %q: To %v, Bcc %q", field, a, to, parsed.Header.Get("Bcc"))
				}
			}
		}
	}
	h := setup(t, sender)
	f := testkit.Firm(t, h.d)
	c := f.Matter(t).Contact
	for _, a := range attacks[:6] {
		m := message(c, "k")
		m.Subject = a
		if err := h.d.InFirm(f.Machine(), func(tx *db.Tx) error { _, err := h.svc.Queue(tx, m); return err }); !errors.Is(err, mail.ErrControl) {
			t.Errorf("subject %q queued: %v", a, err)
		}
	}
}

func TestDKIMSignsWhatIsSent(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := mail.NewDKIM("bureau.example", "s1", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sender, err := mail.Open("file://"+dir, signer)
	if err != nil {
		t.Fatal(err)
	}
	h := setup(t, sender)
	f := testkit.Firm(t, h.d)
	id := queue(t, h, f, message(f.Matter(t).Contact, "k"))
	if err := run(t, h, f, id); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil || len(files) != 1 || !strings.Contains(files[0], string(id)) {
		t.Fatalf("files %v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	verify := func(text []byte) error {
		got, err := dkim.VerifyWithOptions(bytes.NewReader(text), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
			if name != "s1._domainkey.bureau.example" {
				return nil, fmt.Errorf("asked for %s", name)
			}
			return []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}, nil
		}})
		if err == nil && len(got) == 1 {
			err = got[0].Err
		}
		if len(got) != 1 {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	if err := verify(text); err != nil {
		t.Errorf("signature: %v\n%s", err, text)
	}
	for _, change := range [][2]string{{"Invoice 26-00001", "Invoice 26-00002"}, {"Reply-To:", "Reply-To: x@y.example,"}, {"MIME-Version", "Cc: evil@evil.example\r\nMIME-Version"}} {
		if err := verify(bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)); err == nil {
			t.Errorf("%q was changed unnoticed", change[0])
		}
	}
}

func TestListAndResend(t *testing.T) {
	t.Parallel()
	fail := true
	h := setup(t, senderFunc(func(context.Context, mail.Outgoing) error {
		if fail {
			return &mail.SendError{Verdict: mail.Uncertain}
		}
		return nil
	}))
	f, other := testkit.Firm(t, h.d), testkit.Firm(t, h.d)
	m := f.Matter(t)
	id := queue(t, h, f, message(m.Contact, "k"))
	specialist := f.As(t, rbac.RoleSpecialist)
	if err := h.svc.Resend(specialist, id); !errors.Is(err, mail.ErrNotResent) {
		t.Errorf("resend of a queued mail: %v", err)
	}
	if err := run(t, h, f, id); err != nil {
		t.Fatal(err)
	}
	p, err := h.svc.List(specialist, mail.StateUncertain, page.Request{})
	if err != nil || len(p.Items) != 1 || p.Items[0].Contact != "Accounts" || p.Items[0].MessageID == "" || !strings.HasPrefix(p.Items[0].To, "payables-") {
		t.Fatalf("list %+v, %v", p, err)
	}
	if err := h.svc.Resend(f.As(t, rbac.RolePartner), id); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("partner: %v", err)
	}
	if err := h.svc.Resend(other.As(t, rbac.RoleSpecialist), id); !errors.Is(err, mail.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	if _, err := h.svc.List(f.As(t, rbac.RoleSpecialist, testkit.OnMatters(m.ID)), "", page.Request{}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("one matter's specialist: %v", err)
	}
	fail = false
	if err := h.svc.Resend(specialist, id); err != nil {
		t.Fatal(err)
	}
	if err := run(t, h, f, id); err != nil || h.state(t, f, id) != "sent" {
		t.Errorf("resent: %v, %s", err, h.state(t, f, id))
	}
	got, err := h.svc.Get(specialist, id)
	if err != nil || !strings.Contains(got.Text, "26-00001") || got.Attempt != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}
