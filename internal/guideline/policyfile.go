package guideline

import (
	"encoding/json"
	"io"
	"maps"
	"slices"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// ErrPolicy refuses a guideline file, with every complaint.
var ErrPolicy = fault.New(fault.Invalid, "guideline_invalid", "the guideline file cannot be used")

// policyFile is a policy as JSON: hours, prices and shares as decimal text.
type policyFile struct {
	Name          string            `json:"name"`
	Clauses       map[string]string `json:"clauses"`
	Off           []string          `json:"off"`
	Block         []string          `json:"block"` // rules raised to block
	Increment     string            `json:"increment"`
	DayWarn       string            `json:"day_warn"`
	DayBlock      string            `json:"day_block"`
	MatterDay     string            `json:"matter_day"`
	StaleWarn     int               `json:"stale_warn_days"`
	StaleBlock    int               `json:"stale_block_days"`
	GraceAfter    int               `json:"grace_after_days"`
	TravelShare   string            `json:"travel_share"`
	TravelDay     string            `json:"travel_day"`
	BlockShare    string            `json:"block_billing_share"`
	CopyPrice     string            `json:"copy_price"`
	MealCap       string            `json:"meal_cap"`
	CourierOver   string            `json:"courier_over"`
	MaxBytes      int               `json:"max_bytes"`
	MaxRunes      int               `json:"max_characters"`
	CopiedDates   int               `json:"copied_dates"`
	Restricted    []string          `json:"restricted_terms"`
	TaskCodes     bool              `json:"task_codes_required"`
	ActivityCodes bool              `json:"activity_codes_required"`
	Rules         []OwnRule         `json:"rules"`
}

// ReadPolicy reads a guideline file. It returns ErrPolicy with every field that
// is unknown, unreadable or names an unknown rule.
func ReadPolicy(r io.Reader) (Policy, error) {
	var f policyFile
	d := json.NewDecoder(io.LimitReader(r, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return Policy{}, ErrPolicy.With("the guideline file is not readable: %v", err)
	}
	var bad fault.Fields
	p := Policy{
		Name: f.Name, Clauses: f.Clauses, Off: map[string]bool{}, Raise: map[string]Severity{},
		StaleWarn: f.StaleWarn, StaleBlock: f.StaleBlock, GraceAfter: f.GraceAfter, MaxBytes: f.MaxBytes, MaxRunes: f.MaxRunes,
		CopiedDates: f.CopiedDates, Restricted: f.Restricted, TaskCodes: f.TaskCodes, ActivityCodes: f.ActivityCodes,
	}
	for path, field := range map[string]struct {
		text string
		to   *money.Fixed4
	}{
		"increment": {f.Increment, &p.Increment}, "day_warn": {f.DayWarn, &p.DayWarn}, "day_block": {f.DayBlock, &p.DayBlock},
		"matter_day": {f.MatterDay, &p.MatterDay}, "travel_day": {f.TravelDay, &p.TravelDay}, "copy_price": {f.CopyPrice, &p.CopyPrice},
		"meal_cap": {f.MealCap, &p.MealCap}, "courier_over": {f.CourierOver, &p.CourierOver},
	} {
		*field.to = decimal(&bad, path, field.text, money.ParseFixed4)
	}
	p.TravelShare = decimal(&bad, "travel_share", f.TravelShare, money.ParseFraction)
	p.BlockShare = decimal(&bad, "block_billing_share", f.BlockShare, money.ParseFraction)
	for _, id := range slices.Concat(f.Off, f.Block, slices.Collect(maps.Keys(f.Clauses))) {
		if _, ok := RuleByID(id); !ok {
			bad.Add(id, "rule_unknown", "%s is not a rule", id)
		}
	}
	for _, id := range f.Off {
		if pinned[id] {
			bad.Add(id, "rule_pinned", "%s cannot be switched off", id)
		}
		p.Off[id] = true
	}
	for _, id := range f.Block {
		p.Raise[id] = Block
	}
	p.Own = compileAll(&bad, f.Rules)
	slices.SortFunc(bad, func(a, b fault.Field) int { return cmpText(a.Path, b.Path) })
	return p, bad.Err(ErrPolicy)
}

func decimal[T ~int64](bad *fault.Fields, path, text string, parse func(string) (T, error)) T {
	if text == "" {
		return 0
	}
	v, err := parse(text)
	if err != nil || v < 0 {
		bad.Add(path, "number_invalid", "%q is not a number; enter one such as 0.1", text)
	}
	return v
}
