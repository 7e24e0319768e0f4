package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
)

// Peak is the unit of the most memory that a measurement took over what the process held
// before.
const Peak = "peak-bytes"

// Export measures the building of a firm's export of a million entries: the asker's scope
// in SQL, classes by row, table, archive, encryption, audit. Asking and approving are not
// measured.
func (b *Books) Export(t *testing.B) error {
	ctx := context.Background()
	if err := b.fill(ctx); err != nil {
		return err
	}
	for t.Loop() {
		t.StopTimer()
		id, err := b.approved(ctx)
		if err != nil {
			return err
		}
		held := watchMemory()
		t.StartTimer()
		_, err = b.engine.Drain(ctx, b.firm.ID)
		t.StopTimer()
		b.peak = max(b.peak, held())
		if err := errors.Join(err, b.built(ctx, id)); err != nil {
			return err
		}
		t.StartTimer()
	}
	return nil
}

// ExportMemory tells the most memory that an export took over idle, of those measured.
func (b *Books) ExportMemory(t *testing.B) error {
	if b.peak == 0 {
		if err := b.Export(t); err != nil {
			return err
		}
	}
	t.ReportMetric(float64(b.peak), Peak)
	return nil
}

// PlainExport measures COPY of the same rows and columns out of the database.
func (b *Books) PlainExport(t *testing.B) error {
	if err := b.fill(context.Background()); err != nil {
		return err
	}
	for t.Loop() {
		err := b.withConn(func(c *pgxpool.Conn) error {
			tag, err := c.Conn().PgConn().CopyTo(context.Background(), io.Discard, fmt.Sprintf(plainExport, b.firm.ID))
			if err == nil && tag.RowsAffected() < bookRows {
				err = fmt.Errorf("only %d rows were copied", tag.RowsAffected())
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// plainExport is what the file holds, by nobody's rules.
const plainExport = `COPY (SELECT e.id, e.worked_on, c.number, c.name, m.number, m.name, t.code, t.class, e.kind, e.hours_e4, e.quantity_e4, e.unit_cost_e4, e.rate_e4, e.amount_minor,
		e.currency, e.task_code, e.activity_code, e.expense_code, e.status, e.narrative, e.rate_source, e.standard_rate_e4
	FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
	LEFT JOIN timekeeper t ON t.firm_id = e.firm_id AND t.id = e.timekeeper_id
	WHERE e.firm_id = '%s' AND e.status <> 'removed') TO STDOUT WITH (FORMAT csv)`

// fill puts a million entries into the books, once.
func (b *Books) fill(ctx context.Context) error {
	if b.full {
		return nil
	}
	fmt.Fprintf(os.Stderr, "fill its books with %d entries\n", bookRows)
	for _, sql := range []string{
		`CREATE TABLE bench.many AS SELECT s.* FROM bench.source s CROSS JOIN generate_series(1, 1000) LIMIT 1000000`,
		`UPDATE bench.many SET id = gen_random_uuid(), fingerprint = gen_random_uuid()`,
		`INSERT INTO entry SELECT * FROM bench.many`,
		`DROP TABLE bench.many`,
		`VACUUM ANALYZE entry`,
	} {
		if _, err := b.plain.Exec(ctx, sql); err != nil {
			return fmt.Errorf("fill the books: %w", err)
		}
	}
	b.full = true
	return nil
}

// approved is a new export of the whole books, with the yes of as many as it needs.
func (b *Books) approved(ctx context.Context) (id ident.ExportID, err error) {
	// A firm may ask five times a day; the bench asks more often.
	if _, err := b.plain.Exec(ctx, `UPDATE export SET asked_at = asked_at - interval '2 days'`); err != nil {
		return "", fmt.Errorf("let exports be of days ago: %w", err)
	}
	today := clock.System().Now()
	asker := b.as(ctx, b.clerk)
	e, _, err := b.api.Exports.Request(asker, export.NewRequest{From: invoice.DayOf(today.AddDate(0, -3, 0)), To: invoice.DayOf(today), Form: export.FormFull, Hours: 24, Reason: "All work of a quarter"})
	if err != nil {
		return "", err
	}
	for _, who := range []ident.PersonID{b.firm.Admin, b.firm.Partner}[:e.ApprovalsDue] {
		now, err := b.api.Exports.Get(asker, e.ID)
		if err != nil {
			return "", err
		}
		if err := b.api.Exports.Approve(b.as(ctx, who), e.ID, now.Version); err != nil {
			return "", err
		}
	}
	return e.ID, nil
}

// built makes sure that the file is there and whole.
func (b *Books) built(ctx context.Context, id ident.ExportID) error {
	e, err := b.api.Exports.Get(b.as(ctx, b.clerk), id)
	if err == nil && (e.Status != export.StatusReady || e.RowsDone < bookRows) {
		err = fmt.Errorf("the export is %s with %d rows", e.Status, e.RowsDone)
	}
	return err
}

// watchMemory samples what the process holds of the system's memory until the returned
// function tells by how much it grew at most.
func watchMemory() func() uint64 {
	debug.FreeOSMemory()
	began := held()
	var most atomic.Uint64
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			most.Store(max(most.Load(), held()))
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-ended
		return max(most.Load(), began) - began
	}
}

func held() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}
