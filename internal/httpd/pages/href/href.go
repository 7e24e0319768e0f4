// Package href is every address that a page links or posts to, in one place, so
// that a link and its route cannot drift apart. Firm-bound addresses start with
// /firms/{firm}; those across firms name none (DESIGN 8). It knows no page.
package href

import (
	"net/url"

	"github.com/docketry/docketry/internal/ident"
)

// Addresses without a firm.
const (
	Home        = "/"
	SignIn      = "/sign-in" // GET the form, POST e-mail and password
	Forgot      = "/sign-in/forgot"
	Through     = "/sign-in/through"  // GET the form for a firm's code, POST it
	Factor      = "/sign-in/factor"   // GET the form, POST the code
	StepUp      = "/people/me/factor" // GET the question, POST the factor
	App         = "/people/me/app"    // GET the secret, POST its first code
	Passkeys    = "/people/me/passkeys"
	Passkey     = Passkeys + "/new" // GET the form, POST the name and what the browser made
	SignOut     = "/sign-out"       // POST
	Me          = "/people/me"      // the account page
	Preferences = "/preferences"    // POST theme, density or keys, and back
	Keys        = "/keys"           // the list of shortcuts
	Go          = "/go"             // search or go to: ?q= what was typed, ?firm= where one is
	Queue       = "/queue"
	Next        = "/queue/next"     // POST: claims the best item and goes there
	Selected    = "/queue/selected" // GET rows and what may be done to them, POST the act
	Team        = "/team"           // the lead's board
	TeamItems   = "/team/items"     // the list behind one of its figures
	TeamMove    = "/team/move"      // POST: gives an item to a colleague
	Pools       = "/team/pools"     // GET the pools and who claims through which, POST a new one; ?pool= one to change
	Seats       = "/team/seats"     // POST: lets somebody claim through a pool
	TeamDuty    = "/team/duty"      // POST: sets somebody away, or on duty again
	Weights     = "/team/weights"   // POST: what work weighs in somebody's hands
	Duty        = "/queue/duty"     // GET whether one is on duty, POST that one is or is not
	Views       = "/queue/views"    // POST a new saved view; acts on one are below
	QueueEvents = "/queue/events"   // the live parts of the queue
	Runs        = "/runs"           // GET the list, POST a new one
	RunNew      = "/runs/new"       // firms and what would be taken, with control totals
	Firms       = "/firms"
	Payor       = "/payor"          // the payor's door: asks for a code
	PayorEnter  = "/payor/enter"    // GET the form for the code, POST the code
	PayorLeave  = "/payor/leave"    // POST
	PayorList   = "/payor/invoices" // that payor's invoices, and no others

	MyUndertakings = "/people/me/undertakings" // GET them, POST one
)

// Query adds name, value pairs to an address; empty values are left out, so the
// plain list keeps its plain address.
func Query(address string, pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	if len(v) == 0 {
		return address
	}
	return address + "?" + v.Encode()
}

// Firm is a firm's own page, and the root of all that belongs to it.
func Firm(f ident.FirmID) string { return "/firms/" + string(f) }

// FirmNew is the form for a new firm.
const FirmNew = "/firms/new"

// FirmEdit is the form of a firm's own data.
func FirmEdit(f ident.FirmID) string { return Firm(f) + "/edit" }

// Recoveries is the lost factors of a firm's people that wait for a second word.
func Recoveries(f ident.FirmID) string { return People(f) + "/recoveries" }

// SignInOf is how a firm's people sign in: its own setting.
func SignInOf(f ident.FirmID) string { return list(f, "sign-in") }

func list(f ident.FirmID, noun string) string { return Firm(f) + "/" + noun }

func one[T ~string](f ident.FirmID, noun string, id T) string {
	return Firm(f) + "/" + noun + "/" + string(id)
}

// PayorInvoice is one invoice as its payor sees it.
func PayorInvoice(id ident.InvoiceID) string { return PayorList + "/" + string(id) }

// PayorDocument is its PDF or LEDES file.
func PayorDocument(id ident.InvoiceID, kind string) string {
	return PayorInvoice(id) + "/documents/" + kind
}
