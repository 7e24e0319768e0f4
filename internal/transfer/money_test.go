package transfer_test

import (
	"testing"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/transfer"
	"github.com/docketry/docketry/rbac"
)

// TestI03_NoAmountGoesToAnotherCurrency: 500.00 off in dollars is not 50,000 off in yen. What
// bills nothing bills nothing in any.
func TestI03_NoAmountGoesToAnotherCurrency(t *testing.T) {
	s := setup(t)
	yen := s.Matter(t, testkit.Currency("JPY"))
	_, err := s.rates.Add(s.As(t, rbac.RoleFirmAdmin), rate.Rate{MatterID: yen.ID, Rate: 600_000_000, Currency: "JPY", From: testkit.Day("2026-01-01")})
	if err != nil {
		t.Fatal(err)
	}
	cut, free := s.Work(t, s.from, s.k, "2026-02-03", 15_000, 4_000_000), s.Work(t, s.from, s.k, "2026-02-04", 15_000, 4_000_000)
	v := s.built(s.from)
	for i, to := range []int64{10_000, 0} {
		if _, err := s.bills.WriteDown(s.partner, v.ID, v.Version, v.Lines[i].ID, to, amend.ReasonCourtesy, "as agreed"); err != nil {
			t.Fatal(err)
		}
		v = s.view(v.ID)
	}
	_, err = s.try(s.specialist, s.move(yen, cut.ID, free.ID))
	refused(t, err, capture.ErrElsewhere, "undo the write-down first")
	d := s.do(s.move(yen, free.ID))
	if l := d.Lines[0]; l.After.Minor != 0 || l.After.Currency != "JPY" {
		t.Errorf("what bills nothing comes to %+v", l.After)
	}
	if v, err = s.bills.Get(s.partner, v.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.bills.Undo(s.partner, v.ID, v.Version, v.Lines[0].ID); err != nil {
		t.Fatal(err)
	}
	if d = s.do(s.move(yen, cut.ID)); d.Lines[0].After.Minor != 90_000 {
		t.Errorf("comes to %+v", d.Lines[0].After)
	}
}

// TestT07_OnlyAPartnerOfTheMatterOpensItsConfidence: who may approve bills of another matter
// alone says nothing about this one.
func TestT07_OnlyAPartnerOfTheMatterOpensItsConfidence(t *testing.T) {
	s := setup(t)
	e := s.Work(t, s.from, s.k, "2026-02-03", 15_000, 4_000_000)
	s.Exec(t, `UPDATE matter SET label = 2 WHERE firm_id = ? AND id = ?`, s.ID, s.from.ID)
	role := ident.New[ident.RoleID](testkit.Now)
	s.Exec(t, `INSERT INTO custom_role (firm_id, id, staff, name, permissions, created_by, created_at) VALUES (?, ?, false, 'Mover', '{matter.read,entry.read,entry.transfer}', ?, ?)`,
		s.ID, role, testkit.Person(t, s.DB(), "maker"), testkit.Now)
	elsewhere := s.As(t, rbac.RolePartner, testkit.OnMatters(s.Matter(t).ID))
	s.Grant(t, testkit.Actor(elsewhere), rbac.Custom(false, string(role)))
	_, err := s.svc.Preview(elsewhere, s.move(s.to, e.ID))
	refused(t, err, transfer.ErrStands, "kept closer")
	s.Grant(t, testkit.Actor(elsewhere), rbac.RolePartner, testkit.OnMatters(s.from.ID))
	if _, err := s.svc.Preview(elsewhere, s.move(s.to, e.ID)); err != nil {
		t.Errorf("a partner of the matter: %v", err)
	}
}

// TestT07_APaperOfACloserMatterStaysThere: what was attached where fewer people read does not
// come back with the cost to where more do.
func TestT07_APaperOfACloserMatterStaysThere(t *testing.T) {
	s := setup(t)
	e := s.Cost(t, s.from, "2026-02-03", "E115", 10_000, 1_000_000)
	s.Exec(t, `UPDATE matter SET label = 2 WHERE firm_id = ? AND id = ?`, s.ID, s.to.ID)
	owner := s.As(t, rbac.RolePartner, testkit.UpToLabel(2))
	d, err := s.try(owner, s.move(s.to, e.ID))
	if err != nil {
		t.Fatal(err)
	}
	paper := ident.New[ident.ReceiptID](testkit.Now)
	testkit.AdminExecIn(t, s.Text(t, `SELECT current_database()`), `WITH alone AS (SELECT set_config('session_replication_role', 'replica', false))
		INSERT INTO receipt (firm_id, id, entry_id, name, media, size, sha256, blob_id, added_at)
		SELECT $1::uuid, $2::uuid, $3::uuid, 'advice.pdf', 'application/pdf', 1, repeat('1', 64), $2::uuid, $4::timestamptz FROM alone`, s.ID, paper, d.Lines[0].Made, d.At.Add(time.Minute))
	_, err = s.svc.TakeBack(owner, d.ID, "it was right before")
	refused(t, err, transfer.ErrMovedOn, "take it off there first")
	if err := s.statement(`UPDATE receipt SET removed_at = added_at, removed_by = ?, reason = 'of another cost' WHERE firm_id = ? AND id = ?`, testkit.Actor(s.specialist), s.ID, paper); err != nil {
		t.Fatal(err)
	}
	if _, err := s.svc.TakeBack(owner, d.ID, "it was right before"); err != nil {
		t.Errorf("without it: %v", err)
	}
}
