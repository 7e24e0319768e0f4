// Package code is what clients lay down about task, activity and expense codes: codes of
// their own beside the published sets of package utbms, published ones that they do not
// take, and their names for published ones, each for a time (LEGAL-BILLING 2). It does not
// own what follows for a line: that is package guideline, rules COD-03, COD-07 and COD-09.
package code

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/utbms"
)

// Faults.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid   = fault.New(fault.Invalid, "client_code_invalid", "this cannot be laid down about the code")
	ErrOverlap   = fault.New(fault.Conflict, "client_code_overlap", "something else holds about this code on some of these days; end that first")
	ErrStale     = fault.New(fault.Stale, "client_code_stale", "somebody else changed this; look at it as it is now")
	ErrBilled    = fault.New(fault.Conflict, "client_code_billed", "invoices name this code on days on which it would no longer be the client’s: budgets and caps of phases would forget them; end it on the last such day, or later")
	ErrWithdrawn = fault.New(fault.Conflict, "client_code_withdrawn", "this was withdrawn; enter it again")
)

// Kind is what a client lays down; stored.
type Kind string

// A code of the client's own, one that it does not take, one that it calls by another name.
const (
	Own     Kind = "own"
	Banned  Kind = "banned"
	Renamed Kind = "renamed"
)

// Sets are those a client's code may belong to, by the names of package utbms.
func Sets() []string {
	return append(utbms.TaskSets(), utbms.EDiscovery, utbms.Activity, utbms.Expense)
}

// FieldOf is the field of a line in which codes of a set stand.
func FieldOf(set string) string {
	switch {
	case utbms.Holds(utbms.Activity, set):
		return "activity_code"
	case utbms.Holds(utbms.Expense, set):
		return "expense_code"
	default:
		return "task_code"
	}
}

// Rule is what one client lays down about one code for a time. On a day at most one holds
// of a client's code.
type Rule struct {
	ID         ident.ClientCode
	Client     ident.ClientID
	ClientName string
	Kind       Kind
	Set        string
	Code       string
	Parent     string     // of an own code: the published heading above it, "" without
	Name       string     // of an own code, or in place of the published name
	Instead    string     // of a banned code: what to use, "" where nothing is said
	From       time.Time  // first work date
	Until      *time.Time // last one; nil while open
	Reference  string     // the client's word for it
	By         string     // name
	At         time.Time
	Withdrawn  *time.Time // it never held
	Version    int
}

// Holds tells whether it holds of work of a day.
func (r *Rule) Holds(on time.Time) bool {
	return r.Withdrawn == nil && !on.Before(r.From) && (r.Until == nil || !on.After(*r.Until))
}

// Banned tells whether the client does not take the code while this holds.
func (r *Rule) Banned() bool { return r.Kind == Banned }

// meets tells whether there is a day on which both would hold.
func (r *Rule) meets(o *Rule) bool {
	return r.Withdrawn == nil && o.Withdrawn == nil && (r.Until == nil || !o.From.After(*r.Until)) && (o.Until == nil || !r.From.After(*o.Until))
}

// Span says when it holds: "from 1 Jan 2026 to 30 Jun 2026".
func (r *Rule) Span() string {
	s := "from " + r.From.Format("2 Jan 2006")
	if r.Until != nil {
		s += " to " + r.Until.Format("2 Jan 2006")
	}
	return s
}

var form = regexp.MustCompile(`^[A-Z0-9][A-Z0-9./-]{0,19}$`)

// clean writes codes as they are written, and leaves out what the kind has no use for.
func (r *Rule) clean() {
	r.Code, r.Parent, r.Instead = utbms.Clean(r.Code), utbms.Clean(r.Parent), utbms.Clean(r.Instead)
	if known, ok := utbms.Lookup(r.Code); ok && r.Kind != Own && (r.Set == "" || utbms.Holds(r.Set, known.Set)) {
		r.Set = setOf(known)
	}
}

// setOf names the set that a client's code would be of: additions belong to what they add to.
func setOf(c utbms.Code) string {
	if utbms.Holds(utbms.Activity, c.Set) {
		return utbms.Activity
	}
	return c.Set
}

// check names everything that is wrong with a rule, beside what the client has laid down already.
func (r *Rule) check(had Codes) error {
	var fs fault.Fields
	published, known := utbms.Lookup(r.Code)
	switch {
	case !form.MatchString(r.Code):
		fs.Add("code", "code_form", "enter up to 20 letters, digits, points, dashes or strokes, such as L110 or AX-7")
	case r.Kind == Own:
		r.checkOwn(&fs, known)
	case r.Kind == Banned || r.Kind == Renamed:
		r.checkOther(&fs, had, published, known)
	}
	if r.Kind != Own && r.Kind != Banned && r.Kind != Renamed {
		fs.Add("kind", "choice_unknown", "choose own, banned or renamed")
	}
	if r.Client == "" {
		fs.Add("client_id", "client_missing", "choose the client that lays it down")
	}
	if r.Kind == Banned {
		r.checkInstead(&fs, had)
		fs.Line("name", r.Name, 0, 0)
	} else {
		if r.Instead != "" {
			fs.Add("instead", "instead_unfit", "only a code that is not taken has another in its place; leave it empty")
		}
		fs.Line("name", r.Name, 1, 80)
	}
	fs.Line("reference", r.Reference, 0, 200)
	r.checkDays(&fs, had)
	return fs.Err(ErrInvalid)
}

func (r *Rule) checkOwn(fs *fault.Fields, known bool) {
	if known {
		fs.Add("code", "code_published", "%s is a published code; choose another name for it, or that it is not taken", r.Code)
	}
	if !slices.Contains(Sets(), r.Set) {
		fs.Add("set", "set_unknown", "choose the set that the code belongs to")
	}
	if r.Parent == "" {
		return
	}
	switch up, there := utbms.Lookup(r.Parent); {
	case !there:
		fs.Add("parent", "parent_unknown", "%s is no published code; enter a heading of the set, or leave it empty", r.Parent)
	case !up.Heading:
		fs.Add("parent", "parent_leaf", "%s (%s) takes lines itself and is no heading; enter a heading of the set, or leave it empty", r.Parent, up.Name)
	case !utbms.Holds(r.Set, up.Set):
		fs.Add("parent", "parent_set", "%s is of the set %s, the code of %s; enter a heading of its own set", r.Parent, up.Set, r.Set)
	}
}

// checkOther is for what is said about a code that is there: a published one, or to end a
// code of the client's own, its last day is the way.
func (r *Rule) checkOther(fs *fault.Fields, had Codes, published utbms.Code, known bool) {
	own, mine := had.Own(r.Code)
	switch {
	case mine:
		fs.Add("code", "code_own", "%s is a code of the client’s own; end it on its last day, or withdraw it", own.Code)
	case !known:
		fs.Add("code", "code_unknown", "%s is no published code; a code of the client’s own is entered as one", r.Code)
	case published.Heading:
		fs.Add("code", "code_heading", "%s (%s) is a heading and stands on no line; enter a code below it", r.Code, published.Name)
	case r.Set != "" && !utbms.Holds(r.Set, published.Set):
		fs.Add("set", "set_other", "%s is of the set %s", r.Code, published.Set)
	}
	if r.Parent != "" {
		fs.Add("parent", "parent_unfit", "a published code has its place already; leave it empty")
	}
}

func (r *Rule) checkInstead(fs *fault.Fields, had Codes) {
	if r.Instead == "" {
		return
	}
	c, known := utbms.Lookup(r.Instead)
	own, mine := had.Own(r.Instead)
	set := c.Set
	if mine {
		set = own.Set
	}
	switch {
	case r.Instead == r.Code:
		fs.Add("instead", "instead_same", "enter another code than the one that is not taken")
	case !known && !mine:
		fs.Add("instead", "code_unknown", "%s is neither published nor the client’s own", r.Instead)
	case known && c.Heading:
		fs.Add("instead", "code_heading", "%s (%s) is a heading and stands on no line; enter a code below it", r.Instead, c.Name)
	case FieldOf(set) != FieldOf(r.Set):
		fs.Add("instead", "instead_field", "%s stands in another field of a line than %s", r.Instead, r.Code)
	default:
		if x, there := had.On(r.Instead, r.From); there && x.Kind == Banned {
			fs.Add("instead", "instead_banned", "the client does not take %s either, %s", r.Instead, x.Span())
		}
	}
}

func (r *Rule) checkDays(fs *fault.Fields, had Codes) {
	if r.From.IsZero() {
		fs.Add("from", "date_missing", "enter the first work date of which it holds")
		return
	}
	if r.Until != nil && r.Until.Before(r.From) {
		fs.Add("until", "days_order", "the last day is before the first; enter %s or a later day, or leave it open", r.From.Format(time.DateOnly))
		return
	}
	for i := range had[r.Code] {
		if x := &had[r.Code][i]; x.ID != r.ID && x.meets(r) {
			fs.Add("from", "days_overlap", "%s is laid down already %s (%s); end that first, or enter other days", x.Code, x.Span(), x.Words())
		}
	}
}

// Words say what is laid down.
func (r *Rule) Words() string {
	switch r.Kind {
	case Own:
		return "own code, " + r.Name
	case Renamed:
		return "called " + r.Name
	default:
		if r.Instead != "" {
			return "not taken, " + r.Instead + " instead"
		}
		return "not taken"
	}
}

// Codes are one client's rules by code, each code's by first day. The zero value has none.
type Codes map[string][]Rule

// On is what holds of a code on a work date.
func (c Codes) On(code string, day time.Time) (*Rule, bool) {
	day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC)
	list := c[code]
	for i := range list {
		if list[i].Holds(day) {
			return &list[i], true
		}
	}
	return nil, false
}

// Takes tells whether the client takes a code on a work date where those of a set stand.
func (c Codes) Takes(set, code string, day time.Time) bool {
	code = utbms.Clean(code)
	if r, there := c.On(code, day); there {
		return r.Kind == Own && utbms.Holds(set, r.Set) || r.Kind == Renamed && utbms.Usable(set, code)
	}
	return utbms.Usable(set, code)
}

// Stands tells whether a code is the client's own for a field of a line, on whatever day.
func (c Codes) Stands(field, code string) bool {
	return slices.ContainsFunc(c[utbms.Clean(code)], func(r Rule) bool {
		return r.Kind == Own && r.Withdrawn == nil && FieldOf(r.Set) == field
	})
}

// Own is a code of the client's own, on whatever day it holds.
func (c Codes) Own(code string) (*Rule, bool) {
	list := c[code]
	for i := range list {
		if list[i].Kind == Own && list[i].Withdrawn == nil {
			return &list[i], true
		}
	}
	return nil, false
}

// Fits tells whether a code of the client's own may stand where codes of a set do.
func (c Codes) Fits(set, code string) bool {
	return slices.ContainsFunc(c[utbms.Clean(code)], func(r Rule) bool {
		return r.Kind == Own && r.Withdrawn == nil && utbms.Holds(set, r.Set)
	})
}

// Phase is utbms.Phase, for the client's own codes that of the heading above them on the work
// date; on a day on which none holds that of the first.
func (c Codes) Phase(code string, day time.Time) string {
	code = utbms.Clean(code)
	own, ok := c.On(code, day)
	if !ok || own.Kind != Own {
		own, ok = c.Own(code)
	}
	if ok {
		return utbms.Phase(own.Parent)
	}
	return utbms.Phase(code)
}

// Usable are the codes of a set that the client takes on a day, with its names for them, by code.
func (c Codes) Usable(set string, day time.Time) (list []utbms.Code) {
	for _, x := range utbms.List(set) {
		switch r, there := c.On(x.Code, day); {
		case there && r.Kind == Banned:
			continue
		case there && r.Kind == Renamed:
			x.Name = r.Name
		}
		list = append(list, x)
	}
	for _, rules := range c {
		for i := range rules {
			if r := &rules[i]; r.Kind == Own && r.Holds(day) && utbms.Holds(set, r.Set) {
				list = append(list, utbms.Code{Set: r.Set, Code: r.Code, Parent: r.Parent, Name: r.Name})
			}
		}
	}
	slices.SortFunc(list, func(a, b utbms.Code) int { return cmp.Compare(a.Code, b.Code) })
	return list
}

// Book is the rules of a firm's clients, within one transaction.
type Book struct{ by map[ident.ClientID]Codes }

// NewBook sorts rules by client and code; those that were withdrawn are left out.
func NewBook(list []Rule) *Book {
	b := &Book{by: map[ident.ClientID]Codes{}}
	for _, r := range list {
		if r.Withdrawn != nil {
			continue
		}
		if b.by[r.Client] == nil {
			b.by[r.Client] = Codes{}
		}
		b.by[r.Client][r.Code] = append(b.by[r.Client][r.Code], r)
	}
	return b
}

// Of are a client's rules. A nil book has none.
func (b *Book) Of(c ident.ClientID) Codes {
	if b == nil {
		return nil
	}
	return b.by[c]
}

// Stands is Codes.Stands of any client. A nil book has none.
func (b *Book) Stands(field, code string) bool {
	if b == nil {
		return false
	}
	for _, c := range b.by {
		if c.Stands(field, code) {
			return true
		}
	}
	return false
}
