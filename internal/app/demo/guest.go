package demo

import (
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// AgreedRate is what a timekeeper costs on one matter.
type AgreedRate struct {
	Timekeeper, Matter string
	Rate               money.Fixed4
	Currency           money.Currency
}

// guest is a firm of its own for a file from outside: the clients, matters,
// timekeepers and rates that the file names, and the days that its work spans. What the
// file leaves out is filled in plainly: a missing class is PARTNR. Rows that are refused
// count among the days as well, so that none is refused for a day that had only not come
// in the story; a day that has not come by now counts for none.
func guest(data []byte, now time.Time) (f Firm, first, last time.Time, err error) {
	sheet, err := capture.Read(data, capture.Mapping{})
	if err != nil {
		return f, first, last, err
	}
	g := guestbook{
		firm:    guestFirm(),
		clients: map[string]int{}, matters: map[string]bool{}, keepers: map[string]bool{}, agreed: map[string]bool{},
	}
	today, err := g.today(now)
	if err != nil {
		return f, first, last, err
	}
	faults, usable := sheet.Faults(), false
	for _, r := range sheet.Rows {
		come := !r.On.IsZero() && !r.On.After(today)
		if come && (first.IsZero() || r.On.Before(first)) {
			first = r.On
		}
		if come && r.On.After(last) {
			last = r.On
		}
		if r.Bad || r.On.IsZero() || r.Matter == "" {
			continue
		}
		g.row(r)
		usable = usable || come
		if !come {
			faults = append(faults, capture.Fault{Line: r.Line, Column: sheet.Column(capture.FieldDate), Message: "the day is in the future", Fix: "correct the date"})
		}
	}
	if !usable {
		return f, first, last, unusable(faults)
	}
	for i := range g.firm.Clients {
		for j := range g.firm.Clients[i].Matters {
			g.firm.Clients[i].Matters[j].OpenedOn = first.Format(time.DateOnly)
		}
	}
	g.firm.RatesFrom = first
	return g.firm, first, last, nil
}

// unusable names the first faults of a file without a row that could land.
func unusable(faults []capture.Fault) error {
	var b strings.Builder
	for i, f := range faults {
		if i == 5 {
			fmt.Fprintf(&b, "; and %d more", len(faults)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "line %d, %s: %s; %s", f.Line, f.Column, f.Message, f.Fix)
	}
	return fault.New(fault.Invalid, "file_unusable", "no row of the file can be used: %s", b.String())
}

func guestFirm() Firm {
	return Firm{
		Code: "GST", Name: "Guest Firm LLP", TZ: "America/New_York", Country: "US", Currency: "USD",
		Address: []string{"1 Sample Street", "Albany, NY 12207"}, TaxID: "14-5550999",
		BankName: "Mohawk Valley Trust", BankAccount: "4410039926", BankCode: "021305386",
		Currencies:    map[string]money.Currency{},
		NumberPattern: "G-{YYYY}-{seq:4}", OpensAt: "08:30", ClosesAt: "17:30",
		People: []Person{
			{Name: "Robin Hale", Email: "robin.hale@guestfirm.example", Role: "partner"},
			{Name: "Alex Morrow", Email: "alex.morrow@guestfirm.example", Role: "firm_admin"},
		},
	}
}

// today is the day at the guest firm.
func (g *guestbook) today(now time.Time) (time.Time, error) {
	zone, err := time.LoadLocation(g.firm.TZ)
	if err != nil {
		return time.Time{}, fmt.Errorf("zone of the guest firm: %w", err)
	}
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), nil
}

type guestbook struct {
	firm    Firm
	clients map[string]int  // index in firm.Clients, by number
	matters map[string]bool // seen
	keepers map[string]bool // seen
	agreed  map[string]bool // timekeeper and matter
}

func (g *guestbook) row(r capture.Row) {
	cur := r.Currency
	if cur == "" {
		cur = g.firm.Currency
	}
	number := r.Client
	if number == "" {
		number = "Client of " + r.Matter
	}
	i, known := g.clients[number]
	if !known {
		i = len(g.firm.Clients)
		g.clients[number] = i
		g.firm.Clients = append(g.firm.Clients, Client{Number: number, Name: number, Payor: Payor{
			Name: number, Country: "US", Address: []string{"Accounts payable"}, TermsDays: 30, Delivery: "mail_link",
			Contact: "Accounts payable", Email: fmt.Sprintf("payables%d@client.example", i+1),
		}})
	}
	if !g.matters[r.Matter] {
		g.matters[r.Matter] = true
		c := &g.firm.Clients[i]
		c.Matters = append(c.Matters, Matter{Number: r.Matter, Name: "Matter " + r.Matter, Set: setOf(r.Task), PracticeGroup: "General"})
		g.firm.Currencies[r.Matter] = cur
	}
	if r.Timekeeper != "" {
		g.timekeeper(r, cur)
	}
}

func (g *guestbook) timekeeper(r capture.Row, cur money.Currency) {
	if !g.keepers[r.Timekeeper] {
		class := "PARTNR"
		if c, ok := utbms.Class(r.Class); ok {
			class = c.Code
		}
		g.keepers[r.Timekeeper] = true
		g.firm.Timekeepers = append(g.firm.Timekeepers, Timekeeper{Code: r.Timekeeper, Name: r.Timekeeper, Class: class})
	}
	key := r.Timekeeper + "\x00" + r.Matter
	if r.Rate == 0 || g.agreed[key] {
		return
	}
	g.agreed[key] = true
	g.firm.Agreed = append(g.firm.Agreed, AgreedRate{r.Timekeeper, r.Matter, r.Rate, cur})
}

// setOf is the task set that a matter with such a code uses, "" without one.
func setOf(task string) string {
	switch {
	case strings.HasPrefix(task, "L"):
		return utbms.Litigation
	case strings.HasPrefix(task, "P"):
		return utbms.Project
	case strings.HasPrefix(task, "C"):
		return utbms.Counseling
	case strings.HasPrefix(task, "B"):
		return utbms.Bankruptcy
	}
	return ""
}
