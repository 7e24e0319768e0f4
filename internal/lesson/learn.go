package lesson

import (
	"slices"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/worklist"
)

// Learn keeps what an answer says about our rules, within the transaction that keeps the
// answer: a refusal as a whole, each cut by itself. The same answer is learned from once. A
// reason without a rule opens one item of work for its receiver, however often it comes.
func Learn(tx *db.Tx, h Heard) error {
	if h.Refused {
		h.Cuts = []Cut{{Code: h.Code, Text: h.Text}}
	}
	if len(h.Cuts) == 0 {
		return nil
	}
	g, err := guideline.InForceToday(tx)
	if err != nil {
		return err
	}
	for _, c := range h.Cuts {
		if err := learn(tx, g, h, c); err != nil {
			return err
		}
	}
	return nil
}

func learn(tx *db.Tx, g *guideline.Guides, h Heard, c Cut) error {
	f, err := factsOf(tx, h.Invoice, c.Line, c.Minor)
	if err != nil {
		return err
	}
	said := Said{Code: c.Code, ErrorType: h.ErrorType, Text: c.Text, Line: c.Line > 0, Kind: f.Kind, Expense: f.Charged.Expense}
	code, words := said.key(h.Submission, string(c.ID))
	r, err := meantBy(tx, h.Portal, code, words)
	if err != nil {
		return err
	}
	l, err := weigh(tx, g, said, r, f)
	if err != nil {
		return err
	}
	if err := insertLesson(tx, h, c, r.ID, l); err != nil {
		return err
	}
	if l.State != Open {
		return nil
	}
	if r.Status == ReasonPublished {
		r.Status = ReasonOpen
		if err := saveReason(tx, r); err != nil {
			return err
		}
	}
	_, err = worklist.Open(tx, worklist.New{Type: Work, SubjectKind: Subject, SubjectID: string(r.ID)})
	return err
}

// weigh is the lesson of a reason. What the published map knows for sure goes first; where it
// does not, what a person said of this receiver's reason.
func weigh(tx *db.Tx, g *guideline.Guides, s Said, r Reason, f facts) (l Lesson, err error) {
	p, err := g.For(f.Payor, f.Matter, f.Client)
	if err != nil {
		return l, err
	}
	if l = decide(Map(s), f, p); l.State != Open {
		l.Source = Published
	} else {
		switch r.Status {
		case ReasonMapped:
			l = decide([]Target{r.Target}, f, p)
			l.Source = ByPerson
		case ReasonNoRule:
			l = Lesson{State: NoRule, Source: ByPerson}
		case ReasonPublished, ReasonOpen:
		}
	}
	l.Override, err = overrideOf(tx, l.Finding)
	return l, err
}

// again weighs the undecided lessons of a reason anew, after a person said what it is. What
// the published map knew by itself stays.
func again(tx *db.Tx, r Reason) error {
	list, err := load(tx, ` AND l.reason_id = ? AND l.source <> 'published' AND l.state NOT IN ('accepted', 'declined') ORDER BY l.id FOR NO KEY UPDATE OF l`, r.ID)
	if err != nil {
		return err
	}
	g, err := guideline.InForceToday(tx)
	if err != nil {
		return err
	}
	for _, had := range list {
		f, err := factsOf(tx, had.Invoice, had.Line, had.CutMinor)
		if err != nil {
			return err
		}
		l, err := weigh(tx, g, Said{Code: had.Code, Text: had.Text, Line: had.Line > 0, Kind: f.Kind, Expense: f.Charged.Expense}, r, f)
		if err != nil {
			return err
		}
		l.ID, l.Version = had.ID, had.Version
		if err := save(tx, l, false); err != nil {
			return err
		}
	}
	return nil
}

// Settled refuses to end the work on a reason before somebody said which rule it is, or that
// none can catch it. It is the worklist's question about a subject.
func Settled(tx *db.Tx, _ *authz.Access, subject string) error {
	r, err := reason(tx, ` AND q.id = ?`, subject)
	switch {
	case err != nil:
		return err
	case r.Status == ReasonOpen:
		return ErrOpen
	}
	return nil
}

// ownRules are the ids of rules that firms wrote and that are in force today.
func ownRules(tx *db.Tx) (func(id string) bool, []guideline.OwnRule, error) {
	g, err := guideline.InForceToday(tx)
	if err != nil {
		return nil, nil, err
	}
	list := g.Written()
	return func(id string) bool {
		return slices.ContainsFunc(list, func(r guideline.OwnRule) bool { return r.ID == id })
	}, list, nil
}
