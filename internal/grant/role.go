package grant

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Role is a role of the firm's own: some permissions under a name, for its own people
// or for the bureau's. Who holds it has at once what it comes to include.
type Role struct {
	ID          ident.RoleID
	Staff       bool // for the bureau's people
	Name        string
	Permissions []rbac.Permission
	By          string
	At          time.Time
	Closed      *time.Time // not given any more
	Holders     int        // grants of it that have not ended
	Version     int
}

// Named is the role as a grant names it.
func (r Role) Named() rbac.Role { return rbac.Custom(r.Staff, string(r.ID)) }

// RoleDraft is a role as somebody puts it together.
type RoleDraft struct {
	Staff       bool // cannot change later
	Name        string
	Permissions []rbac.Permission
}

// Faults of roles.
var (
	ErrRoleName  = fault.New(fault.Conflict, "role_name", "a role of this name exists already")
	ErrRoleHeld  = fault.New(fault.Conflict, "role_held", "somebody holds this role; end those grants first")
	ErrRoleOwn   = fault.New(fault.Forbidden, "role_own", "nobody changes a role that they hold; ask another administrator")
	ErrRoleStale = fault.New(fault.Stale, "role_stale", "somebody changed this role in the meantime; open it again")
	ErrRoleGone  = fault.New(fault.Conflict, "role_closed", "this role is closed")
)

func (s *Service) validateRole(d RoleDraft) error {
	var fs fault.Fields
	fs.Line("name", d.Name, 1, 60)
	if len(d.Permissions) == 0 {
		fs.Add("permissions", "permissions_none", "choose at least one")
	}
	for _, p := range d.Permissions {
		if !s.lattice.Givable(d.Staff, p) {
			fs.Add("permissions", "permission_bound", "a role of the firm's own cannot include %q", string(p))
		}
	}
	if slices.Contains(d.Permissions, rbac.PrebillApprove) && (slices.Contains(d.Permissions, rbac.PrebillBuild) || slices.Contains(d.Permissions, rbac.PrebillSubmit)) {
		fs.Add("permissions", "permission_pair", "nobody prepares and approves pre-bills; choose one of the two")
	}
	return fs.Err(ErrInvalid)
}

// RoleChoices lists what a role for that side may include.
func (s *Service) RoleChoices(staff bool) []rbac.Permission { return s.lattice.GivableTo(staff) }

// GivenRole is a role that comes with Docketry and that a firm gives, with what it includes.
type GivenRole struct {
	Role        rbac.Role
	Permissions []rbac.Permission
}

// GivenRoles lists them: the bureau's people's first. Anybody may know them, the
// policy is the same for every firm.
func (s *Service) GivenRoles() (list []GivenRole) {
	for _, staff := range []bool{true, false} {
		for _, r := range rbac.Roles() {
			if r.OfBureau() != staff || !s.lattice.MayGrant(rbac.RoleFirmAdmin, r) {
				continue
			}
			g := GivenRole{Role: r}
			for _, p := range rbac.All() {
				if s.lattice.Allows(r, p) {
					g.Permissions = append(g.Permissions, p)
				}
			}
			list = append(list, g)
		}
	}
	return list
}

// Roles lists the firm's own roles by name, the closed ones last.
func (s *Service) Roles(ctx context.Context) (list []Role, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.RoleRead); err != nil {
			return err
		}
		list, err = roles(tx)
		return err
	})
	return list, err
}

// Role is one of them.
func (s *Service) Role(ctx context.Context, id ident.RoleID) (r Role, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.RoleRead); err != nil {
			return err
		}
		r, err = loadRole(tx, id, "")
		return err
	})
	return r, err
}

// MakeRole makes a role that the firm may give from now on.
func (s *Service) MakeRole(ctx context.Context, d RoleDraft) (r Role, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.editsRoles(tx); err != nil {
			return err
		}
		if err := s.validateRole(d); err != nil {
			return err
		}
		r = Role{ID: ident.New[ident.RoleID](tx.Now), Staff: d.Staff, Name: d.Name, Permissions: sorted(d.Permissions), At: tx.Now, Version: 1}
		if err := insertRole(tx, r); err != nil {
			return err
		}
		return recordRole(tx, "role.made", nil, r)
	})
	return r, err
}

// EditRole changes name and permissions for everybody who holds the role, at once.
// Nobody changes a role that they hold themselves.
func (s *Service) EditRole(ctx context.Context, id ident.RoleID, version int, d RoleDraft) (r Role, err error) {
	err = s.changingRole(ctx, id, func(tx *db.Tx, old Role) error {
		d.Staff = old.Staff
		if err := s.validateRole(d); err != nil {
			return err
		}
		if old.Version != version {
			return ErrRoleStale
		}
		r = old
		r.Name, r.Permissions, r.Version = d.Name, sorted(d.Permissions), old.Version+1
		if err := updateRole(tx, r); err != nil {
			return err
		}
		if err := recordRole(tx, "role.edited", old, r); err != nil {
			return err
		}
		return s.leaveRole(tx, r)
	})
	return r, err
}

// CloseRole takes a role that nobody holds out of what can be given.
func (s *Service) CloseRole(ctx context.Context, id ident.RoleID) error {
	return s.changingRole(ctx, id, func(tx *db.Tx, old Role) error {
		if old.Holders > 0 {
			return ErrRoleHeld
		}
		r := old
		r.Closed, r.Version = &tx.Now, old.Version+1
		if err := updateRole(tx, r); err != nil {
			return err
		}
		return recordRole(tx, "role.closed", old, r)
	})
}

func (s *Service) changingRole(ctx context.Context, id ident.RoleID, fn func(tx *db.Tx, old Role) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.editsRoles(tx); err != nil {
			return err
		}
		old, err := loadRole(tx, id, " FOR UPDATE OF r")
		if err != nil {
			return err
		}
		if old.Closed != nil {
			return ErrRoleGone
		}
		mine, err := holdersOf(tx, id)
		if err != nil {
			return err
		}
		if slices.Contains(mine, tx.Scope.Actor) {
			return ErrRoleOwn
		}
		return fn(tx, old)
	})
}

// editsRoles wants an administrator whose own access is the whole firm: a role reaches
// as far as any grant of it.
func (s *Service) editsRoles(tx *db.Tx) (*authz.Access, error) {
	a, err := s.guard.Require(tx, rbac.RoleEdit)
	if err == nil && !a.WholeFirm() {
		err = authz.ErrForbidden.With("your own access covers a part of the firm; who sees all of it makes roles")
	}
	return a, err
}

// leaveRole lets go of what holders of a changed role hold, as when access ends: they
// take it up again with what they have now.
func (s *Service) leaveRole(tx *db.Tx, r Role) error {
	who, err := holdersOf(tx, r.ID)
	if err != nil {
		return err
	}
	for _, p := range who {
		if err := s.people.Leave(tx, p); err != nil {
			return err
		}
	}
	return nil
}

// givenRole refuses a role that is not the firm's, or is closed.
func givenRole(tx *db.Tx, role rbac.Role) error {
	if !role.IsCustom() {
		return nil
	}
	id, err := ident.Parse[ident.RoleID](role.CustomID())
	if err != nil {
		return errRole
	}
	r, err := loadRole(tx, id, " FOR SHARE OF r")
	if err != nil || r.Closed != nil || r.Staff != role.OfBureau() {
		return errRole
	}
	return nil
}

var errRole = ErrInvalid.On(fault.Field{Path: "role", Code: "choice_unknown", Message: "choose a role"})

func sorted(list []rbac.Permission) []rbac.Permission {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}

func recordRole(tx *db.Tx, action string, before any, r Role) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "role", ID: string(r.ID), Class: audit.C1, Permission: string(rbac.RoleEdit), Before: before, After: r,
		Detail: map[string]any{"staff": r.Staff, "permissions": r.Permissions, "version": r.Version}})
}

const roleColumns = `r.id, r.staff, r.name, r.permissions, b.name, r.created_at, r.closed_at, r.version,
	(SELECT count(*) FROM access_grant g WHERE g.firm_id = r.firm_id AND g.role_id = r.id AND g.ended_at IS NULL)
	FROM custom_role r JOIN person b ON b.id = r.created_by`

func scanRole(row scanner) (r Role, err error) {
	var permissions db.Strings
	err = row.Scan(&r.ID, &r.Staff, &r.Name, &permissions, &r.By, &r.At, &r.Closed, &r.Version, &r.Holders)
	for _, p := range permissions {
		r.Permissions = append(r.Permissions, rbac.Permission(p))
	}
	return r, err
}

func loadRole(tx *db.Tx, id ident.RoleID, locking string) (Role, error) {
	r, err := scanRole(tx.Raw(`SELECT `+roleColumns+` WHERE r.firm_id = ? AND r.id = ?`+locking, tx.Scope.Firm, id).Row())
	return r, wrap(err, "load role", id)
}

func roles(tx *db.Tx) (list []Role, err error) {
	rows, err := tx.Raw(`SELECT `+roleColumns+` WHERE r.firm_id = ? ORDER BY r.closed_at IS NOT NULL, lower(r.name), r.id`, tx.Scope.Firm).Rows()
	if err != nil {
		return nil, fmt.Errorf("list roles of firm %s: %w", tx.Scope.Firm, err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRole(rows)
		if err != nil {
			return nil, fmt.Errorf("read role: %w", err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// holdersOf lists who has a grant of the role that has not ended.
func holdersOf(tx *db.Tx, id ident.RoleID) (who []ident.PersonID, err error) {
	err = tx.Raw(`SELECT DISTINCT person_id FROM access_grant WHERE firm_id = ? AND role_id = ? AND ended_at IS NULL ORDER BY person_id`, tx.Scope.Firm, id).Scan(&who).Error
	return who, wrap(err, "list the holders of role", id)
}

func insertRole(tx *db.Tx, r Role) error {
	if err := freeName(tx, r); err != nil {
		return err
	}
	err := tx.Exec(`INSERT INTO custom_role (firm_id, id, staff, name, permissions, created_by, created_at) VALUES (?, ?, ?, ?, ?::text[], ?, ?)`,
		tx.Scope.Firm, r.ID, r.Staff, r.Name, db.Array(r.Permissions), tx.Scope.Actor, tx.Now).Error
	return wrap(err, "insert role", r.ID)
}

func updateRole(tx *db.Tx, r Role) error {
	if err := freeName(tx, r); err != nil {
		return err
	}
	err := tx.Exec(`UPDATE custom_role SET name = ?, permissions = ?::text[], closed_at = ?, version = ? WHERE firm_id = ? AND id = ?`,
		r.Name, db.Array(r.Permissions), r.Closed, r.Version, tx.Scope.Firm, r.ID).Error
	return wrap(err, "save role", r.ID)
}

// freeName refuses a name that another open role has. The lock makes two that take one
// name at once wait in line.
func freeName(tx *db.Tx, r Role) error {
	if err := tx.Lock("role names of " + string(tx.Scope.Firm)); err != nil {
		return err
	}
	var taken bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM custom_role WHERE firm_id = ? AND lower(name) = lower(?) AND closed_at IS NULL AND id <> ?)`, tx.Scope.Firm, r.Name, r.ID).Row().Scan(&taken)
	if err != nil {
		return wrap(err, "look for a role of this name in firm", tx.Scope.Firm)
	}
	if taken && r.Closed == nil {
		return ErrRoleName.On(fault.Field{Path: "name", Code: "role_name", Message: "choose another name; a role of this name exists already"})
	}
	return nil
}
