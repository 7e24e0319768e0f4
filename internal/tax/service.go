package tax

import (
	"context"
	"errors"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do with the taxes of their firm. Who may read the firm reads them;
// who may change the firm's own data, its tax number among them, enters and ends them.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

// Book lists codes and treatments of the scope's firm, those that ended too, and tells which
// treatment is the firm's own. It needs firm.read.
func (s *Service) Book(ctx context.Context) (b *Book, own ident.TreatmentID, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.FirmRead); err != nil {
			return err
		}
		if b, err = Load(tx); err != nil {
			return err
		}
		own, err = firmsChoice(tx)
		return err
	})
	return b, own, err
}

// AddCode enters a tax. It needs firm.edit. ErrOverlap where one of its word holds on some of
// the days already.
func (s *Service) AddCode(ctx context.Context, c Code) (Code, error) {
	err := s.editing(ctx, func(tx *db.Tx) error {
		if err := c.Validate(); err != nil {
			return err
		}
		c.ID, c.Until, c.Version = ident.New[ident.TaxCodeID](tx.Now), "", 1
		if err := insertCode(tx, c); err != nil {
			return err
		}
		return record(tx, "tax_code.created", "tax_code", string(c.ID), nil, c)
	})
	return c, err
}

// EndCode sets the last day of a tax as of the version seen; another of its word may begin on
// the day after. It needs firm.edit. Bills that were issued keep it. ErrEnded where it ended.
func (s *Service) EndCode(ctx context.Context, id ident.TaxCodeID, version int, until string) (c Code, err error) {
	err = s.editing(ctx, func(tx *db.Tx) error {
		b, err := Load(tx)
		if err != nil {
			return err
		}
		if c, err = b.byID(id); err != nil {
			return err
		}
		if err := ends(c.From, c.Until, until); err != nil {
			return err
		}
		before := c
		if err := end(tx, "tax_code", id, version, until); err != nil {
			return err
		}
		c.Until, c.Version = until, version+1
		return record(tx, "tax_code.ended", "tax_code", string(id), before, c)
	})
	return c, err
}

// AddTreatment enters a treatment. It needs firm.edit. Its codes must hold on its first day,
// and a tax on tax needs the tax that it is on beside it.
func (s *Service) AddTreatment(ctx context.Context, t Treatment) (Treatment, error) {
	err := s.editing(ctx, func(tx *db.Tx) error {
		if err := t.Validate(); err != nil {
			return err
		}
		b, err := Load(tx)
		if err != nil {
			return err
		}
		t.Until = ""
		if _, err := b.Levies(t, t.From); err != nil {
			return b.asField(err, t)
		}
		t.ID, t.Version = ident.New[ident.TreatmentID](tx.Now), 1
		if err := insertTreatment(tx, t); err != nil {
			return err
		}
		return record(tx, "tax_treatment.created", "tax_treatment", string(t.ID), nil, t)
	})
	return t, err
}

// asField names the field at fault of a treatment whose codes cannot stand: that of the
// expenses, where those of the fees stand by themselves.
func (b *Book) asField(err error, t Treatment) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	path, field := "fees", fault.Field{Code: f.Code, Message: f.Message}
	if len(f.Fields) > 0 {
		field = f.Fields[0]
	}
	t.Expenses = nil
	if _, other := b.Levies(t, t.From); other == nil {
		path = "expenses"
	}
	field.Path = path
	return ErrInvalid.On(field)
}

// EndTreatment sets the last day of a treatment as of the version seen. It needs firm.edit.
// ErrInUse while someone has it: the bills would have no tax that anyone chose.
func (s *Service) EndTreatment(ctx context.Context, id ident.TreatmentID, version int, until string) (t Treatment, err error) {
	err = s.editing(ctx, func(tx *db.Tx) error {
		yes, err := used(tx, id)
		if err != nil {
			return err
		}
		b, err := Load(tx)
		if err != nil {
			return err
		}
		if t, err = b.Treatment(id); err != nil {
			return ErrNotFound
		}
		if yes {
			return ErrInUse
		}
		if err := ends(t.From, t.Until, until); err != nil {
			return err
		}
		before := t
		if err := end(tx, "tax_treatment", id, version, until); err != nil {
			return err
		}
		t.Until, t.Version = until, version+1
		return record(tx, "tax_treatment.ended", "tax_treatment", string(id), before, t)
	})
	return t, err
}

// ends refuses a last day that cannot be.
func ends(from, until, last string) error {
	switch {
	case until != "":
		return ErrEnded
	case !isDay(last) || last < from:
		return ErrInvalid.On(fault.Field{Path: "until", Code: "date_form", Message: "enter its last day, " + from + " or later"})
	}
	return nil
}

// ChooseForFirm makes a treatment that of every bill for which nothing more specific holds; ""
// is none. It needs firm.edit.
func (s *Service) ChooseForFirm(ctx context.Context, id ident.TreatmentID) error {
	return s.editing(ctx, func(tx *db.Tx) error {
		before, err := firmsChoice(tx)
		if err != nil {
			return err
		}
		chosen, err := Chosen(tx, &id, &before)
		if err != nil {
			return err
		}
		if err := saveFirmsChoice(tx, chosen); err != nil {
			return err
		}
		return record(tx, "firm.tax_treatment_chosen", "firm", string(tx.Scope.Firm), before, id)
	})
}

func (s *Service) editing(ctx context.Context, do func(tx *db.Tx) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.FirmEdit); err != nil {
			return err
		}
		return do(tx)
	})
}

func (b *Book) byID(id ident.TaxCodeID) (Code, error) {
	for _, c := range b.Codes {
		if c.ID == id {
			return c, nil
		}
	}
	return Code{}, ErrNotFound
}

func record(tx *db.Tx, action, object, id string, before, after any) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: object, ID: id, Class: audit.C2, Permission: string(rbac.FirmEdit), Before: before, After: after})
}
