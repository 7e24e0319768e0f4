package pages

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
)

// shareTerms are a third by settlement and 40 percent at trial, of what is left after costs.
func shareTerms() arrangement.Terms {
	return arrangement.Terms{Kind: arrangement.KindContingency, Currency: "USD", Contingency: &arrangement.Contingency{NetCosts: true, Shares: []arrangement.StageShare{{Stage: arrangement.StageSettlement, Share: 333_333}, {Stage: arrangement.StageTrial, Share: 400_000}}}}
}

func recoveryStory(s story) contingent.Detail {
	confirmed := s.at(3, 9, 0)
	d := contingent.Detail{Recovery: contingent.Recovery{ID: id[ident.RecoveryID](1), Matter: id[ident.MatterID](1), MatterNumber: "00417-0032", MatterName: "Carrier liability, Savannah fire", Number: 1, Currency: "USD", Versions: []contingent.Version{
		{Version: 1, Stage: arrangement.StageTrial, Minor: 12_000_000, ReceivedOn: nov(2), Source: "The defendant's insurer, by wire", RecordedByName: "Ines Carvalho", RecordedAt: s.at(2, 9, 0), ConfirmedByName: "Rosalind Vane", ConfirmedAt: &confirmed},
		{Version: 2, Stage: arrangement.StageSettlement, Minor: 12_500_000, ReceivedOn: nov(2), Source: "The defendant's insurer, by wire", Reason: "interest came with it", RecordedByName: "Ines Carvalho", RecordedAt: s.at(4, 9, 0)},
	}}, Costs: []contingent.Cost{{Entry: id[ident.EntryID](1), On: oct(5), Code: "E118", Minor: 380_000, Invoice: "HV-20948"}, {Entry: id[ident.EntryID](2), On: nov(1), Code: "E115", Minor: 61_250}}, CostsMinor: 441_250}
	closing, _ := shareTerms().Contingency.Close(arrangement.Recovery{Stage: "settlement", GrossMinor: 12_500_000, CostsMinor: 441_250}, money.HalfUp)
	d.Expected = &closing
	return d
}

func closingStory() prebill.ClosingView {
	return prebill.ClosingView{Prebill: prebill.Prebill{ID: id[ident.PrebillID](1), Number: 1190, MatterID: id[ident.MatterID](1), Currency: "USD", Status: prebill.StatusInReview}, MatterNumber: "00417-0032", MatterName: "Carrier liability, Savannah fire", ClientName: "Pelham Freight Lines",
		Closing: &prebill.Closing{Recovery: id[ident.RecoveryID](1), Number: 1, Version: 2, Stage: arrangement.StageSettlement, ReceivedOn: "2026-11-02", Source: "The defendant's insurer, by wire", SignedOn: "2026-01-05", NetOfCosts: true, Share: 333_333, GrossMinor: 12_500_000, BaseMinor: 12_058_750,
			AgreedMinor: 4_019_579, FeeMinor: 3_617_621, HeldMinor: 361_762, HeldUntil: "the appeal is decided", CostsMinor: 441_250, ClientMinor: 8_441_129,
			Costs: []prebill.ClosingCost{{Entry: id[ident.EntryID](1), On: "2026-10-05", Code: "E118", Minor: 380_000, Prebill: id[ident.PrebillID](2), Invoice: "HV-20948"}, {Entry: id[ident.EntryID](2), On: "2026-11-01", Code: "E115", Minor: 61_250}}}}
}

func contingentFixtures(t testing.TB, s story) []fixture {
	t.Helper()
	f := s.house(t, "arrangements")
	c := f.Chrome
	page := func(name string, v PlainView) fixture {
		c.Title = v.Head.Title
		return fixture{name: name, page: Plain(c, v)}
	}
	m := matter.Matter{ID: id[ident.MatterID](1), Number: "00417-0032", Name: "Carrier liability, Savannah fire", Currency: "USD"}
	at := id[ident.ArrangementID](1)
	v := arrangement.Version{ID: at, Place: arrangement.Place{Matter: m.ID}, Number: 1, From: oct(1), Terms: shareTerms(), AgreedByWho: "Noor Haddad", AgreedAt: s.at(1, 9, 0)}
	signed := v
	signed.Terms = shareTerms()
	signed.Terms.Contingency.SignedOn = oct(2)
	gone := s.at(2, 10, 0)
	writings := []contingent.Writing{{ID: id[ident.WritingID](2), Arrangement: at, SignedOn: oct(2), Name: "engagement.pdf", SHA256: strings.Repeat("a", 64), AddedBy: "Rosalind Vane", AddedAt: s.at(3, 9, 0)},
		{ID: id[ident.WritingID](1), Arrangement: at, SignedOn: oct(1), Name: "other client.pdf", SHA256: strings.Repeat("b", 64), AddedBy: "Noor Haddad", AddedAt: s.at(2, 9, 0), RemovedBy: "Noor Haddad", RemovedAt: &gone, Reason: "of another client"}}
	later := contingent.ErrInvalid.On(fault.Field{Path: "signed_on", Code: "date_far", Message: "enter the day on which the client signed, today or before"})
	form := formOfTerms(shareTerms())
	d := recoveryStory(s)
	none := contingent.ErrInvalid.On(fault.Field{Path: "amount", Code: "amount_positive", Message: "enter what came in, above zero"})
	bill := s.prebill()
	bill.Parts = partsOf(f, prebill.View{Prebill: prebill.Prebill{ID: id[ident.PrebillID](1), MatterID: m.ID, Version: 4, Currency: "USD", Status: prebill.StatusDraft}, Closing: closingStory().Closing, Parts: []prebill.Part{
		{Version: v, Lines: 6, WorkedMinor: 812_300, FeesMinor: 3_617_621, Unsigned: true, Prices: []prebill.PriceState{{Code: "RECOVERY-1", Gross: 12_500_000, Minor: 4_019_579, Here: true, By: "Ines Carvalho", At: &gone}, {Code: "RECOVERY-2", Gross: 900_000, Minor: 300_000, Why: "it waits for somebody else of the firm to confirm it"}}}}})
	return []fixture{
		{name: "prebill-contingent", page: Prebill(s.partner("Pre-bill PB-1190", "prebills"), bill)},
		page("arrangement-unsigned", arrangementView(f, m.Number+" "+m.Name+" (matter)", v, nil, nil, "In force", arrangementTyped{signedOn: "2027-01-01", writing: true}, later)),
		page("arrangement-signed", arrangementView(f, m.Number+" "+m.Name+" (matter)", signed, nil, writings, "In force", arrangementTyped{}, nil)),
		page("arrangement-contingent", arrangementFormView(f.FirmID, nil, form, new(shareTerms()), nil)),
		page("recoveries", recoveriesView(f, m, []contingent.Recovery{d.Recovery}, map[string]string{"stage": "trial", "amount": "0", "received_on": "2026-11-02", "source": "The insurer"}, none)),
		page("recoveries-none", recoveriesView(f, m, nil, map[string]string{}, nil)),
		page("recovery", recoveredView(f, d, map[string]string{}, nil)),
		page("recovery-refused", recoveredView(f, d, map[string]string{"stage": "trial", "amount": "0", "received_on": "2026-11-02", "source": "The insurer", "reason": "it was less"}, none)),
		page("closing", closingView(f, closingStory())),
		page("closing-none", closingView(f, prebill.ClosingView{Prebill: closingStory().Prebill, MatterNumber: "00417-0032", MatterName: "Carrier liability, Savannah fire", ClientName: "Pelham Freight Lines"})),
	}
}

// TestSharesOfARecoveryAreTyped reads the form, and writes back what it read.
func TestSharesOfARecoveryAreTyped(t *testing.T) {
	t.Parallel()
	form := formOfTerms(shareTerms())
	if form["share_settlement"] != "33.3333" || form["share_of"] != "net" || form["share_appeal"] != "" {
		t.Errorf("form %v", form)
	}
	terms, err := form.terms()
	if err != nil || terms.Validate() != nil || len(terms.Contingency.Shares) != 2 || terms.Contingency.Shares[1].Share != 400_000 || !terms.Contingency.NetCosts {
		t.Errorf("%+v, %v", terms.Contingency, err)
	}
	form["share_trial"] = "forty"
	if _, err := form.terms(); err == nil || !strings.Contains(err.Error(), "arrangement") {
		t.Errorf("a share in words: %v", err)
	}
	words := strings.Join(arrangementWords(shareTerms()), ". ")
	for _, want := range []string{"A contingent fee, a share of what is left of it after costs: 33.3333% by settlement, 40% at trial", "It waits for its signed writing"} {
		if !strings.Contains(words, want) {
			t.Errorf("%q has no %q", words, want)
		}
	}
	if v := closingStory().Closing; !v.Adds() {
		t.Errorf("the story's statement does not add up: %+v", v)
	}
}

// TestARefusedConfirmationIsSaid: not beside the form that withdraws, and also where the page has
// no form any more.
func TestARefusedConfirmationIsSaid(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	f := s.house(t, "arrangements")
	d := recoveryStory(s)
	billed := d
	billed.Billed = true
	for name, v := range map[string]PlainView{"own": recoveredView(f, d, map[string]string{}, contingent.ErrOwn), "billed": recoveredView(f, billed, map[string]string{"reason": "it was less"}, contingent.ErrBilled)} {
		if v.Sections[0].Text == "" {
			t.Errorf("%s: nothing says why", name)
		}
		for _, x := range v.Sections {
			if x.Form != nil && x.Form.Problem != "" {
				t.Errorf("%s: the form %s says %q", name, x.Form.ID, x.Form.Problem)
			}
		}
	}
	v := recoveredView(f, d, map[string]string{"reason": "it was less"}, contingent.ErrStale)
	if last := v.Sections[len(v.Sections)-1].Form; v.Sections[0].Text != "" || last == nil || last.Problem == "" {
		t.Errorf("a withdrawal that was refused: %q, %+v", v.Sections[0].Text, last)
	}
}

// TestWhatWasPaidInFullIsNotWithheld: a payor that paid all, the tax it might have withheld too, has
// nothing to pay, and no certificate is waited for.
func TestWhatWasPaidInFullIsNotWithheld(t *testing.T) {
	t.Parallel()
	usd := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }
	if got := (SheetView{Open: usd(0), Waits: usd(15_000)}).toPay(); got != usd(0) {
		t.Errorf("%v is to be paid, want nothing", got)
	}
	for open, settles := range map[int64]bool{0: false, 14_999: false, 15_000: true} {
		if text, got := withheldState(invoice.Invoice{Currency: "USD", TotalMinor: 100_000, OpenMinor: open, WithheldOpenMinor: 15_000}); got != settles || strings.Contains(text, "stays open") != settles {
			t.Errorf("%d open: %q, %t", open, text, got)
		}
	}
}

// TestAPayorIsNotAskedForWhatItWithholds: the door says what is to be paid to the firm, and after
// that which certificate is to come.
func TestAPayorIsNotAskedForWhatItWithholds(t *testing.T) {
	t.Parallel()
	usd := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }
	for name, c := range map[string]struct {
		open, waits int64
		want        string
	}{
		"nothing withheld": {100_000, 0, "$1,000.00 open"}, "unpaid": {100_000, 15_000, "$850.00 open"}, "paid": {15_000, 15_000, "Nothing is left to pay to us"},
		"paid in full": {0, 15_000, "Nothing is left to pay"}, "certified": {0, 0, "Nothing is left to pay"},
	} {
		v := PayorInvoiceView{Open: usd(c.open), Sheet: SheetView{Open: usd(c.open), Waits: usd(c.waits)}}
		if got := v.about(); got[0] != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
