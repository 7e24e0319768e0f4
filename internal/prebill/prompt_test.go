package prebill_test

import (
	"testing"

	"github.com/docketry/docketry/internal/prebill"
)

// TestAPromptDiscountIsStatedAndApproved: the fees stay whole, what prompt payment takes off
// stands beside them, less the share of what was taken off the fees as a whole, and is a part
// of what is approved.
func TestAPromptDiscountIsStatedAndApproved(t *testing.T) {
	t.Parallel()
	s := setup(t)
	plain := s.built()
	s.f.Arrange(t, s.m, "2026-02-10", `"kind":"hourly","discount":{"rate":50000,"prompt_days":10}`)
	s.f.Arrange(t, s.m, dayOne, `"kind":"hourly","discount":{"rate":20000,"prompt_days":30}`)
	p, err := s.svc.Get(s.partner, plain.ID)
	if err != nil || !p.Behind {
		t.Fatalf("before anything is worked out anew: %+v, %v", p.Prompt, err)
	}
	s.f.Work(t, s.m, s.k, "2026-02-12", 5_000, 4_000_000)
	v := s.through("2026-02-28") // 800.00 at 2 percent, 600.00 at 5
	if v.Prompt != (prebill.Prompt{Days: 10, Minor: 1_600 + 3_000}) || said(v) != "80000, 40000, 10000, 20000 = 150000" || v.Hash == plain.Hash {
		t.Errorf("%s, prompt %+v", said(v), v.Prompt)
	}
	s.adds(v)
	if a := s.issued(v); a.Prompt != v.Prompt {
		t.Errorf("taken %+v", a.Prompt)
	}
	if next := s.next(); next.Prompt != (prebill.Prompt{Days: 10, Minor: 2_000}) {
		t.Errorf("next %+v", next.Prompt)
	}
}

// TestAPromptDiscountIsOfWhatIsLeftOfTheFees: what was taken off as a whole bears its share.
func TestAPromptDiscountIsOfWhatIsLeftOfTheFees(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Guide(t, s.m, `"fee_cap":"1000"`)
	s.f.Arrange(t, s.m, dayOne, `"kind":"hourly","discount":{"rate":20000,"prompt_days":10}`)
	v := s.built()
	if v.Prompt.Minor != 2_400 {
		t.Errorf("before: %+v", v.Prompt)
	}
	if v = s.fixed(v, "BUD-04"); v.Totals.FeesMinor != 100_000 || v.Prompt != (prebill.Prompt{Days: 10, Minor: 2_000}) {
		t.Errorf("fees %d, prompt %+v", v.Totals.FeesMinor, v.Prompt)
	}
}
