package matter

import (
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

const (
	groupColumns  = `g.id, g.name, g.version`
	memberColumns = `k.id, k.group_id, k.client_id, c.name AS client_name, c.number AS client_number, lower(k.valid) AS "from", upper(k.valid) AS until`
	memberTables  = ` FROM client_group_member k JOIN client c ON c.firm_id = k.firm_id AND c.id = k.client_id `
)

// Members lists all times of clients in groups of the transaction's firm, whoever
// asks: pricing is by job.
func Members(tx *db.Tx) ([]Member, error) { return members(tx, "true", nil) }

func members(tx *db.Tx, cond string, args []any) (list []Member, err error) {
	err = tx.Raw(`SELECT `+memberColumns+memberTables+`WHERE k.firm_id = ? AND `+cond+` ORDER BY lower(k.valid), c.number, k.id`,
		append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
	return list, wrap(err, "groups of clients of firm", tx.Scope.Firm)
}

func memberByID(tx *db.Tx, group ident.GroupID, id ident.MemberID) (m Member, err error) {
	err = one(tx.Raw(`SELECT `+memberColumns+memberTables+`WHERE k.firm_id = ? AND k.group_id = ? AND k.id = ? FOR UPDATE OF k`, tx.Scope.Firm, group, id).Row(),
		&m.ID, &m.GroupID, &m.ClientID, &m.ClientName, &m.ClientNumber, &m.From, &m.Until)
	return m, wrap(err, "membership", id)
}

func insertMember(tx *db.Tx, m Member) error {
	err := tx.Exec(`INSERT INTO client_group_member (firm_id, id, group_id, client_id, valid, added_by, created_at) VALUES (?, ?, ?, ?, daterange(?::date, NULL), ?, ?)`,
		tx.Scope.Firm, m.ID, m.GroupID, m.ClientID, date(m.From), nilIfNone(tx.Scope.Actor), tx.Now).Error
	return taken(err, "client_group_member_no_overlap", ErrInGroup)
}

// endMember cuts the time at day; nothing is left of one that ends on its first day.
func endMember(tx *db.Tx, m Member, day time.Time) error {
	if day.Equal(m.From) {
		return tx.Exec(`DELETE FROM client_group_member WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, m.ID).Error
	}
	return tx.Exec(`UPDATE client_group_member SET valid = daterange(lower(valid), ?::date) WHERE firm_id = ? AND id = ?`, date(day), tx.Scope.Firm, m.ID).Error
}

func groups(tx *db.Tx, cond string, args []any) (list []Group, err error) {
	err = tx.Raw(`SELECT `+groupColumns+` FROM client_group g WHERE g.firm_id = ? AND `+cond+` ORDER BY lower(g.name), g.id`,
		append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
	return list, wrap(err, "groups of clients of firm", tx.Scope.Firm)
}

func groupFor(tx *db.Tx, a *authz.Access, id ident.GroupID) (g Group, err error) {
	cond, args := GroupsKnown(a, "g")
	err = one(tx.Raw(`SELECT `+groupColumns+` FROM client_group g WHERE g.firm_id = ? AND g.id = ? AND `+cond, append([]any{tx.Scope.Firm, id}, args...)...).Row(),
		&g.ID, &g.Name, &g.Version)
	return g, wrap(err, "group of clients", id)
}

func insertGroup(tx *db.Tx, g Group) error {
	err := tx.Exec(`INSERT INTO client_group (firm_id, id, name, created_at) VALUES (?, ?, ?, ?)`, tx.Scope.Firm, g.ID, g.Name, tx.Now).Error
	return taken(err, "client_group_name", ErrGroupName)
}

func updateGroup(tx *db.Tx, g Group) error {
	res := tx.Exec(`UPDATE client_group SET name = ?, version = version + 1 WHERE firm_id = ? AND id = ? AND version = ?`, g.Name, tx.Scope.Firm, g.ID, g.Version)
	return changed(res.RowsAffected, taken(res.Error, "client_group_name", ErrGroupName))
}
