package testkit

import (
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
)

// M is a matter made for one test, with the client and payor it belongs to.
type M struct {
	ID      ident.MatterID
	Number  string
	Client  ident.ClientID
	Payor   ident.PayorID
	Contact ident.ContactID
}

type matterRow struct {
	currency, set, practice string
	label                   int
	tax                     int64
	client                  ident.ClientID
	payor                   ident.PayorID
	contact                 ident.ContactID
	closed                  *string
	delivery                string
}

// MatterOption says what is special about a matter.
type MatterOption func(*matterRow)

// Currency is the matter's; USD without it.
func Currency(c string) MatterOption { return func(m *matterRow) { m.currency = c } }

// Label is the matter's, 0 standard to 3 sealed.
func Label(l int) MatterOption { return func(m *matterRow) { m.label = l } }

// Practice is the matter's practice group.
func Practice(group string) MatterOption { return func(m *matterRow) { m.practice = group } }

// TaxE6 is the tax rate, 200000 for 20 percent.
func TaxE6(r int64) MatterOption { return func(m *matterRow) { m.tax = r } }

// ClosedOn closes the matter on a day.
func ClosedOn(day string) MatterOption { return func(m *matterRow) { m.closed = &day } }

// Delivery is how the payor gets invoices: mail_link without it.
func Delivery(d string) MatterOption { return func(m *matterRow) { m.delivery = d } }

// SameClientAs puts the matter under the client and payor of another.
func SameClientAs(o M) MatterOption {
	return func(m *matterRow) { m.client, m.payor, m.contact = o.Client, o.Payor, o.Contact }
}

// Matter makes an open litigation matter with a client, a payor on 30 days and a
// verified contact.
func (f F) Matter(t testing.TB, opts ...MatterOption) M {
	t.Helper()
	now := f.d.Clock().Now()
	row := matterRow{currency: "USD", set: "litigation", delivery: "mail_link"}
	for _, o := range opts {
		o(&row)
	}
	m := M{ID: ident.New[ident.MatterID](now), Client: row.client, Payor: row.payor, Contact: row.contact}
	tail := strings.ToUpper(string(m.ID[len(m.ID)-8:]))
	m.Number = "M-" + tail
	if m.Client == "" {
		m.Client, m.Payor, m.Contact = ident.New[ident.ClientID](now), ident.New[ident.PayorID](now), ident.New[ident.ContactID](now)
		f.Exec(t, `INSERT INTO client (firm_id, id, number, name, created_at) VALUES (?, ?, ?, ?, ?)`, f.ID, m.Client, "C-"+tail, "Client "+tail, now)
		f.Exec(t, `INSERT INTO payor (firm_id, id, client_id, name, address, country, tax_id, terms_days, delivery, created_at)
			VALUES (?, ?, ?, ?, E'1 Drayage Way\nElizabeth, NJ 07201', 'US', '22-4471093', 30, ?, ?)`, f.ID, m.Payor, m.Client, "Payor "+tail, row.delivery, now)
		f.Exec(t, `INSERT INTO payor_contact (firm_id, id, payor_id, name, email, verified_at, created_at) VALUES (?, ?, ?, 'Accounts', ?, ?, ?)`,
			f.ID, m.Contact, m.Payor, "payables-"+strings.ToLower(tail)+"@payor.example", now, now)
	}
	status := "open"
	if row.closed != nil {
		status = "closed"
	}
	f.Exec(t, `INSERT INTO matter (firm_id, id, client_id, payor_id, number, name, practice_group, label, task_set, currency, tax_rate_e6, opened_on, closed_on, status, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '2025-01-01', ?::date, ?, ?)`,
		f.ID, m.ID, m.Client, m.Payor, m.Number, "Matter "+tail, row.practice, row.label, row.set, row.currency, row.tax, row.closed, status, now)
	return m
}

// T is a timekeeper made for one test.
type T struct {
	ID   ident.TimekeeperID
	Code string
}

// Timekeeper makes a timekeeper of the class with a standard rate in US dollars
// from 2025 on; rate at 1e-4, 0 for none.
func (f F) Timekeeper(t testing.TB, code, class string, rateE4 int64) T {
	t.Helper()
	now := f.d.Clock().Now()
	k := T{ident.New[ident.TimekeeperID](now), code}
	f.Exec(t, `INSERT INTO timekeeper (firm_id, id, code, name, class, created_at) VALUES (?, ?, ?, ?, ?, ?)`, f.ID, k.ID, code, "Timekeeper "+code, class, now)
	if rateE4 > 0 {
		f.Rate(t, k, rateE4, "USD", "2025-01-01")
	}
	return k
}

// Rate gives a timekeeper a standard rate from a day on.
func (f F) Rate(t testing.TB, k T, rateE4 int64, currency, from string) {
	t.Helper()
	now := f.d.Clock().Now()
	f.Exec(t, `INSERT INTO rate (firm_id, id, timekeeper_id, rate_e4, currency, valid, created_at) VALUES (?, ?, ?, ?, ?, daterange(?::date, NULL), ?)`,
		f.ID, ident.New[ident.RateID](now), k.ID, rateE4, currency, from, now)
}

// Day is a date.
func Day(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic("testkit: " + err.Error())
	}
	return d
}
