// Package db hands out transactions that see only what their scope names. There
// are three doors (DESIGN 2.5): InFirm for one firm, InBureau across the firms a
// person is granted, InSystem for named machinery tasks. Nothing else reaches a
// table. It knows no noun.
package db

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
)

// Config opens a database as one of the run-time roles.
type Config struct {
	URL              string        // names docketry_api or docketry_worker
	Key              []byte        // the sealing key, 32 to 64 bytes
	Former           []byte        // the sealing key before or after it while it is being replaced: Check asks that both are accepted; nil otherwise
	Clock            clock.Clock   // every row of a transaction takes its time from here
	StatementTimeout time.Duration // SECURITY T31: 5 s for HTTP, 60 s for jobs; 0 means 5 s
	IdleTimeout      time.Duration // T31: how long a transaction may be silent; 0 means 15 s
	AcquireTimeout   time.Duration // F18: how long a request waits for a connection, and for its firm's turn; 0 means 2 s
	PerFirm          int           // T31: transactions at once of those who take turns; 0 means 4
	MaxConns         int32         // 0 means 10
	Bounced          bool          // behind PgBouncer in transaction mode: no prepared statements
}

// DB hands out scoped transactions. It is safe for concurrent use.
type DB struct {
	pgx     *pgxpool.Pool
	pool    *sql.DB
	gorm    *gorm.DB
	key     []byte
	former  []byte
	clock   clock.Clock
	begin   string // SET LOCAL of the time limits, sent with BEGIN
	acquire time.Duration
	turns   turns
	// patience is how long an answer to one statement is waited for.
	patience time.Duration
}

// Tx is one transaction. Now is read once, so that every row of one change has one time.
type Tx struct {
	*gorm.DB
	Scope scope.Scope
	Now   time.Time

	ctx       context.Context
	owner     *DB
	wire      *wire // one for all that join
	challenge []byte
	sealed    *string // the scope the connection is in now; one for all that join
	stamp     *stamped
	list      *stampedList
	after     []func()
}

// Context is the context of the request or job, with its scope.
func (tx *Tx) Context() context.Context { return tx.ctx }

// AfterCommit runs f once the transaction has committed; a wake-up, never a duty.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Open connects and refuses a key of the wrong length. It does not check the
// role: see Check, which serve and work call before they listen.
func Open(ctx context.Context, c Config) (*DB, error) {
	if len(c.Key) < 32 || len(c.Key) > 64 {
		return nil, fmt.Errorf("open database: the sealing key has %d bytes, it needs 32 to 64", len(c.Key))
	}
	if c.Clock == nil {
		return nil, fmt.Errorf("open database: no clock given")
	}
	pc, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("read database URL: %w", err)
	}
	pc.MaxConns = max(c.MaxConns, 2)
	if c.MaxConns == 0 {
		pc.MaxConns = 10
	}
	name(pc.ConnConfig.RuntimeParams, c.Key)
	if c.Bounced {
		// PgBouncer 1.18 does not follow prepared statements (PLATFORM 2).
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	sqlDB := stdlib.OpenDBFromPool(pool)
	sqlDB.SetMaxIdleConns(0) // the pgx pool alone keeps connections
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: sqlDB}), &gorm.Config{
		SkipDefaultTransaction: true, // every statement is in a door already
		DisableAutomaticPing:   true,
		NowFunc:                c.Clock.Now,
		Logger:                 logger.Discard, // errors rise; SQL text with values is never logged
	})
	if err != nil {
		return nil, fmt.Errorf("open gorm: %w", err)
	}
	limit, idle := cmp.Or(c.StatementTimeout, 5*time.Second), cmp.Or(c.IdleTimeout, 15*time.Second)
	acquire := cmp.Or(c.AcquireTimeout, 2*time.Second)
	return &DB{
		pgx: pool, pool: sqlDB, gorm: g, key: c.Key, former: c.Former, clock: c.Clock, acquire: acquire,
		// Our statements are many and short: to compile one takes longer than it runs.
		begin: fmt.Sprintf("SET LOCAL statement_timeout = %d; SET LOCAL idle_in_transaction_session_timeout = %d; SET LOCAL jit = off",
			limit.Milliseconds(), idle.Milliseconds()),
		patience: limit + grace,
		turns:    turns{most: int64(cmp.Or(c.PerFirm, perFirm)), wait: acquire, all: map[string]*line{}},
	}, nil
}

// Close ends all connections.
func (d *DB) Close() {
	_ = d.pool.Close() // its connections belong to the pool below
	d.pgx.Close()
}

// Clock is the clock that the transaction took Now from: to measure how long a step took.
func (tx *Tx) Clock() clock.Clock { return tx.owner.clock }

// Clock is the clock that transactions take their time from.
func (d *DB) Clock() clock.Clock { return d.clock }

// Ping asks the server for an answer; ErrUnavailable when there is none.
func (d *DB) Ping(ctx context.Context) error {
	within, stop := context.WithTimeout(ctx, d.acquire)
	defer stop()
	err := d.pgx.Ping(within)
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		return ErrUnavailable.Because(errSilent)
	}
	return classify(err)
}

// InFirm runs fn in one transaction that sees and writes the rows of the firm in
// ctx's scope, and no others. fn's error rolls back; a panic too.
func (d *DB) InFirm(ctx context.Context, fn func(tx *Tx) error) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	if sc.Firm == "" {
		return errNoFirm
	}
	if tx := d.joined(ctx); tx != nil {
		return classify(tx.within(ctx, sc, string(sc.Firm), fn))
	}
	return d.run(ctx, sc, string(sc.Firm), beginWrite, fn)
}

// InBureau runs fn in one read-only transaction over firms, as the role that may
// read the queue's columns only. Without firms there is nothing to see.
func (d *DB) InBureau(ctx context.Context, firms []ident.FirmID, fn func(tx *Tx) error) error {
	return d.acrossFirms(ctx, firms, beginRead, fn)
}

// InClaim is InBureau for a claim: fn reads across firms first, and then moves
// with Enter into the one firm it writes to, in the same transaction.
func (d *DB) InClaim(ctx context.Context, firms []ident.FirmID, fn func(tx *Tx) error) error {
	return d.acrossFirms(ctx, firms, beginWrite, fn)
}

func (d *DB) acrossFirms(ctx context.Context, firms []ident.FirmID, begin string, fn func(tx *Tx) error) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	sc.Firm = ""
	if tx := d.joined(ctx); tx != nil {
		return classify(tx.within(ctx, sc, listScope(firms), fn)) // the bureau's role may read only, whatever began
	}
	return d.run(ctx, sc, listScope(firms), begin, fn)
}
