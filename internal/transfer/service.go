package transfer

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do with transfers.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

// Preview works out what a transfer would do; it changes nothing. ErrStands, or
// capture.ErrElsewhere, with every entry that cannot go, and why.
func (s *Service) Preview(ctx context.Context, m Move) (p Preview, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryTransfer)
		if err != nil {
			return err
		}
		w, err := s.work(tx, a, m, false)
		p = w.preview
		return err
	})
	return p, err
}

// Do transfers the work, all of it or none; hash is that of the preview that the person
// saw. ErrOther when the work, or its price on the other matter, is not that any more.
func (s *Service) Do(ctx context.Context, m Move, hash, reason string) (d Detail, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryTransfer)
		if err != nil {
			return err
		}
		if reason, err = because(reason, "the work belongs there"); err != nil {
			return err
		}
		w, err := s.work(tx, a, m, true)
		if err != nil {
			return err
		}
		if hash != w.preview.Hash {
			return ErrOther
		}
		t := Transfer{ID: ident.New[ident.TransferID](tx.Now), From: w.preview.From, To: m.To, Entries: len(m.Entries), Reason: reason, By: tx.Scope.Actor, At: tx.Now}
		for _, bill := range w.bills() {
			if err := prebill.LetGo(tx, bill, t.ID, w.on(bill)); err != nil {
				return err
			}
		}
		if err := capture.MoveAway(tx, a, w.list); err != nil {
			return err
		}
		for i := range w.list {
			w.preview.Lines[i].Made = w.list[i].To.ID
		}
		if err := insert(tx, &t, w.preview.Lines); err != nil {
			return err
		}
		if err := moveReceipts(tx, t.ID, true); err != nil {
			return err
		}
		if err := s.recordBoth(tx, "entry.transferred", &t, reason); err != nil {
			return err
		}
		d, err = get(tx, t.ID)
		return err
	})
	return d, err
}

// TakeBack gives the work of a transfer back to the matter that it came from, as it stood.
// ErrMovedOn while any of it is on a bill, changed or transferred again on the other matter.
func (s *Service) TakeBack(ctx context.Context, id ident.TransferID, reason string) (d Detail, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryTransfer)
		if err != nil {
			return err
		}
		if reason, err = because(reason, "the transfer is taken back"); err != nil {
			return err
		}
		if d, err = lock(tx, id); err != nil {
			return err
		}
		if err := within(tx, a, d.From, d.To); err != nil {
			return err
		}
		if d.BackAt != nil {
			return ErrBack
		}
		var from, made []ident.EntryID
		for i := range d.Lines {
			from, made = append(from, d.Lines[i].Entry), append(made, d.Lines[i].Made)
		}
		list, err := capture.ToRehome(tx, a, slices.Concat(from, made))
		if err != nil {
			return err
		}
		if err := untouched(list, made, &d.Transfer); err != nil {
			return err
		}
		if err := mayReturn(tx, &d.Transfer); err != nil {
			return err
		}
		if err := markBack(tx, id, reason); err != nil {
			return err
		}
		if err := moveReceipts(tx, id, false); err != nil {
			return err
		}
		if err := capture.MoveBack(tx, a, from, made); err != nil {
			return err
		}
		if err := s.recordBoth(tx, "entry.transfer_undone", &d.Transfer, reason); err != nil {
			return err
		}
		d, err = get(tx, id)
		return err
	})
	return d, err
}

// List lists the transfers between matters that the actor sees, newest first; of one
// matter where it is named.
func (s *Service) List(ctx context.Context, of ident.MatterID, req page.Request) (list page.Page[Transfer], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryRead)
		if err != nil {
			return err
		}
		if of != "" {
			if err := a.RequireMatter(tx, of); err != nil {
				return err
			}
		}
		list, err = transfers(tx, a, of, req)
		return err
	})
	return list, err
}

// Get is one transfer. ErrNotFound for who does not see both of its matters.
func (s *Service) Get(ctx context.Context, id ident.TransferID) (d Detail, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryRead)
		if err != nil {
			return err
		}
		if err := visible(tx, a, id); err != nil {
			return err
		}
		d, err = get(tx, id)
		return err
	})
	return d, err
}

// Of is the transfer that an entry went or came by, "" when there is none that stands, or
// the actor does not see both of its matters.
func (s *Service) Of(ctx context.Context, entry ident.EntryID) (id ident.TransferID, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryRead)
		if err != nil {
			return err
		}
		id, err = ofEntry(tx, a, entry)
		return err
	})
	return id, err
}

// worked is what a transfer comes to.
type worked struct {
	list    []capture.Rehomed
	preview Preview
}

// work works out what a move comes to. Locking, it holds what the move touches first, in the
// order in which all do that change bills.
func (s *Service) work(tx *db.Tx, a *authz.Access, m Move, locking bool) (w worked, err error) {
	if err := m.Validate(); err != nil {
		return w, err
	}
	list, err := capture.Whole(tx, a, m.Entries)
	if err != nil {
		return w, err
	}
	from := list[0].MatterID
	if err := within(tx, a, from, m.To); err != nil {
		return w, err
	}
	if err := s.labels(tx, from, m.To); err != nil {
		return w, err
	}
	if locking {
		if err := prebill.LockToReprice(tx, sorted(from, m.To), billsOf(list)); err != nil {
			return w, err
		}
		if list, err = capture.ToRehome(tx, a, m.Entries); err != nil {
			return w, err
		}
	}
	bills, err := billStates(tx, billsOf(list))
	if err != nil {
		return w, err
	}
	if err := movable(list, bills, m.To); err != nil {
		return w, err
	}
	changes, err := changesOf(tx, from, list)
	if err != nil {
		return w, err
	}
	if w.list, err = capture.Rehome(tx, a, list, changes, m.To); err != nil {
		return w, err
	}
	w.preview = Preview{From: from, To: m.To, Lines: linesOf(w.list, bills)}
	w.preview.Hash, err = hashOf(m.To, w.list)
	return w, err
}

// within wants the actor to see what is said on both matters.
func within(tx *db.Tx, a *authz.Access, matters ...ident.MatterID) error {
	for _, m := range matters {
		if err := a.RequireMatter(tx, m); err != nil {
			return err
		}
		if err := a.RequireSight(tx, m, authz.C3); err != nil {
			return err
		}
	}
	return nil
}

// labels keeps what a label keeps close among those who may read it: the firm's own partner
// may open a confidence by a transfer, the bureau may not, and nobody what is sealed.
func (s *Service) labels(tx *db.Tx, from, to ident.MatterID) error {
	f, err := matter.Get(tx, from)
	if err != nil {
		return err
	}
	t, err := matter.Get(tx, to)
	if err != nil || f.Label <= t.Label {
		return err
	}
	if f.Label == authz.Sealed {
		return ErrStands.With("%s is sealed: its work goes to no matter that is not; enter the work on %s in other words", f.Number, t.Number)
	}
	a, err := s.guard.Require(tx, rbac.PrebillApprove)
	if err == nil {
		err = a.RequireMatter(tx, from) // a partner of another matter says nothing about this one
	}
	if errors.Is(err, authz.ErrForbidden) || errors.Is(err, authz.ErrNotFound) {
		return ErrStands.With("%s is kept closer than %s, where more people read what was written; ask a partner of the firm to transfer it, or enter the work there in other words", f.Number, t.Number)
	}
	return err
}

// bill is what of a pre-bill matters here.
type bill struct {
	number int64
	status prebill.Status
}

// movable refuses work that stays where it is, with every reason.
func movable(list []capture.Entry, bills map[ident.PrebillID]bill, to ident.MatterID) error {
	var bad fault.Fields
	for i := range list {
		e := &list[i]
		on := e.WorkedOn.Format("2 Jan 2006")
		refuse := func(code, format string, args ...any) { bad.Add(string(e.ID), code, format, args...) }
		switch b := bills[e.PrebillID]; {
		case e.MatterID != list[0].MatterID:
			refuse("entry_matters", "the work of %s is of another matter than the first; transfer each matter's by itself", on)
		case e.MatterID == to:
			refuse("entry_there", "the work of %s is on that matter already; choose another one", on)
		case e.Status == capture.StatusBilled:
			refuse("entry_billed", "the work of %s is invoiced; credit the invoice to be billed again first", on)
		case e.Status == capture.StatusMoved:
			refuse("entry_moved", "the work of %s was transferred before; transfer what it became", on)
		case e.Status == capture.StatusRemoved:
			refuse("entry_removed", "the work of %s was taken out of the books", on)
		case e.Status == capture.StatusBilling && (b.status == prebill.StatusApproved || !b.status.Editable()):
			refuse("entry_approved", "the work of %s is on PB-%d, which is approved; withdraw the approval first", on, b.number)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return bad.Err(ErrStands.With("%s", bad[0].Message))
}

// changesOf are what people changed of entries on their drafts, and on bills that were
// credited to be billed again.
func changesOf(tx *db.Tx, from ident.MatterID, list []capture.Entry) (map[ident.EntryID]amend.Edits, error) {
	var on []ident.EntryID
	var open []capture.Entry
	for i := range list {
		if list[i].Status == capture.StatusBilling {
			on = append(on, list[i].ID)
		} else {
			open = append(open, list[i])
		}
	}
	changes, err := standing(tx, on, list)
	if err != nil || len(open) == 0 {
		return changes, err
	}
	again, err := prebill.Credited(tx, from, open)
	if changes == nil {
		return again, err
	}
	maps.Copy(changes, again)
	return changes, err
}

// standing are what people changed of entries on their drafts.
func standing(tx *db.Tx, on []ident.EntryID, list []capture.Entry) (map[ident.EntryID]amend.Edits, error) {
	if len(on) == 0 {
		return nil, nil
	}
	changes, err := prebill.Standing(tx, on)
	if err != nil {
		return nil, err
	}
	var bad fault.Fields
	for i := range list {
		if _, ok := changes[list[i].ID]; !ok && list[i].Status == capture.StatusBilling {
			bad.Add(string(list[i].ID), "entry_shaped", "the work of %s is split or merged on its draft; undo that first", list[i].WorkedOn.Format("2 Jan 2006"))
		}
	}
	if len(bad) > 0 {
		return nil, bad.Err(ErrStands.With("%s", bad[0].Message))
	}
	return changes, nil
}

func linesOf(list []capture.Rehomed, bills map[ident.PrebillID]bill) []Line {
	out := make([]Line, len(list))
	for i := range list {
		r := &list[i]
		units, _ := r.From.Units()
		after := r.To.Work()
		out[i] = Line{Entry: r.From.ID, Kind: r.From.Kind, Timekeeper: r.From.TimekeeperID, On: r.From.WorkedOn, Units: units, Bill: r.From.PrebillID, BillNumber: bills[r.From.PrebillID].number,
			Before: money.Amount{Minor: r.Stood.Amount(), Currency: r.From.Currency}, After: money.Amount{Minor: after.Amount(), Currency: r.To.Currency}, Rate: r.To.Price(), Cut: len(r.Cut)}
	}
	return out
}

func (w *worked) bills() []ident.PrebillID {
	var from []capture.Entry
	for i := range w.list {
		from = append(from, w.list[i].From)
	}
	return billsOf(from)
}

func (w *worked) on(bill ident.PrebillID) (ids []ident.EntryID) {
	for i := range w.list {
		if w.list[i].From.PrebillID == bill {
			ids = append(ids, w.list[i].From.ID)
		}
	}
	return ids
}

// billsOf are the bills that entries are on, in the order of their ids.
func billsOf(list []capture.Entry) []ident.PrebillID {
	var ids []ident.PrebillID
	for i := range list {
		if list[i].Status == capture.StatusBilling {
			ids = append(ids, list[i].PrebillID)
		}
	}
	return sorted(ids...)
}

func sorted[T ~string](ids ...T) []T {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// untouched refuses to take back what went on since on the other matter.
func untouched(list []capture.Entry, made []ident.EntryID, t *Transfer) error {
	var bad fault.Fields
	for i := range list {
		e := &list[i]
		if !slices.Contains(made, e.ID) {
			continue
		}
		on := e.WorkedOn.Format("2 Jan 2006")
		switch {
		case e.Status == capture.StatusBilling:
			bad.Add(string(e.ID), "entry_billing", "the work of %s is on a pre-bill there; transfer it from that draft", on)
		case e.Status == capture.StatusBilled:
			bad.Add(string(e.ID), "entry_billed", "the work of %s is invoiced there; credit the invoice to be billed again first", on)
		case e.Status == capture.StatusMoved:
			bad.Add(string(e.ID), "entry_moved", "the work of %s was transferred on; take that back first", on)
		case e.Status != capture.StatusOpen:
			bad.Add(string(e.ID), "entry_removed", "the work of %s was taken out of the books", on)
		case changedSince(e.Edits, t):
			bad.Add(string(e.ID), "entry_changed", "the work of %s was changed there; undo that first", on)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return bad.Err(ErrMovedOn.With("%s", bad[0].Message))
}

// mayReturn refuses to bring work back to a matter that was closed since, and papers that
// were attached on a matter that is kept closer to one where more people read them.
func mayReturn(tx *db.Tx, t *Transfer) error {
	f, err := matter.Get(tx, t.From)
	if err != nil {
		return err
	}
	if f.ClosedOn != nil {
		return ErrMovedOn.With("%s was closed on %s; open the matter again first", f.Number, f.ClosedOn.Format("2 Jan 2006"))
	}
	to, err := matter.Get(tx, t.To)
	if err != nil || to.Label <= f.Label {
		return err
	}
	since, err := papersSince(tx, t)
	if err != nil || !since {
		return err
	}
	return ErrMovedOn.With("a paper was attached on %s, which is kept closer than %s; take it off there first", to.Number, f.Number)
}

func changedSince(all amend.Edits, t *Transfer) bool {
	return slices.ContainsFunc(all, func(e amend.Edit) bool {
		return e.At.After(t.At) || e.UndoneAt != nil && e.UndoneAt.After(t.At)
	})
}

// recordBoth writes what happened to the work of both matters, where their people look.
func (s *Service) recordBoth(tx *db.Tx, action string, t *Transfer, reason string) error {
	for _, id := range []ident.MatterID{t.From, t.To} {
		m, err := matter.Get(tx, id)
		if err != nil {
			return err
		}
		class := audit.C2
		if m.Label == authz.Sealed {
			class = audit.C4
		}
		way := "to"
		if id == t.From {
			way = "from"
		}
		err = audit.Record(tx, audit.Entry{Action: action, Object: "transfer", ID: string(t.ID), Matter: id, Class: class, Permission: string(rbac.EntryTransfer),
			After: reason, Detail: map[string]any{"entries": t.Entries, "way": way}})
		if err != nil {
			return err
		}
	}
	return nil
}
