package submission_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"

	"github.com/docketry/docketry/internal/connector"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// carried is a desk whose receiver's server is a real one on this machine, and a version
// that waits to go there.
func carried(t *testing.T) (*desk, submission.View) {
	t.Helper()
	k := setup(t, func(s *portal.Settings) { s.DisputeDays = 45 })
	k.server = testkit.SFTP(t)
	_, err := k.connectors.Save(k.specialist, connector.Draft{Secret: seal.Secret(k.server.Password), Connector: connector.Connector{Portal: k.receiver.ID, Way: carry.SFTP,
		Host: k.server.Host, Port: k.server.Port, Folder: "/in", HostKey: k.server.HostKeys[0], User: k.server.User, Auth: carry.Password}})
	if err != nil {
		t.Fatalf("%v %v", err, fieldsOf(err))
	}
	k.receiver.Route = portal.RouteConnector
	if k.receiver, err = k.portals.Save(k.specialist, k.receiver); err != nil {
		t.Fatal(err)
	}
	return k, k.submit(t, submission.Sending{})
}

func fieldsOf(err error) []fault.Field {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Fields
	}
	return nil
}

// start is what the engine does before it calls the handler.
func (k *desk) start(t *testing.T, v submission.View, n int) (context.Context, outbox.Job) {
	t.Helper()
	var j outbox.Job
	err := k.f.DB().InFirm(k.f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`UPDATE outbox SET fence = fence + 1 WHERE firm_id = ? AND kind = 'submission.handover' AND task_key = ?
			RETURNING id, actor_id AS actor, fence`, k.f.ID, string(v.ID)+":"+string(rune('0'+n))).Scan(&j).Error
	})
	if err != nil || j.ID == "" {
		t.Fatalf("no job for hand-over %d: %v", n, err)
	}
	j.Firm, j.Kind, j.Attempt = k.f.ID, "submission.handover", 1
	return scope.With(t.Context(), scope.Scope{Firm: k.f.ID, Actor: j.Actor, Machine: "worker"}), j
}

// work runs a hand-over once and shows the version afterwards.
func (k *desk) work(t *testing.T, v submission.View, n int) (submission.View, error) {
	t.Helper()
	ctx, j := k.start(t, v, n)
	err := k.worker.HandOver(ctx, j, submission.HandoverWanted{Submission: v.ID, N: n})
	if errors.Is(err, outbox.ErrDone) { // which the engine takes as well
		err = nil
	}
	return k.look(t, v), err
}

func (k *desk) look(t *testing.T, v submission.View) submission.View {
	t.Helper()
	v, err := k.svc.Get(k.specialist, v.ID)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFileGoesByItselfWithAReceipt(t *testing.T) {
	t.Parallel()
	k, v := carried(t)
	if v.Status != submission.Queued || v.AnswerBy != "" || v.Carried != submission.HandQueued || k.served != 0 || len(v.Status.Answers()) != 0 {
		t.Fatalf("before: %+v", v)
	}
	if _, err := k.svc.Submit(k.specialist, k.inv, submission.Sending{Reason: "again"}); !errors.Is(err, submission.ErrOnItsWay) {
		t.Errorf("a second beside it: %v", err)
	}
	for what, act := range map[string]func(context.Context, ident.SubmissionID, int, string) (submission.View, error){"again": k.svc.SendAgain, "by hand": k.svc.TakenByHand} {
		if _, err := act(k.specialist, v.ID, v.Version, "because"); !errors.Is(err, submission.ErrUnderway) {
			t.Errorf("%s while it waits: %v", what, err)
		}
	}
	v, err := k.work(t, v, 1)
	if err != nil {
		t.Fatal(err)
	}
	h := v.Latest()
	if v.Status != submission.Submitted || v.AnswerBy == "" || k.served != 1 || h.State != submission.HandSent || h.RemoteName != "/in/"+v.FileName || h.SHA256 != v.SHA256 || h.SizeBytes != v.SizeBytes || h.EndedAt == nil || h.Way != carry.SFTP {
		t.Fatalf("after: %+v, %+v", v.Submission, h)
	}
	c, err := k.svc.File(k.specialist, v.ID)
	if err != nil || !bytes.Equal(k.server.File(h.RemoteName), c.Bytes) {
		t.Errorf("%d bytes arrived, %v", len(k.server.File(h.RemoteName)), err)
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND object_id = ? AND action IN ('submission.queued', 'handover.begun', 'submission.sent')`, k.f.ID, v.ID); n != 3 {
		t.Errorf("%d of 3 leaves", n)
	}
	// The job once more, and a person once more, send nothing.
	writes := k.server.Came("open")
	if v, err = k.work(t, v, 1); err != nil || k.server.Came("open") != writes {
		t.Errorf("a second run: %v, %d opened", err, k.server.Came("open"))
	}
	if _, err := k.svc.SendAgain(k.specialist, v.ID, v.Version, "because"); !errors.Is(err, submission.ErrUnderway) {
		t.Errorf("again when it is there: %v", err)
	}
	k.answer(t, v, submission.Answer{Status: submission.Approved})
}

func TestF09_UncertainWaitsForAPerson(t *testing.T) {
	t.Parallel()
	k, v := carried(t)
	k.server.HangUp("renamed") // it has the file, and does not say so
	v, err := k.work(t, v, 1)
	if err != nil || v.Status != submission.Queued || v.Carried != submission.HandUncertain || v.Latest().Cause != carry.CutShort || k.served != 0 || k.items(t, "delivery", "ready") != 1 {
		t.Fatalf("%v, %+v, %d items", err, v.Latest(), k.items(t, "delivery", "ready"))
	}
	err = k.f.DB().InFirm(k.f.Machine(), func(tx *db.Tx) error { return submission.Settled(tx, nil, string(v.ID)) })
	if !errors.Is(err, submission.ErrOpen) {
		t.Errorf("the work can be ended: %v", err)
	}
	if list, err := k.svc.List(k.specialist, submission.Filter{Todo: true}, page.Request{Size: 10}); err != nil || len(list.Items) != 1 {
		t.Errorf("to do: %d, %v", len(list.Items), err)
	}
	opened := k.server.Came("open")
	if v, err = k.work(t, v, 1); err != nil || k.server.Came("open") != opened {
		t.Errorf("the machine sent it again: %v", err)
	}
	k.server.Heal()
	if _, err := k.svc.SendAgain(k.specialist, v.ID, v.Version, " "); !errors.Is(err, submission.ErrInvalid) {
		t.Errorf("again without what was found: %v", err)
	}
	if _, err := k.svc.SendAgain(k.specialist, v.ID, v.Version-1, "not in the list"); !errors.Is(err, submission.ErrStale) {
		t.Errorf("an old version: %v", err)
	}
	if v, err = k.svc.SendAgain(k.specialist, v.ID, v.Version, "not in the list of the portal"); err != nil || v.Latest().N != 2 || v.Latest().Why == "" || k.items(t, "delivery", "done") != 1 {
		t.Fatalf("again: %+v, %v", v.Latest(), err)
	}
	// It was there all the time, byte by byte: nothing is written, and it counts as sent.
	if v, err = k.work(t, v, 2); err != nil || v.Status != submission.Submitted || k.server.Came("open") != opened || k.served != 1 {
		t.Errorf("%v, %+v, %d opened", err, v.Latest(), k.server.Came("open"))
	}
}

func TestF09_WorkerThatDiesWhileSending(t *testing.T) {
	t.Parallel()
	k, v := carried(t)
	ctx, j := k.start(t, v, 1)
	testkit.AdminExec(t, k.d, `UPDATE handover SET state = 'sending', sending_at = now(), attempt = 1, fence = $1 WHERE firm_id = $2 AND submission_id = $3`, j.Fence, k.f.ID, v.ID)
	if err := k.worker.HandOver(ctx, j, submission.HandoverWanted{Submission: v.ID, N: 1}); err != nil {
		t.Fatal(err)
	}
	if v = k.look(t, v); v.Carried != submission.HandUncertain || k.server.Came("connect") != 0 || k.items(t, "delivery", "ready") != 1 {
		t.Errorf("%+v, %d connections", v.Latest(), k.server.Came("connect"))
	}
	// Somebody saw it there.
	v, err := k.svc.TakenByHand(k.specialist, v.ID, v.Version, "it stands in the receiver's list")
	if err != nil || v.Status != submission.Submitted || v.AnswerBy == "" || v.Carried != submission.HandByPerson || k.served != 1 || k.items(t, "delivery", "ready") != 0 {
		t.Errorf("by hand: %+v, %v", v.Submission, err)
	}
	if _, err := k.svc.SendAgain(k.specialist, v.ID, v.Version, "once more"); !errors.Is(err, submission.ErrUnderway) {
		t.Errorf("again after that: %v", err)
	}
}

// TestF09_SweepFindsWhatNoJobCameBackFor also lets who sent it say better, later.
func TestF09_SweepFindsWhatNoJobCameBackFor(t *testing.T) {
	t.Parallel()
	k, v := carried(t)
	k.start(t, v, 1)
	testkit.AdminExec(t, k.d, `UPDATE handover SET state = 'sending', sending_at = $1, attempt = 1, fence = 1 WHERE firm_id = $2 AND submission_id = $3`, k.d.Clock().Now().Add(-time.Hour), k.f.ID, v.ID)
	if _, err := k.worker.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v = k.look(t, v); v.Carried != submission.HandUncertain || k.items(t, "delivery", "ready") != 1 {
		t.Errorf("%+v", v.Latest())
	}
	if _, err := k.worker.Sweep(t.Context()); err != nil || k.items(t, "delivery", "ready") != 1 {
		t.Errorf("a second sweep: %v", err)
	}
}

func TestCertainlyNotThereIsTriedAgainAndGivenUpAfterADay(t *testing.T) {
	t.Parallel()
	k, v := carried(t)
	k.server.Room(10)
	v, err := k.work(t, v, 1)
	var later *outbox.RetryError
	if !errors.As(err, &later) || later.After != time.Minute || v.Carried != submission.HandQueued || v.Latest().Cause != carry.ServerFault || v.Latest().NextAt == nil || k.items(t, "delivery", "ready") != 0 {
		t.Fatalf("%v, %+v", err, v.Latest())
	}
	if strings.Contains(err.Error(), k.server.Password) || strings.Contains(err.Error(), v.FileName) {
		t.Errorf("the log is told %q", err)
	}
	testkit.AdminExec(t, k.d, `UPDATE handover SET queued_at = $1 WHERE firm_id = $2 AND submission_id = $3`, k.d.Clock().Now().Add(-24*time.Hour), k.f.ID, v.ID)
	if v, err = k.work(t, v, 1); err != nil || v.Carried != submission.HandFailed || v.Latest().Attempt != 2 || k.items(t, "delivery", "ready") != 1 || len(k.server.Files()) != 0 {
		t.Errorf("after a day: %v, %+v, %v", err, v.Latest(), k.server.Files())
	}
	k.server.Heal()
	if v, err = k.svc.SendAgain(k.specialist, v.ID, v.Version, "their disk has room again"); err != nil {
		t.Fatal(err)
	}
	if v, err = k.work(t, v, 2); err != nil || v.Carried != submission.HandSent || len(v.Handovers) != 2 {
		t.Errorf("with room: %v, %+v", err, v.Latest())
	}
}

func TestWhatAPersonMustMendStopsAtOnce(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		harm func(k *desk)
		want carry.Cause
	}{
		"another server": {func(k *desk) {
			k.f.Exec(t, `UPDATE connector SET host_key = ? WHERE firm_id = ?`, "SHA256:"+strings.Repeat("A", 43), k.f.ID)
		}, carry.HostKey},
		"may not write":  {func(k *desk) { k.server.Fail("open", sftp.ErrSSHFxPermissionDenied) }, carry.Permission},
		"no such folder": {func(k *desk) { k.f.Exec(t, `UPDATE connector SET folder = '/gone' WHERE firm_id = ?`, k.f.ID) }, carry.Folder},
		"another file of name": {func(k *desk) {
			k.server.Put("/in/"+k.f.Text(t, `SELECT file_name FROM submission WHERE firm_id = ?`, k.f.ID), []byte("theirs"))
		}, carry.Collision},
		"nobody says how": {func(k *desk) { k.f.Exec(t, `DELETE FROM connector WHERE firm_id = ?`, k.f.ID) }, "unset"},
		"may not send any more": {func(k *desk) {
			k.f.Exec(t, `UPDATE access_grant SET ended_at = now() WHERE firm_id = ? AND person_id = ?`, k.f.ID, testkit.Actor(k.specialist))
		}, "not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, v := carried(t)
			x.harm(k)
			ctx, j := k.start(t, v, 1)
			if err := k.worker.HandOver(ctx, j, submission.HandoverWanted{Submission: v.ID, N: 1}); err != nil {
				t.Fatal(err)
			}
			if got := k.f.Text(t, `SELECT state || ' ' || cause FROM handover WHERE firm_id = ?`, k.f.ID); got != "failed "+string(x.want) {
				t.Errorf("%s", got)
			}
			if k.items(t, "delivery", "ready") != 1 || k.served != 0 {
				t.Errorf("%d items, served %d", k.items(t, "delivery", "ready"), k.served)
			}
		})
	}
}

func TestNeverSendsWhatWasTakenBackOrAltered(t *testing.T) {
	t.Parallel()
	k, v := carried(t)
	partner := k.f.As(t, rbac.RolePartner)
	if _, err := k.invoices.Credit(partner, k.inv, invoice.NewCredit{Reason: "wrong matter"}); err != nil {
		t.Fatal(err)
	}
	v, err := k.work(t, v, 1)
	if err != nil || v.Carried != submission.HandFailed || v.Latest().Cause != "credited" || k.server.Came("connect") != 0 || k.items(t, "delivery", "ready") != 0 {
		t.Errorf("credited: %v, %+v", err, v.Latest())
	}
	if _, err := k.svc.SendAgain(k.specialist, v.ID, v.Version, "send it anyway"); !errors.Is(err, submission.ErrCredited) {
		t.Errorf("again: %v", err)
	}
	k, v = carried(t)
	testkit.AdminExec(t, k.d, `UPDATE submission SET sha256 = $1 WHERE firm_id = $2`, strings.Repeat("0", 64), k.f.ID)
	if v, err = k.work(t, v, 1); err != nil || v.Latest().Cause != "altered" || k.server.Came("connect") != 0 {
		t.Errorf("altered: %v, %+v", err, v.Latest())
	}
}

func TestT01_AnotherFirmsHandover(t *testing.T) {
	t.Parallel()
	k, v := carried(t)
	other := testkit.Firm(t, k.d)
	theirs := other.As(t, rbac.RoleSpecialist)
	for what, act := range map[string]func(context.Context, ident.SubmissionID, int, string) (submission.View, error){"again": k.svc.SendAgain, "by hand": k.svc.TakenByHand} {
		if _, err := act(theirs, v.ID, v.Version, "because"); !errors.Is(err, submission.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, j := k.start(t, v, 1)
	err := k.worker.HandOver(scope.With(t.Context(), scope.Scope{Firm: other.ID, Actor: testkit.Actor(theirs), Machine: "worker"}), j, submission.HandoverWanted{Submission: v.ID, N: 1})
	if err == nil || k.server.Came("connect") != 0 {
		t.Errorf("another firm's job: %v", err)
	}
	if _, err := k.svc.SendAgain(k.f.As(t, rbac.RolePartner), v.ID, v.Version, "because"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("who may not send: %v", err)
	}
}
