package deputy_test

import (
	"context"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
)

// kept is a mail server that keeps what it is handed.
type kept struct{ mails []mail.Outgoing }

func (k *kept) Send(_ context.Context, o mail.Outgoing) error {
	k.mails = append(k.mails, o)
	return nil
}

// mailed are the letters of a kind to somebody that wait, as the worker sends them.
func (w world) mailed(kind letter.Kind, to context.Context) []mail.Outgoing {
	w.t.Helper()
	box := &kept{}
	post := letter.NewPost(testkit.WorkerDB(w.t), box, "billing@larkspur.example", "https://billing.larkspur.example")
	ids := w.f.Text(w.t, `SELECT string_agg(id::text, ' ') FROM person_letter WHERE firm_id = ? AND kind = ? AND person_id = ? AND state = 'queued'`, w.f.ID, kind, is(to))
	for _, id := range strings.Fields(ids) {
		job := ident.JobID(w.f.Text(w.t, `SELECT id FROM outbox WHERE firm_id = ? AND task_key = ?`, w.f.ID, id))
		err := post.Send(scope.ForMachine(context.Background(), "worker", w.f.ID), outbox.Job{ID: job, Firm: w.f.ID}, letter.Wanted{Letter: ident.LetterID(id)})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return box.mails
}

// The administrators are told when somebody left, with a link to what waits for them; no letter counts what its reader may not see, or names a client, a matter or a person beside its own reader.
func TestWhatTheLettersSay(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.submitted(w.ines)
	w.submitted(w.ines)
	d := w.for10(is(w.jon))
	d.Principal = is(w.ines)
	w.ok(w.svc.Name(w.adm, d))
	check(t, w.Grants.Remove(w.adm, is(w.ines)))
	at := "https://billing.larkspur.example/firms/" + string(w.f.ID)
	for _, c := range []struct {
		kind letter.Kind
		to   context.Context
		says []string
	}{
		{letter.DeputyNamed, w.jon, []string{"deputy", at + "/deputies", "no new right"}},
		{letter.DeputyEnded, w.jon, []string{"has ended before its day", at + "/deputies"}},
		{letter.DeputyLeft, w.adm, []string{"Please look at what waits for them", at + "/prebills?status=in_review&waits_for=" + string(is(w.ines))}},
	} {
		mails := w.mailed(c.kind, c.to)
		if len(mails) != 1 {
			t.Fatalf("%s: %d letters", c.kind, len(mails))
		}
		text := mails[0].Subject + "\n" + mails[0].Text
		for _, part := range c.says {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %q:\n%s", c.kind, part, text)
			}
		}
		for _, secret := range []string{"Ines", "Client", "Matter ", "M-"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s names %q", c.kind, secret)
			}
		}
	}
	if mails := w.mailed(letter.DeputyGiven, w.ines); len(mails) != 1 || !strings.Contains(mails[0].Text, "has named a deputy for you") {
		t.Errorf("to the principal: %+v", mails)
	}
}
