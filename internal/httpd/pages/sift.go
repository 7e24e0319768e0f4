package pages

import (
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

// sifter narrows one of a firm's short lists (clients, payors, matters, timekeepers)
// that a service hands over whole, in its order: by words, by state, page by page.
type sifter[T any] struct {
	Address string // of the list
	Noun    [2]string
	Words   func(T) string // what a search looks through
	Over    func(T) bool   // closed, or left
	Key     func(T) string // an id
	Open    string         // what those not over are called: "Active"
	Closed  string
}

// sifted is one page of what was found, and how the rest is reached.
type sifted[T any] struct {
	Items   []T
	Narrow  []partial.Field
	Tabs    []partial.Tab
	Pager   partial.Pager
	Nothing bool // the list holds something, but nothing of this kind
}

// sifterPage is how many rows stand on one page.
const sifterPage = 50

// sift reads q (words, all of which must be found), state (open when absent, over,
// all) and after (the id of the last row seen; one that is gone starts anew).
func (s sifter[T]) sift(all []T, query *filters) sifted[T] {
	q, state := query.text("q"), query.one("state", "is no state of "+s.Noun[1], "shown is what is "+strings.ToLower(s.Open), "over", "all")
	var found, open, over []T
	for _, x := range all {
		if !has(s.Words(x), q) {
			continue
		}
		found = append(found, x)
		if s.Over(x) {
			over = append(over, x)
		} else {
			open = append(open, x)
		}
	}
	address := func(state, after string) string {
		return href.Query(s.Address, "q", q, "state", state, "after", after)
	}
	out := sifted[T]{Items: open, Narrow: []partial.Field{{Name: "q", Label: "Find", Kind: partial.Search, Value: q, Max: 120, Hint: "Part of a name or number"}},
		Tabs: []partial.Tab{
			{Text: s.Open, Href: address("", ""), Count: len(open), Current: state == ""},
			{Text: s.Closed, Href: address("over", ""), Count: len(over), Current: state == "over"},
			{Text: "All", Href: address("all", ""), Count: len(found), Current: state == "all"},
		}}
	if state != "" {
		out.Narrow = append(out.Narrow, partial.Field{Name: "state", Label: "State", Kind: partial.Select, Options: partial.Options(state, "", s.Open, "over", s.Closed, "all", "All")})
	}
	switch state {
	case "over":
		out.Items = over
	case "all":
		out.Items = found
	}
	total, from := len(out.Items), 0
	if after := query.text("after"); after != "" {
		if from = 1 + slices.IndexFunc(out.Items, func(x T) bool { return s.Key(x) == after }); from == 0 {
			query.wrong = append(query.wrong, wrongFilter{"The row after which this page begins is not in the list any more.", "It is shown from its start."})
		}
	}
	out.Items = out.Items[from:]
	if len(out.Items) > sifterPage {
		out.Items = out.Items[:sifterPage]
		out.Pager.Next = address(state, s.Key(out.Items[sifterPage-1]))
	}
	if from > 0 {
		out.Pager.First = address(state, "")
	}
	out.Pager.Shown = format.Count(len(out.Items)) + " of " + format.Counted(total, s.Noun[0], s.Noun[1])
	out.Nothing = len(all) > 0 && total == 0
	return out
}

// has tells whether text holds every word of q, however it is written.
func has(text, q string) bool {
	text = strings.ToLower(text)
	for w := range strings.FieldsSeq(strings.ToLower(q)) {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// show puts what was found on a page: tabs, the search, the list.
func (x sifted[T]) show(v *PlainView, address, title string, t *partial.Table) {
	if x.Nothing {
		t.Empty = partial.Empty{Icon: "search", Title: "Nothing matches", Text: "Try fewer words, or another state.", Links: []partial.Link{{Text: "Show all", Href: href.Query(address, "state", "all")}}}
	}
	v.Tabs = x.Tabs
	v.Sections = append(v.Sections, Section{Title: "Narrow it", Body: LookFilter(address, x.Narrow)}, Section{Title: title, Table: t, Pager: x.Pager})
}
