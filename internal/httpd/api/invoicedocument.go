package api

import (
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/tax"
)

// InvoiceDocument is what was true and printed when the invoice was issued. It is
// told in the forms of this API; content_hash is of the stored form, not of this.
type InvoiceDocument struct {
	Form      int                `json:"form" class:"C1" doc:"version of the stored form"`
	Kind      invoice.Kind       `json:"kind" class:"C1"`
	ID        ident.InvoiceID    `json:"id" class:"C1"`
	Number    string             `json:"number,omitempty" class:"C2"`
	Series    string             `json:"series" class:"C1"`
	IssuedOn  invoice.Day        `json:"issued_on" class:"C1" format:"date"`
	DueOn     invoice.Day        `json:"due_on" class:"C1" format:"date"`
	From      invoice.Day        `json:"from" class:"C1" format:"date" doc:"first day of what is billed"`
	To        invoice.Day        `json:"to" class:"C1" format:"date"`
	Currency  money.Currency     `json:"currency" class:"C1"`
	Lang      string             `json:"lang" class:"C1"`
	Sheet     invoice.Sheet      `json:"sheet" class:"C1"`
	Rounding  money.Rounding     `json:"rounding" class:"C1"`
	TaxBasis  invoice.TaxBasis   `json:"tax_basis" class:"C1"`
	Firm      *DocumentParty     `json:"firm,omitempty" class:"C2"`
	Bank      *DocumentBank      `json:"bank,omitempty" class:"C2"`
	Payor     *DocumentParty     `json:"payor,omitempty" class:"C2"`
	Client    *DocumentClient    `json:"client,omitempty" class:"C2"`
	Matter    DocumentMatter     `json:"matter" class:"C1"`
	Text      string             `json:"text,omitempty" class:"C3" doc:"above the lines"`
	People    []DocumentPerson   `json:"people,omitempty" class:"C2" doc:"who billed, by code"`
	Lines     []DocumentLine     `json:"lines" class:"C1" doc:"fees first, each kind by date"`
	Taxes     []DocumentTax      `json:"taxes" class:"C1" doc:"by rate, or each tax of the treatment; none where no tax is due"`
	TaxNote   string             `json:"tax_note,omitempty" class:"C2"`
	TaxKind   tax.Kind           `json:"tax_kind,omitempty" class:"C1" doc:"of the tax treatment; left out: one rate, as the matter has it"`
	Withheld  []DocumentTax      `json:"withheld,omitempty" class:"C1" doc:"of the total, kept back by who pays"`
	Prompt    *DocumentPrompt    `json:"prompt,omitempty" class:"C1" doc:"a discount on prompt payment, as agreed"`
	Part      *DocumentPart      `json:"part,omitempty" class:"C1" doc:"of a bill that payors share: how much of it the invoice is"`
	Totals    DocumentTotals     `json:"totals" class:"C1"`
	Prebill   ident.PrebillID    `json:"prebill_id,omitempty" class:"C1"`
	Approval  string             `json:"approved_hash,omitempty" class:"C1" doc:"the content hash that the partner approved"`
	Closing   *ClosingStatement  `json:"closing,omitempty" class:"C1" doc:"of a contingent fee"`
	Corrects  *DocumentReference `json:"corrects,omitempty" class:"C1" doc:"of a credit note: the invoice"`
	Because   string             `json:"because,omitempty" class:"C2" doc:"of a credit note: why"`
	LawFirmID string             `json:"law_firm_id,omitempty" class:"C2" doc:"LEDES LAW_FIRM_ID"`
	EBillAs   invoice.Format     `json:"ebill,omitempty" class:"C1" doc:"what the payor read at issue; left out: a flat LEDES file"`
}

// DocumentPrompt is what may be left out when the rest arrives by a day.
type DocumentPrompt struct {
	Until invoice.Day `json:"until" class:"C1" format:"date"`
	Off   *Money      `json:"off,omitempty" class:"C2" doc:"with its tax"`
	Tax   *Money      `json:"tax,omitempty" class:"C2" doc:"of it"`
}

// DocumentPart is how much of a whole bill one payor's invoice is.
type DocumentPart struct {
	Fees     string `json:"fees,omitempty" class:"C2" doc:"its share of the fees, a fraction; missing where a cap moved it"`
	Expenses string `json:"expenses,omitempty" class:"C2"`
	Cap      *Money `json:"cap,omitempty" class:"C2" doc:"of the payor, where it is reached"`
	Whole    *Money `json:"whole,omitempty" class:"C2" doc:"the whole bill, before tax"`
}

// DocumentParty is the firm or the payor as printed.
type DocumentParty struct {
	Name    string   `json:"name,omitempty" class:"C2"`
	Lines   []string `json:"lines,omitempty" class:"C2" doc:"address, as on an envelope"`
	Country string   `json:"country,omitempty" class:"C2"`
	TaxID   string   `json:"tax_id,omitempty" class:"C2"`
	Attn    string   `json:"attn,omitempty" class:"C2"`
	Phone   string   `json:"phone,omitempty" class:"C2"`
}

// DocumentBank is where the money goes.
type DocumentBank struct {
	Name        string `json:"name,omitempty" class:"C2"`
	Account     string `json:"account,omitempty" class:"C2"`
	AccountName string `json:"account_name,omitempty" class:"C2" doc:"what the account is called there, such as IBAN"`
	Code        string `json:"code,omitempty" class:"C2"`
	CodeName    string `json:"code_name,omitempty" class:"C2"`
}

// DocumentClient is whose matter it is.
type DocumentClient struct {
	Number string `json:"number,omitempty" class:"C2"`
	Name   string `json:"name,omitempty" class:"C2"`
}

// DocumentMatter is what the work was for.
type DocumentMatter struct {
	ID        ident.MatterID `json:"id" class:"C1"`
	Number    string         `json:"number,omitempty" class:"C2"`
	Name      string         `json:"name,omitempty" class:"C2"`
	ClientRef string         `json:"client_ref,omitempty" class:"C2"`
}

// DocumentPerson is one who billed.
type DocumentPerson struct {
	Code  string `json:"code,omitempty" class:"C2"`
	Name  string `json:"name,omitempty" class:"C2"`
	Class string `json:"class,omitempty" class:"C2" doc:"LEDES: PARTNR, ASSOC, ..."`
}

// DocumentLine is one billed entry: amount = value + adjustment, and value is
// quantity times rate, rounded once.
type DocumentLine struct {
	ID        ident.InvoiceLine `json:"id" class:"C1"`
	No        int               `json:"no" class:"C1" doc:"from 1"`
	Entry     ident.EntryID     `json:"entry_id,omitempty" class:"C1"`
	Kind      invoice.LineKind  `json:"kind" class:"C1"`
	On        invoice.Day       `json:"worked_on" class:"C1" format:"date"`
	Who       string            `json:"timekeeper_code,omitempty" class:"C2"`
	Task      string            `json:"task_code,omitempty" class:"C2"`
	Activity  string            `json:"activity_code,omitempty" class:"C2"`
	Expense   string            `json:"expense_code,omitempty" class:"C2"`
	Narrative string            `json:"narrative,omitempty" class:"C3"`
	Quantity  string            `json:"quantity,omitempty" class:"C2" doc:"hours of a fee, pieces of a cost"`
	Rate      string            `json:"rate,omitempty" class:"C2" doc:"for one hour or piece"`
	Value     *Money            `json:"value,omitempty" class:"C2"`
	Adjust    *Money            `json:"adjustment,omitempty" class:"C2"`
	Reason    string            `json:"reason,omitempty" class:"C2"`
	Amount    *Money            `json:"amount,omitempty" class:"C2"`
	TaxRate   string            `json:"tax_rate,omitempty" class:"C2" doc:"a fraction: 0.2 is 20 percent"`
	Tax       *Money            `json:"tax,omitempty" class:"C2"`
	Taxes     []DocumentLineTax `json:"taxes,omitempty" class:"C1" doc:"each tax of the line, where a treatment holds"`
	WholeNo   int               `json:"whole_no,omitempty" class:"C1" doc:"of a share: which line of the whole bill"`
	Whole     *Money            `json:"whole,omitempty" class:"C2" doc:"of a share: the amount of that line"`
	OfNo      int               `json:"of_no,omitempty" class:"C1" doc:"of a credit note over a part: which line of the invoice it takes back"`
	Of        *Money            `json:"of,omitempty" class:"C2" doc:"and the amount of that line"`
	Original  *DocumentOriginal `json:"original,omitempty" class:"C2" doc:"as recorded, where the bill differs; never printed"`

	Converted *DocumentConverted `json:"converted,omitempty" doc:"how the price of an hour, or of one of a cost, came out of another currency"`
}

// DocumentConverted is what a line was converted from and by.
type DocumentConverted struct {
	From  money.Currency `json:"from_currency" class:"C1"`
	Price string         `json:"price,omitempty" class:"C2" doc:"in that currency; decimal text"`
	Rate  string         `json:"exchange_rate,omitempty" class:"C2"`
	On    invoice.Day    `json:"day" class:"C1" format:"date" doc:"of the exchange rate"`
}

// DocumentOriginal is what the timekeeper had recorded.
type DocumentOriginal struct {
	Narrative string `json:"narrative,omitempty" class:"C3"`
	Task      string `json:"task_code,omitempty" class:"C2"`
	Activity  string `json:"activity_code,omitempty" class:"C2"`
	Expense   string `json:"expense_code,omitempty" class:"C2"`
	Quantity  string `json:"quantity,omitempty" class:"C2"`
	Rate      string `json:"rate,omitempty" class:"C2"`
	Amount    *Money `json:"amount,omitempty" class:"C2"`
}

// DocumentTax is one tax rate with what it was applied to.
type DocumentTax struct {
	Name string `json:"name,omitempty" class:"C2"`
	Rate string `json:"rate,omitempty" class:"C2" doc:"a fraction: 0.2 is 20 percent"`
	Base *Money `json:"base,omitempty" class:"C2"`
	Tax  *Money `json:"tax,omitempty" class:"C2"`

	Code   string `json:"code,omitempty" class:"C1" doc:"of the firm's tax code; missing of one rate"`
	Number string `json:"number,omitempty" class:"C2" doc:"of registration"`
	On     string `json:"on,omitempty" class:"C1" doc:"code of the tax that is part of the base"`
}

// DocumentLineTax is what one tax comes to on a line.
type DocumentLineTax struct {
	Code string `json:"code" class:"C1"`
	Tax  *Money `json:"tax,omitempty" class:"C2"`
}

func toDocumentTax(x invoice.Tax, c money.Currency) DocumentTax {
	return DocumentTax{x.Name, x.RateE6.String(), amount(x.BaseMinor, c), amount(x.TaxMinor, c), x.Code, x.Number, x.On}
}

// DocumentTotals are the sums of an invoice.
type DocumentTotals struct {
	Fees     *Money `json:"fees,omitempty" class:"C2"`
	Expenses *Money `json:"expenses,omitempty" class:"C2"`
	Net      *Money `json:"net,omitempty" class:"C2"`
	Tax      *Money `json:"tax,omitempty" class:"C2"`
	Total    *Money `json:"total,omitempty" class:"C2"`
	Withheld *Money `json:"withheld,omitempty" class:"C2" doc:"of the total, by who pays, for the tax office"`
	Payable  *Money `json:"payable,omitempty" class:"C2" doc:"to the firm: the total without what is withheld"`
}

// DocumentReference names the invoice that a credit note corrects.
type DocumentReference struct {
	ID       ident.InvoiceID `json:"id" class:"C1"`
	Number   string          `json:"number,omitempty" class:"C2"`
	IssuedOn invoice.Day     `json:"issued_on" class:"C1" format:"date"`
	Total    *Money          `json:"total,omitempty" class:"C2"`
}

// toInvoiceDocument is nil for a reader who gets no document.
func toInvoiceDocument(d *invoice.Document) *InvoiceDocument {
	if d == nil {
		return nil
	}
	c, t := d.Currency, d.Totals
	out := &InvoiceDocument{
		Form: d.Form, Kind: d.Kind, ID: d.ID, Number: d.Number, Series: d.Series, IssuedOn: d.IssuedOn, DueOn: d.DueOn, From: d.From, To: d.To,
		Currency: c, Lang: d.Lang, Sheet: d.Sheet, Rounding: d.Rounding, TaxBasis: d.TaxBasis,
		Firm: toDocumentParty(d.Firm), Bank: &DocumentBank{d.Bank.Name, d.Bank.Account, d.Bank.AccountName, d.Bank.Code, d.Bank.CodeName},
		Payor: toDocumentParty(d.Payor), Client: &DocumentClient{d.Client.Number, d.Client.Name},
		Matter: DocumentMatter{d.Matter.ID, d.Matter.Number, d.Matter.Name, d.Matter.ClientRef},
		Text:   d.Text, People: make([]DocumentPerson, len(d.People)), Lines: make([]DocumentLine, len(d.Lines)), Taxes: make([]DocumentTax, len(d.Taxes)), TaxNote: d.TaxNote,
		Totals:  DocumentTotals{amount(t.FeesMinor, c), amount(t.ExpensesMinor, c), amount(t.NetMinor, c), amount(t.TaxMinor, c), amount(t.TotalMinor, c), nil, nil},
		Prebill: d.Prebill, Approval: d.Approval, Because: d.Because, LawFirmID: d.LawFirmID, EBillAs: d.EBillAs,
	}
	for i, p := range d.People {
		out.People[i] = DocumentPerson{p.Code, p.Name, p.Class}
	}
	for i := range d.Lines {
		out.Lines[i] = toDocumentLine(&d.Lines[i], c)
	}
	for i, x := range d.Taxes {
		out.Taxes[i] = toDocumentTax(x, c)
	}
	out.TaxKind = d.TaxKind
	for _, x := range d.Withheld {
		out.Withheld = append(out.Withheld, toDocumentTax(x, c))
		out.Totals.Withheld, out.Totals.Payable = amount(t.WithheldMinor, c), amount(t.PayableMinor(), c)
	}
	if p := d.Prompt; p != nil {
		out.Prompt = &DocumentPrompt{p.Until, amount(p.Minor, c), amount(p.TaxMinor, c)}
	}
	out.Closing = toClosing(d.Closing, c)
	if p := d.Part; p != nil {
		out.Part = &DocumentPart{Whole: amount(p.WholeMinor, c)}
		if p.FeesE6 != 0 || p.ExpensesE6 != 0 {
			out.Part.Fees, out.Part.Expenses = p.FeesE6.String(), p.ExpensesE6.String()
		}
		if p.CapMinor > 0 {
			out.Part.Cap = amount(p.CapMinor, c)
		}
	}
	if r := d.Corrects; r != nil {
		out.Corrects = &DocumentReference{r.ID, r.Number, r.IssuedOn, amount(r.TotalMinor, c)}
	}
	return out
}

func toDocumentParty(p invoice.Party) *DocumentParty {
	return &DocumentParty{p.Name, p.Lines, p.Country, p.TaxID, p.Attn, p.Phone}
}

func toDocumentLine(l *invoice.Line, c money.Currency) DocumentLine {
	out := DocumentLine{
		ID: l.ID, No: l.No, Entry: l.Entry, Kind: l.Kind, On: l.On, Who: l.Who, Task: l.Task, Activity: l.Activity, Expense: l.ExpenseCode, Narrative: l.Narrative,
		Quantity: decimal(l.QuantityE4), Rate: decimal(l.RateE4), Value: amount(l.ValueMinor, c), Adjust: amount(l.AdjustMinor, c), Reason: l.Reason,
		Amount: amount(l.AmountMinor, c), TaxRate: l.TaxE6.String(), Tax: amount(l.TaxMinor, c),
	}
	for _, x := range l.Taxes {
		out.Taxes = append(out.Taxes, DocumentLineTax{x.Code, amount(x.Minor, c)})
	}
	if l.WholeNo > 0 {
		out.WholeNo, out.Whole = l.WholeNo, amount(l.WholeMinor, c)
	}
	if l.OfNo > 0 {
		out.OfNo, out.Of = l.OfNo, amount(l.OfMinor, c)
	}
	if x := l.Converted; x != nil {
		out.Converted = &DocumentConverted{x.From, decimal(x.PriceE4), x.RateE8.String(), x.On}
	}
	if o := l.Original; o != nil {
		out.Original = &DocumentOriginal{o.Narrative, o.Task, o.Activity, o.ExpenseCode, decimal(o.QuantityE4), decimal(o.RateE4), amount(o.AmountMinor, c)}
	}
	return out
}
