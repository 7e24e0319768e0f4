package invoice

import (
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/pdf"
	"github.com/docketry/docketry/internal/prebill"
)

// Statement is a closing statement in words, for paper and pages: how much came in, what it
// cost, what the firm takes and what is the client's (Model Rule 1.5).
type Statement struct {
	Facts   []Fact
	Costs   []StatementRow // with their sum last, none where nothing was spent
	Sums    []StatementRow // what came in, and to whom it goes
	Remarks []string
}

// StatementRow is a line of a statement. Amounts are minor units of its currency.
type StatementRow struct {
	On    Day // of a cost, "" of a sum
	Text  string
	Note  string // which bill charges a cost
	Minor int64
	Whole bool // a sum that others lead to
}

var stageWords = map[arrangement.Stage]string{arrangement.StageSettlement: "by settlement", arrangement.StageTrial: "at trial", arrangement.StageAppeal: "on appeal"}

// StatementOf says a closing statement of a bill in a currency.
func StatementOf(c *prebill.Closing, in money.Currency) Statement {
	s := Statement{Facts: []Fact{{"Recovered", Day(c.ReceivedOn).Long() + ", " + stageWords[c.Stage]}, {"From", c.Source}, {"Share agreed", share(c)}}}
	if c.SignedOn != "" {
		s.Facts = append(s.Facts, Fact{"Agreement signed", Day(c.SignedOn).Long()})
	}
	for _, x := range c.Costs {
		s.Costs = append(s.Costs, StatementRow{On: Day(x.On), Text: x.Text(), Note: chargedBy(x), Minor: x.Minor})
	}
	if len(s.Costs) > 0 {
		s.Costs = append(s.Costs, StatementRow{Text: "Costs", Minor: c.CostsMinor, Whole: true})
	}
	add := func(text string, minor int64, whole bool) {
		s.Sums = append(s.Sums, StatementRow{Text: text, Minor: minor, Whole: whole})
	}
	add("What came in", c.GrossMinor, true)
	add("Costs of the matter", -c.CostsMinor, false)
	if c.NetOfCosts {
		add("What the share is of", c.BaseMinor, true)
	}
	if c.ChangedMinor() != 0 {
		add("Share agreed", -c.AgreedMinor, false)
		add("Discounts and other terms", -c.ChangedMinor(), false)
	}
	add("Fee of the firm", -c.FeeMinor, c.ChangedMinor() != 0)
	if c.ClientMinor < 0 {
		add("Owed by the client, beyond what came in", c.ClientMinor, true)
	} else {
		add("The client's part", c.ClientMinor, true)
	}
	if c.HeldMinor > 0 {
		s.Remarks = append(s.Remarks, "Of the fee "+amount(c.HeldMinor, in)+" is held back until "+c.HeldUntil+".")
	}
	here := c.HereMinor()
	s.Remarks = append(s.Remarks, fmt.Sprintf("This invoice charges the fee%s and costs of %s. Costs that an earlier bill charged are not charged again. Amounts are before tax.", less(c.HeldMinor), amount(here, in)))
	return s
}

func less(held int64) string {
	if held > 0 {
		return ", without what is held back,"
	}
	return ""
}

// share says what is agreed: "33.3333% of what is left after costs".
func share(c *prebill.Closing) string {
	if c.NetOfCosts {
		return percent(c.Share) + " of what is left after costs"
	}
	return percent(c.Share) + " of all that came in"
}

func chargedBy(c prebill.ClosingCost) string {
	switch {
	case c.Prebill == "":
		return "this invoice"
	case c.Invoice != "":
		return "invoice " + c.Invoice
	default:
		return "an earlier bill"
	}
}

// checkClosing refuses a statement whose figures are not each other's.
func (d *Document) checkClosing() error {
	if d.Closing != nil && !d.Closing.Adds() {
		return ErrUnbalanced.With("what came in is not fee, costs and the client's part together")
	}
	return nil
}

// kindClosing is the kind of the copy of a document that its closing statement is printed from.
const kindClosing Kind = "closing"

// RenderClosing is the closing statement of an invoice as a PDF file of its own: the same
// document gives the same bytes.
func (p *Paper) RenderClosing(d *Document) ([]byte, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	c := *d
	c.Kind = kindClosing
	return p.draw(&c, layoutClosing)
}

// layoutClosing places a closing statement on its pages. It is pure.
func layoutClosing(d *Document, fonts *pdf.Fonts) []pdf.Op {
	f := newFlow(d, fonts)
	f.newPage()
	f.open(pdf.Document)
	f.letterhead()
	f.parties()
	s := StatementOf(d.Closing, d.Currency)
	for _, x := range s.Facts {
		f.need(leading(typeText))
		f.y = f.stack(pdf.P, margin, f.y, f.w-2*margin, pdf.Regular, typeText, inkText, x.Label+": "+x.Value, strings.ToLower(x.Label))
	}
	f.y += pdf.MM(5)
	f.statement("Costs of the matter", "Cost", s.Costs)
	f.statement("What becomes of the recovery", "In "+string(d.Currency), s.Sums)
	for _, r := range s.Remarks {
		f.paragraph("remark", r)
	}
	f.close()
	f.numberPages()
	return f.ops
}

// statement is one table of a closing statement, nothing without rows.
func (f *flow) statement(title, head string, list []StatementRow) {
	if len(list) == 0 {
		return
	}
	inner := f.w - 2*margin
	amounts := f.fonts.Width(pdf.Bold, typeTable, "Amount")
	for _, r := range list {
		amounts = max(amounts, f.fonts.Width(pdf.Bold, typeTable, amount(r.Minor, f.doc.Currency)))
	}
	notes := inner / 4
	texts := inner - amounts - notes - 2*gap
	at := func(text, note, sum string, face pdf.Face) []cell {
		return []cell{
			{lines: f.fonts.Wrap(nil, face, typeTable, texts, clean(text)), x: margin, w: texts, scope: pdf.Row, field: "statement"},
			{lines: f.fonts.Wrap(nil, face, typeTable, notes, clean(note)), x: margin + texts + gap, w: notes, field: "charged by"},
			{lines: []string{sum}, x: margin + inner - amounts, w: amounts, right: true, field: "amount"},
		}
	}
	f.need(6 * leading(typeTable))
	f.y = f.stack(pdf.H2, margin, f.y, inner, pdf.Bold, typeTable, inkLite, title, "")
	f.open(pdf.Table)
	by := ""
	if list[0].Note != "" {
		by = "Charged by"
	}
	cells := at(head, by, "Amount", pdf.Bold)
	for i := range cells {
		cells[i].scope = pdf.Column
	}
	f.tableHead(cells)
	rows := make([]row, len(list))
	for i, r := range list {
		text := r.Text
		if r.On != "" {
			text = r.On.Long() + "  " + text
		}
		look, face := plain, pdf.Regular
		if r.Whole {
			look, face = sub, pdf.Bold
		}
		rows[i] = row{cells: at(text, r.Note, amount(r.Minor, f.doc.Currency), face), look: look, sticks: r.Whole && i > 0}
	}
	f.rows(rows)
	f.close()
	f.head = nil
	f.y += pdf.MM(6)
}
