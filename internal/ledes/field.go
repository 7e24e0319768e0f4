package ledes

// kind says what a field may hold.
type kind uint8

const (
	text     kind = iota
	date          // YYYYMMDD
	number        // up to max digits before the point and 4 after
	lineType      // F E IF IE
	account       // O T
	currency      // ISO 4217
	country       // ISO 3166 alpha-3
	rate          // 0..1
)

// field is one column of a flat format.
type field struct {
	name     string
	kind     kind
	max      int // characters, or digits before the point
	required bool
}

// Positions of the columns; both formats share the first 24.
const (
	colInvoiceDate = iota
	colInvoiceNumber
	colClientID
	colMatterID
	colInvoiceTotal
	colPeriodStart
	colPeriodEnd
	colInvoiceDescription
	colLineNumber
	colType
	colUnits
	colAdjustment
	colLineTotal
	colLineDate
	colTask
	colExpense
	colActivity
	colTimekeeperID
	colDescription
	colFirmID
	colUnitCost
	colTimekeeperName
	colTimekeeperClass
	colClientMatterID
	columns1998B

	colPO = columns1998B + iota - 25
	colClientTaxID
	colMatterName
	colInvoiceTax
	colInvoiceNet
	colCurrency
	colLastName
	colFirstName
	colAccountType
	colFirmName
	colFirmAddress1
	colFirmAddress2
	colFirmCity
	colFirmRegion
	colFirmPostcode
	colFirmCountry
	colClientName
	colClientAddress1
	colClientAddress2
	colClientCity
	colClientRegion
	colClientPostcode
	colClientCountry
	colTaxRate
	colLineTax
	colTaxType
	colReportedTax
	colTaxCurrency
	columns98BI
)

const textLimit = 15 * 1024 // LEGAL-BILLING 3: "char 15 KB"

// fields1998B is the published order. A change of a name or limit is a change of the format.
var fields1998B = [columns1998B]field{
	{"INVOICE_DATE", date, 8, true},
	{"INVOICE_NUMBER", text, 20, true},
	{"CLIENT_ID", text, 20, true},
	{"LAW_FIRM_MATTER_ID", text, 20, true},
	{"INVOICE_TOTAL", number, 12, true},
	{"BILLING_START_DATE", date, 8, true},
	{"BILLING_END_DATE", date, 8, true},
	{"INVOICE_DESCRIPTION", text, textLimit, false},
	{"LINE_ITEM_NUMBER", text, 20, true},
	{"EXP/FEE/INV_ADJ_TYPE", lineType, 2, true},
	{"LINE_ITEM_NUMBER_OF_UNITS", number, 10, false},
	{"LINE_ITEM_ADJUSTMENT_AMOUNT", number, 10, false},
	{"LINE_ITEM_TOTAL", number, 10, true},
	{"LINE_ITEM_DATE", date, 8, true},
	{"LINE_ITEM_TASK_CODE", text, 20, false},
	{"LINE_ITEM_EXPENSE_CODE", text, 20, false},
	{"LINE_ITEM_ACTIVITY_CODE", text, 20, false},
	{"TIMEKEEPER_ID", text, 20, false},
	{"LINE_ITEM_DESCRIPTION", text, textLimit, false},
	{"LAW_FIRM_ID", text, 20, true},
	{"LINE_ITEM_UNIT_COST", number, 10, false},
	{"TIMEKEEPER_NAME", text, 30, false},
	{"TIMEKEEPER_CLASSIFICATION", text, 10, false},
	{"CLIENT_MATTER_ID", text, 20, false},
}

// fieldsAdded98BI follow the 24 of 1998B.
var fieldsAdded98BI = [columns98BI - columns1998B]field{
	{"PO_NUMBER", text, 100, false},
	{"CLIENT_TAX_ID", text, 20, true},
	{"MATTER_NAME", text, 255, true},
	{"INVOICE_TAX_TOTAL", number, 12, false},
	{"INVOICE_NET_TOTAL", number, 12, true},
	{"INVOICE_CURRENCY", currency, 3, true},
	{"TIMEKEEPER_LAST_NAME", text, 30, false},
	{"TIMEKEEPER_FIRST_NAME", text, 30, false},
	{"ACCOUNT_TYPE", account, 1, true},
	{"LAW_FIRM_NAME", text, 60, false},
	{"LAW_FIRM_ADDRESS_1", text, 60, false},
	{"LAW_FIRM_ADDRESS_2", text, 60, false},
	{"LAW_FIRM_CITY", text, 40, false},
	{"LAW_FIRM_STATEorREGION", text, 40, false},
	{"LAW_FIRM_POSTCODE", text, 20, false},
	{"LAW_FIRM_COUNTRY", country, 3, false},
	{"CLIENT_NAME", text, 60, false},
	{"CLIENT_ADDRESS_1", text, 60, false},
	{"CLIENT_ADDRESS_2", text, 60, false},
	{"CLIENT_CITY", text, 40, false},
	{"CLIENT_STATEorREGION", text, 40, false},
	{"CLIENT_POSTCODE", text, 20, false},
	{"CLIENT_COUNTRY", country, 3, false},
	{"LINE_ITEM_TAX_RATE", rate, 1, false},
	{"LINE_ITEM_TAX_TOTAL", number, 10, true},
	{"LINE_ITEM_TAX_TYPE", text, 20, false},
	{"INVOICE_REPORTED_TAX_TOTAL", number, 12, false},
	{"INVOICE_TAX_CURRENCY", currency, 3, false},
}

// layout is a flat format: what its first line says and its columns.
type layout struct {
	format Format
	word   string // line 1 without []
	fields []field
}

func layout1998B() layout {
	return layout{format: Format1998B, word: "LEDES1998B", fields: fields1998B[:]}
}

// layout98BIV2 is 1998B with longer invoice numbers and firm ids (revision of 2020) and 28 columns more.
func layout98BIV2() layout {
	fs := append(append(make([]field, 0, columns98BI), fields1998B[:]...), fieldsAdded98BI[:]...)
	fs[colInvoiceNumber].max, fs[colFirmID].max = 50, 50
	return layout{format: Format98BIV2, word: "LEDES98BI V2", fields: fs}
}

func layoutOf(f Format) (layout, bool) {
	switch f {
	case Format1998B:
		return layout1998B(), true
	case Format98BIV2:
		return layout98BIV2(), true
	default:
		return layout{}, false
	}
}
