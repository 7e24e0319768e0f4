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
	under, err := deputy.For(tx, s.guard, whom)
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

// standIns are the people for whom the actor stands in now, by id.
func standIns(tx *db.Tx, guard *authz.Guard) (map[ident.PersonID]string, error) {
	list, err := deputy.StandsFor(tx, guard)
	if err != nil {
		return nil, err
	}
	names := map[ident.PersonID]string{}
	for _, p := range list {
		names[p.ID] = p.Name
	}
	return names, nil
}

// WaitingFor counts the pre-bills in review that wait for the people by name, in the firm
// of tx, whatever the actor may know of: it is a number for who has to see to them. It
// is a deputy.Waits.
func WaitingFor(tx *db.Tx, people ...ident.PersonID) (n int, err error) {
	err = tx.Raw(`SELECT count(*) FROM prebill p JOIN matter m ON m.firm_id = p.firm_id AND m.id = p.matter_id
		WHERE p.firm_id = ? AND p.status = 'in_review' AND m.responsible_id = ANY (?::uuid[]) AND `+addressed, tx.Scope.Firm, db.Array(people)).Row().Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count what waits in firm %s: %w", tx.Scope.Firm, err)
	}
	return n, nil
}
