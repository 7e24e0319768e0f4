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
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Cell is a figure of the aging report: what is open at the end of a day, of one
// payor and client or of all, in one stretch of days or in all.
type Cell struct {
	On       invoice.Day // "" is today
	By       Basis
	Currency money.Currency
	Payor    ident.PayorID
	Client   ident.ClientID
	From, To int  // buckets, both included: 0 and BucketCount-1 for all
	Disputed bool // only what was in dispute, and as much of it
}

// Open is one invoice behind a figure.
type Open struct {
	Invoice    ident.InvoiceID
	Number     string
	ClientName string
	PayorName  string
	MatterName string
	IssuedOn   invoice.Day
	DueOn      invoice.Day
	Currency   money.Currency
	Minor      int64 // open at the end of the day
	Disputed   int64 // of it, in dispute then
	Days       int   // past its date then, 0 when not
	AgedOn     invoice.Day
}

// span is the days past the date that buckets from..to hold.
func span(from, to int) (least, most int) {
	last := [...]int{0, 30, 60, 90, 120, 180}
	least, most = -1_000_000, 1_000_000
	if from > 0 {
		least = last[from-1] + 1
	}
	if to < BucketOver180 {
		most = last[to]
	}
	return least, most
}

// aged is the invoices of a figure at the end of a day, as the tables of a query; aged on
// the column it names, shown what of each is shown.
func (c Cell) aged(tx *db.Tx, access *authz.Access, on invoice.Day) (column, shown, from string, args []any) {
	column = "i.due_on"
	if c.By == ByInvoiceDate {
		column = "i.issued_on"
	}
	least, most := span(c.From, c.To)
	shown = "s.minor"
	if c.Disputed {
		shown = "x.disputed"
	}
	cond, more := access.MattersSeeing("m", authz.C2)
	from = ` FROM (SELECT p.invoice_id, sum(p.amount_minor) AS minor FROM posting p
			WHERE p.firm_id = ? AND p.account = 'receivable' AND p.posted_on <= ? GROUP BY p.invoice_id HAVING sum(p.amount_minor) <> 0) s
		JOIN invoice i ON i.firm_id = ? AND i.id = s.invoice_id
		JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
		JOIN client c ON c.firm_id = i.firm_id AND c.id = i.client_id
		JOIN payor y ON y.firm_id = i.firm_id AND y.id = i.payor_id
		CROSS JOIN LATERAL (SELECT ` + disputedOn + ` AS disputed) x
		WHERE (NOT ? OR x.disputed > 0) AND (? = '' OR i.currency = ?) AND (? = '' OR i.payor_id::text = ?) AND (? = '' OR i.client_id::text = ?)
			AND ?::date - ` + column + ` BETWEEN ? AND ? AND ` + cond
	args = append([]any{tx.Scope.Firm, on, tx.Scope.Firm, on, c.Disputed, c.Currency, c.Currency, c.Payor, c.Payor, c.Client, c.Client, on, least, most}, more...)
	return column, shown, from, args
}

// figure reads what is behind c, as of its day, for who may see receivables.
func (s *Service) figure(ctx context.Context, c Cell, do func(tx *db.Tx, access *authz.Access, on invoice.Day) error) error {
	if (c.By != ByDueDate && c.By != ByInvoiceDate) || c.From < 0 || c.To >= BucketCount || c.From > c.To {
		var fs fault.Fields
		fs.Add("by", "basis_unknown", "choose due date or invoice date, and an age of the report")
		return fs.Err(ErrInput)
	}
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.ReceivableRead)
		if err != nil {
			return err
		}
		on, err := asOf(tx, c.On)
		if err != nil {
			return err
		}
		return do(tx, access, on)
	})
}

// Behind lists the invoices of a figure, the oldest date first: their sum is the figure.
func (s *Service) Behind(ctx context.Context, c Cell, req page.Request) (p page.Page[Open], on invoice.Day, err error) {
	type place struct {
		On invoice.Day
		ID ident.InvoiceID
	}
	var after place
	first, err := req.Decode(&after)
	if err != nil {
		return p, "", err
	}
	err = s.figure(ctx, c, func(tx *db.Tx, access *authz.Access, day invoice.Day) error {
		on = day
		aged, shown, from, args := c.aged(tx, access, on)
		q := `SELECT i.id AS invoice, i.number, c.name AS client_name, y.name AS payor_name, m.name AS matter_name, i.issued_on, i.due_on, i.currency, ` + shown + ` AS minor, x.disputed,
				greatest(0, ?::date - ` + aged + `) AS days, ` + aged + ` AS aged_on` + from + ` AND (? OR (` + aged + `, i.id) > (nullif(?, '')::date, nullif(?, '')::uuid))
			ORDER BY ` + aged + `, i.id LIMIT ?`
		var list []Open
		if err := tx.Raw(q, append(append([]any{on}, args...), first, after.On, after.ID, req.Limit()+1)...).Scan(&list).Error; err != nil {
			return fmt.Errorf("list what is behind a figure: %w", err)
		}
		p, err = page.Cut(list, req.Limit(), func(o Open) any { return place{o.AgedOn, o.Invoice} })
		return err
	})
	return p, on, err
}

// OpenSum is a figure in one currency: all invoices of its list, whatever page is shown.
type OpenSum struct {
	Currency money.Currency
	Invoices int
	Minor    int64
}

// BehindSums adds up the whole list of a figure, currency by currency.
func (s *Service) BehindSums(ctx context.Context, c Cell) (sums []OpenSum, err error) {
	err = s.figure(ctx, c, func(tx *db.Tx, access *authz.Access, on invoice.Day) error {
		_, shown, from, args := c.aged(tx, access, on)
		if err := tx.Raw(`SELECT i.currency, count(*) AS invoices, sum(`+shown+`)::bigint AS minor`+from+` GROUP BY i.currency ORDER BY i.currency`, args...).Scan(&sums).Error; err != nil {
			return fmt.Errorf("add up what is behind a figure: %w", err)
		}
		return nil
	})
	return sums, err
}

// asOf is the day asked for, or today when none is. What is owed at the end of a day to
// come nobody knows.
func asOf(tx *db.Tx, on invoice.Day) (invoice.Day, error) {
	now, err := today(tx)
	if err != nil || on == "" {
		return now, err
	}
	var fs fault.Fields
	switch {
	case on.Time().IsZero():
		fs.Add("on", "date_invalid", "enter a day such as 2026-10-31")
	case on > now:
		fs.Add("on", "date_future", "the day is to come; choose %s, today where the firm is, or an earlier one", now)
	}
	return on, fs.Err(ErrInput)
}
