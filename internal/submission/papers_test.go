package submission_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// scan is a picture, another for each shade.
func scan(t *testing.T, shade uint8) []byte {
	t.Helper()
	p := image.NewGray(image.Rect(0, 0, 4, 4))
	p.SetGray(1, 1, color.Gray{Y: shade})
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// appealed is a desk with an appeal that waits for its answer.
func appealed(t *testing.T) (*desk, submission.View) {
	t.Helper()
	k := setup(t, nil)
	v := k.answer(t, k.submit(t, submission.Sending{}), submission.Answer{Status: submission.Reduced, Reductions: []submission.Cut{{Code: "GUI-01", Minor: 100}, {Code: "GUI-02", Minor: 50}}})
	v, err := k.svc.Appeal(k.specialist, v.ID, v.Version, submission.NewAppeal{Reductions: []ident.ReductionID{v.Reductions[0].ID}, Reason: "it was agreed"})
	if err != nil {
		t.Fatal(err)
	}
	return k, v
}

func TestAppealHasItsEvidenceAsFiles(t *testing.T) {
	t.Parallel()
	k, v := appealed(t)
	appeal := v.Appeals[0].ID
	data := scan(t, 9)
	p, err := k.svc.AddPaper(k.specialist, v.ID, appeal, receipt.Upload{Name: `C:\scans\letter of 3 May.exe`, Data: data})
	if err != nil || p.Name != "letter of 3 May.png" || p.Media != receipt.PNG {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := k.svc.AddPaper(k.specialist, v.ID, appeal, receipt.Upload{Name: "again.png", Data: data}); !errors.Is(err, submission.ErrTwice) {
		t.Errorf("the same file: %v", err)
	}
	for what, bad := range map[string][]byte{"nothing": nil, "a page": []byte("<html><script>alert(1)</script>"), "a cut picture": data[:20], "a PDF that is none": []byte("%PDF-1.7 nothing")} {
		if _, err := k.svc.AddPaper(k.specialist, v.ID, appeal, receipt.Upload{Name: "x.pdf", Data: bad}); !errors.Is(err, submission.ErrPaper) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := k.svc.AddPaper(k.specialist, v.ID, appeal, receipt.Upload{Name: "x.pdf", Data: make([]byte, receipt.MaxFile+1)}); !errors.Is(err, submission.ErrPaperSize) {
		t.Errorf("too large: %v", err)
	}
	v, err = k.svc.Get(k.specialist, v.ID)
	if err != nil || len(v.Appeals[0].Papers) != 1 || v.Appeals[0].Papers[0].ID != p.ID {
		t.Fatalf("%+v, %v", v.Appeals, err)
	}
	c, err := k.svc.Paper(k.specialist, v.ID, appeal, p.ID)
	if err != nil || !bytes.Equal(c.Data, data) {
		t.Errorf("%d bytes, %v", len(c.Data), err)
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('appeal.paper_added', 'appeal.paper_read') AND class = 3`, k.f.ID); n != 2 {
		t.Errorf("%d of 2 leaves", n)
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf x WHERE firm_id = ? AND x::text LIKE '%letter of%'`, k.f.ID); n != 0 {
		t.Error("a leaf names the file")
	}

	if v, err = k.svc.Decide(k.specialist, v.ID, v.Version, appeal, submission.Outcome{}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.svc.AddPaper(k.specialist, v.ID, appeal, receipt.Upload{Name: "late.png", Data: scan(t, 10)}); !errors.Is(err, submission.ErrAnswered) {
		t.Errorf("after its answer: %v", err)
	}
}

// TestEvidenceIsTakenOffUntilTheAnswer: with a reason, for good, and the very file may come
// again.
func TestEvidenceIsTakenOffUntilTheAnswer(t *testing.T) {
	t.Parallel()
	k, v := appealed(t)
	appeal := v.Appeals[0].ID
	wrong := receipt.Upload{Name: "of another client.png", Data: scan(t, 9)}
	p, err := k.svc.AddPaper(k.specialist, v.ID, appeal, wrong)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.svc.RemovePaper(k.specialist, v.ID, appeal, p.ID, " x "); !errors.Is(err, submission.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	if err := k.svc.RemovePaper(k.f.As(t, rbac.RolePartner), v.ID, appeal, p.ID, "of another client"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("who may not send: %v", err)
	}
	if err := k.svc.RemovePaper(testkit.Firm(t, k.d).As(t, rbac.RoleSpecialist), v.ID, appeal, p.ID, "of another client"); !errors.Is(err, submission.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	if err := k.svc.RemovePaper(k.specialist, v.ID, appeal, p.ID, "of another client"); err != nil {
		t.Fatal(err)
	}
	if _, err := k.svc.Paper(k.specialist, v.ID, appeal, p.ID); !errors.Is(err, submission.ErrNotFound) {
		t.Errorf("it still opens: %v", err)
	}
	if err := k.svc.RemovePaper(k.specialist, v.ID, appeal, p.ID, "once more"); !errors.Is(err, submission.ErrNotFound) {
		t.Errorf("taken off twice: %v", err)
	}
	if v = k.look(t, v); len(v.Appeals[0].Papers) != 0 {
		t.Errorf("it is listed: %+v", v.Appeals[0].Papers)
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'appeal.paper_removed' AND class = 3`, k.f.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
	err = k.d.InFirm(k.specialist, func(tx *db.Tx) error {
		return tx.Exec(`UPDATE appeal_paper SET removed_by = NULL, removed_at = NULL, reason = '' WHERE firm_id = ?`, k.f.ID).Error
	})
	if err == nil {
		t.Error("the database puts it back")
	}
	if p, err = k.svc.AddPaper(k.specialist, v.ID, appeal, wrong); err != nil {
		t.Errorf("the very file again: %v", err)
	}
	v = k.look(t, v)
	if _, err := k.svc.Decide(k.specialist, v.ID, v.Version, appeal, submission.Outcome{}); err != nil {
		t.Fatal(err)
	}
	if err := k.svc.RemovePaper(k.specialist, v.ID, appeal, p.ID, "of another client"); !errors.Is(err, submission.ErrAnswered) {
		t.Errorf("after its answer: %v", err)
	}
}

func TestT01_AnotherFirmsEvidence(t *testing.T) {
	t.Parallel()
	k, v := appealed(t)
	appeal := v.Appeals[0].ID
	p, err := k.svc.AddPaper(k.specialist, v.ID, appeal, receipt.Upload{Name: "letter.png", Data: scan(t, 9)})
	if err != nil {
		t.Fatal(err)
	}
	theirs := testkit.Firm(t, k.d).As(t, rbac.RoleSpecialist)
	if _, err := k.svc.Paper(theirs, v.ID, appeal, p.ID); !errors.Is(err, submission.ErrNotFound) {
		t.Errorf("another firm reads: %v", err)
	}
	if _, err := k.svc.AddPaper(theirs, v.ID, appeal, receipt.Upload{Name: "x.png", Data: scan(t, 1)}); !errors.Is(err, submission.ErrNotFound) {
		t.Errorf("another firm adds: %v", err)
	}
	if _, err := k.svc.Paper(k.specialist, v.ID, ident.AppealID(p.ID), p.ID); !errors.Is(err, submission.ErrNotFound) {
		t.Errorf("below another appeal: %v", err)
	}
	low := k.f.As(t, rbac.RolePartner, testkit.UpToClass(2))
	if _, err := k.svc.Paper(low, v.ID, appeal, p.ID); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("below class 3: %v", err)
	}
	if seen, err := k.svc.Get(low, v.ID); err != nil || len(seen.Appeals[0].Papers) != 0 {
		t.Errorf("below class 3 the names: %+v, %v", seen.Appeals, err)
	}
	if _, err := k.svc.AddPaper(k.f.As(t, rbac.RolePartner), v.ID, appeal, receipt.Upload{Name: "x.png", Data: scan(t, 1)}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("who may not send: %v", err)
	}
}

func TestF11_NoAnswerInTimeBecomesWorkOnce(t *testing.T) {
	t.Parallel()
	k := setup(t, func(s *portal.Settings) { s.DisputeDays = 45 })
	v := k.submit(t, submission.Sending{})
	sweep := func() {
		t.Helper()
		if _, err := k.worker.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if sweep(); k.items(t, "rejection", "ready") != 0 {
		t.Fatal("before the day")
	}
	testkit.AdminExec(t, k.d, `UPDATE submission SET answer_by = $1 WHERE firm_id = $2`, k.d.Clock().Now().AddDate(0, 0, -1), k.f.ID)
	sweep()
	sweep()
	if v = k.look(t, v); v.OverdueAt == nil || k.items(t, "rejection", "ready") != 1 || v.Status != submission.Submitted {
		t.Fatalf("%+v, %d items", v.Submission, k.items(t, "rejection", "ready"))
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'submission.unanswered'`, k.f.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
	if list, err := k.svc.List(k.specialist, submission.Filter{Todo: true}, page.Request{Size: 10}); err != nil || len(list.Items) != 1 {
		t.Errorf("to do: %d, %v", len(list.Items), err)
	}
	v = k.answer(t, v, submission.Answer{Status: submission.Received})
	if k.items(t, "rejection", "ready") != 1 {
		t.Error("a receipt ends the wait")
	}
	k.answer(t, v, submission.Answer{Status: submission.Approved})
	if k.items(t, "rejection", "done") != 1 {
		t.Error("the answer does not end it")
	}
}
