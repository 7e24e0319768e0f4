package firm_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func checkField(t *testing.T, name string, err error, field string) {
	t.Helper()
	var f *fault.Error
	switch {
	case field == "" && err != nil:
		t.Errorf("%s: %v", name, err)
	case field != "" && (!errors.As(err, &f) || len(f.Fields) == 0):
		t.Errorf("%s: %v, want a complaint about %s", name, err, field)
	case field != "" && f.Fields[0].Path != field:
		t.Errorf("%s: complaint about %s, want %s", name, f.Fields[0].Path, field)
	}
}

// staffing notes whom it was told of.
type staffing struct {
	mu    sync.Mutex
	admin string
	fail  error
}

func (s *staffing) FirstAdmin(tx *db.Tx, name, email string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admin = fmt.Sprint(tx.Scope.Firm, name, email)
	return s.fail
}

func service(t testing.TB, staff *staffing, opened ...firm.Opened) (*firm.Service, *db.DB) {
	t.Helper()
	d := testkit.DB(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	return firm.NewService(d, authz.NewGuard(d, policy), staff, opened...), d
}

var codes struct {
	sync.Mutex
	n int
}

func newFirm() firm.New {
	codes.Lock()
	defer codes.Unlock()
	codes.n++
	return firm.New{
		Code: string([]byte{'Q', byte('A' + codes.n/26), byte('A' + codes.n%26)}), Name: "Ashdown Pryce LLP", TZ: "Europe/London", Country: "GB", Currency: "GBP",
		Address: "7 Saddlers Court\nLondon EC2V 6BR", TaxID: "GB412778019", InvoicePattern: "AP-{YY}{seq:4}",
		Admin: firm.Admin{Name: "Priya Shah", Email: "priya.shah@ashdown.example"},
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	staff := &staffing{}
	told := ""
	svc, d := service(t, staff, func(tx *db.Tx, f firm.Firm) error {
		told = string(tx.Scope.Firm) + f.Code
		return nil
	})
	bureau := testkit.Bureau(t, d)
	n := newFirm()
	f, err := svc.Create(bureau.As(t, rbac.RoleBureauAdmin), n)
	if err != nil {
		t.Fatal(err)
	}
	if staff.admin != string(f.ID)+"Priya Shahpriya.shah@ashdown.example" || told != string(f.ID)+n.Code {
		t.Errorf("told %q and %q", staff.admin, told)
	}
	mine := testkit.Inside(d, f.ID)
	for what, sql := range map[string]string{
		"series":              `SELECT count(*) - 2 FROM number_series WHERE firm_id = ?`,
		"leaf in its tree":    `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'firm.opened'`,
		"active, with a slot": `SELECT count(*) FROM firm WHERE firm_id = ? AND status = 'active' AND slot BETWEEN 1 AND 28`,
	} {
		if got := mine.Count(t, sql, f.ID); got != 1 {
			t.Errorf("%s: %d", what, got)
		}
	}
	if got := bureau.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'firm.created' AND object_id = ?`, bureau.ID, f.ID); got != 1 {
		t.Errorf("%d leaves in the bureau's tree", got)
	}
	if _, err := svc.Get(bureau.As(t, rbac.RoleBureauAdmin)); err != nil {
		t.Errorf("the bureau reads itself: %v", err)
	}
	if _, err := svc.Get(mine.Acting(testkit.Actor(bureau.As(t, rbac.RoleBureauAdmin)))); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("who opened the firm sees into it: %v", err)
	}
	all, err := svc.All(bureau.As(t, rbac.RoleBureauAdmin))
	if err != nil || len(all) < 2 {
		t.Errorf("%d firms, %v", len(all), err)
	}
}

func TestCreateRefusals(t *testing.T) {
	t.Parallel()
	svc, d := service(t, &staffing{})
	bureau := testkit.Bureau(t, d)
	admin := bureau.As(t, rbac.RoleBureauAdmin)
	taken := newFirm()
	if _, err := svc.Create(admin, taken); err != nil {
		t.Fatal(err)
	}
	bad := newFirm()
	bad.Code, bad.TZ, bad.Currency, bad.Admin.Email = "qq", "Mars/Olympus", "usd", "x"
	failing, _ := service(t, &staffing{fail: errors.New("no post today")})
	fresh := newFirm()
	for name, tt := range map[string]struct {
		svc  *firm.Service
		ctx  context.Context
		in   firm.New
		want error
	}{
		"a firm's administrator": {svc, testkit.Firm(t, d).As(t, rbac.RoleFirmAdmin), newFirm(), authz.ErrNotFound},
		"a specialist":           {svc, testkit.Firm(t, d).As(t, rbac.RoleSpecialist), newFirm(), authz.ErrNotFound},
		"code in use":            {svc, admin, taken, firm.ErrCodeTaken},
		"bad fields":             {svc, admin, bad, firm.ErrInvalid},
	} {
		if _, err := tt.svc.Create(tt.ctx, tt.in); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	if _, err := failing.Create(admin, fresh); err == nil {
		t.Error("created without its administrator")
	}
	if _, err := svc.Create(admin, fresh); err != nil {
		t.Errorf("what failed left something behind: %v", err)
	}
}

func TestEdit(t *testing.T) {
	t.Parallel()
	svc, d := service(t, &staffing{})
	f := testkit.Firm(t, d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	details := firm.Details{Name: "Hollis & Vane", Address: "1 New Street\nAlbany, NY 12208", Country: "US", TaxID: "14-5550182", ReplyTo: "bills@hollis.example", Rounding: money.HalfEven}
	got, err := svc.Edit(admin, 1, details)
	if err != nil || got.Name != details.Name || got.Version != 2 || got.Bank.Account == "" {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := svc.Edit(admin, 1, details); !errors.Is(err, firm.ErrStale) {
		t.Errorf("the version seen before: %v", err)
	}
	if _, err := svc.Edit(f.As(t, rbac.RolePartner), 2, details); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner: %v", err)
	}
	bank := firm.Bank{Name: "Amstel Handelsbank", Account: "NL91ABNA0417164300", Code: "ABNANL2A"}
	if _, err := svc.EditBank(f.As(t, rbac.RoleSpecialist), 2, bank); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a specialist changes the bank: %v", err)
	}
	if got, err = svc.EditBank(admin, 2, bank); err != nil || got.Bank != bank {
		t.Errorf("%+v, %v", got, err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('firm.changed', 'firm.bank_changed') AND before_hash <> after_hash`, f.ID); n != 2 {
		t.Errorf("%d leaves", n)
	}
	details.Country = "XX"
	if _, err := svc.Edit(admin, 3, details); !errors.Is(err, firm.ErrInvalid) {
		t.Errorf("no country: %v", err)
	}
}

func TestI04NumbersHaveNoGaps(t *testing.T) {
	t.Parallel()
	svc, d := service(t, &staffing{})
	f := testkit.Firm(t, d)
	admin := f.As(t, rbac.RoleFirmAdmin)
	if err := svc.SetPattern(admin, firm.SeriesInvoice, 1, "HV-{YY}{seq:4}"); err != nil {
		t.Fatal(err)
	}
	if err := svc.SetPattern(admin, firm.SeriesInvoice, 1, "X{seq}"); !errors.Is(err, firm.ErrStale) {
		t.Errorf("stale: %v", err)
	}
	if err := svc.SetPattern(admin, "no_such", 1, "X{seq}"); !errors.Is(err, firm.ErrNotFound) {
		t.Errorf("unknown series: %v", err)
	}
	var mu sync.Mutex
	got := map[int64]string{}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			var number string
			var n int64
			err := d.InFirm(f.Machine(), func(tx *db.Tx) (err error) {
				number, n, err = firm.TakeNumber(tx, firm.SeriesInvoice, testkit.Now)
				if i%4 == 0 {
					return errors.Join(err, errors.New("the issue failed"))
				}
				return err
			})
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				got[n] = number
			}
		})
	}
	all.Wait()
	for n := int64(1); n <= 30; n++ {
		if want := fmt.Sprintf("HV-26%04d", n); got[n] != want {
			t.Errorf("number %d is %q, want %q", n, got[n], want)
		}
	}
	list, err := svc.Numberings(admin)
	if err != nil || len(list) != 3 || list[1].Next != 31 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestMine(t *testing.T) {
	t.Parallel()
	svc, d := service(t, &staffing{})
	one, two := testkit.Firm(t, d), testkit.Firm(t, d)
	testkit.Firm(t, d)
	ctx := one.As(t, rbac.RoleSpecialist)
	two.Grant(t, testkit.Actor(ctx), rbac.RoleSpecialist)
	list, err := svc.Mine(ctx)
	if err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}
