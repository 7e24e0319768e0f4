package receivable

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// Basis is the date from which an invoice ages. A report states it.
type Basis string

// By due date an invoice is current until it is due; by invoice date it ages from issue.
const (
	ByDueDate     Basis = "due"
	ByInvoiceDate Basis = "invoice"
)

// Buckets of LEGAL-BILLING 10.
const (
	BucketCurrent = iota
	Bucket1to30
	Bucket31to60
	Bucket61to90
	Bucket91to120
	Bucket121to180
	BucketOver180
	BucketCount
)

// BucketNames are the heads of the columns.
func BucketNames() [BucketCount]string {
	return [BucketCount]string{"Current", "1–30", "31–60", "61–90", "91–120", "121–180", "181+"}
}

// bucketOf is the column for something that is days past its date.
func bucketOf(days int) int {
	for i, last := range [...]int{0, 30, 60, 90, 120, 180} {
		if days <= last {
			return i
		}
	}
	return BucketOver180
}

// Aged is what one payor owes in one currency at the end of a day, by age.
// Unapplied money stands in its own column and is not netted into a bucket; what is in dispute
// stays in its bucket and is told beside it.
type Aged struct {
	Client         ident.ClientID
	ClientName     string
	Payor          ident.PayorID
	PayorName      string
	Currency       money.Currency
	Buckets        [BucketCount]int64
	OpenMinor      int64
	DisputedMinor  int64 // of it
	UnappliedMinor int64
	Invoices       int
	OldestDays     int // past its date; 0 when nothing is
}

// Report is the aging of a firm as of the end of On, in the firm's zone.
type Report struct {
	On     invoice.Day
	By     Basis
	Rows   []Aged // by client, payor, currency
	Totals []Aged // by currency, without client and payor
}

// Aging rebuilds the state at the end of a day from the ledger: run again later, a
// past day gives the same figures. Without a day it is today. It covers the matters
// whose amounts the person may see; unapplied money is that of the payments that
// they may know of (shown), so that each figure is the sum of the list behind it.
func (s *Service) Aging(ctx context.Context, on invoice.Day, by Basis) (r Report, err error) {
	if by != ByDueDate && by != ByInvoiceDate {
		var fs fault.Fields
		fs.Add("by", "basis_unknown", "choose due date or invoice date")
		return r, fs.Err(ErrInput)
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.ReceivableRead)
		if err != nil {
			return err
		}
		if on, err = asOf(tx, on); err != nil {
			return err
		}
		r = Report{On: on, By: by}
		open, err := openOn(tx, access, on)
		if err != nil {
			return err
		}
		spare, err := unappliedOn(tx, access, on)
		if err != nil {
			return err
		}
		return r.add(open, spare)
	})
	return r, err
}

// owed is one invoice, or one payor's unapplied money, as of a day.
type owed struct {
	Client     ident.ClientID
	ClientName string
	Payor      ident.PayorID
	PayorName  string
	Currency   money.Currency
	IssuedOn   invoice.Day
	DueOn      invoice.Day
	Minor      int64
	Disputed   int64 // of it
}

// disputedOn is what of an invoice of alias i was in dispute at the end of a day.
const disputedOn = `(SELECT coalesce(sum(v.amount_minor), 0)::bigint FROM dispute_move v WHERE v.firm_id = i.firm_id AND v.invoice_id = i.id AND v.moved_on <= ?)`

// openOn is what each invoice had open at the end of a day.
func openOn(tx *db.Tx, access *authz.Access, on invoice.Day) (list []owed, err error) {
	cond, args := access.MattersSeeing("m", authz.C2)
	q := `SELECT i.client_id AS client, c.name AS client_name, i.payor_id AS payor, y.name AS payor_name, i.currency, i.issued_on, i.due_on, s.minor, ` + disputedOn + ` AS disputed
		FROM (SELECT p.invoice_id, sum(p.amount_minor) AS minor FROM posting p
			WHERE p.firm_id = ? AND p.account = 'receivable' AND p.posted_on <= ? GROUP BY p.invoice_id HAVING sum(p.amount_minor) <> 0) s
		JOIN invoice i ON i.firm_id = ? AND i.id = s.invoice_id
		JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
		JOIN client c ON c.firm_id = i.firm_id AND c.id = i.client_id
		JOIN payor y ON y.firm_id = i.firm_id AND y.id = i.payor_id
		WHERE ` + cond + ` ORDER BY c.name, c.id, y.name, y.id, i.currency`
	if err := tx.Raw(q, append([]any{on, tx.Scope.Firm, on, tx.Scope.Firm}, args...)...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("read open balances: %w", err)
	}
	return list, nil
}

// unappliedOn is what each payor had paid and not allocated at the end of a day, of the
// payments that the access may know of: what is left of one that was paid into a hidden
// matter would tell, beside what came in, what that matter was billed.
func unappliedOn(tx *db.Tx, access *authz.Access, on invoice.Day) (list []owed, err error) {
	if !access.Sees(authz.C2) {
		return nil, nil
	}
	cond, args := shown(access)
	q := `SELECT p.client_id AS client, c.name AS client_name, p.payor_id AS payor, y.name AS payor_name, p.currency, (-sum(s.amount_minor))::bigint AS minor
		FROM posting s JOIN payment p ON p.firm_id = s.firm_id AND p.id = s.payment_id
		JOIN client c ON c.firm_id = p.firm_id AND c.id = p.client_id JOIN payor y ON y.firm_id = p.firm_id AND y.id = p.payor_id
		WHERE s.firm_id = ? AND s.account = 'unapplied' AND s.posted_on <= ? AND ` + cond + `
		GROUP BY p.client_id, c.name, p.payor_id, y.name, p.currency HAVING sum(s.amount_minor) <> 0 ORDER BY c.name, p.client_id, y.name, p.payor_id, p.currency`
	if err := tx.Raw(q, append([]any{tx.Scope.Firm, on}, args...)...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("read unapplied money: %w", err)
	}
	return list, nil
}

// add sorts what is owed into rows and totals; nothing is summed over currencies (I23).
func (r *Report) add(open, spare []owed) error {
	for _, o := range open {
		from := o.DueOn
		if r.By == ByInvoiceDate {
			from = o.IssuedOn
		}
		days := max(0, from.Until(r.On))
		for _, a := range []*Aged{rowOf(&r.Rows, o), totalOf(&r.Totals, o.Currency)} {
			b := bucketOf(days)
			var err error
			if a.Buckets[b], err = money.Sum(a.Buckets[b], o.Minor); err != nil {
				return err
			}
			if a.OpenMinor, err = money.Sum(a.OpenMinor, o.Minor); err != nil {
				return err
			}
			if a.DisputedMinor, err = money.Sum(a.DisputedMinor, o.Disputed); err != nil {
				return err
			}
			a.Invoices++
			a.OldestDays = max(a.OldestDays, days)
		}
	}
	for _, o := range spare {
		for _, a := range []*Aged{rowOf(&r.Rows, o), totalOf(&r.Totals, o.Currency)} {
			var err error
			if a.UnappliedMinor, err = money.Sum(a.UnappliedMinor, o.Minor); err != nil {
				return err
			}
		}
	}
	return nil
}

func rowOf(rows *[]Aged, o owed) *Aged {
	for i := range *rows {
		if a := &(*rows)[i]; a.Payor == o.Payor && a.Client == o.Client && a.Currency == o.Currency {
			return a
		}
	}
	*rows = append(*rows, Aged{Client: o.Client, ClientName: o.ClientName, Payor: o.Payor, PayorName: o.PayorName, Currency: o.Currency})
	return &(*rows)[len(*rows)-1]
}

func totalOf(totals *[]Aged, c money.Currency) *Aged { return rowOf(totals, owed{Currency: c}) }
