package pages

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/transfer"
	"github.com/docketry/docketry/rbac"
)

func transferFixtures(t testing.TB, s story) []fixture {
	t.Helper()
	f, n := s.house(t, "entries"), transferNames()
	page := func(name string, v PlainView) fixture { return fixture{name: name, page: Plain(f.Chrome, v)} }
	choice := transferStory(n)
	chosen := choice
	chosen.preview = nil
	taken := transferOf()
	at := oct(21)
	taken.BackAt, taken.BackByName, taken.BackReason = &at, "Rosalind Vane", "It was right before"
	elsewhere := capture.ErrElsewhere.With("the time of 5 Oct 2026 has no USD rate").On(fault.Field{Path: string(id[ident.EntryID](1)), Code: "entry_elsewhere", Message: "the time of 5 Oct 2026 has no USD rate on 00420-0001; enter one that covers the day first"})
	return []fixture{
		page("transfers", transfersView(f, n, []transfer.Transfer{transferOf().Transfer, taken.Transfer}, partial.Pager{Shown: "2 rows shown"})), page("transfers-none", transfersView(f, n, nil, partial.Pager{})),
		page("transfer-matter", transferFormView(f, n, transferChoice{}, nil)), page("transfer-form", transferFormView(f, n, chosen, nil)), page("transfer-preview", transferFormView(f, n, choice, nil)),
		page("transfer-refused", transferFormView(f, n, chosen, elsewhere)),
		page("transfer-reason", transferFormView(f, n, choice, transfer.ErrInvalid.On(fault.Field{Path: "reason", Code: "reason_missing", Message: "say in 3 to 500 characters why the work belongs there"}))),
		page("transfer", transferView(f, n, transferOf(), "", nil)), page("transfer-back", transferView(f, n, taken, "", nil)),
		page("transfer-moved-on", transferView(f, n, transferOf(), "It was right before", transfer.ErrMovedOn.On(fault.Field{Path: string(id[ident.EntryID](2)), Code: "entry_billed", Message: "the work of 5 Oct 2026 is invoiced there; credit the invoice to be billed again first"}))),
	}
}

// transferNames knows two matters.
func transferNames() masterNames {
	n := rateNames()
	n.matters[id[ident.MatterID](2)] = "00420-0001 Cold storage lease"
	n.order.matters = append(n.order.matters, string(id[ident.MatterID](2)), n.matters[id[ident.MatterID](2)])
	return n
}

// transferStory is a choice of two of three entries, previewed.
func transferStory(n masterNames) transferChoice {
	c := transferChoice{from: ident.MatterID(n.order.matters[0]), to: ident.MatterID(n.order.matters[2]), more: true}
	for i := range 3 {
		c.entries = append(c.entries, capture.Entry{ID: id[ident.EntryID](i + 1), Kind: "time", MatterID: c.from, TimekeeperID: id[ident.TimekeeperID](1), WorkedOn: oct(5 + i), Hours: 15_000, Rate: rateOf(400), AmountMinor: 60_000, Currency: "USD",
			Narrative: "Draft reply brief on the motion to dismiss", Status: capture.StatusOpen})
	}
	c.ticked = []ident.EntryID{id[ident.EntryID](1), id[ident.EntryID](2)}
	p := transfer.Preview{From: c.from, To: c.to, Hash: strings.Repeat("a", 64)}
	for i := range 2 {
		p.Lines = append(p.Lines, transferLine(i))
	}
	p.Lines[1].Bill, p.Lines[1].BillNumber, p.Lines[1].Cut = id[ident.PrebillID](1), 1184, 1
	c.preview = &p
	return c
}

func transferLine(i int) transfer.Line {
	return transfer.Line{Entry: id[ident.EntryID](i + 1), Kind: "time", Timekeeper: id[ident.TimekeeperID](1), On: oct(5 + i), Units: 15_000, Before: money.Amount{Minor: 60_000, Currency: "USD"}, After: money.Amount{Minor: 75_000, Currency: "USD"},
		Rate: capture.Price{Rate: rateOf(500), Source: "this matter's flat rate", Level: 5, Minor: 75_000, Currency: "USD"}}
}

func transferOf() transfer.Detail {
	l := transferLine(0)
	l.Made, l.Rate = id[ident.EntryID](2), capture.Price{}
	return transfer.Detail{Lines: []transfer.Line{l}, Transfer: transfer.Transfer{ID: id[ident.TransferID](1), From: id[ident.MatterID](1), To: id[ident.MatterID](2), Entries: 1, Reason: "Recorded on the wrong case", ByName: "Daniel Osei", At: oct(20)}}
}

// TestATransferIsOfferedOnlyWithWhatItComesTo: the act carries the hash and the work of the
// preview, is not there without one, and nobody is offered a way back who may not take it.
func TestATransferIsOfferedOnlyWithWhatItComesTo(t *testing.T) {
	t.Parallel()
	f, n := newStory(t).house(t, "entries"), transferNames()
	form := func(v PlainView) *partial.Form {
		i := slices.IndexFunc(v.Sections, func(s Section) bool { return s.Form != nil })
		if i < 0 {
			return nil
		}
		return v.Sections[i].Form
	}
	c := transferStory(n)
	act := form(transferFormView(f, n, c, nil))
	if act == nil || act.Kept.Get("hash") != c.preview.Hash || len(act.Kept["entry"]) != 2 {
		t.Errorf("the act is %+v", act)
	}
	c.preview = nil
	if form(transferFormView(f, n, c, nil)) != nil {
		t.Error("an act without a preview")
	}
	if f.May(rbac.EntryTransfer) == (form(transferView(f, n, transferOf(), "", nil)) == nil) {
		t.Error("the way back is not offered to who may take it")
	}
}

// TestF03_NoMoreWorkIsLookedUpThanATransferTakes: an address that names thousands of entries
// is refused before the first is read.
func TestF03_NoMoreWorkIsLookedUpThanATransferTakes(t *testing.T) {
	t.Parallel()
	c := transferChoice{ticked: make([]ident.EntryID, transfer.MaxEntries)}
	if err := c.fits(); err != nil {
		t.Errorf("as many as it takes: %v", err)
	}
	c.ticked = append(c.ticked, id[ident.EntryID](1))
	if err := c.fits(); !errors.Is(err, transfer.ErrInvalid) || !httpd.Correctable(err) {
		t.Errorf("one more: %v", err)
	}
}
