package pages

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/reprice"
)

// rateNames are the matter, client, group and timekeeper of the pages below.
func rateNames() masterNames {
	n := masterNames{
		matters:     map[ident.MatterID]string{id[ident.MatterID](1): "00417-0032 Carrier liability, Savannah fire"},
		clients:     map[ident.ClientID]string{id[ident.ClientID](1): "Pelham Freight Lines"},
		groups:      map[ident.GroupID]string{id[ident.GroupID](1): "Pelham companies"},
		timekeepers: map[ident.TimekeeperID]string{id[ident.TimekeeperID](1): "Rosalind Vane"},
	}
	n.order.matters = []string{string(id[ident.MatterID](1)), "00417-0032 Carrier liability, Savannah fire"}
	n.order.groups = []string{string(id[ident.GroupID](1)), "Pelham companies"}
	n.order.offices, n.order.practices = []string{"Savannah", "Savannah"}, []string{"Litigation", "Litigation"}
	return n
}

// rateList has one rate of each level.
func rateList() []rate.Rate {
	m, c, g, k := id[ident.MatterID](1), id[ident.ClientID](1), id[ident.GroupID](1), id[ident.TimekeeperID](1)
	list := []rate.Rate{
		{MatterID: m, TimekeeperID: k, Level: 2}, {MatterID: m, Task: "L110", Level: 3}, {MatterID: m, Activity: "A103", Level: 3}, {MatterID: m, Class: "ASSOC", Level: 4}, {MatterID: m, Level: 5},
		{ClientID: c, TimekeeperID: k, Level: 6}, {ClientID: c, Class: "ASSOC", Level: 7}, {GroupID: g, Class: "ASSOC", Level: 8}, {Office: "Savannah", Class: "ASSOC", Level: 9},
		{Practice: "Litigation", Class: "ASSOC", Level: 9}, {TimekeeperID: k, Level: 10}, {Class: "ASSOC", Level: 11},
	}
	for i := range list {
		list[i].ID, list[i].Rate, list[i].Currency, list[i].From = id[ident.RateID](i+1), rateOf(int64(300+5*i)), "USD", oct(1)
	}
	ended := nov(1)
	list[11].Until = &ended
	return list
}

// exchangeList is a day of a pair that was corrected.
func exchangeList() []exchange.Rate {
	pair := exchange.Pair{From: "EUR", To: "USD"}
	return []exchange.Rate{{ID: id[ident.ExchangeID](3), Pair: pair, On: oct(2), N: 1, Rate: 108_500_000, Source: "ECB reference rates", Version: 3, ByName: "Maya Lindgren", At: oct(3), Latest: true},
		{ID: id[ident.ExchangeID](2), Pair: pair, On: oct(1), N: 2, Rate: 108_460_000, Source: "ECB reference rates", Version: 2, ByName: "Maya Lindgren", At: oct(2), Latest: true},
		{ID: id[ident.ExchangeID](1), Pair: pair, On: oct(1), N: 1, Rate: 108_450_000, Source: "ECB reference rates", Version: 1, ByName: "Maya Lindgren", At: oct(2)}}
}

func exchangeFileOf() *capture.ExchangeResult {
	pair := exchange.Pair{From: "EUR", To: "USD"}
	return &capture.ExchangeResult{Format: "csv", Read: 3, Corrections: 1, Refused: 1, Ignored: []string{"bank"}, Rates: []exchange.New{{Pair: pair, On: oct(1), Rate: 108_450_000}, {Pair: pair, On: oct(2), Rate: 108_500_000}},
		Faults: []capture.Fault{{Line: 4, Column: "rate", Severity: capture.Refused, Code: "FLD-04", Value: "10.84500000", Message: "10.84500000 is more than 1.2 times the 1.08500000 of 2026-10-02", Fix: "correct the rate, or confirm rates that are far from the one before"}}}
}

// convertedOf explains a rate that came out of euros, and would by another exchange rate now.
func convertedOf(list []rate.Rate) capture.WhyRate {
	w := whyOf(list, false)
	w.Converted = exchange.Conversion{ID: id[ident.ExchangeID](1), From: "EUR", Price: rateOf(281), Rate: 108_450_000, On: "2026-10-01", Version: 1}
	now := *w.Now
	now.Rate, now.Conversion = rateOf(306), w.Converted
	now.Conversion.Rate = 108_900_000
	w.Now = &now
	return w
}

// TestWhyThisRateTellsHowItWasConverted: by what it was, and by what it would be now.
func TestWhyThisRateTellsHowItWasConverted(t *testing.T) {
	t.Parallel()
	f, n := newStory(t).house(t, "rates"), rateNames()
	s := whyRate(f, n, convertedOf(rateList()))
	for _, want := range []string{"EUR 281.00 at 1.08450000 of 1 October 2026, version 1 of the exchange rates, which is $305.00", "By now it is EUR 281.00 at 1.08900000 of 1 October 2026."} {
		if !strings.Contains(s.Text, want) {
			t.Errorf("%q is not in %q", want, s.Text)
		}
	}
	w := convertedOf(rateList())
	w.Now, w.Unpriced = nil, "there is no exchange rate EUR to USD on 2026-10-05 or within 31 days before it; enter one for that day"
	if s := whyRate(f, n, w); !strings.Contains(s.Text, w.Unpriced) {
		t.Error(s.Text)
	}
}

func rateFixtures(t testing.TB, s story) []fixture {
	t.Helper()
	f, n, list := s.house(t, "rates"), rateNames(), rateList()
	page := func(name, active string, v PlainView) fixture {
		c := f.Chrome
		c.Active, c.Title = active, v.Head.Title
		return fixture{name: name, page: Plain(c, v)}
	}
	missing := rate.ErrInvalid.On(fault.Field{Path: "class", Code: "rate_title_only", Message: "enter the title: a rate of a group of clients, an office or a practice group is by title"})
	typed := map[string]string{"client_group_id": string(id[ident.GroupID](1)), "rate": "310.00", "from": "2026-11-01"}
	until := oct(20)
	group := matter.Group{ID: id[ident.GroupID](1), Name: "Pelham companies", Version: 2, Members: []matter.Member{
		{ID: id[ident.MemberID](1), ClientID: id[ident.ClientID](2), ClientName: "Pelham Cold Storage", ClientNumber: "00420", From: oct(1), Until: &until},
		{ID: id[ident.MemberID](2), ClientID: id[ident.ClientID](1), ClientName: "Pelham Freight Lines", ClientNumber: "00417", From: oct(1)}}}
	clients := []matter.Client{{ID: id[ident.ClientID](1), Number: "00417", Name: "Pelham Freight Lines"}, {ID: id[ident.ClientID](2), Number: "00420", Name: "Pelham Cold Storage"}}
	wrong := typedForm{map[string][]string{"from": {""}}, "/firms/" + string(f.FirmID) + "/client-groups/" + string(group.ID) + "/members", matter.ErrInvalid.On(fault.Field{Path: "from", Code: "date_missing", Message: "enter the first day in the group"})}
	entry := PlainView{Sections: []Section{whyRate(f, n, whyOf(list, false))}}
	entry.Head.Title = "Time of Rosalind Vane, 5 Oct 2026"
	return []fixture{
		page("rates", "rates", ratesView(f, n, list)), page("rate", "rates", rateView(f, n, list[1], "", rate.ErrEnded.With("enter a day after 2026-10-01, the rate's first, and before its end"))), page("rates-form", "rates", rateFormView(f.FirmID, n, "USD", func(name string) string { return typed[name] }, missing)),
		page("client-groups", "clients", groupsView(f, []matter.Group{group}, oct(10))), page("client-groups-none", "clients", groupsView(f, nil, oct(10))),
		page("client-group", "clients", groupView(f, group, clients, wrong)), page("client-group-new", "clients", groupView(f, matter.Group{}, clients, typedForm{})),
		page("entry-rate", "entries", entry),
		page("rate-card", "rates", rateCardView(f, n, nil, "", "", nil)), page("rate-card-tried", "rates", rateCardView(f, n, rateCardOf(list), "", "yes", nil)),
		page("rate-card-refused", "rates", rateCardView(f, n, rateCardOf(list), "Elite", "", capture.ErrRates.With("1 of 13 rows is wrong, so no rate of the file is entered"))),
		page("rate-card-unreadable", "rates", rateCardView(f, n, nil, "", "", capture.ErrFile.With("this is a PDF document").On(fault.Field{Path: "file", Line: 1, Code: "FIL-01", Message: "this is a PDF document", Fix: "send the table that it was made from, as XLSX or CSV UTF-8"}))),
		page("repricings", "rates", repricingsView(f, n, []reprice.Run{repricingOf(false).Run, repricingOf(true).Run}, partial.Pager{Shown: "2 rows shown"})), page("repricings-none", "rates", repricingsView(f, n, nil, partial.Pager{})),
		page("repricing-form", "rates", repricingFormView(f.FirmID, n, url.Values{"matter_ids": {string(id[ident.MatterID](1))}, "from": {"2026-10-31"}, "until": {"2026-10-01"}}, reprice.ErrInvalid.On(fault.Field{Path: "until", Code: "dates_order", Message: "the last day is before the first"}))),
		page("repricing-preview", "rates", repricingPage(f, n, false, nil)), page("repricing-done", "rates", repricingPage(f, n, true, nil)),
		page("repricing-moved", "rates", repricingPage(f, n, false, reprice.ErrMoved.With("1 entry is not as it was previewed; preview again and decide on that").On(fault.Field{Path: string(id[ident.EntryID](1)), Code: "entry_moved", Message: "the work of 2026-10-05 has another price by now"}))),
		page("exchanges", "rates", exchangesView(f, exchange.Filter{From: "EUR"}, exchangeList(), partial.Pager{Shown: "2 rows shown"})), page("exchanges-none", "rates", exchangesView(f, exchange.Filter{}, nil, partial.Pager{})),
		page("exchange", "rates", exchangeView(f, exchangeList()[1:])), page("exchange-form", "rates", exchangeFormView(f, func(string) string { return "" }, exchange.ErrFar.On(fault.Field{Path: "rate", Code: "exchange_far", Message: "10.84500000 is more than 1.2 times the 1.08450000 of 2026-10-01"}))),
		page("exchange-settings", "rates", exchangeSettingsView(f, n, []exchange.Setting{{Basis: exchange.WorkDate, By: "Maya Lindgren", At: oct(2), N: 1}, {Client: id[ident.ClientID](1), Basis: exchange.None, Reason: "Agreed in euros", By: "Maya Lindgren", At: oct(3), N: 2}}, func(string) string { return "" }, nil)), page("exchange-settings-none", "rates", exchangeSettingsView(f, n, nil, func(string) string { return "" }, nil)),
		page("exchange-file", "rates", exchangeFileView(f, nil, func(string) string { return "" }, nil)), page("exchange-file-tried", "rates", exchangeFileView(f, exchangeFileOf(), func(string) string { return "yes" }, nil)),
		page("exchange-file-refused", "rates", exchangeFileView(f, exchangeFileOf(), func(string) string { return "" }, capture.ErrExchanges.With("1 of 3 rows is wrong, so no exchange rate of the file is entered"))),
		page("entry-rate-converted", "entries", PlainView{Head: layout.Head{Title: "Time of Rosalind Vane, 5 Oct 2026"}, Sections: []Section{whyRate(f, n, convertedOf(list))}}),
		page("repricing-reason", "rates", repricingPage(f, n, false, reprice.ErrInvalid.On(fault.Field{Path: "reason", Code: "reason_missing", Message: "say in 3 to 500 characters why the work is repriced"}))),
	}
}

// rateCardOf is a file of the rates with one row that is wrong.
func rateCardOf(list []rate.Rate) *capture.RateResult {
	return &capture.RateResult{Format: "csv", Read: len(list) + 1, Rates: list, Refused: 1, Ignored: []string{"Approved by"},
		Faults: []capture.Fault{{Line: 14, Column: "from", Severity: capture.Refused, Code: "DUP-01", Value: "2026-10-01", Message: "the rate of line 3 already says 305.00 USD for this matter and task, from 2026-10-01", Fix: "end that one first, or choose other days"}}}
}

// repricingOf is a run with a line repriced and one left of each kind.
func repricingOf(done bool) reprice.Detail {
	sum := func(lines, before, after int64) reprice.Sum {
		return reprice.Sum{Currency: "USD", Lines: lines, Before: before, After: after}
	}
	d := reprice.Detail{Mine: true, Run: reprice.Run{ID: id[ident.Repricing](1), Status: reprice.Previewed, Hash: strings.Repeat("a", 64), Examined: 41, Card: 14, ByName: "Wen Adeyemi", At: oct(20),
		Selection: reprice.Selection{Matters: []ident.MatterID{id[ident.MatterID](1)}, Timekeepers: []ident.TimekeeperID{id[ident.TimekeeperID](1)}, From: "2026-10-01", Given: true}},
		Sums: map[reprice.Why][]reprice.Sum{}}
	for i, w := range reprice.Whys() {
		d.Sums[w] = []reprice.Sum{sum(int64(i+1), 120_000, 105_000)}
	}
	d.ByLevel = []reprice.LevelSum{{Level: 5, Sum: sum(1, 120_000, 105_000)}}
	d.ByMatter = []reprice.MatterSum{{Matter: id[ident.MatterID](1), Sum: sum(1, 120_000, 105_000)}}
	if done {
		at := oct(21)
		d.Status, d.Reason, d.DoneAt = reprice.Done, "The client's new terms", &at
	}
	return d
}

func repricingPage(f frame, n masterNames, done bool, failed error) PlainView {
	before := capture.Price{Rate: rateOf(400), Standard: rateOf(400), Source: "the timekeeper's standard rate", Level: 10, RateID: id[ident.RateID](11), Card: 11, Minor: 80_000, Currency: "USD"}
	after := capture.Price{Rate: rateOf(350), Standard: rateOf(400), Source: "this matter's flat rate", Level: 5, RateID: id[ident.RateID](5), Card: 14, Minor: 70_000, Currency: "USD"}
	var list []reprice.Line
	for i, w := range reprice.Whys() {
		l := reprice.Line{Seq: i + 1, Entry: id[ident.EntryID](i + 1), Matter: id[ident.MatterID](1), Timekeeper: id[ident.TimekeeperID](1), On: oct(5 + i), Hours: 20_000, Why: w, Before: before, After: after}
		switch w {
		case reprice.Changed:
			l.Billed = reprice.Billed{Was: 60_000, Will: 52_500} // an hour and a half of it
		case reprice.NoRate:
			l.After = capture.Price{}
		case reprice.OtherMoney:
			l.After.Currency = "EUR"
		case reprice.WithPartner:
			l.Bill, l.BillNumber = id[ident.PrebillID](1), 1184
		default:
		}
		list = append(list, l)
	}
	return repricingRunView(f, n, repricingOf(done), reprice.Filter{}, repricingLines(f, n, list), partial.Pager{Shown: "6 rows shown"}, "", failed)
}

// TestARunsFiguresOpenTheirLines: each total is a link to its lines, what is left says why,
// and the act is there only while there is something to do and nothing moved.
func TestARunsFiguresOpenTheirLines(t *testing.T) {
	t.Parallel()
	f, n := newStory(t).house(t, "rates"), rateNames()
	form := func(v PlainView) (there bool) {
		for _, s := range v.Sections {
			there = there || s.Form != nil
		}
		return there
	}
	v := repricingPage(f, n, false, nil)
	if !form(v) || form(repricingPage(f, n, true, nil)) || form(repricingPage(f, n, false, reprice.ErrMoved)) {
		t.Error("the act stands where it should not, or is missing")
	}
	for _, s := range v.Sections {
		if s.ID == "lines" {
			cells := s.Table.Rows[0].Cells
			if !strings.Contains(cells[4].Sub, "bills $600.00") || !strings.Contains(cells[5].Sub, "bills $525.00") || strings.Contains(s.Table.Rows[1].Cells[4].Sub, "bills") {
				t.Errorf("what a line bills: %+v", cells)
			}
		}
		if s.ID != "totals" {
			continue
		}
		if len(s.Table.Rows) != len(reprice.Whys())+2 {
			t.Errorf("%d totals", len(s.Table.Rows))
		}
		for _, r := range s.Table.Rows {
			if !strings.Contains(r.Cells[0].Href, "lines=") {
				t.Errorf("%s opens %q", r.Cells[0].Text, r.Cells[0].Href)
			}
		}
	}
	q := readFilters(url.Values{"lines": {"given"}, "level": {"5"}, "matter": {string(id[ident.MatterID](1))}})
	got, err := repricingFilter(q)
	if want := (reprice.Filter{ByWhy: true, Why: reprice.Given, Level: 5, Matter: id[ident.MatterID](1)}); err != nil || got != want || len(q.wrong) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	q = readFilters(url.Values{"lines": {"all"}, "level": {"1"}})
	if got, err := repricingFilter(q); err != nil || got != (reprice.Filter{}) || len(q.wrong) != 2 {
		t.Errorf("%+v, %+v, %v", got, q.wrong, err)
	}
}

// whyOf explains an entry that was priced by the task; moved: at another rate than stands.
func whyOf(list []rate.Rate, moved bool) capture.WhyRate {
	card := rate.NewCard(rate.Register{Rates: list[1:], Members: []matter.Member{{GroupID: id[ident.GroupID](1), ClientID: id[ident.ClientID](1), From: oct(1)}}, Offices: map[ident.TimekeeperID]string{id[ident.TimekeeperID](1): "Savannah"}, Version: 14})
	q := rate.Question{Matter: id[ident.MatterID](1), Client: id[ident.ClientID](1), Practice: "Litigation", Timekeeper: id[ident.TimekeeperID](1), Class: "ASSOC", Task: "L110", Activity: "A103", Currency: "USD", On: oct(5)}
	now, err := card.Resolve(q)
	if err != nil {
		panic(err)
	}
	w := capture.WhyRate{Source: now.Source, Rate: now.Rate, Standard: now.Standard, Level: now.Level, ID: now.ID, Version: now.Version, Today: now.Version, Currency: "USD", Now: &now, Steps: card.Explain(q)}
	if moved {
		w.Rate, w.Version = rateOf(295), 11
	}
	return w
}

func TestWhyThisRateTellsWhatMoved(t *testing.T) {
	t.Parallel()
	f0, n, list := newStory(t).house(t, "rates"), rateNames(), rateList()
	used := func(s Section) (level, word string) {
		for _, r := range s.Table.Rows {
			if w := r.Cells[4].Text; w != "" && w != "Not needed" {
				return r.Cells[0].Text, w
			}
		}
		return "", ""
	}
	if level, word := used(whyRate(f0, n, whyOf(list, false))); level != "3" || word != "Used" {
		t.Errorf("as it stands: level %s %q", level, word)
	}
	moved := whyRate(f0, n, whyOf(list, true))
	if level, word := used(moved); level != "3" || word != "Would be used now" || !strings.Contains(moved.Text, "$305.00") || !strings.Contains(moved.Text, "$295.00") {
		t.Errorf("moved: level %s %q: %s", level, word, moved.Text)
	}
	if f := moved.Facts; f[0].Value != "Level 3, this matter and task" || f[0].Href == "" || f[3].Value != "version 11; it is version 14 today" {
		t.Errorf("moved: %+v", f)
	}
	priced := whyOf(list, false)
	priced.Prices = []capture.Former{{Price: capture.Price{Rate: rateOf(295), Source: "this matter and title", Minor: 59_000, Currency: "USD"}, At: time.Date(2026, 10, 6, 2, 0, 0, 0, time.UTC)},
		{Seq: 1, Price: capture.Price{Rate: rateOf(305), Source: "this matter and task", Minor: 61_000, Currency: "USD"}, At: oct(20), By: id[ident.Repricing](1)}}
	if f := whyRate(f0, n, priced).Facts; len(f) != 6 || f[4].Value != "$590.00, $295.00 by this matter and title, 5 Oct 2026" || f[4].Href != "" || f[5].Name != "Repriced" || f[5].Href == "" {
		t.Errorf("what it cost: %+v", f)
	}
	unkept := whyOf(list, false)
	unkept.Level, unkept.ID, unkept.Version = 0, "", 0
	if f := whyRate(f0, n, unkept).Facts; f[0].Href != "" || !strings.HasPrefix(f[3].Value, "not kept") {
		t.Errorf("before versions were kept: %+v", f)
	}
	given := whyOf(list, true)
	given.Source = rate.LevelLine.String()
	if level, word := used(whyRate(f0, n, given)); level != "1" || word != "Used" {
		t.Errorf("given with the entry: level %s %q", level, word)
	}
}

// TestEachRateNamesItsPlace: no two levels read alike on the page.
func TestEachRateNamesItsPlace(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, x := range rateList() {
		what, who := rateNames().rateFor(x)
		if what == "" || who == "" || seen[what+who] {
			t.Errorf("%+v reads %q, %q", x, what, who)
		}
		seen[what+who] = true
	}
}
