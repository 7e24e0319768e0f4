package ledes

// compactDate is a date of LEDES 2000.
const compactDate = "20060102"

// xml2000 is LEDES 2000, which later versions grew out of (LEGAL-BILLING 5): other
// names for the codes, dates without hyphens, taxes and contacts as plain elements of
// their parents. Writers differ in what they leave out, so little of it is mandatory.
var xml2000 = &xmlVersion{
	format: FormatXML2000, root: "ledesxml", firmID: "lf_tax_id", kinds: xmlKinds2000, dates: compactDate, lowers: true,
	names: map[string]string{
		"tk_sum": "tksum", "acca_task": "task_code", "acca_activity": "task_activity", "acca_expense": "expense_code",
		"discount_amount": "item_disc_cred_amount", "if_tax_id": "lf_tax_id", "if_id": "lf_id", "if_name": "lf_name", "if_address": "lf_address", "if_remit_address": "lf_remit_address",
		"if_billing_contact": "lf_billing_contact", "if_matter_id": "lf_matter_id", "if_managing_contact": "lf_managing_contact", "cl_if_id": "cl_lf_id",
	},
	theirs: map[string]string{"task_code": "acca_task", "task_activity": "acca_activity", "expense_code": "acca_expense", "item_disc_cred_amount": "discount_amount"},
}

var xmlKinds2000 = map[string]*xmlKind{
	"ledesxml": xmlOf("", "firm"),
	"firm": xmlOf(`lf_tax_id lf_id lf_name lf_billing_contact_lname lf_billing_contact_fname lf_billing_contact_id lf_billing_contact_phone lf_billing_contact_fax
		lf_billing_contact_email source_app app_version extend_header file_item_nbr:i`, "lf_address", "lf_remit_address", "lf_billing_contact", "client"),
	"client": xmlOf("cl_id cl_lf_id cl_name cl_tax_id extend_header file_item_nbr:i", "cl_address", "client_contact", "invoice"),
	"invoice": xmlOf(`inv_id* inv_date*:d inv_due_date:d inv_currency inv_start_date:d inv_end_date:d inv_desc inv_payment_terms inv_generic_discount:n
		inv_total_net_due*:n extend_header file_item_nbr:i`, "matter"),
	"matter": xmlOf(`cl_matter_id lf_matter_id* matter_name matter_desc po_number matter_billing_type matter_final_bill=Y,N
		lf_managing_contact_lname lf_managing_contact_fname lf_managing_contact_id lf_managing_contact_phone lf_managing_contact_fax lf_managing_contact_email
		matter_total_detail_fees:n matter_total_detail_exp:n matter_adj_on_fees:n matter_adj_on_exp:n matter_tax_on_fees:n matter_tax_on_exp:n
		matter_perc_shar_fees:n matter_perc_shar_exp:n matter_net_fees:n matter_net_exp:n matter_total_due*:n extend_header file_item_nbr:i`,
		"lf_managing_contact", "tksum", "fee", "expense"),
	"tksum": xmlOf("tk_id* tk_lname tk_fname tk_level tk_rate:n tk_hours:n tk_cost:n extend_header file_item_nbr:i"),
	"fee": xmlOf(`charge_date*:d tk_id* tk_level charge_desc* task_code task_activity charge_type=U,F units*:n rate*:n base_amount:n
		discount_type discount_percent:n item_disc_cred_amount:n total_amount*:n extend_header file_item_nbr:i`),
	"expense": xmlOf(`charge_date*:d tk_id tk_level charge_desc* expense_code charge_type=U,F units*:n rate*:n base_amount:n
		discount_type discount_percent:n item_disc_cred_amount:n total_amount*:n tax_amount:n extend_header file_item_nbr:i`),
	"lf_address": xmlAddress, "lf_remit_address": xmlAddress, "cl_address": xmlAddress,
	"lf_billing_contact": xmlContact, "lf_managing_contact": xmlContact, "client_contact": xmlContact,
}
