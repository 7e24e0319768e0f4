package pages

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// LineFormView is the form of one change of one line, of a pre-bill or under review: a
// page of its own without script and a dialog with it.
type LineFormView struct {
	Title   string // "Write down line 10"
	Crumbs  []partial.Link
	Facts   []partial.Fact // the line as it stands
	Form    partial.Form
	Split   *partial.Form // takes the line apart; nil where that cannot be
	Warning string        // "This voids the approval of 5 Nov."
}

// reasons are the codes of write-downs, each with its words.
func reasons() (pairs []string) {
	for _, x := range amend.WriteDownReasons() {
		pairs = append(pairs, string(x), WriteDownWords(string(x)))
	}
	return pairs
}

// editFields are the fields of an edit. Nothing is chosen as its reason, which only
// a change of value needs: a text that was put right is no courtesy.
func editFields(taskSet string, w amend.Work, c money.Currency, own codeChoice, value func(field, stored string) string) []partial.Field {
	fields := []partial.Field{{Name: "narrative", Label: "Narrative", Kind: partial.Area, Rows: 4, Value: value("narrative", w.Narrative), Required: true, Wide: true}}
	why := func(when string) partial.Field {
		pairs := append([]string{"", "none: the value stays"}, reasons()...)
		return partial.Field{Name: "reason", Label: "Reason", Kind: partial.Select, Options: partial.Options(value("reason", ""), pairs...), Hint: when}
	}
	if w.Kind == guideline.Time {
		return append(fields,
			partial.Field{Name: "hours", Label: "Hours", Kind: partial.Decimal, Value: value("hours", w.Quantity.String()), Required: true, Hint: "In tenths, such as 1.4" + staysHint(w, c)},
			partial.Field{Name: "task_code", Label: "Task code", Kind: partial.Select, Options: own.options(taskSet, value("task_code", w.Task))},
			partial.Field{Name: "activity_code", Label: "Activity code", Kind: partial.Select, Options: own.options(utbms.Activity, value("activity_code", w.Activity))},
			why("Needed when the hours change"))
	}
	return append(fields,
		partial.Field{Name: "rate", Label: "Unit cost", Kind: partial.Decimal, Value: value("rate", w.Rate.Text(2)), Required: true, Hint: strings.TrimPrefix(staysHint(w, c), ". ")},
		partial.Field{Name: "expense_code", Label: "Expense code", Kind: partial.Select, Options: own.options(utbms.Expense, value("expense_code", w.Expense))},
		why("Needed when the unit cost changes"))
}

// staysHint says what becomes of an entered amount when what is beneath it changes.
func staysHint(w amend.Work, c money.Currency) string {
	if w.WriteDown == 0 {
		return ""
	}
	amount := format.Money(money.Amount{Minor: w.Amount(), Currency: c})
	return ". The line bills " + amount + " as entered; that stays unless this comes to less"
}

// savedLine says that a line was saved, and what it bills where that changed.
func savedLine(no int, before, after money.Amount) string {
	line := "Line " + strconv.Itoa(no)
	if before == after {
		return line + " saved. Undo stands at the line."
	}
	return line + " now bills " + format.Money(after) + ". Undo stands at the line."
}

// codeChoice is what a client takes of codes on the day of a line.
type codeChoice struct {
	codes code.Codes
	on    time.Time
}

// codesOf are the choices of a line of a matter; who sees no figures of it has the published ones.
func (s *Site) codesOf(r *httpd.Request, m ident.MatterID, on time.Time) (codeChoice, error) {
	codes, err := s.Codes.OfMatter(r.Context(), m)
	if errors.Is(err, authz.ErrForbidden) {
		codes, err = nil, nil
	}
	return codeChoice{codes, on}, err
}

// options keep a code that stands on the line and is not among them: saving the form changes
// only what was changed.
func (x codeChoice) options(set, chosen string) []partial.Option {
	pairs := []string{"", "none"}
	there := chosen == ""
	for _, c := range x.codes.Usable(set, x.on) {
		pairs = append(pairs, c.Code, c.Code+" "+c.Name)
		there = there || c.Code == chosen
	}
	if !there {
		pairs = append(pairs, chosen, chosen+", as it stands")
	}
	return partial.Options(chosen, pairs...)
}

// changeOf reads only what differs, so that an untouched field is no change.
func changeOf(r *httpd.Request, w amend.Work) (c amend.Change, err error) {
	text := func(field, stored string) *string {
		if v := r.Form(field); v != stored {
			return &v
		}
		return nil
	}
	var bad fault.Fields
	number := func(field string, stored money.Fixed4) *money.Fixed4 {
		v, err := money.ParseFixed4(r.Form(field))
		if err != nil {
			bad.Add(field, "number_form", "enter a number such as 1.4, with at most four decimals")
			return nil
		}
		if v == stored {
			return nil
		}
		return &v
	}
	c.Narrative, c.Reason, c.Note = text("narrative", w.Narrative), amend.Reason(r.Form("reason")), r.Form("note")
	if w.Kind == guideline.Time {
		c.Task, c.Activity, c.Quantity = text("task_code", w.Task), text("activity_code", w.Activity), number("hours", w.Quantity)
	} else {
		c.Expense, c.Rate = text("expense_code", w.Expense), number("rate", w.Rate)
	}
	return c, bad.Err(amend.ErrInvalid)
}
