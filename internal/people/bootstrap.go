package people

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Setup is the bureau and its first administrator.
type Setup struct {
	Bureau  string // its name
	TZ      string
	Country string
	Name    string // of the administrator
	Email   string
}

// Bootstrap makes the bureau and its first administrator and returns the token of
// the link to enrol with; it is for whoever holds the database. Run again it gives
// a new link until that administrator has enrolled, then ErrSetUp.
func Bootstrap(ctx context.Context, d *db.DB, in Setup) (token string, err error) {
	to := address(in.Email)
	var fs fault.Fields
	line(&fs, "name", in.Name, 1, 120)
	line(&fs, "bureau", in.Bureau, 1, 120)
	if to == "" {
		fs.Add("email", "email_form", "enter one address such as name@example.com")
	}
	if err := fs.Err(ErrInvalid); err != nil {
		return "", err
	}
	fresh := ident.New[ident.FirmID](d.Clock().Now())
	err = d.InFirm(scope.ForMachine(ctx, "bootstrap", fresh), func(tx *db.Tx) error {
		if err := enterOrOpen(tx, in); err != nil {
			return err
		}
		p, err := firstBureauAdmin(tx, in.Name, to)
		if err != nil {
			return err
		}
		if token, err = secret(); err != nil {
			return err
		}
		err = tx.Exec(`INSERT INTO credential (person_id, kind, secret_hash, expires_at, issuer, changed_at) VALUES (?, 'invite', ?, ?, ?, ?)
			ON CONFLICT (person_id, kind) DO UPDATE SET secret_hash = excluded.secret_hash, expires_at = excluded.expires_at, changed_at = excluded.changed_at`,
			p.ID, hashOf(token), tx.Now.Add(inviteTime), tx.Scope.Firm, tx.Now).Error
		if err != nil {
			return fmt.Errorf("keep the invitation of person %s: %w", p.ID, err)
		}
		return audit.Record(tx, audit.Entry{Action: "person.invited", Object: "person", ID: string(p.ID), Class: audit.C1})
	})
	return token, err
}

// enterOrOpen moves tx into the bureau, which it makes when there is none. The lock
// keeps two of these from making two.
func enterOrOpen(tx *db.Tx, in Setup) error {
	if err := tx.Lock("bootstrap"); err != nil {
		return err
	}
	var home *ident.FirmID
	if err := tx.Raw("SELECT auth.bureau()").Row().Scan(&home); err != nil {
		return fmt.Errorf("look for the bureau: %w", err)
	}
	if home != nil {
		return tx.Enter(*home)
	}
	err := tx.Exec(`INSERT INTO firm (firm_id, kind, code, name, slot, tz, currency, country, created_at) VALUES (?, 'bureau', 'BUR', ?, 1, ?, 'USD', ?, ?)`,
		tx.Scope.Firm, in.Bureau, in.TZ, in.Country, tx.Now).Error
	if err != nil {
		return fmt.Errorf("insert the bureau: %w", err)
	}
	return audit.Record(tx, audit.Entry{Action: "firm.opened", Object: "firm", ID: string(tx.Scope.Firm), Class: audit.C1})
}

// firstBureauAdmin finds or makes the invited administrator; ErrSetUp once one has enrolled.
func firstBureauAdmin(tx *db.Tx, name, email string) (Person, error) {
	var enrolled bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM access_grant g JOIN person p ON p.id = g.person_id
		WHERE g.firm_id = ? AND g.role = ? AND g.ended_at IS NULL AND p.status = 'active')`, tx.Scope.Firm, rbac.RoleBureauAdmin).Row().Scan(&enrolled)
	if err != nil {
		return Person{}, fmt.Errorf("look for an administrator: %w", err)
	}
	if enrolled {
		return Person{}, ErrSetUp
	}
	a, err := accountBy(tx, email)
	if err != nil {
		return a.Person, err
	}
	if a.ID != "" {
		if !a.Staff || a.Status != "invited" {
			return a.Person, ErrStaffElse.With("this address belongs to someone else already")
		}
		return a.Person, nil
	}
	p := Person{ID: ident.NewPerson(), Email: email, Name: name, Staff: true, Status: "invited"}
	if err := insertPerson(tx, p); err != nil {
		return p, err
	}
	g := Grant{ID: ident.New[ident.GrantID](tx.Now), Person: p.ID, Role: rbac.RoleBureauAdmin, Scope: authz.ScopeAll, Class: authz.C1, Label: authz.Standard,
		From: tx.Now, Reason: "First administrator of the bureau"}
	if err := insertGrant(tx, g, ""); err != nil {
		return p, err
	}
	return p, recordGrant(tx, "grant.given", rbac.FirmCreate, g)
}
