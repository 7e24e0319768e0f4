package notice

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
)

// policies are those that rule on a day: the firm's, and those of clients that have their own.
type policies struct {
	firm    Policy
	clients map[ident.ClientID]*Policy
}

func (p *policies) of(c ident.ClientID) *Policy {
	if own, ok := p.clients[c]; ok {
		return own
	}
	return &p.firm
}

type policyRow struct {
	Policy `gorm:"embedded"`
	Own    bool
}

// policiesOn reads what rules on a day: of each the last that was laid down for it or before.
func policiesOn(tx *db.Tx, on invoice.Day) (*policies, error) {
	out := &policies{firm: Standard(), clients: map[ident.ClientID]*Policy{}}
	rows, err := policyRows(tx, `p.from_on <= ?::date AND NOT EXISTS (SELECT FROM reminder_policy z WHERE z.firm_id = p.firm_id AND z.client_id IS NOT DISTINCT FROM p.client_id
		AND z.from_on <= ?::date AND (z.from_on, z.n) > (p.from_on, p.n))`, string(on), string(on))
	if err != nil {
		return nil, err
	}
	for i := range rows {
		switch r := &rows[i]; {
		case !r.Own:
		case r.Client == "":
			out.firm = r.Policy
		default:
			out.clients[r.Client] = &r.Policy
		}
	}
	return out, nil
}

// policyRows reads policies with their stages, the newest first.
func policyRows(tx *db.Tx, cond string, args ...any) (rows []policyRow, err error) {
	err = tx.Raw(`SELECT p.id, coalesce(p.client_id::text, '') AS client, p.n, p.from_on AS "from", p.own, p.statement_day, p.minimum_units AS minimum, p.tz AS zone, coalesce(q.name, '') AS by, p.made_at AS at
		FROM reminder_policy p LEFT JOIN person q ON q.id = p.made_by WHERE p.firm_id = ? AND `+cond+` ORDER BY p.from_on DESC, p.n DESC`, append([]any{tx.Scope.Firm}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read when the firm reminds: %w", err)
	}
	ids, at := make([]ident.DunningPolicy, len(rows)), map[ident.DunningPolicy]int{}
	for i := range rows {
		ids[i] = rows[i].ID
		at[ids[i]] = i
	}
	var rules []struct {
		PolicyID ident.DunningPolicy
		Rule     `gorm:"embedded"`
	}
	err = tx.Raw(`SELECT policy_id, stage, used, days, channel, sender, gate, call FROM reminder_policy_stage WHERE firm_id = ? AND policy_id = ANY (?::uuid[])
		ORDER BY array_position(ARRAY['statement', 'upcoming', 'courtesy', 'first', 'second', 'third', 'final', 'handover'], stage)`, tx.Scope.Firm, db.Array(ids)).Scan(&rules).Error
	if err != nil {
		return nil, fmt.Errorf("read the stages of policies: %w", err)
	}
	for _, r := range rules {
		p := &rows[at[r.PolicyID]]
		p.Rules = append(p.Rules, r.Rule)
	}
	return rows, nil
}

// insertPolicy keeps what rules from a day; ErrStale when another was laid down meanwhile.
func insertPolicy(tx *db.Tx, p *Policy, own bool) error {
	err := tx.Exec(`INSERT INTO reminder_policy (firm_id, id, client_id, n, from_on, own, statement_day, minimum_units, tz, made_by, made_at) VALUES (?, ?, nullif(?, '')::uuid, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, p.ID, string(p.Client), p.N, p.From, own, p.StatementDay, p.Minimum, p.Zone, tx.Scope.Actor, tx.Now).Error
	if db.Violates(err, "reminder_policy_n") {
		return ErrStale
	}
	if err != nil {
		return fmt.Errorf("keep when the firm reminds: %w", err)
	}
	for _, r := range p.Rules {
		err := tx.Exec(`INSERT INTO reminder_policy_stage (firm_id, policy_id, stage, used, days, channel, sender, gate, call) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			tx.Scope.Firm, p.ID, r.Stage, r.Used, r.Days, r.Channel, r.Sender, r.Gate, r.Call).Error
		if err != nil {
			return fmt.Errorf("keep stage %s: %w", r.Stage, err)
		}
	}
	return nil
}

// lastN is the number of the last policy of the firm or a client, 0 for none.
func lastN(tx *db.Tx, c ident.ClientID) (n int, err error) {
	err = tx.Raw(`SELECT coalesce(max(n), 0) FROM reminder_policy WHERE firm_id = ? AND client_id IS NOT DISTINCT FROM nullif(?, '')::uuid`, tx.Scope.Firm, string(c)).Row().Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count policies: %w", err)
	}
	return n, nil
}
