package guideline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// Terms are the parameters of a guideline file about staffing, costs and the bill
// as a whole. Amounts are decimal text in the currency of the matter.
type Terms struct {
	OutsideReaders bool `json:"outside_readers,omitempty"` // an insurer, a court: beyond the privilege

	Attendees     int               `json:"attendees,omitempty"`
	Deposing      int               `json:"deposition_attendees,omitempty"`
	InternalShare string            `json:"internal_share,omitempty"`
	ResearchHours string            `json:"research_hours,omitempty"`
	TaskHours     map[string]string `json:"task_hours,omitempty"` // task, or task/activity
	Register      []Registered      `json:"register,omitempty"`
	RateNotice    int               `json:"rate_notice_days,omitempty"`
	RateCap       string            `json:"rate_cap,omitempty"`
	RatesFrozen   string            `json:"rates_frozen_until,omitempty"`
	PartnerShare  string            `json:"partner_share,omitempty"`
	Timekeepers   int               `json:"max_timekeepers,omitempty"`
	DriveBy       string            `json:"min_hours_of_timekeeper,omitempty"`

	ReceiptOver  string            `json:"receipt_over,omitempty"`
	HotelCap     string            `json:"hotel_cap,omitempty"`
	MileageRate  string            `json:"mileage_rate,omitempty"`
	ApprovalOver string            `json:"approval_over,omitempty"`
	ExpenseCap   string            `json:"expense_cap,omitempty"`
	ExpenseCaps  map[string]string `json:"expense_caps,omitempty"` // by code
	Approvals    []Approval        `json:"approvals,omitempty"`

	PlainCosts bool        `json:"no_task_on_costs,omitempty"`
	OtherShare string      `json:"other_code_share,omitempty"`
	CodeDates  []CodeDates `json:"code_dates,omitempty"`

	Budget         string            `json:"budget,omitempty"`
	PhaseBudgets   map[string]string `json:"phase_budgets,omitempty"`
	BudgetRequired bool              `json:"budget_required,omitempty"`
	FeeCap         string            `json:"fee_cap,omitempty"`
	PlannedEnd     string            `json:"planned_end,omitempty"`
	Tiers          []VolumeTier      `json:"volume_tiers,omitempty"`
	WholeYear      bool              `json:"tiers_retroactive,omitempty"`
	Discount       string            `json:"discount,omitempty"`

	LateWarn     int    `json:"late_warn_days,omitempty"`
	LateBlock    int    `json:"late_block_days,omitempty"`
	Cycle        string `json:"cycle,omitempty"`
	OneMatter    bool   `json:"one_matter,omitempty"`
	BillCurrency string `json:"currency,omitempty"`
	Minimum      string `json:"minimum_invoice,omitempty"`
	PORequired   bool   `json:"po_required,omitempty"`
	NoteRequired bool   `json:"note_required,omitempty"`
	ClientClosed string `json:"closed_at_client,omitempty"`
}

// Registered is a timekeeper as the client knows them.
type Registered struct {
	Timekeeper string `json:"timekeeper"` // code
	Class      string `json:"class,omitempty"`
	From       string `json:"from,omitempty"`
	Until      string `json:"until,omitempty"`

	from, until time.Time
}

// Approval is a consent of the client that a rule asks for.
type Approval struct {
	Rule      string `json:"rule"`
	For       string `json:"for,omitempty"` // expense code or timekeeper; "" is everything
	Until     string `json:"until,omitempty"`
	Reference string `json:"reference"`

	until time.Time
}

// CodeDates are the days on which the client takes a code.
type CodeDates struct {
	Code  string `json:"code"`
	From  string `json:"from,omitempty"`
	Until string `json:"until,omitempty"`

	from, until time.Time
}

// VolumeTier is a discount on fees of a year beyond an amount.
type VolumeTier struct {
	Over    string `json:"over"`
	Percent string `json:"discount"` // a share: 0.05

	over  money.Fixed4
	share money.Fraction
}

// Limits are Terms as rules use them: amounts at 1e-4, days as times.
type Limits struct {
	OutsideReaders, PlainCosts, BudgetRequired, WholeYear, OneMatter, PORequired, NoteRequired bool

	Attendees, Deposing, RateNotice, Timekeepers, LateWarn, LateBlock                                             int
	ResearchHours, DriveBy, ReceiptOver, HotelCap, MileageRate, ApprovalOver, ExpenseCap, Budget, FeeCap, Minimum money.Fixed4
	InternalShare, RateCap, PartnerShare, OtherShare, Discount                                                    money.Fraction
	RatesFrozen, PlannedEnd, ClientClosed                                                                         time.Time
	TaskHours, ExpenseCaps, PhaseBudgets                                                                          map[string]money.Fixed4
	Register                                                                                                      []Registered
	Approvals                                                                                                     []Approval
	CodeDates                                                                                                     []CodeDates
	Tiers                                                                                                         []VolumeTier
	Cycle                                                                                                         string
	BillCurrency                                                                                                  money.Currency
}

// Cycles of billing.
var cycles = map[string]int{"monthly": 1, "quarterly": 3, "yearly": 12}

func (l *Limits) orDefault() {
	fill(&l.Attendees, 2)
	fill(&l.Deposing, 1)
	fill(&l.InternalShare, 100_000)
	fill(&l.ResearchHours, 30_000)
	fill(&l.RateNotice, 60)
	fill(&l.RateCap, 50_000)
	fill(&l.PartnerShare, 400_000)
	fill(&l.Timekeepers, 5)
	fill(&l.DriveBy, 10_000)
	fill(&l.ReceiptOver, 250_000)
	fill(&l.HotelCap, 3_000_000)
	fill(&l.ApprovalOver, 10_000_000)
	fill(&l.OtherShare, 100_000)
	fill(&l.LateWarn, 30)
	fill(&l.LateBlock, 60)
	fill(&l.Minimum, 2_500_000)
}

// limits reads the terms and names every value that is not usable.
func (t *Terms) limits(bad *fault.Fields) (l Limits) {
	l = Limits{OutsideReaders: t.OutsideReaders, PlainCosts: t.PlainCosts, BudgetRequired: t.BudgetRequired, WholeYear: t.WholeYear, OneMatter: t.OneMatter,
		PORequired: t.PORequired, NoteRequired: t.NoteRequired, Attendees: t.Attendees, Deposing: t.Deposing, RateNotice: t.RateNotice, Timekeepers: t.Timekeepers,
		LateWarn: t.LateWarn, LateBlock: t.LateBlock, Cycle: t.Cycle,
		TaskHours: amounts(bad, "task_hours", t.TaskHours), ExpenseCaps: amounts(bad, "expense_caps", t.ExpenseCaps), PhaseBudgets: amounts(bad, "phase_budgets", t.PhaseBudgets),
		RatesFrozen: dayText(bad, "rates_frozen_until", t.RatesFrozen), PlannedEnd: dayText(bad, "planned_end", t.PlannedEnd), ClientClosed: dayText(bad, "closed_at_client", t.ClientClosed)}
	for path, x := range map[string]struct {
		text string
		to   *money.Fixed4
	}{
		"research_hours": {t.ResearchHours, &l.ResearchHours}, "min_hours_of_timekeeper": {t.DriveBy, &l.DriveBy}, "receipt_over": {t.ReceiptOver, &l.ReceiptOver},
		"hotel_cap": {t.HotelCap, &l.HotelCap}, "mileage_rate": {t.MileageRate, &l.MileageRate}, "approval_over": {t.ApprovalOver, &l.ApprovalOver},
		"expense_cap": {t.ExpenseCap, &l.ExpenseCap}, "budget": {t.Budget, &l.Budget}, "fee_cap": {t.FeeCap, &l.FeeCap}, "minimum_invoice": {t.Minimum, &l.Minimum},
	} {
		*x.to = decimal(bad, path, x.text, money.ParseFixed4)
	}
	for path, x := range map[string]struct {
		text string
		to   *money.Fraction
	}{
		"internal_share": {t.InternalShare, &l.InternalShare}, "rate_cap": {t.RateCap, &l.RateCap}, "partner_share": {t.PartnerShare, &l.PartnerShare},
		"other_code_share": {t.OtherShare, &l.OtherShare}, "discount": {t.Discount, &l.Discount},
	} {
		*x.to = share(bad, path, x.text)
	}
	for path, n := range map[string]int{"attendees": t.Attendees, "deposition_attendees": t.Deposing, "rate_notice_days": t.RateNotice, "max_timekeepers": t.Timekeepers,
		"late_warn_days": t.LateWarn, "late_block_days": t.LateBlock} {
		if n < 0 || n > 3_650 {
			bad.Add(path, "number_range", "enter a whole number from 0 to 3650")
		}
	}
	if _, known := cycles[t.Cycle]; t.Cycle != "" && !known {
		bad.Add("cycle", "cycle_unknown", "enter monthly, quarterly or yearly")
	}
	if t.BillCurrency != "" {
		var err error
		if l.BillCurrency, err = money.ParseCurrency(t.BillCurrency); err != nil {
			bad.Add("currency", "currency_unknown", "enter a three-letter currency code such as USD")
		}
	}
	t.lists(bad, &l)
	return l
}

func (t *Terms) lists(bad *fault.Fields, l *Limits) {
	for name, n := range map[string]int{"register": len(t.Register), "approvals": len(t.Approvals), "code_dates": len(t.CodeDates), "volume_tiers": len(t.Tiers),
		"task_hours": len(t.TaskHours), "expense_caps": len(t.ExpenseCaps), "phase_budgets": len(t.PhaseBudgets)} {
		if n > maxTerms {
			bad.Add(name, "terms_many", "at most %d of them", maxTerms)
		}
	}
	l.Register, l.Approvals, l.CodeDates, l.Tiers = slices.Clone(t.Register), slices.Clone(t.Approvals), slices.Clone(t.CodeDates), slices.Clone(t.Tiers)
	for i := range l.Register {
		x, at := &l.Register[i], fmt.Sprintf("register.%d.", i)
		x.from, x.until = dayText(bad, at+"from", x.From), dayText(bad, at+"until", x.Until)
		short(bad, at+"timekeeper", x.Timekeeper, true)
		if _, known := utbms.Class(x.Class); x.Class != "" && !known {
			bad.Add(at+"class", "class_unknown", "%q is no classification such as PARTNR", x.Class)
		}
	}
	for i := range l.Approvals {
		x, at := &l.Approvals[i], fmt.Sprintf("approvals.%d.", i)
		x.until = dayText(bad, at+"until", x.Until)
		short(bad, at+"for", x.For, false)
		short(bad, at+"reference", x.Reference, true)
		if _, known := RuleByID(x.Rule); !known {
			bad.Add(at+"rule", "rule_unknown", "%q is not a rule", x.Rule)
		}
	}
	for i := range l.CodeDates {
		x, at := &l.CodeDates[i], fmt.Sprintf("code_dates.%d.", i)
		x.Code = utbms.Clean(x.Code)
		x.from, x.until = dayText(bad, at+"from", x.From), dayText(bad, at+"until", x.Until)
		short(bad, at+"code", x.Code, true)
	}
	for i := range l.Tiers {
		x, at := &l.Tiers[i], fmt.Sprintf("volume_tiers.%d.", i)
		x.over, x.share = decimal(bad, at+"over", x.Over, money.ParseFixed4), share(bad, at+"discount", x.Percent)
		if i > 0 && x.over <= l.Tiers[i-1].over {
			bad.Add(at+"over", "tiers_order", "tiers stand in rising order")
		}
	}
}

func short(bad *fault.Fields, path, s string, needed bool) {
	if s != clean(s) || len([]rune(s)) > 80 || needed && strings.TrimSpace(s) == "" {
		bad.Add(path, "text_invalid", "write plain text of at most 80 characters")
	}
}

func amounts(bad *fault.Fields, path string, texts map[string]string) map[string]money.Fixed4 {
	if texts == nil {
		return nil
	}
	out := make(map[string]money.Fixed4, len(texts))
	for code, text := range texts {
		short(bad, path, code, true)
		out[utbms.Clean(code)] = decimal(bad, path+"."+code, text, money.ParseFixed4)
	}
	return out
}

func share(bad *fault.Fields, path, text string) money.Fraction {
	v := decimal(bad, path, text, money.ParseFraction)
	if v > money.One {
		bad.Add(path, "share_range", "%s is more than the whole; 0.1 is ten percent", text)
	}
	return v
}

func dayText(bad *fault.Fields, path, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	on, err := time.Parse(time.DateOnly, text)
	if err != nil {
		bad.Add(path, "date_invalid", "%q is no date; write 2026-10-05", text)
	}
	return on
}

// over is t where t says something, else under; entries of a map one by one. It goes
// over the fields, so that no parameter is left out of what wider guidelines give.
func (t Terms) over(under Terms) Terms {
	to, from := reflect.ValueOf(&t).Elem(), reflect.ValueOf(under)
	for i := range to.NumField() {
		switch f, u := to.Field(i), from.Field(i); {
		case f.IsZero():
			f.Set(u)
		case f.Kind() == reflect.Map:
			all := maps.Clone(u.Interface().(map[string]string))
			if all == nil {
				all = map[string]string{}
			}
			maps.Copy(all, f.Interface().(map[string]string))
			f.Set(reflect.ValueOf(all))
		}
	}
	return t
}

// termWords say which rule a parameter is of, and what it asks for.
var termWords = map[string]struct{ rule, words string }{
	"outside_readers": {"NAR-09", "readers outside the privilege"}, "attendees": {"TIM-18", "at most %s at a meeting or hearing"}, "deposition_attendees": {"TIM-18", "at most %s at a deposition"},
	"internal_share": {"TIM-19", "internal conferences up to a share of %s"}, "research_hours": {"TIM-24", "research above %s hours a month with approval"},
	"task_hours": {"TIM-22", "usual hours of tasks: %s"}, "register": {"RAT-03", "approved timekeepers: %s"}, "rate_notice_days": {"RAT-04", "rate rises with %s days of notice"},
	"rate_cap": {"RAT-04", "rate rises up to a share of %s"}, "rates_frozen_until": {"RAT-04", "no rate rise before %s"}, "partner_share": {"RAT-08", "partners up to a share of %s of the hours"},
	"max_timekeepers": {"RAT-09", "at most %s timekeepers"}, "min_hours_of_timekeeper": {"RAT-10", "no timekeeper below %s hours"}, "receipt_over": {"EXP-01", "receipts above %s"},
	"hotel_cap": {"EXP-06", "hotels up to %s a night"}, "mileage_rate": {"EXP-08", "%s a mile or km"}, "approval_over": {"EXP-10", "approval of costs above %s"},
	"expense_cap": {"EXP-13", "costs up to %s in all"}, "expense_caps": {"EXP-13", "costs by code up to %s"}, "approvals": {"EXP-10", "approvals: %s"},
	"no_task_on_costs": {"COD-06", "costs without task or activity"}, "other_code_share": {"COD-08", "“other” codes up to a share of %s"}, "code_dates": {"COD-09", "codes with dates: %s"},
	"budget": {"BUD-01", "a budget of %s"}, "phase_budgets": {"BUD-02", "phase budgets: %s"}, "budget_required": {"BUD-03", "an approved budget"}, "fee_cap": {"BUD-04", "fees up to %s"},
	"planned_end": {"BUD-07", "a planned end on %s"}, "volume_tiers": {"BUD-06", "volume discounts: %s"}, "tiers_retroactive": {"BUD-06", "tiers on the whole year"},
	"discount": {"INV-15", "a discount of a share of %s"}, "late_warn_days": {"INV-01", "a warning when billed later than %s days"}, "late_block_days": {"INV-01", "no bill later than %s days"},
	"cycle": {"INV-02", "%s bills"}, "one_matter": {"INV-03", "one matter on an invoice"}, "currency": {"INV-09", "bills in %s"}, "minimum_invoice": {"INV-12", "no bill below %s"},
	"po_required": {"INV-13", "a purchase order"}, "note_required": {"INV-16", "a status note with each invoice"}, "closed_at_client": {"INV-08", "closed at the client on %s"},
}

// asks are the parameters that the terms set, in words.
func (t Terms) asks() (out []ask) {
	for _, p := range t.set() {
		w := termWords[p.name]
		if strings.Contains(w.words, "%s") {
			w.words = fmt.Sprintf(w.words, p.value)
		}
		out = append(out, ask{w.rule, w.words})
	}
	return out
}

// parameter is one of the terms as text: its JSON name and value.
type parameter struct{ name, value string }

// set lists the parameters that say something, in the order of the fields.
func (t Terms) set() (out []parameter) {
	v := reflect.ValueOf(t)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			continue
		}
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		text, err := json.Marshal(v.Field(i).Interface())
		if err != nil {
			continue // no such type is in Terms; its test holds that
		}
		out = append(out, parameter{name, strings.Trim(string(text), `"`)})
	}
	return out
}

// Lines are the terms for a form: "hotel_cap = 300", one in a line.
func (t Terms) Lines() string {
	var b strings.Builder
	for _, p := range t.set() {
		fmt.Fprintf(&b, "%s = %s\n", p.name, p.value)
	}
	return b.String()
}

// ReadTerms reads what Lines writes. It returns ErrPolicy with every line that is
// not understood.
func ReadTerms(lines string) (t Terms, err error) {
	var bad fault.Fields
	seen := map[string]bool{}
	for l := range strings.Lines(lines) {
		if strings.TrimSpace(l) == "" {
			continue
		}
		name, value, ok := strings.Cut(l, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if _, known := termWords[name]; !ok || !known || seen[name] {
			bad.Add("terms", "term_unknown", "%q is no parameter, or stands twice; write such as hotel_cap = 300", name)
			continue
		}
		seen[name] = true
		text := fmt.Appendf(nil, `{%q:%s}`, name, value)
		if strictly(text, &t) == nil {
			continue
		}
		quoted, err := json.Marshal(map[string]string{name: value})
		if err != nil || strictly(quoted, &t) != nil {
			bad.Add("terms", "term_invalid", "%q is not a value of %s", value, name)
		}
	}
	return t, bad.Err(ErrPolicy)
}

// strictly takes only what the terms have a place for: nothing is read and dropped.
func strictly(text []byte, t *Terms) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	next := *t
	if err := d.Decode(&next); err != nil {
		return err
	}
	*t = next
	return nil
}

// Parameter is one of the terms: its name in a file or a form, and what it asks for.
type Parameter struct{ Name, Rule, Asks, Example string }

// TermParameters lists every parameter of the terms in the order of a file.
func TermParameters() (list []Parameter) {
	of := reflect.TypeFor[Terms]()
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		w := termWords[name]
		list = append(list, Parameter{Name: name, Rule: w.rule, Asks: strings.ReplaceAll(w.words, "%s", "…"), Example: termExamples[name]})
	}
	return list
}

// termExamples are values as a form takes them.
var termExamples = map[string]string{
	"outside_readers": "true", "attendees": "2", "deposition_attendees": "1", "internal_share": "0.1", "research_hours": "3", "task_hours": `{"L350":"12.5"}`,
	"register": `[{"timekeeper":"RV","class":"PARTNR","from":"2026-01-01"}]`, "rate_notice_days": "60", "rate_cap": "0.05", "rates_frozen_until": "2027-01-01", "partner_share": "0.4",
	"max_timekeepers": "5", "min_hours_of_timekeeper": "1", "receipt_over": "25", "hotel_cap": "300", "mileage_rate": "0.70", "approval_over": "1000", "expense_cap": "5000",
	"expense_caps": `{"E110":"2000"}`, "approvals": `[{"rule":"EXP-10","for":"E119","reference":"mail of 3 October"}]`, "no_task_on_costs": "true", "other_code_share": "0.1",
	"code_dates": `[{"code":"L190","until":"2026-06-30"}]`, "budget": "60000", "phase_budgets": `{"L300":"20000"}`, "budget_required": "true", "fee_cap": "80000", "planned_end": "2027-06-30",
	"volume_tiers": `[{"over":"100000","discount":"0.05"}]`, "tiers_retroactive": "true", "discount": "0.05", "late_warn_days": "30", "late_block_days": "60", "cycle": "monthly",
	"one_matter": "true", "currency": "USD", "minimum_invoice": "250", "po_required": "true", "note_required": "true", "closed_at_client": "2026-12-31",
}

// Parameters are the names of the terms that concern a rule.
func Parameters(rule string) (names []string) {
	for name, w := range termWords {
		if w.rule == rule {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// approved finds the client's approval that a rule asks for on a line.
func (j *job) approved(rule string) bool {
	if j.more().Approval != "" {
		return true
	}
	return slices.ContainsFunc(j.policy.Approvals, func(a Approval) bool {
		return a.Rule == rule && (a.For == "" || a.For == j.Code || utbms.Clean(a.For) == j.Expense) && (a.until.IsZero() || dayOf(j.On) <= dayOf(a.until))
	})
}
