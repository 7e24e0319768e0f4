package firm

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// Get returns the firm of tx, for nouns that print it. It decides nothing.
func Get(tx *db.Tx) (f Firm, err error) {
	err = tx.Raw(`SELECT firm_id, kind, code, name, slot, status, tz, currency, address, country, tax_id, reply_to, rounding,
		bank_name, bank_account, bank_code, created_at, version FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(
		&f.ID, &f.Kind, &f.Code, &f.Name, &f.Slot, &f.Status, &f.TZ, &f.Currency, &f.Address, &f.Country, &f.TaxID, &f.ReplyTo, &f.Rounding,
		&f.Bank.Name, &f.Bank.Account, &f.Bank.Code, &f.CreatedAt, &f.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return f, ErrNotFound
	}
	if err != nil {
		return f, fmt.Errorf("load firm %s: %w", tx.Scope.Firm, err)
	}
	return f, nil
}

func insert(tx *db.Tx, f Firm) error {
	err := tx.Exec(`INSERT INTO firm (firm_id, kind, code, name, slot, status, tz, currency, address, country, tax_id, reply_to, rounding, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		f.ID, f.Kind, f.Code, f.Name, f.Slot, f.Status, f.TZ, f.Currency, f.Address, f.Country, f.TaxID, f.ReplyTo, f.Rounding, tx.Now).Error
	if err != nil {
		return fmt.Errorf("insert firm %s: %w", f.ID, err)
	}
	return nil
}

func update(tx *db.Tx, f Firm, version int) error {
	res := tx.Exec(`UPDATE firm SET name = ?, address = ?, country = ?, tax_id = ?, reply_to = ?, rounding = ?,
		bank_name = ?, bank_account = ?, bank_code = ?, version = version + 1 WHERE firm_id = ? AND version = ?`,
		f.Name, f.Address, f.Country, f.TaxID, f.ReplyTo, f.Rounding, f.Bank.Name, f.Bank.Account, f.Bank.Code, f.ID, version)
	if res.Error != nil {
		return fmt.Errorf("save firm %s: %w", f.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrStale
	}
	return nil
}

func insertSeries(tx *db.Tx, s Series, pattern string) error {
	if err := tx.Exec(`INSERT INTO number_series (firm_id, series, pattern) VALUES (?, ?, ?)`, tx.Scope.Firm, s, pattern).Error; err != nil {
		return fmt.Errorf("insert series %s: %w", s, err)
	}
	return nil
}

func numberings(tx *db.Tx) (list []Numbering, err error) {
	err = tx.Raw(`SELECT series, pattern, next, version FROM number_series WHERE firm_id = ? ORDER BY series`, tx.Scope.Firm).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list series of firm %s: %w", tx.Scope.Firm, err)
	}
	return list, nil
}

func updatePattern(tx *db.Tx, s Series, version int, pattern string) error {
	var found bool
	if err := tx.Raw(`SELECT EXISTS (SELECT FROM number_series WHERE firm_id = ? AND series = ?)`, tx.Scope.Firm, s).Row().Scan(&found); err != nil {
		return fmt.Errorf("look for series %s: %w", s, err)
	}
	if !found {
		return ErrNotFound
	}
	res := tx.Exec(`UPDATE number_series SET pattern = ?, version = version + 1 WHERE firm_id = ? AND series = ? AND version = ?`, pattern, tx.Scope.Firm, s, version)
	if res.Error != nil {
		return fmt.Errorf("save pattern of series %s: %w", s, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrStale
	}
	return nil
}

// enterBureau moves a claim's transaction into the bureau's own domain.
func enterBureau(tx *db.Tx) error {
	var id *ident.FirmID
	if err := tx.Raw("SELECT auth.bureau()").Row().Scan(&id); err != nil {
		return fmt.Errorf("find the bureau: %w", err)
	}
	if id == nil {
		return ErrNotSetUp
	}
	return tx.Enter(*id)
}

// placeFor tells which colour the next firm gets, or that its code is in use. The
// caller holds the lock on codes.
func placeFor(tx *db.Tx, code string) (slot int, err error) {
	var taken bool
	if err := tx.Raw("SELECT auth.code_taken(?), auth.next_slot(?)", code, slots).Row().Scan(&taken, &slot); err != nil {
		return 0, fmt.Errorf("look for firm code %s: %w", code, err)
	}
	if taken {
		return 0, ErrCodeTaken
	}
	return slot, nil
}

func cards(tx *db.Tx, firms []ident.FirmID) (list []Card, err error) {
	err = tx.Raw(`SELECT firm_id AS id, kind, code, name, slot, tz FROM firm WHERE firm_id = ANY (?::uuid[]) ORDER BY code`, db.Array(firms)).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list firms: %w", err)
	}
	return list, nil
}

func sortCards(list []Card) {
	slices.SortFunc(list, func(a, b Card) int { return strings.Compare(a.Code, b.Code) })
}
