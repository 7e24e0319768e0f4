package portal

import (
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

const columns = `x.id, x.name, x.format, x.encoding, x.file_name, x.extension, x.narrative_limit, x.country, x.names, x.task_sets, x.expense_task, x.residual,
	x.tolerance_minor, x.number_form, x.resubmit, x.appeal_days, x.dispute_days, x.late_days, x.route, x.status, x.version`

// row is a receiver as it is stored; the sets are one text there.
type row struct {
	Profile  `gorm:"embedded"`
	TaskSets string
}

func (r row) profile() Profile {
	p := r.Profile
	if r.TaskSets != "" {
		p.TaskSets = strings.Split(r.TaskSets, ",")
	}
	return p
}

func load(tx *db.Tx, payors, cond string, args ...any) ([]Profile, error) {
	var rows []row
	q := `SELECT ` + columns + payors + ` FROM portal x WHERE x.firm_id = ?` + cond + ` ORDER BY lower(x.name), x.id`
	if err := tx.Raw(q, args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list receivers: %w", err)
	}
	list := make([]Profile, len(rows))
	for i, r := range rows {
		list[i] = r.profile()
	}
	return list, nil
}

// counted adds how many payors that the access may know of are served through a receiver.
func counted(a *authz.Access) (sql string, args []any) {
	cond, args := a.Clients("c")
	return `, (SELECT count(*) FROM payor y JOIN client c ON c.firm_id = y.firm_id AND c.id = y.client_id
		WHERE y.firm_id = x.firm_id AND y.portal_id = x.id AND y.status = 'active' AND ` + cond + `) AS payors`, args
}

func all(tx *db.Tx, a *authz.Access) ([]Profile, error) {
	sql, args := counted(a)
	return load(tx, sql, "", append(args, tx.Scope.Firm)...)
}

func seen(tx *db.Tx, a *authz.Access, id ident.PortalID) (Profile, error) {
	sql, args := counted(a)
	return only(load(tx, sql, " AND x.id = ?", append(args, tx.Scope.Firm, id)...))
}

// Of is the receiver that a payor names, ErrNotFound where it names none. It decides
// nothing about who asks.
func Of(tx *db.Tx, payor ident.PayorID) (Profile, error) {
	return only(load(tx, "", ` AND x.id = (SELECT y.portal_id FROM payor y WHERE y.firm_id = x.firm_id AND y.id = ?)`, tx.Scope.Firm, payor))
}

// ByID is one receiver of the transaction's firm, whoever asks.
func ByID(tx *db.Tx, id ident.PortalID) (Profile, error) {
	return only(load(tx, "", ` AND x.id = ?`, tx.Scope.Firm, id))
}

// connected tells whether the receiver has a connector, and keeps it until the transaction
// ends: one that files go by is not taken away.
func connected(tx *db.Tx, id ident.PortalID) (bool, error) {
	var n int64
	err := tx.Raw(`SELECT count(*) FROM (SELECT portal_id FROM connector WHERE firm_id = ? AND portal_id = nullif(?, '')::uuid FOR SHARE) c`, tx.Scope.Firm, string(id)).Row().Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for the connector of receiver %s: %w", id, err)
	}
	return n > 0, nil
}

func only(list []Profile, err error) (Profile, error) {
	switch {
	case err != nil:
		return Profile{}, err
	case len(list) != 1:
		return Profile{}, ErrNotFound
	}
	return list[0], nil
}

func insert(tx *db.Tx, p Profile) error {
	err := tx.Exec(`INSERT INTO portal (firm_id, id, name, format, encoding, file_name, extension, narrative_limit, country, names, task_sets, expense_task, residual,
			tolerance_minor, number_form, resubmit, appeal_days, dispute_days, late_days, route, status, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, p.ID, p.Name, p.Format, p.Encoding, p.FileName, p.Extension, p.NarrativeLimit, p.Country, p.Names, strings.Join(p.TaskSets, ","), p.ExpenseTask, p.Residual,
		p.ToleranceMinor, p.NumberForm, p.Resubmit, p.AppealDays, p.DisputeDays, p.LateDays, p.Route, p.Status, tx.Now).Error
	return named(err)
}

func update(tx *db.Tx, p Profile) error {
	res := tx.Exec(`UPDATE portal SET name = ?, format = ?, encoding = ?, file_name = ?, extension = ?, narrative_limit = ?, country = ?, names = ?, task_sets = ?, expense_task = ?,
			residual = ?, tolerance_minor = ?, number_form = ?, resubmit = ?, appeal_days = ?, dispute_days = ?, late_days = ?, route = ?, status = ?, version = version + 1
		WHERE firm_id = ? AND id = ? AND version = ?`,
		p.Name, p.Format, p.Encoding, p.FileName, p.Extension, p.NarrativeLimit, p.Country, p.Names, strings.Join(p.TaskSets, ","), p.ExpenseTask,
		p.Residual, p.ToleranceMinor, p.NumberForm, p.Resubmit, p.AppealDays, p.DisputeDays, p.LateDays, p.Route, p.Status, tx.Scope.Firm, p.ID, p.Version)
	if res.Error == nil && res.RowsAffected != 1 {
		return ErrStale
	}
	return named(res.Error)
}

func named(err error) error {
	if err == nil {
		return nil
	}
	if db.Violates(err, "portal_name") {
		return ErrNameTaken
	}
	return fmt.Errorf("save receiver: %w", err)
}
