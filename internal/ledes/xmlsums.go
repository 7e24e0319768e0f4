package ledes

import (
	"fmt"

	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// xmlInvoice is an invoice under way: what its matters state they come to.
type xmlInvoice struct {
	node  *xmlNode
	sum   money.Fixed4
	known bool
	blind bool // a total could not be read: the sum is not judged
	count int
	first string // id of its first matter
}

// xmlMatter is a matter under way.
type xmlMatter struct {
	node      *xmlNode
	people    map[string]string // level by id, of the timekeeper summaries
	fees      money.Fixed4
	expenses  money.Fixed4
	blindFees bool
	blindExp  bool
}

// close takes an element that is read whole.
func (x *xmlScan) close(node *xmlNode) {
	switch node.name {
	case "tksum":
		if x.matter != nil {
			x.matter.people[node.value["tk_id"].text] = node.value["tk_level"].text
		}
	case "tax":
		x.tax(node)
	case "tax_item_fee", "tax_item_expense":
		x.taxOfLine(node)
	case "fee", "expense":
		if x.matter != nil && x.invoice != nil {
			x.item(node)
			x.give(node)
		}
	case "matter_disc_cred":
		if x.matter != nil && x.invoice != nil {
			x.give(node)
		}
	case "matter":
		if x.matter != nil && x.invoice != nil {
			x.closeMatter()
		}
		x.matter = nil
	case "invoice":
		x.closeInvoice()
		x.invoice = nil
	case "client":
		x.client = nil
	}
}

// number is a child's value; ok is false when it is absent or cannot be read.
func (n *xmlNode) number(name string) (money.Fixed4, bool) {
	v := n.value[name].text
	if v == "" {
		return 0, false
	}
	f, err := money.ParseFixed4(v)
	return f, err == nil
}

// at is the line of a child, that of the element where the child is absent.
func (n *xmlNode) at(name string) int {
	if v, ok := n.value[name]; ok {
		return v.line
	}
	return n.line
}

// item judges one fee or expense line and adds it to its matter.
func (x *xmlScan) item(node *xmlNode) {
	x.invoice.count++
	x.result.Lines++
	total, ok := node.number("total_amount")
	x.itemSum(node)
	x.itemCodes(node)
	if node.name == "expense" {
		x.matter.expenses, x.matter.blindExp = x.matter.expenses+total, x.matter.blindExp || !ok
		return
	}
	x.matter.fees, x.matter.blindFees = x.matter.fees+total, x.matter.blindFees || !ok
	id := node.value["tk_id"].text
	level, known := x.matter.people[id]
	switch {
	case id == "":
	case !known:
		x.fault(TKP01, node.at("tk_id"), "tk_id", id, "no timekeeper summary of the matter names this person", "add a tksum for them before the fees")
	case level != node.value["tk_level"].text && node.value["tk_level"].text != "":
		x.warn(TKP03, node.at("tk_level"), "tk_level", node.value["tk_level"].text, "the timekeeper summary says "+level, "write the same level in both")
	}
}

func (x *xmlScan) itemSum(node *xmlNode) {
	units, okUnits := node.number("units")
	rate, okRate := node.number("rate")
	base, okBase := node.number("base_amount")
	total, okTotal := node.number("total_amount")
	adjustment, okAdjustment := node.number("item_disc_cred_amount")
	if node.value["item_disc_cred_amount"].text == "" {
		okAdjustment = true
	}
	if okUnits && units < 0 {
		x.fault(FLD06, node.at("units"), "units", node.value["units"].text, "units are below zero", "write a discount as item_disc_cred_amount")
	}
	if okUnits && okRate && okBase && node.value["charge_type"].text != "F" && !x.isProduct(units, rate, base) {
		x.fault(ARI01, node.at("base_amount"), "base_amount", node.value["base_amount"].text, fmt.Sprintf("units %s times rate %s is not the base", units, rate), "correct units, rate or base")
	}
	if okBase && okTotal && okAdjustment && base+adjustment != total && (!x.version.lowers || base-adjustment != total) {
		x.fault(ARI01, node.at("total_amount"), "total_amount", node.value["total_amount"].text, "base and adjustment come to "+(base+adjustment).Text(2), "write "+(base+adjustment).Text(2))
	}
}

// isProduct takes the exact product or its rounding to the minor unit of the invoice's currency.
func (x *xmlScan) isProduct(units, rate, base money.Fixed4) bool {
	c, err := money.ParseCurrency(x.invoice.node.value["inv_currency"].text)
	if err != nil {
		c = "USD"
	}
	want, err := money.Line(units, rate, c, money.HalfUp)
	even, evenErr := money.Line(units, rate, c, money.HalfEven)
	exact, exactErr := money.Exact(units, rate)
	if err != nil || evenErr != nil || exactErr != nil {
		return false
	}
	scale := int64(10_000)
	for range c.Exponent() {
		scale /= 10
	}
	return int64(base) == want*scale || int64(base) == even*scale || (exact%10_000 == 0 && int64(base) == exact/10_000)
}

func (x *xmlScan) itemCodes(node *xmlNode) {
	code := func(field, set string) {
		v := node.value[field].text
		c, known := utbms.Lookup(v)
		fits := known && !c.Heading && (utbms.Holds(set, c.Set) || (set == "" && c.Set != utbms.Expense && !utbms.Holds(utbms.Activity, c.Set)))
		if !known && x.own != nil {
			fits = x.own(codeField(columnOf(set)), v)
		}
		if v != "" && !fits {
			x.fault(COD01, node.at(field), field, v, "the code is unknown, a heading or of another set", "choose a code of the lowest level")
		}
	}
	if node.name == "expense" {
		code("expense_code", utbms.Expense)
		return
	}
	code("task_code", "")
	code("task_activity", utbms.Activity)
	if v := node.value["task_activity"].text; v != "" && node.value["task_code"].text == "" {
		x.fault(COD01, node.at("task_activity"), "task_activity", v, "an activity stands without a task", "add the task code")
	}
}

// closeMatter compares what a matter states with its lines.
func (x *xmlScan) closeMatter() {
	m, node := x.matter, x.matter.node
	if x.invoice.known && x.taxes.many == 0 {
		x.taxes.many = x.invoice.node.line
	}
	if x.invoice.first == "" {
		x.invoice.first = node.value["lf_matter_id"].text
	}
	x.same(node, "matter_total_detail_fees", m.fees, !m.blindFees, "the fees of the matter")
	x.same(node, "matter_total_detail_exp", m.expenses, !m.blindExp, "the expenses of the matter")
	due, ok := node.number("matter_total_due")
	x.invoice.sum, x.invoice.known = x.invoice.sum+due, true
	x.invoice.blind = x.invoice.blind || !ok
	fees, okFees := node.number("matter_net_fees")
	expenses, okExp := node.number("matter_net_exp")
	taxFees, _ := node.number("matter_tax_on_fees")
	taxExp, _ := node.number("matter_tax_on_exp")
	if okFees && okExp && ok && due != fees+expenses && due != fees+expenses+taxFees+taxExp {
		x.fault(ARI03, node.at("matter_total_due"), "matter_total_due", node.value["matter_total_due"].text, "net fees, net expenses and tax come to "+(fees+expenses+taxFees+taxExp).Text(2), "correct the total or the parts")
	}
}

func (x *xmlScan) same(node *xmlNode, field string, sum money.Fixed4, known bool, what string) {
	if stated, ok := node.number(field); ok && known && stated != sum {
		x.fault(ARI03, node.at(field), field, node.value[field].text, what+" come to "+sum.Text(2), "write "+sum.Text(2))
	}
}

func (x *xmlScan) closeInvoice() {
	i := x.invoice
	if i == nil {
		return
	}
	node, client := i.node, ""
	if x.client != nil {
		if client = x.client.value["cl_id"].text; client == "" {
			client = x.client.value["cl_lf_id"].text
		}
	}
	number := node.value["inv_id"].text
	x.result.Invoices = append(x.result.Invoices, Summary{Number: number, Client: client, Matter: i.first, Total: node.value["inv_total_net_due"].text, Lines: i.count, FirstLine: node.line})
	if number != "" && x.numbers[number] {
		x.fault(DUP01, node.at("inv_id"), "inv_id", number, "the file holds this number twice", "give each invoice its own number")
	}
	x.numbers[number] = true
	if !i.known {
		x.fault(FLD03, node.line, "matter", "", "the invoice holds no matter", "add its matter")
	}
	if a, b := node.value["inv_start_date"].text, node.value["inv_end_date"].text; len(a) == len(x.version.dates) && len(b) == len(a) && a > b {
		x.fault(FLD01, node.at("inv_start_date"), "inv_start_date", a, "the period begins after its end", "correct one of the two dates")
	}
	due, ok := node.number("inv_total_net_due")
	tax, _ := node.number("inv_total_tax")
	if ok && i.known && !i.blind && due != i.sum && due != i.sum+tax {
		x.fault(ARI03, node.at("inv_total_net_due"), "inv_total_net_due", node.value["inv_total_net_due"].text, "the matters come to "+i.sum.Text(2), "correct the total or the matters")
	}
}
