// Package partial is the small parts that many pages share: firm badge, label,
// clock, chip, table, form fields, notices, charts. Each has one struct with what
// it shows; words and numbers are made in Go and tested. It knows no page.
package partial

import (
	"github.com/docketry/docketry/internal/ident"
)

// Firm is a firm as people at the bureau recognise it: code, name, and colour with
// shape by slot. A thing of a firm never appears across firms without it.
type Firm struct {
	ID   ident.FirmID
	Code string // three letters
	Name string
	Slot int // 1..28, kept for life
}

// slots are the classes of tokens.css, made once.
var slots = [...]string{
	"f-1", "f-2", "f-3", "f-4", "f-5", "f-6", "f-7", "f-8", "f-9", "f-10", "f-11", "f-12", "f-13", "f-14",
	"f-15", "f-16", "f-17", "f-18", "f-19", "f-20", "f-21", "f-22", "f-23", "f-24", "f-25", "f-26", "f-27", "f-28",
}

// Class is the firm's colour class. A slot out of range wraps around: the code
// still tells the firms apart.
func (f Firm) Class() string {
	n := (f.Slot - 1) % len(slots)
	if n < 0 {
		n += len(slots)
	}
	return slots[n]
}

// Label is a matter's label (DESIGN 4), called level on pages: a ladder of ink.
type Label int8

// The ladder.
const (
	Standard Label = iota
	Confidential
	Restricted
	Sealed
)

var labels = [...]struct{ class, icon, name string }{
	{"conf", "lock", "Standard"},
	{"conf l2", "lock", "Confidential"},
	{"conf l3", "eye", "Restricted"},
	{"conf l4", "seal", "Sealed"},
}

// look falls back to the strictest label for an unknown number.
func (l Label) look() (class, icon, name string) {
	if l < Standard || l > Sealed {
		l = Sealed
	}
	x := labels[l]
	return x.class, x.icon, x.name
}

// String is the label's name: "Confidential".
func (l Label) String() string { _, _, name := l.look(); return name }

// Tone colours a chip, a notice or a bar. It never carries the meaning alone:
// a word and an icon stand with it.
type Tone string

// The tones. Calm is "paused, seen, information".
const (
	Plain  Tone = ""
	OK     Tone = "ok"
	Warn   Tone = "warn"
	Bad    Tone = "bad"
	Calm   Tone = "calm"
	Accent Tone = "accent"
	Line   Tone = "line"
)

// Chip is a short state: an icon and at most four words.
type Chip struct {
	Tone Tone
	Icon string // "" without
	Text string
	Href string // a chip that leads somewhere underlines on hover
}

func (c Chip) class() string {
	if c.Tone == Plain {
		return "chip"
	}
	return "chip " + string(c.Tone)
}

// Link is a word that leads somewhere.
type Link struct{ Text, Href string }
