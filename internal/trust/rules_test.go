package trust

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/invoice"
)

// The three-way comparison against a second, plainer sum.
func TestComparingIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		bank := rapid.Int64Range(-1_000, 1_000).Draw(rt, "bank")
		book, ledgers := rapid.Int64Range(0, 1_000).Draw(rt, "book"), rapid.Int64Range(0, 1_000).Draw(rt, "ledgers")
		st := Statement{AsOf: "2026-02-28", BalanceMinor: &bank, NoneOpen: true}
		want := bank
		for range rapid.IntRange(0, 4).Draw(rt, "items") {
			x := Outstanding{Kind: rapid.SampledFrom([]ItemKind{InTransit, Unpaid}).Draw(rt, "kind"), Minor: rapid.Int64Range(1, 500).Draw(rt, "minor"), On: "2026-02-27"}
			st.Items, st.NoneOpen = append(st.Items, x), false
			want += map[ItemKind]int64{InTransit: x.Minor, Unpaid: -x.Minor}[x.Kind]
		}
		r := compare(st, book, ledgers)
		agrees := want == book && book == ledgers
		if *r.AdjustedMinor != want || (r.Result == Agree) != agrees || (r.Result == Disagree) == agrees {
			rt.Fatalf("%+v, want %d", r, want)
		}
		if b, l := r.Differences(); b != want-book || l != book-ledgers {
			rt.Fatalf("differences %d and %d of %+v", b, l, r)
		}
		if err := st.validate("USD", "2026-03-01", ""); err != nil {
			rt.Fatal(err)
		}
		st.BalanceMinor = nil
		if r := compare(st, book, ledgers); r.Result != Missing || len(r.MissingInputs()) != 1 {
			rt.Fatalf("without a statement: %+v", r)
		}
	})
}

// What may leave never exceeds the lower of open and free, whatever is asked.
func TestATransferIsNeverAboveTheLower(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := Ledger{Matter: "m", Currency: "USD", BalanceMinor: rapid.Int64Range(0, 100).Draw(rt, "balance")}
		l.FrozenMinor = rapid.Int64Range(0, l.BalanceMinor).Draw(rt, "frozen")
		inv := invoice.Invoice{Matter: "m", Currency: "USD", OpenMinor: rapid.Int64Range(0, 100).Draw(rt, "open")}
		a := Asking{Kind: Transfer, AmountMinor: rapid.Int64Range(1, 120).Draw(rt, "amount"), LastBill: rapid.Bool().Draw(rt, "said last")}
		kind, last := rapid.SampledFrom([]arrangement.Kind{"", arrangement.KindSecurity, arrangement.KindAdvance, arrangement.KindEvergreen}).Draw(rt, "terms"), rapid.Bool().Draw(rt, "last")
		ok := permits(a, &l, &inv, kind, last) == nil
		want := a.AmountMinor <= inv.OpenMinor && a.AmountMinor <= l.BalanceMinor-l.FrozenMinor && (!a.LastBill || last) && (kind != arrangement.KindSecurity || a.LastBill)
		if ok != want {
			rt.Fatalf("%+v of %+v for %+v under %q, last %t: %t", a, l, inv, kind, last, ok)
		}
		h := Holding{Retainer: Retainer{Kind: kind}, FreeMinor: l.FreeMinor()}
		d, err := h.Draw(inv.OpenMinor, last)
		if err != nil || d.DrawnMinor > min(inv.OpenMinor, l.FreeMinor()) || kind == arrangement.KindSecurity && !last && d.DrawnMinor != 0 {
			rt.Fatalf("proposed %+v, %v", d, err)
		}
	})
}
