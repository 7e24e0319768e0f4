package firm

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Staffing gives a new firm its first administrator: a person, invited by a
// one-time link, with the one grant that nobody gave. Package people does it.
type Staffing interface {
	FirstAdmin(tx *db.Tx, name, email string) error
}

// Opened is told of a new firm inside the transaction that makes it, to put in
// what every firm starts with, such as its calendar.
type Opened func(tx *db.Tx, f Firm) error

// Service is what people do with firms.
type Service struct {
	db       *db.DB
	guard    *authz.Guard
	staffing Staffing
	opened   []Opened
}

// NewService returns the service over d. Each opened runs, in order, for each new firm.
func NewService(d *db.DB, guard *authz.Guard, staffing Staffing, opened ...Opened) *Service {
	return &Service{d, guard, staffing, opened}
}

// Create opens a law firm with its number series and its first administrator, in
// one transaction. The bureau's administrators may; it gives them nothing inside.
func (s *Service) Create(ctx context.Context, n New) (Firm, error) {
	if n.InvoicePattern == "" {
		n.InvoicePattern = DefaultPattern
	}
	var f Firm
	err := s.db.InClaim(ctx, nil, func(tx *db.Tx) error {
		if err := enterBureau(tx); err != nil {
			return err
		}
		if _, err := s.guard.Require(tx, rbac.FirmCreate); err != nil {
			return err
		}
		if err := n.Validate(); err != nil {
			return err
		}
		if err := tx.Lock("firm codes"); err != nil {
			return err
		}
		slot, err := placeFor(tx, n.Code)
		if err != nil {
			return err
		}
		f = Firm{
			ID: ident.New[ident.FirmID](tx.Now), Kind: KindFirm, Code: n.Code, Name: n.Name, Slot: slot, Status: "active", TZ: n.TZ,
			Currency: n.Currency, Address: n.Address, Country: n.Country, TaxID: n.TaxID, Rounding: money.HalfUp, CreatedAt: tx.Now, Version: 1,
		}
		if err := audit.Record(tx, audit.Entry{Action: "firm.created", Object: "firm", ID: string(f.ID), Class: audit.C1, Permission: string(rbac.FirmCreate), After: f}); err != nil {
			return err
		}
		return s.open(tx, f, n)
	})
	return f, err
}

// open makes the firm's own rows, under the firm's own scope.
func (s *Service) open(tx *db.Tx, f Firm, n New) error {
	if err := tx.Enter(f.ID); err != nil {
		return err
	}
	if err := insert(tx, f); err != nil {
		return err
	}
	for series, pattern := range map[Series]string{SeriesInvoice: n.InvoicePattern, SeriesCreditNote: "CN" + DefaultPattern, SeriesReceipt: "R" + DefaultPattern} {
		if err := insertSeries(tx, series, pattern); err != nil {
			return err
		}
	}
	if err := s.staffing.FirstAdmin(tx, n.Admin.Name, n.Admin.Email); err != nil {
		return err
	}
	for _, opened := range s.opened {
		if err := opened(tx, f); err != nil {
			return fmt.Errorf("open firm %s: %w", f.ID, err)
		}
	}
	return audit.Record(tx, audit.Entry{Action: "firm.opened", Object: "firm", ID: string(f.ID), Class: audit.C2, Permission: string(rbac.FirmCreate), After: f})
}

// Get returns the firm of ctx to whoever may read it.
func (s *Service) Get(ctx context.Context) (f Firm, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.FirmRead); err != nil {
			return err
		}
		f, err = Get(tx)
		return err
	})
	return f, err
}

// Edit changes name, address, tax number, reply address and rounding. Invoices that
// are issued keep what they were issued with.
func (s *Service) Edit(ctx context.Context, version int, d Details) (Firm, error) {
	return s.change(ctx, rbac.FirmEdit, version, "firm.changed", func(_ Firm) error { return d.Validate() }, func(f *Firm) {
		f.Name, f.Address, f.Country, f.TaxID, f.ReplyTo, f.Rounding = d.Name, d.Address, d.Country, d.TaxID, d.ReplyTo, d.Rounding
	})
}

// EditBank changes where payors send the money. It is an act of its own, because a
// false account is the dearest mistake of all.
func (s *Service) EditBank(ctx context.Context, version int, b Bank) (Firm, error) {
	return s.change(ctx, rbac.FirmBank, version, "firm.bank_changed", func(f Firm) error { return b.Validate(f.Country) }, func(f *Firm) { f.Bank = b })
}

func (s *Service) change(ctx context.Context, p rbac.Permission, version int, action string, check func(Firm) error, do func(*Firm)) (f Firm, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, p); err != nil {
			return err
		}
		if f, err = Get(tx); err != nil {
			return err
		}
		if err := check(f); err != nil {
			return err
		}
		before := f
		do(&f)
		if err := update(tx, f, version); err != nil {
			return err
		}
		f.Version = version + 1
		return audit.Record(tx, audit.Entry{Action: action, Object: "firm", ID: string(f.ID), Class: audit.C2, Permission: string(p), Before: before, After: f})
	})
	return f, err
}

// Numbering is one series of the firm and its next number, as information: the
// number is given at issue and may still go to another invoice.
type Numbering struct {
	Series  Series
	Pattern string
	Next    int64
	Version int
}

// Numberings lists the firm's series.
func (s *Service) Numberings(ctx context.Context) (list []Numbering, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.FirmRead); err != nil {
			return err
		}
		list, err = numberings(tx)
		return err
	})
	return list, err
}

// SetPattern changes how the numbers of a series are written from now on. The
// sequence goes on, so a number is never given twice.
func (s *Service) SetPattern(ctx context.Context, series Series, version int, pattern string) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.FirmEdit); err != nil {
			return err
		}
		if _, err := ParsePattern(pattern); err != nil {
			return err
		}
		if err := updatePattern(tx, series, version, pattern); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "firm.pattern_changed", Object: "number_series", ID: string(series), Class: audit.C2,
			Permission: string(rbac.FirmEdit), After: pattern})
	})
}

// All lists every active firm by code, for the bureau's administrators: cards only.
func (s *Service) All(ctx context.Context) ([]Card, error) {
	err := s.db.InClaim(ctx, nil, func(tx *db.Tx) error {
		if err := enterBureau(tx); err != nil {
			return err
		}
		_, err := s.guard.Require(tx, rbac.FirmCreate)
		return err
	})
	if err != nil {
		return nil, err
	}
	var all []Card
	err = s.db.InSystem(ctx, "access", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			return sys.Read(firms, func(tx *db.Tx) error {
				page, err := cards(tx, firms)
				all = append(all, page...)
				return err
			})
		})
	})
	sortCards(all)
	return all, err
}

// Mine lists the firms in which the person of ctx holds any live grant, by code.
func (s *Service) Mine(ctx context.Context) (list []Card, err error) {
	if _, err := scope.From(ctx); err != nil {
		return nil, err
	}
	firms, err := s.guard.Firms(ctx, rbac.FirmRead)
	if err != nil || len(firms) == 0 {
		return nil, err
	}
	err = s.db.InBureau(ctx, firms, func(tx *db.Tx) error {
		list, err = cards(tx, firms)
		return err
	})
	sortCards(list)
	return list, err
}
