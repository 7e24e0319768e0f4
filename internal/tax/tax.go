// Package tax is what a firm charges its clients for the state: tax codes, each with its
// rate for as long as it holds, and treatments, which say what of them is charged on fees
// and on expenses, or why nothing is. Firm, client, matter and payor may each have a
// treatment; the most specific holds. It does not add up (package invoice) and does not
// know whether a rate is the law's: it keeps what the firm says, with its days.
package tax

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Faults of this package.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrStale     = fault.New(fault.Stale, "version_stale", "someone changed this since you opened it; look at the new state and enter your change again")
	ErrInvalid   = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrOverlap   = fault.New(fault.Conflict, "tax_code_overlap", "a tax of this code holds on some of these days already; end it the day before this one begins")
	ErrNameTaken = fault.New(fault.Conflict, "tax_treatment_taken", "another treatment in use has this name; choose another")
	ErrEnded     = fault.New(fault.Conflict, "tax_ended", "this has ended already; enter a new one in its place")
	ErrInUse     = fault.New(fault.Conflict, "tax_treatment_used", "this treatment is chosen for someone; choose another there first")
	ErrNoRate    = fault.New(fault.Conflict, "tax_rate_missing", "a tax of the treatment has no rate on this day; enter the tax code that holds, or choose another treatment")
	ErrUnknown   = fault.New(fault.Invalid, "tax_treatment_unknown", "choose a treatment that is in use")
)

// Kind is how a treatment treats what is billed; stored, and part of snapshots.
type Kind string

// The kinds. All but Taxed charge nothing, and may say why; a reverse charge must.
const (
	Taxed   Kind = "taxed"
	Zero    Kind = "zero_rated"
	Exempt  Kind = "exempt"
	Reverse Kind = "reverse_charge" // the buyer accounts for the tax, and needs a tax number
)

// Kinds lists them as a form shows them.
func Kinds() []Kind { return []Kind{Taxed, Zero, Exempt, Reverse} }

// Code is a tax of the firm while it holds: from From to Until, both included; "" is open.
// When the rate changes, one ends and another of the same Code follows it.
type Code struct {
	ID       ident.TaxCodeID
	Code     string // the firm's own word, by which treatments name it: GST, VAT-STD
	Name     string // as printed: GST
	Rate     money.Fraction
	Country  string // ISO 3166 alpha-2
	Region   string // "" for the whole country
	Number   string // of the firm's registration for it; "" is the firm's tax id
	On       string // Code of the tax that is part of its base; "" is none
	Withheld bool   // kept back by who pays
	From     string // 2006-01-02, as are all days here
	Until    string // "" while nobody ended it
	Version  int
}

// Treatment says what is charged. Fees and Expenses are Codes, in the order printed.
type Treatment struct {
	ID       ident.TreatmentID
	Name     string
	Kind     Kind
	Note     string // printed on the invoice
	Fees     []string
	Expenses []string
	From     string
	Until    string // "" while nobody ended it
	Version  int
}

var codeForm = regexp.MustCompile(`^[A-Z][A-Z0-9-]{0,11}$`)

// Validate names every field that needs correcting.
func (c Code) Validate() error {
	var fs fault.Fields
	if !codeForm.MatchString(c.Code) {
		fs.Add("code", "tax_code_form", "enter a word of up to 12 capitals, digits and dashes, such as GST or VAT-STD")
	}
	fs.Line("name", c.Name, 1, 20) // LINE_ITEM_TAX_TYPE of LEDES 98BI V2
	if c.Rate < 0 || c.Rate > money.One {
		fs.Add("rate", "tax_rate_range", "enter the rate as a share, such as 0.09975 for 9.975 percent")
	}
	if !firm.IsCountry(c.Country) {
		fs.Add("country", "country_unknown", "enter a two-letter country code such as CA")
	}
	fs.Line("region", c.Region, 0, 40)
	fs.Line("number", c.Number, 0, 40)
	if c.On != "" && (!codeForm.MatchString(c.On) || c.On == c.Code || c.Withheld) {
		fs.Add("on", "tax_on_form", "enter the code of another tax that is part of the base of this one, or leave it empty; a tax that is withheld is on the totals before tax")
	}
	checkDay(&fs, "from", c.From)
	return fs.Err(ErrInvalid)
}

// Validate names every field that needs correcting. Whether its codes are there is for
// Book.Levies to say.
func (t Treatment) Validate() error {
	var fs fault.Fields
	fs.Line("name", t.Name, 1, 60)
	if !slices.Contains(Kinds(), t.Kind) {
		fs.Add("kind", "choice_unknown", "choose taxed, zero_rated, exempt or reverse_charge")
	}
	fs.Line("note", t.Note, 0, 300)
	if t.Kind == Reverse && strings.TrimSpace(t.Note) == "" {
		fs.Add("note", "tax_note_missing", "enter the sentence that the invoice must bear, such as: Reverse charge: the recipient accounts for the tax")
	}
	if t.Kind == Taxed && len(t.Fees)+len(t.Expenses) == 0 {
		fs.Add("fees", "tax_codes_missing", "enter the codes of the taxes that are charged")
	}
	for field, codes := range map[string][]string{"fees": t.Fees, "expenses": t.Expenses} {
		if len(codes) > 8 {
			fs.Add(field, "tax_codes_many", "at most 8 taxes")
		}
		for i, c := range codes {
			if !codeForm.MatchString(c) || slices.Contains(codes[:i], c) {
				fs.Add(field, "tax_code_form", "enter each code once, such as GST")
			}
		}
	}
	checkDay(&fs, "from", t.From)
	return fs.Err(ErrInvalid)
}

// isDay tells whether the database has such a day, too: it knows no year 0.
func isDay(s string) bool {
	on, err := time.Parse(time.DateOnly, s)
	return err == nil && on.Year() > 0
}

func checkDay(fs *fault.Fields, field, day string) {
	if !isDay(day) {
		fs.Add(field, "date_form", "enter the first day on which it holds, such as 2026-07-01")
	}
}

func (c Code) holds(day string) bool { return c.From <= day && (c.Until == "" || day <= c.Until) }

func (t Treatment) holds(day string) bool {
	return t.From <= day && (t.Until == "" || day <= t.Until)
}

// Book is all that a firm keeps of taxes.
type Book struct {
	Codes      []Code
	Treatments []Treatment
}

// code is the one of a word that holds on a day.
func (b *Book) code(word, day string) (Code, bool) {
	for _, c := range b.Codes {
		if c.Code == word && c.holds(day) {
			return c, true
		}
	}
	return Code{}, false
}

// Treatment is the one of an id, ErrUnknown where there is none.
func (b *Book) Treatment(id ident.TreatmentID) (Treatment, error) {
	for _, t := range b.Treatments {
		if t.ID == id {
			return t, nil
		}
	}
	return Treatment{}, ErrUnknown
}

// Levies are what a treatment charges and withholds on a day, in the order in which they are
// charged. ErrNoRate where one of its codes does not hold on that day or the treatment does
// not; ErrOrder where a tax on tax lacks the tax that it is on.
func (b *Book) Levies(t Treatment, day string) ([]Levy, error) {
	if !t.holds(day) {
		return nil, ErrNoRate.With("the treatment %s does not hold on %s; choose another", t.Name, day)
	}
	var levies []Levy
	at := map[string]int{}
	for _, list := range [...]struct {
		codes    []string
		expenses bool
	}{{t.Fees, false}, {t.Expenses, true}} {
		for _, word := range list.codes {
			i, known := at[word]
			if !known {
				c, ok := b.code(word, day)
				if !ok {
					return nil, ErrNoRate.With("%s has no rate on %s; enter the tax code that holds on that day", word, day)
				}
				i, at[word] = len(levies), len(levies)
				levies = append(levies, c.levy())
			}
			levies[i].Fees = levies[i].Fees || !list.expenses
			levies[i].Expenses = levies[i].Expenses || list.expenses
		}
	}
	for _, l := range levies {
		if t.Kind != Taxed && !l.Withheld {
			return nil, ErrInvalid.On(fault.Field{Path: "fees", Code: "tax_kind_charges", Message: fmt.Sprintf("the treatment charges no tax, and %s is one; name only taxes that are withheld", l.Code)})
		}
	}
	return Ordered(levies)
}

func (c Code) levy() Levy {
	return Levy{Code: c.Code, Name: c.Name, RateE6: c.Rate, Number: c.Number, Country: c.Country, Region: c.Region, On: c.On, Withheld: c.Withheld}
}

// Choice is which treatment each level has; "" is none of its own.
type Choice struct {
	Payor, Matter, Client, Firm ident.TreatmentID
	Own                         bool // the matter, or the share of a split, has a rate or a note of its own beside them
}

// ID is the treatment that holds: the payor's before the matter's, the client's and the
// firm's. A rate or note of the matter's own stands as a treatment of the matter would. ""
// where none holds, and the matter's rate does.
func (c Choice) ID() ident.TreatmentID {
	switch {
	case c.Payor != "":
		return c.Payor
	case c.Matter != "":
		return c.Matter
	case c.Own:
		return ""
	case c.Client != "":
		return c.Client
	}
	return c.Firm
}
