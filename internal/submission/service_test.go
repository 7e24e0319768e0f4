package submission_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/connector"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/outbound"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// desk is a firm with an invoice of two lines whose payor is served through a receiver.
type desk struct {
	d          *db.DB
	f          testkit.F
	m          testkit.M
	svc        *submission.Service
	invoices   *invoice.Service
	portals    *portal.Service
	guard      *authz.Guard
	blobs      *blob.Store
	inv        ident.InvoiceID
	job        ident.JobID // that made it
	receiver   portal.Profile
	specialist context.Context
	served     int
	connectors *connector.Service
	worker     *submission.Service // as docketry_worker
	server     *testkit.FileServer // where files go that go by themselves; nil where none do
}

func setup(t *testing.T, change func(s *portal.Settings), terms ...func(k *desk) string) *desk {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	master, err := seal.NewMaster(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	k := &desk{d: testkit.DB(t)}
	k.guard = authz.NewGuard(k.d, policy)
	k.portals = portal.New(k.d, k.guard)
	keys, memory := blob.NewKeys(master), blob.NewMemory(k.d.Clock())
	k.blobs = blob.New(k.d, memory, keys)
	courier := carry.New(outbound.New(outbound.Loopback{})).Within(3 * time.Second)
	k.connectors = connector.New(k.d, k.guard, keys, courier)
	receipts := receipt.New(k.d, k.guard, k.blobs, prebill.New(k.d, k.guard))
	served := func(tx *db.Tx, id ident.InvoiceID, _ bool) error {
		k.served++
		return invoice.MarkSent(tx, id)
	}
	k.svc = submission.New(submission.Parts{DB: k.d, Guard: k.guard, Blobs: k.blobs, Served: served, Courier: k.connectors, Inspect: receipts.Inspect})
	w := testkit.WorkerDB(t)
	guard := authz.NewGuard(w, policy)
	k.worker = submission.New(submission.Parts{DB: w, Guard: guard, Blobs: blob.New(w, memory, keys), Served: served, Courier: connector.New(w, guard, keys, courier), Inspect: receipts.Inspect})
	k.f = testkit.Firm(t, k.d)
	k.f.Agreement(t)
	k.m = k.f.Matter(t)
	k.specialist = k.f.As(t, rbac.RoleSpecialist)
	for _, x := range terms {
		k.f.Arrange(t, k.m, "2026-01-01", x(k))
	}
	k.issue(t)
	s := portal.Standard()
	s.AppealDays = 30
	if change != nil {
		change(&s)
	}
	if k.receiver, err = k.portals.Save(k.specialist, portal.Profile{Name: "Gate", Settings: s}); err != nil {
		t.Fatal(err)
	}
	k.f.Exec(t, `UPDATE payor SET portal_id = ? WHERE firm_id = ? AND id = ?`, k.receiver.ID, k.f.ID, k.m.Payor)
	return k
}

func (k *desk) submit(t *testing.T, n submission.Sending) submission.View {
	t.Helper()
	v, err := k.svc.Submit(k.specialist, k.inv, n)
	if err != nil {
		t.Fatalf("submit: %v", err)
	}
	return v
}

func (k *desk) answer(t *testing.T, v submission.View, a submission.Answer) submission.View {
	t.Helper()
	v, err := k.svc.Answer(k.specialist, v.ID, v.Version, a)
	if err != nil {
		t.Fatalf("answer %s: %v", a.Status, err)
	}
	return v
}

func (k *desk) items(t *testing.T, work, status string) int64 {
	t.Helper()
	return k.f.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND type = ? AND status = ?`, k.f.ID, work, status)
}

func TestRejectedCorrectedResubmitted(t *testing.T) {
	t.Parallel()
	k := setup(t, func(s *portal.Settings) { s.Resubmit, s.DisputeDays = portal.ResubmitSuffixR, 45 })
	first := k.submit(t, submission.Sending{})
	if first.N != 1 || first.Type != submission.TypeInvoice || first.Status != submission.Submitted || first.AnswerBy == "" || first.SHA256 == "" || k.served != 1 {
		t.Fatalf("%+v", first)
	}
	c, err := k.svc.File(k.specialist, first.ID)
	if err != nil || !strings.HasPrefix(string(c.Bytes), "LEDES1998B[]") || !strings.HasSuffix(c.Name, "-1.txt") || !strings.Contains(string(c.Bytes), "|"+first.Number+"|") {
		t.Fatalf("%q %v\n%s", c.Name, err, c.Bytes)
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('submission.sent', 'submission.file_read') AND object_id = ?`, k.f.ID, first.ID); n != 2 {
		t.Errorf("%d entries in the trail", n)
	}
	if _, err := k.svc.Submit(k.specialist, k.inv, submission.Sending{Reason: "again"}); !errors.Is(err, submission.ErrOnItsWay) {
		t.Errorf("a second while the first is there: %v", err)
	}
	received := k.answer(t, first, submission.Answer{Status: submission.Received, Receipt: "GATE-77"})
	if _, err := k.svc.Answer(k.specialist, first.ID, first.Version, submission.Answer{Status: submission.Approved}); !errors.Is(err, submission.ErrStale) {
		t.Errorf("an old version: %v", err)
	}
	if _, err := k.svc.Answer(k.specialist, first.ID, received.Version, submission.Answer{Status: submission.Rejected}); !errors.Is(err, submission.ErrInvalid) {
		t.Errorf("a refusal without its kind: %v", err)
	}
	refused := k.answer(t, received, submission.Answer{Status: submission.Rejected, ErrorType: "line_item_error", Code: "COD-01", Text: "L350 is not open on this matter"})
	if refused.Receipt != "GATE-77" || k.items(t, "rejection", "ready") != 1 {
		t.Fatalf("%+v, %d items", refused, k.items(t, "rejection", "ready"))
	}

	line := k.line(t)
	for name, n := range map[string]submission.Sending{
		"no reason":       {Changes: []submission.Change{{Line: line, Field: "task_code", After: "L120"}}},
		"no such line":    {Reason: "codes", Changes: []submission.Change{{Line: 99, Field: "task_code", After: "L120"}}},
		"no such field":   {Reason: "codes", Changes: []submission.Change{{Line: line, Field: "amount", After: "1"}}},
		"nothing differs": {Reason: "codes", Changes: []submission.Change{{Line: line, Field: "task_code", After: " l350 "}}},
		"twice":           {Reason: "codes", Changes: []submission.Change{{Line: line, Field: "task_code", After: "L120"}, {Line: line, Field: "task_code", After: "L130"}}},
	} {
		if _, err := k.svc.Submit(k.specialist, k.inv, n); !errors.Is(err, submission.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := k.f.Count(t, `SELECT count(*) FROM submission WHERE firm_id = ?`, k.f.ID); n != 1 {
		t.Errorf("refusals left %d submissions", n)
	}
	hash := k.f.Text(t, `SELECT content_hash FROM invoice WHERE firm_id = ? AND id = ?`, k.f.ID, k.inv)
	second := k.submit(t, submission.Sending{Reason: "Task code corrected", Changes: []submission.Change{{Line: line, Field: "task_code", After: "L120"}}})
	if second.N != 2 || second.Type != submission.TypeResubmit || second.Follows != first.ID || second.Number != first.Number+"R" || second.SHA256 == first.SHA256 ||
		len(second.Changes) != 1 || second.Changes[0].Before != "L350" || second.Changes[0].After != "L120" {
		t.Fatalf("%+v", second)
	}
	if k.items(t, "rejection", "ready") != 0 || k.items(t, "rejection", "done") != 1 {
		t.Error("the work of correcting it is not done")
	}
	if got := k.f.Text(t, `SELECT content_hash FROM invoice WHERE firm_id = ? AND id = ?`, k.f.ID, k.inv); got != hash || k.f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ?`, k.f.ID) != 1 {
		t.Error("the invoice changed, or there is another")
	}
	c, err = k.svc.File(k.specialist, second.ID)
	if err != nil || !strings.Contains(string(c.Bytes), "|L120|") || strings.Contains(string(c.Bytes), "|L350|") {
		t.Errorf("%v\n%s", err, c.Bytes)
	}
	// A third keeps what the second corrected.
	second = k.answer(t, second, submission.Answer{Status: submission.FileError, ErrorType: "bad_file_data"})
	third := k.submit(t, submission.Sending{Reason: "Wording", Changes: []submission.Change{{Line: line, Field: "narrative", After: "Review of the file"}}})
	c, err = k.svc.File(k.specialist, third.ID)
	if err != nil || third.Number != first.Number+"R2" || !strings.Contains(string(c.Bytes), "|L120|") || !strings.Contains(string(c.Bytes), "Review of the file") {
		t.Errorf("%v %s\n%s", err, third.Number, c.Bytes)
	}
	list, err := k.svc.OfInvoice(k.specialist, k.inv)
	if err != nil || len(list) != 3 || list[0].N != 3 || list[2].N != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	k.answer(t, third, submission.Answer{Status: submission.Approved})
}

func TestTheSameFileDoesNotGoTwice(t *testing.T) {
	t.Parallel()
	k := setup(t, nil) // the same number
	v := k.submit(t, submission.Sending{})
	k.answer(t, v, submission.Answer{Status: submission.FileError, ErrorType: "file_structure"})
	if _, err := k.svc.Submit(k.specialist, k.inv, submission.Sending{Reason: "once more"}); !errors.Is(err, submission.ErrSame) {
		t.Errorf("the same bytes: %v", err)
	}
	// What was wrong was the form: the receiver's profile is corrected, and no line.
	p := k.receiver
	p.Names = portal.FirstSurname
	if _, err := k.portals.Save(k.specialist, p); err != nil {
		t.Fatal(err)
	}
	if again := k.submit(t, submission.Sending{Reason: "names as it reads them"}); again.N != 2 || len(again.Changes) != 0 || again.Number != v.Number {
		t.Errorf("%+v", again)
	}
}

func TestWhatWouldBeRefusedDoesNotGo(t *testing.T) {
	t.Parallel()
	k := setup(t, func(s *portal.Settings) { s.TaskSets = []string{"bankruptcy"} })
	_, err := k.svc.Submit(k.specialist, k.inv, submission.Sending{Anyway: true})
	var f *fault.Error
	if !errors.Is(err, submission.ErrBlocked) || !errors.As(err, &f) || len(f.Fields) == 0 || f.Fields[0].Code != "COD-01" || !strings.HasPrefix(f.Fields[0].Path, "lines.") {
		t.Fatalf("%v", err)
	}
	late := setup(t, func(s *portal.Settings) { s.LateDays = 1 })
	if _, err := late.svc.Submit(late.specialist, late.inv, submission.Sending{}); !errors.Is(err, submission.ErrRemarks) {
		t.Errorf("a remark: %v", err)
	}
	if v := late.submit(t, submission.Sending{Anyway: true}); v.Remarks == 0 {
		t.Errorf("%+v", v)
	}
	if n := k.f.Count(t, `SELECT count(*) FROM submission WHERE firm_id = ?`, k.f.ID); n != 0 || k.served != 0 {
		t.Errorf("a refusal left %d submissions", n)
	}
}

func TestCutsAreAcceptedOrAppealed(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	v := k.submit(t, submission.Sending{})
	line, open := k.line(t), k.f.Text(t, `SELECT open_minor FROM invoice WHERE firm_id = ? AND id = ?`, k.f.ID, k.inv)
	for name, cuts := range map[string][]submission.Cut{
		"none":                   nil,
		"more than the line":     {{Line: line, Code: "GUI-01", Minor: 122_001}},
		"more in two":            {{Line: line, Code: "GUI-01", Minor: 100_000}, {Line: line, Code: "GUI-01", Minor: 22_001}},
		"more than the invoice":  {{Code: "GUI-03", Minor: 132_001}},
		"nothing":                {{Line: line, Code: "GUI-01"}},
		"a line that is not one": {{Line: 9, Code: "GUI-01", Minor: 1}},
	} {
		if _, err := k.svc.Answer(k.specialist, v.ID, v.Version, submission.Answer{Status: submission.Reduced, Reductions: cuts}); !errors.Is(err, submission.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	testkit.AdminExec(t, k.d, `UPDATE submission SET submitted_at = '2026-02-27 15:00Z' WHERE firm_id = $1`, k.f.ID)
	v = k.answer(t, v, submission.Answer{Status: submission.Reduced, On: "2026-03-01", Text: "Two lines cut",
		Reductions: []submission.Cut{{Line: line, Code: "GUI-01", Text: "vague", Minor: 20_000}, {Line: line, Code: "GUI-02", Minor: 5_001}, {Code: "GUI-03", Minor: 10_000}}})
	if v.ReducedMinor != 35_001 || v.ApprovedMinor() != 132_000-35_001 || v.AppealUntil != "2026-03-31" || len(v.Reductions) != 3 || k.items(t, "appeal", "ready") != 1 {
		t.Fatalf("%+v", v)
	}
	ids := map[string]ident.ReductionID{}
	for _, r := range v.Reductions {
		ids[r.Code] = r.ID
	}
	v, err := k.svc.Accept(k.specialist, v.ID, v.Version, []ident.ReductionID{ids["GUI-03"]})
	if err != nil || v.Status != submission.Reduced {
		t.Fatalf("%+v, %v", v.Status, err)
	}
	if _, err := k.svc.Accept(k.specialist, v.ID, v.Version, []ident.ReductionID{ids["GUI-03"]}); !errors.Is(err, submission.ErrDecided) {
		t.Errorf("twice: %v", err)
	}
	if _, err := k.svc.Appeal(k.specialist, v.ID, v.Version, submission.NewAppeal{Reductions: []ident.ReductionID{ids["GUI-01"]}}); !errors.Is(err, submission.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	v, err = k.svc.Appeal(k.specialist, v.ID, v.Version, submission.NewAppeal{Reductions: []ident.ReductionID{ids["GUI-01"], ids["GUI-02"]}, Reason: "The work is described", Evidence: "Notes of 10 February"})
	if err != nil || len(v.Appeals) != 1 || v.Appeals[0].AmountMinor != 25_001 || v.Appeals[0].DueOn != "2026-03-31" || v.Status != submission.Reduced || k.items(t, "appeal", "done") != 1 {
		t.Fatalf("%+v, %v", v, err)
	}
	a := v.Appeals[0].ID
	if _, err := k.svc.Decide(k.specialist, v.ID, v.Version, a, submission.Outcome{Regained: map[ident.ReductionID]int64{ids["GUI-02"]: 5_002}}); !errors.Is(err, submission.ErrInvalid) {
		t.Errorf("more back than was cut: %v", err)
	}
	if _, err := k.svc.Decide(k.specialist, v.ID, v.Version, a, submission.Outcome{Regained: map[ident.ReductionID]int64{ids["GUI-03"]: 1}}); !errors.Is(err, submission.ErrNotFound) {
		t.Errorf("a cut that was not appealed: %v", err)
	}
	v, err = k.svc.Decide(k.specialist, v.ID, v.Version, a, submission.Outcome{Regained: map[ident.ReductionID]int64{ids["GUI-01"]: 20_000, ids["GUI-02"]: 1}, Text: "Mostly"})
	if err != nil || v.Status != submission.Approved || v.RegainedMinor != 20_001 || v.ApprovedMinor() != 132_000-35_001+20_001 || v.Appeals[0].Status != "part" {
		t.Fatalf("%+v, %v", v, err)
	}
	want := map[string]submission.CutStatus{"GUI-01": submission.CutGranted, "GUI-02": submission.CutPart, "GUI-03": submission.CutAccepted}
	for _, r := range v.Reductions {
		if r.Status != want[r.Code] {
			t.Errorf("%s is %s", r.Code, r.Status)
		}
	}
	if _, err := k.svc.Decide(k.specialist, v.ID, v.Version, a, submission.Outcome{}); !errors.Is(err, submission.ErrAnswered) {
		t.Errorf("decided twice: %v", err)
	}
	// The receivable is somebody's act, and not this one's.
	if got := k.f.Text(t, `SELECT open_minor FROM invoice WHERE firm_id = ? AND id = ?`, k.f.ID, k.inv); got != open {
		t.Errorf("open went from %s to %s", open, got)
	}
	k.answer(t, k.answer(t, v, submission.Answer{Status: submission.SentToAP}), submission.Answer{Status: submission.Paid})
}

func TestAppealsHaveAWindow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		days int
		on   invoice.Day // of the verdict; today is 2026-03-02 at the firm
		want error
	}{
		"its last day": {10, "2026-02-20", nil}, "a day late": {9, "2026-02-20", submission.ErrLate}, "none": {0, "2026-02-20", submission.ErrNoAppeal},
	} {
		k := setup(t, func(s *portal.Settings) { s.AppealDays = c.days })
		sent := k.submit(t, submission.Sending{})
		testkit.AdminExec(t, k.d, `UPDATE submission SET submitted_at = '2026-02-19 15:00Z' WHERE firm_id = $1`, k.f.ID)
		v := k.answer(t, sent, submission.Answer{Status: submission.Reduced, On: c.on, Reductions: []submission.Cut{{Line: k.line(t), Code: "GUI-01", Minor: 100}}})
		// A profile that changes later moves no window that was given.
		k.f.Exec(t, `UPDATE portal SET appeal_days = 300 WHERE firm_id = ?`, k.f.ID)
		_, err := k.svc.Appeal(k.specialist, v.ID, v.Version, submission.NewAppeal{Reductions: []ident.ReductionID{v.Reductions[0].ID}, Reason: "It was agreed"})
		if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
		if n := k.f.Count(t, `SELECT count(*) FROM appeal WHERE firm_id = ?`, k.f.ID); (n == 1) != (c.want == nil) {
			t.Errorf("%s: %d appeals", name, n)
		}
	}
}

// An answer comes after what it answers, and not from the future.
func TestAnAnswerIsNotOfAnotherTime(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	v := k.submit(t, submission.Sending{}) // on 2026-03-02 at the firm
	for _, on := range []invoice.Day{"2020-01-01", "2026-03-01", "2026-03-03"} {
		var f *fault.Error
		_, err := k.svc.Answer(k.specialist, v.ID, v.Version, submission.Answer{Status: submission.Approved, On: on})
		if !errors.Is(err, submission.ErrInvalid) || !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != "answered_on" {
			t.Errorf("on %s: %v", on, err)
		}
	}
}

func TestAClosedReceiverTakesNothing(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	k.receiver.Status = "closed"
	if _, err := k.portals.Save(k.specialist, k.receiver); err != nil {
		t.Fatal(err)
	}
	if _, err := k.svc.Submit(k.specialist, k.inv, submission.Sending{}); !errors.Is(err, submission.ErrClosed) {
		t.Errorf("Submit: %v", err)
	}
}

// The work that an answer asks for ends with what it asks for, or with the invoice.
func TestWorkOnAnAnswerEndsWithIt(t *testing.T) {
	t.Parallel()
	settled := func(k *desk, v submission.View) (err error) {
		_ = k.d.InFirm(k.specialist, func(tx *db.Tx) error { err = submission.Settled(tx, nil, string(v.ID)); return nil })
		return err
	}
	k := setup(t, nil)
	v := k.answer(t, k.submit(t, submission.Sending{}), submission.Answer{Status: submission.Rejected, ErrorType: "line_item_error"})
	if err := settled(k, v); !errors.Is(err, submission.ErrOpen) {
		t.Errorf("refused, and nothing followed: %v", err)
	}
	if p, err := k.svc.List(k.specialist, submission.Filter{Todo: true}, page.Request{Size: 10}); err != nil || len(p.Items) != 1 {
		t.Errorf("to do: %d, %v", len(p.Items), err)
	}
	if err := k.d.InFirm(k.specialist, func(tx *db.Tx) error { return submission.Credited(tx, k.inv) }); err != nil {
		t.Fatal(err)
	}
	if ready, gone := k.items(t, "rejection", "ready"), k.items(t, "rejection", "cancelled"); ready != 0 || gone != 1 {
		t.Errorf("after the credit: %d open, %d cancelled", ready, gone)
	}
	testkit.AdminExec(t, k.d, `UPDATE invoice SET credited_minor = total_minor, open_minor = 0, status = 'credited' WHERE firm_id = $1 AND set_config('session_replication_role', 'replica', false) <> ''`, k.f.ID)
	if p, err := k.svc.List(k.specialist, submission.Filter{Todo: true}, page.Request{Size: 10}); err != nil || len(p.Items) != 0 {
		t.Errorf("to do after the credit: %d, %v", len(p.Items), err)
	}

	k = setup(t, nil)
	v = k.answer(t, k.submit(t, submission.Sending{}), submission.Answer{Status: submission.Reduced, Reductions: []submission.Cut{{Line: k.line(t), Code: "GUI-01", Minor: 100}}})
	if err := settled(k, v); !errors.Is(err, submission.ErrOpen) {
		t.Errorf("with a cut that nobody decided: %v", err)
	}
	if _, err := k.svc.Accept(k.specialist, v.ID, v.Version, []ident.ReductionID{v.Reductions[0].ID}); err != nil {
		t.Fatal(err)
	}
	if err := settled(k, v); err != nil {
		t.Errorf("with all decided: %v", err)
	}
}

// The database holds the sums against the rows, whatever a service does.
func TestCutsAddUpInTheDatabase(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	v := k.answer(t, k.submit(t, submission.Sending{}), submission.Answer{Status: submission.Reduced, Reductions: []submission.Cut{{Line: k.line(t), Code: "GUI-01", Minor: 100}}})
	for constraint, sql := range map[string]string{
		"reduction_adds_up":     `INSERT INTO reduction (firm_id, id, submission_id, n, line_no, code, amount_minor) VALUES (?, gen_random_uuid(), ?, 99, 0, 'X', 5)`,
		"reduction_within_line": `WITH u AS (UPDATE submission SET reduced_minor = reduced_minor + 122000 WHERE firm_id = $1 AND id = $2) INSERT INTO reduction (firm_id, id, submission_id, n, line_no, code, amount_minor) VALUES ($1, gen_random_uuid(), $2, 99, 1, 'X', 122000)`,
	} {
		err := k.d.InFirm(k.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, k.f.ID, v.ID).Error })
		if !db.Violates(err, constraint) {
			t.Errorf("%s: %v", constraint, err)
		}
	}
}

func TestWhoSeesAndSends(t *testing.T) {
	t.Parallel()
	k := setup(t, nil)
	v := k.submit(t, submission.Sending{})
	v = k.answer(t, v, submission.Answer{Status: submission.Rejected, ErrorType: "audit_error", Text: "a privileged word"})
	other := testkit.Firm(t, k.d).As(t, rbac.RoleSpecialist)
	for name, err := range map[string]error{
		"get":    second(k.svc.Get(other, v.ID)),
		"file":   second(k.svc.File(other, v.ID)),
		"chain":  second(k.svc.OfInvoice(other, k.inv)),
		"submit": second(k.svc.Submit(other, k.inv, submission.Sending{Reason: "again"})),
		"answer": second(k.svc.Answer(other, v.ID, v.Version, submission.Answer{Status: submission.Approved})),
		"accept": second(k.svc.Accept(other, v.ID, v.Version, nil)),
		"appeal": second(k.svc.Appeal(other, v.ID, v.Version, submission.NewAppeal{})),
		"decide": second(k.svc.Decide(other, v.ID, v.Version, ident.New[ident.AppealID](time.Now().UTC()), submission.Outcome{})),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("another firm, %s: %v", name, err)
		}
	}
	if p, err := k.svc.List(other, submission.Filter{}, page.Request{}); err != nil || len(p.Items) != 0 {
		t.Errorf("another firm lists %v, %v", p.Items, err)
	}
	partner := k.f.As(t, rbac.RolePartner)
	if got, err := k.svc.Get(partner, v.ID); err != nil || got.AnswerText != "a privileged word" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := k.svc.Submit(partner, k.inv, submission.Sending{Reason: "again"}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a partner sends: %v", err)
	}
	low := k.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(2))
	if got, err := k.svc.Get(low, v.ID); err != nil || got.AnswerText != "" || got.TotalMinor != 132_000 {
		t.Errorf("class 2: %+v, %v", got, err)
	}
	if _, err := k.svc.File(low, v.ID); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("class 2 opens the file: %v", err)
	}
	if _, err := k.svc.Get(k.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(1)), v.ID); !errors.Is(err, submission.ErrNotFound) {
		t.Errorf("class 1: %v", err)
	}
	todo, err := k.svc.List(k.specialist, submission.Filter{Todo: true}, page.Request{})
	if err != nil || len(todo.Items) != 1 || todo.Items[0].AnswerText != "" {
		t.Errorf("%+v, %v", todo.Items, err)
	}
}

func second[T any](_ T, err error) error { return err }
