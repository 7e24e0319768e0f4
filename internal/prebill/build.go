package prebill

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// Order asks for a pre-bill: everything open on the matter up to and with a day.
type Order struct {
	Matter  ident.MatterID
	Payor   ident.PayorID // "" is the matter's own
	Through time.Time
	From    time.Time // first day of the period; zero names none, and leaves that of a draft as it is
}

// through refuses a last day that is missing, or beyond the end of the present month at
// the firm: a bill is dated after the work it holds (LEGAL-BILLING 9). Days are
// compared, at any hour.
func (o Order) through(tx *db.Tx) error {
	var fs fault.Fields
	if o.Through.IsZero() {
		fs.Add("through", "date_missing", "enter the day up to which work is billed")
		return fs.Err(ErrInvalid)
	}
	f, err := firmPolicies(tx)
	if err != nil {
		return err
	}
	y, m, _ := f.today(tx.Now).Date()
	if last := time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC); day(o.Through) > day(last) {
		fs.Add("through", "date_future", "work is billed up to the end of this month at the latest; enter %s or an earlier day", last.Format("2 Jan 2006"))
	}
	if !o.From.IsZero() && day(o.From) > day(o.Through) {
		fs.Add("period_from", "days_order", "the period begins after its last day; enter %s or an earlier day", o.Through.Format("2 Jan 2006"))
	}
	return fs.Err(ErrInvalid)
}

// period is set on a draft that is asked for again, and tells whether it is another then.
func (o Order) period(p *Prebill) bool {
	if o.From.IsZero() || p.PeriodFrom != nil && day(*p.PeriodFrom) == day(o.From) {
		return false
	}
	from := o.From
	p.PeriodFrom = &from
	return true
}

// Build makes the pre-bill of a matter, or adds to the draft that is open: asking
// twice changes nothing. ErrWithPartner, and that one, when the matter's pre-bill is
// handed in or approved: later work waits for the next. ErrEmpty when nothing is open
// to bill and the matter's arrangement has nothing for a bill either.
func (s *Service) Build(ctx context.Context, o Order) (p Prebill, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.PrebillBuild)
		if err != nil {
			return err
		}
		if err := a.RequireMatter(tx, o.Matter); err != nil {
			return err
		}
		if err := a.RequireSight(tx, o.Matter, authz.C2); err != nil {
			return err
		}
		if p, err = BuildTx(tx, o); err != nil {
			return err
		}
		if p.Status != StatusDraft && p.Status != StatusChangesRequested {
			return ErrWithPartner.With("%s is with the partner; what was worked since waits for the next pre-bill of this matter", p.Name())
		}
		return p.withhold(tx, a)
	})
	return p, err
}

// BuildTx is Build for machinery that has decided already; what is with the partner
// comes back as it is.
func BuildTx(tx *db.Tx, o Order) (Prebill, error) {
	m, err := matter.Get(tx, o.Matter)
	if err != nil {
		return Prebill{}, err
	}
	if o.Payor != "" && o.Payor != m.PayorID {
		return Prebill{}, ErrNotFound
	}
	if err := o.through(tx); err != nil {
		return Prebill{}, err
	}
	// One builder of a matter at a time; the claim index would stop a second one too (I01).
	if err := tx.Lock("prebill of matter " + string(m.ID)); err != nil {
		return Prebill{}, err
	}
	p, err := open(tx, m.ID, m.PayorID)
	switch {
	case errors.Is(err, ErrNotFound):
		p = Prebill{ID: ident.New[ident.PrebillID](tx.Now), MatterID: m.ID, PayorID: m.PayorID, Currency: m.Currency, ThroughOn: o.Through,
			PreparedBy: tx.Scope.Actor, PreparedAt: tx.Now}
	case err != nil:
		return p, err
	case p.Status != StatusDraft && p.Status != StatusChangesRequested:
		return p, nil
	}
	another := o.period(&p)
	return fill(tx, p, m, o.Through, another)
}

// fill claims what is open and copies it onto the pre-bill, a new one when it has
// no version yet. What was on a bill that was credited to be billed again is copied as
// that bill said it.
func fill(tx *db.Tx, p Prebill, m matter.Matter, through time.Time, another bool) (Prebill, error) {
	f, err := firmPolicies(tx)
	if err != nil {
		return p, err
	}
	if f.codes, err = code.OfClient(tx, m.ClientID); err != nil {
		return p, err
	}
	entries, err := openEntries(tx, m, through)
	if err != nil {
		return p, err
	}
	isNew := p.Version == 0
	switch {
	case isNew:
		err = begin(tx, &p, m, len(entries) == 0)
	case len(entries) == 0 && !another:
		return p, nil
	default:
		if through.After(p.ThroughOn) {
			p.ThroughOn = through
		}
		err = save(tx, &p)
	}
	if err != nil {
		return p, err
	}
	last, err := lastPosition(tx, p.ID)
	if err != nil {
		return p, err
	}
	added := copies(tx, entries, last)
	from, err := resume(tx, m, termsOf(&p, m, f), entries, added)
	if err != nil {
		return p, err
	}
	if len(entries) > 0 {
		if err := claim(tx, p.ID, entries); err != nil {
			return p, err
		}
		if err := insertLines(tx, p.ID, added); err != nil {
			return p, err
		}
	}
	for i := range added {
		for k := range added[i].Edits {
			if err := insertEdit(tx, &p, added[i].ID, &added[i].Edits[k]); err != nil {
				return p, err
			}
		}
	}
	if err := first(splitAgain(tx, &p, from, added), mergeAgain(tx, &p, from, added)); err != nil {
		return p, err
	}
	if _, err := recheck(tx, &p, m, f); err != nil {
		return p, err
	}
	return p, built(tx, &p, m, isNew, added)
}

// begin makes a new bill and puts on it the fee of the period that its last day lies in, and
// the oldest recovery, if there is one and no other bill has it. ErrUnsigned under a
// contingent fee without its signed writing. Without any entry there is a bill only where the
// arrangement has something for it.
func begin(tx *db.Tx, p *Prebill, m matter.Matter, empty bool) error {
	versions, err := arrangement.Of(tx, m.ID, m.ClientID)
	if err != nil {
		return err
	}
	v := versions.At(p.ThroughOn, p.Currency)
	if v != nil && v.Terms.Contingency != nil && v.Terms.Contingency.SignedOn.IsZero() {
		return arrangement.ErrUnsigned.With("the contingent fee agreed from %s needs its signed writing before the first bill; keep it with the arrangement", v.From.Format("2 Jan 2006"))
	}
	recovery, of, err := attachable(tx, p, m, versions)
	if err != nil {
		return err
	}
	var offers []arrangement.Offer
	if v != nil {
		if err := lockArrangements(tx, m); err != nil {
			return err
		}
		placed, err := pricesElsewhere(tx, p)
		if err != nil {
			return err
		}
		offers = slices.DeleteFunc(v.Terms.Offers(v.From, versions.Ends(v), p.ThroughOn), func(o arrangement.Offer) bool { return o.Unit == 0 && placed.find(o.Code) != nil })
	}
	due, err := released(tx, m.ID, p.ID, p.Currency)
	if err != nil {
		return err
	}
	if empty && len(offers) == 0 && due == nil && recovery == "" {
		return ErrEmpty.With("there is nothing to bill on %s up to %s", m.Number, p.ThroughOn.Format("2 Jan 2006"))
	}
	if err := insert(tx, p); err != nil {
		return err
	}
	if recovery != "" {
		if err := putRecovery(tx, p, of, recovery); err != nil {
			return err
		}
	}
	if v == nil {
		return nil
	}
	period := v.Terms.Recurs(p.ThroughOn)
	if period == "" || !slices.ContainsFunc(offers, func(o arrangement.Offer) bool { return o.Code == period }) {
		return nil
	}
	return putPrice(tx, p.ID, v.ID, period, 0)
}

// built opens the work item of a new pre-bill and records what was taken on it.
func built(tx *db.Tx, p *Prebill, m matter.Matter, isNew bool, added []Line) error {
	action := "prebill.extended"
	if isNew {
		action = "prebill.built"
		if err := openItem(tx, p, itemDraft); err != nil {
			return err
		}
	}
	return record(tx, action, rbac.PrebillBuild, p, classOf(m, audit.C3), nil, contents(added), map[string]any{"number": p.Number, "lines": len(added)})
}

// copies makes the lines, by date, time before costs, after those that are there.
func copies(tx *db.Tx, entries []capture.Entry, from int) []Line {
	slices.SortStableFunc(entries, func(a, b capture.Entry) int {
		if d := a.WorkedOn.Compare(b.WorkedOn); d != 0 {
			return d
		}
		return strings.Compare(string(b.Kind), string(a.Kind)) // "time" before "expense"
	})
	out := make([]Line, len(entries))
	for i, e := range entries {
		out[i] = lineOf(tx, e, from+i+1)
	}
	return out
}

// contents is what a leaf hashes of lines.
func contents(all []Line) []amend.Content {
	out := make([]amend.Content, len(all))
	for i := range all {
		out[i] = all[i].Content
	}
	return out
}
