package sla

import (
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// FirstCalendar gives a firm that is being opened the calendar that its first
// agreement can name: Monday to Friday, 9 to 5, in its own zone, without holidays.
// It runs in the transaction that opens the firm; a later version replaces it.
func FirstCalendar(tx *db.Tx, tz string) error {
	v := calendar.Version{TZ: tz, Weekly: map[string][]calendar.Hours{}, Exceptions: []calendar.Exception{}}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri"} {
		v.Weekly[day] = []calendar.Hours{{"09:00", "17:00"}}
	}
	if _, err := calendar.Compile(v); err != nil {
		return fmt.Errorf("compile the first calendar: %w", err)
	}
	c := Calendar{ID: ident.New[ident.CalendarID](tx.Now), Name: "Office hours", Version: v, PublishedAt: tx.Now}
	if err := insertCalendar(tx, &c); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: "calendar.published", Object: "calendar", ID: string(c.ID), Class: audit.C1, After: c, Detail: map[string]any{"name": c.Name, "number": c.Number}})
}
