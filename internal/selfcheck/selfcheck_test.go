package selfcheck_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/selfcheck"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/rbac"
)

// house is a firm with three invoices, of which the first two are paid in part, in a
// database of its own.
type house struct {
	database string
	d        *db.DB
	f        testkit.F
	invoices []testkit.I
	payment  receivable.Payment
	log      *bytes.Buffer
	svc      *selfcheck.Service
}

func setup(t *testing.T) *house {
	t.Helper()
	h := &house{database: testkit.NewDatabase(t), log: &bytes.Buffer{}}
	api := testkit.OpenDatabase(t, "docketry_api", h.database, clock.At(testkit.Now))
	h.d = testkit.OpenDatabase(t, "docketry_worker", h.database, clock.At(testkit.Now))
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	h.svc = selfcheck.New(h.d, bureau.New(h.d), obs.NewLogger(h.log, 0), obs.NewMetrics())
	h.f = testkit.Firm(t, api)
	m := h.f.Matter(t)
	for range 3 {
		h.invoices = append(h.invoices, h.f.Invoice(t, m, testkit.Sent()))
	}
	receivables := receivable.New(api, authz.NewGuard(api, policy))
	as := h.f.As(t, rbac.RoleSpecialist)
	h.payment, err = receivables.Post(as, receivable.NewPayment{Payor: m.Payor, Currency: "USD", AmountMinor: 150_000,
		Method: receivable.MethodWire, Reference: "wire", ReceivedOn: invoice.DayOf(testkit.Now)})
	if err != nil {
		t.Fatal(err)
	}
	shares := []receivable.Share{{Invoice: h.invoices[0].ID, Minor: 60_000}, {Invoice: h.invoices[1].ID, Minor: 40_000}}
	if h.payment, err = receivables.Allocate(as, h.payment.ID, h.payment.Version, shares); err != nil {
		t.Fatal(err)
	}
	return h
}

// corrupt is the insider of T27: a superuser with triggers and foreign keys off.
func (h *house) corrupt(t *testing.T, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testkit.AdminURL(t, h.database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, sql := range append([]string{"SET session_replication_role = replica"}, statements...) {
		tag, err := conn.Exec(t.Context(), sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if (tag.Update() || tag.Delete()) && tag.RowsAffected() != 1 {
			t.Fatalf("%s: %d rows", sql, tag.RowsAffected())
		}
	}
}

func (h *house) check(t *testing.T, firm ident.FirmID) selfcheck.Report {
	t.Helper()
	r, err := h.svc.Check(t.Context(), firm)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestI24_EachKindOfCorruptionIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql   func(h *house) []string
		named func(h *house) []string // of the findings, every one: invariant, object and id, and a word of what it says
	}{
		"a line's amount": {
			func(h *house) []string {
				return []string{fmt.Sprintf(`UPDATE invoice_line SET adjust_minor = 1, amount_minor = amount_minor + 1 WHERE invoice_id = '%s'`, h.invoices[2].ID)}
			},
			func(h *house) []string {
				id := string(h.invoices[2].ID)
				return []string{"I03 invoice " + id + "|net amount is kept as 100000, its lines sum to 100001", "I03 invoice " + id + "|total is kept", "I03 invoice " + id + "|open amount is kept"}
			},
		},
		"a paid amount": {
			func(h *house) []string {
				return []string{fmt.Sprintf(`UPDATE invoice SET paid_minor = 5, open_minor = total_minor - 5, status = 'part_paid' WHERE id = '%s'`, h.invoices[2].ID)}
			},
			func(h *house) []string {
				id := string(h.invoices[2].ID)
				return []string{"I03 invoice " + id + "|paid amount is kept as 5", "I03 invoice " + id + "|open amount", "I11 invoice " + id + "|99995 is open, its ledger account has 100000"}
			},
		},
		"a credited amount": {
			func(h *house) []string {
				return []string{fmt.Sprintf(`UPDATE invoice SET credited_minor = 7, open_minor = open_minor - 7 WHERE id = '%s'`, h.invoices[2].ID)}
			},
			func(h *house) []string {
				id := string(h.invoices[2].ID)
				return []string{"I03 invoice " + id + "|credited amount is kept as 7", "I03 invoice " + id + "|open amount", "I11 invoice " + id + "|99993 is open"}
			},
		},
		"a release of nothing": {
			func(h *house) []string {
				return []string{fmt.Sprintf(`INSERT INTO holdback_act (firm_id, id, matter_id, currency, kind, amount_minor, reason, made_by, made_at)
					SELECT firm_id, gen_random_uuid(), matter_id, 'USD', 'release', 9, 'for nothing', gen_random_uuid(), now() FROM invoice WHERE id = '%s'`, h.invoices[2].ID)}
			},
			func(*house) []string {
				return []string{"I03 matter |0 of its fees is held back and 9 decided; 9 is released and 0 billed"}
			},
		},
		"an invoice taken out": {
			func(h *house) []string {
				return []string{fmt.Sprintf(`DELETE FROM invoice WHERE id = '%s'`, h.invoices[1].ID)}
			},
			func(h *house) []string {
				return []string{"I03 invoice_line |which is not there", "I04 number_series invoice|number 3 follows number 1, 2 is missing", "I08 allocation |which are not both there"}
			},
		},
		"the last invoice taken out": {
			func(h *house) []string {
				return []string{fmt.Sprintf(`DELETE FROM invoice_line WHERE invoice_id = '%s'`, h.invoices[2].ID), fmt.Sprintf(`DELETE FROM invoice WHERE id = '%s'`, h.invoices[2].ID)}
			},
			func(*house) []string {
				return []string{"I04 number_series invoice|the next number is 4, the last one given is 2"}
			},
		},
		"a number taken twice": {
			func(h *house) []string {
				return []string{`ALTER TABLE invoice DROP CONSTRAINT invoice_n_key`, fmt.Sprintf(`UPDATE invoice SET n = 2 WHERE id = '%s'`, h.invoices[0].ID)}
			},
			func(*house) []string {
				return []string{"I04 number_series invoice|number 2 of series invoice is taken twice", "I04 number_series invoice|number 2 follows number 0, 1 is missing"}
			},
		},
		"a payment's parts": {
			func(h *house) []string {
				return []string{fmt.Sprintf(`UPDATE payment SET allocated_minor = allocated_minor - 1, unapplied_minor = unapplied_minor + 1 WHERE id = '%s'`, h.payment.ID)}
			},
			func(h *house) []string {
				id := string(h.payment.ID)
				return []string{"I08 payment " + id + "|allocated amount is kept as 99999, the rows give 100000", "I08 payment " + id + "|the amount is kept as 150000, the rows give 150001", "I11 payment " + id + "|unapplied amount"}
			},
		},
		"an allocation taken out": {
			func(h *house) []string {
				return []string{fmt.Sprintf(`DELETE FROM allocation WHERE invoice_id = '%s'`, h.invoices[1].ID)}
			},
			func(h *house) []string {
				inv, p := string(h.invoices[1].ID), string(h.payment.ID)
				return []string{"I03 invoice " + inv + "|paid amount is kept as 40000, the rows give 0", "I03 invoice " + inv + "|open amount", "I08 payment " + p + "|allocated amount", "I08 payment " + p + "|the amount is kept"}
			},
		},
		"a posting": {
			func(h *house) []string {
				return []string{fmt.Sprintf(`UPDATE posting SET amount_minor = amount_minor + 3 WHERE invoice_id = '%s' AND account = 'expenses'`, h.invoices[2].ID)}
			},
			func(h *house) []string {
				return []string{"I11 journal " + string(h.invoices[2].ID) + "|off by 3 USD"} // the builder names the journal after its invoice
			},
		},
		"a receivable's balance": {
			func(h *house) []string {
				return []string{fmt.Sprintf(`DELETE FROM posting WHERE invoice_id = '%s' AND account = 'receivable'`, h.invoices[2].ID), fmt.Sprintf(`DELETE FROM posting WHERE invoice_id = '%s' AND account = 'expenses'`, h.invoices[2].ID)}
			},
			func(h *house) []string {
				return []string{"I11 invoice " + string(h.invoices[2].ID) + "|100000 is open, its ledger account has 0"}
			},
		},
		"a bill that payors share": {
			func(h *house) []string {
				return []string{fmt.Sprintf(`INSERT INTO prebill_share (firm_id, prebill_id, position, payor_id, fees_e6, expenses_e6, fees_minor, expenses_minor)
					SELECT firm_id, prebill_id, 1, payor_id, 1000000, 1000000, 0, net_minor - 1 FROM invoice WHERE id = '%s'`, h.invoices[2].ID)}
			},
			func(h *house) []string {
				return []string{"I03 prebill " + string(h.invoices[2].Prebill) + "|the shares do not come to it"}
			},
		},
		"a share that is not billed": {
			func(h *house) []string {
				return []string{fmt.Sprintf(`INSERT INTO prebill_share (firm_id, prebill_id, position, payor_id, fees_e6, expenses_e6, fees_minor, expenses_minor)
					SELECT firm_id, prebill_id, 1, payor_id, 1000000, 1000000, 0, net_minor FROM invoice WHERE id = '%s'`, h.invoices[2].ID)}
			},
			func(h *house) []string {
				return []string{"I03 prebill " + string(h.invoices[2].Prebill) + "|of no share of it"}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			other := testkit.Firm(t, h.d)
			other.Invoice(t, other.Matter(t))
			if r := h.check(t, h.f.ID); !r.OK() || r.Compared != 3+1+3+3 {
				t.Fatalf("before: %+v", r)
			}
			h.corrupt(t, c.sql(h)...)
			r := h.check(t, h.f.ID)
			want := c.named(h)
			if r.OK() || int(r.Found) != len(want) || len(r.Findings) != len(want) || r.Firm != h.f.ID {
				t.Errorf("firm %s, found %d, want %d:\n%v", r.Firm, r.Found, len(want), r.Findings)
			}
			for _, w := range want {
				who, says, _ := strings.Cut(w, "|")
				if !slices.ContainsFunc(r.Findings, func(f selfcheck.Finding) bool {
					return strings.HasPrefix(f.String(), who) && strings.Contains(f.Says, says)
				}) {
					t.Errorf("not named: %s %q, in %v", who, says, r.Findings)
				}
			}
			if r := h.check(t, other.ID); !r.OK() || r.Compared != 2 {
				t.Errorf("another firm's sums: %+v", r)
			}
		})
	}
}

func TestI24_TheNightTellsOnceAndRepairsNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	home := testkit.Bureau(t, h.d)
	admin := testkit.Person(t, h.d, "bureau admin")
	home.Grant(t, admin, rbac.RoleBureauAdmin)
	h.corrupt(t, fmt.Sprintf(`UPDATE invoice SET credited_minor = 7, open_minor = open_minor - 7 WHERE id = '%s'`, h.invoices[2].ID))

	job := h.asked(t)
	if err := h.svc.Night(t.Context(), job, selfcheck.Nightly{Day: "2026-03-02"}); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Night(t.Context(), job, selfcheck.Nightly{Day: "2026-03-02"}); !errors.Is(err, outbox.ErrDone) {
		t.Errorf("the same night again: %v", err)
	}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := selfcheck.NewBoard(h.d, authz.NewGuard(h.d, policy)).Reports(h.f.Machine())
	if err != nil || len(kept) != 1 || kept[0].Found != 3 || len(kept[0].Findings) != 3 {
		t.Fatalf("kept: %+v, %v", kept, err)
	}
	r := kept[0]
	for what, n := range map[string]int64{
		"reports":         h.f.Count(t, `SELECT count(*) FROM self_check WHERE firm_id = ? AND NOT ok`, h.f.ID),
		"leaves":          h.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'self_check.failed' AND result = 'failed' AND object_id = ?`, h.f.ID, r.ID),
		"letters":         home.Count(t, `SELECT count(*) FROM person_letter WHERE firm_id = ? AND kind = 'self_check' AND person_id = ?`, home.ID, admin),
		"the wrong value": h.f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ? AND credited_minor = 7`, h.f.ID),
	} {
		if n != 1 {
			t.Errorf("%s: %d, want 1", what, n)
		}
	}
	if log := h.log.String(); strings.Count(log, "a stored sum is not what its rows give") != 3 || !strings.Contains(log, string(h.invoices[2].ID)) || !strings.Contains(log, string(h.f.ID)) || strings.Contains(log, "99993") {
		t.Errorf("log: %s", log)
	}
	if clean := h.check(t, home.ID); !clean.OK() || clean.Compared != 0 {
		t.Errorf("the bureau itself: %+v", clean)
	}
}

// A finding names a record of any matter: who does not see all of the firm has counts alone.
func TestI24_WhoSeesWhatWasFound(t *testing.T) {
	t.Parallel()
	h := setup(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	h.corrupt(t, fmt.Sprintf(`UPDATE invoice SET credited_minor = 7, open_minor = open_minor - 7 WHERE id = '%s'`, h.invoices[2].ID))
	h.check(t, h.f.ID)
	board := selfcheck.NewBoard(h.d, authz.NewGuard(h.d, policy))
	other := testkit.Firm(t, h.d)
	for name, c := range map[string]struct {
		as    context.Context
		named int
		kind  fault.Kind
	}{
		"whole firm":    {h.f.As(t, rbac.RoleFirmAdmin, testkit.UpToLabel(int(authz.Restricted))), 3, fault.Internal},
		"lower label":   {h.f.As(t, rbac.RoleFirmAdmin, testkit.UpToLabel(int(authz.Confidential))), 0, fault.Internal},
		"no permission": {h.f.As(t, rbac.RoleSpecialist), 0, fault.Forbidden},
	} {
		list, err := board.Reports(c.as)
		if c.kind != fault.Internal {
			if fault.KindOf(err) != c.kind {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || len(list) != 1 || list[0].Found != 3 || len(list[0].Findings) != c.named {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
	}
	if list, err := board.Reports(other.As(t, rbac.RoleFirmAdmin)); err != nil || len(list) != 0 {
		t.Errorf("another firm: %+v, %v", list, err)
	}
}

// TestI24_CorruptionOfTrustIsFoundAndNamed changes client money behind the constraints.
func TestI24_CorruptionOfTrustIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql   []string
		named []string // invariant and object, and a word of what it says
	}{
		"a ledger's balance": {[]string{`UPDATE trust_ledger SET balance_minor = balance_minor + 1`},
			[]string{"I10 trust_ledger |balance is kept as 30001, the rows give 30000", "I10 trust_account |its book is kept as 30000, its ledgers sum to 30001"}},
		"the book": {[]string{`UPDATE trust_account SET book_minor = 29999`},
			[]string{"I10 trust_account |its postings give 30000", "I10 trust_account |its ledgers sum to 30000"}},
		"what is frozen": {[]string{`UPDATE trust_ledger SET frozen_minor = 7`}, []string{"I10 trust_ledger |disputed amount is kept as 7, the rows give 0"}},
		"one side of an entry": {[]string{`UPDATE trust_posting SET amount_minor = 50001 WHERE side = 'bank' AND amount_minor = 50000`},
			[]string{"I10 trust_account |its postings give 30001", "I10 trust_entry |has 1 sides", "I10 trust_reconciliation |was signed on 50000, the rows give 50001"}},
		"an entry's day": {[]string{`UPDATE trust_posting SET dated_on = dated_on + 9 WHERE side = 'client' AND amount_minor < 0`}, []string{"I10 trust_ledger |it stands at -20000"}},
		"a payment alone": {[]string{`UPDATE payment SET reversed_at = now(), reversed_minor = amount_minor, allocated_minor = 0 WHERE method = 'trust'`},
			[]string{"I10 trust_withdrawal |was reversed, and the transfer stands", "I08 payment |allocated amount", "I08 payment |the amount is kept", "I11 payment |cash"}},
		"a posting in a closed period": {[]string{`UPDATE trust_posting SET dated_on = dated_on - 5 WHERE side = 'bank' AND amount_minor = -20000`}, []string{"I10 trust_reconciliation |was signed on 50000, the rows give 30000"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.trusted(t)
			if r := h.check(t, h.f.ID); !r.OK() || r.Compared != 3+2+3+3+2+1+1+2 {
				t.Fatalf("before: %+v", r)
			}
			h.corrupt(t, c.sql...)
			r := h.check(t, h.f.ID)
			if int(r.Found) != len(c.named) {
				t.Errorf("found %d, want %d:\n%v", r.Found, len(c.named), r.Findings)
			}
			for _, w := range c.named {
				who, says, _ := strings.Cut(w, "|")
				if !slices.ContainsFunc(r.Findings, func(f selfcheck.Finding) bool {
					return strings.HasPrefix(f.String(), who) && strings.Contains(f.Says, says)
				}) {
					t.Errorf("not named: %s %q, in %v", who, says, r.Findings)
				}
			}
		})
	}
}

// TestI24_AnOrderThatIsBilledOtherwiseIsFound changes what a purchase order says was billed on
// it.
func TestI24_AnOrderThatIsBilledOtherwiseIsFound(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := ident.New[ident.PurchaseOrder](testkit.Now)
	h.f.Exec(t, `INSERT INTO purchase_order (firm_id, id, payor_id, number, currency, amount_minor, from_on, made_by, made_at)
		SELECT firm_id, ?, payor_id, '4500', currency, 10000000, '2026-01-01', ?, issued_at FROM invoice WHERE firm_id = ? AND id = ?`, id, testkit.Person(t, h.d, "who enters orders"), h.f.ID, h.invoices[0].ID)
	h.f.Exec(t, `INSERT INTO purchase_draw (firm_id, invoice_id, order_id, currency, net_minor) SELECT firm_id, id, ?, currency, net_minor FROM invoice WHERE firm_id = ? AND id = ?`, id, h.f.ID, h.invoices[0].ID)
	if r := h.check(t, h.f.ID); !r.OK() {
		t.Fatalf("before: %+v", r)
	}
	h.corrupt(t, `UPDATE purchase_order SET drawn_minor = drawn_minor - 1`)
	r := h.check(t, h.f.ID)
	if r.Found != 1 || !strings.HasPrefix(r.Findings[0].String(), "I03 purchase_order "+string(id)) || !strings.Contains(r.Findings[0].Says, "is kept as") {
		t.Errorf("found: %+v", r.Findings)
	}
}

// trusted gives the house 500.00 in trust, reconciled and closed, of which a transfer then
// pays 200.00 of the last invoice.
func (h *house) trusted(t *testing.T) {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	policy, err := rbac.New()
	ok(err)
	api := testkit.OpenDatabase(t, "docketry_api", h.database, clock.At(testkit.Now))
	guard := authz.NewGuard(api, policy)
	svc := trust.New(api, guard, receivable.New(api, guard))
	specialist, partner, admin := h.f.As(t, rbac.RoleSpecialist), h.f.As(t, rbac.RolePartner), h.f.As(t, rbac.RoleFirmAdmin)
	a, err := svc.Open(admin, trust.NewAccount{Name: "Client account", Bank: "Mohawk Valley IOLTA", Currency: "USD"})
	ok(err)
	on := invoice.DayOf(testkit.Now).Add(-1)
	e, err := svc.Deposit(specialist, a.ID, trust.NewDeposit{Matter: h.invoices[2].Matter.ID, AmountMinor: 50_000, On: on, Party: "The client"})
	ok(err)
	bank := int64(50_000)
	r, err := svc.Prepare(specialist, a.ID, trust.Statement{AsOf: on, BalanceMinor: &bank, NoneOpen: true})
	ok(err)
	_, err = svc.Sign(admin, r.ID, r.Version)
	ok(err)
	w, err := svc.Ask(specialist, e.Ledger, trust.Asking{Kind: trust.Transfer, Invoice: h.invoices[2].ID, AmountMinor: 20_000})
	ok(err)
	_, err = svc.Approve(partner, w.ID, w.Version)
	ok(err)
}

// asked is the job of a night as a worker gets it.
func (h *house) asked(t *testing.T) outbox.Job {
	t.Helper()
	j := outbox.Job{Firm: h.f.ID, Kind: selfcheck.Nightly{}.Kind(), Attempt: 1}
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) (err error) {
		if j.ID, err = outbox.Add(tx, selfcheck.Nightly{Day: "2026-03-02"}, outbox.Key("selfcheck 2026-03-02")); err != nil {
			return err
		}
		return tx.Raw(`SELECT fence FROM outbox WHERE firm_id = ? AND id = ?`, h.f.ID, j.ID).Row().Scan(&j.Fence)
	})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestFirmsAreListedForTheOwnerOnly(t *testing.T) {
	t.Parallel()
	h := setup(t)
	if all, err := selfcheck.Firms(t.Context(), h.d, ""); err != nil || len(all) != 0 {
		t.Errorf("as the worker: %v, %v", all, err)
	}
	h.corrupt(t, fmt.Sprintf(`UPDATE firm SET status = 'closed' WHERE firm_id = '%s'`, h.f.ID))
	owner, err := db.Open(t.Context(), db.Config{URL: testkit.AdminURL(t, h.database) + " role=docketry_migrate", Key: testkit.Key, Clock: clock.At(testkit.Now)})
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	for name, want := range map[string]int{"": 1, h.f.Code: 1, string(h.f.ID): 1, "ZZZ9": 0} {
		if all, err := selfcheck.Firms(t.Context(), owner, name); err != nil || len(all) != want {
			t.Errorf("%q: %v, %v", name, all, err)
		}
	}
}
