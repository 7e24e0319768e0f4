package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/docketry/docketry/internal/fault"
)

// ErrUnavailable means that PostgreSQL is away, restarting, too busy to answer in
// time, or has no connection free. Nothing was saved unless the loss came inside COMMIT (F06), which an
// Idempotency-Key resolves.
var ErrUnavailable = fault.New(fault.Unavailable, "database_unavailable", "the service is not available at the moment; try again in a few seconds")

// errNoFirm is a programming error: a firm's door was opened without a firm.
var errNoFirm = errors.New("open firm transaction: the scope names no firm")

// Violates tells whether err is a breach of the named constraint.
func Violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == constraint
}

// Absent names in err what failed, of which thing; where a row is not there it is absent,
// the fault of the package that looks for it.
func Absent[T ~string](err, absent error, what string, id T) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return absent
	default:
		return fmt.Errorf("%s %s: %w", what, id, err)
	}
}

// Code is the SQLSTATE of err, "" when it has none.
func Code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// classify turns the loss of the server into ErrUnavailable and leaves the rest.
func classify(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) || errors.Is(err, context.Canceled) {
		return err
	}
	if lost(err) {
		return ErrUnavailable.Because(err)
	}
	return err
}

func lost(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// 57P01..57P03: shutting down or starting up; 53300: too many connections; 08: connection.
		if strings.HasPrefix(pg.Code, "57P0") || pg.Code == "53300" || strings.HasPrefix(pg.Code, "08") {
			return true
		}
		// Nothing is wrong with what was asked and the same again may well succeed. 57014: over the
		// statement timeout; 25P03: silent for too long inside a transaction; 40P01: deadlock; 40001: lost
		// to another transaction; 55P03: lock timeout.
		return slices.Contains([]string{"57014", "25P03", "40P01", "40001", "55P03"}, pg.Code)
	}
	var connect *pgconn.ConnectError
	var netErr net.Error
	return errors.As(err, &connect) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, driver.ErrBadConn) || (errors.As(err, &netErr) && !errors.Is(err, context.DeadlineExceeded)) ||
		strings.Contains(err.Error(), "conn closed") // pgx has no sentinel for a connection that died between two statements
}
