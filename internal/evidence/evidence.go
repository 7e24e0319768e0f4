// Package evidence packs what an auditor from outside asks a firm for: who was let in
// and why, who was kept out, what each role may do, every look at confidential text
// in a period, and the proof that the log behind it is whole. It takes no name of a client,
// no narrative and no amount from the firm's records: matters and clients stand by
// number. Reasons stand as people wrote them.
package evidence

import (
	"time"

	"github.com/docketry/docketry/internal/fault"
)

// ErrPeriod refuses a period; its fields say why.
var ErrPeriod = fault.New(fault.Invalid, "period_invalid", "choose a period that has begun and has at most 400 days")

// maxDays is the longest period: a year and the weeks that an audit overlaps.
const maxDays = 400

// Period is what evidence is about: from its first instant up to, and without, its last.
type Period struct{ From, To time.Time }

// validate refuses what is empty, too long or still to come.
func (p Period) validate(now time.Time) error {
	var fs fault.Fields
	switch {
	case p.From.IsZero():
		fs.Add("from", "date_missing", "enter the first day")
	case p.To.IsZero():
		fs.Add("to", "date_missing", "enter the last day")
	case !p.From.Before(p.To):
		fs.Add("to", "period_order", "this is before the first day; choose that day or a later one")
	case p.From.After(now):
		fs.Add("from", "period_future", "the period begins in the future; choose a day up to today")
	case p.To.Sub(p.From) > maxDays*24*time.Hour+time.Hour: // an hour more for a change of clocks
		fs.Add("from", "period_length", "a file holds at most %d days; choose a shorter period", maxDays)
	}
	return fs.Err(ErrPeriod)
}

// instants are written as the log's own are.
const instants = "2006-01-02T15:04:05Z"

// Manifest tells what the archive holds, for whoever checks that nothing is missing.
type Manifest struct {
	Firm  string `json:"firm" class:"C1"`
	From  string `json:"from" class:"C1"`
	To    string `json:"to" class:"C1"` // exclusive
	Made  string `json:"made_at" class:"C1"`
	By    string `json:"made_by" class:"C1"`
	Files []Held `json:"files"`
}

// Held is one file of the archive.
type Held struct {
	Name   string `json:"name" class:"C1"`
	Rows   int    `json:"rows" class:"C1"` // without the head; lines of the proof
	SHA256 string `json:"sha256" class:"C1"`
}

// guide is what the archive says of itself.
const guide = `What this archive holds

grants.csv      Everybody who had access at any time of the period: role, scope, class, level, from, until,
                by whom it was given, why, when a review last kept it, and when it was last used.
requests.csv    What was asked for in the period, emergency access among it, and what it was answered.
walls.csv       Ethical walls that stood at any time of the period.
deputies.csv    Who stood in for whom at any time of the period, why, how it ended, and how many approvals that
                stand were given under it.
undertakings.csv
                Which undertakings of confidentiality the bureau's people among them gave, to the bureau and to this
                firm: version, SHA-256 of the text, time. Without a version: none was given by the period's end.
training.csv    Their certificates that held in the period.
people.csv      The people behind the grants, and whether they can still sign in.
roles.csv       What each of the roles in grants.csv may do, by permission, with the line of the policy.
own_roles.csv   The roles that the firm made itself, with their permissions.
looks.csv       Every look at narratives, documents and messages in the period, and every try that was
                stopped, with the work it was for.
audit-proof.jsonl
                The whole audit log up to its newest seal, without the text it speaks of. "docketry audit verify"
                checks it against the bureau's public key, on any computer. Left out while nothing is sealed.
manifest.json   The files above with their rows and SHA-256.

Times are UTC. Matters and clients stand by number: no narrative, no amount, and no name of a client is taken from
the firm's records. Reasons and answers stand as people wrote them; read them before you hand this on.
Every look in looks.csv carries the hash of its leaf in the proof.
`
