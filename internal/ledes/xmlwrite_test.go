package ledes_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/money"
)

// taxedInvoice has what only XML holds: two taxes on a line, one on the other.
func taxedInvoice() ledes.Invoice {
	inv := invoice()
	inv.Currency, inv.DueOn, inv.Terms, inv.FinalBill = "CAD", on(30).AddDate(0, 0, 30), "30 days net", true
	inv.Firm.Country, inv.Client.Country = "CAN", "CAN"
	inv.Billing = ledes.Contact{LastName: "Lind", FirstName: "Per", Phone: "+1 514 555 0100", Email: "billing@okafor.example"}
	inv.Managing = ledes.Contact{LastName: "Ökáfor", FirstName: "Ngozi", ID: "T01"}
	inv.FirmTaxID = "R123456789"
	for i := range inv.Items {
		it := &inv.Items[i]
		it.Description = strings.Join(strings.Fields(it.Description), " ")
		it.TaxType, it.TaxRate = "GST", 50_000
		it.TaxMinor, _ = it.TaxRate.Of(it.NetMinor, money.HalfUp)
		qst := ledes.Tax{Type: "QST", Rate: 99_750, OnTax: i%2 == 0}
		base := it.NetMinor
		if qst.OnTax {
			base += it.TaxMinor
		}
		qst.Minor, _ = qst.Rate.Of(base, money.HalfUp)
		it.MoreTaxes = []ledes.Tax{qst}
	}
	return inv
}

func TestWriteXML21Golden(t *testing.T) {
	t.Parallel()
	second := invoice()
	second.Number, second.Client.Name, second.ClientID = "26-10042", "Dale & Sons", "DALE"
	var b bytes.Buffer
	changes, err := ledes.WriteXML21(&b, []ledes.Invoice{taxedInvoice(), second}, ledes.Profile{})
	if err != nil || len(changes) != 0 {
		t.Fatalf("%v %+v", err, changes)
	}
	golden(t, "write_xml21", b.Bytes())
	r, err := ledes.Read(bytes.NewReader(b.Bytes()), ledes.Options{})
	if err != nil || len(r.Findings) != 0 || len(r.Bills) != 2 {
		t.Fatalf("read back: %v %+v", err, r)
	}
	if !reflect.DeepEqual(r.Bills[0], taxedInvoice()) {
		t.Errorf("read back %+v", r.Bills[0])
	}
}

func TestXMLWriterRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*ledes.Invoice)
		field string
	}{
		"no lines":              {func(i *ledes.Invoice) { i.Items = nil }, ""},
		"no matter name":        {func(i *ledes.Invoice) { i.MatterName = "" }, "matter_name"},
		"no client name":        {func(i *ledes.Invoice) { i.Client.Name = "" }, "cl_name"},
		"no narrative":          {func(i *ledes.Invoice) { i.Items[0].Description = " " }, "charge_desc"},
		"half a name":           {func(i *ledes.Invoice) { i.Items[0].Timekeeper.FirstName = "" }, "tk_lname"},
		"a name without an id":  {func(i *ledes.Invoice) { i.Items[0].Timekeeper.ID = "" }, "tk_id"},
		"tax is not the rate":   {func(i *ledes.Invoice) { i.Items[0].TaxMinor++ }, "tax_rate_percent"},
		"tax without a type":    {func(i *ledes.Invoice) { i.Items[0].TaxType = "" }, "tax_type"},
		"no country of the tax": {func(i *ledes.Invoice) { i.Firm.Country = "" }, "taxing_jurisdiction_country"},
		"a heading":             {func(i *ledes.Invoice) { i.Items[0].Task = "L300" }, "task_code"},
		"a task on an expense":  {func(i *ledes.Invoice) { i.Items[3].Task = "L350" }, "task_code"},
		"an adjusting partner":  {func(i *ledes.Invoice) { i.Items[4].Timekeeper = i.Items[0].Timekeeper }, "tk_level"},
		"a fee by nobody":       {func(i *ledes.Invoice) { i.Items[0].Timekeeper.Class = "ADJSMT" }, "tk_level"},
		"too much money":        {func(i *ledes.Invoice) { i.Items[0].NetMinor, i.Items[1].NetMinor = 1<<62, 1<<62 }, "-"},
	} {
		inv := taxedInvoice()
		c.spoil(&inv)
		var b bytes.Buffer
		_, err := ledes.WriteXML21(&b, []ledes.Invoice{inv}, ledes.Profile{})
		if b.Len() > 0 || err == nil {
			t.Errorf("%s: %v, %d bytes written", name, err, b.Len())
		}
		var f *fault.Error
		if c.field == "-" {
			continue
		}
		if !errors.As(err, &f) || !errors.Is(err, ledes.ErrWrite) || (c.field != "" && (len(f.Fields) == 0 || f.Fields[0].Path != c.field || f.Fields[0].Line < 3)) {
			t.Errorf("%s: %v %+v", name, err, f)
		}
	}
	profile := ledes.Profile{XMLNamespace: "urn:receiver", CountryAlpha2: true}
	var b bytes.Buffer
	if _, err := ledes.WriteXML21(&b, []ledes.Invoice{invoice()}, profile); err != nil || !strings.Contains(b.String(), `xmlns="urn:receiver"`) || !strings.Contains(b.String(), "<country>GB<") {
		t.Errorf("a receiver's profile: %v\n%s", err, b.String())
	}
}

// TestXMLWrittenParsesBackEqual is the round trip: what is written of an invoice is
// what is read, in each currency, with any text and several taxes on a line.
func TestXMLWrittenParsesBackEqual(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var invoices []ledes.Invoice
		for n := range rapid.IntRange(1, 3).Draw(t, "invoices") {
			inv := drawInvoice(t)
			inv.Number = string(rune('A' + n))
			invoices = append(invoices, inv)
		}
		var b bytes.Buffer
		changes, err := ledes.WriteXML21(&b, invoices, ledes.Profile{})
		if err != nil || len(changes) > 0 {
			t.Fatalf("write: %v %+v", err, changes)
		}
		judged, err := ledes.Validate(bytes.NewReader(b.Bytes()), ledes.Options{}, 0)
		if err != nil || len(judged.Findings) > 0 || len(judged.Invoices) != len(invoices) {
			t.Fatalf("judged: %v %+v\n%s", err, judged, b.String())
		}
		r, err := ledes.Read(bytes.NewReader(b.Bytes()), ledes.Options{})
		if err != nil || len(r.Findings) > 0 {
			t.Fatalf("read: %v %+v\n%s", err, r.Findings, b.String())
		}
		if !reflect.DeepEqual(r.Bills, invoices) {
			t.Fatalf("read back\n%+v\nwritten\n%+v\n%s", r.Bills, invoices, b.String())
		}
	})
}

func drawInvoice(t *rapid.T) ledes.Invoice {
	inv := taxedInvoice()
	inv.Currency = money.Currency(rapid.SampledFrom([]string{"USD", "JPY", "KWD"}).Draw(t, "currency"))
	inv.Description, inv.Terms, inv.Client.Region = drawText(t, 0), drawText(t, 0), drawText(t, 0)
	inv.MatterName, inv.Firm.Name = drawText(t, 1), drawText(t, 1)
	inv.ThirdParty, inv.FinalBill = rapid.Bool().Draw(t, "third"), rapid.Bool().Draw(t, "final")
	if rapid.Bool().Draw(t, "no due date") {
		inv.DueOn = time.Time{}
	}
	var fees, expenses, adjusting []ledes.Item
	for range rapid.IntRange(1, 8).Draw(t, "lines") {
		it := drawItem(t, inv.Currency, false)
		it.Description = drawText(t, 1)
		for i := range rapid.IntRange(0, 3).Draw(t, "taxes") {
			drawTax(t, &it, i)
		}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			it.Type, it.Expense, it.Task, it.Activity, it.Timekeeper = ledes.Expense, "E101", "", "", ledes.Timekeeper{}
			expenses = append(expenses, it)
		case 1:
			adjusting = append(adjusting, ledes.Item{Type: ledes.FeeAdjust, On: it.On, NetMinor: -it.NetMinor, Description: it.Description})
		default:
			it.Flat = rapid.Bool().Draw(t, "flat")
			it.NetMinor, _ = money.Line(it.Units, it.UnitCost, inv.Currency, money.HalfUp)
			it.TaxType, it.TaxRate, it.TaxMinor, it.MoreTaxes = "", 0, 0, nil
			fees = append(fees, it)
		}
	}
	inv.Items = append(append(fees, expenses...), adjusting...)
	for _, it := range inv.Items {
		if it.TaxType != "" {
			inv.FirmTaxID = "R123456789"
			return inv
		}
	}
	inv.FirmTaxID = "" // no tax names it
	return inv
}

// drawTax adds the i-th tax to a line.
func drawTax(t *rapid.T, it *ledes.Item, i int) {
	rate := money.Fraction(rapid.SampledFrom([]int64{0, 50_000, 72_516, 200_000}).Draw(t, "rate"))
	kind := rapid.SampledFrom([]string{"VAT", "GST", "<QST>"}).Draw(t, "type")
	if i == 0 {
		it.TaxType, it.TaxRate = kind, rate
		it.TaxMinor, _ = rate.Of(it.NetMinor, money.HalfUp)
		return
	}
	tax := ledes.Tax{Type: kind, Rate: rate, OnTax: rapid.Bool().Draw(t, "on tax")}
	base := it.NetMinor
	if tax.OnTax {
		before := it.TaxMinor
		if n := len(it.MoreTaxes); n > 0 {
			before = it.MoreTaxes[n-1].Minor
		}
		base += before
	}
	tax.Minor, _ = rate.Of(base, money.HalfUp)
	it.MoreTaxes = append(it.MoreTaxes, tax)
}

// drawText is any text that a reader can see, without runs of blanks.
func drawText(t *rapid.T, least int) string {
	s := rapid.StringOfN(rapid.RuneFrom(nil, unicode.L, unicode.N, unicode.P, unicode.S, unicode.Zs), least, 30, -1).Draw(t, "text")
	s = strings.Join(strings.Fields(strings.ReplaceAll(s, "\ufffd", "")), " ")
	if s == "" && least > 0 {
		return "x"
	}
	return s
}
