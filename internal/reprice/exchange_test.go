package reprice_test

import (
	"context"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/reprice"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

type tables struct {
	*exchange.Service
	t   *testing.T
	who context.Context
}

// converting has the firm convert, and gives the matter a flat rate of 400.00 euros.
func (s *stage) converting() tables {
	s.t.Helper()
	policy, err := rbac.New()
	if err != nil {
		s.t.Fatal(err)
	}
	x := tables{exchange.NewService(s.DB(), authz.NewGuard(s.DB(), policy)), s.t, s.admin}
	if err := x.Set(s.admin, exchange.Setting{Basis: exchange.WorkDate}); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.rates.Add(s.admin, rate.Rate{MatterID: s.m.ID, Rate: 4_000_000, Currency: "EUR", From: testkit.Day("2026-01-01")}); err != nil {
		s.t.Fatal(err)
	}
	return x
}

func (x tables) enter(day string, e8 money.Exchange) {
	x.t.Helper()
	if _, err := x.Enter(x.who, exchange.New{Pair: exchange.Pair{From: "EUR", To: "USD"}, On: testkit.Day(day), Rate: e8, Source: "ECB reference rates"}); err != nil {
		x.t.Fatal(err)
	}
}

// TestACorrectedTableIsPreviewed: what was priced by a row stays as it is when the row is
// corrected; a run shows what it would be, and carries it out with the conversion of today. Both
// prices stay with what they were converted by, and the draft says the new one.
func TestACorrectedTableIsPreviewed(t *testing.T) {
	s := setup(t)
	x := s.converting()
	x.enter("2026-02-02", 108_450_000)
	r, err := s.capture.Import(s.specialist, capture.Upload{Name: "w.csv", Data: []byte("id,date,matter,timekeeper,hours,narrative,task_code,activity_code\n1,2026-02-03," + s.m.Number + ",TK1,1.5,Draft the answer to the complaint,L350,A103\n")})
	if err != nil || r.Landed != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	list, err := s.capture.Entries(s.specialist, capture.Filter{Import: r.ID}, page.Request{})
	if err != nil {
		t.Fatal(err)
	}
	e := testkit.E{ID: list.Items[0].ID}
	bill := s.built()
	if run := s.preview(s.ofMatter()); s.said(run.ID) != "" {
		t.Errorf("nothing moved: %s", s.said(run.ID))
	}
	x.enter("2026-02-02", 109_450_000)
	if got := s.entry(e); got.AmountMinor != 65_070 || got.Converted.Rate != 108_450_000 {
		t.Errorf("posted work moved by itself: %+v", got)
	}
	run := s.preview(s.ofMatter())
	if got := s.said(run.ID); got != "02-03 65070>65670" {
		t.Fatal(got)
	}
	x.enter("2026-02-02", 109_460_000)
	if _, err := s.svc.CarryOut(s.admin, run.ID, run.Hash, "The client's new terms"); err == nil {
		t.Error("carried out after the table moved again")
	}
	s.done(s.preview(s.ofMatter()))
	got := s.entry(e)
	if got.AmountMinor != 65_676 || got.Converted.Rate != 109_460_000 || got.Converted.Version != 3 || got.Converted.On != "2026-02-02" {
		t.Errorf("%+v", got)
	}
	why, err := s.capture.WhyRate(s.admin, e.ID)
	if err != nil || len(why.Prices) != 2 || why.Prices[0].Converted.Rate != 108_450_000 || why.Prices[1].Converted.Rate != 109_460_000 {
		t.Errorf("%+v, %v", why.Prices, err)
	}
	if l := s.view(bill.ID).Lines[0]; l.Recorded.Converted.Rate != 109_460_000 || l.Value != 65_676 {
		t.Errorf("%+v", l)
	}
	if err := x.Set(s.admin, exchange.Setting{Matter: s.m.ID, Basis: exchange.None}); err != nil {
		t.Fatal(err)
	}
	s.done(s.preview(s.ofMatter()))
	if got := s.entry(e); got.Rate != 4_000_000 || got.Converted.Is() {
		t.Errorf("not converted any more: %+v", got)
	}
}

// TestWorkWithoutAnExchangeRateIsLeft and named as such.
func TestWorkWithoutAnExchangeRateIsLeft(t *testing.T) {
	s := setup(t)
	s.Work(t, s.m, s.k, "2026-02-03", 10_000, 4_000_000)
	s.converting()
	run := s.preview(s.ofMatter())
	if got := s.said(run.ID); got != "02-03 40000>0 no_exchange" {
		t.Error(got)
	}
	if words := reprice.NoExchange.Words(); words == "" || words == reprice.Changed.Words() {
		t.Error(words)
	}
}
