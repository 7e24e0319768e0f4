package ledes

import (
	"bytes"
	"fmt"

	bojanz "github.com/bojanz/currency"
	"golang.org/x/text/language"
)

// checkLine judges one line with the right number of columns and adds it to its
// invoice. same means that it opens as the line before it, which was good so far.
func (s *scan) checkLine(same bool) {
	from := 0
	if same {
		from = repeatedColumns
		s.line.invoiceTotal, s.line.start, s.line.end = s.repeated.total, s.repeated.start, s.repeated.end
	}
	found := s.result.Errors + s.result.Warnings
	for i := from; i < len(s.layout.fields); i++ {
		if i == repeatedColumns && !same {
			s.repeated.keep(s.fields, &s.line, s.result.Errors+s.result.Warnings == found)
		}
		f, v := &s.layout.fields[i], s.fields[i]
		if (len(v) == 0 && !f.required) || (f.kind == text && len(v) > 0 && len(v) <= f.max && v[0] != ' ') {
			continue // by far the most
		}
		s.checkField(i, f, v)
	}
	s.checkKind()
	s.checkCodes()
	s.checkPeriod()
	s.checkLineNumber()
	s.arithmetic(same)
	s.result.Lines++
	if s.handler.Line != nil {
		s.handler.Line(&s.line)
	}
}

// fault tells a finding of the line; column -1 means the line as a whole.
func (s *scan) fault(sev Severity, code Code, column int, message, fix string) {
	f := Finding{Code: code, Severity: sev, Line: s.line.Number, Message: message, Fix: fix}
	if column >= 0 {
		f.Field, f.Value = s.layout.fields[column].name, shown(s.fields[column])
	}
	if sev == Error {
		s.line.Errors++
	}
	s.tell(f)
}

// cutLast takes what follows a misplaced [], or is left of one, off the last field.
func (s *scan) cutLast() {
	last := &s.fields[len(s.fields)-1]
	if i := bytes.Index(*last, terminator); i >= 0 {
		*last = (*last)[:i]
		return
	}
	*last = bytes.TrimSuffix(*last, terminator[:1])
}

func (s *scan) foreignFields() {
	for i, v := range s.fields {
		if foreignByte(v) >= 0 {
			f := foreign(s.line.Number, s.layout.fields[i].name, v)
			s.fault(Error, FIL01, i, f.Message, f.Fix)
		}
	}
}

// innerTerminators finds [] inside a value: receivers that split at it lose the rest of the line.
func (s *scan) innerTerminators() {
	for i, v := range s.fields {
		if bytes.Contains(v, terminator) {
			s.fault(Error, FIL04, i, "[] inside a value closes the line too early", "write ( ) instead of []")
		}
	}
}

// checkField judges one value by its column alone, and keeps what later checks need.
func (s *scan) checkField(i int, f *field, v []byte) {
	if len(v) == 0 {
		s.missing(i)
		return
	}
	switch f.kind {
	case text:
		s.checkText(i, f, v)
	case number:
		s.checkNumber(i, f, v)
	case date:
		s.checkDate(i, v)
	case lineType:
		s.checkType(i, v)
	case rate:
		s.checkRate(i, v)
	case account:
		if !bytes.Equal(v, []byte("O")) && !bytes.Equal(v, []byte("T")) && !s.isBlank(i, v) {
			s.fault(Error, FLD08, i, quote(v)+" is not an account type", "write O for own account or T for a third party")
		}
	case currency:
		if !bojanz.IsValid(string(v)) && !s.isBlank(i, v) {
			s.fault(Error, FLD08, i, quote(v)+" is not an ISO 4217 currency code", "write three capital letters, such as USD")
		}
	case country:
		if !isAlpha3(string(v)) && !s.isBlank(i, v) {
			s.fault(Error, FLD05, i, quote(v)+" is not a country code of three letters", "write ISO 3166 alpha-3, such as GBR")
		}
	}
}

// isBlank tells FLD-03 when a required value is nothing but blanks.
func (s *scan) isBlank(i int, v []byte) bool {
	if len(bytes.TrimSpace(v)) > 0 || !s.layout.fields[i].required {
		return false
	}
	s.missing(i)
	return true
}

func (s *scan) missing(i int) {
	s.fault(Error, FLD03, i, s.layout.fields[i].name+" is blank", "it is required; fill it in")
}

func (s *scan) checkText(i int, f *field, v []byte) {
	if f.required && v[0] == ' ' && s.isBlank(i, v) {
		return
	}
	if len(v) <= f.max {
		return
	}
	n := len([]rune(string(v)))
	has := plural(n, "character")
	if n > textLimit {
		has = fmt.Sprintf("more than %d characters", textLimit) // of a longer text the reader keeps no more
	}
	if n > f.max {
		s.tooLong(i, has, plural(f.max, "character"))
	}
}

func (s *scan) tooLong(i int, has, may string) {
	s.fault(Error, FLD04, i, s.layout.fields[i].name+" has "+has+", at most "+may+" fit", "shorten it")
}

func (s *scan) checkDate(i int, v []byte) {
	d := parseDay(v)
	if d == 0 && !s.isBlank(i, v) {
		s.fault(Error, FLD01, i, quote(v)+" is not a real date of the form YYYYMMDD", "write eight digits, such as 20260630")
	}
	switch i {
	case colPeriodStart:
		s.line.start = d
	case colPeriodEnd:
		s.line.end = d
	case colLineDate:
		s.line.on = d
	}
}

func (s *scan) checkNumber(i int, f *field, v []byte) {
	d, before, after := parseDecimal(v)
	switch {
	case d.state == unreadable && before+after > 0:
		s.tooLong(i, plural(before+after, "digit"), plural(f.max, "digit")+" before and 4 after the point")
	case d.state == unreadable:
		if !s.isBlank(i, v) {
			s.fault(Error, FLD02, i, quote(v)+" is not a number", "write digits, at most one point, a leading minus; no blank, comma or currency sign")
		}
	case before > f.max || after > 4:
		s.tooLong(i, plural(before, "digit")+" before and "+plural(after, "digit")+" after the point", plural(f.max, "digit")+" before and 4 after the point")
	}
	if p := s.line.place(i); p != nil {
		*p = d
	}
}

// place is where the value of a numeric column is kept; nil when no check needs it.
func (p *parsed) place(column int) *decimal {
	switch column {
	case colInvoiceTotal:
		return &p.invoiceTotal
	case colUnits:
		return &p.units
	case colAdjustment:
		return &p.adjustment
	case colLineTotal:
		return &p.total
	case colUnitCost:
		return &p.cost
	case colInvoiceTax:
		return &p.invoiceTax
	case colInvoiceNet:
		return &p.invoiceNet
	case colLineTax:
		return &p.tax
	default:
		return nil
	}
}

func (s *scan) checkType(i int, v []byte) {
	switch string(v) {
	case "F", "E":
		s.line.kind = v[0]
	case "IF":
		s.line.kind = kindFeeAdjust
	case "IE":
		s.line.kind = kindExpenseAdjust
	default:
		if !s.isBlank(i, v) {
			s.fault(Error, FLD08, i, quote(v)+" is not a line type", "write F for a fee, E for an expense, IF or IE for an adjustment of the invoice")
		}
	}
}

// checkRate guards against 20 for 20 percent, which is written 0.2.
func (s *scan) checkRate(i int, v []byte) {
	d, _, _ := parseDecimal(v)
	switch {
	case d.state == unreadable:
		s.fault(Error, FLD02, i, quote(v)+" is not a number", "write the rate as a fraction: 0.2 for 20 percent")
	case d.sign() < 0 || d.above1():
		s.fault(Error, TAX01, i, quote(v)+" is not a tax rate between 0 and 1", "write 0.2 for 20 percent")
		d = decimal{state: unreadable}
	}
	s.line.rate = d
}

func isAlpha3(code string) bool {
	r, err := language.ParseRegion(code)
	return err == nil && len(code) == 3 && r.IsCountry() && r.ISO3() == code
}
