package worklist

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// MaxMany is how many items one request may act on.
const MaxMany = 100

// ManyAct is an act that exists for one item and may be done to several.
type ManyAct string

// Those of who holds the items, of a lead, and of who items are kept for.
const (
	ManyAsk      ManyAct = "ask" // a question to the firm; the items wait for its answer
	ManySkip     ManyAct = "skip"
	ManyReturn   ManyAct = "return"
	ManyHandOff  ManyAct = "hand_off"
	ManyTake     ManyAct = "take"
	ManyResume   ManyAct = "resume"
	ManyAssign   ManyAct = "assign"
	ManyPin      ManyAct = "pin"
	ManyUnpin    ManyAct = "unpin"
	ManySendBack ManyAct = "send_back"
)

// Pick is one selected item. Version is what was shown; 0 does not ask for one.
type Pick struct {
	Firm    ident.FirmID
	Item    ident.WorkItemID
	Version int
}

// Many is one act on several items.
type Many struct {
	Act    ManyAct
	Picks  []Pick
	To     ident.PersonID // of assign and hand_off
	Text   string         // the question, the reason or the note
	Reason SkipReason     // of skip
}

// Outcome is what became of one item: done, or the refusal.
type Outcome struct {
	Pick
	Err error
}

// ErrMany refuses a selection as a whole.
var ErrMany = fault.New(fault.Invalid, "items_invalid", "this selection cannot be worked on")

func (m Many) check() error {
	if len(m.Picks) == 0 || len(m.Picks) > MaxMany {
		return ErrMany.On(fault.Field{Path: "items", Code: "items_count", Message: fmt.Sprintf("choose 1 to %d items", MaxMany)})
	}
	seen := map[ident.WorkItemID]bool{}
	for _, p := range m.Picks {
		if seen[p.Item] {
			return ErrMany.On(fault.Field{Path: "items", Code: "items_twice", Message: "an item is named twice", Fix: "name each once"})
		}
		seen[p.Item] = true
	}
	var err error
	switch m.Act {
	case ManyAsk:
		_, err = noteOf("text", m.Text)
	case ManyAssign, ManyHandOff:
		if _, err = noteOf("text", m.Text); err == nil && m.Act == ManyAssign && m.To == "" {
			err = ErrPerson.On(fault.Field{Path: "person_id", Code: "item_person", Message: "nobody is named", Fix: "choose one of the people listed"})
		}
	case ManySkip:
		if !m.Reason.known() {
			err = ErrReason.On(fault.Field{Path: "reason", Code: "item_reason", Message: "choose a reason"})
		}
	case ManyReturn, ManyTake, ManyResume, ManyPin, ManyUnpin, ManySendBack:
	default:
		err = ErrMany.On(fault.Field{Path: "act", Code: "items_act", Message: "there is no such act", Fix: "choose one of those offered"})
	}
	return err
}

// ActOnMany does one act to each item as if it were done to it alone, and tells what
// became of each. An item that the actor may not know of, or an act that their role
// does not include where the item is, refuses the whole request: nothing is changed,
// and nothing tells which item it was (T02).
func (s *Service) ActOnMany(ctx context.Context, m Many) (out []Outcome, err error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	// One order for all, so that two requests cannot lock each other out.
	order := make([]int, len(m.Picks))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int {
		a, b := m.Picks[x], m.Picks[y]
		return cmp.Or(cmp.Compare(a.Firm, b.Firm), cmp.Compare(a.Item, b.Item))
	})
	err = s.db.InClaim(ctx, nil, func(tx *db.Tx) error {
		ctx := db.Joining(tx.Context(), tx) // each act is a savepoint of this transaction
		out = make([]Outcome, len(m.Picks))
		acts := make([]Act, len(m.Picks))
		for _, i := range order {
			p := m.Picks[i]
			out[i].Pick = p
			if acts[i], out[i].Err = s.lookAt(scope.InFirm(ctx, p.Firm), p); !perItem(out[i].Err) {
				return out[i].Err
			}
		}
		for _, i := range order {
			if out[i].Err != nil {
				continue
			}
			if out[i].Err = s.actOn(scope.InFirm(ctx, m.Picks[i].Firm), m, acts[i]); !perItem(out[i].Err) {
				return out[i].Err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// perItem tells whether a refusal is about one item alone.
func perItem(err error) bool {
	if err == nil {
		return true
	}
	switch fault.KindOf(err) {
	case fault.Conflict, fault.Stale, fault.Invalid:
		return true
	default:
		return false
	}
}

// lookAt locks an item and finds the actor's lease on it.
func (s *Service) lookAt(ctx context.Context, p Pick) (a Act, err error) {
	if _, err := ident.Parse[ident.WorkItemID](string(p.Item)); err != nil {
		return a, ErrNotFound
	}
	a.Item = p.Item
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.ItemRead)
		if err != nil {
			return err
		}
		i, err := lockItem(tx, p.Item)
		if err != nil {
			return err
		}
		if err := visible(tx, access, i); err != nil {
			return err
		}
		if p.Version != 0 && p.Version != i.Version {
			return ErrStale
		}
		if i.Status == Leased && *i.LeasedBy == tx.Scope.Actor {
			a.Token = i.LeaseToken
		}
		return nil
	})
	return a, err
}

func (s *Service) actOn(ctx context.Context, m Many, a Act) (err error) {
	switch m.Act {
	case ManyAsk, ManySkip, ManyReturn, ManyHandOff:
		return s.actOnHeld(ctx, m, a)
	case ManyTake:
		_, err = s.Take(ctx, a.Item)
	case ManyResume:
		err = s.Resume(ctx, a.Item)
	case ManyAssign:
		err = s.Assign(ctx, a.Item, m.To, m.Text)
	case ManyPin, ManyUnpin:
		err = s.Pin(ctx, a.Item, m.Act == ManyPin)
	case ManySendBack:
		err = s.SendBack(ctx, a.Item)
	}
	return err
}

func (s *Service) actOnHeld(ctx context.Context, m Many, a Act) (err error) {
	switch m.Act {
	case ManyAsk:
		_, err = s.Ask(ctx, a, Say{Body: m.Text}, true)
	case ManySkip:
		err = s.Skip(ctx, a, m.Reason)
	case ManyReturn:
		err = s.Release(ctx, a)
	case ManyHandOff:
		err = s.HandOff(ctx, a, m.To, m.Text)
	case ManyTake, ManyResume, ManyAssign, ManyPin, ManyUnpin, ManySendBack: // need no lease
	}
	if a.Token == 0 && fault.KindOf(err) == fault.Conflict {
		return ErrLeaseLost.With("you do not hold this item")
	}
	return err
}
