package capture

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// batchRows is the size of one bulk insert (PLATFORM 5).
const batchRows = 2_000

const importColumns = `b.id, b.source, b.format, b.file_name, b.file_hash, b.file_bytes, b.round, b.delimiter, b.status, b.rows_read, b.rows_landed, b.rows_refused,
	b.rows_repeated, b.faults, coalesce(b.imported_by::text, ''), b.created_at, coalesce(b.undone_by::text, ''), b.undone_at, b.version`

func scanImport(row interface{ Scan(...any) error }, b *Import) error {
	return row.Scan(&b.ID, &b.Source, &b.Format, &b.FileName, &b.FileHash, &b.FileBytes, &b.Round, &b.Delimiter, &b.Status, &b.Read, &b.Landed, &b.Refused,
		&b.Repeated, &b.FaultCount, &b.By, &b.CreatedAt, &b.UndoneBy, &b.UndoneAt, &b.Version)
}

// lastRound is the newest reading of a file, with Round 0 when it was never read.
func lastRound(tx *db.Tx, hash string) (b Import, err error) {
	err = scanImport(tx.Raw(`SELECT `+importColumns+` FROM import_batch b WHERE b.firm_id = ? AND b.file_hash = ? ORDER BY b.round DESC LIMIT 1`, tx.Scope.Firm, hash).Row(), &b)
	if errors.Is(err, sql.ErrNoRows) {
		return Import{}, nil
	}
	if err != nil {
		return b, fmt.Errorf("look for earlier imports of a file: %w", err)
	}
	return b, nil
}

// landedSource is the source under which a file's rows stand in the books, "" when none do.
func landedSource(tx *db.Tx, hash string) (source string, err error) {
	err = tx.Raw(`SELECT coalesce((SELECT source FROM import_batch WHERE firm_id = ? AND file_hash = ? AND status = 'landed' ORDER BY round DESC LIMIT 1), '')`,
		tx.Scope.Firm, hash).Row().Scan(&source)
	if err != nil {
		return "", fmt.Errorf("look for the source of a file: %w", err)
	}
	return source, nil
}

func insertImport(tx *db.Tx, b Import) error {
	err := tx.Exec(`INSERT INTO import_batch (firm_id, id, source, format, file_name, file_hash, file_bytes, round, delimiter, rows_read, rows_landed, rows_refused,
			rows_repeated, faults, imported_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, b.ID, b.Source, b.Format, b.FileName, b.FileHash, b.FileBytes, b.Round, b.Delimiter, b.Read, b.Landed, b.Refused,
		b.Repeated, b.FaultCount, orNull(b.By), tx.Now).Error
	if err != nil {
		return fmt.Errorf("save import %s: %w", b.ID, err)
	}
	return nil
}

func lockImport(tx *db.Tx, id ident.ImportID) (b Import, err error) {
	err = scanImport(tx.Raw(`SELECT `+importColumns+` FROM import_batch b WHERE b.firm_id = ? AND b.id = ? FOR UPDATE OF b`, tx.Scope.Firm, id).Row(), &b)
	if errors.Is(err, sql.ErrNoRows) {
		return b, ErrNotFound
	}
	if err != nil {
		return b, fmt.Errorf("load import %s: %w", id, err)
	}
	return b, nil
}

// keptFaults is how many faults of an import stay readable; its row counts all.
const keptFaults = 5_000

func insertFaults(tx *db.Tx, id ident.ImportID, faults []Fault) error {
	faults = faults[:min(len(faults), keptFaults)]
	for from := 0; from < len(faults); from += batchRows {
		if err := insertFaultBatch(tx, id, from, faults[from:min(from+batchRows, len(faults))]); err != nil {
			return err
		}
	}
	return nil
}

func insertFaultBatch(tx *db.Tx, id ident.ImportID, from int, faults []Fault) error {
	seqs, lines := make([]int, len(faults)), make([]int, len(faults))
	texts := [6][]string{}
	for i, f := range faults {
		seqs[i], lines[i] = from+i+1, f.Line
		for k, s := range [6]string{cut(f.Column, pathMax), string(f.Severity), cut(f.Code, 40), cut(f.Value, 200), cut(f.Message, 500), cut(f.Fix, 300)} {
			texts[k] = append(texts[k], s)
		}
	}
	err := tx.Exec(`INSERT INTO import_fault (firm_id, import_id, seq, line, column_name, severity, code, value, message, fix)
		SELECT ?, ?, x.* FROM unnest(?::int[], ?::int[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[]) AS x`,
		tx.Scope.Firm, id, db.Array(seqs), db.Array(lines), db.Array(texts[0]), db.Array(texts[1]), db.Array(texts[2]), db.Array(texts[3]),
		db.Array(texts[4]), db.Array(texts[5])).Error
	if err != nil {
		return fmt.Errorf("save faults of import %s: %w", id, err)
	}
	return nil
}

// cut is a text of at most n characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// faultsOf reads the faults of an import after a sequence number.
func faultsOf(tx *db.Tx, id ident.ImportID, after, limit int) (list []Fault, err error) {
	rows, err := tx.Raw(`SELECT line, column_name, severity, code, value, message, fix FROM import_fault
		WHERE firm_id = ? AND import_id = ? AND seq > ? ORDER BY seq LIMIT ?`, tx.Scope.Firm, id, after, limit).Rows()
	if err != nil {
		return nil, fmt.Errorf("list faults of import %s: %w", id, err)
	}
	defer rows.Close()
	for rows.Next() {
		var f Fault
		if err := rows.Scan(&f.Line, &f.Column, &f.Severity, &f.Code, &f.Value, &f.Message, &f.Fix); err != nil {
			return nil, fmt.Errorf("read fault: %w", err)
		}
		list = append(list, f)
	}
	return list, rows.Err()
}

func orNull[T ~string](id T) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}

func day(t time.Time) string { return t.Format(time.DateOnly) }
