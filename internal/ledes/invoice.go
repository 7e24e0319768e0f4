package ledes

import (
	"bytes"
	"math/big"
)

// ledger groups the lines of a file by (INVOICE_NUMBER, CLIENT_ID,
// LAW_FIRM_MATTER_ID); a blank one groups as blank.
type ledger struct {
	byKey   map[string]*invoice
	order   []*invoice
	scratch []byte
	last    *invoice
	open    bool // lines with FIL-03 since last
	gapped  bool // any at all
}

func newLedger() ledger { return ledger{byKey: make(map[string]*invoice)} }

// invoice is what one invoice of the file adds up to.
type invoice struct {
	number, client, matter string
	first, lines           int
	totals                 stated // INVOICE_TOTAL
	sum                    tally  // of LINE_ITEM_TOTAL
	taskSet                uint8
	incomplete             bool // ARI-03 is hidden: LEGAL-BILLING 3, "What a fault hides"

	taxTotals, netTotals stated // 98BI V2
	taxStated            tally  // of LINE_ITEM_TAX_TOTAL
	taxRecomputed        tally  // the same, wrong ones put right
	minorUnit            int
}

// of is the invoice that a line belongs to. Consecutive lines are the usual case.
func (l *ledger) of(fields [][]byte, line int) *invoice {
	number, client, matter := fields[colInvoiceNumber], fields[colClientID], fields[colMatterID]
	inv := l.last
	if inv == nil || inv.number != string(number) || inv.client != string(client) || inv.matter != string(matter) {
		l.scratch = append(append(append(append(append(l.scratch[:0], number...), '|'), client...), '|'), matter...)
		inv = l.byKey[string(l.scratch)]
	}
	if inv == nil {
		inv = &invoice{number: string(number), client: string(client), matter: string(matter), first: line}
		l.byKey[string(l.scratch)] = inv
		l.order = append(l.order, inv)
	}
	if l.open {
		inv.incomplete = true
		l.open = false
	}
	l.last = inv
	return inv
}

// gap notes a line of which nobody knows the invoice: it hides ARI-03 for the
// invoices before and after it.
func (l *ledger) gap() {
	if l.last != nil {
		l.last.incomplete = true
	}
	l.open, l.gapped = true, true
}

func (l *ledger) summaries() []Summary {
	out := make([]Summary, len(l.order))
	for i, inv := range l.order {
		out[i] = Summary{
			Number: clean(inv.number), Client: clean(inv.client), Matter: clean(inv.matter),
			Total: inv.totals.most().text, Lines: inv.lines, FirstLine: inv.first,
		}
	}
	return out
}

func clean(s string) string { return string(bytes.ToValidUTF8([]byte(s), []byte("\uFFFD"))) }

// judgeInvoice tells ARI-02 on the lines that differ from the total most lines
// carry, and ARI-03 and ARI-04 for that one.
func (s *scan) judgeInvoice(inv *invoice) {
	s.differing(inv, &inv.totals, colInvoiceTotal)
	s.differing(inv, &inv.taxTotals, colInvoiceTax)
	s.differing(inv, &inv.netTotals, colInvoiceNet)
	if inv.incomplete {
		return
	}
	total := inv.totals.most()
	if !inv.sum.equals(total.value) {
		sum := decimalText(inv.sum.rat())
		s.whole(inv, Error, ARI03, colInvoiceTotal, total, "the lines add up to "+sum, "write "+sum+" on every line of the invoice, or find the missing line")
	}
	if s.layout.format == Format98BIV2 {
		s.judgeTax(inv, total)
	}
}

// judgeTax checks INVOICE_TAX_TOTAL and INVOICE_NET_TOTAL. The tax may be left blank.
func (s *scan) judgeTax(inv *invoice, total *amount) {
	taxes := []*big.Rat{inv.taxStated.rat(), inv.taxRecomputed.rat()}
	if tax := inv.taxTotals.most(); tax.count > 0 {
		s.judgeTaxTotal(inv, tax, taxes)
		taxes = []*big.Rat{tax.value.rat()}
	}
	net := inv.netTotals.most()
	for _, tax := range taxes {
		if new(big.Rat).Sub(total.value.rat(), tax).Cmp(net.value.rat()) == 0 {
			return
		}
	}
	want := decimalText(new(big.Rat).Sub(total.value.rat(), taxes[0]))
	s.whole(inv, Error, ARI03, colInvoiceNet, net, "gross less tax is "+want, "write "+want)
}

func (s *scan) judgeTaxTotal(inv *invoice, tax *amount, taxes []*big.Rat) {
	near := new(big.Rat).SetFrac(big.NewInt(int64(inv.lines)), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(inv.minorUnit)), nil))
	slight := false
	for _, t := range taxes {
		diff := new(big.Rat).Sub(tax.value.rat(), t)
		if diff.Sign() == 0 {
			return
		}
		slight = slight || diff.Abs(diff).Cmp(near) <= 0
	}
	sum := decimalText(taxes[0])
	if slight {
		s.whole(inv, Warning, ARI04, colInvoiceTax, tax, "the taxes of the lines add up to "+sum, "add an IF or IE line for the rounding, or write "+sum)
		return
	}
	s.whole(inv, Error, ARI03, colInvoiceTax, tax, "the taxes of the lines add up to "+sum, "write "+sum+" on every line of the invoice")
}

// whole tells a fault of a whole invoice, which names its first line.
func (s *scan) whole(inv *invoice, sev Severity, code Code, column int, a *amount, message, fix string) {
	s.tell(Finding{Code: code, Severity: sev, Line: inv.first, Field: s.layout.fields[column].name, Value: a.text, Message: message, Fix: fix})
}

// differing tells ARI-02. The same value in another spelling is a warning: the
// text should be the same on every line.
func (s *scan) differing(inv *invoice, st *stated, column int) {
	most := st.most()
	for i := range st.amounts {
		a := &st.amounts[i]
		if a == most {
			continue
		}
		sev, message := Error, "the lines of this invoice state different totals"
		if &st.amounts[a.same] == most {
			sev, message = Warning, "the total is spelt differently on other lines of this invoice"
		}
		for _, r := range a.lines {
			for n := r.from; n <= r.to; n++ {
				s.tell(Finding{
					Code: ARI02, Severity: sev, Line: n, Field: s.layout.fields[column].name, Value: a.text,
					Message: message, Fix: "write " + most.text + ", as most lines do",
				})
			}
		}
	}
}
