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
	From, To int // buckets, both included: 0 and BucketCount-1 for all
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

// Behind lists the invoices of a figure, the oldest date first: their sum is the figure.
func (s *Service) Behind(ctx context.Context, c Cell, req page.Request) (p page.Page[Open], on invoice.Day, err error) {
	if (c.By != ByDueDate && c.By != ByInvoiceDate) || c.From < 0 || c.To >= BucketCount || c.From > c.To {
		var fs fault.Fields
		fs.Add("by", "basis_unknown", "choose due date or invoice date, and an age of the report")
		return p, "", fs.Err(ErrInput)
	}
	type place struct {
		On invoice.Day
		ID ident.InvoiceID
	}
	var after place
	first, err := req.Decode(&after)
	if err != nil {
		return p, "", err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.ReceivableRead)
		if err != nil {
			return err
		}
		if on, err = asOf(tx, c.On); err != nil {
			return err
		}
		aged := "i.due_on"
		if c.By == ByInvoiceDate {
			aged = "i.issued_on"
		}
		least, most := span(c.From, c.To)
		cond, args := access.MattersSeeing("m", authz.C2)
		q := `SELECT i.id AS invoice, i.number, c.name AS client_name, y.name AS payor_name, m.name AS matter_name, i.issued_on, i.due_on, i.currency, s.minor,
				greatest(0, ?::date - ` + aged + `) AS days, ` + aged + ` AS aged_on
			FROM (SELECT p.invoice_id, sum(p.amount_minor) AS minor FROM posting p
				WHERE p.firm_id = ? AND p.account = 'receivable' AND p.posted_on <= ? GROUP BY p.invoice_id HAVING sum(p.amount_minor) <> 0) s
			JOIN invoice i ON i.firm_id = ? AND i.id = s.invoice_id
			JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
			JOIN client c ON c.firm_id = i.firm_id AND c.id = i.client_id
			JOIN payor y ON y.firm_id = i.firm_id AND y.id = i.payor_id
			WHERE (? = '' OR i.currency = ?) AND (? = '' OR i.payor_id::text = ?) AND (? = '' OR i.client_id::text = ?)
				AND ?::date - ` + aged + ` BETWEEN ? AND ? AND (? OR (` + aged + `, i.id) > (nullif(?, '')::date, nullif(?, '')::uuid)) AND ` + cond + `
			ORDER BY ` + aged + `, i.id LIMIT ?`
		all := []any{on, tx.Scope.Firm, on, tx.Scope.Firm, c.Currency, c.Currency, c.Payor, c.Payor, c.Client, c.Client, on, least, most, first, after.On, after.ID}
		var list []Open
		if err := tx.Raw(q, append(append(all, args...), req.Limit()+1)...).Scan(&list).Error; err != nil {
			return fmt.Errorf("list what is behind a figure: %w", err)
		}
		p, err = page.Cut(list, req.Limit(), func(o Open) any { return place{o.AgedOn, o.Invoice} })
		return err
	})
	return p, on, err
}

// asOf is the day asked for, or today when none or a later one is.
func asOf(tx *db.Tx, on invoice.Day) (invoice.Day, error) {
	now, err := today(tx)
	if err != nil || on == "" || on > now {
		return now, err
	}
	if on.Time().IsZero() {
		var fs fault.Fields
		fs.Add("on", "date_invalid", "enter a day such as 2026-10-31")
		return "", fs.Err(ErrInput)
	}
	return on, nil
}
