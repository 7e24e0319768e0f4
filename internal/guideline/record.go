package guideline

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// Record keeps the findings of one judgement of many subjects at one stage. A
// finding that is found again stays the same row, also when waived; one that is
// gone is fixed. A line takes over a waiver that its entry had for the same remark.
// The subjects of one call are all entries, all lines or all whole bills.
func Record(tx *db.Tx, stage Stage, judged []Judged) error {
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
			state = CASE WHEN finding.state = 'fixed' THEN 'open' ELSE finding.state END,
			settled_at = CASE WHEN finding.state = 'fixed' THEN NULL ELSE finding.settled_at END`,
		tx.Scope.Firm, stage, tx.Now, db.Array(r.ids), db.Array(r.entries), db.Array(r.lines), db.Array(r.prebills), db.Array(r.rules), db.Array(r.versions), db.Array(r.severities),
		db.Array(r.fields), db.Array(r.observed), db.Array(r.expected), db.Array(r.params), db.Array(r.messages), db.Array(r.fixes), db.Array(r.proposals),
		db.Array(r.risks), db.Array(r.currencies), db.Array(r.titles)).Error
	if err != nil {
		return fmt.Errorf("keep findings: %w", err)
	}
	if stage == Entry || judged[0].Prebill != "" {
		return nil
	}
	return inheritWaivers(tx, r.ids)
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
	err := tx.Exec(`UPDATE finding f SET state = 'fixed', settled_at = ?, waived_by = NULL, waived_at = NULL, waived_note = ''
		WHERE f.firm_id = ? AND f.stage = ? AND f.state <> 'fixed' AND `+subject+` = ANY (?::uuid[])
		  AND coalesce(f.prebill_id, f.line_id, f.entry_id)::text || ' ' || f.rule || ' ' || f.field <> ALL (?::text[])`,
		tx.Now, tx.Scope.Firm, stage, db.Array(keys), db.Array(r.keys)).Error
	if err != nil {
		return fmt.Errorf("settle findings: %w", err)
	}
	return nil
}

// inheritWaivers spares a reviewer from saying twice why an entry stays as it is.
// The remark must be the same; else it is judged anew (engine rule 2).
func inheritWaivers(tx *db.Tx, ids []ident.FindingID) error {
	err := tx.Exec(`UPDATE finding f SET state = 'waived', waived_by = e.waived_by, waived_at = e.waived_at, waived_note = e.waived_note, settled_at = ?
		FROM finding e
		WHERE f.firm_id = ? AND f.id = ANY (?::uuid[]) AND f.state = 'open'
		  AND e.firm_id = f.firm_id AND e.entry_id = f.entry_id AND e.line_id IS NULL AND e.rule = f.rule AND e.field = f.field
		  AND e.observed = f.observed AND e.state = 'waived'`, tx.Now, tx.Scope.Firm, db.Array(ids)).Error
	if err != nil {
		return fmt.Errorf("take over waivers: %w", err)
	}
	return nil
}
