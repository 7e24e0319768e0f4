package worklist

import (
	"cmp"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/ident"
)

// Band is how urgent an item is to the order of get-next (SLA.md 9).
type Band string

// The bands. Pinned goes first; hot and overdue take turns; normal comes last.
const (
	Pinned  Band = "pinned"
	Hot     Band = "hot"     // a quarter of the target or an hour is left
	Overdue Band = "overdue" // the promise is broken
	Normal  Band = "normal"
)

// hotRun is how many hot items are given before an overdue one that waits.
const hotRun = 3

// Head is the first ready item of one firm in one band.
type Head struct {
	Firm     ident.FirmID
	Band     Band
	Item     ident.WorkItemID
	PinnedAt time.Time
	DueAt    time.Time
	Priority int
	Created  time.Time
	Estimate int
	Promised bool // its deadline is a promise to the firm
}

// Board is what a choice is made from: the heads of each firm, who has had how
// much, and how many hot items went since the last overdue one. It is pure.
type Board struct {
	Heads    []Head
	Firms    map[ident.FirmID]*Served
	HotPicks int
	Unit     int64 // parts of an estimated minute that virtual time counts in; 0 is 1000
}

// Served is a firm's virtual time in a pool: parts of estimated minutes given to it,
// per share. Who has had least is next.
type Served struct {
	Virtual  int64
	Share    int64
	HadReady bool // it had ready items when the pool last looked
	Ready    bool // it has some now

	was int64 // what is stored of Virtual and HadReady
	had bool
}

// Admit lets firms that have become ready start level with those that were: a firm
// cannot save up turns while it has no work.
func (b *Board) Admit() {
	least, some := int64(0), false
	for _, f := range b.Firms {
		if f.HadReady && (!some || f.Virtual < least) {
			least, some = f.Virtual, true
		}
	}
	for _, f := range b.Firms {
		if some && f.Ready && !f.HadReady {
			f.Virtual = max(f.Virtual, least)
		}
		f.HadReady = f.Ready
	}
}

// Order lists the heads, the one to give first. The others follow in case another
// person takes it at the same moment.
func (b *Board) Order() []Head {
	bands := map[Band][]Head{}
	for _, h := range b.Heads {
		bands[h.Band] = append(bands[h.Band], h)
	}
	slices.SortFunc(bands[Pinned], func(x, y Head) int { return cmp.Or(x.PinnedAt.Compare(y.PinnedAt), byDeadline(x, y)) })
	slices.SortFunc(bands[Hot], byDeadline)
	slices.SortFunc(bands[Overdue], byDeadline)
	slices.SortFunc(bands[Normal], b.byTurn)
	order := bands[Pinned]
	if b.HotPicks >= hotRun {
		order = append(append(order, bands[Overdue]...), bands[Hot]...)
	} else {
		order = append(append(order, bands[Hot]...), bands[Overdue]...)
	}
	return append(order, bands[Normal]...)
}

// Give books that h was given out.
func (b *Board) Give(h Head) {
	switch h.Band {
	case Hot:
		b.HotPicks++
	case Overdue:
		b.HotPicks = 0
	case Pinned, Normal:
	}
	b.Firms[h.Firm].Virtual += h.cost(b.Firms[h.Firm].Share, cmp.Or(b.Unit, storedUnit))
}

// storedUnit is that of virtual times in the database.
const storedUnit = 1000

func (h Head) cost(share, unit int64) int64 { return int64(h.Estimate) * unit / max(share, 1) }

func byDeadline(x, y Head) int {
	return cmp.Or(x.DueAt.Compare(y.DueAt), cmp.Compare(x.Priority, y.Priority), x.Created.Compare(y.Created), cmp.Compare(x.Item, y.Item))
}

func (b *Board) byTurn(x, y Head) int {
	return cmp.Or(cmp.Compare(b.Firms[x.Firm].Virtual, b.Firms[y.Firm].Virtual), cmp.Compare(x.Firm, y.Firm), byDeadline(x, y))
}

// why says in a sentence why an item comes first.
func (b Band) why(promised bool) string {
	switch {
	case b == Pinned:
		return "A team lead put it first"
	case b == Hot && promised:
		return "Its deadline is near"
	case b == Hot:
		return "Nothing was promised, but its five business days are nearly over"
	case b == Overdue && promised:
		return "Its promise is already broken, and every fourth urgent item is one of these"
	case b == Overdue:
		return "Nothing was promised, but it has waited for more than five business days"
	}
	return "Nothing is urgent, and this firm has had the least of late"
}
