package ledes

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/money"
)

// xmlField is what an element that holds text may hold.
type xmlField struct {
	required bool
	is       byte   // 'd' date, 'n' number, 'i' whole number, 't' text
	max      int    // characters; 0 is any
	oneOf    string // the values allowed, parted by blanks
}

// xmlKind is an element that holds others: its fields and its blocks.
type xmlKind struct {
	fields map[string]xmlField
	order  []string
	blocks []string
}

// xmlOf reads "name" with marks: * mandatory, then :d :n :i for what it holds, =A,B
// for the values allowed and a number for the longest text.
func xmlOf(fields string, blocks ...string) *xmlKind {
	k := &xmlKind{fields: map[string]xmlField{}, blocks: blocks}
	for _, word := range strings.Fields(fields) {
		f := xmlField{is: 't'}
		word, f.oneOf, _ = strings.Cut(word, "=")
		word, is, typed := strings.Cut(word, ":")
		if typed {
			f.is = is[0]
		}
		name, star := strings.CutSuffix(word, "*")
		f.required = star
		if f.oneOf != "" {
			f.oneOf = strings.ReplaceAll(f.oneOf, ",", " ")
		}
		switch name {
		case "lf_name":
			f.max = 120
		case "charge_desc", "inv_desc":
			f.max = textLimit
		}
		k.fields[name] = f
		k.order = append(k.order, name)
	}
	return k
}

// xmlVersion is one version of the format. Names are in tables, for the official
// schema decides them.
type xmlVersion struct {
	format Format
	root   string
	space  string
	firmID string // the element that opens a firm
	kinds  map[string]*xmlKind

	names  map[string]string // other names of elements, and what they are here
	theirs map[string]string // how findings call what has another name in every file of the version
	dates  string            // the form of a date
	lowers bool              // item_disc_cred_amount is also written as what lowers the base
}

// tkSum is the other name of the timekeeper summary: one large practice system writes it.
var tkSum = map[string]string{"tk_sum": "tksum"}

var (
	xml20 = &xmlVersion{format: FormatXML20, root: "ledesxmlebilling2.0", space: "http://www.ledes.org/LEDES20.xsd", firmID: "lf_office_id", kinds: xmlKinds20(), names: tkSum, dates: time.DateOnly}
	xml21 = &xmlVersion{format: FormatXML21, root: "ledesxmlebilling2.1", space: "http://www.ledes.org/LEDES21.xsd", firmID: "lf_office_id", kinds: xmlKinds21, names: tkSum, dates: time.DateOnly}
	xml22 = &xmlVersion{format: FormatXML22, root: "ledesxmlebilling2.2", space: "http://www.ledes.org/LEDES22.xsd", firmID: "lf_vendor_id", kinds: xmlKinds22(), names: tkSum, dates: time.DateOnly}
)

// written is the name that the file has for an element.
func (v *xmlVersion) written(name string) string {
	if v.theirs[name] != "" {
		return v.theirs[name]
	}
	return name
}

// isRoot takes the version that the root names, when it is the one asked for.
func (x *xmlScan) isRoot(name string) bool {
	for _, v := range [...]*xmlVersion{xml20, xml21, xml22, xml2000} {
		if v.root == name && (v.format == x.asked || !x.asked.XML()) {
			x.version, x.result.Format = v, v.format
			return true
		}
	}
	return false
}

// xmlKinds20 is what version 2.0 has otherwise: a shorter name of the firm.
func xmlKinds20() map[string]*xmlKind {
	kinds := maps.Clone(xmlKinds21)
	kinds["ledesxmlebilling2.0"] = kinds["ledesxmlebilling2.1"]
	firm := *kinds["firm"]
	firm.fields = maps.Clone(firm.fields)
	name := firm.fields["lf_name"]
	name.max = 60
	firm.fields["lf_name"] = name
	kinds["firm"] = &firm
	return kinds
}

// xmlKinds22 is what version 2.2 has otherwise: the firm's id, and taxes by tiers. What
// a tier holds is not looked at.
func xmlKinds22() map[string]*xmlKind {
	kinds := maps.Clone(xmlKinds21)
	kinds["ledesxmlebilling2.2"] = kinds["ledesxmlebilling2.1"]
	for name, change := range map[string]func(*xmlKind){
		"firm":    func(k *xmlKind) { k.fields["lf_vendor_id"] = xmlField{is: 't', required: true} },
		"invoice": func(k *xmlKind) { k.blocks = append(slices.Clone(k.blocks), "tax_tier_summary") },
		"tax": func(k *xmlKind) {
			k.blocks = append(slices.Clone(k.blocks), "tax_tier_detail")
			k.fields["tax_tiers"] = xmlField{is: 't', required: true, oneOf: "Y N"}
		},
	} {
		k := *kinds[name]
		k.fields = maps.Clone(k.fields)
		change(&k)
		kinds[name] = &k
	}
	return kinds
}

// xmlKinds21 is the published element list of version 2.1 (LEGAL-BILLING 5).
var xmlKinds21 = map[string]*xmlKind{
	"ledesxmlebilling2.1": xmlOf("", "firm", "tax"),
	"firm": xmlOf("lf_office_id lf_tax_id lf_vendor_id lf_id lf_name* source_app* app_version* firm_URL extend_header file_item_nbr:i",
		"lf_address", "lf_remit_address", "lf_billing_contact", "client", "tax"),
	"client": xmlOf("cl_id cl_lf_id* cl_name* cl_tax_id extend_header file_item_nbr:i", "cl_address", "client_contact", "invoice"),
	"invoice": xmlOf(`inv_id* inv_date*:d inv_due_date:d inv_currency inv_other_iso inv_start_date*:d inv_end_date*:d inv_desc rejected_inv_replacement
		inv_payment_terms inv_total_tax:n inv_total_net_due*:n file_item_nbr:i extend_header`, "matter", "tax"),
	"matter": xmlOf(`cl_matter_id lf_matter_id* matter_name* matter_desc po_number account_type=O,T matter_final_bill*=Y,N
		matter_total_detail_fees*:n matter_total_detail_exp*:n matter_disc_credit_fees:n matter_disc_credit_exp:n matter_disc_cred_total:n
		matter_perc_shar_fees:n matter_perc_shar_exp:n matter_disc_bill_pct_fees:n matter_disc_bill_pct_exp:n matter_tax_on_fees:n matter_tax_on_exp:n
		matter_net_fees*:n matter_net_exp*:n matter_total_due*:n file_item_nbr:i extend_header`, "lf_managing_contact", "matter_disc_cred", "tksum", "fee", "expense"),
	"matter_disc_cred": xmlOf("disc_cred*=MIA,MIDB,MISF disc_cred_category=Fee,Exp increase_decrease=Increase,Decrease pre_post_split discount_percent:n disc_cred_amount*:n file_item_nbr:i"),
	"tksum":            xmlOf("tk_id* tk_lname* tk_fname* tk_level* tk_rate*:n tk_hours:n tk_cost:n file_item_nbr:i"),
	"fee": xmlOf(`charge_date*:d tk_id* tk_level charge_desc* task_code task_activity charge_type*=U,F units*:n rate*:n base_amount*:n
		item_disc_cred_amount:n total_amount*:n file_item_nbr:i`, "tax_item_fee"),
	"expense": xmlOf(`charge_date:d tk_id tk_level charge_desc* expense_code charge_type*=U,F units*:n rate*:n base_amount*:n
		item_disc_cred_amount:n total_amount*:n file_item_nbr:i`, "tax_item_expense"),
	"tax": xmlOf(`tx_id* tx_id_number* tax_type* tax_rate_percent:n taxing_jurisdiction_country* taxing_jurisdiction_locality tax_on_tax* tax_on_tax_id
		increase_decrease*=Increase,Decrease tax_tiers file_item_nbr:i`),
	"tax_item_fee": xmlTaxItem, "tax_item_expense": xmlTaxItem,
	"lf_address": xmlAddress, "lf_remit_address": xmlAddress, "cl_address": xmlAddress,
	"lf_billing_contact": xmlContact, "lf_managing_contact": xmlContact, "client_contact": xmlContact,
}

var (
	xmlTaxItem = xmlOf("tx_id file_item_nbr:i")
	xmlAddress = xmlOf("address_1 address_2 city state_province zip_postal_code country phone fax file_item_nbr:i")
	xmlContact = xmlOf("contact_lname contact_fname contact_id contact_phone contact_fax contact_email file_item_nbr:i")
)

// judge tells what is wrong with a value by itself.
func (x *xmlScan) judge(f xmlField, node *xmlNode, v string) {
	switch f.is {
	case 'd':
		if _, err := time.Parse(x.version.dates, v); err != nil {
			form, like := "YYYY-MM-DD", "2026-10-31"
			if x.version.dates == compactDate {
				form, like = "YYYYMMDD", "20261031"
			}
			x.fault(FLD01, node.line, node.name, v, "not a real date "+form, "write it like "+like)
		}
	case 'n':
		if _, ok := xmlNumber(v); !ok {
			x.fault(FLD02, node.line, node.name, v, "not a plain number", "digits, at most one point and four decimals, a leading minus")
		}
	case 'i':
		if strings.Trim(v, "0123456789") != "" {
			x.fault(FLD02, node.line, node.name, v, "not a whole number", "digits only")
		}
	}
	if f.oneOf != "" && !strings.Contains(" "+f.oneOf+" ", " "+v+" ") {
		x.fault(FLD08, node.line, node.name, v, "not one of "+f.oneOf, "write one of "+f.oneOf)
	}
	if node.name == "inv_currency" {
		if _, err := money.ParseCurrency(v); err != nil || v != strings.ToUpper(v) {
			x.fault(FLD08, node.line, node.name, v, "not a currency code", "write a code such as USD")
		}
	}
}

// xmlNumber reads a number of the format; fractions have up to six decimals and are
// only looked at, never summed.
func xmlNumber(v string) (money.Fixed4, bool) {
	if strings.ContainsAny(v, "+ ") {
		return 0, false
	}
	n, err := money.ParseFixed4(v)
	if err != nil {
		_, err = money.ParseFraction(v)
	}
	return n, err == nil
}
