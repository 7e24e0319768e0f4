package pages

import (
	"slices"
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// The words that a payor's share is written with, beside its percentage.
const (
	splitCosts = "expenses"
	splitCap   = "at most"
	splitTax   = "tax"
	splitNote  = "note"
)

var splitField = partial.Field{Group: "Split among payors", Name: "split", Label: "Payors and their shares", Kind: partial.Area, Rows: 4, Wide: true,
	Hint: "Harbor Mutual = 60, one payor of the client in a line, in percent that come to 100. After it, where it has any: ; expenses 100 ; at most 5000.00 ; tax 0 ; note Reverse charge. " +
		"What is above a limit goes to the payors without one, by their shares; a payor with 0 takes only that. The split of a bill's last day holds for all of it"}

// payorsAt are the payors of the client that an arrangement is for; none where no place is
// chosen yet, and for who may not read them.
func (s *Site) payorsAt(r *httpd.Request, f frame, p arrangement.Place) ([]matter.Payor, error) {
	client := p.Client
	switch {
	case !f.May(rbac.PayorRead):
		return nil, nil
	case p.Matter != "":
		m, err := s.Matters.Matter(r.Context(), p.Matter)
		if err != nil {
			return nil, err
		}
		client = m.ClientID
	case client == "":
		return nil, nil
	}
	return s.Matters.Payors(r.Context(), client)
}

// place is what the form is for, nothing where none is chosen.
func (form arrangementForm) place() arrangement.Place {
	p, err := placeOf(form["place"])
	if err != nil {
		return arrangement.Place{}
	}
	return arrangement.Place{Client: p.Client, Matter: p.Matter}
}

// split adds the payors and their shares to the terms.
func (form arrangementForm) split(t *arrangement.Terms, payors []matter.Payor) error {
	lines := textLines(form["split"])
	if len(lines) == 0 {
		return nil
	}
	var fs fault.Fields
	t.Split = &arrangement.Split{}
	for _, l := range lines {
		if p, ok := payorLine(&fs, l, t.Currency, payors); ok {
			t.Split.Payors = append(t.Split.Payors, p)
		}
	}
	return fs.Err(arrangement.ErrTerms)
}

// payorLine reads "Harbor Mutual = 60; expenses 100; at most 5000.00; tax 0; note Reverse charge".
func payorLine(fs *fault.Fields, line string, c money.Currency, payors []matter.Payor) (p arrangement.PayorShare, ok bool) {
	before := len(*fs)
	name, rest, _ := strings.Cut(line, "=")
	parts := strings.Split(rest, ";")
	p.Payor = payorNamed(fs, strings.TrimSpace(name), payors)
	p.Fees = percentOf(fs, "split", strings.TrimSuffix(strings.TrimSpace(parts[0]), "%"))
	for _, part := range parts[1:] {
		part = strings.TrimSpace(part)
		of := func(word string) (string, bool) {
			text, found := strings.CutPrefix(part, word+" ")
			return strings.TrimSuffix(strings.TrimSpace(text), "%"), found
		}
		if text, found := of(splitCosts); found {
			p.Expenses = new(percentOf(fs, "split", text))
		} else if text, found := of(splitTax); found {
			p.TaxRate = new(percentOf(fs, "split", text))
		} else if text, found := of(splitCap); found {
			a, err := money.ParseAmount(text, c)
			if err != nil || a.Minor <= 0 {
				fs.Add("split", "amount_form", "%q is no limit in %s; write at most 5000.00", part, c)
			}
			p.CapMinor = a.Minor
		} else if text, found := strings.CutPrefix(part, splitNote+" "); found {
			p.TaxNote = strings.TrimSpace(text)
		} else {
			fs.Add("split", "share_form", "%q is not understood; after a percentage write expenses, at most, tax or note", part)
		}
	}
	return p, len(*fs) == before
}

func payorNamed(fs *fault.Fields, name string, payors []matter.Payor) (id ident.PayorID) {
	n := 0
	for _, p := range payors {
		if strings.EqualFold(p.Name, name) {
			id = p.ID
			n++
		}
	}
	switch n {
	case 0:
		fs.Add("split", "payor_unknown", "%q is no payor of this client; write its name as the client's page has it", name)
	case 1:
	default:
		fs.Add("split", "payor_twice", "the client has two payors named %q; rename one first", name)
	}
	return id
}

// splitText is what the form has for a split.
func splitText(t arrangement.Terms, payors []matter.Payor) string {
	if t.Split == nil {
		return ""
	}
	percent := func(f money.Fraction) string { return money.Fixed4(f).Text(0) }
	var lines []string
	for i, p := range t.Split.Payors {
		l := payorName(payors, p.Payor, i) + " = " + percent(p.Fees)
		if p.Expenses != nil {
			l += "; " + splitCosts + " " + percent(*p.Expenses)
		}
		if p.CapMinor > 0 {
			l += "; " + splitCap + " " + money.Amount{Minor: p.CapMinor, Currency: t.Currency}.Text()
		}
		if p.TaxRate != nil {
			l += "; " + splitTax + " " + percent(*p.TaxRate)
		}
		if p.TaxNote != "" {
			l += "; " + splitNote + " " + p.TaxNote
		}
		lines = append(lines, l)
	}
	return strings.Join(lines, "\n")
}

// payorName is a payor's name, or its place in the split for who may not read payors.
func payorName(payors []matter.Payor, id ident.PayorID, i int) string {
	if at := slices.IndexFunc(payors, func(p matter.Payor) bool { return p.ID == id }); at >= 0 {
		return payors[at].Name
	}
	return "Payor " + strconv.Itoa(i+1)
}

// splitWords say that a bill is split: "Bills are split among 2 payors: 60% and 40% of the fees".
func splitWords(s *arrangement.Split) string {
	var fees, costs []string
	own := false
	for _, p := range s.Payors {
		fees, costs = append(fees, format.Goal(int64(p.Fees))), append(costs, format.Goal(int64(p.OfExpenses())))
		own = own || p.OfExpenses() != p.Fees
	}
	words := "Bills are split among " + format.Counted(len(s.Payors), "payor", "payors") + ": " + strings.Join(fees, ", ")
	if own {
		words += " of the fees and " + strings.Join(costs, ", ") + " of the expenses"
	}
	return words
}

// splitSection lists the payors of a split with what each of them pays.
func splitSection(firm ident.FirmID, t arrangement.Terms, payors []matter.Payor) Section {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: t.Currency}) }
	table := &partial.Table{Caption: "Payors of a bill, in order", Columns: []partial.Column{{Head: "Payor"}, {Head: "Fees", Right: true}, {Head: "Expenses", Right: true}, {Head: "At most", Right: true}, {Head: "Tax"}}}
	for i, p := range t.Split.Payors {
		most, tax := "no limit", "as of the matter"
		if p.CapMinor > 0 {
			most = in(p.CapMinor)
		}
		if p.TaxRate != nil {
			tax = format.Goal(int64(*p.TaxRate))
		}
		name := partial.Cell{Text: payorName(payors, p.Payor, i), Key: true}
		if slices.ContainsFunc(payors, func(x matter.Payor) bool { return x.ID == p.Payor }) {
			name = partial.Named(name.Text, href.PayorOf(firm, p.Payor), "")
		}
		table.Rows = append(table.Rows, partial.Row{Cells: []partial.Cell{name, partial.Txt(format.Goal(int64(p.Fees))), partial.Txt(format.Goal(int64(p.OfExpenses()))), partial.Txt(most), {Text: tax, Sub: p.TaxNote}}})
	}
	return Section{Title: "Who pays", Note: "Each on an invoice of its own", Table: table,
		Text: "A bill is worked out as a whole, then its fees and its expenses are shared. Cents that are left over go to the largest fractions, to the first payor where they are equal. What is above a limit goes to the payors that are not at theirs. The split that is agreed for the last day of a bill holds for all of it."}
}

// splitExample says how the fees of the worked example are shared.
func splitExample(t arrangement.Terms, feesMinor int64, in func(int64) string) string {
	if t.Split == nil {
		return ""
	}
	parts, err := t.Split.Share(feesMinor, 0)
	if err != nil {
		return ""
	}
	var words []string
	for i, p := range parts {
		words = append(words, format.Goal(int64(t.Split.Payors[i].Fees))+" is "+in(p.FeesMinor))
	}
	return " Shared among the payors: " + strings.Join(words, ", ") + "."
}
