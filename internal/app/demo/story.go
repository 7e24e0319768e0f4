// Package demo is a made-up bureau with three firms, so that every page has
// something true to show. The story below is data; the seed tells it to the real
// services, through the real import, under a clock that starts three months ago.
// Firms, people, matters and figures are invented.
package demo

import (
	"time"

	"github.com/docketry/docketry/internal/money"
)

// Firm is one law firm of the story with everybody and everything in it.
type Firm struct {
	Code, Name, TZ, Country string
	Address                 []string
	Currency                money.Currency
	TaxID                   string
	BankName, BankAccount   string
	BankCode                string
	NumberPattern           string
	TaxRate                 money.Fraction // on fees of domestic clients; 0 where there is none
	OpensAt, ClosesAt       string         // office hours, local
	Holidays                []Holiday
	People                  []Person
	Timekeepers             []Timekeeper
	Clients                 []Client
	Agreed                  []AgreedRate              // beside the standard rates
	Currencies              map[string]money.Currency // of matters that do not bill in the firm's
	RatesFrom               time.Time                 // first day of the rates; zero is a year before the story
}

// Holiday is a local date on which the firm is closed.
type Holiday struct {
	On   string
	Name string
}

// Person signs in. Role is one of DESIGN 4.
type Person struct {
	Name, Email, Role string
	Timekeeper        string // code, when the person also bills
}

// Timekeeper bills time at a standard rate.
type Timekeeper struct {
	Code, Name, Class string
	Rate              money.Fixed4 // 0 when only agreed rates are known
}

// Client pays through one payor in this story.
type Client struct {
	Number, Name string
	Payor        Payor
	Matters      []Matter
}

// Payor receives the invoice.
type Payor struct {
	Name, Country, TaxID string
	Address              []string
	TermsDays            int
	Delivery             string // mail_link, mail_attachment or portal
	Contact, Email       string
}

// Matter is one piece of work.
type Matter struct {
	Number, Name  string
	Set           string // UTBMS task set
	PracticeGroup string
	Label         int // 0 standard .. 3 sealed
	OpenedOn      string
	Subjects      []string // what the narratives talk about
	Others        []string // opposing counsel, experts, counterparties
	Adverse       []string // who stands against the client
}

// Bureau names the provider and its people.
type Bureau struct {
	Name   string
	People []Person
}

// Month is the first day of a calendar month, in UTC, as a label.
type Month struct {
	Year  int
	Month time.Month
}

// MonthOf is the month that t falls in.
func MonthOf(t time.Time) Month { return Month{t.Year(), t.Month()} }

// Back is the month n months earlier.
func (m Month) Back(n int) Month {
	return MonthOf(time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC).AddDate(0, -n, 0))
}

// Days lists the Mondays to Fridays of the month, as dates.
func (m Month) Days() []time.Time {
	var days []time.Time
	for d := time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC); d.Month() == m.Month; d = d.AddDate(0, 0, 1) {
		if wd := d.Weekday(); wd != time.Saturday && wd != time.Sunday {
			days = append(days, d)
		}
	}
	return days
}

// Password signs in everybody in the demo; the sign-in page of a demo prints it.
const Password = "quiet-ledger-by-the-harbour"

// dec reads a decimal of the story; a slip in the data below stops the program at once.
func dec(s string) money.Fixed4 {
	f, err := money.ParseFixed4(s)
	if err != nil {
		panic("demo story: " + err.Error())
	}
	return f
}
