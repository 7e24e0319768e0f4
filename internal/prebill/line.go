package prebill

import (
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
)

// Line is the copy of an entry on a pre-bill, with what was recorded beside it.
type Line struct {
	ID         ident.PrebillLine
	EntryID    ident.EntryID
	SplitOf    ident.PrebillLine // the line that this is a part of, "" of a whole one
	Sources    []Line            // of a merge: the lines that it stands for
	mergedInto ident.PrebillLine // the merge that stands for this line
	Position   int               // from 1, by date
	On         time.Time
	Timekeeper ident.TimekeeperID // "" on a cost
	TKCode     string
	TKName     string
	TKClass    string
	amend.Work
	Arranged Arranged // what the arrangement makes of the work as it stands
	Edits    amend.Edits
	Findings []guideline.Stored
	Receipts int // papers behind a cost, where a reader is shown the bill
}

// Amount is what the line is worth on the bill if it is not held, under its arrangement.
func (l *Line) Amount() int64 { return l.Work.Amount() + l.Arranged.minor() }

// Bills is what the line adds to the bill, under its arrangement.
func (l *Line) Bills() int64 {
	if l.Held {
		return 0
	}
	return l.Amount()
}

// ownID tells a line from others where rules compare them: its entry's, and of a part or a
// merge its own, for they are not one to one.
func (l *Line) ownID() string {
	if l.SplitOf != "" || len(l.Sources) > 0 {
		return string(l.ID)
	}
	return string(l.EntryID)
}

func (l *Line) isTime() bool { return l.Kind == guideline.Time }

// Changed tells whether any change stands.
func (l *Line) Changed() bool { return l.Edits.Last() != nil }

// ChangedBy tells whether a change of one side stands.
func (l *Line) ChangedBy(s amend.Side) bool {
	for _, e := range l.history() {
		if e.UndoneAt == nil && e.Side == s {
			return true
		}
	}
	return false
}

// heldBy is the side whose standing change put the line on hold, "" when none did.
func (l *Line) heldBy() (by amend.Side) {
	for _, e := range l.Edits {
		if e.UndoneAt == nil && e.Before.Held != e.After.Held {
			by = ""
			if e.After.Held {
				by = e.Side
			}
		}
	}
	return by
}
