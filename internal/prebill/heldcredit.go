package prebill

import (
	"strings"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// LockHeld has who credits an invoice of the matter and who decides about its held fees wait
// for each other; the database takes the same lock.
func LockHeld(tx *db.Tx, id ident.MatterID) error { return tx.Lock("holdback " + string(id)) }

// HeldCredit is an invoice that is credited.
type HeldCredit struct {
	Invoice  ident.InvoiceID
	Number   string
	Matter   ident.MatterID
	Currency money.Currency
}

// TakeBackHeld takes back what was decided about held fees and is covered by no invoice any
// more, now that one is credited: first of what was released and is on no approved bill, then
// of what was forgone. ErrHeldBilled, which names the bills, when the rest was released and
// is billed. Call LockHeld before the invoice changes.
func TakeBackHeld(tx *db.Tx, c HeldCredit) error {
	m, err := matter.Get(tx, c.Matter)
	if err != nil {
		return err
	}
	m.Currency = c.Currency
	h, err := heldOn(tx, m)
	if err != nil || h.LeftMinor >= 0 {
		return err
	}
	release, forgo, ok := h.uncovered()
	if !ok {
		return ErrHeldBilled.With("fees that invoice %s holds back were released and are billed: %s first", c.Number, strings.Join(h.billedOn(), ", "))
	}
	for _, o := range []HeldOrder{{Kind: HeldRelease, Minor: -release}, {Kind: HeldForgo, Minor: -forgo}} {
		if o.Minor == 0 {
			continue
		}
		o.Reason = "Taken back: invoice " + c.Number + ", which held it back, was credited"
		if err := insertHeldAct(tx, &h, o, c.Invoice); err != nil {
			return err
		}
		err := audit.Record(tx, audit.Entry{Action: "holdback.taken_back", Object: "matter", ID: string(m.ID), Matter: m.ID, Class: classOf(m, audit.C2), Permission: string(rbac.CreditNoteIssue),
			Before: h.LeftMinor, After: o, Detail: map[string]any{"kind": o.Kind, "invoice": c.Invoice}})
		if err != nil {
			return err
		}
	}
	return nil
}

// uncovered is what of the decisions is more than what is held, by kind; not ok when a
// part of it is billed.
func (h *Held) uncovered() (release, forgo int64, ok bool) {
	over, free := -h.LeftMinor, h.ReleasedMinor
	for _, b := range h.Released {
		if b.Counts || b.Approved {
			free -= b.Minor
		}
	}
	release = min(over, max(free, 0))
	forgo = min(over-release, h.ForgoneMinor)
	return release, forgo, release+forgo == over
}

// billedOn says what is to be done to bills that have what was released.
func (h *Held) billedOn() (todo []string) {
	for _, b := range h.Released {
		switch {
		case b.Invoice != "":
			todo = append(todo, "credit invoice "+b.Invoice)
		case b.Approved:
			todo = append(todo, "withdraw the approval of "+b.Name)
		}
	}
	return todo
}
