package guideline

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// ErrSetting refuses a setting of a rule; the field "value" or "parameter" has why.
var ErrSetting = fault.New(fault.Invalid, "setting_invalid", "this setting cannot be used")

// Setting is one thing that guidelines say about a rule: that it applies, and where it has
// a parameter, the value of one.
type Setting struct {
	Rule      string
	Parameter string // as in a file: "hotel_cap"; "" only switches the rule on
	Value     string // as a form takes it
}

// plainParameters are those of a file that are no Terms, by the rule they are of.
var plainParameters = map[string][]string{
	"TIM-01": {"increment"}, "TIM-02": {"day_warn", "day_block"}, "TIM-03": {"matter_day"}, "TIM-07": {"stale_warn_days", "stale_block_days"}, "TIM-09": {"grace_after_days"},
	"TIM-12": {"travel_share"}, "TIM-13": {"travel_day"}, "NAR-01": {"block_billing_share"}, "EXP-02": {"copy_price"}, "EXP-07": {"meal_cap"}, "EXP-15": {"courier_over"},
	"NAR-05": {"max_bytes", "max_characters"}, "NAR-07": {"copied_dates"}, "NAR-08": {"restricted_terms"}, "COD-01": {"task_codes_required"}, "COD-02": {"activity_codes_required"},
}

// Settable are the names of every parameter of a rule, sorted.
func Settable(rule string) []string {
	return slices.Sorted(slices.Values(slices.Concat(plainParameters[rule], Parameters(rule))))
}

// InProduct tells whether the product judges the rule by itself: every input that it needs
// is kept. The others run on files only.
func (r Rule) InProduct() bool {
	bill, known := r.Kinds[0] == Invoice, AtPrebill
	if bill {
		known = AtBill
	}
	return r.atSending() || !bill && r.At(Entry) && r.Lacks(AtEntry) == 0 || (r.At(Prebill) || bill && r.At(Final)) && r.Lacks(known) == 0
}

// Applies tells whether a rule, built in or the firm's own, is judged under the policy.
func (p Policy) Applies(rule string) bool {
	if _, builtIn := RuleByID(rule); builtIn {
		return !p.Off[rule] || pinned[rule]
	}
	return slices.ContainsFunc(p.Own, func(o *Own) bool { return o.ID == rule })
}

// Charged is what a receiver cut from, as far as limits are found by it. A zero is not known.
type Charged struct {
	Expense     string // code
	Quantity    money.Fixed4
	AmountMinor int64
	CutMinor    int64
	Currency    money.Currency
	WorkedOn    time.Time
	BilledOn    time.Time
	PeriodTo    time.Time // of the bill
	Whole       bool      // the cut is of the whole bill
}

// stands is what the receiver stands by, in the currency at 1e-4; 0 where nothing.
func (c Charged) stands() money.Fixed4 { return fixed(c.AmountMinor-c.CutMinor, c.Currency) }

func fixed(minor int64, c money.Currency) money.Fixed4 {
	v, err := money.ParseFixed4(money.Amount{Minor: minor, Currency: c}.Text())
	if err != nil {
		return 0
	}
	return v
}

// Tighter is the setting under which a rule that applies, and said nothing, would have said
// what the receiver did, with the value that holds now ("" for none). It is not found where
// the rule has no limit that the charge tells: then it was silent for another reason.
//
// A rule that is not set up, such as a budget nobody entered, is found with what has to be
// entered; its value is "" where only a person knows it.
func (p Policy) Tighter(rule string, c Charged) (s Setting, now string, found bool) {
	unset := p
	q := p.orDefaults()
	at := func(name string, value, current money.Fixed4) (Setting, string, bool) {
		if value <= 0 || current > 0 && value >= current {
			return Setting{}, "", false
		}
		return Setting{rule, name, value.Text(0)}, textOf(current), true
	}
	below := func(name string, current money.Fixed4) (Setting, string, bool) { // caught when just under what was charged
		return at(name, fixed(c.AmountMinor-1, c.Currency), current)
	}
	days := func(name string, from, to time.Time, current int) (Setting, string, bool) {
		n := int(to.Sub(from).Hours()/24) - 1
		if from.IsZero() || to.IsZero() || n < 1 || n >= current {
			return Setting{}, "", false
		}
		return Setting{rule, name, strconv.Itoa(n)}, strconv.Itoa(current), true
	}
	switch rule {
	case "EXP-01":
		return below("receipt_over", q.ReceiptOver)
	case "EXP-10":
		return below("approval_over", q.ApprovalOver)
	case "EXP-15":
		return below("courier_over", q.CourierOver)
	case "EXP-02":
		return at("copy_price", c.each(), q.CopyPrice)
	case "EXP-06":
		return at("hotel_cap", c.each(), q.HotelCap)
	case "EXP-07":
		return at("meal_cap", c.each(), q.MealCap)
	case "EXP-08":
		if s, now, found = at("mileage_rate", c.each(), q.MileageRate); found || q.MileageRate > 0 {
			return s, now, found
		}
	case "EXP-13":
		if had := q.ExpenseCaps[c.Expense]; c.Expense != "" && c.stands() > 0 && (had == 0 || c.stands() < had) {
			return Setting{rule, "expense_caps", `{"` + c.Expense + `":"` + c.stands().Text(0) + `"}`}, textOf(had), true
		}
	case "TIM-07":
		return days("stale_warn_days", c.WorkedOn, c.BilledOn, q.StaleWarn)
	case "INV-01":
		return days("late_warn_days", c.PeriodTo, c.BilledOn, q.LateWarn)
	}
	return unset.missing(rule)
}

// each is the price of one that the receiver stands by, rounded down to a hundredth.
func (c Charged) each() money.Fixed4 {
	const most = 100_000_000_000_000 // so that the product below is one
	if c.Quantity <= 0 || c.stands() <= 0 || c.stands() > most {
		return 0
	}
	return c.stands() * 10_000 / c.Quantity / 100 * 100
}

func textOf(v money.Fixed4) string {
	if v == 0 {
		return ""
	}
	return v.Text(0)
}

// missing is what a rule lacks to be judged at all under the policy.
func (p Policy) missing(rule string) (s Setting, now string, found bool) {
	yes := map[string]struct {
		name string
		set  bool
	}{
		"COD-01": {"task_codes_required", p.TaskCodes}, "COD-02": {"activity_codes_required", p.ActivityCodes}, "BUD-03": {"budget_required", p.BudgetRequired},
		"INV-03": {"one_matter", p.OneMatter}, "INV-13": {"po_required", p.PORequired}, "NAR-09": {"outside_readers", p.OutsideReaders},
	}
	if x, ok := yes[rule]; ok && !x.set {
		return Setting{rule, x.name, "true"}, "", true
	}
	entered := map[string]struct {
		name string
		set  bool
	}{
		"TIM-03": {"matter_day", p.MatterDay > 0}, "TIM-22": {"task_hours", p.TaskHours != nil}, "RAT-03": {"register", p.Register != nil}, "EXP-08": {"mileage_rate", p.MileageRate > 0},
		"EXP-13": {"expense_cap", p.ExpenseCap > 0 || p.ExpenseCaps != nil}, "COD-09": {"code_dates", p.CodeDates != nil}, "BUD-01": {"budget", p.Budget > 0},
		"BUD-02": {"phase_budgets", p.PhaseBudgets != nil}, "BUD-04": {"fee_cap", p.FeeCap > 0}, "BUD-06": {"volume_tiers", p.Tiers != nil}, "BUD-07": {"planned_end", !p.PlannedEnd.IsZero()},
		"INV-02": {"cycle", p.Cycle != ""}, "INV-15": {"discount", p.Discount > 0},
	}
	if x, ok := entered[rule]; ok && !x.set {
		return Setting{Rule: rule, Parameter: x.name}, "", true
	}
	return Setting{}, "", false
}

// orDefaults is a copy with the bureau's defaults.
func (p Policy) orDefaults() Policy {
	p.orDefault()
	return p
}

// With is the body with a setting. A rule that the body switches off applies again; where
// wider guidelines do, which a narrower document undoes only so, its breach blocks. It
// returns ErrSetting where the rule has no such parameter, or it takes no such value.
func (b Body) With(s Setting, offElsewhere bool) (Body, error) {
	if _, known := RuleByID(s.Rule); !known {
		return b, ErrSetting.On(fault.Field{Path: "rule", Code: "rule_unknown", Message: s.Rule + " is not a rule of the catalogue; change a rule of your own in its guidelines"})
	}
	if s.Parameter != "" && !slices.Contains(Settable(s.Rule), s.Parameter) {
		return b, ErrSetting.On(fault.Field{Path: "parameter", Code: "parameter_unknown", Message: s.Rule + " has no such parameter; choose one of its own"})
	}
	f := b.policyFile
	f.Off = slices.DeleteFunc(slices.Clone(f.Off), func(id string) bool { return id == s.Rule })
	if offElsewhere && !slices.Contains(f.Block, s.Rule) {
		f.Block = append(slices.Clone(f.Block), s.Rule)
	}
	text, err := json.Marshal(f)
	if err != nil {
		return b, err
	}
	if s.Parameter == "" {
		return ReadBody(text)
	}
	return withValue(text, s)
}

// withValue takes the value as JSON, or else as a text.
func withValue(text []byte, s Setting) (Body, error) {
	refused := ErrSetting.On(fault.Field{Path: "value", Code: "value_invalid", Message: "write a value as the guidelines' form takes it, such as " + exampleOf(s.Parameter)})
	if s.Value == "" {
		return Body{}, refused
	}
	quoted, err := json.Marshal(s.Value)
	if err != nil {
		return Body{}, refused
	}
	for _, value := range []json.RawMessage{json.RawMessage(s.Value), quoted} {
		var all map[string]json.RawMessage
		if !json.Valid(value) || json.Unmarshal(text, &all) != nil {
			continue
		}
		if all[s.Parameter], err = joined(all[s.Parameter], value, s.Parameter); err != nil {
			continue
		}
		changed, err := json.Marshal(all)
		if err != nil {
			return Body{}, err
		}
		if b, err := ReadBody(changed); err == nil {
			return b, nil
		}
	}
	return Body{}, refused
}

// joined keeps what a list of words or a table of limits has, and adds to it.
func joined(had, value json.RawMessage, parameter string) (json.RawMessage, error) {
	switch parameter {
	case "restricted_terms":
		var words []string
		var word string
		if err := json.Unmarshal(value, &word); err != nil {
			return nil, err
		}
		if had != nil {
			if err := json.Unmarshal(had, &words); err != nil {
				return nil, err
			}
		}
		return json.Marshal(append(words, word))
	case "expense_caps", "task_hours", "phase_budgets":
		all, more := map[string]string{}, map[string]string{}
		if had != nil {
			if err := json.Unmarshal(had, &all); err != nil {
				return nil, err
			}
		}
		if err := json.Unmarshal(value, &more); err != nil {
			return nil, err
		}
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, more)
		return json.Marshal(all)
	}
	return value, nil
}

// plainExamples are values of the parameters that are no Terms.
var plainExamples = map[string]string{"increment": "0.1", "day_warn": "10", "day_block": "16", "matter_day": "8", "stale_warn_days": "30", "stale_block_days": "90", "grace_after_days": "30",
	"travel_share": "0.5", "travel_day": "2", "block_billing_share": "0.15", "copy_price": "0.10", "meal_cap": "75", "courier_over": "50", "max_bytes": "15360", "max_characters": "1024",
	"copied_dates": "3", "restricted_terms": "attention to", "task_codes_required": "true", "activity_codes_required": "true"}

func exampleOf(parameter string) string {
	if x, ok := termExamples[parameter]; ok {
		return x
	}
	return plainExamples[parameter]
}
