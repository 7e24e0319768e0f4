package guideline

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Faults of findings.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrNote     = fault.New(fault.Invalid, "finding_note_missing", "say in a few words why the line stays as it is")
	ErrSettled  = fault.New(fault.Conflict, "finding_settled", "this finding is settled already")
	ErrBlocks   = fault.New(fault.Conflict, "finding_blocks", "this finding blocks: fix or hold the line, or have a partner or the bureau's team lead override it")
)

// State of a stored finding.
type State string

// Open until the line changes (Fixed) or someone says why it stays (Waived).
const (
	Open   State = "open"
	Fixed  State = "fixed"
	Waived State = "waived"
)

// Subject is what was judged: an entry, its line on a pre-bill, or a pre-bill as a
// whole, which has neither.
type Subject struct {
	Entry    ident.EntryID
	Line     ident.PrebillLine // "" at the entry stage
	Prebill  ident.PrebillID   // of a finding on a whole bill, "" of the others
	Currency money.Currency
}

// Judged is a subject with what Check said of it. No findings settles the old ones.
type Judged struct {
	Subject
	Earlier  ident.PrebillLine // the line of a credited bill that this line takes the place of, "" for none
	Findings []Finding
}

// Stored is a finding with its state.
type Stored struct {
	ID ident.FindingID
	Subject
	Finding
	State    State
	WaivedBy ident.PersonID
	WaivedAt *time.Time
	Note     string
	Override *Override // what lets a blocking one pass, while it does
}

const columns = `f.id, coalesce(f.entry_id::text, ''), coalesce(f.line_id::text, ''), coalesce(f.prebill_id::text, ''), f.currency, f.rule, f.rule_version, f.stage, f.severity, f.field, f.observed, f.expected,
	f.params, f.message, f.fix, f.proposal::text, f.at_risk_minor, f.state, coalesce(f.waived_by::text, ''), f.waived_at, f.waived_note, f.title,
	coalesce(o.reason, ''), o.until`

// Withhold leaves out what a reader without C3 does not see: what quotes the narrative,
// also in the fix that it proposes.
func (s *Stored) Withhold() {
	s.Observed, s.Message, s.Note = "", s.Title, ""
	if s.Proposal != nil && s.Proposal.Field == "narrative" {
		s.Proposal = nil
	}
}

// OfEntries lists the findings at the entry stage, fixed ones last, each entry's by rule.
func OfEntries(tx *db.Tx, ids []ident.EntryID) ([]Stored, error) {
	return list(tx, `f.line_id IS NULL AND f.entry_id = ANY (?::uuid[])`, db.Array(ids))
}

// OfLines lists the findings of pre-bill lines.
func OfLines(tx *db.Tx, ids []ident.PrebillLine) ([]Stored, error) {
	return list(tx, `f.line_id = ANY (?::uuid[])`, db.Array(ids))
}

// OfBill lists the findings on a pre-bill as a whole.
func OfBill(tx *db.Tx, id ident.PrebillID) ([]Stored, error) {
	return list(tx, `f.prebill_id = ?`, id)
}

// ByID loads one finding. Decide first whether the actor may know of its matter.
func ByID(tx *db.Tx, id ident.FindingID) (Stored, error) {
	found, err := list(tx, `f.id = ?`, id)
	if err != nil {
		return Stored{}, err
	}
	if len(found) == 0 {
		return Stored{}, ErrNotFound
	}
	return found[0], nil
}

func list(tx *db.Tx, cond string, args ...any) (found []Stored, err error) {
	rows, err := tx.Raw(`SELECT `+columns+` FROM finding f LEFT JOIN finding_override o ON o.firm_id = f.firm_id AND o.id = f.override_id
		WHERE f.firm_id = ? AND `+cond+` ORDER BY f.entry_id, (f.state = 'fixed'), f.rule, f.field`,
		append([]any{tx.Scope.Firm}, args...)...).Rows()
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		s, err := scanStored(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, rows.Err()
}

func scanStored(rows *sql.Rows) (s Stored, err error) {
	var proposal *string
	var why OverrideReason
	var until *time.Time
	err = rows.Scan(&s.ID, &s.Entry, &s.Line, &s.Prebill, &s.Currency, &s.Rule, &s.Version, &s.Stage, &s.Severity, &s.Field, &s.Observed, &s.Expected,
		&s.Params, &s.Message, &s.Fix, &proposal, &s.AtRiskMinor, &s.State, &s.WaivedBy, &s.WaivedAt, &s.Note, &s.Title, &why, &until)
	if err != nil {
		return s, fmt.Errorf("read finding: %w", err)
	}
	if r, ok := RuleByID(s.Rule); ok {
		s.Title = r.Name
	}
	if until != nil {
		s.Override = &Override{Reason: why, Note: s.Note, Until: *until}
	}
	if proposal != nil {
		s.Proposal = &Proposal{}
		err = json.Unmarshal([]byte(*proposal), s.Proposal)
	}
	return s, err
}

// Waive settles an open finding that does not block with the reason why the line stays
// as it is. ErrBlocks when it does: that takes an Override. Who may waive is decided by
// the service that owns the line.
func Waive(tx *db.Tx, id ident.FindingID, note string) error {
	note = strings.TrimSpace(note)
	if !noteFits(note) {
		return ErrNote
	}
	res := tx.Exec(`UPDATE finding SET state = 'waived', waived_by = ?, waived_at = ?, waived_note = ?, settled_at = ?
		WHERE firm_id = ? AND id = ? AND state = 'open' AND severity <> 'block'`, orNone(tx.Scope.Actor), tx.Now, note, tx.Now, tx.Scope.Firm, id)
	if res.Error != nil {
		return fmt.Errorf("waive finding %s: %w", id, res.Error)
	}
	if res.RowsAffected == 1 {
		return nil
	}
	f, err := ByID(tx, id)
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return err
	case err == nil && f.State == Open && f.Severity == Block:
		return ErrBlocks
	default:
		return ErrSettled
	}
}

func noteFits(note string) bool {
	n := len([]rune(note))
	return n >= 3 && n <= 500 && note == clean(note)
}
