package invoice

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/tax"
	"github.com/docketry/docketry/rbac"
)

// PreviewRun tells what a run would take of the scope's firm, with control totals and
// what would fail. It changes nothing.
func (s *Service) PreviewRun(ctx context.Context, on Day, sel Selection) (p Preview, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.RunStart)
		if err != nil {
			return err
		}
		p, err = s.preview(tx, access, on, sel)
		return err
	})
	return p, err
}

func (s *Service) preview(tx *db.Tx, access *authz.Access, on Day, sel Selection) (Preview, error) {
	f, err := firm.Get(tx)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Firm: tx.Scope.Firm, On: on}
	var fs fault.Fields
	if dated(&fs, p.On, today(tx, f)); len(fs) > 0 {
		return Preview{}, fs.Err(ErrInput)
	}
	if p.On == "" {
		p.On = today(tx, f)
	}
	cond, args := access.MattersSeeing("m", authz.C2)
	if p.Waiting, err = waiting(tx, sel, cond, args); err != nil {
		return Preview{}, err
	}
	bills := make([]ident.PrebillID, len(p.Waiting))
	for i := range p.Waiting {
		bills[i] = p.Waiting[i].Prebill
	}
	taxed, err := taxedOf(tx, bills)
	if err != nil {
		return Preview{}, err
	}
	book, err := tax.Load(tx)
	if err != nil {
		return Preview{}, err
	}
	for i := range p.Waiting {
		w := &p.Waiting[i]
		duty, problem := taxable(taxed[w.Prebill], book, p.On)
		if w.Problem = problem; problem == nil {
			w.Problem = (&frame{firm: f, duty: duty}).ready(p.On, w.LastWork)
		}
		if w.Problem != nil {
			p.Problems++
		}
		if p.Totals, err = addTotal(p.Totals, w.Currency, 1, w.NetMinor); err != nil {
			return Preview{}, err
		}
	}
	return p, nil
}

func addTotal(totals []Total, c money.Currency, count int, minor int64) ([]Total, error) {
	for i := range totals {
		if totals[i].Currency == c {
			var err error
			totals[i].Count += count
			totals[i].Minor, err = money.Sum(totals[i].Minor, minor)
			return totals, err
		}
	}
	return append(totals, Total{c, count, minor}), nil
}

// StartRun starts one run over the named firms: an item and a job for each approved
// pre-bill that no other run has. Each firm is its own transaction; one firm that the
// person may start none in, or that is not there, refuses them all before anything is
// planned (SECURITY T02). ErrNothing when no
// firm had anything, ErrDate when the work of every pre-bill goes on after n.On: what
// is too late beside others is planned with them and fails by itself. An outage in the middle returns the ID too: what was started
// goes on, and starting again takes the rest.
func (s *Service) StartRun(ctx context.Context, n NewRun) (ident.RunID, error) {
	now := s.db.Clock().Now()
	if err := n.Validate(DayOf(now)); err != nil {
		return "", err
	}
	for _, sel := range n.Firms {
		err := s.db.InFirm(scope.InFirm(ctx, sel.Firm), func(tx *db.Tx) error {
			_, err := s.guard.Require(tx, rbac.RunStart)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	id := ident.New[ident.RunID](now)
	planned, late, err := s.startEach(ctx, id, n, false)
	switch {
	case err != nil && len(n.Firms) == 1:
		return "", err
	case err != nil:
		return id, err
	}
	if planned > 0 {
		n.Firms = late.firms
		_, _, err = s.startEach(ctx, id, n, true)
		return id, err
	}
	if late.first != "" {
		return "", workLater(late.on, late.first)
	}
	return "", ErrNothing
}

// lateWork is what a date lies before: firms all of whose pre-bills end later, and
// the earliest date that they can bear.
type lateWork struct {
	firms     []FirmSelection
	on, first Day
}

// startEach plans firm by firm. A firm whose work all ends after the date is left
// out and told, unless it is to be taken too.
func (s *Service) startEach(ctx context.Context, id ident.RunID, n NewRun, too bool) (planned int, late lateWork, err error) {
	for _, sel := range n.Firms {
		count, p, err := s.startIn(scope.InFirm(ctx, sel.Firm), id, n, sel.Selection, too)
		switch {
		case err == nil:
			planned += count
		case errors.Is(err, ErrDate):
			first, _ := p.tooEarly()
			late.firms, late.on, late.first = append(late.firms, sel), p.On, max(late.first, first)
		case len(n.Firms) == 1 && !too:
			return 0, lateWork{}, err
		case errors.Is(err, ErrInput), codeOf(err) == "" || fault.KindOf(err) == fault.Unavailable:
			return planned, late, err
		}
	}
	return planned, late, nil
}

// startIn plans the run's part of one firm. ErrDate, and what it would have taken,
// when all of it ends after the date and is not to be taken too.
func (s *Service) startIn(ctx context.Context, id ident.RunID, n NewRun, sel Selection, too bool) (planned int, p Preview, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.RunStart)
		if err != nil {
			return err
		}
		if p, err = s.preview(tx, access, n.On, sel); err != nil {
			return err
		}
		if len(p.Waiting) == 0 {
			return ErrNothing
		}
		if _, all := p.tooEarly(); all && !too {
			return ErrDate
		}
		planned, err = s.plan(tx, id, n.Name, p)
		return err
	})
	return planned, p, err
}

// plan writes run, items and jobs in one transaction.
func (s *Service) plan(tx *db.Tx, id ident.RunID, name string, p Preview) (int, error) {
	if err := insertRun(tx, id, name, p.On, len(p.Waiting)); err != nil {
		return 0, err
	}
	items, err := insertItems(tx, id, p.Waiting)
	if err != nil {
		return 0, err
	}
	if len(items) != len(p.Waiting) {
		// Somebody else's run took some of them since we looked: the plan would be untrue.
		return 0, ErrNothing.With("another run has just taken some of these pre-bills; look again")
	}
	for _, item := range items {
		if err := want(tx, item, 0); err != nil {
			return 0, err
		}
	}
	return len(items), audit.Record(tx, audit.Entry{
		Action: "run.started", Object: "run", ID: string(id), Class: audit.C2, Permission: string(rbac.RunStart),
		After: p.Totals, Detail: map[string]any{"items": len(items), "invoice_on": p.On},
	})
}

// want asks the worker for one item; another try is another job.
func want(tx *db.Tx, item ident.RunItemID, tries int) error {
	_, err := outbox.Add(tx, InvoiceWanted{Item: item}, outbox.Key(string(item)+"/"+strconv.Itoa(tries)), outbox.Queue("invoice"))
	if err != nil {
		return fmt.Errorf("ask for item %s: %w", item, err)
	}
	return nil
}

// RetryRun makes the failed items of a run wait again, all or those of one cause, and
// returns how many. What was issued is not touched: doing it twice changes nothing.
// A date given is printed on their invoices instead of the run's; ErrDate when the
// work of one of them goes on after it.
func (s *Service) RetryRun(ctx context.Context, run ident.RunID, a Again) (again int, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.RunStart)
		if err != nil {
			return err
		}
		if _, err := runOf(tx, run); err != nil {
			return err
		}
		var fs fault.Fields
		f, err := firm.Get(tx)
		if err != nil {
			return err
		}
		if dated(&fs, a.On, today(tx, f)); len(fs) > 0 {
			return fs.Err(ErrInput)
		}
		cond, args := access.Matters("m")
		if first, err := lastWork(tx, run, a.Cause, cond, args); err != nil {
			return err
		} else if a.On != "" && a.On < first {
			return workLater(a.On, first)
		}
		items, err := reopen(tx, run, a, cond, args)
		if err != nil || len(items) == 0 {
			return err
		}
		for _, item := range items {
			if err := want(tx, item.ID, item.Tries); err != nil {
				return err
			}
		}
		again = len(items)
		return audit.Record(tx, audit.Entry{
			Action: "run.retried", Object: "run", ID: string(run), Class: audit.C1, Permission: string(rbac.RunStart),
			Detail: map[string]any{"items": again, "cause": a.Cause, "invoice_on": a.On},
		})
	})
	return again, err
}
