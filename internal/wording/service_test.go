package wording_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/wording"
	"github.com/docketry/docketry/rbac"
)

var mine = wording.Text{Subject: "Your invoice {{number}}", Body: "Dear {{contact}},\r\n\r\nhere it is.\r\n", Closing: "{{firm}}\nAccounts"}

func service(t *testing.T) (*wording.Service, testkit.F) {
	t.Helper()
	t.Parallel()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	d := testkit.DB(t)
	return wording.New(d, authz.NewGuard(d, policy)), testkit.Firm(t, d)
}

func written(t *testing.T, f testkit.F, v wording.Values) (w wording.Written) {
	t.Helper()
	err := f.DB().InFirm(f.Machine(), func(tx *db.Tx) (err error) {
		w, err = wording.Write(tx, wording.Invoice, v)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAFirmWordsItsLetters(t *testing.T) {
	svc, f := service(t)
	admin := f.As(t, rbac.RoleFirmAdmin)
	v := wording.Values{Firm: "Vane", Contact: "Alex", Invoices: []wording.Due{{Number: "7", Open: "USD 1.00", On: "1 June 2026"}}}
	if w := written(t, f, v); w.Version != 0 || w.Subject != "Invoice 7" {
		t.Errorf("standard: %+v", w)
	}
	w, err := svc.Publish(admin, wording.Invoice, mine, 0)
	if err != nil || w.Version != 1 || w.Standard || w.By == "" || w.Text.Body != "Dear {{contact}},\n\nhere it is." {
		t.Fatalf("%+v %v", w, err)
	}
	if w := written(t, f, v); w.Version != 1 || w.Subject != "Your invoice 7" || len(w.Letter.Paragraphs) != 2 || w.Letter.Paragraphs[0] != "Dear Alex," || len(w.Letter.Closing) != 2 {
		t.Errorf("own: %+v", w)
	}
	if w := written(t, testkit.Firm(t, f.DB()), v); w.Version != 0 {
		t.Errorf("another firm: %+v", w)
	}
	if _, err := svc.Publish(admin, wording.Invoice, mine, 0); !errors.Is(err, wording.ErrStale) {
		t.Errorf("an old version: %v", err)
	}
	if w, err = svc.Reset(f.As(t, rbac.RolePartner), wording.Invoice, 1); err != nil || w.Version != 2 || !w.Standard {
		t.Errorf("reset: %+v %v", w, err)
	}
	if _, err := svc.Reset(admin, wording.Invoice, 2); !errors.Is(err, wording.ErrStandard) {
		t.Errorf("reset again: %v", err)
	}
	w, before, err := svc.Get(f.As(t, rbac.RoleSpecialist), wording.Invoice)
	if err != nil || w.Text != wording.Standard(wording.Invoice) || len(before) != 1 || before[0].Text.Subject != mine.Subject {
		t.Errorf("history: %+v %+v %v", w, before, err)
	}
	list, err := svc.List(admin)
	if err != nil || len(list) != len(wording.Kinds()) {
		t.Errorf("list: %d %v", len(list), err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action LIKE 'wording.%'`, f.ID); n != 2 {
		t.Errorf("%d leaves", n)
	}
}

// A text that was right when it was published and is not any more holds no letter back.
func TestALetterGoesInAnyCase(t *testing.T) {
	svc, f := service(t)
	if _, err := svc.Publish(f.As(t, rbac.RolePartner), wording.Invoice, mine, 0); err != nil {
		t.Fatal(err)
	}
	testkit.AdminExec(t, f.DB(), `UPDATE wording SET body = 'of {{a_field_of_old}}' WHERE firm_id = $1`, f.ID)
	if w := written(t, f, wording.Values{Firm: "Vane", Invoices: []wording.Due{{Number: "7"}}}); w.Version != 0 || w.Subject != "Invoice 7" {
		t.Errorf("%+v", w)
	}
}

func TestWhoMayWordLetters(t *testing.T) {
	svc, f := service(t)
	for role, allowed := range map[rbac.Role]bool{rbac.RoleFirmAdmin: true, rbac.RolePartner: true, rbac.RoleSpecialist: false, rbac.RoleTeamLead: false, rbac.RoleTimekeeper: false} {
		_, err := svc.Try(f.As(t, role), wording.Invoice, mine)
		if allowed != (err == nil) {
			t.Errorf("%s: %v", role, err)
		}
		if !allowed && fault.KindOf(err) != fault.Forbidden && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", role, err)
		}
	}
	if _, _, err := svc.Get(f.As(t, rbac.RolePartner), "one_time_code"); !errors.Is(err, wording.ErrNotFound) {
		t.Errorf("a kind that is none: %v", err)
	}
}
