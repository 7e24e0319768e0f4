package grant

import (
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// insertRequest keeps a draft as a request and records that it was made.
func insertRequest(tx *db.Tx, kind RequestKind, p people.Person, d Draft) (Request, error) {
	r := Request{ID: ident.New[ident.RequestID](tx.Now), Kind: kind, Person: p.ID, Name: p.Name, Role: d.Role, Scope: d.Scope, IDs: d.IDs, Practices: d.Practices,
		Class: d.Class, Label: d.Label, Until: d.Until, Reason: d.Reason, AskedBy: tx.Scope.Actor, AskedAt: tx.Now, Ripe: tx.Now.Add(soleWait), Status: RequestWaiting}
	if !d.From.IsZero() {
		r.From = &d.From
	}
	err := tx.Exec(`INSERT INTO access_request (firm_id, id, kind, person_id, role, scope_kind, scope_ids, practice_groups, class, label, from_at, until_at, reason, asked_by, asked_at, ripe_at)
		VALUES (?, ?, ?, ?, ?, ?, ?::uuid[], ?::text[], ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, r.ID, kind, p.ID, d.Role, d.Scope, db.Array(d.IDs), db.Array(d.Practices), d.Class, d.Label, r.From, d.Until, d.Reason, tx.Scope.Actor, tx.Now, r.Ripe).Error
	if err != nil {
		return r, fmt.Errorf("insert request %s: %w", r.ID, err)
	}
	action, allowed := "grant.asked", rbac.GrantAsk
	switch kind {
	case KindSecond:
		action, allowed = "grant.proposed", rbac.GrantGive
	case KindGlass:
		action, allowed = "break_glass.asked", rbac.BreakGlassAsk
	case KindAsk:
	}
	return r, audit.Record(tx, audit.Entry{Action: action, Object: "access_request", ID: string(r.ID), Class: audit.C2, Permission: string(allowed), After: r,
		Detail: map[string]any{"person": r.Person, "role": r.Role, "scope": r.Scope, "class": r.Class, "label": r.Label, "until": r.Until}})
}

const requestColumns = `r.id, r.kind, r.person_id, p.name, r.role, r.scope_kind, r.scope_ids, r.practice_groups, r.class, r.label, r.from_at, r.until_at, r.reason,
	r.asked_by, a.name, r.asked_at, r.ripe_at, r.status, r.narrower, coalesce(d.name, ''), r.decided_at, r.answer, coalesce(r.grant_id::text, '')
	FROM access_request r JOIN acquaintance p ON p.id = r.person_id JOIN person a ON a.id = r.asked_by LEFT JOIN person d ON d.id = r.decided_by`

func scanRequest(row scanner) (r Request, err error) {
	err = row.Scan(&r.ID, &r.Kind, &r.Person, &r.Name, &r.Role, &r.Scope, (*db.Strings)(&r.IDs), (*db.Strings)(&r.Practices), &r.Class, &r.Label, &r.From, &r.Until, &r.Reason,
		&r.AskedBy, &r.AskedName, &r.AskedAt, &r.Ripe, &r.Status, &r.Narrower, &r.DecidedBy, &r.DecidedAt, &r.Answer, &r.Grant)
	return r, err
}

func loadRequest(tx *db.Tx, id ident.RequestID, locking string) (Request, error) {
	r, err := scanRequest(tx.Raw(`SELECT `+requestColumns+` WHERE r.firm_id = ? AND r.id = ?`+locking, tx.Scope.Firm, id).Row())
	return r, wrap(err, "load request", id)
}

func listRequests(tx *db.Tx, mine ident.PersonID) (list []Request, err error) {
	rows, err := tx.Raw(`SELECT `+requestColumns+` WHERE r.firm_id = ? AND (?::uuid IS NULL OR r.asked_by = ?::uuid) AND (r.status = 'waiting' OR r.decided_at > ?)
		ORDER BY (r.status = 'waiting') DESC, coalesce(r.decided_at, r.asked_at) DESC, r.id`,
		tx.Scope.Firm, db.Null(mine), db.Null(mine), tx.Now.AddDate(0, 0, -90)).Rows()
	if err != nil {
		return nil, fmt.Errorf("list requests of firm %s: %w", tx.Scope.Firm, err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRequest(rows)
		if err != nil {
			return nil, fmt.Errorf("read request: %w", err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// nameRequests fills in what each request names, as far as the reader may know.
func nameRequests(tx *db.Tx, a *authz.Access, list []Request) error {
	grants := make([]Grant, len(list))
	for i, r := range list {
		grants[i] = Grant{Scope: r.Scope, IDs: r.IDs}
	}
	if err := nameScopes(tx, a, grants); err != nil {
		return err
	}
	for i, g := range grants {
		list[i].Names, list[i].Hidden = g.Names, g.Hidden
	}
	return nil
}

func fewWaiting(tx *db.Tx) error {
	var n int
	err := tx.Raw(`SELECT count(*) FROM access_request WHERE firm_id = ? AND asked_by = ? AND status = 'waiting'`, tx.Scope.Firm, tx.Scope.Actor).Row().Scan(&n)
	if err != nil {
		return wrap(err, "count waiting requests of firm", tx.Scope.Firm)
	}
	if n >= maxWaiting {
		return ErrManyWaiting
	}
	return nil
}
