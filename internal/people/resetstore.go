package people

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// errAskGone parks a job whose ask is not there: it was answered, or is too old.
var errAskGone = fault.New(fault.NotFound, "reset_ask_gone", "this ask for a new password is over; whoever needs a link can ask again at sign-in")

// ask is somebody who wants a link for a new password.
type ask struct {
	id      ident.AskID
	address string // keyed hashes
	network string
	sealed  []byte // the address itself
}

// keepAsk leaves an ask to the worker; false when as many wait for its address as could be
// answered. It looks at nothing that tells whether somebody has the address, and waits for
// nothing that the worker holds.
func keepAsk(tx *db.Tx, a ask) (kept bool, err error) {
	if err := tx.Lock("reset ask " + a.address); err != nil {
		return false, err
	}
	var total, own int
	err = tx.Raw(`SELECT count(*), count(*) FILTER (WHERE network_hash = ?) FROM reset_ask WHERE firm_id = ? AND address_hash = ?`, a.network, tx.Scope.Firm, a.address).Row().Scan(&total, &own)
	if err != nil {
		return false, fmt.Errorf("count the asks that wait: %w", err)
	}
	if !room(total, own) {
		return false, nil
	}
	err = tx.Exec(`INSERT INTO reset_ask (firm_id, id, address_hash, network_hash, address, asked_at) VALUES (?, ?, ?, ?, ?, ?)`, tx.Scope.Firm, a.id, a.address, a.network, a.sealed, tx.Now).Error
	if err != nil {
		return false, fmt.Errorf("keep ask %s: %w", a.id, err)
	}
	return true, nil
}

// takeAsk takes an ask out, to answer it in this transaction.
func takeAsk(tx *db.Tx, id ident.AskID) (a ask, err error) {
	err = tx.Raw(`DELETE FROM reset_ask WHERE firm_id = ? AND id = ? RETURNING id, address_hash, network_hash, address`, tx.Scope.Firm, id).Row().Scan(&a.id, &a.address, &a.network, &a.sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return a, errAskGone
	}
	if err != nil {
		return a, fmt.Errorf("take ask %s: %w", id, err)
	}
	return a, nil
}

// addressed is the person who signs in with an address, ErrNotFound for none.
func addressed(tx *db.Tx, email string) (p Person, err error) {
	err = tx.Raw(`SELECT id, email, name, staff, status FROM person WHERE email = ?`, email).Row().Scan(&p.ID, &p.Email, &p.Name, &p.Staff, &p.Status)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNotFound
	}
	if err != nil {
		return p, fmt.Errorf("look for who is asked for: %w", err)
	}
	return p, nil
}

// resetsSent counts the links that a person was sent within the hour by the
// administrators of a firm, or, with "", for who asked at sign-in, and which of them a
// network asked for.
func resetsSent(tx *db.Tx, who ident.PersonID, issuer ident.FirmID, network string) (total, own int, err error) {
	err = tx.Raw(`SELECT count(*), count(*) FILTER (WHERE network_hash = ?) FROM reset_link WHERE person_id = ? AND issuer IS NOT DISTINCT FROM ?::uuid AND asked_at > ?`,
		network, who, db.Null(issuer), tx.Now.Add(-resetSpan)).Row().Scan(&total, &own)
	return total, own, wrap(err, "count the resets of person", who)
}

func keepReset(tx *db.Tx, i Invitation, issuer ident.FirmID, network string) error {
	err := tx.Exec(`INSERT INTO reset_link (secret_hash, person_id, issuer, network_hash, asked_at, expires_at) VALUES (?, ?, ?::uuid, ?, ?, ?)`,
		hashOf(i.Token), i.Person, db.Null(issuer), db.Null(network), tx.Now, i.Expires).Error
	return wrap(err, "keep the reset of person", i.Person)
}
