package arrangement

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

const versionColumns = `a.id, coalesce(a.client_id::text, ''), coalesce(a.matter_id::text, ''), a.number, a.from_on, a.until_on, a.terms::text, a.agreed_by, p.name, a.agreed_at, a.withdrawn_at,
	(SELECT w.signed_on FROM arrangement_writing w WHERE w.firm_id = a.firm_id AND w.arrangement_id = a.id AND w.removed_at IS NULL)`

// Of are the versions that a matter goes by, whoever asks; those that were withdrawn are
// not among them.
func Of(tx *db.Tx, m ident.MatterID, c ident.ClientID) (Versions, error) {
	return versions(tx, `(a.matter_id = ? OR a.client_id = ?) AND a.withdrawn_at IS NULL`, m, c)
}

// Recurring are all versions of each matter that has one with a fee for each period,
// whoever asks; those that were withdrawn are not among them.
func Recurring(tx *db.Tx) (map[ident.MatterID]Versions, error) {
	return matterVersions(tx, KindSubscription, KindGeneral)
}

// matterVersions are all versions that stand of each matter that has one of the kinds.
func matterVersions(tx *db.Tx, kinds ...Kind) (map[ident.MatterID]Versions, error) {
	list, err := versions(tx, `a.withdrawn_at IS NULL AND a.matter_id IN (SELECT x.matter_id FROM arrangement x
		WHERE x.firm_id = ? AND x.withdrawn_at IS NULL AND x.terms->>'kind' = ANY (?::text[]))`, tx.Scope.Firm, db.Array(kinds))
	byMatter := map[ident.MatterID]Versions{}
	for i := range list {
		byMatter[list[i].Matter] = append(byMatter[list[i].Matter], list[i])
	}
	return byMatter, err
}

// Evergreens are all versions of each matter that has an evergreen retainer, whoever asks;
// those that were withdrawn are not among them.
func Evergreens(tx *db.Tx) (map[ident.MatterID]Versions, error) {
	return matterVersions(tx, KindEvergreen)
}

func versions(tx *db.Tx, cond string, args ...any) (list Versions, err error) {
	rows, err := tx.Raw(`SELECT `+versionColumns+` FROM arrangement a JOIN person p ON p.id = a.agreed_by WHERE a.firm_id = ? AND `+cond+`
		ORDER BY a.matter_id NULLS FIRST, a.client_id NULLS FIRST, a.from_on DESC, a.number DESC`, append([]any{tx.Scope.Firm}, args...)...).Rows()
	if err != nil {
		return nil, fmt.Errorf("list arrangements: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scanVersion(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

func scanVersion(row interface{ Scan(...any) error }) (v Version, err error) {
	var terms string
	var signed *time.Time
	err = row.Scan(&v.ID, &v.Client, &v.Matter, &v.Number, &v.From, &v.Until, &terms, &v.AgreedBy, &v.AgreedByWho, &v.AgreedAt, &v.WithdrawnAt, &signed)
	if errors.Is(err, sql.ErrNoRows) {
		return v, ErrNotFound
	}
	if err != nil {
		return v, fmt.Errorf("read arrangement: %w", err)
	}
	if err := json.Unmarshal([]byte(terms), &v.Terms); err != nil {
		return v, fmt.Errorf("read terms of arrangement %s: %w", v.ID, err)
	}
	if v.Terms.Contingency != nil && signed != nil {
		v.Terms.Contingency.SignedOn = *signed
	}
	return v, nil
}

// versionByID loads one; lock keeps others from ending it meanwhile.
func versionByID(tx *db.Tx, id ident.ArrangementID, lock bool) (Version, error) {
	if lock {
		if err := tx.Exec(`SELECT FROM arrangement WHERE firm_id = ? AND id = ? FOR UPDATE`, tx.Scope.Firm, id).Error; err != nil {
			return Version{}, fmt.Errorf("lock arrangement %s: %w", id, err)
		}
	}
	return scanVersion(tx.Raw(`SELECT `+versionColumns+` FROM arrangement a JOIN person p ON p.id = a.agreed_by WHERE a.firm_id = ? AND a.id = ?`, tx.Scope.Firm, id).Row())
}

// insertVersion gives the next number of the place.
func insertVersion(tx *db.Tx, v *Version) error {
	terms, err := json.Marshal(v.Terms)
	if err != nil {
		return fmt.Errorf("write terms: %w", err)
	}
	if err := tx.Lock("arrangement of " + string(v.Matter) + string(v.Client)); err != nil {
		return err
	}
	err = tx.Raw(`INSERT INTO arrangement (firm_id, id, client_id, matter_id, number, from_on, terms, agreed_by, agreed_at)
		SELECT ?, ?, ?, ?, coalesce(max(number), 0) + 1, ?::date, ?::jsonb, ?, ? FROM arrangement WHERE firm_id = ? AND coalesce(matter_id, client_id) = ?
		RETURNING number`, tx.Scope.Firm, v.ID, orNone(v.Client), orNone(v.Matter), v.From.Format(time.DateOnly), string(terms), v.AgreedBy, v.AgreedAt,
		tx.Scope.Firm, string(v.Matter)+string(v.Client)).Row().Scan(&v.Number)
	switch {
	case db.Violates(err, "arrangement_client_fkey"), db.Violates(err, "arrangement_matter_fkey"):
		return ErrNotFound
	case db.Violates(err, "arrangement_day"):
		return ErrSameDay
	case err != nil:
		return fmt.Errorf("insert arrangement: %w", err)
	}
	return nil
}

// payorsOf are the payors of a client that are in use.
func payorsOf(tx *db.Tx, client ident.ClientID) (ids []ident.PayorID, err error) {
	err = tx.Raw(`SELECT id FROM payor WHERE firm_id = ? AND client_id = ? AND status = 'active' ORDER BY id`, tx.Scope.Firm, client).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("list payors of client %s: %w", client, err)
	}
	return ids, nil
}

func endVersion(tx *db.Tx, id ident.ArrangementID, day time.Time) error {
	res := tx.Exec(`UPDATE arrangement SET until_on = ?::date, ended_by = ?, ended_at = ? WHERE firm_id = ? AND id = ? AND until_on IS NULL AND withdrawn_at IS NULL`,
		day.Format(time.DateOnly), tx.Scope.Actor, tx.Now, tx.Scope.Firm, id)
	return changed(res.RowsAffected, res.Error)
}

func withdrawVersion(tx *db.Tx, id ident.ArrangementID) error {
	res := tx.Exec(`UPDATE arrangement SET withdrawn_by = ?, withdrawn_at = ? WHERE firm_id = ? AND id = ? AND withdrawn_at IS NULL`,
		tx.Scope.Actor, tx.Now, tx.Scope.Firm, id)
	return changed(res.RowsAffected, res.Error)
}

func changed(rows int64, err error) error {
	if err != nil {
		return fmt.Errorf("change arrangement: %w", err)
	}
	if rows != 1 {
		return ErrOver
	}
	return nil
}

func orNone[T ~string](id T) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}
