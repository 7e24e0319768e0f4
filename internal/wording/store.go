package wording

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/db"
)

const columns = `w.version, w.standard, w.subject, w.body, w.closing, coalesce(p.name, ''), w.published_at`

// current is the last version of a kind; the standard where a firm has none.
func current(tx *db.Tx, k Kind) (Wording, error) {
	w := Wording{Kind: k}
	err := tx.Raw(`SELECT `+columns+` FROM wording w LEFT JOIN person p ON p.id = w.published_by WHERE w.firm_id = ? AND w.kind = ? ORDER BY w.version DESC LIMIT 1`,
		tx.Scope.Firm, k).Row().Scan(&w.Version, &w.Standard, &w.Text.Subject, &w.Text.Body, &w.Text.Closing, &w.By, &w.At)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Wording{Kind: k, Standard: true, Text: Standard(k)}, nil
	case err != nil:
		return w, fmt.Errorf("read the wording of %s: %w", k, err)
	case w.Standard:
		w.Text = Standard(k)
	}
	return w, nil
}

// versions are those before a version, the newest first.
func versions(tx *db.Tx, k Kind, before, most int) (list []Wording, err error) {
	rows, err := tx.Raw(`SELECT `+columns+` FROM wording w LEFT JOIN person p ON p.id = w.published_by WHERE w.firm_id = ? AND w.kind = ? AND w.version < ? ORDER BY w.version DESC LIMIT ?`,
		tx.Scope.Firm, k, before, most).Rows()
	if err != nil {
		return nil, fmt.Errorf("list the wordings of %s: %w", k, err)
	}
	defer rows.Close()
	for rows.Next() {
		w := Wording{Kind: k}
		if err := rows.Scan(&w.Version, &w.Standard, &w.Text.Subject, &w.Text.Body, &w.Text.Closing, &w.By, &w.At); err != nil {
			return nil, fmt.Errorf("read a wording: %w", err)
		}
		if w.Standard {
			w.Text = Standard(k)
		}
		list = append(list, w)
	}
	return list, rows.Err()
}

func insert(tx *db.Tx, w Wording) error {
	err := tx.Exec(`INSERT INTO wording (firm_id, kind, version, standard, subject, body, closing, published_by, published_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, w.Kind, w.Version, w.Standard, w.Text.Subject, w.Text.Body, w.Text.Closing, tx.Scope.Actor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("keep the wording of %s: %w", w.Kind, err)
	}
	return nil
}
