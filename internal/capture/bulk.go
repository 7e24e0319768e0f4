package capture

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// insertEntries writes what lands, batchRows rows a statement.
func insertEntries(tx *db.Tx, p *plan, rounding money.Rounding) error {
	batches, stop := inWords(p)
	defer stop()
	return writeEntries(tx, p, batches, rounding)
}

// inWords begins to put what lands into the words of its statements, a batch ahead of who
// takes them. It ends with the last batch, or with stop.
func inWords(p *plan) (batches <-chan []any, stop func()) {
	out, stopped := make(chan []any, 1), make(chan struct{})
	go func() {
		defer close(out)
		for from := 0; from < len(p.entries); from += batchRows {
			to := min(from+batchRows, len(p.entries))
			select {
			case out <- entryArgs(p.entries[from:to], p.keys[from:to]):
			case <-stopped:
				return
			}
		}
	}()
	return out, func() { close(stopped) }
}

func writeEntries(tx *db.Tx, p *plan, batches <-chan []any, rounding money.Rounding) error {
	for args := range batches {
		if err := insertEntryBatch(tx, rounding, args); err != nil {
			return fmt.Errorf("save entries of import %s: %w", p.entries[0].ImportID, err)
		}
	}
	return nil
}

// entryArrays are entries by column, for one statement.
type entryArrays struct {
	ids, kinds, matters, days, sources, currencies, narratives, tasks, activities, expenses, imports, externals, fingerprints, contents []string
	people, rateIDs                                                                                                                     []*string
	levels, versions                                                                                                                    []*int64
	hours, quantities, costs, rates, standards, amounts                                                                                 []int64
	digits, lines                                                                                                                       []int
	converted                                                                                                                           conversions
}

func arraysOf(entries []Entry, keys []rowKey) (a entryArrays) {
	for i := range entries {
		e := &entries[i]
		a.ids, a.kinds, a.matters = append(a.ids, string(e.ID)), append(a.kinds, string(e.Kind)), append(a.matters, string(e.MatterID))
		a.people, a.days, a.lines = append(a.people, orNull(e.TimekeeperID)), append(a.days, day(e.WorkedOn)), append(a.lines, e.SourceLine)
		a.hours, a.quantities, a.costs = append(a.hours, int64(e.Hours)), append(a.quantities, int64(e.Quantity)), append(a.costs, int64(e.UnitCost))
		a.rates, a.sources, a.standards = append(a.rates, int64(e.Rate)), append(a.sources, e.RateSource), append(a.standards, int64(e.Standard))
		a.amounts, a.currencies, a.digits = append(a.amounts, e.AmountMinor), append(a.currencies, string(e.Currency)), append(a.digits, e.Currency.Exponent())
		a.narratives, a.tasks, a.activities = append(a.narratives, e.Narrative), append(a.tasks, e.Task), append(a.activities, e.Activity)
		a.expenses, a.imports, a.externals = append(a.expenses, e.Expense), append(a.imports, string(e.ImportID)), append(a.externals, e.ExternalID)
		a.rateIDs, a.levels, a.versions = append(a.rateIDs, orNull(e.RateID)), append(a.levels, priced(e, int64(e.RateLevel))), append(a.versions, priced(e, e.CardVersion))
		a.converted.add(e.Converted)
		a.fingerprints, a.contents = append(a.fingerprints, keys[i].fingerprint.String()), append(a.contents, keys[i].content.String())
	}
	return a
}

// priced is a figure of how an entry was priced, nil where that is not kept.
func priced(e *Entry, v int64) *int64 {
	if e.RateLevel == 0 {
		return nil
	}
	return &v
}

// entryArgs are entries as the arrays of their statement.
func entryArgs(entries []Entry, keys []rowKey) []any {
	a := arraysOf(entries, keys)
	return []any{
		arr(a.ids), arr(a.kinds), arr(a.matters), arr(a.people), arr(a.days), arr(a.hours),
		arr(a.quantities), arr(a.costs), arr(a.rates), arr(a.sources), arr(a.standards), arr(a.amounts), arr(a.digits),
		arr(a.currencies), arr(a.narratives), arr(a.tasks), arr(a.activities), arr(a.expenses), arr(a.imports), arr(a.lines),
		arr(a.externals), arr(a.fingerprints), arr(a.contents), arr(a.rateIDs), arr(a.levels), arr(a.versions),
		arr(a.converted.prices), arr(a.converted.currencies), arr(a.converted.ids), arr(a.converted.rates), arr(a.converted.days), arr(a.converted.versions),
	}
}

func insertEntryBatch(tx *db.Tx, rounding money.Rounding, arrays []any) error {
	return tx.Exec(`INSERT INTO entry (firm_id, rounding, created_at, id, kind, matter_id, timekeeper_id, worked_on, hours_e4, quantity_e4, unit_cost_e4, rate_e4, rate_source,
			standard_rate_e4, amount_minor, minor_digits, currency, narrative, task_code, activity_code, expense_code, import_id, source_line, external_id, fingerprint, content,
			rate_id, rate_level, card_version, `+convertedNames+`)
		SELECT ?, ?, ?, x.* FROM unnest(?::uuid[], ?::text[], ?::uuid[], ?::uuid[], ?::date[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[],
			?::bigint[], ?::bigint[], ?::smallint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::uuid[], ?::int[], ?::text[], ?::uuid[], ?::uuid[],
			?::uuid[], ?::smallint[], ?::bigint[], `+convertedArrays+`) AS x`,
		append([]any{tx.Scope.Firm, rounding, tx.Now}, arrays...)...).Error
}

// arr is an array parameter as its text. pgx sends a string as it stands; what a
// driver.Valuer returns it reads and writes once more, which costs as much as the
// rest of the statement.
func arr[T any](xs []T) any {
	v, err := db.Array(xs).Value()
	if err != nil {
		return db.Array(xs) // the statement fails with the same error
	}
	return v
}

// landedBefore finds which of the rows are in the books already, with what they said.
func landedBefore(tx *db.Tx, keys []rowKey) (map[string]string, error) {
	found := map[string]string{}
	for from := 0; from < len(keys); from += batchRows {
		ids := make([]string, 0, batchRows)
		for _, k := range keys[from:min(from+batchRows, len(keys))] {
			ids = append(ids, k.fingerprint.String())
		}
		var rows []struct{ Fingerprint, Content string }
		err := tx.Raw(`SELECT fingerprint, content FROM entry WHERE firm_id = ? AND status <> 'removed' AND fingerprint = ANY (?::uuid[])`,
			tx.Scope.Firm, arr(ids)).Scan(&rows).Error
		if err != nil {
			return nil, fmt.Errorf("look for entries that landed before: %w", err)
		}
		for _, r := range rows {
			found[r.Fingerprint] = r.Content
		}
	}
	return found, nil
}

// withoutRepeated takes the rows out of the plan that landed before. The same id
// with another content is refused: an entry that landed never changes. The refusal is
// the same whether its reader may know of that entry or not (see the package).
func (p *plan) withoutRepeated(found map[string]string, sheet *Sheet) {
	kept := 0
	for i := range p.entries {
		content, there := found[p.keys[i].fingerprint.String()]
		switch {
		case !there:
			p.entries[kept], p.keys[kept], p.facts[kept] = p.entries[i], p.keys[i], p.facts[i]
			kept++
		case content == p.keys[i].content.String():
			p.repeated++
		default:
			p.refused++
			p.faults.add(Fault{
				Line: p.entries[i].SourceLine, Column: sheet.columnOf(p.facts[i].path, FieldID), Severity: Refused, Code: "DUP-01", Value: short(p.entries[i].ExternalID),
				Message: "this id is in use at this source, for a row that is not the same", Fix: "give the row an id of its own; to correct a row that landed, change it on its pre-bill, or undo its import and send the file again",
			})
		}
	}
	p.entries, p.keys, p.facts = p.entries[:kept], p.keys[:kept], p.facts[:kept]
}

// numbered gives the entries their ids and their import.
func (p *plan) numbered(tx *db.Tx, id ident.ImportID) {
	for i := range p.entries {
		p.entries[i].ID, p.entries[i].ImportID = ident.New[ident.EntryID](tx.Now), id
	}
}
