package ledes

import (
	"bytes"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// WriteXML21 writes invoices as one XML 2.1 file, in the order of elements that the
// format fixes: of each matter the fees, then the expenses. What adjusts a whole
// invoice is a flat line of class ADJSMT, which unlike a matter_disc_cred keeps its
// date, text and tax. A line's taxes are not stated but follow from rate and base,
// so each must be that. It refuses what the format cannot say, with ErrWrite and
// every field at fault, and writes nothing then.
func WriteXML21(w io.Writer, invoices []Invoice, p Profile) ([]Change, error) {
	return writeXML(w, invoices, p, xml21)
}

// WriteXML22 does so in version 2.2, for receivers that take no other. No tax of a
// canonical invoice is by tiers.
func WriteXML22(w io.Writer, invoices []Invoice, p Profile) ([]Change, error) {
	return writeXML(w, invoices, p, xml22)
}

func writeXML(w io.Writer, invoices []Invoice, p Profile, v *xmlVersion) ([]Change, error) {
	x := xmlWriter{profile: p, version: v, ids: map[xmlTax]string{}}
	lines, withheld := 0, 0
	for i := range invoices {
		lines += len(invoices[i].Items)
		withheld += len(invoices[i].Withheld)
	}
	if withheld > 0 && len(invoices) > 1 {
		return nil, ErrWrite.With("tax is withheld of one of these invoices, and a file does not say of which; write each into a file of its own")
	}
	if lines == 0 {
		return nil, ErrWrite.With("an invoice without lines cannot be written")
	}
	if err := x.file(invoices); err != nil {
		return nil, err
	}
	if err := x.faults.Err(ErrWrite); err != nil {
		return nil, err
	}
	if err := x.judge(invoices[0].Currency); err != nil {
		return nil, err
	}
	out := x.out.Bytes()
	if p.XMLASCII {
		out = referred(out)
	}
	if _, err := w.Write(out); err != nil {
		return nil, fmt.Errorf("write LEDES file: %w", err)
	}
	return x.changes, nil
}

// referred spells every character beyond ASCII as a reference: the same text to a reader
// of XML, and bytes that any receiver takes.
func referred(file []byte) []byte {
	out := make([]byte, 0, len(file))
	for _, r := range string(file) {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
			continue
		}
		out = fmt.Appendf(out, "&#%d;", r)
	}
	return out
}

// xmlTax is a tax as the file defines it once.
type xmlTax struct {
	kind, number, country, region string
	rate                          money.Fraction
	on                            string // the id of the tax that it is on
	withheld                      bool
}

type xmlWriter struct {
	profile Profile
	version *xmlVersion
	out     bytes.Buffer
	line    int // physical, of what is written next
	items   int // file_item_nbr
	open    []string
	ids     map[xmlTax]string
	taxes   []xmlTax // in the order of their ids
	changes []Change
	faults  fault.Fields

	starts   []int // the lines on which the fees and expenses begin
	order    []int // which item of its invoice each of them is
	itemsEnd int   // the line after the last of them
}

// ItemOfXML tells which item of the invoice a line of its XML file belongs to, of a
// file that could be written or of one that was refused; false for a line around them.
func ItemOfXML(inv *Invoice, p Profile, line int) (item int, ok bool) {
	x := xmlWriter{profile: p, version: xml21, ids: map[xmlTax]string{}}
	if err := x.file([]Invoice{*inv}); err != nil {
		return 0, false
	}
	for i, start := range x.starts {
		if line >= start {
			item, ok = x.order[i], true
		}
	}
	return item, ok && line < x.itemsEnd
}

// file writes the document. Invoices of one firm, and of one client, that follow
// each other share its element.
func (x *xmlWriter) file(invoices []Invoice) error {
	x.put(`<?xml version="1.0" encoding="UTF-8"?>`)
	space := x.profile.XMLNamespace
	if space == "" {
		space = x.version.space
	}
	x.put("<" + x.version.root + ` xmlns="` + escaped(space) + `">`)
	for i := range invoices {
		inv, before := &invoices[i], (*Invoice)(nil)
		if i > 0 {
			before = &invoices[i-1]
		}
		sameFirm := before != nil && before.FirmID == inv.FirmID && before.Firm == inv.Firm && before.Billing == inv.Billing
		sameClient := sameFirm && before.ClientID == inv.ClientID && before.Client == inv.Client && before.ClientTaxID == inv.ClientTaxID
		if before != nil && !sameClient {
			x.shut()
		}
		if before != nil && !sameFirm {
			x.shut()
		}
		if !sameFirm {
			x.firm(inv)
		}
		if !sameClient {
			x.client(inv)
		}
		if err := x.invoice(inv); err != nil {
			return err
		}
	}
	x.shut()
	x.shut()
	x.defineTaxes()
	x.put("</" + x.version.root + ">")
	return nil
}

// judge reads the file back: what our own validator refuses does not leave the house.
func (x *xmlWriter) judge(c money.Currency) error {
	_, err := Scan(bytes.NewReader(x.out.Bytes()), Options{Format: x.version.format, Currency: c}, Handler{Finding: func(f Finding) {
		if f.Severity == Error {
			x.faults = append(x.faults, fault.Field{Path: f.Field, Line: f.Line, Code: string(f.Code), Message: f.Message, Fix: f.Fix})
		}
	}})
	if err != nil {
		return err
	}
	return x.faults.Err(ErrWrite)
}

func (x *xmlWriter) put(s string) {
	x.line++
	for range x.open {
		x.out.WriteByte(' ')
	}
	x.out.WriteString(s)
	x.out.WriteByte('\n')
}

func (x *xmlWriter) enter(name string) {
	x.put("<" + name + ">")
	x.open = append(x.open, name)
}

func (x *xmlWriter) shut() {
	name := x.open[len(x.open)-1]
	x.open = x.open[:len(x.open)-1]
	x.put("</" + name + ">")
}

// number closes the fields of an element with its place in the file, which
// receivers quote.
func (x *xmlWriter) number() {
	x.items++
	x.put(fmt.Sprintf("<file_item_nbr>%d</file_item_nbr>", x.items))
}

// value writes a number, a date or a code of ours; an empty one is left out.
func (x *xmlWriter) value(name, v string) {
	if v != "" {
		x.put("<" + name + ">" + escaped(v) + "</" + name + ">")
	}
}

// text writes a text of the invoice; an empty one is left out.
func (x *xmlWriter) text(name, v string) {
	clean := visible(v)
	if clean != v {
		x.changes = append(x.changes, Change{Line: x.line + 1, Field: name, Before: v, After: clean, Why: "line breaks, runs of blanks and unseen characters cannot stand in the file"})
	}
	x.value(name, clean)
}

func (x *xmlWriter) refuse(name, code, message, fix string) {
	x.faults = append(x.faults, fault.Field{Path: name, Line: x.line + 1, Code: code, Message: message, Fix: fix})
}

func dashed(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func (x *xmlWriter) firm(inv *Invoice) {
	x.enter("firm")
	x.text(x.version.firmID, inv.FirmID)
	x.text("lf_id", inv.FirmID)
	x.text("lf_name", inv.Firm.Name)
	x.address("lf_address", inv.Firm)
	x.contact("lf_billing_contact", inv.Billing)
	x.value("source_app", "Docketry")
	x.value("app_version", "1")
	x.number()
}

func (x *xmlWriter) client(inv *Invoice) {
	x.enter("client")
	x.text("cl_id", inv.ClientID)
	x.text("cl_lf_id", inv.ClientID)
	x.text("cl_name", inv.Client.Name)
	x.address("cl_address", inv.Client)
	x.text("cl_tax_id", inv.ClientTaxID)
	x.number()
}

// address writes the block even when it is empty: the format asks for it.
func (x *xmlWriter) address(name string, p Party) {
	x.enter(name)
	x.text("address_1", p.Address1)
	x.text("address_2", p.Address2)
	x.text("city", p.City)
	x.text("state_province", p.Region)
	x.text("zip_postal_code", p.Postcode)
	x.text("country", x.profile.country(p.Country))
	x.shut()
}

func (x *xmlWriter) contact(name string, c Contact) {
	x.enter(name)
	x.text("contact_lname", c.LastName)
	x.text("contact_fname", c.FirstName)
	x.text("contact_id", c.ID)
	x.text("contact_phone", c.Phone)
	x.text("contact_fax", c.Fax)
	x.text("contact_email", c.Email)
	x.shut()
}

// defineTaxes writes each tax that a line named, or that is withheld of an invoice.
func (x *xmlWriter) defineTaxes() {
	for i, t := range x.taxes {
		x.enter("tax")
		x.value("tx_id", taxName(i))
		x.text("tx_id_number", t.number)
		x.text("tax_type", t.kind)
		x.value("tax_rate_percent", t.rate.String())
		x.text("taxing_jurisdiction_country", t.country)
		x.text("taxing_jurisdiction_locality", t.region)
		on, way := "N", "Increase"
		if t.on != "" {
			on = "Y"
		}
		if t.withheld {
			way = "Decrease"
		}
		x.value("tax_on_tax", on)
		x.value("tax_on_tax_id", t.on)
		x.value("increase_decrease", way)
		if x.version == xml22 {
			x.value("tax_tiers", "N")
		}
		x.number()
		x.shut()
	}
}

func taxName(i int) string { return fmt.Sprintf("T%d", i+1) }

// taxID is the id of a tax, given to it the first time that a line has it.
func (x *xmlWriter) taxID(t xmlTax) string {
	if id, ok := x.ids[t]; ok {
		return id
	}
	id := taxName(len(x.taxes))
	x.taxes = append(x.taxes, t)
	x.ids[t] = id
	return id
}
