package notice

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/invoice"
)

// days tells business days of one recipient.
type days struct {
	now      time.Time
	zone     *time.Location
	today    invoice.Day
	hour     int
	calendar *calendar.Calendar // nil: Monday to Friday
}

func (s *Service) days(tx *db.Tx) (days, error) {
	var name string
	if err := tx.Raw(`SELECT tz FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&name); err != nil {
		return days{}, fmt.Errorf("read zone of firm %s: %w", tx.Scope.Firm, err)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return days{}, fmt.Errorf("zone of firm %s: %w", tx.Scope.Firm, err)
	}
	local := tx.Now.In(zone)
	d := days{now: tx.Now, zone: zone, today: invoice.DayOf(local), hour: local.Hour()}
	if s.Calendar == nil {
		return d, nil
	}
	c, ok, err := s.Calendar(tx)
	if err != nil {
		return days{}, fmt.Errorf("business calendar: %w", err)
	}
	if ok {
		d.calendar = c
	}
	return d, nil
}

// open tells that letters may leave now: a business day, within office hours.
func (d days) open() (bool, error) {
	ok, err := d.business(d.today)
	return ok && d.hour >= opensAt && d.hour < closesAt, err
}

func (d days) business(on invoice.Day) (bool, error) {
	if d.calendar == nil {
		w := on.Time().Weekday()
		return w != time.Saturday && w != time.Sunday, nil
	}
	date, err := calendar.ParseDate(string(on))
	if err != nil {
		return false, fmt.Errorf("business day %s: %w", on, err)
	}
	ok, err := d.calendar.BusinessDay(date)
	if err != nil {
		return false, fmt.Errorf("business day %s: %w", on, err)
	}
	return ok, nil
}

// onOrAfter is the first business day from on; a calendar that has none within a
// month gives on itself.
func (d days) onOrAfter(on invoice.Day) (invoice.Day, error) {
	for n := range 31 {
		day := on.Add(n)
		ok, err := d.business(day)
		if err != nil || ok {
			return day, err
		}
	}
	return on, nil
}

// in is the same days seen from a zone; "" is the firm's.
func (d days) in(zone string) (days, error) {
	if zone == "" {
		return d, nil
	}
	z, err := time.LoadLocation(zone)
	if err != nil {
		return d, fmt.Errorf("zone of a recipient: %w", err)
	}
	local := d.now.In(z)
	d.zone, d.today, d.hour = z, invoice.DayOf(local), local.Hour()
	return d, nil
}

// dayOf is the recipient's day of an instant.
func (d days) dayOf(at time.Time) invoice.Day { return invoice.DayOf(at.In(d.zone)) }

// back is n business days before a business day, and ahead n of them after it.
func (d days) back(on invoice.Day, n int) (invoice.Day, error)  { return d.walk(on, n, -1) }
func (d days) ahead(on invoice.Day, n int) (invoice.Day, error) { return d.walk(on, n, 1) }

// walk gives up after two months without a business day.
func (d days) walk(on invoice.Day, n, way int) (invoice.Day, error) {
	for range 60 {
		if n == 0 {
			break
		}
		on = on.Add(way)
		ok, err := d.business(on)
		if err != nil {
			return on, err
		}
		if ok {
			n--
		}
	}
	return on, nil
}
