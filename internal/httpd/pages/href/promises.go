package href

import "github.com/docketry/docketry/internal/ident"

// Calendars is a firm's business hours, version by version.
func Calendars(f ident.FirmID) string { return list(f, "calendars") }

// Calendar is one version of one calendar.
func Calendar(f ident.FirmID, id ident.CalendarID) string { return one(f, "calendars", id) }

// CalendarNew is the form for the next version; from may be "" for a new calendar.
func CalendarNew(f ident.FirmID, from ident.CalendarID) string {
	return Query(New(Calendars(f)), "from", string(from))
}

// Agreements is what the bureau promised a firm, version by version.
func Agreements(f ident.FirmID) string { return list(f, "agreements") }

// Agreement is one version; approving it posts below.
func Agreement(f ident.FirmID, id ident.AgreementID) string { return one(f, "agreements", id) }
