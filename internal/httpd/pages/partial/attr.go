package partial

import (
	"strconv"

	"github.com/a-h/templ"
)

// Tab is one view of a list. Count below 0 is not shown.
type Tab struct {
	Text    string
	Href    string
	Count   int
	Current bool
}

func (t Tab) current() templ.Attributes {
	if t.Current {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}

func (t Table) keys() templ.Attributes {
	if t.Keys {
		return templ.Attributes{"data-rows": true}
	}
	return nil
}

func span(n int) templ.Attributes {
	if n > 1 {
		return templ.Attributes{"colspan": strconv.Itoa(n)}
	}
	return nil
}

func idOf(id string) templ.Attributes {
	if id != "" {
		return templ.Attributes{"id": id}
	}
	return nil
}

func toneClass(t Tone) string {
	if t == Plain {
		return ""
	}
	return "t-" + string(t)
}

func icoClass(t Tone) string {
	if t == Plain {
		return ""
	}
	return "ico-" + string(t)
}
