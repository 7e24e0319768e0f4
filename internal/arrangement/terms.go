package arrangement

import (
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// Scope is what an amount is agreed for; stored, never rename.
type Scope string

// The scopes.
const (
	PerMatter Scope = "matter"
	PerPhase  Scope = "phase"
	PerTask   Scope = "task"
	PerYear   Scope = "year"

	PerMonth   Scope = "month" // of a fee for each period
	PerQuarter Scope = "quarter"
)

// Price is an amount agreed for a phase, a task or a year; of a matter the code is "".
type Price struct {
	Code        string `json:"code"`
	AmountMinor int64  `json:"amount_minor"`
}

// Fixed is an agreed amount. Time is recorded and valued, but the client does not
// pay by it.
type Fixed struct {
	Per    Scope   `json:"per"` // matter, phase or task
	Prices []Price `json:"prices"`
	Shadow bool    `json:"shadow"` // the client wants to see hours and value
}

// Collar is work by the hour around a target: beyond the band the client bears, or
// saves, Client of the difference.
type Collar struct {
	TargetMinor int64          `json:"target_minor"`
	Band        money.Fraction `json:"band"`
	Client      money.Fraction `json:"client"`
}

// Blended is one rate for all; OthersRate, when set, is that of who is no lawyer.
type Blended struct {
	Rate       money.Fixed4 `json:"rate"`
	OthersRate money.Fixed4 `json:"others_rate,omitempty"`
}

// Stage is how far a case went when money came in; stored, never rename.
type Stage string

// The stages.
const (
	StageSettlement Stage = "settlement"
	StageTrial      Stage = "trial"
	StageAppeal     Stage = "appeal"
)

// StageShare is the firm's share of the recovery at a stage.
type StageShare struct {
	Stage Stage          `json:"stage"`
	Share money.Fraction `json:"share"`
}

// Contingency is a share of the recovery: of the gross, or of what is left of it
// after costs. It needs a signed writing (Model Rule 1.5): SignedOn is the day of the one
// that is kept for the version, and no term that somebody enters.
type Contingency struct {
	Shares   []StageShare `json:"shares"`
	NetCosts bool         `json:"net_of_costs"`
	Shadow   bool         `json:"shadow,omitempty"` // the client wants to see hours and value
	SignedOn time.Time    `json:"-"`
}

// General is a fee for being available through each period. Work may be charged by
// the hour beside it; else it is not charged.
type General struct {
	Per         Scope `json:"per"` // month, quarter or year
	AmountMinor int64 `json:"amount_minor"`
	HourlyWork  bool  `json:"hourly_work"`
	Shadow      bool  `json:"shadow"` // the client wants to see hours and value
}

// Evergreen is when an advance is replenished, and to what.
type Evergreen struct {
	FloorMinor  int64 `json:"floor_minor"`
	TargetMinor int64 `json:"target_minor"`
}

// Subscription is a fixed amount for each period, with its work of Tasks (all when
// empty) up to Hours (any number when 0), whichever bill has it. Beyond that work is
// charged by the hour when BeyondHourly says so, and otherwise included with a warning.
type Subscription struct {
	Per          Scope        `json:"per"` // month, quarter or year
	AmountMinor  int64        `json:"amount_minor"`
	Hours        money.Fixed4 `json:"hours,omitempty"`
	Tasks        []string     `json:"tasks,omitempty"`
	BeyondHourly bool         `json:"beyond_hourly"`
	Shadow       bool         `json:"shadow"` // the client wants to see hours and value
}

// Tasks is a list of unit prices by UTBMS phase or task, or any code that both sides
// know. Time under a code of the list is in its price. Other time is charged by the hour
// when OthersHourly says so; otherwise no bill is made of it until it has a price.
type Tasks struct {
	Prices       []UnitPrice `json:"prices"`
	OthersHourly bool        `json:"others_hourly,omitempty"`
	Shadow       bool        `json:"shadow,omitempty"` // the client wants to see hours and value
}

// priceOf is the price of one unit; false when the list has none.
func (t *Tasks) priceOf(code string) (money.Fixed4, bool) {
	i := slices.IndexFunc(t.Prices, func(p UnitPrice) bool { return p.Code == code })
	if i < 0 {
		return 0, false
	}
	return t.Prices[i].Price, true
}

// include tells whether time is in the price of its task or phase.
func (t *Tasks) include(f Fee) bool {
	return slices.ContainsFunc(t.Prices, func(p UnitPrice) bool { return p.Code == f.Task || p.Code == f.Phase })
}

// UnitPrice is the price of one unit.
type UnitPrice struct {
	Code  string       `json:"code"`
	Price money.Fixed4 `json:"price"`
}

// Cap is the most that is billed by the hour for a matter, a phase or a year, before
// discounts. The limit of code "" holds for each phase or year without its own. A
// soft cap only warns.
type Cap struct {
	Per    Scope   `json:"per"`
	Limits []Price `json:"limits"`
	Soft   bool    `json:"soft"`
}

// Volume is a discount by the fees of the year so far, without expenses and tax.
// Marginal tiers discount what lies in them; retroactive ones all fees of the year.
type Volume struct {
	Tiers       []Tier `json:"tiers"` // by FromMinor, rising
	Retroactive bool   `json:"retroactive"`
}

// Tier discounts the year's fees above FromMinor.
type Tier struct {
	FromMinor int64          `json:"from_minor"`
	Rate      money.Fraction `json:"rate"`
}

// Discount takes a percentage off the fees: off each line, or as one adjustment of
// the invoice. With PromptDays it is only given on payment within so many days.
type Discount struct {
	Rate       money.Fraction `json:"rate"`
	ByLine     bool           `json:"by_line"`
	PromptDays int            `json:"prompt_days,omitempty"`
}

// Success is an extra on a good outcome: an amount, and a share of the fees of the
// matter. Limit, when set, is the most it may be of those fees, as where law sets one.
type Success struct {
	AmountMinor int64          `json:"amount_minor,omitempty"`
	Uplift      money.Fraction `json:"uplift,omitempty"`
	Limit       money.Fraction `json:"limit,omitempty"`
}

// Holdback is a share of the fees that is only owed when the condition is met.
type Holdback struct {
	Share     money.Fraction `json:"share"`
	Condition string         `json:"condition"`
}

// maxUnitPrice and MaxUnits keep their product far from what int64 holds.
const maxUnitPrice, MaxUnits money.Fixed4 = 1_000_000_000_000, 100_000 * 10_000

// most is more than any arrangement names, and far from what int64 holds.
const most = 1_000_000_000_000_000

func positive(fs *fault.Fields, path string, v int64) {
	if v <= 0 || v > most {
		fs.Add(path, "amount_range", "enter an amount above zero")
	}
}

// share checks a fraction above 0 and up to 1.
func share(fs *fault.Fields, path string, f money.Fraction) {
	if f <= 0 || f > money.One {
		fs.Add(path, "share_range", "enter a percentage above 0 and up to 100")
	}
}

func prices(fs *fault.Fields, path string, per Scope, list []Price, open bool) {
	if len(list) == 0 {
		fs.Add(path, "prices_missing", "enter at least one amount")
	}
	seen := map[string]bool{}
	for i, p := range list {
		at := fmt.Sprintf("%s.%d", path, i)
		positive(fs, at+".amount_minor", p.AmountMinor)
		switch {
		case seen[p.Code]:
			fs.Add(at+".code", "code_twice", "%q stands twice; keep one", p.Code)
		case per == PerMatter && p.Code != "":
			fs.Add(at+".code", "code_of_matter", "an amount for the whole matter has no code")
		case per != PerMatter && p.Code == "" && !open:
			fs.Add(at+".code", "code_missing", "enter the %s the amount is for", per)
		}
		seen[p.Code] = true
	}
}

func (f *Fixed) check(fs *fault.Fields) {
	if f.Per != PerMatter && f.Per != PerPhase && f.Per != PerTask {
		fs.Add("fixed.per", "scope_unknown", "choose matter, phase or task")
	}
	prices(fs, "fixed.prices", f.Per, f.Prices, false)
}

func (c *Collar) check(fs *fault.Fields) {
	positive(fs, "collar.target_minor", c.TargetMinor)
	if c.Band < 0 || c.Band > money.One {
		fs.Add("collar.band", "share_range", "enter a percentage from 0 to 100")
	}
	if c.Client < 0 || c.Client > money.One {
		fs.Add("collar.client", "share_range", "enter a percentage from 0 to 100")
	}
}

func (b *Blended) check(fs *fault.Fields) {
	positive(fs, "blended.rate", int64(b.Rate))
	if b.OthersRate < 0 {
		fs.Add("blended.others_rate", "amount_negative", "enter a rate, or leave it empty for one rate for all")
	}
}

func (c *Contingency) check(fs *fault.Fields) {
	if len(c.Shares) == 0 {
		fs.Add("contingency.shares", "shares_missing", "enter the share for each stage")
	}
	seen := map[Stage]bool{}
	for i, s := range c.Shares {
		at := fmt.Sprintf("contingency.shares.%d", i)
		share(fs, at+".share", s.Share)
		if s.Stage != StageSettlement && s.Stage != StageTrial && s.Stage != StageAppeal {
			fs.Add(at+".stage", "stage_unknown", "choose settlement, trial or appeal")
		} else if seen[s.Stage] {
			fs.Add(at+".stage", "stage_twice", "the stage stands twice; keep one")
		}
		seen[s.Stage] = true
	}
}

func (g *General) check(fs *fault.Fields) {
	g.Per.checkPeriod(fs, "general.per")
	positive(fs, "general.amount_minor", g.AmountMinor)
}

func (e *Evergreen) check(fs *fault.Fields) {
	positive(fs, "evergreen.floor_minor", e.FloorMinor)
	if e.TargetMinor < e.FloorMinor || e.TargetMinor > most {
		fs.Add("evergreen.target_minor", "target_below_floor", "the target is not below the floor")
	}
}

func (s *Subscription) check(fs *fault.Fields) {
	s.Per.checkPeriod(fs, "subscription.per")
	positive(fs, "subscription.amount_minor", s.AmountMinor)
	if s.Hours < 0 {
		fs.Add("subscription.hours", "hours_negative", "enter hours, or leave them empty for any number")
	}
}

func (t *Tasks) check(fs *fault.Fields) {
	if len(t.Prices) == 0 {
		fs.Add("tasks.prices", "prices_missing", "enter at least one price")
	}
	seen := map[string]bool{}
	for i, p := range t.Prices {
		at := fmt.Sprintf("tasks.prices.%d", i)
		positive(fs, at+".price", int64(p.Price))
		if p.Code == "" || seen[p.Code] {
			fs.Add(at+".code", "code_twice", "enter a code that no other price has")
		}
		if p.Price > maxUnitPrice {
			fs.Add(at+".price", "amount_range", "enter a price of at most %s for one unit", maxUnitPrice)
		}
		seen[p.Code] = true
	}
}

func (c *Cap) check(fs *fault.Fields) {
	if c.Per != PerMatter && c.Per != PerPhase && c.Per != PerYear {
		fs.Add("cap.per", "scope_unknown", "choose matter, phase or year")
	}
	prices(fs, "cap.limits", c.Per, c.Limits, true)
}

func (v *Volume) check(fs *fault.Fields) {
	if len(v.Tiers) == 0 {
		fs.Add("volume.tiers", "tiers_missing", "enter at least one tier")
	}
	for i, t := range v.Tiers {
		at := fmt.Sprintf("volume.tiers.%d", i)
		if t.Rate < 0 || t.Rate > money.One {
			fs.Add(at+".rate", "share_range", "enter a percentage from 0 to 100")
		}
		if t.FromMinor < 0 || t.FromMinor > most || (i > 0 && t.FromMinor <= v.Tiers[i-1].FromMinor) {
			fs.Add(at+".from_minor", "tiers_order", "each tier begins above the one before it")
		}
	}
}

func (d *Discount) check(fs *fault.Fields) {
	share(fs, "discount.rate", d.Rate)
	if d.PromptDays < 0 || d.PromptDays > 365 {
		fs.Add("discount.prompt_days", "days_range", "enter days from 1 to 365, or nothing")
	}
	if d.PromptDays > 0 && d.ByLine {
		fs.Add("discount.prompt_days", "prompt_by_line", "a discount for prompt payment is off the invoice, and not off its lines")
	}
}

func (s *Success) check(fs *fault.Fields) {
	if s.AmountMinor < 0 || s.AmountMinor > most || s.Uplift < 0 || s.Limit < 0 || (s.AmountMinor == 0 && s.Uplift == 0) {
		fs.Add("success.amount_minor", "success_missing", "enter an amount or a share of the fees")
	}
}

func (h *Holdback) check(fs *fault.Fields) {
	share(fs, "holdback.share", h.Share)
	if h.Condition == "" {
		fs.Add("holdback.condition", "condition_missing", "say what must happen for the part to be owed")
	}
}
