package dispute

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Filter narrows the list; the zero value is all.
type Filter struct {
	Status   Status
	Live     bool // open or answered
	Client   ident.ClientID
	Payor    ident.PayorID
	Currency money.Currency
}

func (f Filter) conditions() (cond string, args []any) {
	cond = "true"
	and := func(s string, v any) { cond, args = cond+" AND "+s, append(args, v) }
	if f.Status != "" {
		and("d.status = ?", f.Status)
	}
	if f.Live {
		cond += " AND d.status IN ('open', 'answered')"
	}
	if f.Client != "" {
		and("i.client_id = ?", f.Client)
	}
	if f.Payor != "" {
		and("i.payor_id = ?", f.Payor)
	}
	if f.Currency != "" {
		and("d.currency = ?", f.Currency)
	}
	return cond, args
}

// List is one page of the firm's disputes whose amounts the person may see, the newest first. A
// list of many matters shows no privileged text.
func (s *Service) List(ctx context.Context, f Filter, req page.Request) (p page.Page[Dispute], err error) {
	type place struct {
		At time.Time
		ID ident.DisputeID
	}
	var after place
	first, err := req.Decode(&after)
	if err != nil {
		return p, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.DisputeRead)
		if err != nil {
			return err
		}
		cond, args := f.conditions()
		if !first {
			cond, args = cond+" AND (d.opened_at, d.id) < (?, ?::uuid)", append(args, after.At, after.ID)
		}
		seen, more := a.MattersSeeing("m", authz.C2)
		list, err := load(tx, cond+" AND "+seen+" ORDER BY d.opened_at DESC, d.id DESC LIMIT ?", append(append(args, more...), req.Limit()+1)...)
		if err != nil {
			return err
		}
		for i := range list {
			list[i].withhold()
		}
		p, err = page.Cut(list, req.Limit(), func(d Dispute) any { return place{d.OpenedAt, d.ID} })
		return err
	})
	return p, err
}

// Sum is a list of disputes in one currency, whatever page of it is shown.
type Sum struct {
	Currency      money.Currency
	Disputes      int
	ClaimedMinor  int64
	DisputedMinor int64
	AgreedMinor   int64
}

// Sums adds up the disputes of a filter, currency by currency.
func (s *Service) Sums(ctx context.Context, f Filter) (sums []Sum, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.DisputeRead)
		if err != nil {
			return err
		}
		cond, args := f.conditions()
		seen, more := a.MattersSeeing("m", authz.C2)
		err = tx.Raw(`SELECT d.currency, count(*) AS disputes, sum(d.claimed_minor)::bigint AS claimed_minor, sum(d.disputed_minor)::bigint AS disputed_minor, sum(d.agreed_minor)::bigint AS agreed_minor`+
			tables+`WHERE d.firm_id = ? AND `+cond+` AND `+seen+` GROUP BY d.currency ORDER BY d.currency`, append(append([]any{tx.Scope.Firm}, args...), more...)...).Scan(&sums).Error
		if err != nil {
			return fmt.Errorf("add up disputes: %w", err)
		}
		return nil
	})
	return sums, err
}

// Get is one dispute, its texts for who sees the invoice's. With them goes a leaf.
func (s *Service) Get(ctx context.Context, id ident.DisputeID) (v View, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.DisputeRead)
		if err != nil {
			return err
		}
		if v, err = s.view(tx, a, id); err != nil || !v.Text {
			return err
		}
		if err := audit.Showing(tx, v.Matter, 1); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "dispute.read", Object: "dispute", ID: string(id), Matter: v.Matter, Class: audit.C3, Permission: string(rbac.DisputeRead)})
	})
	return v, err
}

// OfInvoice are the disputes of an invoice, the newest first, without their texts.
func (s *Service) OfInvoice(ctx context.Context, id ident.InvoiceID) (list []Dispute, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.DisputeRead)
		if err != nil {
			return err
		}
		inv, err := invoice.Within(tx, a, id)
		if err != nil {
			return err
		}
		if err := a.RequireSight(tx, inv.Matter, authz.C2); err != nil {
			return err
		}
		if list, err = load(tx, `d.invoice_id = ? ORDER BY d.opened_at DESC, d.id DESC`, id); err != nil {
			return err
		}
		for i := range list {
			list[i].withhold()
		}
		return nil
	})
	return list, err
}

// view gathers what hangs on a dispute; without sight of the text its words are left out.
func (s *Service) view(tx *db.Tx, a *authz.Access, id ident.DisputeID) (v View, err error) {
	if v.Dispute, err = known(tx, a, id); err != nil {
		return v, err
	}
	if v.Text, err = a.SeesOf(tx, v.Matter, authz.C3); err != nil {
		return v, err
	}
	if v.Lines, err = linesOf(tx, id); err != nil {
		return v, err
	}
	if !v.Text {
		v.withhold()
		return v, nil
	}
	v.Notes, err = notesOf(tx, id)
	return v, err
}

// withhold leaves out what is privileged.
func (d *Dispute) withhold() { d.Words, d.Answer, d.Closing = "", "", "" }

// Settled refuses to end the work on a dispute that has not ended. It is the worklist's question
// about a subject.
func Settled(tx *db.Tx, _ *authz.Access, subject string) error {
	var live bool
	if err := tx.Raw(`SELECT EXISTS (SELECT FROM dispute WHERE firm_id = ? AND id::text = ? AND status IN ('open', 'answered'))`, tx.Scope.Firm, subject).Row().Scan(&live); err != nil {
		return fmt.Errorf("look whether dispute %s is settled: %w", subject, err)
	}
	if live {
		return ErrOpen
	}
	return nil
}
