package pdf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/docketry/docketry/internal/pdf"
)

// loadFonts is shared by the tests, as the program shares it between writers.
var loadFonts = sync.OnceValues(pdf.LoadFonts)

func newWriter(t *testing.T) (*pdf.Writer, *pdf.Fonts) {
	t.Helper()
	f, err := loadFonts()
	if err != nil {
		t.Fatal(err)
	}
	w, err := pdf.NewWriter(f)
	if err != nil {
		t.Fatal(err)
	}
	return w, f
}

var info = pdf.Info{Title: "Größe & <Weight>", Author: "Ó Briain", Lang: "en-GB", Created: time.Date(2026, 11, 6, 8, 31, 0, 0, time.UTC)}

// twoPages has a table whose cell goes on over the page, and running heads.
func twoPages(texts ...string) []pdf.Op {
	text := func(x, y pdf.Unit, s string) pdf.Op {
		return pdf.Op{Kind: pdf.Text, X: x, Y: y, Size: 900, Text: s, Field: "cell"}
	}
	page := pdf.Op{Kind: pdf.NewPage, W: pdf.MM(210), H: pdf.MM(297)}
	ops := []pdf.Op{
		page,
		{Kind: pdf.Open, Tag: pdf.Document},
		{Kind: pdf.Open, Tag: pdf.H1}, {Kind: pdf.Text, X: 5000, Y: 6000, Face: pdf.Bold, Size: 2000, Text: "Heading"}, {Kind: pdf.Close},
		{Kind: pdf.Open, Tag: pdf.Table},
		{Kind: pdf.Open, Tag: pdf.TR},
		{Kind: pdf.Open, Tag: pdf.TH, Scope: pdf.Row, Span: 2}, text(5000, 9000, "row head"), {Kind: pdf.Close},
		{Kind: pdf.Open, Tag: pdf.TD},
	}
	for i, s := range texts {
		ops = append(ops, text(20000, pdf.Unit(9000+1200*i), s))
	}
	return append(ops,
		pdf.Op{Kind: pdf.Box, X: 5000, Y: 8000, W: 40000, H: 50, Ink: 0x336699},
		page,
		pdf.Op{Kind: pdf.Artifact}, text(5000, 2000, "Page 2 of 2"), pdf.Op{Kind: pdf.EndArtifact},
		text(20000, 5000, "the cell goes on"),
		pdf.Op{Kind: pdf.Close}, pdf.Op{Kind: pdf.Close}, pdf.Op{Kind: pdf.Close}, pdf.Op{Kind: pdf.Close},
	)
}

func TestFileIsStrictlyValidAndSaysWhatWasWritten(t *testing.T) {
	t.Parallel()
	api.DisableConfigDir()
	for name, texts := range map[string][]string{
		"latin 1":  {"§ 14.3 of the agreement – “as is”", "€1,250,000"},
		"latin":    {"Łukasz Wójcik, Škoda, İzmir"},
		"the rest": {"Δημήτρης Παππάς", "Иван Петров"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := newWriter(t)
			file, err := w.Write(info, twoPages(texts...))
			if err != nil {
				t.Fatal(err)
			}
			conf := model.NewDefaultConfiguration()
			conf.ValidationMode = model.ValidationStrict
			if err := api.Validate(bytes.NewReader(file), conf); err != nil {
				t.Errorf("strict validation: %v", err)
			}
			got := extract(t, file)
			for _, want := range append(texts, "Heading", "row head", "the cell goes on", "Page 2 of 2") {
				if !strings.Contains(got, want) {
					t.Errorf("text lacks %q:\n%s", want, got)
				}
			}
		})
	}
}

// extract is the text that poppler reads back.
func extract(t *testing.T, file []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-layout", path, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("pdftotext (of poppler-utils): %v\n%s", err, out)
	}
	return string(out)
}

func TestSameInstructionsGiveSameBytes(t *testing.T) {
	t.Parallel()
	used, _ := newWriter(t)
	fresh, _ := newWriter(t)
	if _, err := used.Write(pdf.Info{Title: "another"}, twoPages("Иван", "a", "b", "c")); err != nil {
		t.Fatal(err)
	}
	a, errA := used.Write(info, twoPages("x"))
	b, errB := fresh.Write(info, twoPages("x"))
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("a used and a fresh writer differ (%d and %d bytes, %v, %v)", len(a), len(b), errA, errB)
	}
	c, err := used.Write(info, twoPages("y"))
	if err != nil || bytes.Equal(a, c) {
		t.Errorf("another text gave the same file (%v)", err)
	}
}

func TestFileIsTagged(t *testing.T) {
	t.Parallel()
	w, _ := newWriter(t)
	file, err := w.Write(info, twoPages("x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/MarkInfo<</Marked true>>", "/DisplayDocTitle true", "/S/GTS_PDFA1", "<pdfaid:part>3</pdfaid:part>",
		"<pdfaid:conformance>B</pdfaid:conformance>", "Größe &amp; &lt;Weight&gt;", "2026-11-06T08:31:00Z"} {
		if !bytes.Contains(file, []byte(want)) {
			t.Errorf("the file lacks %s", want)
		}
	}
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdfinfo", "-struct-text", path).CombinedOutput()
	if err != nil {
		t.Fatalf("pdfinfo (of poppler-utils): %v\n%s", err, out)
	}
	want := `Document
  H1 (block)
    "Heading"
  Table
    TR
      TH:
        /Scope /Row
        /ColSpan 2
        "row head"
      TD
        "x"
        "the cell goes on"
`
	if got := compact(string(out)); got != compact(want) {
		t.Errorf("structure:\n%s\nwant\n%s", got, compact(want))
	}
}

// compact drops blanks and poppler's remark on how an element flows.
func compact(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(strings.ReplaceAll(line, "(block)", "")); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func TestTextThatCannotBePrintedIsRefusedByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, names string
		want        error
	}{
		{"paid \U0001F600", "U+1F600", pdf.ErrGlyph},
		{"東京", "U+6771", pdf.ErrGlyph},
		{"tab\tbed", "U+0009", pdf.ErrGlyph},
		{"bad \xff byte", "U+FFFD", pdf.ErrGlyph},
		{"שלום", "U+05E9", pdf.ErrRightToLeft},
		{"سلام", "U+0633", pdf.ErrRightToLeft},
		{"a\u202eb", "U+202E", pdf.ErrRightToLeft},
	} {
		w, _ := newWriter(t)
		_, err := w.Write(info, twoPages(c.text))
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.names) || !strings.Contains(err.Error(), "cell") {
			t.Errorf("%q: %v, want %v naming %s and the field", c.text, err, c.want, c.names)
		}
	}
}

func TestUnbalancedInstructionsAreRefused(t *testing.T) {
	t.Parallel()
	page := pdf.Op{Kind: pdf.NewPage, W: 10000, H: 10000}
	text := pdf.Op{Kind: pdf.Text, Size: 900, Text: "x"}
	for name, ops := range map[string][]pdf.Op{
		"nothing":               {},
		"close without open":    {page, {Kind: pdf.Close}},
		"open to the end":       {page, {Kind: pdf.Open}},
		"text outside":          {page, text},
		"text before a page":    {{Kind: pdf.Open}, text},
		"artifact to the end":   {page, {Kind: pdf.Artifact}, text},
		"artifact in artifact":  {page, {Kind: pdf.Artifact}, {Kind: pdf.Artifact}},
		"artifact over a page":  {page, {Kind: pdf.Artifact}, page, {Kind: pdf.EndArtifact}},
		"box before any page":   {{Kind: pdf.Box}},
		"text without any size": {page, {Kind: pdf.Open}, {Kind: pdf.Text, Text: "x"}, {Kind: pdf.Close}},
	} {
		w, _ := newWriter(t)
		if _, err := w.Write(info, ops); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestWrapLosesNothingAndFits(t *testing.T) {
	t.Parallel()
	_, f := newWriter(t)
	const width = 12000
	for _, s := range []string{
		"", "short", "Review correspondence from opposing counsel regarding scheduling of depositions and attend the hearing.",
		strings.Repeat("unbroken", 30), "a " + strings.Repeat("W", 100) + " b", "well-known/ill-defined – so-called—as it were, state-of-the-art",
		"§\u00a014.3 stays with its sign in every line §\u00a014.3 stays with its sign §\u00a014.3", "trailing blank ", "ends at the edge exactly",
	} {
		lines := f.Wrap(nil, pdf.Regular, 800, width, s)
		for _, l := range lines {
			if w := f.Width(pdf.Regular, 800, strings.TrimRight(l, " ")); w > width {
				t.Errorf("line %q is %d wide, more than %d", l, w, width)
			}
			if strings.HasPrefix(l, "14.3") {
				t.Errorf("%q begins with a number torn from its sign", l)
			}
		}
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := squeeze(strings.Join(lines, "")); got != squeeze(s) {
			t.Errorf("wrapped %q became %q", s, got)
		}
	}
}

func TestProfileIsWellFormed(t *testing.T) {
	t.Parallel()
	w, _ := newWriter(t)
	file, err := w.Write(info, twoPages("x"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := bytes.Cut(file, []byte("/N 3/Length "))
	if !ok {
		t.Fatal("no profile in the file")
	}
	_, profile, _ := bytes.Cut(rest, []byte("stream\n"))
	size := int(binary.BigEndian.Uint32(profile))
	if string(profile[36:40]) != "acsp" || !bytes.HasPrefix(profile[size:], []byte("\nendstream")) {
		t.Fatalf("the profile states %d bytes and does not end there", size)
	}
	for i := range int(binary.BigEndian.Uint32(profile[128:])) {
		entry := profile[132+12*i:]
		offset, length := int(binary.BigEndian.Uint32(entry[4:])), int(binary.BigEndian.Uint32(entry[8:]))
		if offset%4 != 0 || offset+length > size {
			t.Errorf("tag %s lies at %d with %d bytes of %d", entry[:4], offset, length, size)
		}
	}
}
