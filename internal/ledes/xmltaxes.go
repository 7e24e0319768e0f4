package ledes

import "strings"

// xmlTaxes are the taxes that a file defines, and those that its lines name before
// or after that. Its memory grows with the taxes, not with the lines.
type xmlTaxes struct {
	defined map[string]bool
	named   map[string]int // the line that names it first
	order   []string
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

// judgeTaxes tells the taxes that lines name and the file does not define.
func (x *xmlScan) judgeTaxes() {
	for _, id := range x.taxes.order {
		if !x.taxes.defined[id] {
			x.fault(TAX01, x.taxes.named[id], "tx_id", id, "no tax of the file has this id", "add the tax element, or correct the id")
		}
	}
}
