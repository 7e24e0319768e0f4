package grant

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
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
	to := people.Address(in.Email)
	var fs fault.Fields
	fs.Line("name", in.Name, 1, 120)
	fs.Line("bureau", in.Bureau, 1, 120)
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
		token, err = people.FirstLink(tx, p.ID)
		return err
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
func firstBureauAdmin(tx *db.Tx, name, email string) (people.Person, error) {
	var enrolled bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM access_grant g JOIN person p ON p.id = g.person_id
		WHERE g.firm_id = ? AND g.role = ? AND g.ended_at IS NULL AND p.status = 'active')`, tx.Scope.Firm, rbac.RoleBureauAdmin).Row().Scan(&enrolled)
	if err != nil {
		return people.Person{}, fmt.Errorf("look for an administrator: %w", err)
	}
	if enrolled {
		return people.Person{}, ErrSetUp
	}
	p, err := people.ByAddress(tx, email)
	if err != nil {
		return p, err
	}
	if p.ID != "" {
		if !p.Staff || p.Status != "invited" {
			return p, ErrStaffElse.With("this address belongs to someone else already")
		}
		return p, nil
	}
	p = people.Person{ID: ident.NewPerson(), Email: email, Name: name, Staff: true, Status: "invited"}
	if err := people.Insert(tx, p); err != nil {
		return p, err
	}
	g := Grant{ID: ident.New[ident.GrantID](tx.Now), Person: p.ID, Role: rbac.RoleBureauAdmin, Scope: authz.ScopeAll, Class: authz.C1, Label: authz.Standard,
		From: tx.Now, Reason: "First administrator of the bureau"}
	if err := insertGrant(tx, g, ""); err != nil {
		return p, err
	}
	return p, recordGrant(tx, "grant.given", rbac.FirmCreate, g)
}
