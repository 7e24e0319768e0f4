package prebill

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// Faults of fees held back.
var (
	ErrHeld       = fault.New(fault.Conflict, "held_too_much", "this is more than is held back on the matter")
	ErrHeldBilled = fault.New(fault.Conflict, "held_billed", "fees that the bill holds back were released and are billed")
	ErrHeldForm   = fault.New(fault.Invalid, "held_invalid", "some fields need correcting")
)

// HeldKind is what is decided about fees that were held back; stored, never rename.
type HeldKind string

// The kinds. What is released stands on the matter's next bill; what is forgone is never billed.
const (
	HeldRelease HeldKind = "release"
	HeldForgo   HeldKind = "forgo"
)

// HeldBill is what one bill holds back, or bills of what was released.
type HeldBill struct {
	Prebill   ident.PrebillID
	Name      string // "PB-7"
	Invoice   string // number, "" while there is none
	Condition string // until what; "" of what was released
	Minor     int64
	Counts    bool // invoiced; what is not may still change
	Approved  bool // and not invoiced
}

// HeldAct is one decision, or what is taken back of those before.
type HeldAct struct {
	ID     ident.HeldActID
	Kind   HeldKind
	Minor  int64 // below zero: taken back, as the invoice that held it back was credited
	Reason string
	By     string
	At     time.Time
}

// Held is all that was held back on a matter and what became of it. HeldMinor =
// ReleasedMinor + ForgoneMinor + LeftMinor, and BilledMinor is a part of ReleasedMinor.
type Held struct {
	Matter        ident.MatterID
	MatterNumber  string
	MatterName    string
	Currency      money.Currency
	Bills         []HeldBill // that hold back, the oldest first
	Released      []HeldBill // that bill what was released
	Acts          []HeldAct  // the oldest first
	HeldMinor     int64      // by bills that count
	ReleasedMinor int64
	ForgoneMinor  int64
	BilledMinor   int64 // of what was released, by bills that count
	LeftMinor     int64 // neither released nor forgone
}

// add sums the lists.
func (h *Held) add() {
	for _, b := range h.Bills {
		if b.Counts {
			h.HeldMinor += b.Minor
		}
	}
	for _, b := range h.Released {
		if b.Counts {
			h.BilledMinor += b.Minor
		}
	}
	for _, a := range h.Acts {
		if a.Kind == HeldRelease {
			h.ReleasedMinor += a.Minor
		} else {
			h.ForgoneMinor += a.Minor
		}
	}
	h.LeftMinor = h.HeldMinor - h.ReleasedMinor - h.ForgoneMinor
}

// HeldOrder is a decision to be made.
type HeldOrder struct {
	Kind   HeldKind
	Minor  int64 // 0 is all that is left
	Reason string
}

// check names every field that needs correcting.
func (o *HeldOrder) check() error {
	var fs fault.Fields
	o.Reason = strings.TrimSpace(o.Reason)
	if o.Kind != HeldRelease && o.Kind != HeldForgo {
		fs.Add("kind", "held_kind_unknown", "choose to release or to forgo it")
	}
	if o.Minor < 0 {
		fs.Add("amount", "amount_positive", "enter an amount above zero, or leave it empty for all that is left")
	}
	if n := utf8.RuneCountInString(o.Reason); n < 3 || n > 300 || !amend.Printable(o.Reason) {
		fs.Add("reason", "text_length", "say in 3 to 300 characters what happened")
	}
	return fs.Err(ErrHeldForm)
}

// Held tells what is held back on a matter, for who may read what clients pay.
func (s *Service) Held(ctx context.Context, id ident.MatterID) (h Held, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		h, err = s.heldOf(tx, rbac.ArrangementRead, id)
		return err
	})
	return h, err
}

func (s *Service) heldOf(tx *db.Tx, perm rbac.Permission, id ident.MatterID) (Held, error) {
	a, err := s.guard.Require(tx, perm)
	if err != nil {
		return Held{}, err
	}
	if err := a.RequireMatter(tx, id); err != nil {
		return Held{}, err
	}
	if err := a.RequireSight(tx, id, authz.C2); err != nil {
		return Held{}, err
	}
	m, err := matter.Get(tx, id)
	if err != nil {
		return Held{}, err
	}
	return heldOn(tx, m)
}

// DecideHeld releases what is held back on a matter, all of it or a part, to its next bill,
// or forgoes it: for who may agree on fees with clients. ErrHeld when it is more than is
// left, also when two decide at once.
func (s *Service) DecideHeld(ctx context.Context, id ident.MatterID, o HeldOrder) (h Held, err error) {
	if err := o.check(); err != nil {
		return h, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if h, err = s.heldOf(tx, rbac.ArrangementEdit, id); err != nil {
			return err
		}
		if o.Minor == 0 {
			o.Minor = h.LeftMinor
		}
		if o.Minor <= 0 || o.Minor > h.LeftMinor {
			return tooMuchHeld(&h)
		}
		if err := insertHeldAct(tx, &h, o, ""); err != nil {
			return err
		}
		m, err := matter.Get(tx, id)
		if err != nil {
			return err
		}
		action := map[HeldKind]string{HeldRelease: "holdback.released", HeldForgo: "holdback.forgone"}[o.Kind]
		err = audit.Record(tx, audit.Entry{Action: action, Object: "matter", ID: string(id), Matter: id, Class: classOf(m, audit.C2), Permission: string(rbac.ArrangementEdit),
			Before: h.LeftMinor, After: o})
		if err != nil {
			return err
		}
		h, err = heldOn(tx, m)
		return err
	})
	return h, err
}

// tooMuchHeld says what is left.
func tooMuchHeld(h *Held) error {
	left := money.Amount{Minor: max(h.LeftMinor, 0), Currency: h.Currency}.Text() + " " + string(h.Currency)
	return ErrHeld.With("%s is held back on the matter and not decided about", left).On(fault.Field{Path: "amount", Code: "held_too_much", Message: "there is " + left + " left", Fix: "Enter at most that"})
}
