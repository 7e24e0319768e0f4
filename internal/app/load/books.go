package load

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/app/demo"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/jobs"
)

const (
	fileRows = 5_000     // of one import
	bookRows = 1_000_000 // of one export
)

// Books are those of one firm of the demo, under files of time as a big firm sends
// them, for the budgets of what is written and what leaves.
type Books struct {
	stage  *demo.Stage
	api    *app.Services
	worker *app.Services
	engine *jobs.Engine
	plain  *pgxpool.Pool // the same database, by nobody's rules
	firm   *demo.Tenant
	clerk  ident.PersonID // imports, and asks for the export
	file   capture.Upload
	audits int    // what one import records
	full   bool   // with a million entries
	peak   uint64 // of memory, of an export
}

// OpenBooks starts private servers, hires a bureau for one firm and imports one file,
// from which the limits are taken. say gets a line for each step.
func OpenBooks(ctx context.Context, say io.Writer) (b *Books, err error) {
	b = &Books{}
	if b.stage, err = demo.NewStage(ctx, "", io.Discard, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err, b = errors.Join(err, b.Close()), nil
		}
	}()
	b.stage.Config.Listen, b.stage.Config.PublicURL = "127.0.0.1:0", "http://127.0.0.1"
	fmt.Fprintln(say, "hire a bureau for one firm")
	cast, err := hire(ctx, b.stage, []demo.Firm{bigFirm()})
	if err != nil {
		return b, err
	}
	b.firm, b.clerk = cast.Firms[0], cast.People[who]
	if b.api, err = b.stage.Services(ctx, "docketry_api", clock.System(), nil); err != nil {
		return b, err
	}
	if b.worker, err = b.stage.Services(ctx, "docketry_worker", clock.System(), nil); err != nil {
		return b, err
	}
	if b.engine, err = app.NewEngine(b.worker); err != nil {
		return b, err
	}
	if b.plain, err = pgxpool.New(ctx, b.stage.Config.MigrateURL); err != nil {
		return b, fmt.Errorf("open the database: %w", err)
	}
	return b, b.first(ctx)
}

// bigFirm is the demo's first with as many people as record what a file holds: some three
// lines a day each.
func bigFirm() demo.Firm {
	f := demo.Firms()[0]
	f.Timekeepers = slices.Clone(f.Timekeepers)
	for i := range 76 {
		like := f.Timekeepers[i%4]
		like.Code, like.Name = fmt.Sprintf("T%02d", i), "Associate "+string(rune('A'+i/10))+string(rune('a'+i%10))
		f.Timekeepers = append(f.Timekeepers, like)
	}
	return f
}

// Close ends the servers and removes what they kept.
func (b *Books) Close() error {
	if b.plain != nil {
		b.plain.Close()
	}
	return b.stage.Close(false)
}

// first imports the file once and keeps what landed as the source of the limits.
func (b *Books) first(ctx context.Context) error {
	m := demo.MonthOf(clock.System().Now()).Back(1)
	all := m.Days()
	data, err := asRecorded(demo.TimeFile(b.firm.Firm, m, all[len(all)-1], fileRows), clock.System().Now())
	if err != nil {
		return err
	}
	b.file = capture.Upload{Name: "time.csv", Data: data}
	before, err := b.leaves(ctx)
	if err != nil {
		return err
	}
	r, err := b.land(ctx)
	if err != nil {
		return err
	}
	after, err := b.leaves(ctx)
	if err != nil {
		return err
	}
	b.audits = after - before
	if _, err := b.plain.Exec(ctx, `CREATE SCHEMA bench; CREATE TABLE bench.source AS SELECT * FROM entry`); err != nil {
		return fmt.Errorf("keep what landed: %w", err)
	}
	return b.takeBack(ctx, r)
}

// asRecorded makes of the demo's month a file as a big firm hands it over: of the last four
// weeks, and each line of work of its own. The demo's few phrases would be found to be billed
// twice all over a file of this size.
func asRecorded(file []byte, now time.Time) ([]byte, error) {
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the file of time: %w", err)
	}
	on, text := slices.Index(demo.Header, "date"), slices.Index(demo.Header, "narrative")
	for i, row := range rows[1:] {
		if _, err := time.Parse(time.DateOnly, row[on]); err == nil {
			row[on] = workday(now, 1+i%20).Format(time.DateOnly)
		}
		for n := i*7919 + 13; n > 0; n /= len(topics) {
			row[text] += " " + topics[n%len(topics)]
		}
	}
	var out bytes.Buffer
	err = csv.NewWriter(&out).WriteAll(rows)
	return out.Bytes(), err
}

// workday is the nth Monday to Friday before a day.
func workday(before time.Time, n int) time.Time {
	for n > 0 {
		before = before.AddDate(0, 0, -1)
		if d := before.Weekday(); d != time.Saturday && d != time.Sunday {
			n--
		}
	}
	return before
}

// topics are what work is about; a line has three to five of them.
var topics = [...]string{"indemnity", "escrow", "survey", "lender", "subpoena", "privilege", "warranty", "easement", "arbitration", "royalty", "patent", "tender", "lease", "ledger", "witness", "merger",
	"pension", "custody", "tariff", "charter", "estoppel", "novation", "receiver"}

func (b *Books) leaves(ctx context.Context) (n int, err error) {
	err = b.plain.QueryRow(ctx, `SELECT count(*) FROM audit_leaf WHERE firm_id = $1`, b.firm.ID).Scan(&n)
	return n, err
}

func (b *Books) as(ctx context.Context, who ident.PersonID) context.Context {
	return scope.With(ctx, scope.Scope{Firm: b.firm.ID, Actor: who, FactorAt: clock.System().Now(), RequestID: "bench"})
}

// land imports the file; most of its rows land, a few have the faults such files have.
func (b *Books) land(ctx context.Context) (capture.Result, error) {
	r, err := b.api.Capture.Import(b.as(ctx, b.clerk), b.file)
	if err == nil && (r.Landed < fileRows*9/10 || r.Already) {
		err = fmt.Errorf("only %d of %d rows landed", r.Landed, r.Read)
	}
	return r, err
}

// takeBack undoes an import, so that the same file lands again.
func (b *Books) takeBack(ctx context.Context, r capture.Result) error {
	_, err := b.api.Capture.Undo(b.as(ctx, b.clerk), r.ID, r.Version)
	return err
}

// Import measures the landing of a file: reading, judging, prices, guidelines, item of
// work, audit.
func (b *Books) Import(t *testing.B) error {
	ctx := context.Background()
	for t.Loop() {
		r, err := b.land(ctx)
		if err != nil {
			return err
		}
		t.StopTimer()
		if err := b.takeBack(ctx, r); err != nil {
			return err
		}
		t.StartTimer()
	}
	return nil
}

// PlainImport measures COPY of the rows that landed into the same table.
func (b *Books) PlainImport(t *testing.B) error {
	for t.Loop() {
		t.StopTimer()
		rows, err := b.fresh()
		if err != nil {
			return err
		}
		t.StartTimer()
		err = b.copyIn(rows)
		t.StopTimer()
		if err != nil {
			return err
		}
		if _, err := b.plain.Exec(context.Background(), `DELETE FROM entry e USING bench.source s WHERE e.firm_id = s.firm_id AND e.id = s.id`); err != nil {
			return fmt.Errorf("take the copied rows away: %w", err)
		}
		t.StartTimer()
	}
	return nil
}

// fresh are the rows under new keys, as COPY takes them.
func (b *Books) fresh() (*bytes.Buffer, error) {
	ctx, out := context.Background(), &bytes.Buffer{}
	if _, err := b.plain.Exec(ctx, `UPDATE bench.source SET id = gen_random_uuid(), fingerprint = gen_random_uuid()`); err != nil {
		return nil, fmt.Errorf("renew the keys of the rows: %w", err)
	}
	return out, b.withConn(func(c *pgxpool.Conn) error {
		_, err := c.Conn().PgConn().CopyTo(ctx, out, `COPY bench.source TO STDOUT`)
		return err
	})
}

func (b *Books) copyIn(rows io.Reader) error {
	return b.withConn(func(c *pgxpool.Conn) error {
		_, err := c.Conn().PgConn().CopyFrom(context.Background(), rows, `COPY entry FROM STDIN`)
		return err
	})
}

func (b *Books) withConn(do func(c *pgxpool.Conn) error) error {
	return b.plain.AcquireFunc(context.Background(), do)
}

// Audit measures the audit entries of one import by themselves.
func (b *Books) Audit(t *testing.B) error {
	ctx := b.as(context.Background(), b.clerk)
	for t.Loop() {
		err := b.api.DB.InFirm(ctx, func(tx *db.Tx) error {
			for range b.audits {
				if err := audit.Record(tx, audit.Entry{Action: "import.landed", Object: "import", ID: string(b.firm.ID), Class: audit.C2, Detail: map[string]int{"read": fileRows}}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
