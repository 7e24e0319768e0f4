package invoice_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestListIsPagedNewestFirstAndFiltered(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for i := range 7 {
		h.f.Invoice(t, h.m, testkit.Issued(fmt.Sprintf("2026-02-%02d", 10+i/2), "2026-02-28"), testkit.TotalMinor(int64(1000+i)))
	}
	seen, req := map[string]bool{}, page.Request{Size: 3}
	last, place := invoice.Day("9999-12-31"), int64(0)
	for pages := 0; ; pages++ {
		p, err := h.svc.List(h.partner, invoice.Filter{}, req)
		if err != nil || pages > 3 {
			t.Fatalf("page %d: %v", pages, err)
		}
		for _, i := range p.Items {
			if seen[i.Number] || i.IssuedOn > last || i.IssuedOn == last && i.Place > place {
				t.Errorf("%s of %s comes again or out of order", i.Number, i.IssuedOn)
			}
			seen[i.Number], last, place = true, i.IssuedOn, i.Place
		}
		if p.Next == "" {
			break
		}
		req.After = p.Next
	}
	if len(seen) != 7 {
		t.Errorf("the pages hold %d invoices, want 7", len(seen))
	}
	other := h.f.Matter(t)
	h.f.Invoice(t, other)
	for name, c := range map[string]struct {
		f    invoice.Filter
		want int
	}{
		"payor": {invoice.Filter{Payor: other.Payor}, 1}, "matter": {invoice.Filter{Matter: h.m.ID}, 7}, "client": {invoice.Filter{Client: h.m.Client}, 7},
		"status": {invoice.Filter{Status: invoice.StatusPaid}, 0}, "open": {invoice.Filter{Open: true}, 8}, "overdue": {invoice.Filter{Overdue: today}, 7},
		"number": {invoice.Filter{Number: "26-0000"}, 8}, "number of one": {invoice.Filter{Number: "26-00003"}, 1},
	} {
		p, err := h.svc.List(h.partner, c.f, page.Request{})
		if err != nil || len(p.Items) != c.want {
			t.Errorf("by %s: %d invoices, %v; want %d", name, len(p.Items), err, c.want)
		}
		var all invoice.ListTotal
		for _, i := range p.Items {
			all = invoice.ListTotal{Currency: i.Currency, Invoices: all.Invoices + 1, TotalMinor: all.TotalMinor + i.TotalMinor, OpenMinor: all.OpenMinor + i.OpenMinor}
		}
		if sums, err := h.svc.Sums(h.partner, c.f); err != nil || len(sums) != min(1, c.want) || (c.want > 0 && sums[0] != all) {
			t.Errorf("by %s: the list sums to %+v, its total says %+v, %v", name, all, sums, err)
		}
	}
	if _, err := h.svc.List(h.partner, invoice.Filter{}, page.Request{After: "nonsense!"}); !errors.Is(err, page.ErrBadCursor) {
		t.Errorf("a made-up cursor: %v", err)
	}
}

func TestReadersSeeWhatTheirGrantShows(t *testing.T) {
	t.Parallel()
	h, theirs := setup(t), setup(t)
	inv := h.issued(t)
	c2 := h.f.As(t, rbac.RolePartner, testkit.UpToClass(2))
	c1 := h.f.As(t, rbac.RolePartner, testkit.UpToClass(1))
	elsewhere := h.f.As(t, rbac.RolePartner, testkit.OnMatters(h.f.Matter(t).ID))
	if v, err := h.svc.Get(c2, inv.ID); err != nil || v.Document != nil || v.TotalMinor != inv.TotalMinor {
		t.Errorf("C2 sees amounts and no text: %+v, %v", v, err)
	}
	if _, err := h.svc.File(c2, inv.ID, invoice.FormatPDF); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("C2 opening the PDF: %v", err)
	}
	for name, who := range map[string]error{
		"below C2":     second(h.svc.Get(c1, inv.ID)),
		"out of scope": second(h.svc.Get(elsewhere, inv.ID)),
		"another firm": second(theirs.svc.Get(theirs.partner, inv.ID)),
		"its file":     second(h.svc.File(elsewhere, inv.ID, invoice.FormatPDF)),
		"its credit":   second(h.svc.Credit(elsewhere, inv.ID, invoice.NewCredit{Reason: "not mine"})),
	} {
		if !errors.Is(who, invoice.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, who)
		}
	}
	if n := h.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('invoice.read', 'invoice.file_read')`, h.f.ID); n != 0 {
		t.Errorf("refused looks left %d leaves of looks", n)
	}
	if _, err := h.svc.Credit(h.specialist, inv.ID, invoice.NewCredit{Reason: "not my act"}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a specialist crediting: %v", err)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: " "}); !errors.Is(err, invoice.ErrInput) {
		t.Errorf("a credit without a reason: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestWhatAPayorOwesIsListedByDueDate(t *testing.T) {
	t.Parallel()
	h := setup(t)
	due := func(issued, on string, opts ...testkit.InvoiceOption) {
		h.f.Invoice(t, h.m, append([]testkit.InvoiceOption{testkit.Issued(issued, on)}, opts...)...)
	}
	due("2026-02-20", "2026-03-01")
	due("2026-02-01", "2026-03-31")
	due("2026-02-10", "2026-02-28")
	due("2026-02-09", "2026-03-31")
	due("2026-01-02", "2026-01-20", testkit.TotalMinor(0)) // nothing is open
	h.f.Invoice(t, h.f.Matter(t), testkit.Issued("2026-01-01", "2026-01-31"))
	list, more, err := h.svc.Owed(h.partner, h.m.Payor, "USD")
	var got []string
	for _, i := range list {
		got = append(got, string(i.DueOn)+" of "+string(i.IssuedOn))
	}
	want := []string{"2026-02-28 of 2026-02-10", "2026-03-01 of 2026-02-20", "2026-03-31 of 2026-02-01", "2026-03-31 of 2026-02-09"}
	if err != nil || more || !slices.Equal(got, want) {
		t.Errorf("%v, more %v, %v; want %v", got, more, err, want)
	}
	if list, _, err := h.svc.Owed(h.partner, h.m.Payor, "EUR"); err != nil || len(list) != 0 {
		t.Errorf("in another currency: %d, %v", len(list), err)
	}
	narrow := h.f.As(t, rbac.RolePartner, testkit.OnMatters(h.f.Matter(t).ID))
	if list, _, err := h.svc.Owed(narrow, h.m.Payor, "USD"); err != nil || len(list) != 0 {
		t.Errorf("to who does not see the matter: %d, %v", len(list), err)
	}
	other := testkit.Firm(t, h.f.DB())
	if list, _, err := h.svc.Owed(other.As(t, rbac.RolePartner), h.m.Payor, "USD"); err != nil || len(list) != 0 {
		t.Errorf("to another firm: %d, %v", len(list), err)
	}
	if _, _, err := h.svc.Owed(h.f.As(t, rbac.RoleTrainee), h.m.Payor, "USD"); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without the permission: %v", err)
	}
}

func TestRunsAreListedOverTheFirmsOfTheReader(t *testing.T) {
	t.Parallel()
	h, other := setup(t), setup(t)
	h.approved(t, h.m)
	other.approved(t, other.m)
	other.f.Grant(t, testkit.Actor(h.specialist), rbac.RoleSpecialist)
	run, err := h.svc.StartRun(h.specialist, invoice.NewRun{Name: "Both", Firms: []invoice.FirmSelection{{Firm: h.f.ID}, {Firm: other.f.ID}}})
	if err != nil {
		t.Fatal(err)
	}
	h.work(t)
	p, err := h.svc.Runs(h.specialist, page.Request{})
	if err != nil || len(p.Items) != 1 || p.Items[0].ID != run || p.Items[0].Firms != 2 || p.Items[0].Planned != 2 || p.Items[0].Issued != 1 || p.Items[0].Left != 1 {
		t.Errorf("runs %+v, %v", p.Items, err)
	}
	if p, err := other.svc.Runs(other.partner, page.Request{}); err != nil || len(p.Items) != 1 || p.Items[0].Firms != 1 {
		t.Errorf("one firm's partner sees %+v, %v", p.Items, err)
	}
	firms, err := h.svc.RunFirms(h.specialist, run)
	if err != nil || len(firms) != 2 {
		t.Errorf("firms %v, %v", firms, err)
	}
	// What stands behind a wall is in no count of the list, and does not hide the rest.
	other.f.Wall(t, testkit.Actor(h.specialist), other.m.ID)
	if p, err := h.svc.Runs(h.specialist, page.Request{}); err != nil || len(p.Items) != 1 || p.Items[0].Firms != 1 || p.Items[0].Planned != 1 || p.Items[0].Left != 0 {
		t.Errorf("with a wall: runs %+v, %v", p.Items, err)
	}
	if firms, err := h.svc.RunFirms(h.specialist, run); err != nil || len(firms) != 1 || firms[0] != h.f.ID {
		t.Errorf("with a wall: firms %v, %v", firms, err)
	}
	items, err := h.svc.RunItems(h.specialist, run, "", page.Request{})
	if err != nil || len(items.Items) != 1 || items.Items[0].Number != "26-00001" || items.Items[0].Status != invoice.ItemIssued {
		t.Errorf("items %+v, %v", items, err)
	}
}
