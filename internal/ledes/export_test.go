package ledes

import "fmt"

// ColumnForTest is a column as the published tables print it: name, type, limit, R or not.
func ColumnForTest(columns, i int) string {
	l := layout1998B()
	if columns == columns98BI {
		l = layout98BIV2()
	}
	f := l.fields[i]
	kinds := map[kind]string{text: "char", date: "date", lineType: "enum", account: "enum", currency: "iso4217", country: "char", rate: "rate"}
	word, limit, need := kinds[f.kind], fmt.Sprint(f.max), "C"
	switch {
	case f.kind == number && i == colUnits:
		word, limit = "number", limit+".4"
	case f.kind == number:
		word, limit = "currency", limit+".4"
	case f.kind == rate:
		limit = "0..1"
	}
	if f.required {
		need = "R"
	} else if optional[i] || i >= columns1998B && i != colLastName && i != colFirstName {
		need = "O"
	}
	return fmt.Sprintf("%s,%s,%s,%s", f.name, word, limit, need)
}

var optional = map[int]bool{colInvoiceDescription: true, colAdjustment: true}
