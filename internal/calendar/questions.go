package calendar

import (
	"errors"
	"fmt"
	"time"
)

// ask answers one of the operations of SLA.md 1.
func (c *Calendar) ask(q Case) (Answer, error) {
	switch q.Op {
	case "open":
		return askOpen(c, q)
	case "between":
		return askBetween(c, q)
	case "add":
		return askAdd(c, q)
	case "sub":
		return askSub(c, q)
	case "bd":
		return askDay(c, q)
	case "cob", "cutoff":
		return askCutoff(c, q)
	case "eff":
		return askReceived(c, q)
	case "add_bdays":
		return askAddDays(c, q)
	case "nth_bday":
		return askNthDay(c, q)
	}
	return Answer{}, fmt.Errorf("%q is not an operation", q.Op)
}

func askOpen(c *Calendar, q Case) (a Answer, err error) {
	at, err := instant("at", q.At)
	if err != nil {
		return a, err
	}
	open, err := c.Open(at)
	return Answer{Open: &open}, err
}

func askBetween(c *Calendar, q Case) (a Answer, err error) {
	from, err1 := instant("start", q.Start)
	to, err2 := instant("end", q.End)
	if err := errors.Join(err1, err2); err != nil {
		return a, err
	}
	seconds, err := c.Between(from, to)
	minutes := seconds / 60
	return Answer{Seconds: &seconds, Minutes: &minutes, counted: [2]time.Time{from, to}}, err
}

func askAdd(c *Calendar, q Case) (a Answer, err error) {
	from, err1 := instant("start", q.Start)
	seconds, err2 := duration(q.Minutes)
	if err := errors.Join(err1, err2); err != nil {
		return a, err
	}
	due, err := c.Add(from, seconds)
	return Answer{Due: &due, counted: [2]time.Time{from, due}}, err
}

func askSub(c *Calendar, q Case) (a Answer, err error) {
	to, err1 := instant("end", q.End)
	seconds, err2 := duration(q.Minutes)
	if err := errors.Join(err1, err2); err != nil {
		return a, err
	}
	at, err := c.Sub(to, seconds)
	return Answer{At: &at, counted: [2]time.Time{at, to}}, err
}

func askDay(c *Calendar, q Case) (a Answer, err error) {
	d, err := date(q.Date)
	if err != nil {
		return a, err
	}
	is, err := c.BusinessDay(d)
	return Answer{Day: &is}, err
}

func askCutoff(c *Calendar, q Case) (a Answer, err error) {
	d, err1 := date(q.Date)
	wall, err2 := Wall(q.Cutoff)
	if err := errors.Join(err1, err2); err != nil {
		return a, err
	}
	due, err := c.Cutoff(d, wall)
	return Answer{Due: &due}, err
}

func askReceived(c *Calendar, q Case) (a Answer, err error) {
	at, err1 := instant("start", q.Start)
	wall, err2 := Wall(q.ReceiptCutoff)
	if err := errors.Join(err1, err2); err != nil {
		return a, err
	}
	d, err := c.Received(at, wall)
	return Answer{Date: &d}, err
}

func askAddDays(c *Calendar, q Case) (a Answer, err error) {
	from, err1 := instant("start", q.Start)
	cutoff, err2 := Wall(q.Cutoff)
	receipt, err3 := Wall(q.ReceiptCutoff)
	n, err4 := number("days", q.Days)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return a, err
	}
	d, due, err := c.AddDays(from, n, cutoff, receipt)
	return Answer{Date: &d, Due: &due, counted: [2]time.Time{from, due}}, err
}

func askNthDay(c *Calendar, q Case) (a Answer, err error) {
	year, err1 := number("year", q.Year)
	month, err2 := number("month", q.Month)
	n, err3 := number("n", q.N)
	cutoff, err4 := Wall(q.Cutoff)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return a, err
	}
	d, due, err := c.NthDay(year, time.Month(month), n, cutoff)
	return Answer{Date: &d, Due: &due}, err
}

// Wall reads an optional cutoff, Close when there is none.
func Wall(s *string) (int, error) {
	if s == nil || *s == "" {
		return Close, nil
	}
	m, ok := ParseWall(*s)
	if !ok {
		return 0, fmt.Errorf("%q is not a time of day; write HH:MM", *s)
	}
	return m, nil
}

func instant(name string, t *time.Time) (time.Time, error) {
	if t == nil {
		return time.Time{}, fmt.Errorf("%s is missing", name)
	}
	return *t, nil
}

func number(name string, n *int) (int, error) {
	if n == nil {
		return 0, fmt.Errorf("%s is missing", name)
	}
	return *n, nil
}

func date(s *string) (Date, error) {
	if s == nil {
		return 0, errors.New("date is missing")
	}
	return ParseDate(*s)
}

// maxMinutes is far beyond six years, and far from overflow in seconds.
const maxMinutes = 1 << 40

func duration(minutes *int64) (seconds int64, err error) {
	switch {
	case minutes == nil:
		return 0, errors.New("minutes is missing")
	case *minutes < 0:
		return 0, fmt.Errorf("%d minutes cannot be counted; write 0 or more", *minutes)
	default:
		return min(*minutes, maxMinutes) * 60, nil
	}
}
