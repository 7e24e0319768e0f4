package capture

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// checkParts opens each part of the file once, so that what the reader would pass over in
// silence is refused: a part that is cut, whose sum is wrong, that is larger than it says
// or than may be, or that is not XML.
func checkParts(data []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return damaged(err)
	}
	if err := isWorkbook(archive); err != nil {
		return err
	}
	var total uint64
	for _, part := range archive.File {
		if total += part.UncompressedSize64; part.UncompressedSize64 > maxPart || total > maxUnzipped {
			return ErrTooLarge.With("the workbook unpacks to more than %d MiB in one sheet or %d MiB in all; split it by month or by client, or save the sheet as CSV UTF-8", maxPart>>20, maxUnzipped>>20)
		}
	}
	for _, part := range archive.File {
		if err := checkPart(part); errors.Is(err, ErrFile) {
			return err
		} else if err != nil {
			return damaged(err)
		}
	}
	return nil
}

// isWorkbook tells an XLSX file from what else a ZIP file can be.
func isWorkbook(archive *zip.Reader) error {
	has := map[string]bool{}
	for _, part := range archive.File {
		has[strings.ToLower(strings.ReplaceAll(part.Name, `\`, "/"))] = true
	}
	const save = "save the sheet as XLSX or as CSV UTF-8"
	switch {
	case has["xl/vbaproject.bin"]:
		return unreadable(1, "the workbook holds macros", "save it as XLSX, which holds none")
	case has["xl/workbook.xml"] && has["[content_types].xml"]:
		return nil
	case has["xl/workbook.bin"]:
		return unreadable(1, "this is a binary workbook (.xlsb)", save)
	case has["mimetype"] && has["content.xml"]:
		return unreadable(1, "this is an OpenDocument spreadsheet", save)
	default:
		return unreadable(1, "this is an archive or another document, not a spreadsheet", save)
	}
}

func checkPart(part *zip.File) error {
	r, err := part.Open()
	if err != nil {
		return fmt.Errorf("open %d bytes: %w", part.CompressedSize64, err)
	}
	defer r.Close()
	if name := strings.ToLower(part.Name); !strings.HasSuffix(name, ".xml") && !strings.HasSuffix(name, ".rels") {
		_, err = io.Copy(io.Discard, r) //nolint:gosec // G110: bounded by UncompressedSize64, which the reader holds
		return err
	}
	sheet := strings.HasPrefix(strings.ToLower(strings.ReplaceAll(part.Name, `\`, "/")), "xl/worksheets/sheet")
	var scan sheetScan
	depth := 0
	for d := xml.NewDecoder(r); ; {
		t, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && depth == 0:
			_, err = io.Copy(io.Discard, r) //nolint:gosec // G110: as above
			return err
		case err != nil:
			return err
		}
		switch x := t.(type) {
		case xml.StartElement:
			depth++
			if err := scan.begin(x); sheet && err != nil {
				return err
			}
		case xml.EndElement:
			depth--
			if err := scan.end(x); sheet && err != nil {
				return err
			}
		case xml.Directive:
			return errDirective
		}
		if depth > maxDepth || depth < 0 {
			return errDepth
		}
	}
}

// sheetScan finds in a sheet what reading its cells would pass over in silence.
type sheetScan struct {
	cell           string // where it stands, "" when the sheet does not say
	formula, value bool
}

func (s *sheetScan) begin(x xml.StartElement) error {
	switch x.Name.Local {
	case "c":
		*s = sheetScan{cell: attr(x, "r")}
	case "f":
		s.formula = true
	case "v", "is":
		s.value = true
	case "mergeCell":
		return merged(attr(x, "ref"))
	}
	return nil
}

func (s *sheetScan) end(x xml.EndElement) error {
	if x.Name.Local != "c" || !s.formula || s.value {
		return nil
	}
	return unreadable(max(rowOf(s.cell), 1), strings.TrimSpace("a formula without its value stands in cell "+short(visible(s.cell))), "open the file in a spreadsheet program, which works it out, and save it")
}

// merged refuses cells that are one over several rows: only the first of them has the value.
func merged(ref string) error {
	from, to, _ := strings.Cut(ref, ":")
	first, last := rowOf(from), rowOf(to)
	if first == last || last == 0 {
		return nil
	}
	return unreadable(max(min(first, last), 1), "the cells "+short(visible(ref))+" are merged over several rows, so only one of these rows has their value", "take the merging back and fill each row")
}

// rowOf is the row of a cell's name, 0 for what names none.
func rowOf(cell string) int {
	_, row, err := excelize.CellNameToCoordinates(cell)
	if err != nil {
		return 0
	}
	return row
}

func attr(x xml.StartElement, name string) string {
	for _, a := range x.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

var (
	errDirective = errors.New("a document type is declared")
	errDepth     = errors.New("elements stand too deep")
)
