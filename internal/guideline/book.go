package guideline

import (
	"time"

	"github.com/docketry/docketry/internal/money"
)

// Book is the other lines around the one under judgement: what the same person
// did on the same day, what says the same. Order counts: of two equal lines the
// later one is the duplicate. It is read-only once made, so goroutines may share it.
type Book struct {
	lines  []Line
	keys   []string // folded narratives
	byDay  map[dayKey][]int
	byText map[textKey][]int
	at     map[string]int // line id -> place
}

type dayKey struct {
	timekeeper string
	day        int
}

type textKey struct{ timekeeper, matter, text string }

// NewBook indexes lines; the line that Check judges may be among them.
func NewBook(lines []Line) *Book {
	b := &Book{
		lines: lines, keys: make([]string, len(lines)), at: make(map[string]int, len(lines)),
		byDay: make(map[dayKey][]int, len(lines)), byText: make(map[textKey][]int, len(lines)),
	}
	for i, l := range lines {
		b.keys[i] = plainText(l.Narrative)
		d := dayKey{l.Timekeeper, dayOf(l.On)}
		t := textKey{l.Timekeeper, l.Matter, b.keys[i]}
		b.byDay[d] = append(b.byDay[d], i)
		b.byText[t] = append(b.byText[t], i)
		b.at[l.ID] = i
	}
	return b
}

// sameDay are the other time lines of the person on the day.
func (b *Book) sameDay(l Line) []Line { return b.near(l, 0) }

// near are the other lines of the same kind and person within days of the line's date.
func (b *Book) near(l Line, days int) (out []Line) {
	if b == nil {
		return nil
	}
	for d := -days; d <= days; d++ {
		for _, i := range b.byDay[dayKey{l.Timekeeper, dayOf(l.On) + d}] {
			if b.lines[i].ID != l.ID && b.lines[i].Kind == l.Kind {
				out = append(out, b.lines[i])
			}
		}
	}
	return out
}

// before tells whether a stands before b's line; a line that is not in the book
// comes after all that are.
func (b *Book) before(a, than Line) bool {
	place, ok := b.at[than.ID]
	return !ok || b.at[a.ID] < place
}

// dates are the different days on which the person wrote the same text on the matter.
func (b *Book) dates(l Line) map[int]bool {
	days := map[int]bool{dayOf(l.On): true}
	if b == nil {
		return days
	}
	for _, i := range b.byText[textKey{l.Timekeeper, l.Matter, plainText(l.Narrative)}] {
		days[dayOf(b.lines[i].On)] = true
	}
	return days
}

// hours sums time lines.
func hours(lines []Line) (sum money.Fixed4) {
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
