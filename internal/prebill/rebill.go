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
			SELECT DISTINCT ON (l.entry_id) l.entry_id, l.id, bill_taken_back(p.firm_id, p.id) AND EXISTS (SELECT FROM invoice i JOIN credit_note c ON c.firm_id = i.firm_id AND c.invoice_id = i.id
				WHERE i.firm_id = p.firm_id AND i.prebill_id = p.id AND c.rebill) AS again
			FROM prebill p JOIN prebill_line l ON l.firm_id = p.firm_id AND l.prebill_id = p.id
			WHERE p.firm_id = ? AND p.matter_id = ? AND p.status = 'taken' AND EXISTS (SELECT FROM invoice i WHERE i.firm_id = p.firm_id AND i.prebill_id = p.id) AND l.split_of IS NULL AND NOT l.merged AND l.entry_id = ANY (?::uuid[])
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
	from, all, err := resumed(tx, m, entries)
	if err != nil || len(from) == 0 {
		return nil, err
	}
	for i := range added {
		l, e := &added[i], &entries[i]
		if edits, ok := all[e.ID]; ok {
			recorded := *e
			recorded.Edits = nil
			l.Edits, l.Work, _ = edits.Again(recorded.Work(), t)
			for k := range l.Edits {
				l.Edits[k].ID = ident.New[ident.EditID](tx.Now)
			}
		}
	}
	return from, nil
}

// resumed are the credited lines of entries, and the changes that these start from on their
// next bill.
func resumed(tx *db.Tx, m matter.Matter, entries []capture.Entry) (map[ident.EntryID]ident.PrebillLine, map[ident.EntryID]amend.Edits, error) {
	ids := make([]ident.EntryID, len(entries))
	for i := range entries {
		ids[i] = entries[i].ID
	}
	from, err := credited(tx, m, ids)
	if err != nil || len(from) == 0 {
		return nil, nil, err
	}
	var of []ident.PrebillLine
	for _, l := range from {
		of = append(of, l)
	}
	edits, err := editsOf(tx, `d.line_id = ANY (?::uuid[])`, db.Array(of))
	if err != nil {
		return nil, nil, err
	}
	all := make(map[ident.EntryID]amend.Edits, len(from))
	for i := range entries {
		if line, ok := from[entries[i].ID]; ok {
			all[entries[i].ID] = together(edits[line], entries[i].Edits)
		}
	}
	return from, all, nil
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
