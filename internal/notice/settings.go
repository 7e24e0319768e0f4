package notice

import (
	"context"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/rbac"
)

// Settings are when a firm reminds, or one client of it is reminded.
type Settings struct {
	Now        Policy // what rules today
	Own        bool   // it was laid down for this firm or client, and is neither the standard nor the firm's
	N          int    // the last that was laid down: what a change names
	Before     []Policy
	Clients    []ClientPolicy // of the firm's: who has it otherwise
	ClientName string
	Today      invoice.Day
}

// ClientPolicy is a client that has stages of its own.
type ClientPolicy struct {
	Client ident.ClientID
	Name   string
	From   invoice.Day
}

// Settings reads the firm's policy, or with a client that client's. It needs reminder.read.
func (s *Service) Settings(ctx context.Context, client ident.ClientID) (out Settings, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.Guard.Require(tx, rbac.ReminderRead)
		if err != nil {
			return err
		}
		out, err = s.settings(tx, access, client)
		return err
	})
	return out, err
}

func (s *Service) settings(tx *db.Tx, access *authz.Access, client ident.ClientID) (out Settings, err error) {
	days, err := s.days(tx)
	if err != nil {
		return out, err
	}
	out.Today = days.today
	if client != "" {
		if err := access.RequireClient(tx, client); err != nil {
			return out, err
		}
		if out.ClientName, err = clientName(tx, client); err != nil {
			return out, err
		}
	}
	rule, err := policiesOn(tx, days.today)
	if err != nil {
		return out, err
	}
	out.Now = *rule.of(client)
	out.Own = out.Now.Client == client && out.Now.N > 0
	if out.N, err = lastN(tx, client); err != nil {
		return out, err
	}
	rows, err := policyRows(tx, `p.client_id IS NOT DISTINCT FROM nullif(?, '')::uuid`, string(client))
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		out.Before = append(out.Before, r.Policy)
	}
	if client != "" {
		return out, nil
	}
	cond, args := access.Clients("c")
	err = tx.Raw(`SELECT DISTINCT ON (c.id) c.id AS client, c.name, p.from_on AS "from" FROM reminder_policy p JOIN client c ON c.firm_id = p.firm_id AND c.id = p.client_id WHERE p.firm_id = ? AND `+cond+` ORDER BY c.id, p.from_on DESC, p.n DESC`,
		append([]any{tx.Scope.Firm}, args...)...).Scan(&out.Clients).Error
	return out, err
}

// SetPolicy lays down when the firm reminds, or a client is reminded, from a day on; n is the
// last policy that the person saw, ErrStale when there is a newer one. It needs reminder.set;
// own false goes back to the standard, or for a client to the firm's.
func (s *Service) SetPolicy(ctx context.Context, n int, p Policy, own bool) error {
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.Guard.Require(tx, rbac.ReminderSet)
		if err != nil {
			return err
		}
		if !access.WholeFirm() {
			return authz.ErrForbidden.With("your grant covers some matters only; somebody who sees the whole firm sets its stages")
		}
		before, err := s.settings(tx, access, p.Client)
		if err != nil {
			return err
		}
		if !own {
			client := p.Client
			from := p.From
			p = Standard()
			p.Client, p.From = client, from
		}
		if p.From == "" {
			p.From = before.Today
		}
		if err := p.Validate(); err != nil {
			return err
		}
		var fs fault.Fields
		untilTyped(&fs, "from", p.From, before.Today)
		if err := fs.Err(ErrReason); err != nil {
			return err
		}
		if before.N != n {
			return ErrStale
		}
		p.ID, p.N = ident.New[ident.DunningPolicy](tx.Now), n+1
		if err := insertPolicy(tx, &p, own); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "reminder.policy_set", Object: "reminder_policy", ID: string(p.ID), Class: audit.C2, Permission: string(rbac.ReminderSet),
			Before: before.Now, After: p, Detail: map[string]any{"n": p.N, "client": p.Client, "own": own, "from": p.From}})
	})
}
