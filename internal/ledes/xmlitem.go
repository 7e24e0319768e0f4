package ledes

import (
	"strings"
	"time"

	"github.com/docketry/docketry/internal/money"
)

// XMLItem is one fee, expense or matter_disc_cred of an XML file as read, with what
// its invoice says of it. It is only valid during the call.
type XMLItem struct {
	Name     string // fee, expense or matter_disc_cred
	Place    int    // among its like in the matter, from 1
	Line     int    // physical, of its start
	Path     string // the element, such as firm[1]/client[1]/invoice[1]/matter[1]/fee[3]
	Errors   int    // findings with severity error on it
	Invoice  string // inv_id
	Matter   string // lf_matter_id
	Currency string // inv_currency, "" when not stated
	Level    string // of its person: its own, else that of the timekeeper summary

	Client []string // its ids: the firm's own, then the client's
	Shared []string // elements of its matter by which the invoice bills another part than the whole of it
	node   *xmlNode
}

// Text is what a child element says, "" when it is absent. Names are those of version 2.1.
func (i *XMLItem) Text(name string) string { return i.node.says(name) }

// Number is a child's value; false when it is absent or cannot be read.
func (i *XMLItem) Number(name string) (money.Fixed4, bool) { return i.node.number(name) }

// On is the item's date, zero when absent or unreadable.
func (i *XMLItem) On() time.Time { return i.node.day("charge_date") }

// Flat tells a flat price and not units of time.
func (i *XMLItem) Flat() bool { return i.node.says("charge_type") == "F" }

// Adjusts tells what changes a whole invoice and is no work or cost of its own.
func (i *XMLItem) Adjusts() bool {
	return i.Name == "matter_disc_cred" || (i.Flat() && i.Level == adjuster)
}

// PathOf is the place of a child element.
func (i *XMLItem) PathOf(name string) string {
	if name == "" {
		return i.Path
	}
	return i.Path + "/" + name
}

// give hands an item on once it is judged.
func (x *xmlScan) give(node *xmlNode) {
	if x.handler.Item == nil {
		return
	}
	matter := x.matter.node
	it := XMLItem{
		Name: node.name, Place: node.place, Line: node.line, Path: node.path(), Errors: x.result.Errors - node.errors,
		Invoice: x.invoice.node.says("inv_id"), Matter: matter.says("lf_matter_id"), Currency: x.invoice.node.says("inv_currency"),
		Level: node.says("tk_level"), node: node,
	}
	if it.Level == "" {
		it.Level = x.matter.people[node.says("tk_id")]
	}
	for _, name := range [...]string{"matter_perc_shar_fees", "matter_perc_shar_exp", "matter_disc_bill_pct_fees", "matter_disc_bill_pct_exp"} {
		whole := money.Fixed4(0)
		if strings.HasPrefix(name, "matter_perc_shar") {
			whole = 10_000
		}
		if v, ok := matter.number(name); ok && v != whole && v != 0 {
			it.Shared = append(it.Shared, name)
		}
	}
	if x.client != nil {
		it.Client = []string{x.client.says("cl_lf_id"), x.client.says("cl_id")}
	}
	x.handler.Item(&it)
}
