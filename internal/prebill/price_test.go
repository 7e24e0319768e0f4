package prebill_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// next is the matter's bill of March, with an hour of work.
func (s *stage) next() prebill.View {
	s.t.Helper()
	s.f.Work(s.t, s.m, s.k, "2026-03-03", 10_000, 4_000_000, testkit.Codes("L440", "A103"))
	return s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-03-31")})))
}

// refusedPrice holds that a price is refused with the words.
func (s *stage) refusedPrice(v prebill.View, of ident.ArrangementID, code, words string) {
	s.t.Helper()
	_, err := s.svc.PutPrice(s.specialist, v.ID, v.Version, of, code)
	if !errors.Is(err, prebill.ErrPrice) || !strings.Contains(err.Error(), words) {
		s.t.Errorf("price of %q: %v, want ErrPrice with %q", code, err, words)
	}
}

// TestAPlaceIsBilledItsPriceOnce: a price that was billed is not billed again by a later
// version of the arrangement, by the same words laid down again, or by the client's.
func TestAPlaceIsBilledItsPriceOnce(t *testing.T) {
	t.Parallel()
	const phases = `"kind":"fixed","fixed":{"per":"phase","prices":[{"code":"L200","amount_minor":200000},{"code":"L300","amount_minor":300000}]}`
	const whole = `"kind":"fixed","fixed":{"per":"matter","prices":[{"code":"","amount_minor":500000}]}`
	withdraw := func(t *testing.T, s *stage) {
		s.f.Exec(t, `UPDATE arrangement SET withdrawn_by = agreed_by, withdrawn_at = now() WHERE firm_id = ?`, s.f.ID)
	}
	for name, c := range map[string]struct {
		terms, code, place string
		anew               func(t *testing.T, s *stage) ident.ArrangementID
	}{
		"laid down again": {phases, "L200", "L200", func(t *testing.T, s *stage) ident.ArrangementID {
			withdraw(t, s)
			return s.f.Arrange(t, s.m, dayOne, phases)
		}},
		"another phase changed": {phases, "L200", "L200", func(t *testing.T, s *stage) ident.ArrangementID {
			return s.f.Arrange(t, s.m, "2026-03-01", strings.Replace(phases, "300000", "350000", 1))
		}},
		"the client's": {phases, "L200", "L200", func(t *testing.T, s *stage) ident.ArrangementID {
			withdraw(t, s)
			return s.f.ArrangeClient(t, s.m, dayOne, phases)
		}},
		"the matter as a whole": {whole, "", "the matter", func(t *testing.T, s *stage) ident.ArrangementID {
			return s.f.Arrange(t, s.m, "2026-03-01", strings.Replace(whole, "500000", "600000", 1))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			of := s.f.Arrange(t, s.m, dayOne, c.terms)
			v := s.built()
			v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, c.code)))
			v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
			s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash))
			s.take(v.ID)

			anew := c.anew(t, s)
			next := s.next()
			if p := next.Parts[0].Prices[0]; p.Code != c.code || !p.Billed || p.Where != v.Name() {
				t.Errorf("the price by the new version: %+v", p)
			}
			s.refusedPrice(next, anew, c.code, "the price of "+c.place+" was billed before, on "+v.Name())
			if c.code != "" { // what was not billed is
				next = s.view(s.ok(s.svc.PutPrice(s.specialist, next.ID, next.Version, anew, "L300")))
				if len(next.Charges) != 1 || next.Charges[0].Code != "L300" {
					t.Errorf("charges %+v", next.Charges)
				}
			}
		})
	}
}

// TestAPriceStandsOnOneOpenBill: nor is it put on two bills of a matter that wait beside
// each other, as after a change of who pays, or twice on one by two versions.
func TestAPriceStandsOnOneOpenBill(t *testing.T) {
	t.Parallel()
	const terms = `"kind":"fixed","fixed":{"per":"phase","prices":[{"code":"L200","amount_minor":200000}]}`
	s := setup(t)
	of := s.f.Arrange(t, s.m, dayOne, terms)
	v := s.built()
	v = s.view(s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, "L200")))
	s.refusedPrice(v, of, "L200", "on this bill already")

	s.f.Exec(t, `UPDATE matter SET payor_id = ? WHERE firm_id = ? AND id = ?`, s.f.Matter(t).Payor, s.f.ID, s.m.ID)
	later := s.f.Arrange(t, s.m, "2026-02-10", terms)
	beside := s.next()
	if beside.ID == v.ID {
		t.Fatal("the work of the new payor is on the old one's bill")
	}
	s.refusedPrice(beside, later, "L200", "stands on "+v.Name())
	v = s.view(v.Prebill)
	s.refusedPrice(v, later, "L200", "of another version")
	v = s.view(s.ok(s.svc.TakePrice(s.specialist, v.ID, v.Version, of, "L200")))
	beside = s.view(s.ok(s.svc.PutPrice(s.specialist, beside.ID, beside.Version, later, "L200")))
	s.refusedPrice(v, of, "L200", "stands on "+beside.Name())
	s.adds(beside)
	s.ok(s.svc.Cancel(s.specialist, beside.ID, beside.Version))
	s.ok(s.svc.PutPrice(s.specialist, v.ID, v.Version, of, "L200"))
}
