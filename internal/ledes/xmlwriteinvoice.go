package ledes

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/money"
)

// matterSums are what the lines of a matter come to.
type matterSums struct{ fees, expenses, feeTax, expenseTax int64 }

func (x *xmlWriter) invoice(inv *Invoice) error {
	sums, err := x.sums(inv)
	if err != nil {
		return err
	}
	tax, err := money.Sum(sums.feeTax, sums.expenseTax)
	if err != nil {
		return err
	}
	due, err := money.Sum(sums.fees, sums.expenses, tax)
	if err != nil {
		return err
	}
	amount := inv.amount
	x.enter("invoice")
	x.text("inv_id", inv.Number)
	x.value("inv_date", dashed(inv.Date))
	x.value("inv_due_date", dashed(inv.DueOn))
	x.value("inv_currency", string(inv.Currency))
	x.value("inv_start_date", dashed(inv.PeriodStart))
	x.value("inv_end_date", dashed(inv.PeriodEnd))
	x.text("inv_desc", inv.Description)
	x.text("inv_payment_terms", inv.Terms)
	x.value("inv_total_tax", amount(tax))
	x.value("inv_total_net_due", amount(due))
	x.number()
	x.enter("matter")
	x.text("cl_matter_id", inv.ClientMatterID)
	x.text("lf_matter_id", inv.MatterID)
	x.text("matter_name", inv.MatterName)
	x.text("po_number", inv.PONumber)
	x.value("account_type", map[bool]string{false: "O", true: "T"}[inv.ThirdParty])
	x.contact("lf_managing_contact", inv.Managing)
	x.value("matter_final_bill", map[bool]string{false: "N", true: "Y"}[inv.FinalBill])
	x.value("matter_total_detail_fees", amount(sums.fees))
	x.value("matter_total_detail_exp", amount(sums.expenses))
	x.value("matter_tax_on_fees", amount(sums.feeTax))
	x.value("matter_tax_on_exp", amount(sums.expenseTax))
	x.value("matter_net_fees", amount(sums.fees))
	x.value("matter_net_exp", amount(sums.expenses))
	x.value("matter_total_due", amount(due))
	x.number()
	x.people(inv)
	for _, fees := range [...]bool{true, false} {
		for i := range inv.Items {
			if inv.Items[i].fee() == fees {
				x.order = append(x.order, i)
				if err := x.item(inv, &inv.Items[i]); err != nil {
					return err
				}
			}
		}
	}
	x.itemsEnd = x.line + 1
	for _, t := range inv.Withheld {
		def := x.definition(inv, t)
		def.withheld = true
		x.taxID(def)
	}
	x.shut()
	x.shut()
	return nil
}

func (inv *Invoice) amount(minor int64) string {
	return money.Amount{Minor: minor, Currency: inv.Currency}.Text()
}

// fee tells time, or an adjustment of it; the rest is cost.
func (it *Item) fee() bool { return it.Type == Fee || it.Type == FeeAdjust }

func (x *xmlWriter) sums(inv *Invoice) (matterSums, error) {
	var fees, expenses, feeTax, expenseTax []int64
	for i := range inv.Items {
		it := &inv.Items[i]
		net, tax := &expenses, &expenseTax
		if it.fee() {
			net, tax = &fees, &feeTax
		}
		*net = append(*net, it.NetMinor)
		for _, t := range it.taxes() {
			*tax = append(*tax, t.Minor)
		}
	}
	var s matterSums
	for into, parts := range map[*int64][]int64{&s.fees: fees, &s.expenses: expenses, &s.feeTax: feeTax, &s.expenseTax: expenseTax} {
		sum, err := money.Sum(parts...)
		if err != nil {
			return s, err
		}
		*into = sum
	}
	return s, nil
}

// person is who a line names; what adjusts the whole invoice names ADJSMT.
func (it *Item) person() Timekeeper {
	if it.adjusts() && it.Timekeeper == (Timekeeper{}) {
		return Timekeeper{ID: adjuster, LastName: "Adjustment", FirstName: "-", Class: adjuster}
	}
	return it.Timekeeper
}

// people writes one summary of each timekeeper, with the first rate they have here.
func (x *xmlWriter) people(inv *Invoice) {
	known := map[string]Timekeeper{}
	for i := range inv.Items {
		it := &inv.Items[i]
		who := it.person()
		before, seen := known[who.ID]
		switch {
		case who == (Timekeeper{}):
		case who.ID == "":
			x.refuse("tk_id", "ledes_timekeeper_unnamed", "a line names "+who.name(false)+" without an id", "give the timekeeper an id")
		case !seen:
			known[who.ID] = who
			x.enter("tksum")
			x.text("tk_id", who.ID)
			x.text("tk_lname", who.LastName)
			x.text("tk_fname", who.FirstName)
			x.text("tk_level", who.Class)
			x.value("tk_rate", it.UnitCost.Text(2))
			x.number()
			x.shut()
		case before.LastName != who.LastName || before.FirstName != who.FirstName:
			x.refuse("tk_lname", "ledes_timekeeper_two_names", who.ID+" has two names in one invoice", "write the same name on each line")
		}
	}
}

func (x *xmlWriter) item(inv *Invoice, it *Item) error {
	base, err := money.Line(it.Units, it.UnitCost, inv.Currency, inv.rounding())
	if err != nil {
		return err
	}
	x.starts = append(x.starts, x.line+1)
	who, charge, name, taxed := it.person(), "U", "fee", "tax_item_fee"
	if it.Flat || it.adjusts() {
		charge = "F"
	}
	if !it.fee() {
		name, taxed = "expense", "tax_item_expense"
	}
	if it.adjusts() != (who.Class == adjuster) {
		x.refuse("tk_level", "ledes_adjustment_class", "what adjusts the whole invoice is of class "+adjuster+", and nothing else is", "write the class "+adjuster+" on such lines, or no timekeeper")
	}
	x.enter(name)
	x.value("charge_date", dashed(it.On))
	x.text("tk_id", who.ID)
	x.text("tk_level", who.Class)
	if n := x.profile.NarrativeLimit; n > 0 {
		if has := utf8.RuneCountInString(visible(it.Description)); has > n {
			x.refuse("charge_desc", "ledes_text_too_long", fmt.Sprintf("%d characters do not fit %d", has, n), "shorten it")
		}
	}
	x.text("charge_desc", it.Description)
	if it.fee() {
		x.text("task_code", it.Task)
		x.text("task_activity", it.Activity)
		x.none("expense_code", it.Expense)
	} else {
		x.text("expense_code", it.Expense)
		x.none("task_code", it.Task)
		x.none("task_activity", it.Activity)
	}
	x.value("charge_type", charge)
	x.value("units", it.Units.Text(2))
	x.value("rate", it.UnitCost.Text(2))
	x.value("base_amount", inv.amount(base))
	x.value("item_disc_cred_amount", inv.amount(it.NetMinor-base))
	x.value("total_amount", inv.amount(it.NetMinor))
	x.number()
	if err := x.taxed(inv, it, taxed); err != nil {
		return err
	}
	x.shut()
	return nil
}

// none refuses a code that the kind of line has no element for.
func (x *xmlWriter) none(name, v string) {
	if v != "" {
		x.refuse(name, "ledes_code_unwritable", "the kind of line has no "+name, "blank the code")
	}
}

// taxed names the taxes of a line, each of which must follow from its rate.
func (x *xmlWriter) taxed(inv *Invoice, it *Item, name string) error {
	taxes := it.taxes()
	ids := make([]string, len(taxes))
	for i, t := range taxes {
		want, err := t.of(it.NetMinor, taxes[:i], inv.rounding())
		if err != nil {
			return err
		}
		if want != t.Minor {
			x.refuse("tax_rate_percent", "ledes_tax_unwritable", "the tax "+inv.amount(t.Minor)+" is not its rate of the line, "+inv.amount(want)+", and XML states no tax of a line", "correct the tax or its rate")
		}
		def := x.definition(inv, t)
		if k := t.on(taxes[:i]); k >= 0 {
			def.on = ids[k]
		}
		ids[i] = x.taxID(def)
		x.enter(name)
		x.value("tx_id", ids[i])
		x.shut()
	}
	return nil
}

// definition is a tax as the file defines it.
func (x *xmlWriter) definition(inv *Invoice, t Tax) xmlTax {
	r := inv.registered(t)
	return xmlTax{kind: t.Type, rate: t.Rate, number: cmp.Or(r.Number, inv.FirmTaxID, inv.FirmID),
		country: x.profile.country(cmp.Or(r.Country, inv.Firm.Country)), region: r.Region}
}

// escaped is a text as it stands between two tags.
func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}

// visible is a text that an XML file carries and gives back unchanged: no control or
// other unseen character, no broken byte, each run of blanks one.
func visible(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == unicode.ReplacementChar, r == '\ufeff', r == '\ufffe', r == '\uffff':
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
