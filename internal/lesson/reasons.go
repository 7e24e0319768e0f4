package lesson

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/docketry/docketry/internal/guideline"
)

//go:embed data/rejection_reasons.csv
var reasonsCSV string

// byHand is the reason whose words a person has to read.
const byHand = "MAN-01"

// PublishedReason is one row of the published reasons (rejection_reasons.csv).
type PublishedReason struct{ Code, Group, Words, Detail, Effect string }

var reasons = sync.OnceValue(func() []PublishedReason {
	rows, err := csv.NewReader(strings.NewReader(reasonsCSV)).ReadAll()
	if err != nil {
		panic(fmt.Errorf("read rejection reasons: %w", err))
	}
	var list []PublishedReason
	for _, r := range rows[1:] {
		list = append(list, PublishedReason{r[0], r[1], r[2], r[3], r[4]})
	}
	return list
})

// Reasons lists the published reasons in their order.
func Reasons() []PublishedReason { return slices.Clone(reasons()) }

// ReasonByCode finds a published reason.
func ReasonByCode(code string) (PublishedReason, bool) {
	i := slices.IndexFunc(reasons(), func(r PublishedReason) bool { return r.Code == code })
	if i < 0 {
		return PublishedReason{}, false
	}
	return reasons()[i], true
}

// sign narrows a reason to one of its rules: by words of the receiver, by the expense code of
// the line, or by what the line is.
type sign struct {
	rule     string
	words    []string // parts of words, small letters
	expenses []string
	of       guideline.Kind // the only kind it can be; "" is any
}

// meant are the rules that each published reason can be. One without a sign for its words is
// meant where it stands alone.
var meant = map[string][]sign{
	"MAT-01": {{rule: "INV-07"}},
	"MAT-02": {{rule: "NAR-10"}},
	"MAT-03": {{rule: "TIM-09"}},
	"TKP-01": {{rule: "RAT-03"}},
	"TKP-02": {{rule: "RAT-01"}},
	"TKP-03": {{rule: "RAT-05"}},
	"COD-01": {
		{rule: "COD-03", words: []string{"task", "phase"}, of: guideline.Time},
		{rule: "COD-02", words: []string{"activity"}, of: guideline.Time},
		{rule: "COD-07", words: []string{"expense", "disbursement"}, of: guideline.Expense},
		{rule: "COD-09", words: []string{"retired", "expired", "no longer"}},
	},
	"GUI-01": {
		{rule: "NAR-01", words: []string{"block", "lump", "aggregat", "bundl"}, of: guideline.Time},
		{rule: "NAR-02", words: []string{"vague", "insufficient", "not enough detail", "more detail", "unclear"}},
		{rule: "NAR-08", words: []string{"forbidden", "prohibited word", "restricted term"}},
		{rule: "TIM-14", words: []string{"clerical", "secretar", "administrative", "filing"}, of: guideline.Time},
		{rule: "TIM-15", words: []string{"paralegal", "lower rate", "over-qualified", "overqualified"}, of: guideline.Time},
		{rule: "TIM-16", words: []string{"training", "familiari", "learning", "onboard"}, of: guideline.Time},
		{rule: "TIM-18", words: []string{"attendee", "attendance", "too many people", "multiple timekeepers", "multiple attorneys"}, of: guideline.Time},
		{rule: "TIM-19", words: []string{"internal conference", "intra-office", "internal meeting", "internal call"}, of: guideline.Time},
		{rule: "RAT-08", words: []string{"staffing mix", "partner share", "partner hours", "leverage"}, of: guideline.Time},
		{rule: "RAT-09", words: []string{"too many timekeepers", "overstaff", "number of timekeepers"}, of: guideline.Time},
	},
	"GUI-02": {
		{rule: "EXP-01", words: []string{"receipt", "voucher", "no invoice attached"}, of: guideline.Expense},
		{rule: "EXP-02", words: []string{"copy", "copies", "copying", "printing"}, expenses: []string{"E101", "E102"}, of: guideline.Expense},
		{rule: "EXP-03", words: []string{"overhead", "not reimbursable", "office supplies", "word processing", "telephone", "fax"}, expenses: []string{"E103", "E104", "E105"}, of: guideline.Expense},
		{rule: "EXP-04", words: []string{"online research", "westlaw", "lexis", "database"}, expenses: []string{"E106"}, of: guideline.Expense},
		{rule: "EXP-05", words: []string{"first class", "business class", "airfare", "fare class"}, of: guideline.Expense},
		{rule: "EXP-06", words: []string{"hotel", "lodging", "accommodation"}, of: guideline.Expense},
		{rule: "EXP-07", words: []string{"meal", "dinner", "lunch", "breakfast", "alcohol"}, expenses: []string{"E111"}, of: guideline.Expense},
		{rule: "EXP-08", words: []string{"mileage", "per mile", "per km"}, expenses: []string{"E109"}, of: guideline.Expense},
		{rule: "EXP-09", words: []string{"markup", "mark-up", "vendor"}, of: guideline.Expense},
		{rule: "EXP-10", words: []string{"approval", "approved in advance", "pre-approv"}, of: guideline.Expense},
		{rule: "EXP-13", words: []string{"over cap", "over the cap", "expense cap", "exceeds cap"}, of: guideline.Expense},
		{rule: "EXP-15", words: []string{"courier", "overnight delivery", "fedex"}, expenses: []string{"E107"}, of: guideline.Expense},
	},
	"GUI-03": {
		{rule: "TIM-07", words: []string{"stale"}, of: guideline.Time},
		{rule: "EXP-12", words: []string{"stale expense", "old expense"}, of: guideline.Expense},
		{rule: "INV-01", words: []string{"late invoice", "late bill", "submitted late", "invoice late"}, of: guideline.Invoice},
	},
	"GUI-04": {
		{rule: "BUD-03", words: []string{"not on file", "no budget", "missing budget", "budget missing", "budget required"}},
		{rule: "BUD-02", words: []string{"phase budget", "budget of the phase", "task budget"}},
		{rule: "BUD-01", words: []string{"exceed", "over budget", "above budget", "over the budget"}},
	},
	"TAX-01": {{rule: "INV-10"}},
}

// checks are the published reasons that the check before sending is there for (packages ledes
// and invoice), and the answer in time, which is watched. The setting is that of the
// receiver's profile which decides it, "" where none does.
var checks = map[string]string{
	"FIL-01": "format", "FIL-02": "", "FIL-03": "", "FIL-04": "", "FIL-05": "extension", "FIL-06": "",
	"FLD-01": "", "FLD-02": "", "FLD-03": "", "FLD-04": "", "FLD-05": "country", "FLD-06": "", "FLD-07": "narrative_limit", "FLD-08": "",
	"ARI-01": "residual", "ARI-02": "", "ARI-03": "residual", "ARI-04": "", "DUP-01": "resubmit", "TMO-01": "dispute_days",
}

// Check tells whether a published code is one of a check of the file.
func Check(code string) bool { _, known := checks[code]; return known }

// Checks lists them in the published order.
func Checks() (list []PublishedReason) {
	for _, r := range reasons() {
		if Check(r.Code) {
			list = append(list, r)
		}
	}
	return list
}

// ReceiverSetting is the field of a receiver's profile that a check goes by, "" for none.
func ReceiverSetting(check string) string { return checks[check] }

// byErrorType reads a refusal that names no code by the kind of its error.
var byErrorType = map[string]string{"file_structure": "FIL-01", "missing_field": "FLD-03"}

// Map tells which rules, or which check, would have said what a receiver says. One target is
// an answer. Several are all that it can be, for a person to choose from or for what was found
// to decide. None is a reason without a rule: the receiver's own code, its own words, or a
// published reason that nothing here can catch.
func Map(s Said) []Target {
	code := clean(s.Code)
	if code == "" {
		code = byErrorType[s.ErrorType]
	}
	if Check(code) {
		return []Target{{Check: code}}
	}
	list := slices.Clone(meant[code])
	if s.Line { // what cannot be of such a line is out
		list = slices.DeleteFunc(list, func(x sign) bool { return x.of != "" && x.of != s.Kind })
	}
	whole := func(x sign) bool { return x.of == guideline.Invoice }
	if named := slices.DeleteFunc(slices.Clone(list), func(x sign) bool { return !x.says(s) }); len(named) > 0 {
		list = named
	} else if !s.Line && slices.ContainsFunc(list, whole) { // a rule of the bill stands before those of its lines
		list = slices.DeleteFunc(list, func(x sign) bool { return !whole(x) })
	}
	out := make([]Target, len(list))
	for i, x := range list {
		out[i] = Target{Rule: x.rule}
	}
	return out
}

// says tells that the receiver's words or the line's code name this rule.
func (x sign) says(s Said) bool {
	text := strings.ToLower(s.Text)
	return slices.ContainsFunc(x.words, func(w string) bool { return strings.Contains(text, w) }) ||
		s.Expense != "" && slices.Contains(x.expenses, clean(s.Expense))
}
