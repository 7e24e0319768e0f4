package ledes

import "strings"

// xmlTaxes are the taxes that a file defines, and those that its lines name before
// or after that. Its memory grows with the taxes, not with the lines.
type xmlTaxes struct {
	defined map[string]bool
	named   map[string]int // the line that names it first
	order   []string
	tiered  *xmlNode // the first tax by tiers
	many    int      // the line of the first invoice of several matters
}

func (t *xmlTaxes) define(id string) {
	if t.defined == nil {
		t.defined = map[string]bool{}
	}
	t.defined[id] = true
}

// taxID is the tax that a line names, in a tx_id or, as some write it, as the text
// of the element itself.
func (n *xmlNode) taxID() string {
	if id := n.value["tx_id"].text; id != "" {
		return id
	}
	return strings.TrimSpace(string(n.text))
}

func (x *xmlScan) taxOfLine(node *xmlNode) {
	id := node.taxID()
	if id == "" {
		x.fault(FLD03, node.line, "tx_id", "", node.name+" needs tx_id", "name the tax, as its tax element does")
		return
	}
	if _, before := x.taxes.named[id]; before || x.taxes.defined[id] {
		return
	}
	if x.taxes.named == nil {
		x.taxes.named = map[string]int{}
	}
	x.taxes.named[id] = node.line
	x.taxes.order = append(x.taxes.order, id)
}

// tax takes a tax of the file: one by tiers, of version 2.2, has no rate of its own.
func (x *xmlScan) tax(node *xmlNode) {
	x.taxes.define(node.value["tx_id"].text)
	tiers, rate := node.value["tax_tiers"].text, node.value["tax_rate_percent"].text
	switch {
	case tiers == "Y" && x.version == xml21:
		x.fault(TAX01, node.at("tax_tiers"), "tax_tiers", tiers, "version 2.1 has no tax by tiers", "send version 2.2")
	case tiers == "Y" && rate != "":
		x.fault(TAX01, node.at("tax_rate_percent"), "tax_rate_percent", rate, "a tax by tiers has no rate of its own", "leave the rate out, or write N for the tiers")
	case tiers != "Y" && rate == "":
		x.fault(TAX01, node.line, "tax_rate_percent", "", "the tax states no rate", "write the rate as a fraction: 0.2 for 20 percent")
	}
	if tiers == "Y" && x.taxes.tiered == nil {
		x.taxes.tiered = node
	}
}

// judgeTaxes tells the taxes that lines name and the file does not define.
func (x *xmlScan) judgeTaxes() {
	for _, id := range x.taxes.order {
		if !x.taxes.defined[id] {
			x.fault(TAX01, x.taxes.named[id], "tx_id", id, "no tax of the file has this id", "add the tax element, or correct the id")
		}
	}
	if t := x.taxes.tiered; t != nil && x.taxes.many > 0 {
		x.fault(TAX01, x.taxes.many, "matter", "", "a tax by tiers needs invoices of one matter each", "send an invoice for each matter")
	}
}
