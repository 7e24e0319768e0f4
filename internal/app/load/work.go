package load

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
)

const (
	lapsing  = 50_000 // clocks of one sweep
	claimers = 50
	claims   = 3 // of each claimer: as many as one may hold
)

// Sweep measures the settling of fifty thousand clocks that came due while no worker ran.
func (b *Bureau) Sweep(t *testing.B) error {
	ctx := context.Background()
	s, err := b.asWorker(ctx)
	if err != nil {
		return err
	}
	for t.Loop() {
		t.StopTimer()
		tag, err := b.plain.Exec(ctx, lapse, lapsing)
		if err != nil {
			return fmt.Errorf("let clocks lapse: %w", err)
		}
		if tag.RowsAffected() != lapsing {
			return fmt.Errorf("only %d clocks were left to lapse", tag.RowsAffected())
		}
		t.StartTimer()
		n, err := s.SLA.Sweep(ctx)
		if err != nil {
			return err
		}
		if n < lapsing {
			return fmt.Errorf("%d of %d clocks were settled", n, lapsing)
		}
	}
	return nil
}

// asWorker are the services as a worker has them.
func (b *Bureau) asWorker(ctx context.Context) (_ *app.Services, err error) {
	if b.worker == nil {
		b.worker, err = b.stage.Services(ctx, "docketry_worker", clock.System(), nil)
	}
	return b.worker, err
}

// Next measures one claim of fifty specialists who ask for their next item at once, over
// all firms: what each may do, the order of SLA.md 9, lease, turn of the firm, audit.
func (b *Bureau) Next(t *testing.B) error {
	ctx := context.Background()
	if err := b.enlist(ctx); err != nil {
		return err
	}
	return b.inTurns(t, func(n int) error {
		as := scope.With(ctx, scope.Scope{Actor: ident.PersonID(b.claimers[n]), FactorAt: clock.System().Now(), RequestID: "bench"})
		_, err := b.api.Work.Next(as)
		return err
	}, `UPDATE work_item SET status = 'ready', leased_by = NULL, leased_at = NULL, lease_until = NULL WHERE status = 'leased'`)
}

// PlainNext measures the same number of claims by one statement each, over all firms and
// for nobody in particular: the first by its deadline that nobody holds.
func (b *Bureau) PlainNext(t *testing.B) error {
	ctx := context.Background()
	if err := b.enlist(ctx); err != nil {
		return err
	}
	return b.inTurns(t, func(n int) error {
		var firm, id string
		return b.plain.QueryRow(ctx, plainNext, b.claimers[n]).Scan(&firm, &id)
	}, `UPDATE bench.item SET status = 'ready', leased_by = NULL WHERE status = 'leased'`)
}

// inTurns lets all claimers claim at once, claims times each, and gives back what they got
// before the next turn. What is measured is one claim.
func (b *Bureau) inTurns(t *testing.B, claim func(claimer int) error, giveBack string) error {
	for left := t.N; left > 0; left -= claimers * claims {
		t.StopTimer()
		if _, err := b.plain.Exec(context.Background(), giveBack); err != nil {
			return fmt.Errorf("give items back: %w", err)
		}
		t.StartTimer()
		var all errgroup.Group
		for n := range min(claimers, left) {
			all.Go(func() error {
				for k := n; k < min(left, claimers*claims); k += claimers {
					if err := claim(n); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := all.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// enlist makes fifty specialists, each with the access of the first, and the plain table
// of the same items, once.
func (b *Bureau) enlist(ctx context.Context) error {
	if b.claimers != nil {
		return nil
	}
	return pgx.BeginFunc(ctx, b.plain, func(tx pgx.Tx) error {
		all := slices.Clone(newPeople)
		for _, table := range access {
			var sql string
			if err := tx.QueryRow(ctx, copied, table, who).Scan(&sql); err != nil {
				return fmt.Errorf("copy what lets people in: %w", err)
			}
			all = append(all, sql)
		}
		for _, sql := range append(all, newItems...) {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("enlist specialists: %w", err)
			}
		}
		rows, err := tx.Query(ctx, `SELECT id::text FROM bench.person`)
		if err != nil {
			return fmt.Errorf("list specialists: %w", err)
		}
		b.claimers, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
}
