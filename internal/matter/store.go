package matter

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

const clientColumns = `c.id, c.number, c.name, c.treatment_id, c.status, c.version`

func clientByID(tx *db.Tx, id ident.ClientID) (c Client, err error) {
	err = one(tx.Raw(`SELECT `+clientColumns+` FROM client c WHERE c.firm_id = ? AND c.id = ?`, tx.Scope.Firm, id).Row(),
		&c.ID, &c.Number, &c.Name, &c.Treatment, &c.Status, &c.Version)
	return c, wrap(err, "client", id)
}

func clients(tx *db.Tx, cond string, args []any) (list []Client, err error) {
	q := `SELECT ` + clientColumns + ` FROM client c WHERE c.firm_id = ? AND ` + cond + ` ORDER BY c.number`
	err = tx.Raw(q, append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
	return list, wrap(err, "clients of firm", tx.Scope.Firm)
}

func insertClient(tx *db.Tx, c Client) error {
	err := tx.Exec(`INSERT INTO client (firm_id, id, number, name, treatment_id, status, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, c.ID, c.Number, c.Name, c.Treatment, c.Status, tx.Now).Error
	return taken(err, "client_number_key", ErrNumberTaken)
}

func updateClient(tx *db.Tx, c Client) error {
	res := tx.Exec(`UPDATE client SET number = ?, name = ?, treatment_id = ?, status = ?, version = version + 1 WHERE firm_id = ? AND id = ? AND version = ?`,
		c.Number, c.Name, c.Treatment, c.Status, tx.Scope.Firm, c.ID, c.Version)
	return changed(res.RowsAffected, taken(res.Error, "client_number_key", ErrNumberTaken))
}

const payorColumns = `p.id, p.client_id, p.name, p.address, p.country, p.tax_id, p.terms_days, p.delivery, p.ebill, p.portal_id, p.treatment_id, p.status, p.version`

func payorByID(tx *db.Tx, id ident.PayorID) (p Payor, err error) {
	err = one(tx.Raw(`SELECT `+payorColumns+` FROM payor p WHERE p.firm_id = ? AND p.id = ?`, tx.Scope.Firm, id).Row(),
		&p.ID, &p.ClientID, &p.Name, &p.Address, &p.Country, &p.TaxID, &p.TermsDays, &p.Delivery, &p.EBill, &p.Portal, &p.Treatment, &p.Status, &p.Version)
	return p, wrap(err, "payor", id)
}

func payors(tx *db.Tx, cond string, args []any) (list []Payor, err error) {
	q := `SELECT ` + payorColumns + ` FROM payor p JOIN client c ON c.firm_id = p.firm_id AND c.id = p.client_id
		WHERE p.firm_id = ? AND ` + cond + ` ORDER BY p.name, p.id`
	err = tx.Raw(q, append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
	return list, wrap(err, "payors of firm", tx.Scope.Firm)
}

func insertPayor(tx *db.Tx, p Payor) error {
	return tx.Exec(`INSERT INTO payor (firm_id, id, client_id, name, address, country, tax_id, terms_days, delivery, ebill, portal_id, treatment_id, status, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, tx.Scope.Firm, p.ID, p.ClientID, p.Name, p.Address, p.Country, p.TaxID, p.TermsDays, p.Delivery, p.EBill, p.Portal, p.Treatment, p.Status, tx.Now).Error
}

func updatePayor(tx *db.Tx, p Payor) error {
	res := tx.Exec(`UPDATE payor SET name = ?, address = ?, country = ?, tax_id = ?, terms_days = ?, delivery = ?, ebill = ?, portal_id = ?, treatment_id = ?, status = ?, version = version + 1
		WHERE firm_id = ? AND id = ? AND version = ?`, p.Name, p.Address, p.Country, p.TaxID, p.TermsDays, p.Delivery, p.EBill, p.Portal, p.Treatment, p.Status, tx.Scope.Firm, p.ID, p.Version)
	return changed(res.RowsAffected, res.Error)
}

// portalFor settles the receiver of a payor that is saved: as it was, none, or one that the
// firm has and, where it is a new choice, uses. before is nil for a new payor.
func portalFor(tx *db.Tx, p *Payor, before *ident.PortalID) error {
	switch {
	case p.Portal == nil:
		p.Portal = before
		return nil
	case *p.Portal == "":
		p.Portal = nil
		return nil
	case before != nil && *before == *p.Portal:
		return nil
	}
	if _, err := ident.Parse[ident.PortalID](string(*p.Portal)); err != nil {
		return err
	}
	var status string
	if err := one(tx.Raw(`SELECT status FROM portal WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, *p.Portal).Row(), &status); err != nil {
		return wrap(err, "portal", *p.Portal)
	}
	if status != "active" {
		return ErrPortal.On(fault.Field{Path: "portal_id", Code: ErrPortal.Code, Message: ErrPortal.Message})
	}
	return nil
}

const contactColumns = `k.id, k.payor_id, k.name, k.email, k.verified_at, k.status, k.version`

func contactByID(tx *db.Tx, id ident.ContactID) (k Contact, err error) {
	err = one(tx.Raw(`SELECT `+contactColumns+` FROM payor_contact k WHERE k.firm_id = ? AND k.id = ?`, tx.Scope.Firm, id).Row(),
		&k.ID, &k.PayorID, &k.Name, &k.Email, &k.VerifiedAt, &k.Status, &k.Version)
	return k, wrap(err, "contact", id)
}

func contacts(tx *db.Tx, payor ident.PayorID) (list []Contact, err error) {
	err = tx.Raw(`SELECT `+contactColumns+` FROM payor_contact k WHERE k.firm_id = ? AND k.payor_id = ? ORDER BY k.created_at, k.id`, tx.Scope.Firm, payor).Scan(&list).Error
	return list, wrap(err, "contacts of payor", payor)
}

func insertContact(tx *db.Tx, k Contact) error {
	err := tx.Exec(`INSERT INTO payor_contact (firm_id, id, payor_id, name, email, status, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, k.ID, k.PayorID, k.Name, k.Email, k.Status, tx.Now).Error
	return taken(err, "payor_contact_email_key", ErrAddressTaken)
}

// updateContact forgets the confirmation when the address changes.
func updateContact(tx *db.Tx, k Contact) error {
	res := tx.Exec(`UPDATE payor_contact SET name = ?, status = ?, version = version + 1,
			verified_at = CASE WHEN email = ? THEN verified_at END, verified_by = CASE WHEN email = ? THEN verified_by END, email = ?
		WHERE firm_id = ? AND id = ? AND version = ?`, k.Name, k.Status, k.Email, k.Email, k.Email, tx.Scope.Firm, k.ID, k.Version)
	return changed(res.RowsAffected, taken(res.Error, "payor_contact_email_key", ErrAddressTaken))
}

func verifyContact(tx *db.Tx, k Contact) error {
	res := tx.Exec(`UPDATE payor_contact SET verified_at = ?, verified_by = ?, status = 'active', version = version + 1
		WHERE firm_id = ? AND id = ? AND version = ?`, tx.Now, nilIfNone(tx.Scope.Actor), tx.Scope.Firm, k.ID, k.Version)
	return changed(res.RowsAffected, res.Error)
}

const matterColumns = `m.id, m.client_id, c.number AS client_number, c.name AS client_name, m.payor_id, p.name AS payor_name, m.number, m.name, m.practice_group,
	m.label, m.task_set, m.client_matter, m.currency, m.tax_rate_e6 AS tax_rate, m.tax_note, m.treatment_id, coalesce(m.responsible_id::text, '') AS responsible, m.opened_on, m.closed_on, m.status, m.version`

const matterTables = ` FROM matter m JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id JOIN payor p ON p.firm_id = m.firm_id AND p.id = m.payor_id `

// Get loads one matter of the transaction's firm, whoever asks. Decide first:
// Access.RequireMatter.
func Get(tx *db.Tx, id ident.MatterID) (m Matter, err error) {
	err = scanMatter(tx.Raw(`SELECT `+matterColumns+matterTables+`WHERE m.firm_id = ? AND m.id = ?`, tx.Scope.Firm, id).Row(), &m)
	return m, wrap(err, "matter", id)
}

// ByNumber finds a matter by the firm's own number, as files name it. A client
// number, when given, must be the matter's client.
func ByNumber(tx *db.Tx, client, number string) (m Matter, err error) {
	err = scanMatter(tx.Raw(`SELECT `+matterColumns+matterTables+`WHERE m.firm_id = ? AND m.number = ? AND (? = '' OR c.number = ?)`,
		tx.Scope.Firm, number, client, client).Row(), &m)
	return m, wrap(err, "matter number", number)
}

// All lists the firm's matters for an import, by number.
func All(tx *db.Tx) (list []Matter, err error) { return matters(tx, "true", nil) }

func matters(tx *db.Tx, cond string, args []any) (list []Matter, err error) {
	q := `SELECT ` + matterColumns + matterTables + `WHERE m.firm_id = ? AND ` + cond + ` ORDER BY m.number`
	err = tx.Raw(q, append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
	return list, wrap(err, "matters of firm", tx.Scope.Firm)
}

func scanMatter(row *sql.Row, m *Matter) error {
	return one(row, &m.ID, &m.ClientID, &m.ClientNumber, &m.ClientName, &m.PayorID, &m.PayorName, &m.Number, &m.Name, &m.PracticeGroup,
		&m.Label, &m.TaskSet, &m.ClientMatter, &m.Currency, &m.TaxRate, &m.TaxNote, &m.Treatment, &m.Responsible, &m.OpenedOn, &m.ClosedOn, &m.Status, &m.Version)
}

func insertMatter(tx *db.Tx, m Matter) error {
	err := tx.Exec(`INSERT INTO matter (firm_id, id, client_id, payor_id, number, name, practice_group, label, task_set, client_matter, currency,
			tax_rate_e6, tax_note, treatment_id, responsible_id, opened_on, closed_on, status, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, tx.Scope.Firm, m.ID, m.ClientID, m.PayorID, m.Number, m.Name, m.PracticeGroup,
		m.Label, m.TaskSet, m.ClientMatter, m.Currency, m.TaxRate, m.TaxNote, m.Treatment, nilIfNone(m.Responsible), date(m.OpenedOn), closing(m), m.Status, tx.Now).Error
	return taken(err, "matter_number_key", ErrNumberTaken)
}

func updateMatter(tx *db.Tx, m Matter) error {
	res := tx.Exec(`UPDATE matter SET payor_id = ?, number = ?, name = ?, practice_group = ?, label = ?, task_set = ?, client_matter = ?, currency = ?,
			tax_rate_e6 = ?, tax_note = ?, treatment_id = ?, responsible_id = ?, opened_on = ?, closed_on = ?, status = ?, version = version + 1
		WHERE firm_id = ? AND id = ? AND version = ?`, m.PayorID, m.Number, m.Name, m.PracticeGroup, m.Label, m.TaskSet, m.ClientMatter, m.Currency,
		m.TaxRate, m.TaxNote, m.Treatment, nilIfNone(m.Responsible), date(m.OpenedOn), closing(m), m.Status, tx.Scope.Firm, m.ID, m.Version)
	return changed(res.RowsAffected, taken(res.Error, "matter_number_key", ErrNumberTaken))
}

const timekeeperColumns = `t.id, t.code, t.name, t.class, t.office, coalesce(t.person_id::text, '') AS person_id, t.status, t.joined_on, t.left_on, t.admitted_on, t.version`

func timekeeperBy(tx *db.Tx, column string, value any) (t Timekeeper, err error) {
	q := map[string]string{
		"id":   `SELECT ` + timekeeperColumns + ` FROM timekeeper t WHERE t.firm_id = ? AND t.id = ?`,
		"code": `SELECT ` + timekeeperColumns + ` FROM timekeeper t WHERE t.firm_id = ? AND t.code = ?`,
	}[column]
	err = one(tx.Raw(q, tx.Scope.Firm, value).Row(), &t.ID, &t.Code, &t.Name, &t.Class, &t.Office, &t.PersonID, &t.Status, &t.JoinedOn, &t.LeftOn, &t.AdmittedOn, &t.Version)
	return t, wrap(err, "timekeeper", value)
}

// TimekeeperByCode finds a timekeeper as files name one.
func TimekeeperByCode(tx *db.Tx, code string) (Timekeeper, error) {
	return timekeeperBy(tx, "code", code)
}

// Timekeepers lists the firm's timekeepers, those who left included.
func Timekeepers(tx *db.Tx) (list []Timekeeper, err error) {
	err = tx.Raw(`SELECT `+timekeeperColumns+` FROM timekeeper t WHERE t.firm_id = ? ORDER BY t.code`, tx.Scope.Firm).Scan(&list).Error
	return list, wrap(err, "timekeepers of firm", tx.Scope.Firm)
}

func insertTimekeeper(tx *db.Tx, t Timekeeper) error {
	err := tx.Exec(`INSERT INTO timekeeper (firm_id, id, code, name, class, office, person_id, status, joined_on, left_on, admitted_on, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, t.ID, t.Code, t.Name, t.Class, t.Office, nilIfNone(t.PersonID), t.Status, t.JoinedOn, t.LeftOn, t.AdmittedOn, tx.Now).Error
	return taken(err, "timekeeper_code_key", ErrNumberTaken)
}

func updateTimekeeper(tx *db.Tx, t Timekeeper) error {
	res := tx.Exec(`UPDATE timekeeper SET code = ?, name = ?, class = ?, office = ?, person_id = ?, status = ?, joined_on = ?, left_on = ?, admitted_on = ?, version = version + 1 WHERE firm_id = ? AND id = ? AND version = ?`,
		t.Code, t.Name, t.Class, t.Office, nilIfNone(t.PersonID), t.Status, t.JoinedOn, t.LeftOn, t.AdmittedOn, tx.Scope.Firm, t.ID, t.Version)
	return changed(res.RowsAffected, taken(res.Error, "timekeeper_code_key", ErrNumberTaken))
}

func one(row *sql.Row, into ...any) error {
	if row == nil {
		return errors.New("no answer")
	}
	err := row.Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

func wrap(err error, noun string, id any) error {
	if err == nil || errors.Is(err, ErrNotFound) {
		return err
	}
	return fmt.Errorf("load %s %v: %w", noun, id, err)
}

func changed(rows int64, err error) error {
	if err == nil && rows != 1 {
		return ErrStale
	}
	return err
}

func taken(err error, constraint string, sentinel error) error {
	if db.Violates(err, constraint) {
		return sentinel
	}
	return err
}

func nilIfNone[T ~string](id T) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}

func date(t time.Time) string { return t.Format(time.DateOnly) }

func closing(m Matter) *string {
	if m.ClosedOn == nil {
		return nil
	}
	s := date(*m.ClosedOn)
	return &s
}
