package main

import (
	"testing"
	"time"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/invoice/invoicebench"
	"github.com/docketry/docketry/internal/ledes"
)

// budgets lists the speed budgets of DESIGN 9 that this version can measure.
func budgets() []budget {
	return []budget{
		{name: "ledes", says: "LEDES parse with all checks: at least half the speed of a hand-written single-pass scanner", budget: 0.5, atLeast: true, ours: benchLedes, limit: benchLedesScanner},
		{name: "pdf", says: "invoice PDF, tagged and deterministic: at least ten times the speed of fpdf", budget: 10, atLeast: true, ours: invoicebench.Paper, limit: invoicebench.PaperFpdf},
		{name: "due", says: "one due computation of eight business hours: at most one microsecond", budget: 1, ours: benchDue, fixed: time.Microsecond},
		{name: "rules", says: "one entry by 50 rules that a firm wrote: at most ten microseconds, 100,000 entries a second", budget: 1, ours: benchRules, fixed: 10 * time.Microsecond},
	}
}

const benchLines = 10_000

func benchLedes(b *testing.B) {
	file := ledes.BenchFile(benchLines)
	for b.Loop() {
		if _, _, err := ledes.BenchParse(file); err != nil {
			b.Fatal(err)
		}
	}
}

func benchLedesScanner(b *testing.B) {
	file := ledes.BenchFile(benchLines)
	for b.Loop() {
		ledes.BenchScanner(file)
	}
}

func benchDue(b *testing.B) {
	day := []calendar.Hours{{"09:00", "12:30"}, {"13:30", "17:30"}}
	c, err := calendar.Compile(calendar.Version{TZ: "America/New_York", Weekly: map[string][]calendar.Hours{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day}})
	if err != nil {
		b.Fatal(err)
	}
	start := time.Date(2026, 11, 5, 20, 30, 0, 0, time.UTC)
	for b.Loop() {
		if _, err := c.Add(start, 8*3600); err != nil {
			b.Fatal(err)
		}
	}
}

func benchRules(b *testing.B) {
	var c guideline.Context
	for range 50 {
		o, err := guideline.OwnRule{ID: "PEL-01", Name: "Research", Severity: guideline.Warn, Message: "Research is long.", Fix: "Ask for approval",
			When: `minutes > 60 && activity == "A103" && has_word(narrative, ["approved", "consent"])`}.Compile(1)
		if err != nil {
			b.Fatal(err)
		}
		c.Policy.Own = append(c.Policy.Own, o)
	}
	l := guideline.Line{ID: "a", Kind: guideline.Time, Hours: 20_000, Activity: "A103", Narrative: "Draft section 3 of reply brief on motion to compel", Currency: "USD"}
	for b.Loop() {
		guideline.Check(l, c)
	}
}
