package capture_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// tables lets the house convert at the exchange rate of the work date.
func (h *house) tables() *exchange.Service {
	h.t.Helper()
	policy, err := rbac.New()
	if err != nil {
		h.t.Fatal(err)
	}
	x := exchange.NewService(h.DB(), authz.NewGuard(h.DB(), policy))
	if err := x.Set(h.As(h.t, rbac.RoleFirmAdmin), exchange.Setting{Basis: exchange.WorkDate}); err != nil {
		h.t.Fatal(err)
	}
	return x
}

func (h *house) exchange(x *exchange.Service, from money.Currency, day string, e8 money.Exchange) exchange.Rate {
	h.t.Helper()
	r, err := x.Enter(h.As(h.t, rbac.RoleFirmAdmin), exchange.New{Pair: exchange.Pair{From: from, To: "USD"}, On: testkit.Day(day), Rate: e8, Source: "ECB reference rates", Confirmed: true})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// inEuros gives the matter a flat rate of 400.00 euros.
func (h *house) inEuros() {
	h.t.Helper()
	policy, err := rbac.New()
	if err != nil {
		h.t.Fatal(err)
	}
	_, err = rate.New(h.DB(), authz.NewGuard(h.DB(), policy)).Add(h.As(h.t, rbac.RoleFirmAdmin), rate.Rate{MatterID: h.matter.ID, Rate: 4_000_000, Currency: "EUR", From: testkit.Day("2026-01-01")})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) cost(id, day, quantity, unit, currency, amount string) capture.Upload {
	return capture.Upload{Name: "costs.csv", Data: []byte("id,date,matter,narrative,expense_code,quantity,unit_cost,currency,amount\n" +
		strings.Join([]string{id, day, h.matter.Number, "Courier to the court", "E107", quantity, unit, currency, amount}, ",") + "\n")}
}

// TestWorkIsConvertedByTheTablesOfItsDay: the entry keeps what it was converted from and by, and
// the sum of its line is of the converted rate, rounded once.
func TestWorkIsConvertedByTheTablesOfItsDay(t *testing.T) {
	h := newHouse(t)
	h.inEuros()
	h.load(h.row("1", "2026-02-03", "1.5", "Draft the answer to the complaint"))
	if e := h.entries(capture.Filter{})[0]; e.Rate != 4_000_000 || e.RateLevel != rate.LevelTimekeeper || e.Converted.Is() {
		t.Fatalf("before there are tables: %+v", e)
	}
	x := h.tables()
	r, err := h.svc.Import(h.who, upload(h.row("2", "2026-02-03", "1.5", "Draft the reply to the answer")))
	if err != nil || r.Landed != 0 || told(r.Faults) != "2 rate RAT-02" || !strings.Contains(r.Faults[0].Message, "no exchange rate EUR to USD on 2026-02-03") {
		t.Fatalf("without an exchange rate: %+v, %v", r.Faults, err)
	}
	by := h.exchange(x, "EUR", "2026-01-30", 108_455_555)
	h.load(h.row("2", "2026-02-03", "1.5", "Draft the reply to the answer"))
	var e capture.Entry
	for _, e = range h.entries(capture.Filter{}) {
		if e.ExternalID == "2" {
			break
		}
	}
	want := exchange.Conversion{ID: by.ID, From: "EUR", Price: 4_000_000, Rate: 108_455_555, On: "2026-01-30", Version: 1}
	if e.Rate != 4_338_222 || e.Standard != 4_000_000 || e.AmountMinor != 65_073 || e.RateLevel != rate.LevelMatter || e.Converted != want {
		t.Fatalf("%+v", e)
	}
	why, err := h.svc.WhyRate(h.who, e.ID)
	if err != nil || why.Converted != want || why.Moved() {
		t.Errorf("%+v, %v", why, err)
	}
	h.exchange(x, "EUR", "2026-01-30", 108_500_000)
	if why, err = h.svc.WhyRate(h.who, e.ID); err != nil || !why.Moved() || why.Now.Rate != 4_340_000 || why.Now.Conversion.Version != 2 || why.Rate != 4_338_222 {
		t.Errorf("after a correction: %+v, %v", why, err)
	}
	if r := h.load(h.row("2", "2026-02-03", "1.5", "Draft the reply to the answer")); r.Repeated != 1 || r.Landed != 0 {
		t.Errorf("the same row again: %+v", r)
	}
}

// TestACostKeepsWhatWasPaid: it stands in the matter's currency by its day's exchange rate beside
// what was paid; the same row again is the same after a correction of the table; a total that the
// file states is of what was paid.
func TestACostKeepsWhatWasPaid(t *testing.T) {
	h := newHouse(t)
	eur := h.cost("c1", "2026-02-03", "1", "120.00", "EUR", "120.00")
	if r, err := h.svc.Import(h.who, eur); err != nil || told(r.Faults) != "2 currency FLD-08" {
		t.Fatalf("while nothing is converted: %+v, %v", r.Faults, err)
	}
	x := h.tables()
	if r, err := h.svc.Import(h.who, eur); err != nil || told(r.Faults) != "2 currency FLD-08" || !strings.Contains(r.Faults[0].Message, "EUR to USD on 2026-02-03") {
		t.Fatalf("without an exchange rate: %+v, %v", r.Faults, err)
	}
	h.exchange(x, "EUR", "2026-02-03", 108_450_000)
	if r, err := h.svc.Import(h.who, h.cost("c0", "2026-02-03", "1", "120.00", "EUR", "130.14")); err != nil || told(r.Faults) != "2 amount ARI-01" {
		t.Errorf("a total in the other currency: %+v, %v", r.Faults, err)
	}
	if r, err := h.svc.Import(h.who, eur); err != nil || r.Landed != 1 || r.Totals[0].Minor != 13_014 || r.Totals[0].Currency != "USD" {
		t.Fatalf("%+v, %v", r, err)
	}
	e := h.entries(capture.Filter{})[0]
	if e.Kind != guideline.Expense || e.UnitCost != 1_301_400 || e.AmountMinor != 13_014 || e.Currency != "USD" || e.Converted.From != "EUR" || e.Converted.Price != 1_200_000 {
		t.Fatalf("%+v", e)
	}
	if o := e.Original(money.HalfUp); o.Minor != 12_000 || o.Currency != "EUR" {
		t.Errorf("%+v", o)
	}
	h.exchange(x, "EUR", "2026-02-03", 109_000_000)
	again := h.cost("c1", "2026-02-03", "1", "120.00", "EUR", "")
	if r, err := h.svc.Import(h.who, again); err != nil || r.Repeated != 1 || r.Landed != 0 {
		t.Errorf("again: %+v, %v", r, err)
	}
	h.exchange(x, "JPY", "2026-02-03", 650_000)
	if r, err := h.svc.Import(h.who, h.cost("c2", "2026-02-03", "3", "1500", "JPY", "4500")); err != nil || r.Landed != 1 || r.Totals[0].Minor != 2_925 {
		t.Errorf("yen: %+v, %v", r, err)
	}
	h.exchange(x, "KWD", "2026-02-03", 325_000_000)
	if r, err := h.svc.Import(h.who, h.cost("c3", "2026-02-03", "1", "12.345", "KWD", "12.345")); err != nil || r.Landed != 1 || r.Totals[0].Minor != 4_012 {
		t.Errorf("dinars: %+v, %v", r, err)
	}
	time := strings.Replace(h.row("t1", "2026-02-03", "1.0", "Draft the answer to the complaint"), ",USD\n", ",EUR\n", 1)
	if r, err := h.svc.Import(h.who, upload(time)); err != nil || told(r.Faults) != "2 currency FLD-08" {
		t.Errorf("time that names another currency: %+v, %v", r.Faults, err)
	}
}

const exchangeHeader = "day,from,to,rate\n"

func exchangeFile(rows ...string) capture.ExchangeFile {
	return capture.ExchangeFile{Source: "ECB reference rates", Data: []byte(exchangeHeader + strings.Join(rows, "\n") + "\n")}
}

// TestATableOfExchangeRatesIsEnteredWhole: dry and then for good, as one version; the same again
// changes nothing, and another rate of a day corrects it.
func TestATableOfExchangeRatesIsEnteredWhole(t *testing.T) {
	h := newHouse(t)
	admin := h.As(t, rbac.RoleFirmAdmin)
	rows := func() int64 {
		return h.Count(t, `SELECT count(*) FROM exchange_rate WHERE firm_id = ?`, h.ID)
	}
	file := exchangeFile("2026-02-04,eur,USD,1.0855", "2026-02-03,EUR,USD,1.08450001", "2026-02-03,USD,JPY,150.12")
	r, err := h.svc.TryExchanges(admin, file)
	if err != nil || !r.DryRun || r.Read != 3 || len(r.Rates) != 3 || rows() != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err = h.svc.ImportExchanges(admin, file); err != nil || rows() != 3 || r.Rates[1].Rate != 108_450_001 || r.Rates[0].From != "EUR" {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err = h.svc.ImportExchanges(admin, file); err != nil || r.Repeated != 3 || len(r.Rates) != 0 || rows() != 3 {
		t.Errorf("again: %+v, %v", r, err)
	}
	if r, err = h.svc.ImportExchanges(admin, exchangeFile("2026-02-03,EUR,USD,1.0846", "2026-02-03,USD,JPY,150.12")); err != nil || r.Corrections != 1 || r.Repeated != 1 {
		t.Errorf("a correction: %+v, %v", r, err)
	}
	if got := h.Text(t, `SELECT string_agg(n || '/' || table_version, ' ' ORDER BY table_version, n) FROM exchange_rate WHERE firm_id = ? AND from_currency = 'EUR' AND on_day = '2026-02-03'`, h.ID); got != "1/1 2/2" {
		t.Error(got)
	}
	if n := h.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'exchange.imported'`, h.ID); n != 2 {
		t.Errorf("%d leaves", n)
	}
}

// TestATableIsRefusedByLineAndColumn: one row that is wrong keeps all out; what is far from the
// row before it is taken when it is confirmed.
func TestATableIsRefusedByLineAndColumn(t *testing.T) {
	h := newHouse(t)
	admin := h.As(t, rbac.RoleFirmAdmin)
	good := "2026-02-03,EUR,USD,1.0845"
	for row, want := range map[string]string{
		"2026-02-04,EUX,USD,1.0845":      "3 from FLD-08",
		"2026-02-04,EUR,EUR,1.0845":      "3 to FLD-08",
		"04/02/2026,EUR,USD,1.0845":      "3 day FLD-01",
		"2099-01-01,EUR,USD,1.0845":      "3 day FLD-08",
		",EUR,USD,1.0845":                "3 day FLD-03",
		"2026-02-04,EUR,USD,":            "3 rate FLD-03",
		"2026-02-04,EUR,USD,1.084500001": "3 rate FLD-02",
		"2026-02-04,EUR,USD,0":           "3 rate FLD-08",
		"2026-02-04,EUR,USD,-1":          "3 rate FLD-08",
		"2026-02-04,EUR,USD,10.845":      "3 rate FLD-04",
		"2026-02-03,EUR,USD,1.0846":      "3 day DUP-01",
		"2026-02-04,EUR,USD":             "3  FIL-03",
		"2026-13-04,E,USD,x":             "3 from FLD-08; 3 day FLD-01; 3 rate FLD-02",
	} {
		r, err := h.svc.ImportExchanges(admin, exchangeFile(good, row))
		var f *fault.Error
		if !errors.Is(err, capture.ErrExchanges) || told(r.Faults) != want || r.Refused != 1 || !errors.As(err, &f) || f.Fields[0].Fix == "" {
			t.Errorf("%s: %s, %v", row, told(r.Faults), err)
		}
	}
	if _, err := h.svc.ImportExchanges(admin, capture.ExchangeFile{Data: []byte(exchangeHeader + good + "\n")}); !errors.Is(err, capture.ErrExchanges) {
		t.Errorf("without a source: %v", err)
	}
	if n := h.Count(t, `SELECT count(*) FROM exchange_rate WHERE firm_id = ?`, h.ID); n != 0 {
		t.Fatalf("%d rows", n)
	}
	file := exchangeFile("2026-02-04,EUR,USD,10.845", good)
	file.Confirmed = true
	if r, err := h.svc.ImportExchanges(admin, file); err != nil || len(r.Rates) != 2 {
		t.Errorf("confirmed: %+v, %v", r, err)
	}
	if _, err := h.svc.TryExchanges(h.who, file); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a specialist: %v", err)
	}
}

// TestATotalOfConvertedTimeIsOfItsMatter: time is stated in the currency of its matter, whatever
// its rate was converted from; so is the total that its file states.
func TestATotalOfConvertedTimeIsOfItsMatter(t *testing.T) {
	h := newHouse(t)
	h.inEuros()
	h.exchange(h.tables(), "EUR", "2026-01-30", 108_455_555)
	row := func(amount string) capture.Upload {
		return capture.Upload{Name: "time.csv", Data: []byte("id,date,matter,timekeeper,hours,narrative,task_code,activity_code,currency,amount\n" +
			strings.Join([]string{"t1", "2026-02-03", h.matter.Number, "RV", "1.5", "Draft the reply to the answer", "L350", "A103", "USD", amount}, ",") + "\n")}
	}
	if r, err := h.svc.Import(h.who, row("600.00")); err != nil || told(r.Faults) != "2 amount ARI-01" {
		t.Errorf("a total in the currency of the rate: %+v, %v", r.Faults, err)
	}
	if r, err := h.svc.Import(h.who, row("650.73")); err != nil || r.Landed != 1 || r.Totals[0].Minor != 65_073 {
		t.Fatalf("a total in the matter's currency: %+v, %v", r.Faults, err)
	}
	if o := h.entries(capture.Filter{})[0].Original(money.HalfUp); o.Minor != 65_073 || o.Currency != "USD" {
		t.Errorf("%+v", o)
	}
}
