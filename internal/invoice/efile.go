package invoice

import (
	"bytes"
	"strings"

	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ledes"
)

// Format is what a file of an invoice is; stored, never rename.
type Format string

// The formats.
const (
	FormatPDF    Format = "pdf"
	Format1998B  Format = "ledes_1998b"
	Format98BIV2 Format = "ledes_98bi_v2"
)

// noClientTaxID stands in 98BI V2 for a client that has none: the field is required.
const noClientTaxID = "N/A"

// Name is what a file of this format is called for a reader.
func (f Format) Name() string {
	switch f {
	case Format1998B:
		return "LEDES 1998B"
	case Format98BIV2:
		return "LEDES 98BI V2"
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

// EFile writes the document as LEDES 1998B, or as 98BI V2 where there is tax, which
// 1998B cannot say. Credit notes have no LEDES form: receivers refuse them. What the
// format cannot hold is ledes.ErrWrite with every field at fault.
func (d *Document) EFile(p ledes.Profile) (EFile, error) {
	if err := d.Check(); err != nil {
		return EFile{}, err
	}
	f, write := EFile{Format: Format1998B}, ledes.Write1998B
	if len(d.Taxes) > 0 {
		f.Format, write = Format98BIV2, ledes.Write98BIV2
	}
	var out bytes.Buffer
	changes, err := write(&out, []ledes.Invoice{d.toLEDES()}, p)
	if err != nil {
		return EFile{}, err
	}
	f.Bytes, f.Changes = out.Bytes(), changes
	return f, nil
}

func (d *Document) toLEDES() ledes.Invoice {
	inv := ledes.Invoice{
		Number: d.Number, ClientID: d.Client.Number, MatterID: d.Matter.Number, ClientMatterID: d.Matter.ClientRef, FirmID: d.LawFirmID,
		Description: d.Text, Date: d.IssuedOn.Time(), PeriodStart: d.From.Time(), PeriodEnd: d.To.Time(), Currency: d.Currency,
		ClientTaxID: d.Payor.TaxID, MatterName: d.Matter.Name, Firm: toLEDESParty(d.Firm), Client: toLEDESParty(d.Payor),
		Items: make([]ledes.Item, 0, len(d.Lines)),
	}
	if inv.ClientTaxID == "" {
		inv.ClientTaxID = noClientTaxID
	}
	people := make(map[string]ledes.Timekeeper, len(d.People))
	for _, t := range d.People {
		people[t.Code] = toLEDESTimekeeper(t)
	}
	for i := range d.Lines {
		inv.Items = append(inv.Items, d.toItem(&d.Lines[i], people))
	}
	return inv
}

func (d *Document) toItem(l *Line, people map[string]ledes.Timekeeper) ledes.Item {
	it := ledes.Item{
		Type: ledes.Fee, On: l.On.Time(), Units: l.QuantityE4, UnitCost: l.RateE4, NetMinor: l.AmountMinor,
		Task: l.Task, Activity: l.Activity, Timekeeper: people[l.Who], Description: l.Narrative,
		TaxRate: l.TaxE6, TaxMinor: l.TaxMinor,
	}
	switch l.Kind {
	case Expense:
		it.Type, it.Task, it.Activity, it.Expense = ledes.Expense, "", "", l.ExpenseCode
	case Adjustment:
		it.Type = ledes.FeeAdjust
	case Price:
		it.Timekeeper, it.Flat = flatFee, true
	case Fee:
	}
	if it.Task == "" {
		it.Activity = "" // an activity stands only with a task (LEGAL-BILLING 3)
	}
	if l.TaxE6 > 0 {
		it.TaxType = "TAX"
		if name := taxName(d.Firm.Country); name == "VAT" || name == "GST" {
			it.TaxType = name
		}
	}
	return it
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
