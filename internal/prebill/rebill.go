package prebill

import (
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
)

// credited are the lines of credited bills whose entries are billed again, with their
// edits, by entry. The last bill of an entry counts: what it was held back from after a
// credited one is not that one's any more. The invoices are read as they are stored: the
// noun that writes them comes after this one.
func credited(tx *db.Tx, m matter.Matter, entries []ident.EntryID) (map[ident.EntryID]ident.PrebillLine, error) {
	rows, err := tx.Raw(`SELECT x.entry_id, x.id FROM (
			SELECT DISTINCT ON (l.entry_id) l.entry_id, l.id, i.status = 'credited' AND EXISTS (SELECT FROM credit_note c
				WHERE c.firm_id = i.firm_id AND c.invoice_id = i.id AND c.rebill) AS again
			FROM invoice i JOIN prebill p ON p.firm_id = i.firm_id AND p.id = i.prebill_id
			JOIN prebill_line l ON l.firm_id = p.firm_id AND l.prebill_id = p.id
			WHERE i.firm_id = ? AND i.matter_id = ? AND p.status = 'taken' AND l.split_of IS NULL AND NOT l.merged AND l.entry_id = ANY (?::uuid[])
				AND EXISTS (SELECT FROM invoice n JOIN credit_note c ON c.firm_id = n.firm_id AND c.invoice_id = n.id WHERE n.firm_id = ? AND n.matter_id = ? AND c.rebill)
			ORDER BY l.entry_id, p.taken_at DESC, l.id DESC) x WHERE x.again`,
		tx.Scope.Firm, m.ID, db.Array(entries), tx.Scope.Firm, m.ID).Rows()
	if err != nil {
		return nil, fmt.Errorf("find credited lines of matter %s: %w", m.ID, err)
	}
	defer rows.Close()
	found := map[ident.EntryID]ident.PrebillLine{}
	for rows.Next() {
		var entry ident.EntryID
		var line ident.PrebillLine
		if err := rows.Scan(&entry, &line); err != nil {
			return nil, fmt.Errorf("read credited line of matter %s: %w", m.ID, err)
		}
		found[entry] = line
	}
	return found, rows.Err()
}

// resume lets lines whose bill was credited start from what it said: their standing
// edits are made again on the entry, with their reasons, notes and authors, and can be
// undone. What was amended or undone at the entry after the credit holds too. It returns
// the credited line of each entry.
func resume(tx *db.Tx, m matter.Matter, t amend.Terms, entries []capture.Entry, added []Line) (map[ident.EntryID]ident.PrebillLine, error) {
	ids := make([]ident.EntryID, len(entries))
	for i := range entries {
		ids[i] = entries[i].ID
	}
	from, err := credited(tx, m, ids)
	if err != nil || len(from) == 0 {
		return nil, err
	}
	var of []ident.PrebillLine
	for _, l := range from {
		of = append(of, l)
	}
	edits, err := editsOf(tx, `d.line_id = ANY (?::uuid[])`, db.Array(of))
	if err != nil {
		return nil, err
	}
	for i := range added {
		l, e := &added[i], &entries[i]
		if line, ok := from[e.ID]; ok {
			recorded := *e
			recorded.Edits = nil
			l.Edits, l.Work, _ = together(edits[line], e.Edits).Again(recorded.Work(), t)
			for k := range l.Edits {
				l.Edits[k].ID = ident.New[ident.EditID](tx.Now)
			}
		}
	}
	return from, nil
}

// together are the edits of a credited line and the amendments of its entry, each once:
// an amendment that the line had taken over is undone when either is, but not by a
// repricing, which makes it again.
func together(line, entry amend.Edits) amend.Edits {
	all := append(amend.Edits{}, line...)
	for _, a := range entry {
		known := false
		for i := range line {
			if line[i].By == a.By && line[i].At.Equal(a.At) {
				known = true
				if a.UndoneAt != nil && !stands(entry, a) {
					all[i].UndoneAt = a.UndoneAt
				}
			}
		}
		if !known {
			all = append(all, a)
		}
	}
	return all
}

// stands tells whether the change of one edit stands in another that a repricing made of it.
func stands(all amend.Edits, of amend.Edit) bool {
	return slices.ContainsFunc(all, func(e amend.Edit) bool { return e.UndoneAt == nil && e.By == of.By && e.At.Equal(of.At) })
}
