package ledes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/money"
)

// adjuster is the id and the class of a line of XML that adjusts the whole invoice
// (LEGAL-BILLING 2: lines without a person).
const adjuster = "ADJSMT"

// xmlUnheld are the values that the canonical invoice has no place for, by element.
// A number of zero, a full share and "no" say nothing.
var xmlUnheld = map[string]string{
	"firm":    "firm_URL extend_header",
	"client":  "extend_header",
	"invoice": "inv_other_iso rejected_inv_replacement extend_header",
	"matter": "matter_desc matter_perc_shar_fees matter_perc_shar_exp matter_disc_bill_pct_fees matter_disc_bill_pct_exp " +
		"extend_header",
	"matter_disc_cred": "discount_percent pre_post_split",
	"tax":              "tax_tiers",
	"lf_address":       "phone fax",
	"cl_address":       "phone fax",
}

// xmlBlocksUnheld are whole blocks of that kind.
var xmlBlocksUnheld = []string{"lf_remit_address", "client_contact"}

// xmlReader makes canonical invoices of the tree of a file.
type xmlReader struct {
	losses
	currency money.Currency // of an invoice that names none
	taxes    map[string]*xmlNode
	order    []string // of the taxes in the file, by id
	bills    int      // invoices in the file
	invoices []Invoice
	where    map[Tax]Registration // of the taxes of the invoice under way, by type and rate
}

// invoicesOf reads the invoices of a valid file.
func (r *xmlReader) invoicesOf(root *xmlNode) {
	r.taxes = map[string]*xmlNode{}
	root.walk(func(n *xmlNode) {
		if n.name == "tax" {
			id := n.value["tx_id"].text
			if r.taxes[id] == nil {
				r.order = append(r.order, id)
			}
			r.taxes[id] = n
		}
		if n.name == "invoice" {
			r.bills++
		}
		r.unheld(n)
	})
	for _, firm := range root.all("firm") {
		for _, client := range firm.all("client") {
			for _, invoice := range client.all("invoice") {
				r.invoice(firm, client, invoice)
			}
		}
	}
}

func (n *xmlNode) walk(visit func(*xmlNode)) {
	visit(n)
	for _, b := range n.blocks {
		b.walk(visit)
	}
}

func (n *xmlNode) all(name string) []*xmlNode {
	var out []*xmlNode
	for _, b := range n.blocks {
		if b.name == name {
			out = append(out, b)
		}
	}
	return out
}

// one is the first block of that name; an empty node where there is none.
func (n *xmlNode) one(name string) *xmlNode {
	for _, b := range n.blocks {
		if b.name == name {
			return b
		}
	}
	return &xmlNode{name: name, line: n.line}
}

func (n *xmlNode) says(field string) string { return n.value[field].text }

// day is a date that the scan has judged; zero when absent.
func (n *xmlNode) day(field string) time.Time {
	v := n.says(field)
	form := time.DateOnly
	if len(v) == len(compactDate) {
		form = compactDate // of LEDES 2000
	}
	t, err := time.Parse(form, v)
	if err != nil {
		return time.Time{}
	}
	return t
}

// unheld refuses what would be lost with the element.
func (r *xmlReader) unheld(n *xmlNode) {
	for _, field := range strings.Fields(xmlUnheld[n.name]) {
		v := n.says(field)
		number, err := money.ParseFixed4(v)
		if v == "N" || (err == nil && (number == 0 || (number == 10_000 && strings.HasPrefix(field, "matter_perc_shar")))) {
			continue
		}
		r.lose(n.at(field), field, v, "a canonical invoice has no place for "+field)
	}
	for _, name := range xmlBlocksUnheld {
		if b := n.one(name); len(b.value) > 0 {
			r.lose(b.line, name, b.anyText(), "a canonical invoice has no place for "+name)
		}
	}
}

// anyText is some text of the block, "" when all is blank.
func (n *xmlNode) anyText() string {
	for _, field := range n.kind.order {
		if v := n.says(field); v != "" {
			return v
		}
	}
	return ""
}

func (r *xmlReader) invoice(firm, client, n *xmlNode) {
	matters := n.all("matter")
	if len(matters) != 1 {
		r.refuse(n.line, "matter", n.says("inv_id"), fmt.Sprintf("the invoice has %d matters; a canonical invoice has one, as the flat formats group it", len(matters)), "send an invoice for each matter")
		return
	}
	m := matters[0]
	inv := Invoice{
		Number: n.says("inv_id"), Description: n.says("inv_desc"), Currency: money.Currency(n.says("inv_currency")), Terms: n.says("inv_payment_terms"),
		Date: n.day("inv_date"), DueOn: n.day("inv_due_date"), PeriodStart: n.day("inv_start_date"), PeriodEnd: n.day("inv_end_date"),
		ClientID: r.oneID(client, "cl_id", "cl_lf_id"), FirmID: r.oneID(firm, "lf_id", "lf_office_id", "lf_vendor_id", "lf_tax_id"),
		MatterID: m.says("lf_matter_id"), ClientMatterID: m.says("cl_matter_id"), MatterName: m.says("matter_name"), PONumber: m.says("po_number"),
		ClientTaxID: client.says("cl_tax_id"), ThirdParty: m.says("account_type") == "T", FinalBill: m.says("matter_final_bill") == "Y",
		Firm: party(firm.says("lf_name"), firm.one("lf_address")), Client: party(client.says("cl_name"), client.one("cl_address")),
		Billing: contact(firm.one("lf_billing_contact")), Managing: contact(m.one("lf_managing_contact")),
	}
	if inv.Currency == "" {
		inv.Currency = r.currency
	}
	r.where = map[Tax]Registration{}
	inv.Items = r.items(&inv, m)
	r.withheldOf(&inv)
	r.evenly(&inv, n)
	r.sums(&inv, n)
	r.invoices = append(r.invoices, inv)
}

// oneID takes the first of the ids that is given, and refuses another one beside it.
func (r *xmlReader) oneID(n *xmlNode, fields ...string) string {
	id := ""
	for _, field := range fields {
		switch v := n.says(field); {
		case id == "":
			id = v
		case v != id:
			r.lose(n.at(field), field, v, "it differs from "+id+", and a canonical invoice has one such id")
		}
	}
	return id
}

func party(name string, a *xmlNode) Party {
	return Party{
		Name: name, Address1: a.says("address_1"), Address2: a.says("address_2"), City: a.says("city"),
		Region: a.says("state_province"), Postcode: a.says("zip_postal_code"), Country: a.says("country"),
	}
}

func contact(c *xmlNode) Contact {
	return Contact{
		LastName: c.says("contact_lname"), FirstName: c.says("contact_fname"), ID: c.says("contact_id"),
		Phone: c.says("contact_phone"), Fax: c.says("contact_fax"), Email: c.says("contact_email"),
	}
}

// items are the lines in the order of the flat formats: fees, expenses, then what
// adjusts the whole invoice.
func (r *xmlReader) items(inv *Invoice, m *xmlNode) []Item {
	people := map[string]Timekeeper{}
	for _, p := range m.all("tksum") {
		people[p.says("tk_id")] = Timekeeper{ID: p.says("tk_id"), LastName: p.says("tk_lname"), FirstName: p.says("tk_fname"), Class: p.says("tk_level")}
	}
	var items, adjusting []Item
	for _, name := range [...]string{"fee", "expense"} {
		for _, n := range m.all(name) {
			if it := r.item(inv, n, people); it.adjusts() {
				adjusting = append(adjusting, it)
			} else {
				items = append(items, it)
			}
		}
	}
	for _, n := range m.all("matter_disc_cred") {
		adjusting = append(adjusting, r.discount(inv, n))
	}
	return append(items, adjusting...)
}

func (r *xmlReader) item(inv *Invoice, n *xmlNode, people map[string]Timekeeper) Item {
	it := Item{
		Type: Fee, On: n.day("charge_date"), Description: n.says("charge_desc"), Task: n.says("task_code"), Activity: n.says("task_activity"),
		Expense: n.says("expense_code"), Flat: n.says("charge_type") == "F", NetMinor: r.minor(inv, n, "total_amount"),
	}
	it.Units, _ = n.number("units")
	it.UnitCost, _ = n.number("rate")
	it.Timekeeper = people[n.says("tk_id")]
	it.Timekeeper.ID = n.says("tk_id")
	if level := n.says("tk_level"); level != "" {
		it.Timekeeper.Class = level
	}
	if n.name == "expense" {
		it.Type = Expense
	}
	if it.Flat && it.Timekeeper.Class == adjuster {
		it.Type, it.Flat = map[ItemType]ItemType{Fee: FeeAdjust, Expense: ExpenseAdjust}[it.Type], false
		if it.Timekeeper.ID == adjuster {
			it.Timekeeper = Timekeeper{}
		}
	}
	if base, err := money.Line(it.Units, it.UnitCost, inv.Currency, money.HalfUp); it.Flat && (err != nil || base != r.minor(inv, n, "base_amount")) {
		r.lose(n.at("base_amount"), "base_amount", n.says("base_amount"), "the flat price is not units x rate, which a canonical invoice computes it from")
	}
	r.taxesOf(inv, n, &it)
	return it
}

// discount is a matter_disc_cred as a line that adjusts the whole invoice.
func (r *xmlReader) discount(inv *Invoice, n *xmlNode) Item {
	if n.says("disc_cred") == "MISF" {
		r.refuse(n.line, "disc_cred", "MISF", "a share of the whole invoice is no amount of its own", "send the invoice of this payor with its own lines")
	}
	it := Item{Type: FeeAdjust, On: inv.Date, NetMinor: r.minor(inv, n, "disc_cred_amount")}
	if n.says("disc_cred_category") == "Exp" {
		it.Type = ExpenseAdjust
	}
	if way := n.says("increase_decrease"); (way == "Decrease") == (it.NetMinor > 0) && way != "" {
		it.NetMinor = -it.NetMinor
	}
	return it
}

// minor is an amount in minor units, refused when it has a fraction of one.
func (r *xmlReader) minor(inv *Invoice, n *xmlNode, field string) int64 {
	v, ok := n.number(field)
	minor, whole := minorOf(v, inv.Currency)
	if ok && !whole {
		r.refuse(n.at(field), field, n.says(field), "the amount has a fraction of the smallest coin", "round the line in the source")
	}
	return minor
}

// minorOf is an amount at 1e-4 in minor units; whole is false when something is left.
func minorOf(v money.Fixed4, c money.Currency) (minor int64, whole bool) {
	scale := money.Fixed4(1)
	for range 4 - c.Exponent() {
		scale *= 10
	}
	return int64(v / scale), v%scale == 0
}

// taxesOf computes the taxes of a line, which XML does not state: rate x base, the
// base with the taxes before where a tax is on tax.
func (r *xmlReader) taxesOf(inv *Invoice, n *xmlNode, it *Item) {
	var before []Tax
	var ids []string
	for _, ref := range slices.Concat(n.all("tax_item_fee"), n.all("tax_item_expense")) {
		id := ref.taxID()
		def := r.taxes[id]
		if def == nil {
			continue // the scan has told it
		}
		if def.says("increase_decrease") == "Decrease" {
			r.refuse(def.at("increase_decrease"), "increase_decrease", "Decrease", "tax withheld lowers what is paid, and is of the totals; no line of a canonical invoice states it", "send the invoice before tax is withheld, or name the tax on no line")
		}
		t := taxDefined(def)
		if t.OnTax = def.says("tax_on_tax") == "Y"; t.OnTax {
			back := slices.Index(backwards(ids), def.says("tax_on_tax_id"))
			if t.Back = max(back, 0); back < 0 {
				r.refuse(ref.line, "tax_on_tax_id", def.says("tax_on_tax_id"), "the tax that this one is on does not stand before it on the line", "name the other tax first")
			}
		}
		r.taxKnown(inv, def, t)
		var err error
		if t.Minor, err = t.of(it.NetMinor, before, inv.rounding()); err != nil {
			r.refuse(ref.line, "total_amount", n.says("total_amount"), "the tax is too large", "look at the amount")
		}
		if len(before) == 0 {
			it.TaxType, it.TaxRate, it.TaxMinor = t.Type, t.Rate, t.Minor
		} else {
			it.MoreTaxes = append(it.MoreTaxes, t)
		}
		before, ids = append(before, t), append(ids, id)
	}
}

func backwards(ids []string) []string {
	out := slices.Clone(ids)
	slices.Reverse(out)
	return out
}

// taxDefined is the type and rate of a tax of the file.
func taxDefined(def *xmlNode) Tax {
	rate, _ := money.ParseFraction(def.says("tax_rate_percent")) // the scan has judged it
	return Tax{Type: def.says("tax_type"), Rate: rate}
}

// evenly rounds the taxes half to even where the invoice's total is that and not the
// one of halves rounded up: a firm's setting, which the file does not name.
func (r *xmlReader) evenly(inv *Invoice, n *xmlNode) {
	stated, ok := n.number("inv_total_net_due")
	due, whole := minorOf(stated, inv.Currency)
	if sum, err := dueOf(inv.Items); !ok || !whole || err != nil || sum == due {
		return
	}
	items := slices.Clone(inv.Items)
	for i := range items {
		if err := items[i].retax(money.HalfEven); err != nil {
			return
		}
	}
	if sum, err := dueOf(items); err == nil && sum == due {
		inv.Items, inv.Rounding = items, money.HalfEven
	}
}

// retax computes the taxes of the line anew. Its further taxes are copies then.
func (it *Item) retax(r money.Rounding) error {
	taxes := slices.Clone(it.taxes())
	first := len(taxes) - len(it.MoreTaxes) // 1 where the line has a tax at all
	for i := range taxes {
		var err error
		if taxes[i].Minor, err = taxes[i].of(it.NetMinor, taxes[:i], r); err != nil {
			return err
		}
	}
	if first == 1 {
		it.TaxMinor = taxes[0].Minor
	}
	if len(it.MoreTaxes) > 0 {
		it.MoreTaxes = taxes[first:]
	}
	return nil
}

// dueOf is what the items and their taxes come to.
func dueOf(items []Item) (int64, error) {
	var all []int64
	for i := range items {
		all = append(all, items[i].NetMinor)
		for _, t := range items[i].taxes() {
			all = append(all, t.Minor)
		}
	}
	return money.Sum(all...)
}

// taxKnown keeps under which number and where the firm is registered for a tax. The first
// number is the firm's own; two of one tax would be one when the invoice is written.
func (r *xmlReader) taxKnown(inv *Invoice, def *xmlNode, t Tax) {
	key := Tax{Type: t.Type, Rate: t.Rate}
	reg := Registration{Type: t.Type, Rate: t.Rate, Number: def.says("tx_id_number"), Country: def.says("taxing_jurisdiction_country"), Region: def.says("taxing_jurisdiction_locality")}
	if before, known := r.where[key]; known {
		r.oneOfTax(def, before, reg)
		return
	}
	r.where[key] = reg
	if inv.FirmTaxID == "" && !r.byFirmID(inv) {
		inv.FirmTaxID = reg.Number
	}
	if reg.Number == cmp.Or(inv.FirmTaxID, inv.FirmID) {
		reg.Number = ""
	}
	if alpha3(reg.Country) == alpha3(inv.Firm.Country) {
		reg.Country = ""
	}
	if reg.Number != "" || reg.Country != "" || reg.Region != "" {
		inv.Registrations = append(inv.Registrations, reg)
	}
}

// byFirmID tells whether a tax of the invoice names the firm's id as its number already.
func (r *xmlReader) byFirmID(inv *Invoice) bool {
	for _, reg := range r.where {
		if reg.Number == inv.FirmID {
			return true
		}
	}
	return false
}

// oneOfTax refuses a tax of one type and rate that is due in two places.
func (r *xmlReader) oneOfTax(def *xmlNode, before, reg Registration) {
	switch {
	case before.Number != reg.Number:
		r.lose(def.at("tx_id_number"), "tx_id_number", reg.Number, "a canonical invoice names one registration for a tax")
	case before.Country != reg.Country:
		r.lose(def.at("taxing_jurisdiction_country"), "taxing_jurisdiction_country", reg.Country, "a canonical invoice names one place for a tax")
	case before.Region != reg.Region:
		r.lose(def.at("taxing_jurisdiction_locality"), "taxing_jurisdiction_locality", reg.Region, "a canonical invoice names one place for a tax")
	}
}

// withheldOf takes the taxes that lower what is paid. Which invoice of several they are of the
// file does not tell.
func (r *xmlReader) withheldOf(inv *Invoice) {
	for _, id := range r.order {
		def := r.taxes[id]
		if def.says("increase_decrease") != "Decrease" || def.says("tax_on_tax") == "Y" {
			continue
		}
		if r.bills > 1 {
			r.refuse(def.at("increase_decrease"), "increase_decrease", "Decrease", "the file holds several invoices, and does not say of which this tax is withheld", "send each invoice in a file of its own")
			return
		}
		t := taxDefined(def)
		r.taxKnown(inv, def, t)
		inv.Withheld = append(inv.Withheld, t)
	}
}

// sums holds the stated total against the lines read.
func (r *xmlReader) sums(inv *Invoice, n *xmlNode) {
	sum, err := dueOf(inv.Items)
	if err != nil {
		r.refuse(n.line, "inv_total_net_due", n.says("inv_total_net_due"), "the lines come to more than can be computed", "look at the amounts")
		return
	}
	if stated := r.minor(inv, n, "inv_total_net_due"); stated != sum {
		r.refuse(n.at("inv_total_net_due"), "inv_total_net_due", n.says("inv_total_net_due"), "the lines and their taxes come to "+money.Amount{Minor: sum, Currency: inv.Currency}.Text(), "correct the lines, the taxes or the total")
	}
}
