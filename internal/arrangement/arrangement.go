// Package arrangement is what a client agreed to pay for work (LEGAL-BILLING 8): one
// main arrangement of a matter at a time, and what may be combined with it. It turns
// recorded work into the charges of a bill, exactly: the charges always sum to the
// fees, and the fees and expenses to what is due and what is held back.
//
// It does no I/O. It does not own rates (package rate gives each line its rate),
// taxes, numbers, or the movement of trust money: a draw from a retainer is a
// proposal that needs a final invoice and the firm's approval.
//
// The order is that of the table: the main arrangement, its cap, the volume
// discount, the percentage discount, the success fee, the holdback, the split.
package arrangement

import (
	"slices"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// Faults of this package.
var (
	ErrTerms    = fault.New(fault.Invalid, "arrangement_invalid", "some terms of the arrangement need correcting")
	ErrWork     = fault.New(fault.Invalid, "arrangement_work_invalid", "the work does not fit the arrangement")
	ErrUnsigned = fault.New(fault.Conflict, "arrangement_unsigned", "a contingent fee needs a signed writing before the first bill")
	ErrNone     = fault.New(fault.Conflict, "arrangement_missing", "the matter has no arrangement on this day")
	ErrCaps     = fault.New(fault.Conflict, "arrangement_split_capped", "the payors' caps leave a part of the bill with nobody")
)

// Kind is a main arrangement; stored, never rename.
type Kind string

// The main arrangements.
const (
	KindHourly       Kind = "hourly"
	KindFixed        Kind = "fixed"
	KindCollar       Kind = "collar"
	KindBlended      Kind = "blended"
	KindContingency  Kind = "contingency"
	KindGeneral      Kind = "retainer_general"   // a fee for availability, earned on receipt
	KindSecurity     Kind = "retainer_security"  // a deposit held to the end; work is hourly
	KindAdvance      Kind = "retainer_advance"   // a deposit drawn down; work is hourly
	KindEvergreen    Kind = "retainer_evergreen" // an advance that is replenished; work is hourly
	KindSubscription Kind = "subscription"
	KindTasks        Kind = "task_based"
	KindNoCharge     Kind = "no_charge"
)

// kinds tells of each arrangement which terms it has, and that it is by the hour.
var kinds = map[Kind]struct {
	terms  string
	hourly bool
}{
	KindHourly: {"", true}, KindFixed: {"fixed", false}, KindCollar: {"collar", false}, KindBlended: {"blended", true},
	KindContingency: {"contingency", false}, KindGeneral: {"general", false}, KindSecurity: {"", true}, KindAdvance: {"", true},
	KindEvergreen: {"evergreen", true}, KindSubscription: {"subscription", false}, KindTasks: {"tasks", false}, KindNoCharge: {"", false},
}

// Terms are one arrangement: its kind, the terms of that kind and of no other, and
// what it is combined with.
type Terms struct {
	Kind     Kind           `json:"kind"`
	Currency money.Currency `json:"currency"`

	Fixed        *Fixed        `json:"fixed,omitempty"`
	Collar       *Collar       `json:"collar,omitempty"`
	Blended      *Blended      `json:"blended,omitempty"`
	Contingency  *Contingency  `json:"contingency,omitempty"`
	General      *General      `json:"general,omitempty"`
	Evergreen    *Evergreen    `json:"evergreen,omitempty"`
	Subscription *Subscription `json:"subscription,omitempty"`
	Tasks        *Tasks        `json:"tasks,omitempty"`

	Cap      *Cap      `json:"cap,omitempty"` // with work by the hour
	Volume   *Volume   `json:"volume,omitempty"`
	Discount *Discount `json:"discount,omitempty"`
	Success  *Success  `json:"success,omitempty"`
	Holdback *Holdback `json:"holdback,omitempty"`
	Split    *Split    `json:"split,omitempty"`
}

// Validate names every term that needs correcting.
func (t Terms) Validate() error {
	var fs fault.Fields
	k, known := kinds[t.Kind]
	if !known {
		fs.Add("kind", "arrangement_kind_unknown", "choose one of the arrangements")
	}
	if !t.Currency.Known() {
		fs.Add("currency", "currency_unknown", "enter a three-letter currency code such as USD")
	}
	for _, term := range t.terms() {
		switch {
		case term.given && term.main && term.name != k.terms:
			fs.Add(term.name, "arrangement_term_foreign", "an arrangement of kind %s has no such terms", t.Kind)
		case !term.given && term.main && known && term.name == k.terms:
			fs.Add(term.name, "arrangement_term_missing", "enter the terms of the arrangement")
		case term.given:
			term.check(&fs)
		}
	}
	if t.Cap != nil && known && !k.hourly {
		fs.Add("cap", "arrangement_cap_not_hourly", "a cap goes with work by the hour")
	}
	if t.Kind == KindNoCharge && (t.Volume != nil || t.Discount != nil || t.Success != nil || t.Holdback != nil || t.Split != nil) {
		fs.Add("kind", "arrangement_no_charge_combined", "nothing is combined with work that is not charged")
	}
	return fs.Err(ErrTerms)
}

type term struct {
	name  string
	main  bool // of a main arrangement
	given bool
	check func(*fault.Fields)
}

func (t *Terms) terms() []term {
	return []term{
		{"fixed", true, t.Fixed != nil, func(fs *fault.Fields) { t.Fixed.check(fs) }},
		{"collar", true, t.Collar != nil, func(fs *fault.Fields) { t.Collar.check(fs) }},
		{"blended", true, t.Blended != nil, func(fs *fault.Fields) { t.Blended.check(fs) }},
		{"contingency", true, t.Contingency != nil, func(fs *fault.Fields) { t.Contingency.check(fs) }},
		{"general", true, t.General != nil, func(fs *fault.Fields) { t.General.check(fs) }},
		{"evergreen", true, t.Evergreen != nil, func(fs *fault.Fields) { t.Evergreen.check(fs) }},
		{"subscription", true, t.Subscription != nil, func(fs *fault.Fields) { t.Subscription.check(fs) }},
		{"tasks", true, t.Tasks != nil, func(fs *fault.Fields) { t.Tasks.check(fs) }},
		{"cap", false, t.Cap != nil, func(fs *fault.Fields) { t.Cap.check(fs) }},
		{"volume", false, t.Volume != nil, func(fs *fault.Fields) { t.Volume.check(fs) }},
		{"discount", false, t.Discount != nil, func(fs *fault.Fields) { t.Discount.check(fs) }},
		{"success", false, t.Success != nil, func(fs *fault.Fields) { t.Success.check(fs) }},
		{"holdback", false, t.Holdback != nil, func(fs *fault.Fields) { t.Holdback.check(fs) }},
		{"split", false, t.Split != nil, func(fs *fault.Fields) { t.Split.check(fs) }},
	}
}

// Dated is an arrangement of a matter from a day on, until the day before Until.
type Dated struct {
	From  time.Time
	Until *time.Time
	Terms Terms
}

// At is the arrangement on a day; ErrNone when there is none.
func At(list []Dated, day time.Time) (Terms, error) {
	for _, d := range list {
		if !day.Before(d.From) && (d.Until == nil || day.Before(*d.Until)) {
			return d.Terms, nil
		}
	}
	return Terms{}, ErrNone.With("the matter has no arrangement on %s; enter one that covers the day", day.Format(time.DateOnly))
}

// CheckList holds that a matter has one main arrangement at a time, each valid.
func CheckList(list []Dated) error {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b Dated) int { return a.From.Compare(b.From) })
	var fs fault.Fields
	for i, d := range sorted {
		if d.Until != nil && !d.Until.After(d.From) {
			fs.Add("until", "dates_order", "the arrangement of %s ends before it begins", d.From.Format(time.DateOnly))
		}
		if i > 0 && (sorted[i-1].Until == nil || sorted[i-1].Until.After(d.From)) {
			fs.Add("from", "arrangement_overlap", "another arrangement still runs on %s; end that one first", d.From.Format(time.DateOnly))
		}
		if err := d.Terms.Validate(); err != nil {
			return err
		}
	}
	return fs.Err(ErrTerms)
}
