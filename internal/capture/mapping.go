package capture

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/fault"
)

// Field is one thing that a row says. The names are the default headers of DESIGN 7.
type Field string

// The fields. Amount is optional and only checked.
const (
	FieldID         Field = "id"
	FieldDate       Field = "date"
	FieldClient     Field = "client"
	FieldMatter     Field = "matter"
	FieldTimekeeper Field = "timekeeper"
	FieldClass      Field = "timekeeper_class"
	FieldHours      Field = "hours"
	FieldRate       Field = "rate"
	FieldNarrative  Field = "narrative"
	FieldTask       Field = "task_code"
	FieldActivity   Field = "activity_code"
	FieldExpense    Field = "expense_code"
	FieldQuantity   Field = "quantity"
	FieldUnitCost   Field = "unit_cost"
	FieldCurrency   Field = "currency"
	FieldAmount     Field = "amount"
)

// The fields of a rate card, beside those that it shares with an entry.
const (
	FieldGroup    Field = "client_group"
	FieldOffice   Field = "office"
	FieldPractice Field = "practice_group"
	FieldFrom     Field = "from"
	FieldUntil    Field = "until"
	FieldReason   Field = "reason"
)

// Fields lists them in the order of the default header.
func Fields() []Field {
	return []Field{FieldID, FieldDate, FieldClient, FieldMatter, FieldTimekeeper, FieldClass, FieldHours, FieldRate, FieldNarrative,
		FieldTask, FieldActivity, FieldExpense, FieldQuantity, FieldUnitCost, FieldCurrency, FieldAmount}
}

// otherNames are headers that practice systems write, in folded spelling.
func otherNames(f Field) string {
	switch f {
	case FieldID:
		return "entryid externalid uid reference ref timeentryid guid recordid"
	case FieldDate:
		return "workdate workedon servicedate dateofservice transactiondate dateworked"
	case FieldClient:
		return "clientid clientnumber clientno clientcode"
	case FieldMatter:
		return "matterid matternumber matterno mattercode lawfirmmatterid filenumber fileno"
	case FieldTimekeeper:
		return "timekeeperid timekeepercode timekeeperno tk tkid tkcode initials feeearner biller"
	case FieldClass:
		return "class classification timekeeperclassification tkclass title"
	case FieldHours:
		return "hrs duration time billablehours hoursworked"
	case FieldRate:
		return "hourlyrate billingrate"
	case FieldNarrative:
		return "description details text memo worknarrative narration"
	case FieldTask:
		return "task utbmstask"
	case FieldActivity:
		return "activity utbmsactivity"
	case FieldExpense:
		return "expense expensetype costcode"
	case FieldQuantity:
		return "qty units"
	case FieldUnitCost:
		return "unitprice price"
	case FieldCurrency:
		return "ccy curr"
	case FieldAmount:
		return "total value lineamount"
	case FieldGroup:
		return "group clientgroupname groupofclients"
	case FieldOffice:
		return "location"
	case FieldPractice:
		return "practice department practicearea"
	case FieldFrom:
		return "validfrom effectivefrom effectivedate startdate firstday fromcurrency basecurrency"
	case FieldUntil:
		return "validuntil validto effectiveto enddate to"
	case FieldDay:
		return "date ondate ratedate"
	case FieldTo:
		return "tocurrency target quote quotecurrency"
	case FieldReason:
		return "note comment"
	default:
		return ""
	}
}

// Mapping is how the files of one source name their columns and write dates and
// numbers. The zero value is the default: our own headers and the names usual
// elsewhere, dates as 2026-06-30, numbers with a point.
type Mapping struct {
	ID          string
	Source      string // "" means "csv"
	Columns     map[Field]string
	DateForm    string // "" means YYYY-MM-DD
	DecimalMark string // "" means a point
	Delimiter   string // "" finds out
	Version     int

	own *code.Book // what a LEDES file may have beside the published codes
}

// dateForms are the ways to write a date that a source may choose.
func dateForms() map[string]string {
	return map[string]string{"": time.DateOnly, "YYYY-MM-DD": time.DateOnly, "YYYYMMDD": "20060102", "MM/DD/YYYY": "1/2/2006", "DD/MM/YYYY": "2/1/2006", "DD.MM.YYYY": "2.1.2006"}
}

// Validate names every field that needs correcting.
func (m Mapping) Validate() error {
	var fs fault.Fields
	if n := len([]rune(m.Source)); n < 1 || n > 40 || strings.TrimSpace(m.Source) != m.Source {
		fs.Add("source", "source_form", "name the source in 1 to 40 characters, such as the practice system")
	}
	for f, header := range m.Columns {
		if !slices.Contains(Fields(), f) {
			fs.Add("columns."+string(f), "field_unknown", "%q is not a field of an entry", f)
		}
		if n := len([]rune(header)); n < 1 || n > 80 {
			fs.Add("columns."+string(f), "header_form", "enter the header as the file writes it, up to 80 characters")
		}
	}
	if _, ok := dateForms()[m.DateForm]; !ok {
		fs.Add("date_form", "date_form_unknown", "choose YYYY-MM-DD, YYYYMMDD, MM/DD/YYYY, DD/MM/YYYY or DD.MM.YYYY")
	}
	if m.DecimalMark != "" && m.DecimalMark != "." && m.DecimalMark != "," {
		fs.Add("decimal_mark", "decimal_mark_unknown", "choose a point or a comma")
	}
	if !slices.Contains([]string{"", ",", ";", "\t"}, m.Delimiter) {
		fs.Add("delimiter", "delimiter_unknown", "choose comma, semicolon or tab")
	}
	return fs.Err(ErrMapping)
}

// fold is a header without case, blanks and signs: "Work Date" and "work_date" are one.
func fold(header string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, header)
}

// columns are the places of the fields in a file, with its own headers.
type columns struct {
	at      map[Field]int
	headers []string
	ignored []string
}

// header is the name of a field's column as the file writes it.
func (c columns) header(f Field) string {
	if i, ok := c.at[f]; ok {
		return c.headers[i]
	}
	return string(f)
}

// named is the header of a column by its place from 1, "" for 0.
func (c columns) named(at int) string {
	switch {
	case at == 0:
		return ""
	case at <= len(c.headers) && strings.TrimSpace(c.headers[at-1]) != "":
		return short(c.headers[at-1])
	default:
		return "column " + strconv.Itoa(at)
	}
}

// placing finds the columns of a header line for one kind of file.
type placing func(headers []string, line int) (columns, error)

// place finds the columns of entries.
func (m Mapping) place(headers []string, line int) (columns, error) {
	return m.placeOf(Fields(), "an entry", headers, line, columns.demand)
}

// placeOf finds the column of each field: by the mapping, else by our name, else by
// a usual one. ErrFile names what is missing or there twice on the header's line.
func (m Mapping) placeOf(fields []Field, of string, headers []string, line int, demand func(c columns, fs *fault.Fields, line int)) (columns, error) {
	c := columns{at: map[Field]int{}, headers: headers}
	for i, h := range headers {
		c.headers[i] = strings.Trim(strings.TrimSpace(h), "\ufeff")
	}
	var fs fault.Fields
	used := map[int]bool{}
	for _, f := range fields {
		found := c.find(m.names(f))
		if len(found) > 1 {
			fs = append(fs, fault.Field{Path: c.headers[found[1]], Line: line, Code: "FIL-02", Message: "two columns name the " + string(f), Fix: "remove or rename one of them"})
		}
		if len(found) > 0 {
			c.at[f] = found[0]
			used[found[0]] = true
		}
	}
	for i, h := range c.headers {
		if !used[i] && h != "" {
			c.ignored = append(c.ignored, h)
		}
	}
	if len(c.at) == 0 {
		fs = fault.Fields{{Path: "file", Line: line, Code: "FIL-02", Message: "no column of this line is one that " + of + " needs",
			Fix: "let the header stand first, without a title above it, or name the file's own columns in the column mapping"}}
		return c, fs.Err(ErrFile.With("the header line cannot be used"))
	}
	demand(c, &fs, line)
	return c, fs.Err(ErrFile.With("the header line cannot be used"))
}

// names are the folded headers to try, best first.
func (m Mapping) names(f Field) [][]string {
	if h := m.Columns[f]; h != "" {
		return [][]string{{fold(h)}}
	}
	return [][]string{{fold(string(f))}, strings.Fields(otherNames(f))}
}

func (c columns) find(names [][]string) []int {
	for _, best := range names {
		var found []int
		for i, h := range c.headers {
			if slices.Contains(best, fold(h)) {
				found = append(found, i)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// demand asks for the columns without which no row can be read.
func (c columns) demand(fs *fault.Fields, line int) {
	need := []Field{FieldDate, FieldMatter, FieldNarrative}
	_, hours := c.at[FieldHours]
	_, quantity := c.at[FieldQuantity]
	switch {
	case hours:
		need = append(need, FieldTimekeeper)
	case quantity:
		need = append(need, FieldExpense, FieldUnitCost)
	default:
		need = append(need, FieldHours)
	}
	for _, f := range need {
		if _, ok := c.at[f]; !ok {
			*fs = append(*fs, fault.Field{Path: string(f), Line: line, Code: "FIL-02", Message: "no column holds the " + string(f), Fix: "add a column " + string(f) + ", or name the file's own in the column mapping"})
		}
	}
}
