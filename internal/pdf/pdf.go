// Package pdf writes tagged, archivable PDF files from a flat list of drawing
// instructions. It knows nothing of what it draws: a noun lays its sheet out as
// []Op, which is pure and can be tested, and Writer turns that into bytes. The
// same instructions give the same bytes, always: there is no clock, no random
// number and no map order inside (DOCUMENTS 3).
//
// The form is PDF 1.7, structured for screen readers, with PDF/A-3b intended: XMP,
// an sRGB output intent, embedded fonts. No conformance checker has certified it.
package pdf

import (
	"time"

	"github.com/docketry/docketry/internal/fault"
)

// Faults of the text that is to be printed. Both name the code point and the field.
var (
	// ErrGlyph is a character that the fonts lack. An empty box is never printed.
	ErrGlyph = fault.New(fault.Invalid, "text_glyph_missing", "a character cannot be printed")
	// ErrRightToLeft is text of a script that runs from right to left, which this
	// writer would print in the wrong order.
	ErrRightToLeft = fault.New(fault.Invalid, "text_right_to_left", "right-to-left text cannot be printed yet")
)

// Unit is a length of 1/100 point; 7200 are an inch.
type Unit int32

// MM is n millimetres.
func MM(n int) Unit { return Unit((n*72000 + 127) / 254) }

// Point is n typographic points.
func Point(n int) Unit { return Unit(n * 100) }

// Face is one of the two weights there are.
type Face uint8

// The faces.
const (
	Regular Face = iota
	Bold
	faces
)

// Ink is a colour, 0xRRGGBB in sRGB. The zero value is black.
type Ink uint32

// Tag is the role of a structure element (ISO 32000-1, 14.8.4).
type Tag uint8

// The tags.
const (
	Document Tag = iota
	H1
	H2
	P
	Table
	THead
	TBody
	TR
	TH
	TD
)

var tagNames = [...]string{"Document", "H1", "H2", "P", "Table", "THead", "TBody", "TR", "TH", "TD"}

// Scope says which cells a TH names.
type Scope uint8

// The scopes.
const (
	NoScope Scope = iota
	Column
	Row
)

// Kind is what an Op does.
type Kind uint8

// The kinds. Open and Close nest like brackets, across pages too; Text belongs to
// the innermost open element, or to none inside an Artifact, which is what a
// screen reader skips: page numbers, repeated headers. Box is always an artifact.
const (
	NewPage  Kind = iota // W, H
	Open                 // Tag, Scope, Span
	Close                // the innermost element
	Artifact             // until EndArtifact
	EndArtifact
	Text // X, Y (baseline), Face, Size, Ink, Text, Field
	Box  // X, Y (upper left), W, H, Ink
)

// Op is one instruction. Positions count from the upper left corner of the page.
type Op struct {
	Kind       Kind
	Tag        Tag
	Scope      Scope
	Span       uint8 // columns that a TH or TD covers; 0 and 1 are one
	Face       Face
	Ink        Ink
	X, Y, W, H Unit
	Size       Unit
	Text       string
	Field      string // names the text in an error: "line 12 narrative"
}

// Info is what a file says about itself.
type Info struct {
	Title   string // shown in the window's title bar
	Author  string
	Lang    string    // BCP 47, such as "en-GB"
	Created time.Time // of the content, from its snapshot; the zero time writes none
}
