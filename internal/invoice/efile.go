package invoice

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/portal"
)

// Format is what a file of an invoice is; stored, never rename.
type Format string

// The formats.
const (
	FormatPDF     Format = "pdf"
	FormatClosing Format = "closing" // the closing statement of a contingent fee, as a PDF of its own
	Format1998B   Format = "ledes_1998b"
	Format98BIV2  Format = "ledes_98bi_v2"
	FormatXML21   Format = "ledes_xml_21"
	FormatXML22   Format = "ledes_xml_22" // for receivers that take no other; no tax of ours is by tiers
)

// Paper tells what is printed from what a machine reads.
func (f Format) Paper() bool { return f == FormatPDF || f == FormatClosing }

// XML tells a file of elements, which says several taxes and credit notes as well.
func (f Format) XML() bool { return f == FormatXML21 || f == FormatXML22 }

// noClientTaxID stands in 98BI V2 for a client that has none: the field is required.
const noClientTaxID = "N/A"

// Name is what a file of this format is called for a reader.
func (f Format) Name() string {
	switch f {
	case Format1998B:
		return "LEDES 1998B"
	case Format98BIV2:
		return "LEDES 98BI V2"
	case FormatXML21:
		return "LEDES XML 2.1"
	case FormatXML22:
		return "LEDES XML 2.2"
	case FormatClosing:
		return "Closing statement"
	case FormatPDF:
		return "PDF"
	default:
		return "PDF"
	}
}

// EFile is an invoice in a LEDES format.
type EFile struct {
	Format  Format
	Bytes   []byte
	Changes []ledes.Change // texts that had to be spelt otherwise
}

// EBill is the format of the document's own e-bill: what its payor reads, and of the
// flat ones LEDES 1998B, or 98BI V2 where there is tax, which 1998B cannot say. "" for a
// credit note to a payor who reads a flat one: receivers refuse them in that form. Where a line
// bears several taxes, which neither can say, and nobody in particular reads it, it is XML 2.1.
func (d *Document) EBill() Format {
	switch {
	case d.EBillAs.XML():
		return d.EBillAs
	case d.Receiver == nil && d.Several():
		return FormatXML21
	case d.Kind == KindCreditNote:
		return ""
	default:
		return d.flat()
	}
}

// For shapes the document's e-bill as a receiver wants it. The credit note of an invoice
// goes as the invoice did.
func (d *Document) For(p portal.Profile) {
	d.Receiver = &Receiver{ID: p.ID, Name: p.Name, Version: p.Version, Settings: p.Settings}
	d.EBillAs = ""
	if p.Format != portal.FormatFlat {
		d.EBillAs = Format(p.Format)
	}
}

// profile is what the writers are told of the receiver.
func (d *Document) profile() ledes.Profile {
	if d.Receiver == nil {
		return ledes.Profile{}
	}
	return d.Receiver.LEDES()
}

// number is the document's as its e-bill has it.
func (d *Document) number() string {
	if d.Receiver == nil {
		return d.Number
	}
	return d.Receiver.Number(d.Number, d.Receiver.Sent)
}

// EBills are the formats that an e-bill of the document can have.
func (d *Document) EBills() []Format {
	if d.Kind == KindCreditNote {
		return []Format{FormatXML21, FormatXML22}
	}
	if d.Several() {
		return []Format{FormatXML21, FormatXML22}
	}
	return []Format{d.flat(), FormatXML21, FormatXML22}
}

func (d *Document) flat() Format {
	if d.EBillAs == Format1998B || d.EBillAs == Format98BIV2 {
		return d.EBillAs
	}
	if len(d.Taxes) > 0 {
		return Format98BIV2
	}
	return Format1998B
}

// EFile writes the document as its own e-bill. What the format cannot hold is
// ledes.ErrWrite with every field at fault.
func (d *Document) EFile(p ledes.Profile) (EFile, error) { return d.EFileAs(d.EBill(), p) }

// EFileAs writes the document in a format that it can have: XML, or its flat one, which
// a credit note lacks. Any other is ErrFormat.
func (d *Document) EFileAs(f Format, p ledes.Profile) (EFile, error) {
	if err := d.Check(); err != nil {
		return EFile{}, err
	}
	switch {
	case !f.XML() && d.Kind == KindCreditNote:
		return EFile{}, ErrFormat.With("a credit note has no flat LEDES file; choose LEDES XML")
	case !f.XML() && f != d.flat():
		return EFile{}, ErrFormat.With("this invoice can be %s, LEDES XML 2.1 or LEDES XML 2.2", d.flat().Name())
	}
	write := map[Format]func(io.Writer, []ledes.Invoice, ledes.Profile) ([]ledes.Change, error){
		Format1998B: ledes.Write1998B, Format98BIV2: ledes.Write98BIV2, FormatXML21: ledes.WriteXML21, FormatXML22: ledes.WriteXML22,
	}[f]
	var out bytes.Buffer
	changes, err := write(&out, []ledes.Invoice{d.toLEDES(f)}, p)
	if err != nil {
		return EFile{}, err
	}
	return EFile{Format: f, Bytes: out.Bytes(), Changes: changes}, nil
}

func (d *Document) toLEDES(f Format) ledes.Invoice {
	inv := ledes.Invoice{
		Number: d.number(), ClientID: d.Client.Number, MatterID: d.Matter.Number, ClientMatterID: d.Matter.ClientRef, FirmID: d.LawFirmID,
		Description: cmp.Or(d.Text, d.partRemark()), Date: d.IssuedOn.Time(), PeriodStart: d.From.Time(), PeriodEnd: d.To.Time(), Currency: d.Currency,
		ClientTaxID: d.Payor.TaxID, MatterName: d.Matter.Name, PONumber: d.PO, Firm: toLEDESParty(d.Firm), Client: toLEDESParty(d.Payor),
		Items: make([]ledes.Item, 0, len(d.Lines)),
	}
	if inv.ClientTaxID == "" && !f.XML() {
		inv.ClientTaxID = noClientTaxID
	}
	people := make(map[string]ledes.Timekeeper, len(d.People))
	for _, t := range d.People {
		people[t.Code] = toLEDESTimekeeper(t)
	}
	for i := range d.Lines {
		inv.Items = append(inv.Items, d.toItem(&d.Lines[i], people))
	}
	if f.XML() {
		d.forXML(&inv)
		d.registrations(&inv)
	}
	return inv
}

// registrations says of each levy where it is due and under which number, and what is
// withheld. The number of the first tax stands for all that have no other.
func (d *Document) registrations(inv *ledes.Invoice) {
	seen := map[string]bool{}
	for i := range d.Lines {
		for _, t := range d.Lines[i].Taxes {
			d.register(inv, t.Code, seen)
		}
	}
	for _, x := range d.Withheld {
		d.register(inv, x.Code, seen)
		inv.Withheld = append(inv.Withheld, ledes.Tax{Type: x.Name, Rate: x.RateE6})
	}
}

func (d *Document) register(inv *ledes.Invoice, code string, seen map[string]bool) {
	if seen[code] {
		return
	}
	v := d.levyOf(code)
	if len(seen) == 0 {
		inv.FirmTaxID = cmp.Or(v.Number, d.Firm.TaxID)
	}
	seen[code] = true
	r := ledes.Registration{Type: v.Name, Rate: v.RateE6, Number: cmp.Or(v.Number, d.Firm.TaxID), Country: v.Country, Region: v.Region}
	if r.Number == cmp.Or(inv.FirmTaxID, inv.FirmID) {
		r.Number = ""
	}
	if r.Country == d.Firm.Country {
		r.Country = ""
	}
	if r.Number != "" || r.Country != "" || r.Region != "" {
		inv.Registrations = append(inv.Registrations, r)
	}
}

// forXML adds what only XML says, and a first name for who has none: it wants one.
func (d *Document) forXML(inv *ledes.Invoice) {
	inv.DueOn, inv.FirmTaxID, inv.Rounding = d.DueOn.Time(), d.Firm.TaxID, d.Rounding
	inv.Billing = ledes.Contact{Phone: d.Firm.Phone}
	for i := range inv.Items {
		it := &inv.Items[i]
		if it.Type == ledes.Expense {
			it.Task = "" // XML has no place for it
		}
		if it.TaxType != "" && len(d.Levies) == 0 {
			it.TaxType = taxName(d.Firm.Country)
		}
		if it.Timekeeper.ID != "" && it.Timekeeper.FirstName == "" {
			it.Timekeeper.FirstName = "-"
		}
		if d.Kind == KindCreditNote {
			takeBack(it)
		}
	}
	if d.Corrects != nil {
		inv.Description = "Credit note for invoice " + d.Corrects.Number + " of " + string(d.Corrects.IssuedOn) + ": " + d.Because
	}
}

// takeBack is the line of a credit note: units below zero are refused everywhere, so it
// is an adjustment of the fees or the expenses, with the tax that goes back with it.
func takeBack(it *ledes.Item) {
	back := ledes.Item{Type: ledes.FeeAdjust, On: it.On, NetMinor: -it.NetMinor, Description: it.Description, TaxRate: it.TaxRate, TaxMinor: -it.TaxMinor, TaxType: it.TaxType, MoreTaxes: slices.Clone(it.MoreTaxes)}
	for i := range back.MoreTaxes {
		back.MoreTaxes[i].Minor = -back.MoreTaxes[i].Minor
	}
	if it.Type == ledes.Expense {
		back.Type = ledes.ExpenseAdjust
	}
	*it = back
}

func (d *Document) toItem(l *Line, people map[string]ledes.Timekeeper) ledes.Item {
	it := ledes.Item{
		Type: ledes.Fee, On: l.On.Time(), Units: l.QuantityE4, UnitCost: l.RateE4, NetMinor: l.AmountMinor,
		Task: l.Task, Activity: l.Activity, Timekeeper: people[l.Who], Description: l.Narrative,
		TaxRate: l.TaxE6, TaxMinor: l.TaxMinor,
	}
	switch l.Kind {
	case Expense:
		it.Type, it.Activity, it.Expense = ledes.Expense, "", l.ExpenseCode
		if d.Receiver == nil || !d.Receiver.ExpenseTask {
			it.Task = ""
		}
	case Adjustment:
		it.Type = ledes.FeeAdjust
	case Price:
		it.Timekeeper, it.Flat = flatFee, true
	case Fee:
	}
	if it.Task == "" {
		it.Activity = "" // an activity stands only with a task (LEGAL-BILLING 3)
	}
	d.levied(l, &it)
	if l.TaxE6 > 0 {
		it.TaxType = "TAX"
		if name := taxName(d.Firm.Country); name == "VAT" || name == "GST" {
			it.TaxType = name
		}
	}
	return it
}

// levied states the taxes of a line of a document with levies.
func (d *Document) levied(l *Line, it *ledes.Item) {
	if len(l.Taxes) == 0 {
		return
	}
	it.TaxMinor = 0
	for i, t := range l.Taxes {
		v := d.levyOf(t.Code)
		if i == 0 {
			it.TaxType, it.TaxRate, it.TaxMinor = v.Name, v.RateE6, t.Minor
			continue
		}
		more := ledes.Tax{Type: v.Name, Rate: v.RateE6, Minor: t.Minor}
		if at := slices.IndexFunc(l.Taxes[:i], func(x LineTax) bool { return x.Code == v.On }); at >= 0 {
			more.OnTax, more.Back = true, i-1-at
		}
		it.MoreTaxes = append(it.MoreTaxes, more)
	}
}

// flatFee stands where a fee names a person (LEGAL-BILLING 2): a price is nobody's time.
var flatFee = ledes.Timekeeper{ID: "FLTFEE", FirstName: "Flat", LastName: "Fee", Class: "FLTFEE"}

// toLEDESParty splits an address no further than its lines tell: we hold them as on an
// envelope. Town, region and postcode stand in their own columns where the country's form
// shows them for certain (firm.TownOf); else they stay in the address, and those columns,
// which are optional in the format, are empty.
func toLEDESParty(p Party) ledes.Party {
	t, lines, _ := firm.TownOf(p.Country, p.Lines)
	out := ledes.Party{Name: p.Name, City: t.City, Region: t.Region, Postcode: t.Postcode, Country: p.Country}
	if len(lines) > 0 {
		out.Address1 = lines[0]
	}
	if len(lines) > 1 {
		out.Address2 = strings.Join(lines[1:], ", ")
	}
	return out
}

// toLEDESTimekeeper takes the last word as the surname.
func toLEDESTimekeeper(t Timekeeper) ledes.Timekeeper {
	out := ledes.Timekeeper{ID: t.Code, LastName: t.Name, Class: t.Class}
	if i := strings.LastIndexByte(strings.TrimSpace(t.Name), ' '); i > 0 {
		out.FirstName, out.LastName = strings.TrimSpace(t.Name[:i]), t.Name[i+1:]
	}
	return out
}
