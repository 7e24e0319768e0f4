package receivable

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// flowMonths is how far back a trend looks.
const flowMonths = 12

// payWindow is how many days before a month's end count for its days to get paid.
const payWindow = 90

// Flow is what was billed and collected, and how long it took, month by month.
type Flow struct {
	On         invoice.Day
	Currencies []CurrencyFlow
	Payors     map[ident.PayorID]Pace // of the window that ends on On
}

// CurrencyFlow is the months of one currency, the oldest first.
type CurrencyFlow struct {
	Currency money.Currency
	Months   []FlowMonth
}

// FlowMonth is one month; the last ends on the report's day.
type FlowMonth struct {
	First, Last    invoice.Day
	BilledMinor    int64 // invoices dated in the month
	CollectedMinor int64 // payments that arrived in the month and were not reversed: the sum of their list
	Pace           Pace  // of the 90 days to Last
}

// Pace is how long money took from the invoice's date to its arrival, weighted by
// amount, beside the terms of the same invoices. Days are at 1e-1, half up.
type Pace struct {
	Paid    int64 // in minor units; 0 is no data
	DaysE1  int64
	TermsE1 int64
}

// Flow reports the twelve months to a day, from the matters whose amounts the
// person may see and the payments that they may know of (shown). How long money took
// is of the invoices of those matters, whichever payment it came with: their pages
// tell what was paid of them and when.
func (s *Service) Flow(ctx context.Context, on invoice.Day) (f Flow, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.ReceivableRead)
		if err != nil {
			return err
		}
		if on, err = asOf(tx, on); err != nil {
			return err
		}
		f = Flow{On: on, Payors: map[ident.PayorID]Pace{}}
		sums, err := monthly(tx, access, on)
		if err != nil {
			return err
		}
		paid, err := paidSince(tx, access, monthsBack(on, flowMonths-1).Add(-payWindow), on)
		if err != nil {
			return err
		}
		f.build(sums, paid)
		return nil
	})
	return f, err
}

// monthsBack is the first day of the month n before on's.
func monthsBack(on invoice.Day, n int) invoice.Day {
	t := on.Time()
	return invoice.DayOf(time.Date(t.Year(), t.Month()-time.Month(n), 1, 0, 0, 0, 0, time.UTC))
}

type monthSum struct {
	Currency  money.Currency
	Month     invoice.Day
	Billed    int64
	Collected int64
}

func monthly(tx *db.Tx, access *authz.Access, on invoice.Day) (list []monthSum, err error) {
	matters, matterArgs := access.MattersSeeing("m", authz.C2)
	payments, paymentArgs := shown(access)
	if !access.Sees(authz.C2) {
		payments, paymentArgs = "false", nil
	}
	from := monthsBack(on, flowMonths-1)
	q := `SELECT currency, month, sum(billed)::bigint AS billed, sum(collected)::bigint AS collected FROM (
			SELECT i.currency, date_trunc('month', i.issued_on)::date AS month, i.total_minor AS billed, 0 AS collected
			FROM invoice i JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
			WHERE i.firm_id = ? AND i.issued_on BETWEEN ? AND ? AND ` + matters + `
			UNION ALL
			SELECT p.currency, date_trunc('month', p.received_on)::date, 0, p.amount_minor - p.reversed_minor
			FROM payment p JOIN client c ON c.firm_id = p.firm_id AND c.id = p.client_id
			WHERE p.firm_id = ? AND p.method <> 'withheld' AND p.received_on BETWEEN ? AND ? AND ` + payments + `
		) x GROUP BY currency, month ORDER BY currency, month`
	args := append([]any{tx.Scope.Firm, from, on}, matterArgs...)
	args = append(append(args, tx.Scope.Firm, from, on), paymentArgs...)
	if err := tx.Raw(q, args...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("sum what was billed and collected: %w", err)
	}
	return list, nil
}

// settled is what arrived on one day for the invoices of one payor.
type settled struct {
	Currency money.Currency
	Payor    ident.PayorID
	On       invoice.Day
	Minor    int64
	Days     float64 // amount times days, summed: beyond a whole number's range, and told to a tenth of a day
	Terms    float64 // amount times the terms' days, summed
}

func paidSince(tx *db.Tx, access *authz.Access, from, to invoice.Day) (list []settled, err error) {
	cond, args := access.MattersSeeing("m", authz.C2)
	q := `SELECT a.currency, i.payor_id AS payor, p.received_on AS on, sum(a.amount_minor)::bigint AS minor,
			sum(a.amount_minor * greatest(0, p.received_on - i.issued_on))::float8 AS days, sum(a.amount_minor * (i.due_on - i.issued_on))::float8 AS terms
		FROM allocation a JOIN payment p ON p.firm_id = a.firm_id AND p.id = a.payment_id
		JOIN invoice i ON i.firm_id = a.firm_id AND i.id = a.invoice_id JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
		WHERE a.firm_id = ? AND p.method <> 'withheld' AND p.received_on > ? AND p.received_on <= ? AND ` + cond + `
		GROUP BY a.currency, i.payor_id, p.received_on HAVING sum(a.amount_minor) > 0`
	if err := tx.Raw(q, append([]any{tx.Scope.Firm, from, to}, args...)...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("read how long payments took: %w", err)
	}
	return list, nil
}

func (f *Flow) build(sums []monthSum, paid []settled) {
	for _, m := range sums {
		c := f.currency(m.Currency)
		for i := range c.Months {
			if c.Months[i].First == m.Month {
				c.Months[i].BilledMinor, c.Months[i].CollectedMinor = m.Billed, m.Collected
			}
		}
	}
	for _, p := range paid {
		f.currency(p.Currency)
	}
	for i := range f.Currencies {
		c := &f.Currencies[i]
		for k := range c.Months {
			c.Months[k].Pace = pace(paid, c.Months[k].Last, func(x settled) bool { return x.Currency == c.Currency })
		}
	}
	for _, p := range paid {
		if _, known := f.Payors[p.Payor]; !known {
			f.Payors[p.Payor] = pace(paid, f.On, func(x settled) bool { return x.Payor == p.Payor && x.Currency == p.Currency })
		}
	}
}

func (f *Flow) currency(c money.Currency) *CurrencyFlow {
	for i := range f.Currencies {
		if f.Currencies[i].Currency == c {
			return &f.Currencies[i]
		}
	}
	out := CurrencyFlow{Currency: c}
	for n := flowMonths - 1; n >= 0; n-- {
		first := monthsBack(f.On, n)
		out.Months = append(out.Months, FlowMonth{First: first, Last: min(monthsBack(f.On, n-1).Add(-1), f.On)})
	}
	f.Currencies = append(f.Currencies, out)
	return &f.Currencies[len(f.Currencies)-1]
}

func pace(paid []settled, to invoice.Day, counts func(settled) bool) Pace {
	var p Pace
	var days, terms float64
	for _, x := range paid {
		if x.On <= to && x.On > to.Add(-payWindow) && counts(x) {
			p.Paid, days, terms = p.Paid+x.Minor, days+x.Days, terms+x.Terms
		}
	}
	if p.Paid > 0 {
		p.DaysE1, p.TermsE1 = int64(math.Round(10*days/float64(p.Paid))), int64(math.Round(10*terms/float64(p.Paid)))
	}
	return p
}
