package guideline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

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
	Manual        []ManualCheck     `json:"manual"`
	Terms
}

// ManualCheck is a clause that no rule can judge: a person looks after it on every
// pre-bill (engine rule 8).
type ManualCheck struct {
	Clause string `json:"clause"` // "section 4.2"
	Text   string `json:"text"`   // what to look at
}

// ReadPolicy reads a guideline file. It returns ErrPolicy with every field that
// is unknown, unreadable or names an unknown rule.
func ReadPolicy(r io.Reader) (Policy, error) {
	f, err := readFile(r)
	if err != nil {
		return Policy{}, err
	}
	return f.policy(true)
}

func readFile(r io.Reader) (f policyFile, err error) {
	data, err := io.ReadAll(io.LimitReader(r, maxPolicy+1))
	if err != nil {
		return f, fmt.Errorf("read guideline file: %w", err)
	}
	if len(data) > maxPolicy {
		return f, ErrPolicy.With("the guideline file is larger than %d MiB", maxPolicy>>20)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		bad := fault.Misfit(&f, data, err)
		bad.Path = dotted.Replace(bad.Path)
		return f, ErrPolicy.With("the guideline file is not readable").On(bad)
	}
	return f, nil
}

// maxPolicy is the largest file.
const maxPolicy = 1 << 20

// dotted writes the path of a value as the complaints of this package do: rules.0.when.
var dotted = strings.NewReplacer("[", ".", "]", "")

func readText(text string) (f policyFile, err error) {
	return f, json.Unmarshal([]byte(text), &f)
}

// policy is what the file says, or ErrPolicy with every complaint. Limits are those
// of one document: several that were joined may go over them.
func (f policyFile) policy(limits bool) (Policy, error) {
	var bad fault.Fields
	if limits {
		f.limits(&bad)
	}
	p := Policy{
		Name: f.Name, Clauses: f.Clauses, Off: map[string]bool{}, Raise: map[string]Severity{},
		StaleWarn: f.StaleWarn, StaleBlock: f.StaleBlock, GraceAfter: f.GraceAfter, MaxBytes: f.MaxBytes, MaxRunes: f.MaxRunes,
		CopiedDates: f.CopiedDates, Restricted: f.Restricted, TaskCodes: f.TaskCodes, ActivityCodes: f.ActivityCodes,
	}
	f.numbers(&p, &bad)
	p.Limits = f.Terms.limits(&bad)
	f.ruleNames(&p, &bad)
	f.texts(&bad)
	p.Own = compileAll(&bad, f.Rules)
	slices.SortFunc(bad, func(a, b fault.Field) int { return cmpText(a.Path, b.Path) })
	return p, bad.Err(ErrPolicy)
}

func (f policyFile) numbers(p *Policy, bad *fault.Fields) {
	for path, field := range map[string]struct {
		text string
		to   *money.Fixed4
	}{
		"increment": {f.Increment, &p.Increment}, "day_warn": {f.DayWarn, &p.DayWarn}, "day_block": {f.DayBlock, &p.DayBlock},
		"matter_day": {f.MatterDay, &p.MatterDay}, "travel_day": {f.TravelDay, &p.TravelDay}, "copy_price": {f.CopyPrice, &p.CopyPrice},
		"meal_cap": {f.MealCap, &p.MealCap}, "courier_over": {f.CourierOver, &p.CourierOver},
	} {
		*field.to = decimal(bad, path, field.text, money.ParseFixed4)
	}
	p.TravelShare = decimal(bad, "travel_share", f.TravelShare, money.ParseFraction)
	p.BlockShare = decimal(bad, "block_billing_share", f.BlockShare, money.ParseFraction)
	for _, n := range []struct {
		path string
		n    int
		most int
	}{
		{"stale_warn_days", f.StaleWarn, 3_650}, {"stale_block_days", f.StaleBlock, 3_650}, {"grace_after_days", f.GraceAfter, 3_650},
		{"max_bytes", f.MaxBytes, 15_360}, {"max_characters", f.MaxRunes, 15_360}, {"copied_dates", f.CopiedDates, 366},
	} {
		if n.n < 0 || n.n > n.most {
			bad.Add(n.path, "number_range", "enter a whole number from 0 to %d", n.most)
		}
	}
	if f.CopiedDates == 1 {
		bad.Add("copied_dates", "number_range", "a text on one date is no copy; enter 2 or more")
	}
}

func (f policyFile) ruleNames(p *Policy, bad *fault.Fields) {
	for _, list := range []struct {
		path string
		ids  []string
	}{{"off", f.Off}, {"block", f.Block}, {"clauses", slices.Collect(maps.Keys(f.Clauses))}} {
		for _, id := range list.ids {
			if _, ok := RuleByID(id); !ok {
				bad.Add(list.path, "rule_unknown", "%s is not a rule", id)
			}
		}
	}
	for _, id := range f.Off {
		if pinned[id] {
			bad.Add("off", "rule_pinned", "%s cannot be switched off", id)
		}
		if slices.Contains(f.Block, id) {
			bad.Add("off", "rule_both", "%s is switched off and blocking; choose one", id)
		}
		p.Off[id] = true
	}
	for _, id := range f.Block {
		p.Raise[id] = Block
	}
}

// texts refuses what would not print: messages quote names and clauses.
func (f policyFile) texts(bad *fault.Fields) {
	text := func(path, s string, most int, needed bool) {
		if s != clean(s) || len([]rune(s)) > most || needed && s == "" {
			bad.Add(path, "text_invalid", "write plain text of at most %d characters", most)
		}
	}
	text("name", f.Name, 80, false)
	for _, c := range f.Clauses {
		text("clauses", c, 80, true)
	}
	for _, w := range f.Restricted {
		text("restricted_terms", w, 80, true)
	}
	for i, m := range f.Manual {
		text(fmt.Sprintf("manual.%d.clause", i), m.Clause, 80, true)
		text(fmt.Sprintf("manual.%d.text", i), m.Text, 500, true)
	}
}

func (f policyFile) limits(bad *fault.Fields) {
	f.singleLines(bad)
	if len(f.Rules) > maxOwnRules {
		bad.Add("rules", "rules_many", "a guideline has at most %d rules of its own", maxOwnRules)
	}
	if len(f.Restricted) > maxTerms {
		bad.Add("restricted_terms", "terms_many", "at most %d terms", maxTerms)
	}
	if len(f.Manual) > maxManual {
		bad.Add("manual", "manual_many", "at most %d clauses to check by hand", maxManual)
	}
}

// singleLines refuses what a form would not give back as it was: its fields have one
// line each, or one entry in a line with the clause before an equals sign.
func (f policyFile) singleLines(bad *fault.Fields) {
	line := func(path, s, without string) {
		if strings.TrimSpace(s) != s || strings.ContainsAny(s, "\n\r"+without) {
			say := "write one line, without blanks around it"
			if without != "" {
				say += " and without " + without
			}
			bad.Add(path, "text_lines", "%s", say)
		}
	}
	line("name", f.Name, "")
	for _, c := range f.Clauses {
		line("clauses", c, "")
	}
	for _, w := range f.Restricted {
		line("restricted_terms", w, "")
	}
	for i, m := range f.Manual {
		line(fmt.Sprintf("manual.%d.clause", i), m.Clause, "=")
		line(fmt.Sprintf("manual.%d.text", i), m.Text, "")
	}
	for i, r := range f.Rules {
		for path, s := range map[string]string{"name": r.Name, "message": r.Message, "fix": r.Fix} {
			line(fmt.Sprintf("rules.%d.%s", i, path), s, "")
		}
	}
}

const (
	maxTerms  = 500
	maxManual = 100
)

func decimal[T ~int64](bad *fault.Fields, path, text string, parse func(string) (T, error)) T {
	if text == "" {
		return 0
	}
	v, err := parse(text)
	if err == nil && v < 0 {
		bad.Add(path, "number_negative", "%s is below zero; enter zero or more", text)
		return 0
	}
	if err != nil {
		bad.Add(path, "number_invalid", "%q is not a number; enter one such as 0.1", text)
	}
	return v
}
