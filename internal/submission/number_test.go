package submission_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/submission"
)

// TestANumberIsUsedOnceAtAReceiver is rule INV-04: two numbers that differ in signs alone are one
// for a receiver that reads letters and digits, and the second is not sent; its own versions are.
func TestANumberIsUsedOnceAtAReceiver(t *testing.T) {
	t.Parallel()
	k := setup(t, func(s *portal.Settings) { s.NumberForm = portal.NumberAlphanumeric })
	first := k.inv
	number := k.f.Text(t, `SELECT number FROM invoice WHERE firm_id = ? AND id = ?`, k.f.ID, first)
	plain := strings.ReplaceAll(number, "-", "") // 2600001, which the 260th of a pattern {seq}0001 is too
	k.f.Exec(t, `UPDATE number_series SET pattern = ?, next = ?::bigint WHERE firm_id = ? AND series = 'invoice'`, "{seq}"+plain[3:], plain[:3], k.f.ID)
	k.issueOf(t, "RW", "2026-02-11")
	twin := k.inv
	dup := func() bool {
		p, err := k.invoices.Preflight(k.specialist, twin)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(p.Findings, func(f portal.Finding) bool {
			return f.Code == "DUP-01" && f.Severity == portal.Block && strings.Contains(f.Message, "INV-04")
		})
	}
	if dup() {
		t.Error("a duplicate of what was not sent")
	}
	k.inv = first
	sent := k.submit(t, submission.Sending{})
	if !dup() {
		t.Error("a number that the receiver has is not found")
	}
	_, err := k.svc.Submit(k.specialist, twin, submission.Sending{})
	var f *fault.Error
	if !errors.Is(err, submission.ErrBlocked) || !errors.As(err, &f) || !slices.ContainsFunc(f.Fields, func(x fault.Field) bool { return x.Code == "DUP-01" }) {
		t.Errorf("sent all the same: %v", err)
	}
	k.answer(t, sent, submission.Answer{Status: submission.Rejected, ErrorType: "line_item_error", Code: "COD-01", Text: "L350 is not open on this matter"})
	if _, err := k.svc.Submit(k.specialist, first, submission.Sending{Reason: "corrected"}); errors.Is(err, submission.ErrBlocked) {
		t.Errorf("a version of the same invoice: %v", err)
	}
}

// TestANumberStaysUsedWhereItsPayorHasLeft: the receiver keeps what another payor's invoice was
// sent under, although that payor reads its bills elsewhere now.
func TestANumberStaysUsedWhereItsPayorHasLeft(t *testing.T) {
	t.Parallel()
	k := setup(t, func(s *portal.Settings) { s.NumberForm = portal.NumberAlphanumeric })
	plain := strings.ReplaceAll(k.f.Text(t, `SELECT number FROM invoice WHERE firm_id = ? AND id = ?`, k.f.ID, k.inv), "-", "")
	k.submit(t, submission.Sending{})
	k.f.Exec(t, `UPDATE payor SET portal_id = NULL WHERE firm_id = ? AND id = ?`, k.f.ID, k.m.Payor)
	k.f.Exec(t, `UPDATE number_series SET pattern = ?, next = ?::bigint WHERE firm_id = ? AND series = 'invoice'`, "{seq}"+plain[3:], plain[:3], k.f.ID)
	k.m = k.f.Matter(t)
	k.f.Exec(t, `UPDATE payor SET portal_id = ? WHERE firm_id = ? AND id = ?`, k.receiver.ID, k.f.ID, k.m.Payor)
	k.issueOf(t, "RW", "2026-02-11")
	if p, err := k.invoices.Preflight(k.specialist, k.inv); err != nil || !slices.ContainsFunc(p.Findings, func(f portal.Finding) bool { return f.Code == "DUP-01" }) {
		t.Errorf("%v, %+v", err, p.Findings)
	}
}
