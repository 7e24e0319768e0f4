package main

import (
	"testing"
	"time"

	"github.com/docketry/docketry/internal/app/load"
	"github.com/docketry/docketry/internal/authz"
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
		{name: "due", says: "one due computation of eight business hours: at most one microsecond", budget: 1, ours: benchDue, fixed: float64(time.Microsecond)},
		{name: "permission", says: "permission decision at 100 firms of 40 people: at least fifty times the speed of plain Casbin over all firms' rules", budget: 50, atLeast: true, ours: benchPermission(100), limit: benchCasbin},
		{name: "firms", says: "permission decision at 100 firms of 40 people: at most 1.5 times what it costs at one firm", budget: 1.5, ours: benchPermission(100), limit: benchPermission(1)},
		{name: "rules", says: "one entry by 50 rules that a firm wrote: at most ten microseconds, 100,000 entries a second", budget: 1, ours: benchRules, fixed: float64(10 * time.Microsecond)},
		{name: "import", says: "file of 5,000 rows landed with prices, guidelines and audit: at least 0.35 of the speed of COPY into the same table with the same indexes", budget: 0.35, atLeast: true, ours: books.at((*load.Books).Import), limit: books.at((*load.Books).PlainImport)},
		{name: "audit", says: "audit of that import by itself: at most 15 % of it", budget: 0.15, ours: books.at((*load.Books).Audit), limit: books.at((*load.Books).Import)},
		{name: "export", says: "export of a million entries, scoped and encrypted: at least 0.4 of the speed of COPY out", budget: 0.4, atLeast: true, ours: books.at((*load.Books).Export), limit: books.at((*load.Books).PlainExport)},
		{name: "exportmem", says: "memory that export takes over idle: at most 64 MiB", budget: 1, unit: load.Peak, ours: books.at((*load.Books).ExportMemory), fixed: 64 << 20},
		{name: "queue", says: "queue page of 50 of a million items of 40 firms, with session, scope and firm filter: at most twice the processor time of echo and pgx alone", budget: 2, unit: load.CPU, ours: large.at((*load.Bureau).Queue), limit: large.at((*load.Bureau).PlainQueue)},
		{name: "deep", says: "the page in the middle of that queue: at most 1.2 times the first", budget: 1.2, ours: large.at((*load.Bureau).Deep), limit: large.at((*load.Bureau).Queue)},
		{name: "next", says: "next item of 50 specialists at once, of a million of 40 firms: at least half the speed of bare SKIP LOCKED", budget: 0.5, atLeast: true, ours: large.at((*load.Bureau).Next), limit: large.at((*load.Bureau).PlainNext)},
		{name: "sweep", says: "sweep of 50,000 clocks that came due: at most a minute", budget: 1, ours: large.at((*load.Bureau).Sweep), fixed: float64(time.Minute)},
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

const benchPeople = 40

func benchPermission(firms int) func(b *testing.B) {
	return func(b *testing.B) {
		bench, err := authz.NewBench(firms, benchPeople)
		if err != nil {
			b.Fatal(err)
		}
		i := 0
		for b.Loop() {
			bench.Decide(i)
			i++
		}
	}
}

func benchCasbin(b *testing.B) {
	bench, err := authz.NewBench(100, benchPeople)
	if err != nil {
		b.Fatal(err)
	}
	plain, err := bench.Plain()
	if err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		if _, err := plain(i); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
