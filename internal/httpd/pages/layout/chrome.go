// Package layout is the frame around every page: top bar, menu, the firm's spine,
// flash, live region. It decides nothing about what a person may do: the handler
// hands it a menu that is already cut to that.
package layout

import (
	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

// Chrome is what a page needs besides its own content.
type Chrome struct {
	Title     string        // of the page; the firm's code is put before it inside a firm
	Org       string        // beside the brand: "Larkspur Billing Services", or the firm's name for its own people
	Person    string        // full name, "" when nobody is signed in
	Nav       []NavItem     // what this person may open, see Menu
	Active    string        // key of the current NavItem
	Firm      *partial.Firm // the firm the page is inside; nil across firms
	Spine     bool          // shown to bureau people inside a firm; a firm's own people have one firm
	Theme     string        // "", "light", "dark": from the cookie
	Density   string        // "", "roomy": from the cookie
	KeysOff   bool          // single-key shortcuts are switched off (WCAG 2.1.4)
	Flash     *Flash
	Wrong     []string // what of the address could not be taken and what is shown instead, in sentences
	Confirm   string   // where to show a factor, while matters that the person's grants reach are hidden without; "" when none are
	Owed      int      // firms that show the person nothing until they give an undertaking; asked where a person lands
	CSRF      string
	RequestID string
	Path      string // of this page, to come back to after a preference
	Query     string // what follows the path, with its question mark
	Next      bool   // may claim work: "Get next item" stands in the top bar
	Refresh   bool   // reload every 30 s without script: live pages only
}

// Flash is what just happened: "Line 3 split into four entries." with a way back.
type Flash struct {
	Tone partial.Tone
	Text string
	Undo *partial.Button
}

func (f Flash) icon() string {
	switch f.Tone {
	case partial.Bad, partial.Warn:
		return "alert"
	case partial.OK:
		return "check"
	default:
		return "flag"
	}
}

// title is what the browser shows: inside one firm it begins with its code.
func (c Chrome) title() string {
	t := c.Title + " · Docketry"
	if c.Firm != nil && c.Spine {
		return "[" + c.Firm.Code + "] " + t
	}
	return t
}

func (c Chrome) spine() bool { return c.Spine && c.Firm != nil }

// place is the firm where the person is, "" across firms.
func (c Chrome) place() string {
	if c.Firm == nil {
		return ""
	}
	return string(c.Firm.ID)
}

// offersNext: the queue page has the button in its head.
func (c Chrome) offersNext() bool { return c.Next && c.Active != "queue" }

// NextItem is the button that claims the best item and goes there.
func NextItem(class string) partial.Button {
	return partial.Button{Text: "Get next item", Action: href.Next, Class: class, Icon: "arrow", Key: "g n", Press: "next"}
}

func (c Chrome) bodyClass() string {
	if c.spine() {
		return "app has-firm"
	}
	return "app"
}

// root is the preferences on <html>; the style sheet reads them, so nothing flashes.
func (c Chrome) root() templ.Attributes {
	a := templ.Attributes{}
	if c.Theme == "light" || c.Theme == "dark" {
		a["data-theme"] = c.Theme
	}
	if c.Density == "roomy" {
		a["data-density"] = c.Density
	}
	if c.KeysOff {
		a["data-keys"] = "off"
	}
	return a
}

// nextTheme goes round: system, light, dark.
func (c Chrome) nextTheme() string {
	switch c.Theme {
	case "light":
		return "dark"
	case "dark":
		return "system"
	default:
		return "light"
	}
}

func (c Chrome) themeWords() string {
	now := c.Theme
	if now == "" {
		now = "as the system"
	}
	next := c.nextTheme()
	if next == "system" {
		next = "follow the system"
	}
	return "Theme: " + now + ". Change to: " + next
}

func (c Chrome) back() string {
	if c.Path == "" {
		return href.Home
	}
	return c.Path + c.Query
}
