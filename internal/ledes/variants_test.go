package ledes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ledes"
)

// doc is a LEDES file in parts, so that a case states only what it spoils.
type doc struct {
	word, header string
	rows         [][]string
	eol          string
}

func read1998B() doc {
	return docOf("LEDES1998B[]", headerOf(24),
		"20260630|26-1|C|M|1916.27|20260601|20260630|June|1|F|2.40|0|1152.00|20260602|L350||A103|T01|Draft brief|98-7|480.00|Okafor, Ngozi|PARTNR|LIT",
		"20260630|26-1|C|M|1916.27|20260601|20260630|June|2|F|0.35|0.0045|116.67|20260604|L120||A102|T02|Research duty to warn|98-7|333.33|Lind, Per|ASSOC|LIT",
		"20260630|26-1|C|M|1916.27|20260601|20260630|June|3|E|400|347.60|747.60|20260605||E101||||98-7|1.00|||LIT",
		"20260630|26-1|C|M|1916.27|20260601|20260630|June|4|IF||-100.00|-100.00|20260630|||||Discount|98-7||||LIT",
		"20260630|26-2|C|M2|720.00|20260601|20260630|June|5|F|1.50|0|720.00|20260611|C300||A106|T01|Advise client|98-7|480.00|Okafor, Ngozi|PARTNR|COR",
	)
}

func read98BI() doc {
	tail := "|LIT|PO1|GB1|Norwick v. Dale|296.32|1542.75|GBP|%s|O|Firm|1 Row||Leeds||LS1|GBR|Client|9 Lane||York||YO1|GBR|%s|VAT|296.32|GBP"
	who := "Okafor|Ngozi"
	return docOf("LEDES98BI V2[]", headerOf(52),
		"20260630|26-1|C|M|1839.07|20260601|20260630|June|1|F|2.40|0|1382.40|20260602|L350||A103|T01|Draft|98-7|480.00|Okafor, Ngozi|PARTNR"+fmt.Sprintf(tail, who, "0.2|230.40"),
		"20260630|26-1|C|M|1839.07|20260601|20260630|June|2|F|0.30|-14.40|155.52|20260603|L310||A107|T01|Call|98-7|480.00|Okafor, Ngozi|PARTNR"+fmt.Sprintf(tail, who, "0.2|25.92"),
		"20260630|26-1|C|M|1839.07|20260601|20260630|June|3|E|1|0|61.15|20260610||E112|||Court fee|98-7|61.15||"+fmt.Sprintf(tail, "|", "0|0.00"),
		"20260630|26-1|C|M|1839.07|20260601|20260630|June|4|E|1|0|300.00|20260610||E110|||Rail|98-7|250.00||"+fmt.Sprintf(tail, "|", "0.2|50.00"),
		"20260630|26-1|C|M|1839.07|20260601|20260630|June|5|IF||-50.00|-60.00|20260630|||||Discount|98-7|||"+fmt.Sprintf(tail, "|", "0.2|-10.00"),
	)
}

func docOf(word, header string, rows ...string) doc {
	d := doc{word: word, header: header, eol: "\r\n"}
	for _, r := range rows {
		d.rows = append(d.rows, strings.Split(r, "|"))
	}
	return d
}

func headerOf(columns int) string {
	names := make([]string, columns)
	for i := range names {
		names[i] = ledes.ColumnNameV2(i)
	}
	return strings.Join(names, "|") + "[]"
}

// set spoils one value: row from 0, column from 1 as the format counts.
func (d doc) set(row, column int, value string) doc {
	d.rows = slices.Clone(d.rows)
	d.rows[row] = slices.Clone(d.rows[row])
	d.rows[row][column-1] = value
	return d
}

func (d doc) setAll(column int, value string) doc {
	for i := range d.rows {
		d = d.set(i, column, value)
	}
	return d
}

func (d doc) String() string {
	lines := []string{d.word, d.header}
	for _, r := range d.rows {
		lines = append(lines, strings.Join(r, "|")+"[]")
	}
	return strings.Join(lines, d.eol) + d.eol
}

// lines gives the file line by line, for what a value cannot say.
func (d doc) lines(change func(lines []string) []string) string {
	lines := strings.Split(strings.TrimSuffix(d.String(), d.eol), d.eol)
	return strings.Join(change(lines), d.eol) + d.eol
}

// found is "CODE line FIELD", with ~ before a warning.
func found(r ledes.Report) []string {
	out := []string{}
	for _, f := range r.Findings {
		s := fmt.Sprintf("%s %d %s", f.Code, f.Line, f.Field)
		if f.Severity == ledes.Warning {
			s = "~" + s
		}
		out = append(out, strings.TrimSpace(s))
	}
	slices.Sort(out)
	return out
}

func judge(t *testing.T, name, file string, want ...string) ledes.Report {
	t.Helper()
	r, err := ledes.Validate(strings.NewReader(file), ledes.Options{}, 0)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	slices.Sort(want)
	if got := found(r); !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q\n%+v", name, got, want, r.Findings)
	}
	for _, f := range r.Findings {
		if f.Message == "" || f.Fix == "" {
			t.Errorf("%s: finding without message or fix: %+v", name, f)
		}
	}
	return r
}

func TestFileForm(t *testing.T) {
	t.Parallel()
	b, v2 := read1998B(), read98BI()
	swap := func(i int, f func(string) string) func([]string) []string {
		return func(l []string) []string { l[i] = f(l[i]); return l }
	}
	insert := func(at int, line string) func([]string) []string {
		return func(l []string) []string { return slices.Insert(l, at, line) }
	}
	cut := func(n int) func(string) string { return func(s string) string { return s[:len(s)-n] } }
	lf, cr := b, b
	lf.eol, cr.eol = "\n", "\r"
	misspelt := b
	misspelt.word = "LEDES 1998B[]"
	lower := v2
	lower.word = "LEDES98BI v2[]"
	swapped := b
	swapped.header = strings.Replace(b.header, "CLIENT_ID|LAW_FIRM_MATTER_ID", "LAW_FIRM_MATTER_ID|CLIENT_ID", 1)

	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"good 1998B":                       {b.String(), nil},
		"good 98BI V2":                     {v2.String(), nil},
		"LF":                               {lf.String(), nil},
		"no last line break":               {strings.TrimSuffix(b.String(), "\r\n"), nil},
		"old Mac line ends":                {cr.String(), []string{"FIL-01 1"}},
		"empty":                            {"", []string{"FIL-01 1"}},
		"no LEDES at all":                  {"hello\nworld\n", []string{"FIL-01 1"}},
		"only line 1":                      {b.word + "\r\n", []string{"FIL-02 2", "FIL-03 3"}},
		"no data line":                     {b.word + "\r\n" + b.header + "\r\n", []string{"FIL-03 3"}},
		"word with a blank":                {misspelt.String(), []string{"FIL-01 1"}},
		"word in lower case":               {lower.String(), []string{"FIL-01 1"}},
		"line 1 of the other format":       {b.lines(swap(0, func(string) string { return v2.word })), []string{"FIL-01 1"}},
		"line 1 unterminated":              {b.lines(swap(0, cut(2))), []string{"FIL-04 1"}},
		"header unterminated":              {b.lines(swap(1, cut(2))), []string{"FIL-04 2"}},
		"header in the wrong order":        {swapped.String(), []string{"FIL-02 2 CLIENT_ID", "FIL-02 2 LAW_FIRM_MATTER_ID"}},
		"header short":                     {b.lines(swap(1, func(s string) string { return strings.Replace(s, "|CLIENT_MATTER_ID", "", 1) })), []string{"FIL-02 2"}},
		"header missing":                   {b.lines(func(l []string) []string { return slices.Delete(l, 1, 2) }), []string{"FIL-02 2"}},
		"state or region in capitals":      {strings.Replace(v2.String(), "CLIENT_STATEorREGION", "CLIENT_STATEORREGION", 1), []string{"FIL-02 2 CLIENT_STATEorREGION"}},
		"byte-order mark":                  {"\xef\xbb\xbf" + b.String(), []string{"FIL-01 1"}},
		"UTF-8 in two fields of a line":    {b.set(0, 19, "réply").set(0, 22, "Ökafor, N").String(), []string{"FIL-01 3 LINE_ITEM_DESCRIPTION", "FIL-01 3 TIMEKEEPER_NAME"}},
		"Latin-1":                          {b.set(1, 19, "r\xe9ply").String(), []string{"FIL-01 4 LINE_ITEM_DESCRIPTION"}},
		"NUL":                              {b.set(1, 19, "a\x00b").String(), []string{"FIL-01 4 LINE_ITEM_DESCRIPTION"}},
		"tab is a blank":                   {b.set(1, 19, "a\tb").String(), nil},
		"UTF-8 in the header":              {strings.Replace(b.String(), "CLIENT_ID", "CLIÉNT_ID", 1), []string{"FIL-01 2", "FIL-02 2 CLIENT_ID"}},
		"FIL-01 in a grouping field":       {b.setAll(3, "é").String(), []string{"FIL-01 3 CLIENT_ID", "FIL-01 4 CLIENT_ID", "FIL-01 5 CLIENT_ID", "FIL-01 6 CLIENT_ID", "FIL-01 7 CLIENT_ID"}},
		"unterminated line is still read":  {b.set(0, 14, "20260631").lines(swap(2, cut(2))), []string{"FIL-04 3", "FLD-01 3 LINE_ITEM_DATE"}},
		"blank after the terminator":       {b.lines(swap(3, func(s string) string { return s + " " })), []string{"FIL-04 4"}},
		"[] inside a value":                {b.set(0, 19, "see [] exhibit").String(), []string{"FIL-04 3 LINE_ITEM_DESCRIPTION"}},
		"pipe in a narrative":              {b.set(0, 19, "a|b").set(0, 14, "x").String(), []string{"FIL-03 3"}},
		"FIL-03 hides FIL-04":              {b.lines(swap(2, func(s string) string { return "x|" + s[:len(s)-2] })), []string{"FIL-03 3"}},
		"line break in a narrative":        {b.set(0, 19, "a\r\nb").String(), []string{"FIL-03 3", "FIL-03 4"}},
		"two records on a line":            {b.lines(func(l []string) []string { l[2] += l[3]; return slices.Delete(l, 3, 4) }), []string{"FIL-03 3"}},
		"empty line in the middle":         {b.lines(insert(3, "")), []string{"FIL-03 4"}},
		"empty lines at the end":           {b.String() + "\r\n \r\n", []string{"~FIL-03 8"}},
		"FIL-03 between hides both":        {b.setAll(5, "1.00").lines(insert(6, "junk")), []string{"FIL-03 7"}},
		"FIL-03 at the end hides the last": {b.setAll(5, "1.00").lines(insert(7, "junk")), []string{"FIL-03 8", "ARI-03 3 INVOICE_TOTAL"}},
		"FIL-03 first hides the first":     {b.setAll(5, "1.00").lines(insert(2, "junk")), []string{"FIL-03 3", "ARI-03 8 INVOICE_TOTAL"}},
		"FIL-03 does not hide ARI-02":      {b.set(1, 5, "5.00").lines(insert(2, "junk")), []string{"FIL-03 3", "ARI-02 5 INVOICE_TOTAL"}},
	} {
		judge(t, name, c.file, c.want...)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	b, v2 := read1998B(), read98BI()
	wide := strings.Repeat("x", 15361)
	for name, c := range map[string]struct {
		file doc
		want []string
	}{
		"29 February of no leap year":  {b.set(0, 14, "20260229"), []string{"FLD-01 3 LINE_ITEM_DATE"}},
		"29 February 2024":             {b.setAll(6, "20240229"), nil},
		"date with dashes":             {b.set(0, 1, "2026-06-30"), []string{"FLD-01 3 INVOICE_DATE"}},
		"date with a blank":            {b.set(0, 1, "20260630 "), []string{"FLD-01 3 INVOICE_DATE"}},
		"month 13, year 0":             {b.set(0, 1, "20261301").set(1, 1, "00000101"), []string{"FLD-01 3 INVOICE_DATE", "FLD-01 4 INVOICE_DATE"}},
		"period backwards":             {b.set(4, 6, "20260701"), []string{"FLD-01 7 BILLING_START_DATE"}},
		"line date outside the period": {b.set(0, 14, "20260701"), []string{"~FLD-01 3 LINE_ITEM_DATE"}},
		"plus, bare points":            {b.set(0, 11, "+2.40").set(4, 13, "720.").set(0, 12, ".0"), nil},
		"comma hides ARI":              {b.set(0, 13, "1,152.00").setAll(5, "1.00").set(4, 5, "720.00"), []string{"FLD-02 3 LINE_ITEM_TOTAL"}},
		"blank, currency, trailing minus": {b.set(0, 13, "$1152.00").set(1, 13, "116.67-").set(2, 13, "747 .60"),
			[]string{"FLD-02 3 LINE_ITEM_TOTAL", "FLD-02 4 LINE_ITEM_TOTAL", "FLD-02 5 LINE_ITEM_TOTAL"}},
		"exponent, hex, two points":    {b.set(0, 11, "1e2").set(1, 11, "0x1").set(2, 11, "4.0.0"), []string{"FLD-02 3 LINE_ITEM_NUMBER_OF_UNITS", "FLD-02 4 LINE_ITEM_NUMBER_OF_UNITS", "FLD-02 5 LINE_ITEM_NUMBER_OF_UNITS"}},
		"a point alone":                {b.set(0, 12, "."), []string{"FLD-02 3 LINE_ITEM_ADJUSTMENT_AMOUNT"}},
		"five decimals":                {b.set(0, 12, "0.00000"), []string{"FLD-04 3 LINE_ITEM_ADJUSTMENT_AMOUNT"}},
		"eleven digits":                {b.set(0, 11, "00000000002.40"), []string{"FLD-04 3 LINE_ITEM_NUMBER_OF_UNITS"}},
		"absurd digits":                {b.set(0, 11, strings.Repeat("9", 500)), []string{"FLD-04 3 LINE_ITEM_NUMBER_OF_UNITS"}},
		"huge but right":               {b.set(4, 11, "9999999999.9999").set(4, 21, "9999999999.9999").set(4, 13, "9999999999.0000").set(4, 12, "0").set(4, 5, "9999999999"), []string{"ARI-01 7 LINE_ITEM_TOTAL"}},
		"required blanks":              {b.set(0, 1, "").set(1, 20, "  ").set(2, 9, ""), []string{"FLD-03 3 INVOICE_DATE", "FLD-03 4 LAW_FIRM_ID", "FLD-03 5 LINE_ITEM_NUMBER"}},
		"blank matter groups as blank": {b.setAll(4, "").set(4, 2, "26-2"), []string{"FLD-03 3 LAW_FIRM_MATTER_ID", "FLD-03 4 LAW_FIRM_MATTER_ID", "FLD-03 5 LAW_FIRM_MATTER_ID", "FLD-03 6 LAW_FIRM_MATTER_ID", "FLD-03 7 LAW_FIRM_MATTER_ID"}},
		"one blank matter splits":      {b.set(0, 4, ""), []string{"FLD-03 3 LAW_FIRM_MATTER_ID", "ARI-03 3 INVOICE_TOTAL", "ARI-03 4 INVOICE_TOTAL"}},
		"blank total hides ARI":        {b.set(0, 13, ""), []string{"FLD-03 3 LINE_ITEM_TOTAL"}},
		"fee needs":                    {b.set(0, 11, "").set(1, 21, "0.00").set(4, 18, "").set(4, 22, "").set(4, 23, ""), []string{"FLD-03 3 LINE_ITEM_NUMBER_OF_UNITS", "FLD-03 4 LINE_ITEM_UNIT_COST", "FLD-03 7 TIMEKEEPER_ID", "FLD-03 7 TIMEKEEPER_NAME", "FLD-03 7 TIMEKEEPER_CLASSIFICATION", "ARI-01 4 LINE_ITEM_TOTAL"}},
		"fee without narrative":        {b.set(0, 19, ""), []string{"~FLD-03 3 LINE_ITEM_DESCRIPTION"}},
		"expense needs a code":         {b.set(2, 16, ""), []string{"FLD-03 5 LINE_ITEM_EXPENSE_CODE"}},
		"negative units":               {b.set(2, 11, "-400").set(2, 12, "1147.60"), []string{"FLD-06 5 LINE_ITEM_NUMBER_OF_UNITS"}},
		"long texts":                   {b.set(0, 2, strings.Repeat("1", 21)).set(0, 19, wide), []string{"FLD-04 3 INVOICE_NUMBER", "FLD-04 3 LINE_ITEM_DESCRIPTION", "ARI-03 3 INVOICE_TOTAL", "ARI-03 4 INVOICE_TOTAL"}},
		"text of exactly 15 KB":        {b.set(0, 19, wide[1:]), nil},
		"long number fits 98BI V2":     {v2.setAll(2, strings.Repeat("1", 50)).setAll(20, strings.Repeat("1", 50)), nil},
		"type in lower case":           {b.set(0, 10, "f"), []string{"FLD-08 3 EXP/FEE/INV_ADJ_TYPE"}},
		"type blank":                   {b.set(0, 10, ""), []string{"FLD-03 3 EXP/FEE/INV_ADJ_TYPE"}},
		"IF with units and cost":       {b.set(3, 11, "1").set(3, 21, "-100.00").set(3, 12, ""), nil},
		"lists of 98BI V2":             {v2.set(0, 33, "X").set(1, 33, ""), []string{"FLD-08 3 ACCOUNT_TYPE", "FLD-03 4 ACCOUNT_TYPE"}},
		"currency":                     {v2.set(0, 30, "gbp").set(1, 52, "EURO"), []string{"FLD-08 3 INVOICE_CURRENCY", "FLD-08 4 INVOICE_TAX_CURRENCY"}},
		"country":                      {v2.set(0, 40, "GB").set(1, 47, "Germany").set(2, 47, "XYZ"), []string{"FLD-05 3 LAW_FIRM_COUNTRY", "FLD-05 4 CLIENT_COUNTRY", "FLD-05 5 CLIENT_COUNTRY"}},
		"names of 98BI V2":             {v2.set(0, 31, "").set(1, 32, ""), []string{"FLD-03 3 TIMEKEEPER_LAST_NAME", "FLD-03 4 TIMEKEEPER_FIRST_NAME"}},
		"line number twice":            {b.set(1, 9, "1"), []string{"~DUP-01 4 LINE_ITEM_NUMBER"}},
		"line numbers of any form":     {b.set(0, 9, "A-1").set(1, 9, "A-1").set(2, 9, "01"), []string{"~DUP-01 4 LINE_ITEM_NUMBER"}},
	} {
		judge(t, name, c.file.String(), c.want...)
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	b := read1998B()
	for name, c := range map[string]struct {
		file doc
		want []string
	}{
		"lower case and blanks are read": {b.set(0, 15, " l350 ").set(2, 16, "e101").set(0, 17, "a103"), nil},
		"headings":                       {b.set(0, 15, "L300").set(2, 16, "E100").set(4, 17, "A100"), []string{"COD-01 3 LINE_ITEM_TASK_CODE", "COD-01 5 LINE_ITEM_EXPENSE_CODE", "COD-01 7 LINE_ITEM_ACTIVITY_CODE"}},
		"L650 is a heading, L690 is not": {b.set(0, 15, "L650").set(1, 15, "L690"), []string{"COD-01 3 LINE_ITEM_TASK_CODE"}},
		"L600 is not ADR":                {b.set(0, 15, "L600"), []string{"COD-01 3 LINE_ITEM_TASK_CODE"}},
		"unknown":                        {b.set(0, 15, "Z999").set(2, 16, "X101"), []string{"COD-01 3 LINE_ITEM_TASK_CODE", "COD-01 5 LINE_ITEM_EXPENSE_CODE"}},
		"in the wrong column":            {b.set(0, 15, "A103").set(0, 17, "L350"), []string{"COD-01 3 LINE_ITEM_TASK_CODE", "COD-01 3 LINE_ITEM_ACTIVITY_CODE"}},
		"activity without task":          {b.set(0, 15, ""), []string{"COD-01 3 LINE_ITEM_ACTIVITY_CODE"}},
		"no codes at all":                {b.set(0, 15, "").set(0, 17, ""), nil},
		"expense code on a fee":          {b.set(0, 16, "E101"), []string{"COD-01 3 LINE_ITEM_EXPENSE_CODE"}},
		"task on an expense":             {b.set(2, 15, "L110"), []string{"~COD-01 5 LINE_ITEM_TASK_CODE"}},
		"activity on an expense":         {b.set(2, 17, "A101"), []string{"COD-01 5 LINE_ITEM_ACTIVITY_CODE"}},
		"codes on an adjustment":         {b.set(3, 15, "L110").set(3, 16, "E101"), []string{"COD-01 6 LINE_ITEM_TASK_CODE", "COD-01 6 LINE_ITEM_EXPENSE_CODE"}},
		"sets mixed in an invoice":       {b.set(1, 15, "B110"), []string{"~COD-01 4 LINE_ITEM_TASK_CODE"}},
		"eDiscovery with litigation":     {b.set(1, 15, "L601"), nil},
		"2013 activities":                {b.set(0, 17, "A112"), nil},
		"classifications":                {b.set(0, 23, "PT").set(1, 23, "ot").set(4, 23, "BOSS"), []string{"~TKP-03 7 TIMEKEEPER_CLASSIFICATION"}},
		"adjustment by nobody":           {b.set(3, 18, "FLAT").set(3, 23, "FLTFEE"), nil},
		"adjustment by a person":         {b.set(3, 18, "T01").set(3, 23, "PARTNR"), []string{"~TKP-03 6 TIMEKEEPER_CLASSIFICATION"}},
	} {
		judge(t, name, c.file.String(), c.want...)
	}
}

func TestArithmetic1998B(t *testing.T) {
	t.Parallel()
	b := read1998B()
	// Line 4 is 0.35 h x 333.33 = 116.6655, billed 116.67 with a residual of 0.0045.
	for name, c := range map[string]struct {
		file doc
		want []string
	}{
		"rounded without residual":            {b.set(1, 12, ""), []string{"~ARI-01 4 LINE_ITEM_TOTAL"}},
		"residual as adjustment of zero":      {b.set(1, 12, "0.00"), []string{"~ARI-01 4 LINE_ITEM_TOTAL"}},
		"unrounded is exact":                  {b.set(1, 12, "").set(1, 13, "116.6655").set(0, 5, "1916.2655").set(1, 5, "1916.2655").set(2, 5, "1916.2655").set(3, 5, "1916.2655"), nil},
		"rounded down":                        {b.set(1, 12, "").set(1, 13, "116.66").set(0, 12, "0.01").set(0, 13, "1152.01"), []string{"ARI-01 4 LINE_ITEM_TOTAL"}},
		"half even":                           {b.set(4, 11, "0.01").set(4, 21, "0.50").set(4, 12, "").set(4, 13, "0.00").set(4, 5, "0.00"), []string{"~ARI-01 7 LINE_ITEM_TOTAL"}},
		"half up":                             {b.set(4, 11, "0.01").set(4, 21, "0.50").set(4, 12, "").set(4, 13, "0.01").set(4, 5, "0.01"), []string{"~ARI-01 7 LINE_ITEM_TOTAL"}},
		"off by a cent":                       {b.set(4, 13, "720.01").set(4, 5, "720.01"), []string{"ARI-01 7 LINE_ITEM_TOTAL"}},
		"off by a hundredth of a cent":        {b.set(4, 13, "720.0001").set(4, 5, "720.0001"), []string{"ARI-01 7 LINE_ITEM_TOTAL"}},
		"line and sum":                        {b.set(0, 13, "1152.10"), []string{"ARI-01 3 LINE_ITEM_TOTAL", "ARI-03 3 INVOICE_TOTAL"}},
		"units unread hide ARI-01 and ARI-03": {b.set(0, 11, "2,4").set(0, 13, "9.00"), []string{"FLD-02 3 LINE_ITEM_NUMBER_OF_UNITS"}},
		"type unread hides neither":           {b.set(0, 10, "A").set(0, 13, "9.00"), []string{"FLD-08 3 EXP/FEE/INV_ADJ_TYPE", "ARI-01 3 LINE_ITEM_TOTAL", "ARI-03 3 INVOICE_TOTAL"}},
		"a bad date hides no sum":             {b.set(0, 14, "20260631").set(0, 13, "9.00"), []string{"FLD-01 3 LINE_ITEM_DATE", "ARI-01 3 LINE_ITEM_TOTAL", "ARI-03 3 INVOICE_TOTAL"}},
		"ARI-02 on the odd one":               {b.set(2, 5, "1916.28"), []string{"ARI-02 5 INVOICE_TOTAL"}},
		"ARI-02 on a tie keeps the first":     {b.set(2, 5, "9.00").set(3, 5, "9.00"), []string{"ARI-02 5 INVOICE_TOTAL", "ARI-02 6 INVOICE_TOTAL"}},
		"ARI-02 majority later":               {b.set(0, 5, "9.00"), []string{"ARI-02 3 INVOICE_TOTAL"}},
		"ARI-02 and ARI-03 of the majority":   {b.set(0, 5, "1916.27").set(1, 5, "9.00").set(2, 5, "9.00").set(3, 5, "9.00"), []string{"ARI-02 3 INVOICE_TOTAL", "ARI-03 3 INVOICE_TOTAL"}},
		"the same value spelt otherwise":      {b.set(2, 5, "1916.270"), []string{"~ARI-02 5 INVOICE_TOTAL"}},
		"spellings count together":            {b.set(0, 5, "7.00").set(1, 5, "7.00").set(2, 5, "1916.270").set(3, 5, "1916.27").set(4, 2, "26-1").set(4, 4, "M").set(4, 5, "1916.27").set(4, 11, "0.0001").set(4, 12, "-0.0480").set(4, 13, "0.00").set(4, 15, "L110"), []string{"ARI-02 3 INVOICE_TOTAL", "ARI-02 4 INVOICE_TOTAL", "~ARI-02 6 INVOICE_TOTAL", "~ARI-02 7 INVOICE_TOTAL"}},
		"total unread hides ARI-03":           {b.set(0, 5, "1,916.27"), []string{"FLD-02 3 INVOICE_TOTAL"}},
		"a missing line":                      {doc{b.word, b.header, b.rows[1:], b.eol}, []string{"ARI-03 3 INVOICE_TOTAL"}},
		"lines of invoices mixed":             {doc{b.word, b.header, [][]string{b.rows[4], b.rows[0], b.rows[2], b.rows[1], b.rows[3]}, b.eol}, nil},
		"another client is another invoice":   {b.set(0, 3, "D"), []string{"ARI-03 3 INVOICE_TOTAL", "ARI-03 4 INVOICE_TOTAL"}},
	} {
		judge(t, name, c.file.String(), c.want...)
	}
}

func TestArithmetic98BIV2(t *testing.T) {
	t.Parallel()
	v2 := read98BI()
	yen := v2.setAll(30, "JPY")
	for name, c := range map[string]struct {
		file doc
		want []string
	}{
		"tax wrong":                     {v2.set(0, 49, "230.41"), []string{"ARI-01 3 LINE_ITEM_TAX_TOTAL"}},
		"tax wrong and total with it":   {v2.set(0, 49, "230.41").set(0, 13, "1382.41"), []string{"ARI-01 3 LINE_ITEM_TAX_TOTAL", "ARI-03 3 INVOICE_TOTAL"}},
		"total wrong":                   {v2.set(0, 13, "1382.41"), []string{"ARI-01 3 LINE_ITEM_TOTAL", "ARI-03 3 INVOICE_TOTAL"}},
		"net wrong":                     {v2.setAll(29, "1000.00"), []string{"ARI-03 3 INVOICE_NET_TOTAL"}},
		"net differs on one line":       {v2.set(2, 29, "1000.00"), []string{"ARI-02 5 INVOICE_NET_TOTAL"}},
		"tax total differs on one line": {v2.set(2, 28, "1000.00"), []string{"ARI-02 5 INVOICE_TAX_TOTAL"}},
		"tax total off by 0.05":         {v2.setAll(28, "296.37").setAll(29, "1542.70"), []string{"~ARI-04 3 INVOICE_TAX_TOTAL"}},
		"tax total off by 0.06":         {v2.setAll(28, "296.38").setAll(29, "1542.69"), []string{"ARI-03 3 INVOICE_TAX_TOTAL"}},
		"tax total blank":               {v2.setAll(28, ""), nil},
		"tax total blank, net wrong":    {v2.setAll(28, "").setAll(29, "1.00"), []string{"ARI-03 3 INVOICE_NET_TOTAL"}},
		"rate 20":                       {v2.set(0, 48, "20"), []string{"TAX-01 3 LINE_ITEM_TAX_RATE"}},
		"rate in percent":               {v2.set(0, 48, "20%"), []string{"FLD-02 3 LINE_ITEM_TAX_RATE"}},
		"rate negative":                 {v2.set(0, 48, "-0.2"), []string{"TAX-01 3 LINE_ITEM_TAX_RATE"}},
		"rate blank":                    {v2.set(0, 48, ""), []string{"~TAX-01 3 LINE_ITEM_TAX_RATE"}},
		"type of tax blank":             {v2.set(0, 50, ""), []string{"~TAX-01 3 LINE_ITEM_TAX_TYPE"}},
		"tax blank":                     {v2.set(2, 49, ""), []string{"FLD-03 5 LINE_ITEM_TAX_TOTAL"}},
		"currency unread hides":         {v2.setAll(30, "XXQ").set(0, 13, "9.00"), []string{"FLD-08 3 INVOICE_CURRENCY", "FLD-08 4 INVOICE_CURRENCY", "FLD-08 5 INVOICE_CURRENCY", "FLD-08 6 INVOICE_CURRENCY", "FLD-08 7 INVOICE_CURRENCY"}},
		"yen, all exact":                {yen, nil},
		"yen rounded":                   {oneLine("JPY", "0.35", "33333", "0.1", "11667", "1167"), nil},
		"yen exact":                     {oneLine("JPY", "0.35", "33333", "0.1", "11666.55", "1166.655"), nil},
		"yen rounded to cents":          {oneLine("JPY", "0.35", "33333", "0.1", "11666.55", "1166.66"), []string{"ARI-01 3 LINE_ITEM_TAX_TOTAL"}},
		"dinar to three decimals":       {oneLine("KWD", "0.3", "33.3333", "0.05", "10.000", "0.500"), nil},
		"dinar to two decimals":         {oneLine("KWD", "0.35", "33.33", "0.05", "11.67", "0.583"), []string{"ARI-01 3 LINE_ITEM_TOTAL"}},
		"base exact, tax rounded":       {oneLine("GBP", "0.35", "333.33", "0.2", "116.6655", "23.33"), nil},
		"base rounded, tax exact":       {oneLine("GBP", "0.35", "333.33", "0.2", "116.67", "23.334"), nil},
		"both exact":                    {oneLine("GBP", "0.35", "333.33", "0.2", "116.6655", "23.3331"), nil},
		"both half even":                {oneLine("GBP", "0.5", "0.25", "0.5", "0.12", "0.06"), nil},
		"base cut off":                  {oneLine("GBP", "0.35", "333.33", "0.2", "116.66", "23.33"), []string{"ARI-01 3 LINE_ITEM_TOTAL"}},
		"rate with six decimals":        {oneLine("USD", "1", "100.00", "0.072516", "100.00", "7.25"), nil},
	} {
		judge(t, name, c.file.String(), c.want...)
	}
}

// oneLine is a 98BI V2 invoice of one fee whose totals follow from base and tax.
func oneLine(currency, units, cost, rate, base, tax string) doc {
	d := read98BI()
	d.rows = d.rows[:1]
	gross := sum(base, tax)
	return d.setAll(30, currency).setAll(11, units).setAll(12, "").setAll(21, cost).setAll(48, rate).setAll(49, tax).
		setAll(13, gross).setAll(5, gross).setAll(28, tax).setAll(29, base)
}
