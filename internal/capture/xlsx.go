package capture

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/xuri/excelize/v2"
	"github.com/xuri/nfp"

	"github.com/docketry/docketry/internal/money"
)

const formatXLSX = "xlsx"

// Limits of SECURITY T15. A part is one file inside the workbook: a sheet, or the texts
// of all sheets. Everything stays in memory, for no narrative may lie in a temporary file.
const (
	maxUnzipped = 100 << 20
	maxPart     = 48 << 20
	maxDepth    = 32
)

func isZip(data []byte) bool {
	return bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("PK\x05\x06"))
}

// isOldOffice is the container of .xls, and of a workbook that has a password.
func isOldOffice(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
}

// workbook reads the sheets of an XLSX file. Formulas are not evaluated, links are not
// followed: a cell is worth what the sender saw in it.
type workbook struct{ file *excelize.File }

// readXLSX reads the one visible sheet whose header names what an entry needs. The lines
// of its faults are rows of that sheet.
func readXLSX(data []byte, m Mapping) (*Sheet, error) {
	s := &Sheet{Format: formatXLSX}
	return s, s.workbook(data, m, m.place, func(rows *rowReader, rec record) { s.Rows = append(s.Rows, rows.read(rec)) })
}

// workbook hands over the rows of the one visible sheet that has the columns.
func (s *Sheet) workbook(data []byte, m Mapping, place placing, take func(rows *rowReader, rec record)) error {
	if err := checkParts(data); err != nil {
		return err
	}
	form := strings.ToLower(m.DateForm)
	if form == "" {
		form = "yyyy-mm-dd"
	}
	file, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: maxUnzipped, ShortDatePattern: form})
	if err != nil {
		return damaged(err)
	}
	defer file.Close() //nolint:errcheck // nothing of it is on disk
	b := workbook{file}
	b.plainFormats()
	name, found, first, others, err := b.choose(place)
	if err != nil {
		return err
	}
	s.Ignored, s.columns = found.ignored, found
	for _, o := range others {
		s.faults.add(Fault{Line: first.line, Severity: Warning, Code: "FIL-02", Message: "the sheet " + strconv.Quote(short(visible(o))) + " is not read", Fix: "send it as a file of its own if it holds time or costs"})
	}
	rows, read := m.reader(found, &s.faults), 0
	rows.sheet = true
	err = b.each(name, func(rec record, hidden bool) error {
		switch {
		case rec.line <= first.line:
			return nil
		case read == MaxRows:
			return tooManyRows()
		}
		if hidden {
			s.faults.add(Fault{Line: rec.line, Severity: Warning, Code: "FIL-03", Message: "this row is hidden in the sheet and is read all the same", Fix: "delete the row from the sheet if it is not to be billed"})
		}
		read++
		take(rows, fitted(rec, len(found.headers)))
		return nil
	})
	switch {
	case err != nil:
		return err
	case read == 0:
		return ErrFile.With("the sheet has a header and no rows")
	}
	return nil
}

// choose finds the sheet to read: the only visible one with rows, or of several the only
// one that has the columns. Others are those with rows that are left.
func (b workbook) choose(place placing) (name string, c columns, first record, others []string, err error) {
	var fit []string // with the columns, and rows below them
	var reason error
	var bare bool // one has the columns and nothing below, which is told where no other has more
	for _, sheet := range b.file.GetSheetList() {
		if shown, err := b.file.GetSheetVisible(sheet); err != nil || !shown {
			continue
		}
		head, ok, err := b.first(sheet)
		switch {
		case errors.Is(err, ErrFile), errors.Is(err, ErrTooLarge):
			return "", c, head, nil, err
		case err != nil || !ok: // a sheet of charts holds no rows
			continue
		}
		found, err := place(slices.Clone(head.cells), head.line)
		if err != nil {
			if others = append(others, sheet); reason == nil {
				reason = err
			}
			continue
		}
		filled, err := b.beyond(sheet, head.line)
		switch {
		case err != nil:
			return "", c, head, nil, err
		case !filled:
			if bare = true; len(fit) == 0 {
				name, c, first = sheet, found, head
			}
		default:
			if fit = append(fit, sheet); len(fit) == 1 {
				name, c, first = sheet, found, head
			}
		}
	}
	switch {
	case len(fit) > 1:
		return "", c, first, nil, unreadable(1, "several sheets hold entries: "+quoted(fit), "send each as a file of its own, or hide all but one")
	case len(fit) == 1, bare:
		return name, c, first, others, nil
	case reason != nil:
		return "", c, first, nil, reason
	default:
		return "", c, first, nil, ErrFile.With("no visible sheet of the workbook holds a row")
	}
}

func quoted(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = strconv.Quote(short(visible(n)))
	}
	return strings.Join(list, ", ")
}

var errEnough = errors.New("enough")

// first is the first row of a sheet that is not blank.
func (b workbook) first(sheet string) (head record, ok bool, err error) {
	err = b.each(sheet, func(rec record, _ bool) error {
		head, ok = rec, true
		return errEnough
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if ok && head.broken != nil {
		return head, ok, unreadable(head.line, head.broken.Message, head.broken.Fix)
	}
	return head, ok, err
}

// beyond tells whether a sheet has a row below a line.
func (b workbook) beyond(sheet string, line int) (there bool, err error) {
	err = b.each(sheet, func(rec record, _ bool) error {
		if there = rec.line > line; there {
			return errEnough
		}
		return nil
	})
	if there {
		return true, nil
	}
	return false, err
}

// each hands over the rows of a sheet that are not blank, in order.
func (b workbook) each(sheet string, do func(rec record, hidden bool) error) error {
	rows, err := b.file.Rows(sheet)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // it repeats rows.Error
	for line := 1; rows.Next(); line++ {
		cells, err := rows.Columns()
		switch {
		case err != nil:
			return damaged(err)
		case len(cells) > MaxColumns && !blankCells(cells[MaxColumns:]):
			return unreadable(line, "the row reaches beyond 200 columns", "export fewer columns")
		case blankCells(cells):
			continue
		}
		rec := record{line: line, cells: cells[:min(len(cells), MaxColumns)]}
		for i, c := range rec.cells {
			text, currency := unmarked(c)
			rec.cells[i] = text
			if currency != "" {
				if rec.currencies == nil {
					rec.currencies = map[int]string{}
				}
				rec.currencies[i] = currency
			}
		}
		if err := do(checked(rec), rows.GetRowOpts().Hidden); err != nil {
			return err
		}
	}
	if err := rows.Error(); err != nil {
		return damaged(err)
	}
	return nil
}

// checked names the first cell that cannot be used, whatever its column means.
func checked(rec record) record {
	for i, c := range rec.cells {
		switch {
		case len(c) > MaxCell:
			rec.broken, rec.at = tooLong(rec.line), i+1
		case slices.Contains(cellErrors, c):
			rec.broken, rec.at = broken(rec.line, "the cell shows "+c, "correct the formula, or enter the value"), i+1
		default:
			continue
		}
		break
	}
	return rec
}

// cellErrors are what a cell shows when its formula fails.
var cellErrors = []string{"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA"}

// fitted gives a row the columns of the header: a sheet stores no blank cells.
func fitted(rec record, columns int) record {
	for len(rec.cells) < columns {
		rec.cells = append(rec.cells, "")
	}
	if rec.broken == nil && !blankCells(rec.cells[columns:]) {
		at := columns + 1 + slices.IndexFunc(rec.cells[columns:], func(c string) bool { return strings.TrimSpace(c) != "" })
		rec.broken, rec.at = broken(rec.line, "a cell has a value under no header", "give the column a header, or clear the cell"), at
	}
	return rec
}

// Formats of the workbook's own catalogue that stand for all others here.
const (
	formatGeneral = 0
	formatPercent = 10
	formatDate    = 14 // as ShortDatePattern of the options
	formatElapsed = 46 // [h]:mm:ss

	firstOwnFormat = 164 // ids below belong to the catalogue
	mostOwnFormats = 50  // that stay; the rest shows what is stored
)

// mark ends a cell that a format of ours has written; a currency may follow it.
const mark = "\u241f"

// plainFormats gives each cell a format whose text is exact: a date as the mapping writes
// it, elapsed time as hours:minutes (refused where hours are meant, for a cell that shows
// 1:30 holds 0.0625), an id with its zeros and letters as shown, any other number as
// stored, to the 15 digits that a spreadsheet knows, with the currency that its format names.
func (b workbook) plainFormats() {
	styles := b.file.Styles
	if styles == nil || styles.CellXfs == nil {
		return
	}
	plain := map[int]int{} // what stands for a format of the workbook's own, by id
	if own := styles.NumFmts; own != nil {
		written, kept := map[string]int{}, own.NumFmt[:0] // by code of ours
		for _, f := range own.NumFmt {
			if _, known := plain[f.NumFmtID]; known {
				continue
			}
			id, code := formatOf(f.FormatCode)
			if code != "" {
				first, known := written[code]
				switch {
				case known:
					id = first
				case f.NumFmtID >= firstOwnFormat && len(kept) < mostOwnFormats:
					id = f.NumFmtID
					f.FormatCode, f.FormatCode16 = code, ""
					written[code], kept = id, append(kept, f)
				}
			}
			plain[f.NumFmtID] = id
		}
		own.NumFmt = kept
	}
	for i := range styles.CellXfs.Xf {
		xf := &styles.CellXfs.Xf[i]
		if xf.NumFmtID == nil {
			continue
		}
		id, own := plain[*xf.NumFmtID]
		if !own {
			id = builtIn(*xf.NumFmtID)
		}
		xf.NumFmtID = &id
	}
}

// formatOf is what stands for a code of the workbook's own: a format of the catalogue or,
// where code is not "", one that ends with the mark. Each section counts, for which of
// them a cell takes depends on its value.
func formatOf(own string) (id int, code string) {
	parser := nfp.NumberFormatParser()
	var zeros, digits int
	var around, currency string
	for _, section := range parser.Parse(own[:min(len(own), 255)]) {
		for _, t := range section.Items {
			switch t.TType {
			case nfp.TokenTypeElapsedDateTimes:
				return formatElapsed, ""
			case nfp.TokenTypeDateTimes:
				if strings.ContainsAny(t.TValue, "yYdDeE") {
					return formatDate, ""
				}
				id = formatElapsed
			case nfp.TokenTypePercent:
				if id == formatGeneral {
					id = formatPercent
				}
			case nfp.TokenTypeCurrencyLanguage:
				for _, part := range t.Parts {
					currency = cmp.Or(currency, currencyOf(part.Token.TValue))
				}
			case nfp.TokenTypeLiteral:
				currency = cmp.Or(currency, currencyOf(t.TValue))
				if zeros == 0 {
					around += t.TValue
				}
			case nfp.TokenTypeZeroPlaceHolder:
				zeros += len(t.TValue)
			case nfp.TokenTypeGeneral, nfp.TokenTypeHashPlaceHolder, nfp.TokenTypeDigitalPlaceHolder, nfp.TokenTypeDecimalPoint, nfp.TokenTypeThousandsSeparator,
				nfp.TokenTypeFraction, nfp.TokenTypeExponential, nfp.TokenTypeTextPlaceHolder:
				digits++
			}
		}
	}
	around = strings.TrimSpace(around)
	switch {
	case id != formatGeneral:
		return id, ""
	case currency != "":
		return formatGeneral, `0.##########"` + mark + currency + `"`
	case digits == 0 && zeros > 0 && zeros <= 20 && (zeros > 1 || around != "") && plainWord(around):
		// An id: all its digits are shown, and more of them where there are more.
		return formatGeneral, `"` + around + `"` + strings.Repeat("0", zeros) + `.##########"` + mark + `"`
	default:
		return formatGeneral, ""
	}
}

// plainWord tells that a literal is letters, digits and signs of an id.
func plainWord(s string) bool {
	return len(s) <= 20 && strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_/. ", r)
	}) < 0
}

// currencyOf is the code that the text of a format stands for; "" where it is none, or of
// several countries as the dollar's sign is.
func currencyOf(text string) string {
	text = strings.TrimSpace(text)
	if code, known := map[string]string{"€": "EUR", "£": "GBP", "₹": "INR", "₪": "ILS", "₩": "KRW", "zł": "PLN", "₺": "TRY"}[text]; known {
		return code
	}
	if len(text) != 3 || strings.ToUpper(text) != text {
		return ""
	}
	if c, err := money.ParseCurrency(text); err == nil {
		return string(c)
	}
	return ""
}

// unmarked takes the mark off a cell, and tells the currency behind it.
func unmarked(cell string) (text, currency string) {
	text, currency, marked := strings.Cut(cell, mark)
	if !marked {
		return cell, ""
	}
	return strings.TrimSuffix(text, "."), currency
}

// builtIn is the plain format for one of the catalogue (ECMA-376 part 1, 18.8.30).
func builtIn(id int) int {
	switch {
	case id == 9, id == 10:
		return formatPercent
	case 14 <= id && id <= 17, id == 22, 27 <= id && id <= 31, id == 36, 50 <= id && id <= 58:
		return formatDate
	case 18 <= id && id <= 21, 32 <= id && id <= 35, 45 <= id && id <= 47:
		return formatElapsed
	default:
		return formatGeneral
	}
}

// damaged refuses a workbook that cannot be read; why is a matter of the format.
func damaged(err error) error {
	return unreadable(1, "the workbook is damaged or not one that a spreadsheet program wrote", "open it in a spreadsheet program and save it as XLSX or as CSV UTF-8").Because(err)
}
