package guideline

import (
	"time"

	"github.com/docketry/docketry/internal/money"
)

// Book is the other lines around the one under judgement: what the same person
// did on the same day, what says the same. Order counts: of two equal lines the
// later one is the duplicate. It is read-only once made, so goroutines may share it.
type Book struct {
	items  []item
	byDay  map[dayKey][]int
	byText map[textKey][]int
	byCase map[dayKey][]int // matter and day
	at     map[string]int   // line id -> place
}

// item is a line with its narrative in the two forms that rules compare, read once.
type item struct {
	Line
	plain string   // words in order
	words []uint64 // hashes of the different words, sorted
}

func newItem(l Line, t *text) item { return item{l, t.plain(), t.hashes()} }

// dayKey is a timekeeper's or a matter's day.
type dayKey struct {
	of  string
	day int
}

type textKey struct{ timekeeper, matter, text string }

// NewBook indexes lines; the line that Check judges may be among them.
func NewBook(lines []Line) *Book {
	b := &Book{
		items: make([]item, len(lines)), at: make(map[string]int, len(lines)),
		byDay: make(map[dayKey][]int, len(lines)), byText: make(map[textKey][]int, len(lines)), byCase: make(map[dayKey][]int, len(lines)),
	}
	for i, l := range lines {
		b.items[i] = newItem(l, scan(l.Narrative))
		d := dayKey{l.Timekeeper, dayOf(l.On)}
		t := textKey{l.Timekeeper, l.Matter, b.items[i].plain}
		b.byDay[d] = append(b.byDay[d], i)
		b.byText[t] = append(b.byText[t], i)
		if l.Kind == Time {
			b.byCase[dayKey{l.Matter, d.day}] = append(b.byCase[dayKey{l.Matter, d.day}], i)
		}
		b.at[l.ID] = i
	}
	return b
}

// sameDay are the other time lines of the person on the day.
func (b *Book) sameDay(l Line) []*item { return b.near(l, 0) }

// near are the other lines of the same kind and person within days of the line's date.
func (b *Book) near(l Line, days int) (out []*item) {
	if b == nil {
		return nil
	}
	for d := -days; d <= days; d++ {
		for _, i := range b.byDay[dayKey{l.Timekeeper, dayOf(l.On) + d}] {
			if b.items[i].ID != l.ID && b.items[i].Kind == l.Kind {
				out = append(out, &b.items[i])
			}
		}
	}
	return out
}

// sameMatter are the time lines of others on the matter and day.
func (b *Book) sameMatter(l Line) (out []*item) {
	if b == nil {
		return nil
	}
	for _, i := range b.byCase[dayKey{l.Matter, dayOf(l.On)}] {
		if o := &b.items[i]; o.Timekeeper != l.Timekeeper && !o.free() {
			out = append(out, o)
		}
	}
	return out
}

// free tells whether the line is at no charge though it has a price.
func (l *Line) free() bool { return l.ValueMinor == 0 && (l.Rate > 0 || l.UnitCost > 0) }

// before tells whether a stands before b's line; a line that is not in the book
// comes after all that are.
func (b *Book) before(a *item, than Line) bool {
	place, ok := b.at[than.ID]
	return !ok || b.at[a.ID] < place
}

// dates are the different days on which the person wrote the same text on the matter.
func (b *Book) dates(l Line, plain string) map[int]bool {
	days := map[int]bool{dayOf(l.On): true}
	if b == nil {
		return days
	}
	for _, i := range b.byText[textKey{l.Timekeeper, l.Matter, plain}] {
		days[dayOf(b.items[i].On)] = true
	}
	return days
}

// hours sums time lines.
func hours(lines []*item) (sum money.Fixed4) {
	for _, l := range lines {
		sum += l.Hours
	}
	return sum
}

// dayOf numbers days, so that neighbours are one apart.
func dayOf(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86_400)
}
