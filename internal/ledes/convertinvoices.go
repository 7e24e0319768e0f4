package ledes

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// convertInvoices converts from or to XML, by way of canonical invoices.
func convertInvoices(src io.Reader, o ConvertOptions) ([]byte, []Finding, error) {
	r, err := Read(src, Options{Currency: money.Currency(strings.ToUpper(o.Currency))}, o.Drop...)
	if err != nil || r.Bills == nil {
		return nil, r.Findings, err
	}
	c := losses{drop: o.Drop, findings: r.Findings}
	for i := range r.Bills {
		o.complete(&r.Bills[i], r.Format)
		c.unheld(&r.Bills[i], r.Result.Invoices[i].FirstLine, r.Format, o.To)
	}
	if c.refused {
		return nil, c.findings, nil
	}
	write := map[Format]func(io.Writer, []Invoice, Profile) ([]Change, error){Format1998B: Write1998B, Format98BIV2: Write98BIV2, FormatXML21: WriteXML21, FormatXML22: WriteXML22}[o.To]
	var out bytes.Buffer
	changes, err := write(&out, r.Bills, Profile{})
	if err := c.unwritten(err); err != nil {
		return nil, nil, err
	}
	for _, change := range changes {
		if change.lossy {
			c.lose(change.Line, change.Field, change.Before, "in the new file it would be "+quote([]byte(change.After))+": "+change.Why)
		} else {
			c.altered(change.Line, change.Field, change.Before, "in the new file it is "+quote([]byte(change.After))+": "+change.Why)
		}
	}
	if c.refused {
		return nil, c.findings, nil
	}
	return out.Bytes(), c.findings, nil
}

// complete fills what the source format has no field for.
func (o ConvertOptions) complete(inv *Invoice, from Format) {
	for field, given := range map[*string]string{
		&inv.ClientTaxID: o.ClientTaxID, &inv.MatterName: o.MatterName, &inv.Firm.Name: o.FirmName, &inv.Firm.Country: o.FirmCountry, &inv.Client.Name: o.ClientName,
	} {
		if *field == "" {
			*field = given
		}
	}
	if from == Format1998B {
		inv.ThirdParty = o.AccountType == "T"
	}
}

// unwritten turns a refusal of the writer into findings; another error stays one.
func (l *losses) unwritten(err error) error {
	var f *fault.Error
	if !errors.Is(err, ErrWrite) || !errors.As(err, &f) {
		return err
	}
	if len(f.Fields) == 0 {
		l.refuse(1, "", "", f.Message, "look at the source")
	}
	for _, x := range f.Fields {
		fix := x.Fix
		if fix == "" {
			fix = "correct it in the source"
		}
		l.refuse(x.Line, x.Path, "", "line "+strconv.Itoa(x.Line)+" of the new file would be at fault: "+x.Message, fix)
	}
	return nil
}

// unheld refuses what the target has no field for. Names are those of the source.
func (l *losses) unheld(inv *Invoice, line int, from, to Format) {
	if to.XML() {
		return
	}
	say := func(xmlName, flatName, value string) {
		name := flatName
		if from.XML() {
			name = xmlName
		}
		l.lose(line, name, value, "the other format has no field for it")
	}
	say("inv_due_date", "", dashed(inv.DueOn))
	say("inv_payment_terms", "", inv.Terms)
	say("lf_billing_contact", "", inv.Billing.words())
	say("lf_managing_contact", "", inv.Managing.words())
	say("tx_id_number", "", inv.FirmTaxID)
	for _, r := range inv.Registrations {
		say("tx_id_number", "", r.Number)
		say("taxing_jurisdiction_country", "", r.Country)
		say("taxing_jurisdiction_locality", "", r.Region)
	}
	for _, t := range inv.Withheld {
		l.refuse(line, "increase_decrease", t.Type, "the other format has no field for tax that is withheld", "keep XML, or send the invoice before tax is withheld")
	}
	if inv.FinalBill {
		say("matter_final_bill", "", "Y")
	}
	for i := range inv.Items {
		l.itemUnheld(&inv.Items[i], line)
	}
	if to != Format1998B {
		return
	}
	say("inv_currency", "INVOICE_CURRENCY", string(inv.Currency))
	say("po_number", "PO_NUMBER", inv.PONumber)
	say("cl_tax_id", "CLIENT_TAX_ID", inv.ClientTaxID)
	say("matter_name", "MATTER_NAME", inv.MatterName)
	say("lf_name", "LAW_FIRM_NAME", inv.Firm.Name)
	say("cl_name", "CLIENT_NAME", inv.Client.Name)
	say("lf_address", "LAW_FIRM_ADDRESS_1", inv.Firm.address())
	say("cl_address", "CLIENT_ADDRESS_1", inv.Client.address())
	if inv.ThirdParty {
		say("account_type", "ACCOUNT_TYPE", "T")
	}
}

func (l *losses) itemUnheld(it *Item, line int) {
	if len(it.MoreTaxes) > 0 {
		l.refuse(line, "tx_id", it.MoreTaxes[0].Type, "a line of the other format has one tax, and this invoice has more", "keep XML, or send two files if the client agrees")
	}
	if it.On.IsZero() {
		l.refuse(line, "charge_date", "", "the other format requires a date on each line", "date the expense in the source")
	}
	if it.Flat && it.Timekeeper.Class != "FLTFEE" {
		l.lose(line, "charge_type", "F", "the flat formats know a flat price only by the class FLTFEE")
	}
}

func (c Contact) words() string {
	return strings.TrimSpace(strings.Join([]string{c.FirstName, c.LastName, c.ID, c.Phone, c.Fax, c.Email}, " "))
}

func (p Party) address() string {
	return strings.TrimSpace(strings.Join([]string{p.Address1, p.Address2, p.City, p.Region, p.Postcode, p.Country}, " "))
}
