package reprice

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do with repricing runs.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

// sight is what the actor may see, through the two permissions that a run asks for.
type sight struct{ rates, entries *authz.Access }

func (s *Service) sight(tx *db.Tx, perm rbac.Permission) (x sight, err error) {
	if x.rates, err = s.guard.Require(tx, perm); err != nil {
		return x, err
	}
	x.entries, err = s.guard.Require(tx, rbac.EntryRead)
	return x, err
}

// reach is the predicate on matter m and entry e of what a run may tell the actor: the
// matter in scope of a grant that shows its figures (C2).
func (x sight) reach() (cond string, args []any) {
	rates, rateArgs := x.rates.MattersSeeing("m", authz.C2)
	entries, entryArgs := x.entries.MattersSeeing("m", authz.C2)
	own, ownArgs := x.entries.Entries("e")
	return rates + " AND " + entries + " AND " + own, slices.Concat(rateArgs, entryArgs, ownArgs)
}

// Preview works out what a run over the selection would change and leave, and keeps it: no
// entry changes. ErrWide when the selection has more than MaxEntries entries.
func (s *Service) Preview(ctx context.Context, sel Selection) (r Run, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		x, err := s.sight(tx, rbac.RateReprice)
		if err != nil {
			return err
		}
		if err := sel.Validate(); err != nil {
			return err
		}
		if err := x.chosen(tx, sel); err != nil {
			return err
		}
		w, err := work(tx, x, sel)
		if err != nil {
			return err
		}
		r = Run{ID: ident.New[ident.Repricing](tx.Now), Selection: sel, Status: Previewed, Hash: w.hash, Examined: w.examined, Card: w.card, By: tx.Scope.Actor, At: tx.Now}
		if err := insertRun(tx, &r, w.lines); err != nil {
			return err
		}
		if r, err = runByID(tx, r.ID, false); err != nil {
			return err
		}
		return record(tx, "repricing.previewed", r.ID, "", audit.C2, audit.Digest(r.Hash), map[string]any{"examined": w.examined, "lines": len(w.lines)})
	})
	return r, err
}

// chosen wants every matter and client of the selection to be there for the actor.
func (x sight) chosen(tx *db.Tx, sel Selection) error {
	for _, a := range []*authz.Access{x.rates, x.entries} {
		if sel.Client != "" {
			if err := a.RequireClient(tx, sel.Client); err != nil {
				return err
			}
		}
		for _, m := range sel.Matters {
			if err := a.RequireMatter(tx, m); err != nil {
				return err
			}
			if err := a.RequireSight(tx, m, authz.C2); err != nil {
				return err
			}
		}
	}
	return knownTimekeepers(tx, sel.Timekeepers)
}

// worked is what a run over a selection comes to.
type worked struct {
	lines    []Line
	byEntry  map[ident.EntryID]*capture.Entry
	hash     string
	examined int
	card     int64
}

func work(tx *db.Tx, x sight, sel Selection) (w worked, err error) {
	card, err := rate.CardOf(tx)
	if err != nil {
		return w, err
	}
	f, err := firm.Get(tx)
	if err != nil {
		return w, err
	}
	list, err := candidates(tx, x, sel)
	if err != nil {
		return w, err
	}
	w.examined, w.card, w.byEntry = len(list), card.Version(), make(map[ident.EntryID]*capture.Entry, len(list))
	for i := range list {
		l, ok, err := list[i].judge(card, f.Rounding, sel.Given)
		if err != nil {
			return w, err
		}
		if ok {
			l.Seq = len(w.lines) + 1
			w.lines = append(w.lines, l)
			w.byEntry[l.Entry] = list[i].entry
		}
	}
	if err := w.foresee(tx, f.Rounding); err != nil {
		return w, err
	}
	w.hash, err = hashOf(w.lines)
	return w, err
}

// foresee works out what the changed lines bill before and after, by what stands of what
// people changed.
func (w *worked) foresee(tx *db.Tx, rounding money.Rounding) error {
	drafted := map[ident.EntryID]capture.Price{}
	for i := range w.lines {
		if l := &w.lines[i]; l.Why == Changed && l.Bill != "" {
			drafted[l.Entry] = l.After
		}
	}
	onDraft, err := prebill.Foresee(tx, drafted)
	if err != nil {
		return err
	}
	for i := range w.lines {
		l := &w.lines[i]
		if l.Why != Changed {
			continue
		}
		e := w.byEntry[l.Entry]
		before := e.Work()
		_, after, _ := e.Repriced(l.After, rounding)
		if last := e.Edits.Last(); last != nil {
			l.Amendment = last.ID
		}
		if x, ok := onDraft[l.Entry]; ok {
			before, after, l.Edit = x.Before, x.After, x.Last
		}
		l.Was, l.Will = before.Bills(), after.Bills()
	}
	return nil
}

// CarryOut does what was previewed, exactly: entries get their new prices, and drafts are
// repriced with them. hash is that of the preview that the person saw. Only who previewed a
// run carries it out; for others it is not there. ErrMoved names what is different by now.
// A run that is done stays done, and says so again.
func (s *Service) CarryOut(ctx context.Context, id ident.Repricing, hash, reason string) (r Run, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		x, err := s.sight(tx, rbac.RateReprice)
		if err != nil {
			return err
		}
		if r, err = runByID(tx, id, true); err != nil {
			return err
		}
		if r.By != tx.Scope.Actor {
			return ErrNotFound
		}
		if hash != r.Hash {
			return ErrOther
		}
		if r.Status == Done {
			return nil
		}
		if reason, err = because(reason); err != nil {
			return err
		}
		was, err := linesOf(tx, id)
		if err != nil {
			return err
		}
		if err := lock(tx, was); err != nil {
			return err
		}
		w, err := work(tx, x, r.Selection)
		if err != nil {
			return err
		}
		if w.hash != r.Hash {
			return moved(was, w.lines)
		}
		return s.carryOut(tx, x, &r, &w, reason)
	})
	if err != nil {
		return Run{}, err
	}
	return r, nil
}

// lock holds the matters' bills and the entries of a run as they are, in that order, as
// those do who build or change a pre-bill.
func lock(tx *db.Tx, lines []Line) error {
	var matters []ident.MatterID
	var bills []ident.PrebillID
	var entries []ident.EntryID
	for i := range lines {
		matters, entries = append(matters, lines[i].Matter), append(entries, lines[i].Entry)
		if lines[i].Bill != "" {
			bills = append(bills, lines[i].Bill)
		}
	}
	if err := prebill.LockToReprice(tx, sorted(matters), sorted(bills)); err != nil {
		return err
	}
	return lockEntries(tx, sorted(entries))
}

func sorted[T ~string](ids []T) []T {
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (s *Service) carryOut(tx *db.Tx, x sight, r *Run, w *worked, reason string) error {
	var entries []capture.Entry
	var prices []capture.Price
	onBill := map[ident.PrebillID][]ident.EntryID{}
	ofMatter := map[ident.MatterID]int{}
	for i := range w.lines {
		l := &w.lines[i]
		if l.Why != Changed {
			continue
		}
		entries, prices = append(entries, *w.byEntry[l.Entry]), append(prices, l.After)
		ofMatter[l.Matter]++
		if l.Bill != "" {
			onBill[l.Bill] = append(onBill[l.Bill], l.Entry)
		}
	}
	if len(entries) == 0 {
		return ErrNothing
	}
	fell, err := capture.Reprice(tx, x.entries, r.ID, entries, prices)
	if err != nil {
		return err
	}
	for _, bill := range slices.Sorted(maps.Keys(onBill)) {
		if err := prebill.Reprice(tx, bill, r.ID, onBill[bill]); err != nil {
			return err
		}
	}
	fellOf := map[ident.MatterID][]ident.EntryID{}
	for _, e := range fell {
		m := w.byEntry[e].MatterID
		fellOf[m] = append(fellOf[m], e)
	}
	r.Status, r.Reason, r.DoneAt, r.Card = Done, reason, &tx.Now, w.card
	if err := markDone(tx, r); err != nil {
		return err
	}
	for _, m := range slices.Sorted(maps.Keys(ofMatter)) {
		if err := recordMatter(tx, r.ID, m, ofMatter[m], fellOf[m]); err != nil {
			return err
		}
	}
	after := struct{ Hash, Reason string }{r.Hash, reason}
	return record(tx, "repricing.carried_out", r.ID, "", audit.C2, after, map[string]any{"entries": len(entries), "bills": len(onBill), "card_version": w.card})
}

// Runs lists the runs the actor may know of, newest first: their own, and for a grant over
// the whole firm those of others that tell of no matter beyond it.
func (s *Service) Runs(ctx context.Context, req page.Request) (list page.Page[Run], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		x, err := s.sight(tx, rbac.RateRead)
		if err != nil {
			return err
		}
		list, err = runs(tx, x, req)
		return err
	})
	return list, err
}

// Detail is a run, with what its lines come to as far as the reader sees them.
type Detail struct {
	Run
	Sums     map[Why][]Sum // by what becomes of the lines, by currency
	ByLevel  []LevelSum    // of the changed ones, by the level that gives the new rate
	ByMatter []MatterSum   // of the changed ones
	Mine     bool          // the reader previewed it, and may carry it out
}

// LevelSum is what the lines of one level come to.
type LevelSum struct {
	Level rate.Level
	Sum
}

// MatterSum is what the lines of one matter come to.
type MatterSum struct {
	Matter ident.MatterID
	Sum
}

// Get is one run. ErrNotFound for who may not know of it.
func (s *Service) Get(ctx context.Context, id ident.Repricing) (d Detail, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		x, err := s.sight(tx, rbac.RateRead)
		if err != nil {
			return err
		}
		if d.Run, err = visible(tx, x, id); err != nil {
			return err
		}
		_, err = s.guard.Require(tx, rbac.RateReprice)
		if err != nil && !errors.Is(err, authz.ErrForbidden) {
			return err
		}
		d.Mine = err == nil && d.By == tx.Scope.Actor
		return sums(tx, x, &d)
	})
	return d, err
}

// known is the predicate on a run r for what the actor may know of: their own runs, and with
// grants over the whole firm those of others of which every matter and the client is in
// sight. A run over what is hidden from them is not there.
func (x sight) known() (cond string, args []any) {
	if !x.rates.WholeFirm() || !x.entries.WholeFirm() {
		return "r.made_by = ?", []any{x.rates.Person}
	}
	rates, rateArgs := x.rates.MattersSeeing("m", authz.C2)
	entries, entryArgs := x.entries.MattersSeeing("m", authz.C2)
	clients, clientArgs := x.rates.Clients("c")
	return `(r.made_by = ? OR (r.client_id IS NULL OR EXISTS (SELECT FROM client c WHERE c.firm_id = r.firm_id AND c.id = r.client_id AND ` + clients + `))
		AND NOT EXISTS (SELECT FROM (SELECT l.matter_id FROM repricing_line l WHERE l.firm_id = r.firm_id AND l.repricing_id = r.id
				UNION ALL SELECT jsonb_array_elements_text(coalesce(r.selection->'matters', '[]'))::uuid) o
			WHERE NOT EXISTS (SELECT FROM matter m WHERE m.firm_id = r.firm_id AND m.id = o.matter_id AND ` + rates + ` AND ` + entries + `)))`,
		slices.Concat([]any{x.rates.Person}, clientArgs, rateArgs, entryArgs)
}

// Filter chooses lines of a run; the zero value of a part means any, but for Why, which
// counts where ByWhy says so.
type Filter struct {
	ByWhy  bool
	Why    Why
	Level  rate.Level
	Matter ident.MatterID
}

// Lines lists the lines of a run in their order, as far as the reader sees their matters.
func (s *Service) Lines(ctx context.Context, id ident.Repricing, f Filter, req page.Request) (list page.Page[Line], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		x, err := s.sight(tx, rbac.RateRead)
		if err != nil {
			return err
		}
		if _, err := visible(tx, x, id); err != nil {
			return err
		}
		list, err = linesFor(tx, x, id, f, req)
		return err
	})
	return list, err
}

func record(tx *db.Tx, action string, id ident.Repricing, of ident.MatterID, class int, after, detail any) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "repricing", ID: string(id), Matter: of, Class: class, Permission: string(rbac.RateReprice), After: after, Detail: detail})
}

// recordMatter writes what a run did to one matter, where its people look for it; fell are
// the entries where a rate that was cut by an amendment is not cut any more.
func recordMatter(tx *db.Tx, id ident.Repricing, m ident.MatterID, entries int, fell []ident.EntryID) error {
	sealed, err := isSealed(tx, m)
	if err != nil {
		return err
	}
	if fell == nil {
		fell = []ident.EntryID{}
	}
	class := audit.C2
	if sealed {
		class = audit.C4
	}
	return audit.Record(tx, audit.Entry{Action: "entry.repriced", Object: "matter", ID: string(m), Matter: m, Class: class, Permission: string(rbac.RateReprice),
		Detail: map[string]any{"run": id, "entries": entries, "rates_fell_away": fell}})
}
