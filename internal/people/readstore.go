package people

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/rbac"
)

// ReadsStopped is when the actor of tx was last stopped from opening privileged text,
// zero when never.
func ReadsStopped(tx *db.Tx) (at time.Time, err error) {
	err = tx.Raw(`SELECT stopped_at FROM read_stop WHERE person_id = ?`, tx.Scope.Actor).Row().Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return at, wrap(err, "see whether reading was stopped for person", tx.Scope.Actor)
}

// StopReads stops the person of ctx, in a transaction of its own: that of the look which
// was one too many is rolled back. A stop that came later stays.
func StopReads(ctx context.Context, d *db.DB, at time.Time) error {
	return d.InFirm(ctx, func(tx *db.Tx) error {
		err := tx.Exec(`INSERT INTO read_stop (person_id, stopped_at) VALUES (?, ?)
			ON CONFLICT (person_id) DO UPDATE SET stopped_at = greatest(read_stop.stopped_at, excluded.stopped_at)`, tx.Scope.Actor, at).Error
		return wrap(err, "stop reading for person", tx.Scope.Actor)
	})
}

// ReadsTold tells the administrators of the firm of tx that its actor opens many
// privileged texts; false when they have been told since.
func ReadsTold(tx *db.Tx, since time.Time) (first bool, err error) {
	if err := tx.Lock("reads:" + string(tx.Scope.Firm) + string(tx.Scope.Actor)); err != nil {
		return false, err
	}
	err = tx.Raw(`SELECT NOT EXISTS (SELECT FROM audit_leaf WHERE firm_id = ? AND object = 'person' AND object_id = ? AND action = 'reads.many' AND at > ?)`,
		tx.Scope.Firm, string(tx.Scope.Actor), since).Row().Scan(&first)
	if err != nil || !first {
		return false, wrap(err, "see what was told of person", tx.Scope.Actor)
	}
	admins, err := Administrators(tx, rbac.RoleFirmAdmin)
	if err != nil {
		return false, err
	}
	return true, letter.Write(tx, letter.ReadsMany, ident.New[string](tx.Now), admins...)
}
