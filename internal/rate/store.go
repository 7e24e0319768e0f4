package rate

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
)

const columns = `r.id, coalesce(r.matter_id::text, '') AS matter_id, coalesce(r.client_id::text, '') AS client_id,
	coalesce(r.group_id::text, '') AS group_id, r.office, r.practice_group, coalesce(r.timekeeper_id::text, '') AS timekeeper_id, r.class,
	r.task_code, r.activity_code, r.rate_e4 AS rate, r.currency,
	lower(r.valid) AS "from", upper(r.valid) AS until, r.reason, r.level`

// cardTries is how often a register is read that changes meanwhile.
const cardTries = 5

// CardOf reads all rates of the transaction's firm, whoever asks: pricing is by job. The
// card is one state of the register, that of its version: what changes while it is read is
// read again. ErrMoving when that has no end.
func CardOf(tx *db.Tx) (*Card, error) {
	before, err := version(tx)
	if err != nil {
		return nil, err
	}
	for range cardTries {
		r, err := register(tx)
		if err != nil {
			return nil, err
		}
		if r.Version, err = version(tx); err != nil {
			return nil, err
		}
		if r.Version == before {
			return NewCard(r), nil
		}
		before = r.Version
	}
	return nil, ErrMoving
}

func register(tx *db.Tx) (r Register, err error) {
	r.Offices = map[ident.TimekeeperID]string{}
	if r.Rates, err = list(tx, "true", nil); err != nil {
		return r, err
	}
	if r.Members, err = matter.Members(tx); err != nil {
		return r, err
	}
	keepers, err := matter.Timekeepers(tx)
	for _, k := range keepers {
		if k.Office != "" {
			r.Offices[k.ID] = k.Office
		}
	}
	if err != nil {
		return r, err
	}
	return r, converting(tx, &r)
}

// converting reads by what rates of another currency are converted, where they count at all.
func converting(tx *db.Tx, r *Register) (err error) {
	if r.Settings, err = exchange.SettingsOf(tx); err != nil || !r.Settings.Converts() {
		return err
	}
	if err := tx.Raw(`SELECT currency FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&r.Home); err != nil {
		return fmt.Errorf("load currency of firm %s: %w", tx.Scope.Firm, err)
	}
	r.Exchange, err = exchange.BookOf(tx)
	return err
}

// version is the register's, 0 while nothing was entered.
func version(tx *db.Tx) (v int64, err error) {
	if err = tx.Raw(`SELECT coalesce((SELECT version FROM rate_register WHERE firm_id = ?), 0)`, tx.Scope.Firm).Row().Scan(&v); err != nil {
		return 0, fmt.Errorf("read version of rates of firm %s: %w", tx.Scope.Firm, err)
	}
	return v, nil
}

// Resolve answers one question; CardOf is for many.
func Resolve(tx *db.Tx, q Question) (Answer, error) {
	card, err := CardOf(tx)
	if err != nil {
		return Answer{}, err
	}
	return card.Resolve(q)
}

func list(tx *db.Tx, cond string, args []any) ([]Rate, error) {
	rows, err := tx.Raw(`SELECT `+columns+` FROM rate r WHERE r.firm_id = ? AND `+cond+` ORDER BY r.level, lower(r.valid), r.id`,
		append([]any{tx.Scope.Firm}, args...)...).Rows()
	if err != nil {
		return nil, fmt.Errorf("list rates of firm %s: %w", tx.Scope.Firm, err)
	}
	defer rows.Close()
	var rates []Rate
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		rates = append(rates, r)
	}
	return rates, rows.Err()
}

func byID(tx *db.Tx, id ident.RateID) (Rate, error) {
	r, err := scan(tx.Raw(`SELECT `+columns+` FROM rate r WHERE r.firm_id = ? AND r.id = ?`, tx.Scope.Firm, id).Row())
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNotFound
	}
	return r, err
}

func scan(row interface{ Scan(...any) error }) (r Rate, err error) {
	err = row.Scan(&r.ID, &r.MatterID, &r.ClientID, &r.GroupID, &r.Office, &r.Practice, &r.TimekeeperID, &r.Class, &r.Task, &r.Activity, &r.Rate, &r.Currency, &r.From, &r.Until, &r.Reason, &r.Level)
	if err != nil {
		return r, fmt.Errorf("read rate: %w", err)
	}
	return r, nil
}

func insert(tx *db.Tx, r Rate) error {
	err := tx.Exec(`INSERT INTO rate (firm_id, id, matter_id, client_id, group_id, office, practice_group, timekeeper_id, class, task_code, activity_code,
			rate_e4, currency, valid, reason, created_by, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, daterange(?::date, ?::date), ?, ?, ?)`, tx.Scope.Firm, r.ID, orNull(r.MatterID), orNull(r.ClientID), orNull(r.GroupID),
		r.Office, r.Practice, orNull(r.TimekeeperID), r.Class, r.Task, r.Activity, r.Rate, r.Currency, r.From.Format(time.DateOnly), db.NullDay(r.Until), r.Reason, orNull(tx.Scope.Actor), tx.Now).Error
	switch {
	case db.Violates(err, "rate_no_overlap"):
		return ErrOverlap
	case db.Violates(err, "rate_matter_fkey"), db.Violates(err, "rate_client_fkey"), db.Violates(err, "rate_group_fkey"), db.Violates(err, "rate_timekeeper_fkey"):
		return ErrNotFound
	}
	return err
}

// end cuts the rate's time at day. Lines priced before keep their price.
func end(tx *db.Tx, id ident.RateID, day time.Time) error {
	return tx.Exec(`UPDATE rate SET valid = daterange(lower(valid), ?::date) WHERE firm_id = ? AND id = ?`, day.Format(time.DateOnly), tx.Scope.Firm, id).Error
}

func orNull[T ~string](id T) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}
