package capture

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
)

// checkEntries judges what lands by the guidelines in force today, among what the same
// people recorded around those days, and keeps the findings. It returns how many.
// Judged again, an entry without findings has its former ones settled.
func checkEntries(tx *db.Tx, p *plan, today time.Time, again bool) (int, error) {
	judged, err := judging(tx, p, today, again)
	if err != nil {
		return 0, err
	}
	return keepFindings(tx, judged(), today)
}

// verdict is what the guidelines say of entries.
type verdict struct {
	judged []guideline.Judged
	found  int
	err    error
}

// judging reads by what entries are judged, and begins to judge them. Judging takes no
// database, so that the caller can write the entries meanwhile; judged waits for it.
func judging(tx *db.Tx, p *plan, today time.Time, again bool) (judged func() verdict, err error) {
	lines := make([]guideline.Line, len(p.entries))
	for i := range p.entries {
		lines[i] = p.entries[i].asGuideline(&p.facts[i])
	}
	before, err := neighbours(tx, p.entries)
	if err != nil {
		return nil, err
	}
	guides, err := guideline.InForce(tx, today)
	if err != nil {
		return nil, err
	}
	out := make(chan verdict, 1) // nobody need wait for it
	go func() {
		var v verdict
		defer func() {
			if x := recover(); x != nil { // as a request's own would be caught: one bad line ends one import
				v.err = fmt.Errorf("judge entries: %v", x)
			}
			out <- v
		}()
		v = judgeLines(p, lines, before, guides, today, again)
	}()
	return func() verdict { return <-out }, nil
}

// judgeLines is pure.
func judgeLines(p *plan, lines, before []guideline.Line, guides *guideline.Guides, today time.Time, again bool) (v verdict) {
	book := guideline.NewBook(append(without(before, lines), lines...)) // who was there first is not the duplicate
	for i, l := range lines {
		c := contextOf(&p.facts[i], book, today)
		m := p.facts[i].matter
		if c.Policy, v.err = guides.For(m.PayorID, m.ID, m.ClientID); v.err != nil {
			return v
		}
		fs := guideline.Check(l, c)
		if len(fs) > 0 || again {
			v.judged = append(v.judged, guideline.Judged{Subject: guideline.Subject{Entry: p.entries[i].ID, Currency: p.entries[i].Currency}, Findings: fs})
		}
		v.found += len(fs)
	}
	return v
}

// keepFindings writes a verdict and returns how many findings it has.
func keepFindings(tx *db.Tx, v verdict, today time.Time) (int, error) {
	if v.err != nil || len(v.judged) == 0 {
		return 0, v.err
	}
	return v.found, guideline.Record(tx, guideline.Entry, today, v.judged)
}

func contextOf(l *landing, book *guideline.Book, today time.Time) guideline.Context {
	c := guideline.Context{
		Stage: guideline.Entry, Known: guideline.AtEntry, Book: book, Today: today,
		TaskSet: l.matter.TaskSet, OpenedOn: l.matter.OpenedOn, AgreedRate: l.agreed, HasRate: l.hasRate,
	}
	if l.matter.ClosedOn != nil {
		c.ClosedOn = *l.matter.ClosedOn
	}
	if l.matter.BilledThrough != nil {
		c.BilledThrough = *l.matter.BilledThrough
	}
	return c
}

// without leaves out of before what just landed: it is in the books already and
// read back with the rest, and a day must not hold its hours twice.
func without(before, landed []guideline.Line) []guideline.Line {
	now := make(map[string]bool, len(landed))
	for i := range landed {
		now[landed[i].ID] = true
	}
	return slices.DeleteFunc(before, func(l guideline.Line) bool { return now[l.ID] })
}

// neighbours are the time entries that the same people have around those days, as
// they stand:
// rules sum hours by day and look for the same work written twice.
func neighbours(tx *db.Tx, entries []Entry) ([]guideline.Line, error) {
	var people []ident.TimekeeperID
	seen := map[ident.TimekeeperID]bool{}
	var first, last time.Time
	for _, e := range entries {
		if e.TimekeeperID == "" || e.Kind != guideline.Time {
			continue
		}
		if !seen[e.TimekeeperID] {
			seen[e.TimekeeperID] = true
			people = append(people, e.TimekeeperID)
		}
		if first.IsZero() || e.WorkedOn.Before(first) {
			first = e.WorkedOn
		}
		if e.WorkedOn.After(last) {
			last = e.WorkedOn
		}
	}
	if len(people) == 0 {
		return nil, nil
	}
	return linesAround(tx, people, first.AddDate(0, 0, -1), last.AddDate(0, 0, 1))
}

func linesAround(tx *db.Tx, people []ident.TimekeeperID, from, to time.Time) (lines []guideline.Line, err error) {
	rows, err := tx.Raw(`SELECT e.id, e.timekeeper_id, e.matter_id, m.client_id, e.worked_on, coalesce((d.after->>'quantity_e4')::bigint, e.hours_e4), coalesce(d.after->>'narrative', e.narrative)
		FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
		LEFT JOIN (SELECT DISTINCT ON (entry_id) entry_id, after FROM amendment WHERE firm_id = ? AND undone_at IS NULL ORDER BY entry_id, seq DESC) d ON d.entry_id = e.id
		WHERE e.firm_id = ? AND e.timekeeper_id = ANY (?::uuid[]) AND e.worked_on BETWEEN ?::date AND ?::date AND e.kind = 'time' AND e.status NOT IN ('removed', 'moved')
		ORDER BY e.created_at, e.source_line, e.id`, tx.Scope.Firm, tx.Scope.Firm, db.Array(people), from.Format(time.DateOnly), to.Format(time.DateOnly)).Rows()
	if err != nil {
		return nil, fmt.Errorf("list entries around: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		l := guideline.Line{Kind: guideline.Time}
		if err := rows.Scan(&l.ID, &l.Timekeeper, &l.Matter, &l.Client, &l.On, &l.Hours, &l.Narrative); err != nil {
			return nil, fmt.Errorf("read entry around: %w", err)
		}
		lines = append(lines, l)
	}
	return lines, rows.Err()
}

// subtotals are the values by currency, in the order they appear.
func subtotals(entries []Entry) (list []Subtotal) {
	for _, e := range entries {
		at := -1
		for i := range list {
			if list[i].Currency == e.Currency {
				at = i
			}
		}
		if at < 0 {
			list, at = append(list, Subtotal{Currency: e.Currency}), len(list)
		}
		list[at].Minor += e.AmountMinor
	}
	return list
}

// sourceName is the source as kept, "csv" or "ledes" when the file names none.
func sourceName(given, format string) string {
	if format != sourceCSV && format != formatXLSX {
		return sourceLEDES // its ids are the format's own, whatever the file came as
	}
	if s := strings.TrimSpace(given); s != "" && s != sourceLEDES {
		return s
	}
	return sourceCSV
}
