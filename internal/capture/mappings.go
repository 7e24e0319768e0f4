package capture

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

const mappingColumns = `id, source, columns::text, date_form, decimal_mark, delimiter, version`

func scanMapping(row interface{ Scan(...any) error }, m *Mapping) error {
	var columns string
	if err := row.Scan(&m.ID, &m.Source, &columns, &m.DateForm, &m.DecimalMark, &m.Delimiter, &m.Version); err != nil {
		return err
	}
	return json.Unmarshal([]byte(columns), &m.Columns)
}

// The sources that need no mapping.
const (
	sourceCSV   = "csv"
	sourceLEDES = "ledes"
)

// knownMapping is mappingFor an upload: a name under which nothing is saved is
// refused, or a misspelt one would make other entries of the same rows.
func knownMapping(tx *db.Tx, source string) (Mapping, error) {
	m, err := mappingFor(tx, source)
	if err == nil && m.ID == "" && source != "" && source != sourceCSV && source != sourceLEDES {
		var fs fault.Fields
		fs.Add("source", "mapping_unknown", "no column mapping is saved under this name; leave it empty for the usual columns, or save the mapping first")
		return m, fs.Err(ErrSource)
	}
	return m, err
}

// mappingFor is the saved mapping of a source, the default when there is none.
func mappingFor(tx *db.Tx, source string) (m Mapping, err error) {
	err = scanMapping(tx.Raw(`SELECT `+mappingColumns+` FROM import_mapping WHERE firm_id = ? AND source = ?`, tx.Scope.Firm, source).Row(), &m)
	if errors.Is(err, sql.ErrNoRows) {
		return Mapping{Source: source}, nil
	}
	if err != nil {
		return m, fmt.Errorf("load column mapping: %w", err)
	}
	return m, nil
}

// Mappings lists the column mappings of the firm, by source.
func (s *Service) Mappings(ctx context.Context) (list []Mapping, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.ImportRead); err != nil {
			return err
		}
		rows, err := tx.Raw(`SELECT `+mappingColumns+` FROM import_mapping WHERE firm_id = ? ORDER BY source`, tx.Scope.Firm).Rows()
		if err != nil {
			return fmt.Errorf("list column mappings: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var m Mapping
			if err := scanMapping(rows, &m); err != nil {
				return fmt.Errorf("read column mapping: %w", err)
			}
			list = append(list, m)
		}
		return rows.Err()
	})
	return list, err
}

// SaveMapping saves how the files of m.Source name their columns: a new one with
// Version 0, else the one whose version is m.Version.
func (s *Service) SaveMapping(ctx context.Context, m Mapping) (Mapping, error) {
	if err := m.Validate(); err != nil {
		return m, err
	}
	if m.DateForm == "" {
		m.DateForm = "YYYY-MM-DD"
	}
	if m.DecimalMark == "" {
		m.DecimalMark = "."
	}
	err := s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.ImportCreate); err != nil {
			return err
		}
		before, err := mappingFor(tx, m.Source)
		if err != nil {
			return err
		}
		if before.Version != m.Version {
			return ErrStale
		}
		if err := upsertMapping(tx, &m, before); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "import_mapping.saved", Object: "import_mapping", ID: m.ID, Class: audit.C2, Permission: string(rbac.ImportCreate), Before: before, After: m})
	})
	return m, err
}

func upsertMapping(tx *db.Tx, m *Mapping, before Mapping) error {
	if m.Columns == nil {
		m.Columns = map[Field]string{}
	}
	columns, err := json.Marshal(m.Columns)
	if err != nil {
		return fmt.Errorf("encode column mapping: %w", err)
	}
	m.Version++
	if before.Version == 0 {
		m.ID = string(ident.New[ident.ImportID](tx.Now))
		err = tx.Exec(`INSERT INTO import_mapping (firm_id, id, source, columns, date_form, decimal_mark, delimiter, changed_by, changed_at) VALUES (?, ?, ?, ?::jsonb, ?, ?, ?, ?, ?)`,
			tx.Scope.Firm, m.ID, m.Source, string(columns), m.DateForm, m.DecimalMark, m.Delimiter, orNull(tx.Scope.Actor), tx.Now).Error
		if db.Violates(err, "import_mapping_source_key") {
			return ErrStale
		}
		return err
	}
	m.ID = before.ID
	res := tx.Exec(`UPDATE import_mapping SET columns = ?::jsonb, date_form = ?, decimal_mark = ?, delimiter = ?, changed_by = ?, changed_at = ?, version = version + 1
		WHERE firm_id = ? AND id = ? AND version = ?`, string(columns), m.DateForm, m.DecimalMark, m.Delimiter, orNull(tx.Scope.Actor), tx.Now, tx.Scope.Firm, m.ID, before.Version)
	if res.Error == nil && res.RowsAffected != 1 {
		return ErrStale
	}
	return res.Error
}
