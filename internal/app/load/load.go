// Package load is a bureau at its full size: forty firms and a million items of work
// under their clocks, for the budgets of DESIGN 9 that only such a size can judge.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/app/demo"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/people"
)

// The size of the bureau.
const (
	firms = 40
	items = 1_000_000
)

// who works the queue of all firms.
const who = "ines.carvalho@larkspur.example"

// Bureau is a bureau at its full size, with a specialist signed in to its web server.
// The server keeps no pace, for what is measured asks faster than anybody may.
type Bureau struct {
	stage    *demo.Stage
	api      *app.Services
	worker   *app.Services // nil until it is needed
	web      http.Handler
	plain    *pgxpool.Pool // the same database, by nobody's rules
	firms    []string      // those the specialist works for
	claimers []string      // people who claim; nil until they are needed
	cookie   string
}

// Open starts private servers, hires the bureau through its services and fills the
// queue by SQL. It takes a minute or two. say gets a line for each step.
func Open(ctx context.Context, say io.Writer) (b *Bureau, err error) {
	log := slog.New(slog.DiscardHandler)
	b = &Bureau{}
	if b.stage, err = demo.NewStage(ctx, "", io.Discard, log); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err, b = errors.Join(err, b.Close()), nil
		}
	}()
	b.stage.Config.Listen, b.stage.Config.PublicURL = "127.0.0.1:0", "http://127.0.0.1"
	fmt.Fprintf(say, "hire a bureau for %d firms\n", firms)
	totp, err := b.hire(ctx)
	if err != nil {
		return b, err
	}
	if b.plain, err = pgxpool.New(ctx, b.stage.Config.MigrateURL); err != nil {
		return b, fmt.Errorf("open the database: %w", err)
	}
	fmt.Fprintf(say, "give it %d items of work\n", items)
	if err := b.fill(ctx); err != nil {
		return b, err
	}
	if b.api, err = b.stage.Services(ctx, "docketry_api", clock.System(), nil); err != nil {
		return b, err
	}
	web, err := app.NewWeb(b.api)
	if err != nil {
		return b, err
	}
	b.web = web.Handler()
	if err := b.signIn(totp); err != nil {
		return b, err
	}
	return b, b.same()
}

// Close ends the servers and removes what they kept.
func (b *Bureau) Close() error {
	if b.plain != nil {
		b.plain.Close()
	}
	return b.stage.Close(false)
}

// hire plays the demo's beginning with forty firms, each like the demo's first.
func (b *Bureau) hire(ctx context.Context) (totp string, err error) {
	all := make([]demo.Firm, firms)
	for i := range all {
		all[i] = firmNo(i + 1)
	}
	cast, err := hire(ctx, b.stage, all)
	if err != nil {
		return "", err
	}
	for _, t := range cast.Firms {
		b.firms = append(b.firms, string(t.ID))
	}
	for _, x := range cast.SignIns() {
		if x.Email == who {
			totp = x.TOTP
		}
	}
	return totp, nil
}

// hire plays the demo's beginning, a week ago, with the given firms.
func hire(ctx context.Context, stage *demo.Stage, firms []demo.Firm) (*demo.Cast, error) {
	letters := demo.NewLetters()
	c := clock.At(clock.System().Now().AddDate(0, 0, -7))
	s, err := stage.Services(ctx, "docketry_api", c, func(p *app.Parts) { p.Courier = letters })
	if err != nil {
		return nil, err
	}
	worker, err := stage.Services(ctx, "docketry_worker", c, nil)
	if err != nil {
		return nil, err
	}
	engine, err := app.NewEngine(worker)
	if err != nil {
		return nil, err
	}
	return demo.Hire(ctx, s, c, letters, engine, firms)
}

// firmNo is the demo's first firm under another name.
func firmNo(n int) demo.Firm {
	f := demo.Firms()[0]
	f.Code, f.Name = "F"+string(rune('A'+n/26))+string(rune('A'+n%26)), fmt.Sprintf("Firm %02d LLP", n)
	f.People = append([]demo.Person(nil), f.People...)
	for i, p := range f.People {
		f.People[i].Email = strings.Replace(p.Email, "@", fmt.Sprintf("%02d@", n), 1)
	}
	return f
}

// fill gives every firm its share of the items, every second of them under a clock,
// with deadlines from four days ago to four weeks ahead.
func (b *Bureau) fill(ctx context.Context) error {
	return pgx.BeginFunc(ctx, b.plain, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fillItems, items); err != nil {
			return fmt.Errorf("fill the queue: %w", err)
		}
		if _, err := tx.Exec(ctx, fillClocks); err != nil {
			return fmt.Errorf("start the clocks: %w", err)
		}
		_, err := tx.Exec(ctx, "ANALYZE") // what was filled in, before it is asked for
		return err
	})
}

func (b *Bureau) signIn(totp string) error {
	code, err := people.AppCode(totp, clock.System().Now())
	if err != nil {
		return err
	}
	body := fmt.Sprintf(`{"email": %q, "password": %q, "code": %q}`, who, demo.Password, code)
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "http://127.0.0.1/api/v1/sessions", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://127.0.0.1")
	rec := httptest.NewRecorder()
	b.web.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		b.cookie += c.Name + "=" + c.Value + "; "
	}
	if rec.Code != http.StatusCreated || b.cookie == "" {
		return fmt.Errorf("sign in: %d %s", rec.Code, rec.Body)
	}
	return nil
}
