package ledes

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/utbms"
)

// checkKind judges what the line's type asks for (the second table of LEGAL-BILLING 3).
// With an unreadable type nobody knows what is asked for.
func (s *scan) checkKind() {
	if s.line.units.state == readable && s.line.units.sign() < 0 {
		s.fault(Error, FLD06, colUnits, "units are negative", "write a discount as a negative adjustment, or as an IF or IE line")
	}
	switch s.line.kind {
	case kindFee:
		s.mustBePositive(colUnits, s.line.units)
		s.mustBePositive(colUnitCost, s.line.cost)
		for _, column := range [...]int{colTimekeeperID, colTimekeeperName, colTimekeeperClass} {
			s.needed(column)
		}
		if len(s.fields) == columns98BI {
			s.needed(colLastName)
			s.needed(colFirstName)
		}
		if len(s.fields[colDescription]) == 0 {
			s.fault(Warning, FLD03, colDescription, "a fee has no narrative", "say what was done; receivers return fees without it")
		}
	case kindExpense:
		s.mustBePositive(colUnits, s.line.units)
		s.mustBePositive(colUnitCost, s.line.cost)
		s.needed(colExpense)
	}
	if s.layout.format == Format98BIV2 && s.line.tax.state == readable && s.line.tax.sign() != 0 {
		s.checkTaxNamed()
	}
}

// checkTaxNamed warns when a tax does not say at which rate or of which type it is.
func (s *scan) checkTaxNamed() {
	if len(s.fields[colTaxRate]) == 0 {
		s.fault(Warning, TAX01, colTaxRate, "a taxed line states no rate", "write the rate as a fraction: 0.2 for 20 percent")
	}
	if len(s.fields[colTaxType]) == 0 {
		s.fault(Warning, TAX01, colTaxType, "a taxed line states no type of tax", "write VAT, GST or the like")
	}
}

func (s *scan) mustBePositive(column int, d decimal) {
	name := s.layout.fields[column].name
	switch {
	case d.state == blank:
		s.fault(Error, FLD03, column, name+" is blank", fmt.Sprintf("a line of type %s needs it", s.fields[colType]))
	case d.state == readable && d.sign() == 0:
		s.fault(Error, FLD03, column, name+" is zero", fmt.Sprintf("a line of type %s needs a value above zero", s.fields[colType]))
	case d.state == readable && d.sign() < 0 && column == colUnitCost:
		s.fault(Error, FLD06, column, "the unit cost is negative", "write a discount as a negative adjustment, or as an IF or IE line")
	}
}

// needed asks for a text that only some types of line have.
func (s *scan) needed(column int) {
	if v := s.fields[column]; len(v) == 0 || (v[0] == ' ' && len(bytes.TrimSpace(v)) == 0) {
		s.fault(Error, FLD03, column, s.layout.fields[column].name+" is blank", fmt.Sprintf("a line of type %s needs it", s.fields[colType]))
	}
}

// checkCodes judges task, activity and expense code, and the classification.
func (s *scan) checkCodes() {
	s.usable(colTask)
	s.usable(colExpense)
	s.usable(colActivity)
	switch s.line.kind {
	case kindFee:
		s.mustBeBlank(Error, colExpense, "a fee has no expense code")
		if len(s.fields[colActivity]) > 0 && len(s.fields[colTask]) == 0 {
			s.fault(Error, COD01, colActivity, "an activity code stands without a task code", "add the task code, or blank the activity code")
		}
	case kindExpense:
		s.mustBeBlank(Warning, colTask, "an expense has no task code; some receivers allow it")
		s.mustBeBlank(Error, colActivity, "an expense has no activity code")
	case kindFeeAdjust, kindExpenseAdjust:
		s.mustBeBlank(Error, colTask, "an adjustment of the invoice has no task code")
		s.mustBeBlank(Error, colExpense, "an adjustment of the invoice has no expense code")
		s.mustBeBlank(Error, colActivity, "an adjustment of the invoice has no activity code")
	}
	s.checkClass()
}

// usable judges the code of one column. The set of a task code is kept: an
// invoice has one matter, and a matter one set.
func (s *scan) usable(column int) {
	code := s.fields[column]
	if len(code) == 0 {
		return
	}
	use, ok := s.use(code)
	if ok && use.column == column {
		s.line.taskSet |= use.set
		return
	}
	if !ok && s.own != nil && s.own(codeField(column), string(code)) {
		return
	}
	message, fix := codeFault(code, column)
	s.fault(Error, COD01, column, message, fix)
}

func (s *scan) mustBeBlank(sev Severity, column int, why string) {
	if len(s.fields[column]) > 0 {
		s.fault(sev, COD01, column, why, "blank the field")
	}
}

// checkClass warns only: which classification a person has is agreed with each receiver.
func (s *scan) checkClass() {
	class := s.fields[colTimekeeperClass]
	adjusts := s.line.kind == kindFeeAdjust || s.line.kind == kindExpenseAdjust
	switch {
	case adjusts && len(class) == 0 && len(s.fields[colTimekeeperID]) > 0,
		adjusts && len(class) > 0 && !strings.Contains("FLTFEE ADJSMT", utbms.Clean(string(class))):
		s.fault(Warning, TKP03, colTimekeeperClass, "an adjustment of the invoice names a person", "blank the timekeeper, or classify it FLTFEE or ADJSMT")
	case len(class) > 0 && !s.usualClass(class) && !knownClass(class):
		s.fault(Warning, TKP03, colTimekeeperClass, quote(class)+" is not a published classification", "use a code such as PARTNR, ASSOC or PARALG")
	}
}

func (s *scan) usualClass(class []byte) bool {
	use, ok := s.codes.find(packed(class))
	return ok && use.column == colTimekeeperClass
}

// checkPeriod judges the dates against each other.
func (s *scan) checkPeriod() {
	l := &s.line
	if l.start == 0 || l.end == 0 {
		return
	}
	if l.start > l.end {
		s.fault(Error, FLD01, colPeriodStart, "the period starts after its end", "put BILLING_START_DATE on or before BILLING_END_DATE")
		return
	}
	if l.on != 0 && (l.on < l.start || l.on > l.end) {
		s.fault(Warning, FLD01, colLineDate, "the date lies outside the billing period", "correct the date or the period")
	}
}

// checkLineNumber warns of a number used before: it is unique in the file, though
// many senders start again at 1 with each invoice.
func (s *scan) checkLineNumber() {
	if v := s.fields[colLineNumber]; len(v) > 0 && s.numbers.seen(v) {
		s.fault(Warning, DUP01, colLineNumber, "the line number "+quote(v)+" was used before", "number the lines 1 to n through the file")
	}
}
