package purchase

import (
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
)

func on(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

func until(text string) *time.Time {
	t := on(text)
	return &t
}

// TestChoose: what covers the invoice goes before what does not, the matter's own before one for
// all, and of those the one that ends first.
func TestChoose(t *testing.T) {
	t.Parallel()
	first := on("2026-01-01")
	closed := on("2026-02-01")
	const mine, other ident.MatterID = "m", "n"
	order := func(id string, m ident.MatterID, left int64, until *time.Time) Order {
		return Order{ID: ident.PurchaseOrder(id), Number: id, Matter: m, Currency: "USD", From: first, Until: until, AmountMinor: left}
	}
	for name, c := range map[string]struct {
		orders []Order
		want   ident.PurchaseOrder
		enough bool
	}{
		"none":                      {nil, "", false},
		"of another matter":         {[]Order{order("a", other, 500, nil)}, "", false},
		"own before all":            {[]Order{order("a", "", 500, nil), order("b", mine, 500, nil)}, "b", true},
		"what covers before own":    {[]Order{order("a", "", 500, nil), order("b", mine, 99, nil)}, "a", true},
		"to the last cent":          {[]Order{order("a", mine, 100, nil)}, "a", true},
		"short":                     {[]Order{order("a", mine, 99, nil)}, "a", false},
		"without a limit":           {[]Order{order("a", mine, 0, nil)}, "a", true},
		"ends first":                {[]Order{order("a", "", 500, nil), order("b", "", 500, until("2026-12-31")), order("c", "", 500, until("2026-06-30"))}, "c", true},
		"on its last day":           {[]Order{order("a", "", 500, until("2026-03-02"))}, "a", true},
		"over":                      {[]Order{order("a", "", 500, until("2026-03-01"))}, "", false},
		"not begun":                 {[]Order{{ID: "a", Currency: "USD", From: on("2026-03-03")}}, "", false},
		"closed":                    {[]Order{{ID: "a", Currency: "USD", From: first, ClosedAt: &closed}}, "", false},
		"in another currency":       {[]Order{{ID: "a", Currency: "EUR", From: first}}, "", false},
		"of two short ones its own": {[]Order{order("a", "", 98, nil), order("b", mine, 1, nil)}, "b", false},
		"by number":                 {[]Order{order("b", "", 500, nil), order("a", "", 500, nil)}, "a", true},
	} {
		o, enough := Choose(c.orders, mine, "USD", on("2026-03-02"), 100)
		var got ident.PurchaseOrder
		if o != nil {
			got = o.ID
		}
		if got != c.want || enough != c.enough {
			t.Errorf("%s: %q, %v, want %q, %v", name, got, enough, c.want, c.enough)
		}
	}
}
