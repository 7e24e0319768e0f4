package prebill

import (
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// addressee is by name whom a pre-bill waits for: the person responsible for the matter,
// unless they prepared or handed it in and so could not approve it; "" for nobody.
func (p *Prebill) addressee(responsible ident.PersonID) ident.PersonID {
	if responsible == p.PreparedBy || responsible == p.SubmittedBy {
		return ""
	}
	return responsible
}

// addressed is addressee as a condition on the pre-bill p of a matter m.
const addressed = `m.responsible_id IS DISTINCT FROM p.prepared_by AND m.responsible_id IS DISTINCT FROM p.submitted_by`

// approveFor notes for whom the actor stands in with an approval that is about to be
// saved. It holds what they stand in under until tx commits, so that an end is either
// before, and the approval theirs alone, or after.
func (s *Service) approveFor(tx *db.Tx, p *Prebill) error {
	m, err := matter.Get(tx, p.MatterID)
	if err != nil {
		return err
	}
	whom := p.addressee(m.Responsible)
	under, err := deputy.For(tx, s.guard, whom, p.MatterID)
	if err != nil || under == "" {
		return err
	}
	p.ApprovedFor, p.ApprovedUnder = whom, under
	return nil
}

// recordFor records an approval, with for whom it was given.
func recordFor(tx *db.Tx, p *Prebill, hash string) error {
	detail := map[string]any{"hash": hash, "version": p.Version}
	if p.ApprovedUnder != "" {
		detail["deputy"] = p.ApprovedUnder
	}
	return audit.Record(tx, audit.Entry{Action: "prebill.approved", Object: "prebill", ID: string(p.ID), Matter: p.MatterID, Class: audit.C2,
		Permission: string(rbac.PrebillApprove), Behalf: p.ApprovedFor, Detail: detail})
}

// standIn is a person and a matter.
type standIn struct {
	person ident.PersonID
	matter ident.MatterID
}

// standIns are the names of the people for whom the actor stands in now on each of the
// matters: where they could approve themselves.
func standIns(tx *db.Tx, guard *authz.Guard, matters ...ident.MatterID) (map[standIn]string, error) {
	list, err := deputy.StandsFor(tx, guard)
	if err != nil {
		return nil, err
	}
	names := map[standIn]string{}
	for _, p := range list {
		cond, args := p.Reach.Matters("m")
		var seen []ident.MatterID
		err := tx.Raw(`SELECT m.id FROM matter m WHERE m.firm_id = ? AND m.id = ANY (?::uuid[]) AND `+cond, append([]any{tx.Scope.Firm, db.Array(matters)}, args...)...).Scan(&seen).Error
		if err != nil {
			return nil, fmt.Errorf("find where person %s is stood in for: %w", p.ID, err)
		}
		for _, m := range seen {
			names[standIn{p.ID, m}] = p.Name
		}
	}
	return names, nil
}
