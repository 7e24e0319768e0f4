package audit

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Service answers who did what, to those who may ask.
type Service struct {
	db       *db.DB
	guard    *authz.Guard
	invoices InvoiceSource
	public   string
}

// InvoiceSource lists issued invoices of the transaction's firm in id order after
// one, for the bundle: those whose issue is sealed within size, and those whose
// issue was never recorded. Nouns provide it; this package knows none.
type InvoiceSource func(tx *db.Tx, size int64, after string, limit int) ([]SealedInvoice, error)

// NewService makes the service. public is the text of the signing key's public
// half; invoices may be nil where there are none.
func NewService(d *db.DB, guard *authz.Guard, invoices InvoiceSource, public string) *Service {
	if d == nil || guard == nil {
		panic("audit: service without database or guard")
	}
	if invoices == nil {
		invoices = func(*db.Tx, int64, string, int) ([]SealedInvoice, error) { return nil, nil }
	}
	return &Service{d, guard, invoices, public}
}

// Shown is one entry as a page shows it.
type Shown struct {
	ID         ident.LeafID
	Seq        *int64 // nil while it waits for its place, 5 seconds at most
	At         time.Time
	Actor      string // as recorded: a person's id, "machine:..", "contact:.."
	Who        string // the person's name, the machine's task, "payor's contact"
	OnBehalfOf string // a person's name, where machinery or a deputy acted for one
	Session    string
	Action     string
	Object     string
	ObjectID   string
	Matter     string // number, where it belongs to one
	Class      int
	Permission string
	Before     string
	After      string
	Detail     string // JSON
	Request    string
	Result     string
	Hash       string // of the leaf in the tree, "" while it waits
	Sealed     bool   // a checkpoint covers it

	matter string // its id
}

// Filter narrows the list. Zero fields do not.
type Filter struct {
	Actor    string // a person's id, or "machine:<task>"
	Action   string // a whole action, or an object with a dot: "prebill."
	Object   string
	ObjectID string
	Result   string
	From, To time.Time // To is exclusive
}

type cursor struct {
	At time.Time    `json:"at"`
	ID ident.LeafID `json:"id"`
}

// ofMatters is what narrows the entries, beside matter m, to what the reader may know of:
// those of the matters in scope whose number is shown, or all but those of matters that
// want a factor again.
func ofMatters(a *authz.Access) (cond string, args []any) {
	if a.WholeFirm() && !a.Lowered() && !a.Uneven(authz.C2) {
		return "", nil
	}
	may, args := a.Shown("m", authz.C2)
	if a.WholeFirm() {
		may = "(m.id IS NULL OR " + may + ")"
	}
	return " AND " + may, args
}

// List is the firm's entries, newest first. Who does not see the whole firm sees
// the entries of the matters in scope. It needs audit.read.
func (s *Service) List(ctx context.Context, f Filter, p page.Request) (out page.Page[Shown], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.AuditRead)
		if err != nil {
			return err
		}
		var after cursor
		first, err := p.Decode(&after)
		if err != nil {
			return err
		}
		cond, args := f.where(tx)
		may, more := ofMatters(access)
		cond += may
		args = append(args, more...)
		if !first {
			cond += " AND (l.at, l.id) < (?::timestamptz, ?::uuid)"
			args = append(args, after.At, after.ID)
		}
		rows, err := list(tx, cond, args, p.Limit()+1)
		if err != nil {
			return err
		}
		out, err = page.Cut(rows, p.Limit(), func(r Shown) any { return cursor{r.At, r.ID} })
		for i := range out.Items {
			out.Items[i].withhold(access)
		}
		return err
	})
	return out, err
}

// withhold leaves the hashes of a state out for who does not see such states everywhere: an
// amount has so few values that its hash tells it.
func (e *Shown) withhold(a *authz.Access) {
	if e.Class > C1 && !a.AllSee(authz.Class(min(e.Class, C3))) {
		e.Before, e.After = "", ""
	}
}

func (f Filter) where(tx *db.Tx) (string, []any) {
	cond, args := "l.firm_id = ?", []any{tx.Scope.Firm}
	add := func(sql string, arg any) {
		cond += " AND " + sql
		args = append(args, arg)
	}
	if f.Actor != "" {
		cond += " AND ? IN (l.actor, l.on_behalf_of)"
		args = append(args, f.Actor)
	}
	if f.Action != "" {
		add("starts_with(l.action, ?)", f.Action)
	}
	if f.Object != "" {
		add("l.object = ?", f.Object)
	}
	if f.ObjectID != "" {
		add("l.object_id = ?", f.ObjectID)
	}
	if f.Result != "" {
		add("l.result = ?", f.Result)
	}
	if !f.From.IsZero() {
		add("l.at >= ?", f.From)
	}
	if !f.To.IsZero() {
		add("l.at < ?", f.To)
	}
	return cond, args
}
