package tax

import (
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

type codeRow struct {
	ID                                          ident.TaxCodeID
	Code, Name, Country, Region, Number, OnCode string
	RateE6                                      money.Fraction
	Withheld                                    bool
	FromOn, UntilOn                             string
	Version                                     int
}

func (r codeRow) code() Code {
	return Code{ID: r.ID, Code: r.Code, Name: r.Name, Rate: r.RateE6, Country: r.Country, Region: r.Region, Number: r.Number, On: r.OnCode,
		Withheld: r.Withheld, From: r.FromOn, Until: r.UntilOn, Version: r.Version}
}

type treatmentRow struct {
	ID                         ident.TreatmentID
	Name, Note, Fees, Expenses string
	Kind                       Kind
	FromOn, UntilOn            string
	Version                    int
}

func (r treatmentRow) treatment() Treatment {
	return Treatment{ID: r.ID, Name: r.Name, Kind: r.Kind, Note: r.Note, Fees: words(r.Fees), Expenses: words(r.Expenses), From: r.FromOn, Until: r.UntilOn, Version: r.Version}
}

func words(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// Load is the book of the transaction's firm: codes by word, the latest first, and treatments
// by name. It decides nothing about who asks.
func Load(tx *db.Tx) (*Book, error) {
	var codes []codeRow
	err := tx.Raw(`SELECT id, code, name, rate_e6, country, region, number, on_code, withheld, from_on::text AS from_on, coalesce(until_on::text, '') AS until_on, version
		FROM tax_code WHERE firm_id = ? ORDER BY code, from_on DESC`, tx.Scope.Firm).Scan(&codes).Error
	if err != nil {
		return nil, fmt.Errorf("list tax codes: %w", err)
	}
	var treatments []treatmentRow
	err = tx.Raw(`SELECT id, name, kind, note, fees, expenses, from_on::text AS from_on, coalesce(until_on::text, '') AS until_on, version
		FROM tax_treatment WHERE firm_id = ? ORDER BY lower(name), from_on DESC, id`, tx.Scope.Firm).Scan(&treatments).Error
	if err != nil {
		return nil, fmt.Errorf("list tax treatments: %w", err)
	}
	b := &Book{}
	for _, r := range codes {
		b.Codes = append(b.Codes, r.code())
	}
	for _, r := range treatments {
		b.Treatments = append(b.Treatments, r.treatment())
	}
	return b, nil
}

// ChoiceOf is which treatment each level has for a bill of a matter to a payor. It decides
// nothing about who asks.
func ChoiceOf(tx *db.Tx, matter ident.MatterID, payor ident.PayorID) (c Choice, err error) {
	err = tx.Raw(`SELECT coalesce(p.treatment_id::text, '') AS payor, coalesce(m.treatment_id::text, '') AS matter, coalesce(c.treatment_id::text, '') AS client,
			coalesce(f.treatment_id::text, '') AS firm, m.tax_rate_e6 > 0 OR m.tax_note <> '' AS own
		FROM matter m JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id JOIN payor p ON p.firm_id = m.firm_id AND p.id = ? JOIN firm f ON f.firm_id = m.firm_id
		WHERE m.firm_id = ? AND m.id = ?`, payor, tx.Scope.Firm, matter).Scan(&c).Error
	if err != nil {
		return c, fmt.Errorf("load tax treatments of matter %s: %w", matter, err)
	}
	return c, nil
}

// Chosen settles the treatment of something that is saved: as it was (nil), none (""), or one
// of the firm's that is in use. before is nil for what is new. ErrNotFound for one that the firm
// has not, ErrUnknown for one that ended.
func Chosen(tx *db.Tx, chosen, before *ident.TreatmentID) (*ident.TreatmentID, error) {
	switch {
	case chosen == nil:
		return before, nil
	case *chosen == "":
		return nil, nil
	case before != nil && *before == *chosen:
		return before, nil
	}
	if _, err := ident.Parse[ident.TreatmentID](string(*chosen)); err != nil {
		return nil, err
	}
	var ended []bool
	err := tx.Raw(`SELECT until_on IS NOT NULL FROM tax_treatment WHERE firm_id = ? AND id = ? FOR KEY SHARE`, tx.Scope.Firm, *chosen).Scan(&ended).Error
	switch {
	case err != nil:
		return nil, fmt.Errorf("look for tax treatment %s: %w", *chosen, err)
	case len(ended) == 0:
		return nil, ErrNotFound
	case ended[0]:
		return nil, ErrUnknown.On(fault.Field{Path: "treatment_id", Code: ErrUnknown.Code, Message: ErrUnknown.Message})
	}
	return chosen, nil
}

func firmsChoice(tx *db.Tx) (id ident.TreatmentID, err error) {
	if err = tx.Raw(`SELECT coalesce(treatment_id::text, '') FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&id); err != nil {
		return "", fmt.Errorf("load tax treatment of firm %s: %w", tx.Scope.Firm, err)
	}
	return id, nil
}

func saveFirmsChoice(tx *db.Tx, id *ident.TreatmentID) error {
	if err := tx.Exec(`UPDATE firm SET treatment_id = ? WHERE firm_id = ?`, id, tx.Scope.Firm).Error; err != nil {
		return fmt.Errorf("save tax treatment of firm %s: %w", tx.Scope.Firm, err)
	}
	return nil
}

func insertCode(tx *db.Tx, c Code) error {
	err := tx.Exec(`INSERT INTO tax_code (firm_id, id, code, name, rate_e6, country, region, number, on_code, withheld, from_on, created_by, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, tx.Scope.Firm, c.ID, c.Code, c.Name, c.Rate, c.Country, c.Region, c.Number, c.On, c.Withheld, c.From, tx.Scope.Actor, tx.Now).Error
	if db.Violates(err, "tax_code_no_overlap") {
		return ErrOverlap
	}
	return wrap(err, "insert tax code", c.ID)
}

func insertTreatment(tx *db.Tx, t Treatment) error {
	err := tx.Exec(`INSERT INTO tax_treatment (firm_id, id, name, kind, note, fees, expenses, from_on, created_by, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, tx.Scope.Firm, t.ID, t.Name, t.Kind, t.Note, strings.Join(t.Fees, ","), strings.Join(t.Expenses, ","), t.From, tx.Scope.Actor, tx.Now).Error
	if db.Violates(err, "tax_treatment_name") {
		return ErrNameTaken
	}
	return wrap(err, "insert tax treatment", t.ID)
}

// end sets the last day of a row of the table.
func end[T ~string](tx *db.Tx, table string, id T, version int, until string) error {
	q := map[string]string{
		"tax_code":      `UPDATE tax_code SET until_on = ?, version = version + 1 WHERE firm_id = ? AND id = ? AND version = ?`,
		"tax_treatment": `UPDATE tax_treatment SET until_on = ?, version = version + 1 WHERE firm_id = ? AND id = ? AND version = ?`,
	}[table]
	res := tx.Exec(q, until, tx.Scope.Firm, id, version)
	if res.Error == nil && res.RowsAffected != 1 {
		return ErrStale
	}
	return wrap(res.Error, "end "+table, id)
}

// used tells whether anyone has the treatment. The row is locked, so that nobody chooses it
// meanwhile.
func used(tx *db.Tx, id ident.TreatmentID) (yes bool, err error) {
	if err = tx.Exec(`SELECT FROM tax_treatment WHERE firm_id = ? AND id = ? FOR UPDATE`, tx.Scope.Firm, id).Error; err != nil {
		return false, wrap(err, "lock tax treatment", id)
	}
	err = tx.Raw(`SELECT EXISTS (SELECT FROM firm WHERE firm_id = ? AND treatment_id = ?) OR EXISTS (SELECT FROM client WHERE firm_id = ? AND treatment_id = ?)
		OR EXISTS (SELECT FROM payor WHERE firm_id = ? AND treatment_id = ?) OR EXISTS (SELECT FROM matter WHERE firm_id = ? AND treatment_id = ?)`,
		tx.Scope.Firm, id, tx.Scope.Firm, id, tx.Scope.Firm, id, tx.Scope.Firm, id).Row().Scan(&yes)
	return yes, wrap(err, "look who has tax treatment", id)
}

func wrap[T ~string](err error, what string, id T) error {
	if err != nil {
		return fmt.Errorf("%s %s: %w", what, id, err)
	}
	return nil
}
