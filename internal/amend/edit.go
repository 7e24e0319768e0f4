package amend

import (
	"time"

	"github.com/docketry/docketry/internal/ident"
)

// Side of the table that changed a line.
type Side string

// The billing team works for the bureau, the partner for the firm.
const (
	SideBureau Side = "bureau"
	SideFirm   Side = "firm"
)

// Edits is the history of a line, oldest first.
type Edits []Edit

// Last is the newest change that stands, nil when the line is as recorded.
func (es Edits) Last() *Edit {
	for i := len(es) - 1; i >= 0; i-- {
		if es[i].UndoneAt == nil {
			return &es[i]
		}
	}
	return nil
}

// Edit is one change of one line, with both sides of it.
type Edit struct {
	ID       ident.EditID
	Seq      int // from 1
	Side     Side
	Before   Content
	After    Content
	BeforeAt int64 // what the line adds to the bill, in minor units
	AfterAt  int64
	Reason   Reason
	Note     string
	By       ident.PersonID
	ByName   string
	At       time.Time
	UndoneBy ident.PersonID
	UndoneAt *time.Time
}
