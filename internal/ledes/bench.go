package ledes

import (
	"bytes"
	"fmt"
)

// BenchFile is a valid 1998B file of the given number of lines, fifty an invoice,
// as a firm would send it. It is the input of the speed budget (DESIGN 9).
func BenchFile(lines int) []byte {
	var b bytes.Buffer
	b.WriteString("LEDES1998B[]\r\n")
	for i, f := range fields1998B {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(f.name)
	}
	b.WriteString("[]\r\n")
	for i := range lines {
		invoice := i / 50
		count := min(50, lines-invoice*50)
		total := 0
		for k := range count {
			total += benchCents(k)
		}
		k := i % 50
		fmt.Fprintf(&b, "20260630|26-%05d|NORWICK|NORWICK.%04d|%d.%02d|20260601|20260630|June 2026 services|%d|F|%d.%d0|0|%d.%02d|202606%02d|L350||A103|T%02d|"+
			"Draft section %d of reply brief in support of motion to compel production of documents|98-7654321|480.00|Okafor, Ngozi|PARTNR|LIT-2026-113[]\r\n",
			invoice, invoice, total/100, total%100, i+1, benchTenths(k)/10, benchTenths(k)%10, benchCents(k)/100, benchCents(k)%100, k%30+1, k%7, k)
	}
	return b.Bytes()
}

func benchTenths(k int) int { return k%37 + 1 }
func benchCents(k int) int  { return benchTenths(k) * 4800 }

// BenchParse is the budget's "ours": parse and all checks. It returns the lines
// read and the errors found, both to be compared with what was written.
func BenchParse(file []byte) (lines, faults int, err error) {
	r, err := Scan(bytes.NewReader(file), Options{}, Handler{})
	return r.Lines, r.Errors, err
}

// BenchScanner is the budget's limit: a scanner written by hand that goes over the
// file once, cuts it into columns, reads the numbers and checks the sum of each
// line and invoice. It reports no fault, it only counts what does not add up.
func BenchScanner(file []byte) (lines, wrong int) {
	var columns [columns1998B][]byte
	var sum, total int64
	var invoice []byte
	for ; len(file) > 0; lines++ {
		line := file
		if i := bytes.IndexByte(file, '\n'); i >= 0 {
			line, file = file[:i], file[i+1:]
		} else {
			file = nil
		}
		n := 0
		for rest := line; n < columns1998B; n++ {
			i := bytes.IndexByte(rest, '|')
			if i < 0 {
				columns[n] = rest
				n++
				break
			}
			columns[n], rest = rest[:i], rest[i+1:]
		}
		if lines < 2 {
			continue
		}
		item := benchNumber(columns[colLineTotal])
		if n != columns1998B || benchNumber(columns[colUnits])*benchNumber(columns[colUnitCost])+
			benchNumber(columns[colAdjustment])*10_000 != item*10_000 {
			wrong++
		}
		if !bytes.Equal(columns[colInvoiceNumber], invoice) {
			if sum != total {
				wrong++
			}
			invoice, sum, total = columns[colInvoiceNumber], 0, benchNumber(columns[colInvoiceTotal])
		}
		sum += item
	}
	return lines - 2, wrong
}

// benchNumber reads a number at 1e-4 and believes that it is one.
func benchNumber(b []byte) (v int64) {
	decimals := -1
	for _, c := range b {
		if c == '.' {
			decimals = 0
			continue
		}
		if c == '-' {
			continue
		}
		v = v*10 + int64(c-'0')
		if decimals >= 0 {
			decimals++
		}
	}
	for decimals = max(decimals, 0); decimals < 4; decimals++ {
		v *= 10
	}
	if len(b) > 0 && b[0] == '-' {
		return -v
	}
	return v
}
