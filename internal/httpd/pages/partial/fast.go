package partial

import (
	"context"
	"io"
	"sync"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd/pages/static"
)

// The marks that stand in every row of a list are written by hand: as templates
// they were two thirds of the time that a page of 100 rows took, most of it for
// class attributes. Everything that comes from outside goes through esc.

// html is finished markup made of our own words only.
type html string

// Render writes it.
func (h html) Render(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, string(h))
	return err
}

func esc(s string) string { return templ.EscapeString(s) }

func svg(icon string) string {
	return `<svg class="i" aria-hidden="true"><use href="` + static.Icon(icon) + `"></use></svg>`
}

var icons = sync.OnceValue(func() map[string]html {
	all := map[string]html{}
	for _, name := range static.Icons() {
		all[name] = html(svg(name))
	}
	return all
})

// Icon is a drawing without a voice: a word stands beside it. An unknown one panics.
func Icon(name string) templ.Component {
	if h, ok := icons()[name]; ok {
		return h
	}
	panic("partial: no icon " + name)
}

var labelMarks = sync.OnceValue(func() (marks [len(labels)]html) {
	for i, l := range labels {
		marks[i] = html(`<span class="` + l.class + `">` + svg(l.icon) + l.name + `</span>`)
	}
	return marks
})

// LabelMark is the ladder of ink.
func LabelMark(l Label) templ.Component {
	if l < Standard || l > Sealed {
		l = Sealed
	}
	return labelMarks()[l]
}

// FirmBadge is code and name.
func FirmBadge(f Firm) templ.Component {
	return html(`<span class="firm ` + f.Class() + `"><b>` + esc(f.Code) + `</b><span>` + esc(f.Name) + `</span></span>`)
}

// ClockMark is the clock of a row: icon, time left, track of time used.
func ClockMark(c Clock) templ.Component {
	k := c.look()
	s := `<span class="` + k.class + `" data-sla="` + c.seconds() + `">` + svg(k.icon) + `<span class="sla-t">` + c.Text() + `</span>`
	if c.tracked() {
		s += `<svg class="track" aria-hidden="true"><rect width="` + c.used() + `" height="100%"></rect></svg>`
	}
	return html(s + `</span>`)
}
