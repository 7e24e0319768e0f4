package pages

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/prebill"
)

// pelhamTerms are a blended rate under a cap, with both discounts.
func pelhamTerms() arrangement.Terms {
	return arrangement.Terms{
		Kind: arrangement.KindBlended, Currency: "USD", Blended: &arrangement.Blended{Rate: rateOf(420), OthersRate: rateOf(180)},
		Cap:      &arrangement.Cap{Per: arrangement.PerPhase, Limits: []arrangement.Price{{Code: "L300", AmountMinor: 250_000}, {AmountMinor: 4_000_000}}},
		Volume:   &arrangement.Volume{Tiers: []arrangement.Tier{{FromMinor: 10_000_000, Rate: 50_000}, {FromMinor: 25_000_000, Rate: 75_000}}, Retroactive: true},
		Discount: &arrangement.Discount{Rate: 25_000, ByLine: true},
	}
}

func fixedTerms() arrangement.Terms {
	return arrangement.Terms{Kind: arrangement.KindFixed, Currency: "USD", Fixed: &arrangement.Fixed{Per: arrangement.PerPhase, Shadow: true, Prices: []arrangement.Price{{Code: "L300", AmountMinor: 600_000}, {Code: "L400", AmountMinor: 950_000}}}}
}

func subscriptionTerms() arrangement.Terms {
	return arrangement.Terms{Kind: arrangement.KindSubscription, Currency: "USD", Subscription: &arrangement.Subscription{Per: arrangement.PerMonth, AmountMinor: 450_000, Hours: 120_000, Tasks: []string{"C100", "C300"}, BeyondHourly: true}}
}

func collarTerms() arrangement.Terms {
	return arrangement.Terms{Kind: arrangement.KindCollar, Currency: "USD", Collar: &arrangement.Collar{TargetMinor: 8_000_000, Band: 100_000, Client: 500_000}, Success: &arrangement.Success{AmountMinor: 500_000, Uplift: 50_000, Limit: 100_000}}
}

func listTerms() arrangement.Terms {
	return arrangement.Terms{Kind: arrangement.KindTasks, Currency: "USD", Tasks: &arrangement.Tasks{OthersHourly: true, Prices: []arrangement.UnitPrice{{Code: "L330", Price: 12_505_000}, {Code: "FILING", Price: 9_500_000}}}}
}

// heldTerms hold a tenth back, beside a discount on prompt payment.
func heldTerms() arrangement.Terms {
	return arrangement.Terms{Kind: arrangement.KindHourly, Currency: "USD", Discount: &arrangement.Discount{Rate: 20_000, PromptDays: 10}, Holdback: &arrangement.Holdback{Share: 100_000, Condition: "the appeal is decided"}}
}

func heldStory(matter ident.MatterID, s story) prebill.Held {
	return prebill.Held{Matter: matter, MatterNumber: "00417-0032", MatterName: "Carrier liability, Savannah fire", Currency: "USD",
		Bills:     []prebill.HeldBill{{Prebill: id[ident.PrebillID](1), Name: "PB-1101", Invoice: "HV-20948", Condition: "the appeal is decided", Minor: 81_230, Counts: true}, {Prebill: id[ident.PrebillID](2), Name: "PB-1187", Condition: "the appeal is decided", Minor: 51_230}},
		Released:  []prebill.HeldBill{{Prebill: id[ident.PrebillID](2), Name: "PB-1187", Minor: 20_000}},
		Acts:      []prebill.HeldAct{{Kind: prebill.HeldRelease, Minor: 20_000, Reason: "the first ground was upheld", By: "Rosalind Vane", At: s.at(2, 9, 0)}, {Kind: prebill.HeldForgo, Minor: 10_000, Reason: "the third ground was lost", By: "Rosalind Vane", At: s.at(3, 9, 0)}},
		HeldMinor: 81_230, ReleasedMinor: 20_000, ForgoneMinor: 10_000, LeftMinor: 51_230}
}

func arrangementFixtures(t testing.TB, s story) []fixture {
	t.Helper()
	f := s.house(t, "arrangements")
	matter, client := id[ident.MatterID](1), id[ident.ClientID](1)
	ended := nov(1)
	list := arrangement.Versions{
		{ID: id[ident.ArrangementID](1), Place: arrangement.Place{Client: client}, Number: 1, From: oct(1), Until: &ended, Terms: arrangement.Terms{Kind: arrangement.KindHourly, Currency: "USD"}, AgreedByWho: "Noor Haddad", AgreedAt: s.at(1, 9, 0)},
		{ID: id[ident.ArrangementID](3), Place: arrangement.Place{Matter: matter}, Number: 2, From: nov(1), Terms: pelhamTerms(), AgreedByWho: "Noor Haddad", AgreedAt: s.at(2, 9, 0)},
		{ID: id[ident.ArrangementID](2), Place: arrangement.Place{Matter: matter}, Number: 1, From: oct(1), Terms: fixedTerms(), AgreedByWho: "Noor Haddad", AgreedAt: s.at(1, 9, 0)},
	}
	names := masterNames{matters: map[ident.MatterID]string{matter: "00417-0032 Carrier liability, Savannah fire"}, clients: map[ident.ClientID]string{client: "Pelham Freight Lines"}}
	late := arrangement.ErrTerms.On(fault.Field{Path: "until", Code: "dates_order", Message: "choose a day after 1 Nov 2026, or withdraw the version"})
	terms := pelhamTerms()
	form := formOfTerms(terms)
	form["place"], form["from"], form["cap_limits"] = "matter:m", "2026-11-01", "L300 = two thousand"
	_, refused := form.terms()
	c := f.Chrome
	page := func(name string, v PlainView) fixture {
		c.Title = v.Head.Title
		return fixture{name: name, page: Plain(c, v)}
	}
	arranged := s.prebill()
	arranged.Flow.HasArranged, arranged.Flow.Arranged, arranged.Behind = true, usd(-32_000), true
	arranged.Parts = partsOf(f, storyParts(list))
	arranged.Beside = besideRows(f, prebill.View{Prebill: prebill.Prebill{Currency: "USD"}, Charges: []prebill.Charge{{Arrangement: list[2].ID, What: "fixed", Code: "L300", Minor: 600_000}, {Arrangement: list[1].ID, What: "volume discount", Minor: -32_000}}})
	behind := s.prebill()
	behind.Parts = partsOf(f, recurringParts(list))
	listed := s.prebill()
	listed.Parts = partsOf(f, listParts(list, s))
	listed.Beside = besideRows(f, prebill.View{Prebill: prebill.Prebill{Currency: "USD"}, Charges: []prebill.Charge{{Arrangement: list[2].ID, What: "task", Code: "L330", Quantity: 20_000, Rate: 12_505_000, Minor: 250_100}}})
	heldBack := s.prebill()
	heldBack.Parts = partsOf(f, prebill.View{Prebill: prebill.Prebill{ID: id[ident.PrebillID](1), MatterID: matter, Version: 4, Currency: "USD", Status: prebill.StatusInReview}, Prompt: prebill.Prompt{Days: 10, Minor: 8_900},
		Parts: []prebill.Part{{Version: arrangement.Version{ID: list[2].ID, From: oct(1), Terms: heldTerms()}, Lines: 4, WorkedMinor: 512_300, FeesMinor: 512_300, HeldMinor: 51_230}}})
	heldBack.Beside = besideRows(f, prebill.View{Prebill: prebill.Prebill{Currency: "USD"}, Charges: []prebill.Charge{{Arrangement: list[2].ID, What: "holdback", Note: "the appeal is decided", Minor: -51_230}}})
	return []fixture{
		{name: "prebill-held", page: Prebill(s.partner("Pre-bill PB-1187", "prebills"), heldBack)},
		page("arrangement-held", arrangementFormView(f.FirmID, nil, formOfTerms(heldTerms()), new(heldTerms()), nil)),
		page("held", heldView(f, heldStory(matter, s), prebill.HeldOrder{}, "", nil)),
		page("held-refused", heldView(f, heldStory(matter, s), prebill.HeldOrder{Kind: prebill.HeldForgo, Reason: "no"}, "900.00", prebill.ErrHeld.On(fault.Field{Path: "amount", Code: "held_too_much", Message: "there is 512.30 USD left", Fix: "Enter at most that"}))),
		page("held-nothing", heldView(f, prebill.Held{Matter: matter, MatterNumber: "00417-0032", MatterName: "Carrier liability", Currency: "USD"}, prebill.HeldOrder{}, "", nil)),
		{name: "prebill-units", page: Prebill(s.partner("Pre-bill PB-1186", "prebills"), listed)},
		page("arrangement-units", arrangementFormView(f.FirmID, nil, formOfTerms(listTerms()), new(listTerms()), nil)),
		{name: "prebill-recurring", page: Prebill(s.partner("Pre-bill PB-1185", "prebills"), behind)},
		page("arrangement-subscription", arrangementFormView(f.FirmID, nil, formOfTerms(subscriptionTerms()), new(subscriptionTerms()), nil)),
		page("arrangements", arrangementsView(f, names, list, arrangement.Place{}, nov(4))),
		page("arrangement", arrangementView(f, names.matters[matter]+" (matter)", list[1], nil, nil, "In force", arrangementTyped{until: "2026-11-01"}, late)),
		page("arrangement-form", arrangementFormView(f.FirmID, partial.Options("matter:m", "", "choose", "matter:m", "Matter 00417-0032 Carrier liability, Savannah fire"), form, &terms, refused)),
		page("arrangement-split", arrangementView(f, names.matters[matter]+" (matter)", arrangement.Version{ID: list[1].ID, Place: list[1].Place, Number: 3, From: nov(1), Terms: splitTerms(), AgreedByWho: "Noor Haddad", AgreedAt: s.at(3, 9, 0)}, splitPayors(), nil, "In force", arrangementTyped{}, nil)),
		page("arrangement-split-form", splitForm(f)),
		{name: "prebill-arranged", page: Prebill(s.partner("Pre-bill PB-1184", "prebills"), arranged)},
	}
}

// storyParts is a bill over a change of what is agreed: a price that is on it, one that
// was billed before, and the work by a blended rate.
func storyParts(list arrangement.Versions) prebill.View {
	return prebill.View{Prebill: prebill.Prebill{ID: id[ident.PrebillID](1), Version: 4, Currency: "USD", Status: prebill.StatusInReview}, Parts: []prebill.Part{
		{Version: list[2], Lines: 4, WorkedMinor: 512_300, FeesMinor: 600_000, OverMinor: 87_700, Prices: []prebill.PriceState{{Code: "L300", Minor: 600_000, Here: true}, {Code: "L400", Minor: 950_000, Billed: true}}},
		{Version: list[1], Lines: 7, WorkedMinor: 800_000, FeesMinor: 729_075, CreditMinor: 1_200, Warnings: []arrangement.Warning{{Code: "cap_exceeded", Message: "the cap of $2,500.00 is exceeded by $100.00"}}},
		{Lines: 1, WorkedMinor: 10_000, FeesMinor: 10_000},
	}}
}

// recurringParts is a bill by a subscription, with the settlement of a collar before it and
// the outcome of a success fee still open.
func recurringParts(list arrangement.Versions) prebill.View {
	by := func(v arrangement.Version, t arrangement.Terms) arrangement.Version { v.Terms = t; return v }
	var months []prebill.PriceState
	for _, m := range []string{"05", "06", "07", "08", "09"} {
		months = append(months, prebill.PriceState{Code: "2026-" + m, Minor: 450_000, Billed: true, Where: "invoice 2026-0" + m})
	}
	months = append(months, prebill.PriceState{Code: "2026-10", Minor: 450_000, Here: true}, prebill.PriceState{Code: "2026-11", Minor: 450_000})
	return prebill.View{Prebill: prebill.Prebill{ID: id[ident.PrebillID](1), Version: 4, Currency: "USD", Status: prebill.StatusInReview}, Parts: []prebill.Part{
		{Version: by(list[2], collarTerms()), WorkedMinor: 0, FeesMinor: -212_500, Prices: []prebill.PriceState{{Code: arrangement.CodeCollar, Minor: -212_500, Here: true}, {Code: arrangement.CodeSuccess, Minor: 912_000}}},
		{Version: by(list[1], subscriptionTerms()), Lines: 9, WorkedMinor: 612_000, FeesMinor: 480_000, Prices: months, Warnings: []arrangement.Warning{{Code: "period_unbilled", Message: "there is work of November 2026, and its fee is on no bill"}}},
	}}
}

// listParts is a bill by a price list: two units on it, one more to put, and time of a task
// that has no price.
func listParts(list arrangement.Versions, s story) prebill.View {
	v, at := list[2], s.at(2, 9, 0)
	v.Terms = listTerms()
	v.Terms.Tasks.OthersHourly = false
	return prebill.View{Prebill: prebill.Prebill{ID: id[ident.PrebillID](1), Version: 4, Currency: "USD", Status: prebill.StatusInReview}, Parts: []prebill.Part{
		{Version: v, Lines: 6, WorkedMinor: 412_300, FeesMinor: 250_100, Unpriced: 1, Prices: []prebill.PriceState{{Code: "L330", Unit: 12_505_000, Quantity: 20_000, Minor: 250_100, Here: true, By: "Ines Carvalho", At: &at}, {Code: "FILING", Unit: 9_500_000}},
			Warnings: []arrangement.Warning{{Code: "task_unpriced", Message: "time of 120.00 USD is of tasks that the price list does not have"}}},
	}}
}

// A bill shows the periods that may be put on it and the last that were billed, and counts
// the others.
func TestABillShowsTheLastPeriodsThatWereBilled(t *testing.T) {
	t.Parallel()
	shown, billed := recent(recurringParts(make(arrangement.Versions, 3)).Parts[1].Prices)
	if len(shown) != 4 || shown[0].Code != "2026-08" || billed != 3 {
		t.Errorf("%d billed before %+v", billed, shown)
	}
	if shown, billed = recent([]prebill.PriceState{{Code: "L300", Billed: true}, {Code: "", Billed: true}, {Code: "L400", Billed: true}}); len(shown) != 3 || billed != 0 {
		t.Errorf("of fixed prices %d are left out", billed)
	}
}

// What is agreed is the same after its form was opened and sent back.
func TestArrangementFormKeepsEverything(t *testing.T) {
	t.Parallel()
	yen := arrangement.Terms{Kind: arrangement.KindHourly, Currency: "JPY", Cap: &arrangement.Cap{Per: arrangement.PerYear, Soft: true, Limits: []arrangement.Price{{Code: "2026", AmountMinor: 9_000_000}}}, Discount: &arrangement.Discount{Rate: 123_400}}
	for name, terms := range map[string]arrangement.Terms{"blended": pelhamTerms(), "fixed": fixedTerms(), "yen": yen, "no charge": {Kind: arrangement.KindNoCharge, Currency: "EUR"},
		"price list": listTerms(), "security": {Kind: arrangement.KindSecurity, Currency: "USD"}, "evergreen": {Kind: arrangement.KindEvergreen, Currency: "USD", Evergreen: &arrangement.Evergreen{FloorMinor: 500_000, TargetMinor: 2_000_050}}, "holdback": heldTerms(), "prompt": {Kind: arrangement.KindHourly, Currency: "USD", Discount: &arrangement.Discount{Rate: 20_000, PromptDays: 10}}, "collar": collarTerms(), "subscription": subscriptionTerms(), "retainer": {Kind: arrangement.KindGeneral, Currency: "KWD", General: &arrangement.General{Per: arrangement.PerYear, AmountMinor: 1_234_567, HourlyWork: true}}} {
		view := arrangementFormView(firmOf("HVL").ID, nil, formOfTerms(terms), nil, nil)
		sent := filled(view.Sections[0].Form.Fields)
		form := arrangementForm{}
		for _, n := range arrangementFields {
			form[n] = strings.TrimSpace(strings.ReplaceAll(sent.Get(n), "\r\n", "\n")) // as httpd.Request does
		}
		got, err := form.terms()
		if err != nil || mustJSON(t, got) != mustJSON(t, terms) {
			t.Errorf("%s: %v\nbefore %s\nafter  %s", name, err, mustJSON(t, terms), mustJSON(t, got))
		}
	}
}

// TestSplitFormKeepsEverything reads the payors back by their names.
func TestSplitFormKeepsEverything(t *testing.T) {
	t.Parallel()
	terms := splitTerms()
	form := formOfTerms(terms)
	form["split"] = splitText(terms, splitPayors())
	got, err := form.terms()
	if err == nil {
		err = form.split(&got, splitPayors())
	}
	if err != nil || mustJSON(t, got) != mustJSON(t, terms) {
		t.Errorf("%v\nform %q\nbefore %s\nafter  %s", err, form["split"], mustJSON(t, terms), mustJSON(t, got))
	}
}

// Whatever is wrong is said at the box that it was typed in, also by the rules behind.
func TestArrangementFormSaysWhichField(t *testing.T) {
	t.Parallel()
	typed := func(pairs ...string) arrangementForm {
		form := arrangementForm{"place": "matter:" + string(id[ident.MatterID](1)), "from": "2026-11-01", "currency": "usd", "kind": "hourly"}
		for i := 0; i < len(pairs); i += 2 {
			form[pairs[i]] = pairs[i+1]
		}
		return form
	}
	if _, err := typed().read(nil); err != nil {
		t.Fatalf("a form that is right: %v", err)
	}
	for name, c := range map[string]struct {
		form  arrangementForm
		field string
		says  string
	}{
		"no place":              {typed("place", ""), "place", "choose a matter or a client"},
		"a payor":               {typed("place", "payor:"+string(id[ident.PayorID](1))), "place", "choose a matter or a client"},
		"no day":                {typed("from", "1 Nov"), "from", "enter the day"},
		"no currency":           {typed("currency", "dollars"), "currency", "three-letter"},
		"an amount in words":    {typed("kind", "fixed", "fixed_per", "matter", "fixed_prices", "six thousand"), "fixed_prices", "six thousand"},
		"no price":              {typed("kind", "fixed", "fixed_per", "matter"), "fixed_prices", ""},
		"a foreign price":       {typed("fixed_prices", "6000"), "fixed_prices", "no such terms"},
		"no rate":               {typed("kind", "blended"), "blended_rate", ""},
		"a rate in words":       {typed("kind", "blended", "blended_rate", "much"), "blended_rate", "enter a rate"},
		"a limit for none":      {typed("cap_limits", "50000"), "cap_per", ""},
		"a cap without":         {typed("cap_per", "matter"), "cap_limits", ""},
		"a tier alone":          {typed("volume_tiers", "100000"), "volume_tiers", "percentage"},
		"a share in words":      {typed("discount", "a tenth"), "discount", "percentage"},
		"no fee":                {typed("kind", "subscription", "fee_per", "month"), "fee_amount", ""},
		"no period":             {typed("kind", "retainer_general", "fee_amount", "100"), "fee_per", "month, quarter or year"},
		"a fee in words":        {typed("kind", "retainer_general", "fee_per", "month", "fee_amount", "much"), "fee_amount", "much"},
		"hours of availability": {typed("kind", "retainer_general", "fee_per", "month", "fee_amount", "100", "fee_hours", "3"), "fee_hours", "only a subscription"},
		"a fee of no kind":      {typed("fee_amount", "100"), "fee_amount", "choose the subscription"},
		"hours in words":        {typed("kind", "subscription", "fee_per", "month", "fee_amount", "100", "fee_hours", "ten"), "fee_hours", "ten"},
		"no target":             {typed("kind", "collar", "collar_band", "10", "collar_client", "50"), "collar_target", "above zero"},
		"a wide band":           {typed("kind", "collar", "collar_target", "100", "collar_band", "120", "collar_client", "50"), "collar_band", "from 0 to 100"},
		"an uplift in words":    {typed("success_uplift", "a tenth"), "success_uplift", "percentage"},
		"a limit alone":         {typed("success_limit", "10"), "success_amount", ""},
		"a list without prices": {typed("kind", "task_based"), "unit_prices", ""},
		"a unit in words":       {typed("kind", "task_based", "unit_prices", "L330 = much"), "unit_prices", "much"},
		"a list of no kind":     {typed("unit_prices", "L330 = 10"), "unit_prices", "no such terms"},
		"held until nothing":    {typed("holdback", "10"), "holdback_until", "what must happen"},
		"nothing held":          {typed("holdback_until", "the end"), "holdback", "above 0"},
		"prompt without days":   {typed("discount", "2", "discount_on", "prompt"), "discount_days", "how many days"},
		"prompt for too long":   {typed("discount", "2", "discount_on", "prompt", "discount_days", "400"), "discount_days", "365"},
		"days of no discount":   {typed("discount", "2", "discount_days", "10"), "discount_days", "paid promptly"},
		"a payor of nobody":     {typed("split", "Lloyd = 100"), "split", "no payor of this client"},
		"two of one name":       {typed("split", "harbor mutual insurance = 50\nSame Name = 50"), "split", "two payors"},
		"a share as a word":     {typed("split", "Harbor Mutual Insurance = half"), "split", "no percentage"},
		"shares of less":        {typed("split", "Harbor Mutual Insurance = 60; expenses 100\nPelham Freight Lines, Inc. = 30; expenses 0"), "split", "90.0000"},
		"a word that is none":   {typed("split", "Harbor Mutual Insurance = 100; max 5"), "split", "not understood"},
		"a limit in words":      {typed("split", "Harbor Mutual Insurance = 100; at most much"), "split", "no limit"},
		"more than all":         {typed("discount", "120"), "discount", ""},
	} {
		n, err := c.form.read(splitPayors())
		if err == nil {
			err = n.Terms.Validate()
		}
		faults := arrangementFaults(err)
		if text := faults.On(c.field); len(faults) != 1 || text == "" || !strings.Contains(strings.ToLower(text), c.says) {
			t.Errorf("%s: %+v", name, faults)
		}
	}
}

func mustJSON(t *testing.T, terms arrangement.Terms) string {
	t.Helper()
	b, err := json.Marshal(terms)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
