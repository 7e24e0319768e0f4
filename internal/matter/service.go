package matter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/tax"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do with clients, payors, matters and timekeepers.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

// ClientsFor are the clients that the actor may know of, by number. Who asks has decided already.
func ClientsFor(tx *db.Tx, a *authz.Access) ([]Client, error) {
	cond, args := a.Clients("c")
	return clients(tx, cond, args)
}

// Clients lists the clients the actor may know of, by number.
func (s *Service) Clients(ctx context.Context) (list []Client, err error) {
	err = s.reading(ctx, rbac.ClientRead, func(tx *db.Tx, a *authz.Access) error {
		list, err = ClientsFor(tx, a)
		return err
	})
	return list, err
}

// Client returns one client, ErrNotFound when the actor may not know of it.
func (s *Service) Client(ctx context.Context, id ident.ClientID) (c Client, err error) {
	err = s.reading(ctx, rbac.ClientRead, func(tx *db.Tx, a *authz.Access) error {
		if err := a.RequireClient(tx, id); err != nil {
			return err
		}
		c, err = clientByID(tx, id)
		return err
	})
	return c, err
}

// SaveClient creates a client when c.ID is empty, else changes the one whose
// version is c.Version. A new one needs a grant over the whole firm.
func (s *Service) SaveClient(ctx context.Context, c Client) (Client, error) {
	seen := c.ID
	if c.Status == "" {
		c.Status = "active"
	}
	err := s.writing(ctx, rbac.ClientEdit, c.Validate(), func(tx *db.Tx, a *authz.Access) error {
		if c.ID == "" {
			if !a.WholeFirm() {
				return authz.ErrForbidden.With("your grant covers some matters only; a new client needs one over the whole firm")
			}
			c.ID, c.Version = ident.New[ident.ClientID](tx.Now), 1
			var err error
			if c.Treatment, err = tax.Chosen(tx, c.Treatment, nil); err != nil {
				return err
			}
			if err := insertClient(tx, c); err != nil {
				return err
			}
			return record(tx, "client.created", "client", string(c.ID), rbac.ClientEdit, nil, c)
		}
		if err := a.RequireClient(tx, c.ID); err != nil {
			return err
		}
		before, err := clientByID(tx, c.ID)
		if err != nil {
			return err
		}
		if c.Treatment, err = tax.Chosen(tx, c.Treatment, before.Treatment); err != nil {
			return err
		}
		if err := updateClient(tx, c); err != nil {
			return err
		}
		c.Version++
		return record(tx, "client.changed", "client", string(c.ID), rbac.ClientEdit, before, c)
	})
	return c, s.noteTaken(ctx, err, audit.Entry{Action: "client.number_refused", Object: "client", ID: string(seen), Permission: string(rbac.ClientEdit)})
}

// noteTaken records, in a transaction of its own, that a number was refused because it is
// taken, and returns err. The entry does not say the number: it may be a hidden matter's.
func (s *Service) noteTaken(ctx context.Context, err error, e audit.Entry) error {
	if !errors.Is(err, ErrNumberTaken) {
		return err
	}
	e.Class, e.Result = audit.C1, "failed"
	if unsaid := s.db.InFirm(ctx, func(tx *db.Tx) error { return audit.Record(tx, e) }); unsaid != nil {
		return unsaid
	}
	return err
}

// Payors lists the payors of one client, or of every client the actor may know of.
func (s *Service) Payors(ctx context.Context, client ident.ClientID) (list []Payor, err error) {
	err = s.reading(ctx, rbac.PayorRead, func(tx *db.Tx, a *authz.Access) error {
		cond, args := a.Clients("c")
		if client != "" {
			cond, args = cond+" AND c.id = ?", append(args, client)
		}
		list, err = payors(tx, cond, args)
		return err
	})
	return list, err
}

// Payor returns one payor with its contacts.
func (s *Service) Payor(ctx context.Context, id ident.PayorID) (p Payor, list []Contact, err error) {
	err = s.reading(ctx, rbac.PayorRead, func(tx *db.Tx, a *authz.Access) error {
		if p, err = payorFor(tx, a, id); err != nil {
			return err
		}
		list, err = contacts(tx, id)
		return err
	})
	return p, list, err
}

// SavePayor creates a payor of p.ClientID when p.ID is empty, else changes it. A
// payor never moves to another client. When p.EBill is empty a payor keeps its e-bill,
// and a new one has a flat file.
func (s *Service) SavePayor(ctx context.Context, p Payor) (Payor, error) {
	if p.Status == "" {
		p.Status = "active"
	}
	err := s.writing(ctx, rbac.PayorEdit, p.Validate(), func(tx *db.Tx, a *authz.Access) error {
		if p.ID == "" {
			if err := a.RequireClient(tx, p.ClientID); err != nil {
				return err
			}
			p.ID, p.Version = ident.New[ident.PayorID](tx.Now), 1
			if p.EBill == "" {
				p.EBill = EBillFlat
			}
			if err := portalFor(tx, &p, nil); err != nil {
				return err
			}
			var err error
			if p.Treatment, err = tax.Chosen(tx, p.Treatment, nil); err != nil {
				return err
			}
			if err := insertPayor(tx, p); err != nil {
				return err
			}
			return record(tx, "payor.created", "payor", string(p.ID), rbac.PayorEdit, nil, p)
		}
		before, err := payorFor(tx, a, p.ID)
		if err != nil {
			return err
		}
		p.ClientID = before.ClientID
		if p.EBill == "" {
			p.EBill = before.EBill
		}
		if err := portalFor(tx, &p, before.Portal); err != nil {
			return err
		}
		if p.Treatment, err = tax.Chosen(tx, p.Treatment, before.Treatment); err != nil {
			return err
		}
		if err := updatePayor(tx, p); err != nil {
			return err
		}
		p.Version++
		return record(tx, "payor.changed", "payor", string(p.ID), rbac.PayorEdit, before, p)
	})
	return p, err
}

// SaveContact adds or changes a payor's contact. A changed address is unverified
// again, and gets no mail until someone confirms it.
func (s *Service) SaveContact(ctx context.Context, k Contact) (Contact, error) {
	if k.Status == "" {
		k.Status = "active"
	}
	err := s.writing(ctx, rbac.PayorEdit, k.Validate(), func(tx *db.Tx, a *authz.Access) error {
		if k.ID == "" {
			if _, err := payorFor(tx, a, k.PayorID); err != nil {
				return err
			}
			k.ID, k.Version, k.VerifiedAt = ident.New[ident.ContactID](tx.Now), 1, nil
			if err := insertContact(tx, k); err != nil {
				return err
			}
			return record(tx, "contact.created", "contact", string(k.ID), rbac.PayorEdit, nil, k)
		}
		before, err := contactFor(tx, a, k.ID)
		if err != nil {
			return err
		}
		k.PayorID = before.PayorID
		if err := updateContact(tx, k); err != nil {
			return err
		}
		if k, err = contactByID(tx, k.ID); err != nil {
			return err
		}
		return record(tx, "contact.changed", "contact", string(k.ID), rbac.PayorEdit, before, k)
	})
	return k, err
}

// VerifyContact confirms that the address is the payor's, as of the version seen.
func (s *Service) VerifyContact(ctx context.Context, id ident.ContactID, version int) (k Contact, err error) {
	err = s.writing(ctx, rbac.ContactVerify, nil, func(tx *db.Tx, a *authz.Access) error {
		before, err := contactFor(tx, a, id)
		if err != nil {
			return err
		}
		if before.VerifiedAt != nil {
			return ErrVerified
		}
		before.Version = version
		if err := verifyContact(tx, before); err != nil {
			return err
		}
		if k, err = contactByID(tx, id); err != nil {
			return err
		}
		return record(tx, "contact.verified", "contact", string(id), rbac.ContactVerify, before, k)
	})
	return k, err
}

// Matters lists the matters the actor may know of, by number; of one client when
// client is not empty.
func (s *Service) Matters(ctx context.Context, client ident.ClientID) (list []Matter, err error) {
	err = s.reading(ctx, rbac.MatterRead, func(tx *db.Tx, a *authz.Access) error {
		cond, args := a.Shown("m", authz.C2)
		if client != "" {
			cond, args = cond+" AND m.client_id = ?", append(args, client)
		}
		if list, err = matters(tx, cond, args); err != nil {
			return err
		}
		return fillParties(tx, list)
	})
	return list, err
}

// Matter returns one matter, ErrNotFound when the actor may not know of it.
func (s *Service) Matter(ctx context.Context, id ident.MatterID) (m Matter, err error) {
	err = s.reading(ctx, rbac.MatterRead, func(tx *db.Tx, a *authz.Access) error {
		if err := a.RequireMatter(tx, id); err != nil {
			return err
		}
		if a.Sees(authz.C2) { // else its fields are left out
			if err := a.RequireSight(tx, id, authz.C2); err != nil {
				return err
			}
		}
		m, err = whole(tx, id)
		return err
	})
	return m, err
}

// whole is a matter with its parties.
func whole(tx *db.Tx, id ident.MatterID) (Matter, error) {
	m, err := Get(tx, id)
	if err == nil {
		m.Parties, err = partiesOf(tx, id)
	}
	return m, err
}

// SaveMatter opens a matter when m.ID is empty, else changes it. Closing is
// entering the closing day; the client of a matter never changes. Its other parties
// are those of m, each once.
func (s *Service) SaveMatter(ctx context.Context, m Matter) (Matter, error) {
	seen := m.ID
	m.Parties = m.Parties.folded()
	m.Status = "open"
	if m.ClosedOn != nil {
		m.Status = "closed"
	}
	err := s.writing(ctx, rbac.MatterEdit, m.Validate(), func(tx *db.Tx, a *authz.Access) error {
		payor, err := payorFor(tx, a, m.PayorID)
		if err != nil {
			return err
		}
		if payor.ClientID != m.ClientID {
			return ErrPayorElse
		}
		if m.ID == "" {
			return s.openMatter(tx, a, &m)
		}
		return changeMatter(tx, a, &m)
	})
	return m, s.noteTaken(ctx, err, audit.Entry{Action: "matter.number_refused", Object: "matter", ID: string(seen), Matter: seen, Permission: string(rbac.MatterEdit)})
}

func (s *Service) openMatter(tx *db.Tx, a *authz.Access, m *Matter) error {
	if err := a.RequireClient(tx, m.ClientID); err != nil {
		return err
	}
	m.ID = ident.New[ident.MatterID](tx.Now)
	var err error
	if m.Treatment, err = tax.Chosen(tx, m.Treatment, nil); err != nil {
		return err
	}
	if err := insertMatter(tx, *m); err != nil {
		return err
	}
	if err := insertParties(tx, m.ID, m.Parties); err != nil {
		return err
	}
	after, err := whole(tx, m.ID)
	if err != nil {
		return err
	}
	*m = after
	return recordMatter(tx, "matter.opened", nil, after)
}

func changeMatter(tx *db.Tx, a *authz.Access, m *Matter) error {
	if err := a.RequireMatter(tx, m.ID); err != nil {
		return err
	}
	before, err := whole(tx, m.ID)
	if err != nil {
		return err
	}
	if before.ClientID != m.ClientID {
		return ErrInvalid.With("a matter stays with its client")
	}
	if err := withItsWork(tx, before, m); err != nil {
		return err
	}
	if m.Treatment, err = tax.Chosen(tx, m.Treatment, before.Treatment); err != nil {
		return err
	}
	if err := updateMatter(tx, *m); err != nil {
		return err
	}
	if err := replaceParties(tx, m.ID, before.Parties, m.Parties); err != nil {
		return err
	}
	after, err := whole(tx, m.ID)
	if err != nil {
		return err
	}
	*m = after
	return recordMatter(tx, "matter.changed", before, after)
}

// withItsWork refuses what would not fit the work that a matter has: another currency,
// in which it could not be billed, and a day of opening after the first work.
func withItsWork(tx *db.Tx, before Matter, m *Matter) error {
	var first *time.Time
	err := tx.Raw(`SELECT min(worked_on) FROM entry WHERE firm_id = ? AND matter_id = ? AND status <> 'removed'`, tx.Scope.Firm, m.ID).Row().Scan(&first)
	if err != nil {
		return fmt.Errorf("look for work on matter %s: %w", m.ID, err)
	}
	var fs fault.Fields
	if first != nil && before.Currency != m.Currency {
		fs.Add("currency", "currency_fixed", "there is work on this matter in %s, and it stays in that; open another matter for %s", before.Currency, m.Currency)
	}
	if first != nil && m.OpenedOn.After(*first) && m.OpenedOn.After(before.OpenedOn) {
		fs.Add("opened_on", "opened_after_work", "the first work on this matter is of %s; enter that day or an earlier one", first.Format("2 Jan 2006"))
	}
	return fs.Err(ErrInvalid)
}

// Timekeepers lists the firm's timekeepers by code.
func (s *Service) Timekeepers(ctx context.Context) (list []Timekeeper, err error) {
	err = s.reading(ctx, rbac.TimekeeperRead, func(tx *db.Tx, _ *authz.Access) error {
		list, err = Timekeepers(tx)
		return err
	})
	return list, err
}

// Timekeeper returns one timekeeper.
func (s *Service) Timekeeper(ctx context.Context, id ident.TimekeeperID) (t Timekeeper, err error) {
	err = s.reading(ctx, rbac.TimekeeperRead, func(tx *db.Tx, _ *authz.Access) error {
		t, err = timekeeperBy(tx, "id", id)
		return err
	})
	return t, err
}

// SaveTimekeeper adds a timekeeper when t.ID is empty, else changes the one seen.
func (s *Service) SaveTimekeeper(ctx context.Context, t Timekeeper) (Timekeeper, error) {
	if t.Status == "" {
		t.Status = "active"
	}
	err := s.writing(ctx, rbac.TimekeeperEdit, t.Validate(), func(tx *db.Tx, _ *authz.Access) error {
		if t.ID == "" {
			t.ID, t.Version = ident.New[ident.TimekeeperID](tx.Now), 1
			if err := insertTimekeeper(tx, t); err != nil {
				return err
			}
			return record(tx, "timekeeper.created", "timekeeper", string(t.ID), rbac.TimekeeperEdit, nil, t)
		}
		before, err := timekeeperBy(tx, "id", t.ID)
		if err != nil {
			return err
		}
		if err := updateTimekeeper(tx, t); err != nil {
			return err
		}
		t.Version++
		return record(tx, "timekeeper.changed", "timekeeper", string(t.ID), rbac.TimekeeperEdit, before, t)
	})
	return t, err
}

// reading and writing are the first steps of every use case: the door, then the
// decision. Malformed input is told only to who may make the change.
func (s *Service) reading(ctx context.Context, p rbac.Permission, do func(tx *db.Tx, a *authz.Access) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, p)
		if err != nil {
			return err
		}
		return do(tx, a)
	})
}

func (s *Service) writing(ctx context.Context, p rbac.Permission, invalid error, do func(tx *db.Tx, a *authz.Access) error) error {
	return s.reading(ctx, p, func(tx *db.Tx, a *authz.Access) error {
		if invalid != nil {
			return invalid
		}
		return do(tx, a)
	})
}

func payorFor(tx *db.Tx, a *authz.Access, id ident.PayorID) (Payor, error) {
	p, err := payorByID(tx, id)
	if err != nil {
		return p, err
	}
	return p, a.RequireClient(tx, p.ClientID)
}

// ClientOf is the client of a payor that the person may know of. Who asks has decided already.
func ClientOf(tx *db.Tx, a *authz.Access, id ident.PayorID) (ident.ClientID, error) {
	p, err := payorFor(tx, a, id)
	return p.ClientID, err
}

func contactFor(tx *db.Tx, a *authz.Access, id ident.ContactID) (Contact, error) {
	k, err := contactByID(tx, id)
	if err != nil {
		return k, err
	}
	_, err = payorFor(tx, a, k.PayorID)
	return k, err
}

func record(tx *db.Tx, action, object, id string, p rbac.Permission, before, after any) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: object, ID: id, Class: audit.C2, Permission: string(p), Before: before, After: after})
}

func recordMatter(tx *db.Tx, action string, before any, after Matter) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "matter", ID: string(after.ID), Matter: after.ID, Class: audit.C2, Permission: string(rbac.MatterEdit), Before: before, After: after})
}
