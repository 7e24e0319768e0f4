package guideline

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// Record keeps the findings of one judgement of many subjects at one stage. A
// finding that is found again stays the same row, also when waived; one that is
// gone is fixed. A line takes over a waiver that its entry, or the line of a credited
// bill before it, had for the same remark.
// An override whose last day is before today, in the firm's zone, has ended, one does
// not carry more at risk than was let pass, and a waiver does not carry what has come
// to block: all these are open again.
// The subjects of one call are all entries, all lines or all whole bills.
func Record(tx *db.Tx, stage Stage, today time.Time, judged []Judged) error {
	var r records
	for _, j := range judged {
		for _, f := range j.Findings {
			if err := r.add(tx, j.Subject, f); err != nil {
				return err
			}
		}
	}
	if err := settleGone(tx, stage, judged, &r); err != nil {
		return err
	}
	if len(r.ids) == 0 {
		return nil
	}
	key := "(firm_id, line_id, rule, field) WHERE line_id IS NOT NULL"
	switch {
	case judged[0].Prebill != "":
		key = "(firm_id, prebill_id, rule, field) WHERE prebill_id IS NOT NULL"
	case stage == Entry:
		key = "(firm_id, entry_id, rule, field) WHERE line_id IS NULL"
	}
	// What is found again after it was fixed is open again.
	err := tx.Exec(`INSERT INTO finding (firm_id, id, entry_id, line_id, prebill_id, rule, rule_version, stage, severity, field, observed, expected, params, message, fix,
			proposal, at_risk_minor, currency, title, created_at)
		SELECT ?, x.id, x.entry_id, x.line_id, x.prebill_id, x.rule, x.rule_version, ?, x.severity, x.field, x.observed, x.expected, x.params, x.message, x.fix,
			x.proposal::jsonb, x.at_risk, x.currency, x.title, ?::timestamptz
		FROM unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::uuid[], ?::text[], ?::int[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::text[], ?::text[])
			AS x(id, entry_id, line_id, prebill_id, rule, rule_version, severity, field, observed, expected, params, message, fix, proposal, at_risk, currency, title)
		ON CONFLICT `+key+` DO UPDATE SET rule_version = EXCLUDED.rule_version, severity = EXCLUDED.severity, observed = EXCLUDED.observed,
			expected = EXCLUDED.expected, params = EXCLUDED.params, message = EXCLUDED.message, fix = EXCLUDED.fix, proposal = EXCLUDED.proposal,
			at_risk_minor = EXCLUDED.at_risk_minor, title = EXCLUDED.title,
			(state, settled_at, waived_by, waived_at, waived_note, override_id, waived_until) = (SELECT
				CASE WHEN over THEN 'open' ELSE finding.state END, CASE WHEN NOT over THEN finding.settled_at END, CASE WHEN NOT over THEN finding.waived_by END,
				CASE WHEN NOT over THEN finding.waived_at END, CASE WHEN over THEN '' ELSE finding.waived_note END, CASE WHEN NOT over THEN finding.override_id END,
				CASE WHEN NOT over THEN finding.waived_until END
				FROM (SELECT finding.state = 'fixed' OR coalesce(finding.waived_until < ?::date, false)
					OR finding.state = 'waived' AND EXCLUDED.severity = 'block' AND finding.override_id IS NULL
					OR EXISTS (SELECT FROM finding_override o WHERE o.firm_id = finding.firm_id AND o.id = finding.override_id AND o.at_risk_minor < EXCLUDED.at_risk_minor) AS over) x)`,
		tx.Scope.Firm, stage, tx.Now, db.Array(r.ids), db.Array(r.entries), db.Array(r.lines), db.Array(r.prebills), db.Array(r.rules), db.Array(r.versions), db.Array(r.severities),
		db.Array(r.fields), db.Array(r.observed), db.Array(r.expected), db.Array(r.params), db.Array(r.messages), db.Array(r.fixes), db.Array(r.proposals),
		db.Array(r.risks), db.Array(r.currencies), db.Array(r.titles), today.Format(time.DateOnly)).Error
	if err != nil {
		return fmt.Errorf("keep findings: %w", err)
	}
	if stage == Entry || judged[0].Prebill != "" {
		return nil
	}
	return inheritWaivers(tx, today, judged, r.ids)
}

// settleGone marks as fixed what the subjects had at this stage and have no more.
func settleGone(tx *db.Tx, stage Stage, judged []Judged, r *records) error {
	keys := make([]string, len(judged))
	for i, j := range judged {
		keys[i] = j.key()
	}
	subject := "f.line_id"
	switch {
	case len(judged) > 0 && judged[0].Prebill != "":
		subject = "f.prebill_id"
	case stage == Entry:
		subject = "f.line_id IS NULL AND f.entry_id" // as their indexes have it
	}
	err := tx.Exec(`UPDATE finding f SET state = 'fixed', settled_at = ?, waived_by = NULL, waived_at = NULL, waived_note = '', override_id = NULL, waived_until = NULL
		WHERE f.firm_id = ? AND f.stage = ? AND f.state <> 'fixed' AND `+subject+` = ANY (?::uuid[])
		  AND coalesce(f.prebill_id, f.line_id, f.entry_id)::text || ' ' || f.rule || ' ' || f.field <> ALL (?::text[])`,
		tx.Now, tx.Scope.Firm, stage, db.Array(keys), db.Array(r.keys)).Error
	if err != nil {
		return fmt.Errorf("settle findings: %w", err)
	}
	return nil
}

// inheritWaivers spares a reviewer from saying twice why a line stays as it is: at its
// entry, or on a bill that was credited, which counts first. The remark must be the
// same; else it is judged anew (engine rule 2).
func inheritWaivers(tx *db.Tx, today time.Time, judged []Judged, ids []ident.FindingID) error {
	var lines, earlier []ident.PrebillLine
	for i := range judged {
		if judged[i].Earlier != "" {
			lines, earlier = append(lines, judged[i].Line), append(earlier, judged[i].Earlier)
		}
	}
	const takeOver = `UPDATE finding f SET state = 'waived', waived_by = e.waived_by, waived_at = e.waived_at, waived_note = e.waived_note,
			override_id = e.override_id, waived_until = e.waived_until, settled_at = ?
		FROM finding e LEFT JOIN finding_override o ON o.firm_id = e.firm_id AND o.id = e.override_id `
	const same = ` f.firm_id = ? AND f.id = ANY (?::uuid[]) AND f.state = 'open'
		  AND e.firm_id = f.firm_id AND e.rule = f.rule AND e.field = f.field AND e.observed = f.observed AND e.state = 'waived'
		  AND (f.severity <> 'block' OR e.waived_until >= ?::date) AND coalesce(o.at_risk_minor >= f.at_risk_minor, true) AND `
	if len(lines) > 0 {
		err := tx.Exec(takeOver+`, unnest(?::uuid[], ?::uuid[]) AS x(line_id, earlier_id) WHERE`+same+`f.line_id = x.line_id AND e.line_id = x.earlier_id`,
			tx.Now, db.Array(lines), db.Array(earlier), tx.Scope.Firm, db.Array(ids), today.Format(time.DateOnly)).Error
		if err != nil {
			return fmt.Errorf("take over waivers of credited lines: %w", err)
		}
	}
	err := tx.Exec(takeOver+`WHERE`+same+`e.entry_id = f.entry_id AND e.line_id IS NULL`,
		tx.Now, tx.Scope.Firm, db.Array(ids), today.Format(time.DateOnly)).Error
	if err != nil {
		return fmt.Errorf("take over waivers: %w", err)
	}
	return nil
}
