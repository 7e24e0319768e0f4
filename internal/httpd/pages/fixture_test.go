package pages

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// The fixtures tell one story across pages (ui/UI.md): matter 00417-0032 is
// recorded at $17,559.30, goes to $14,922.55, and $4,922.55 is open.

// fixture is one page in one state.
type fixture struct {
	name string
	page templ.Component
	at   string // its own address, where another fixture links to it
}

// fixtures is every page; c carries theme and density.
func fixtures(t testing.TB) []fixture {
	t.Helper()
	s := newStory(t)
	var all []fixture
	for _, part := range [][]fixture{queueFixtures(s), itemFixtures(s), prebillFixtures(s), slaFixtures(s), runFixtures(s), invoiceFixtures(s), plainFixtures(s), payorFixtures(s), guideFixtures(t, s), houseFixtures(t, s), promiseFixtures(t, s), goFixtures(s), whyFixtures(t, s), arrangementFixtures(t, s), trustFixtures(t, s), moneyFixtures(t, s), deputyFixtures(t, s), teamFixtures(s), rateFixtures(t, s), transferFixtures(t, s), splitFixtures(s), contingentFixtures(t, s), exportFixtures(t, s), taxFixtures(t, s), lessonFixtures(t, s), codeFixtures(t, s)} {
		all = append(all, part...)
	}
	return all
}

// story is what all fixtures share.
type story struct {
	now time.Time // Wed 4 Nov 2026, 10:42 in New York
	ny  *time.Location
}

func newStory(t testing.TB) story {
	t.Helper()
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return story{now: time.Date(2026, 11, 4, 10, 42, 0, 0, ny), ny: ny}
}

var storyFirms = map[string]partial.Firm{
	"HVL": {ID: "0193a000-0000-7000-8000-000000000001", Code: "HVL", Name: "Hollis & Vane LLP", Slot: 1},
	"BRW": {ID: "0193a000-0000-7000-8000-000000000002", Code: "BRW", Name: "Brightwater Legal", Slot: 2},
	"FER": {ID: "0193a000-0000-7000-8000-000000000003", Code: "FER", Name: "Ferrant Okafor LLP", Slot: 3},
	"DUN": {ID: "0193a000-0000-7000-8000-000000000004", Code: "DUN", Name: "Dunmore Achterberg", Slot: 4},
	"GRE": {ID: "0193a000-0000-7000-8000-000000000005", Code: "GRE", Name: "Gresham Tidewell", Slot: 5},
	"MAR": {ID: "0193a000-0000-7000-8000-000000000006", Code: "MAR", Name: "Marlowe Sandoval", Slot: 6},
	"PEN": {ID: "0193a000-0000-7000-8000-000000000008", Code: "PEN", Name: "Penhallow & Rao", Slot: 8},
	"ASH": {ID: "0193a000-0000-7000-8000-000000000013", Code: "ASH", Name: "Ashdown Pryce LLP", Slot: 13},
	"CAS": {ID: "0193a000-0000-7000-8000-000000000014", Code: "CAS", Name: "Castellan Moore", Slot: 14},
	"KES": {ID: "0193a000-0000-7000-8000-000000000024", Code: "KES", Name: "Kestrel Law Group", Slot: 24},
}

func firmOf(code string) partial.Firm { return storyFirms[code] }

func id[T ~string](n int) T {
	const hex = "0123456789abcdef"
	b := []byte("0193b000-0000-7000-8000-000000000000")
	for i := len(b) - 1; n > 0; i-- {
		b[i] = hex[n%16]
		n /= 16
	}
	return T(b)
}

func usd(cents int64) money.Amount { return money.Amount{Minor: cents, Currency: "USD"} }

func usdp(cents int64) *money.Amount { a := usd(cents); return &a }

func hours(tenths int64) money.Fixed4 { return money.Fixed4(tenths * 1000) }

func rateOf(dollars int64) money.Fixed4 { return money.Fixed4(dollars * 10_000) }

func oct(d int) time.Time { return time.Date(2026, 10, d, 0, 0, 0, 0, time.UTC) }

func nov(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }

// at is an instant of November 2026 in the firm's zone.
func (s story) at(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, s.ny)
}

// specialist is Ines Carvalho at the bureau, inside firm or across firms.
func (s story) specialist(title, active, code string) layout.Chrome {
	c := layout.Chrome{Title: title, Org: "Larkspur Billing Services", Person: "Ines Carvalho", Active: active, CSRF: "token", Path: "/queue", Next: true}
	var in ident.FirmID
	if code != "" {
		f := firmOf(code)
		c.Firm, c.Spine, in = &f, true, f.ID
	}
	c.Nav = layout.Keep(layout.Menu(in), func(p rbac.Permission) bool {
		return p != rbac.GrantRead && p != rbac.FirmRead && p != rbac.TeamRead
	})
	c.Nav[0].Count = 46
	return c
}

// partner is Rosalind Vane of Hollis & Vane.
func (s story) partner(title, active string) layout.Chrome {
	f := firmOf("HVL")
	c := layout.Chrome{Title: title, Org: f.Name, Person: "Rosalind Vane", Active: active, Firm: &f, CSRF: "token", Path: "/"}
	c.Nav = layout.Keep(layout.Menu(f.ID), func(p rbac.Permission) bool {
		return slices.Contains([]rbac.Permission{rbac.SLARead, rbac.PrebillRead, rbac.InvoiceRead, rbac.ReceivableRead, rbac.ExportRead, rbac.GrantRead}, p)
	})
	return c
}

// admin is Noor Haddad, firm admin of Hollis & Vane.
func (s story) admin(title, active string) layout.Chrome {
	c := s.partner(title, active)
	c.Person = "Noor Haddad"
	c.Nav = layout.Keep(layout.Menu(c.Firm.ID), func(p rbac.Permission) bool {
		return p != rbac.QueueRead && p != rbac.TeamRead && p != rbac.RunRead && p != rbac.FirmRead
	})
	return c
}
