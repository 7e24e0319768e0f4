package reprice_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/reprice"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// stage is a firm with a matter, a timekeeper at 400.00, a firm administrator who reprices,
// a specialist and a partner.
type stage struct {
	testkit.F
	t          *testing.T
	svc        *reprice.Service
	bills      *prebill.Service
	capture    *capture.Service
	rates      *rate.Service
	admin      context.Context
	specialist context.Context
	partner    context.Context
	m          testkit.M
	k          testkit.T
}

func setup(t *testing.T, opts ...testkit.MatterOption) *stage {
	t.Helper()
	t.Parallel()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	d := testkit.DB(t)
	guard, f := authz.NewGuard(d, policy), testkit.Firm(t, d)
	return &stage{F: f, t: t, svc: reprice.New(d, guard), bills: prebill.New(d, guard), capture: capture.New(d, guard), rates: rate.New(d, guard),
		admin: f.As(t, rbac.RoleFirmAdmin), specialist: f.As(t, rbac.RoleSpecialist), partner: f.As(t, rbac.RolePartner), m: f.Matter(t, opts...), k: f.Timekeeper(t, "TK1", "ASSOC", 4_000_000)}
}

func (s *stage) flat(m testkit.M, rateE4 int64) rate.Rate {
	s.t.Helper()
	return s.rate(rate.Rate{MatterID: m.ID}, rateE4)
}

func (s *stage) rate(r rate.Rate, rateE4 int64) rate.Rate {
	s.t.Helper()
	r.Rate, r.Currency, r.From = money.Fixed4(rateE4), "USD", testkit.Day("2026-01-01")
	r, err := s.rates.Add(s.admin, r)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *stage) preview(sel reprice.Selection) reprice.Run {
	s.t.Helper()
	r, err := s.svc.Preview(s.admin, sel)
	if err != nil {
		s.t.Fatalf("Preview: %v", err)
	}
	return r
}

func (s *stage) done(r reprice.Run) reprice.Run {
	s.t.Helper()
	r, err := s.svc.CarryOut(s.admin, r.ID, r.Hash, "The client's new terms")
	if err != nil {
		var f *fault.Error
		errors.As(err, &f)
		s.t.Fatalf("CarryOut: %v %+v", err, f)
	}
	return r
}

func (s *stage) ofMatter() reprice.Selection {
	return reprice.Selection{Matters: []ident.MatterID{s.m.ID}}
}

// said is each line as "day before>after why".
func (s *stage) said(id ident.Repricing) string {
	s.t.Helper()
	p, err := s.svc.Lines(s.admin, id, reprice.Filter{}, page.Request{Size: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for _, l := range p.Items {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %d>%d %s", l.On.Format("01-02"), l.Before.Minor, l.After.Minor, l.Why)))
	}
	return strings.Join(out, "; ")
}

func (s *stage) entry(e testkit.E) capture.Entry {
	s.t.Helper()
	got, err := s.capture.Entry(s.specialist, e.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func (s *stage) built() prebill.View {
	s.t.Helper()
	p, err := s.bills.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.view(p.ID)
}

func (s *stage) view(id ident.PrebillID) prebill.View {
	s.t.Helper()
	v, err := s.bills.Get(s.partner, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// given imports an hour whose rate is the file's.
func (s *stage) given(day, hourly string) testkit.E {
	s.t.Helper()
	r, err := s.capture.Import(s.specialist, capture.Upload{Name: "given.csv", Data: []byte("id,date,matter,timekeeper,hours,rate,narrative,task_code,activity_code\n" +
		"1," + day + "," + s.m.Number + ",TK1,1.0," + hourly + ",Draft the answer to the complaint,L350,A103\n")})
	if err != nil || r.Landed != 1 {
		s.t.Fatalf("%+v, %v", r, err)
	}
	p, err := s.capture.Entries(s.specialist, capture.Filter{Import: r.ID}, page.Request{})
	if err != nil {
		s.t.Fatal(err)
	}
	return testkit.E{ID: p.Items[0].ID}
}
