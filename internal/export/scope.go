package export

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
)

// limits is what a request names, and what is stored of it.
type limits struct {
	audience Audience
	form     Form
	from     invoice.Day
	to       invoice.Day
	clients  db.Strings
	matters  db.Strings
	payor    string // "" for any
	invoices db.Strings
	terms    db.Strings // blacked out of a court's text
	withheld db.Strings // entries whose text a court does not get
}

func limitsOf(n NewRequest) limits {
	return limits{audience: n.Audience, form: n.Form, from: n.From, to: n.To, clients: ident.Strings(n.Clients), matters: ident.Strings(n.Matters),
		invoices: ident.Strings(n.Invoices), terms: db.Strings(n.terms()), withheld: db.Strings{}, payor: string(n.Payor)}
}

// selection is the rows and the columns that an asker gets, as SQL over the tables of
// its audience. Both halves of confidentiality stand here: which rows (scope, label,
// walls, own entries, audience) and which columns (class, audience).
type selection struct {
	profile   profile
	where     string
	whereArgs []any
	words     string // predicate: what is C3 is shown
	wordsArgs []any
	money     string // predicate: what is C2 is shown
	moneyArgs []any
	text      []any // of a court: what its columns' expressions take, in their order
}

func selecting(a *authz.Access, tx *db.Tx, l limits) selection {
	s := selection{profile: profiles[l.audience]}
	if s.profile.byEntry {
		s.entries(a, tx, l)
	} else {
		s.invoices(a, tx, l)
	}
	if s.profile.rows != "" {
		s.where += ` AND ` + s.profile.rows
	}
	s.money, s.moneyArgs = a.MattersSeeing("m", authz.C2)
	s.words = "false"
	if l.form == FormFull {
		s.words, s.wordsArgs = a.MattersSeeing("m", authz.C3)
	}
	if l.audience == AudienceCourt {
		out := redaction(l.terms)
		s.text = []any{out, l.withheld, out} // of the matter's name, then of the narrative
	}
	return s
}

// inMatters is the clients and matters that a request names: what is in either.
const inMatters = `((cardinality(?::uuid[]) = 0 AND cardinality(?::uuid[]) = 0) OR m.client_id = ANY (?::uuid[]) OR m.id = ANY (?::uuid[]))`

func (s *selection) entries(a *authz.Access, tx *db.Tx, l limits) {
	rows, rowArgs := a.Matters("m")
	own, ownArgs := a.Entries("e")
	s.where = `e.firm_id = ? AND e.status NOT IN ('removed', 'moved') AND e.worked_on BETWEEN ?::date AND ?::date
		AND ` + inMatters + `
		AND ` + rows + ` AND ` + own
	s.whereArgs = append([]any{tx.Scope.Firm, l.from, l.to, l.clients, l.matters, l.clients, l.matters}, rowArgs...)
	s.whereArgs = append(s.whereArgs, ownArgs...)
}

// invoices are known to who sees amounts on their matter, and to nobody who sees but
// their own entries.
func (s *selection) invoices(a *authz.Access, tx *db.Tx, l limits) {
	rows, rowArgs := a.MattersSeeing("m", authz.C2)
	if a.OwnOnly() {
		rows, rowArgs = "false", nil
	}
	s.where = `i.firm_id = ? AND i.issued_on BETWEEN ?::date AND ?::date AND (? = '' OR i.payor_id::text = ?)
		AND (cardinality(?::uuid[]) = 0 OR i.id = ANY (?::uuid[]))
		AND ` + inMatters + `
		AND ` + rows
	s.whereArgs = append([]any{tx.Scope.Firm, l.from, l.to, l.payor, l.payor, l.invoices, l.invoices, l.clients, l.matters, l.clients, l.matters}, rowArgs...)
}

// and is what both see.
func (s selection) and(o selection) selection {
	join := func(a string, aArgs []any, b string, bArgs []any) (string, []any) {
		return `(` + a + `) AND (` + b + `)`, append(append([]any{}, aArgs...), bArgs...)
	}
	s.where, s.whereArgs = join(s.where, s.whereArgs, o.where, o.whereArgs)
	s.words, s.wordsArgs = join(s.words, s.wordsArgs, o.words, o.wordsArgs)
	s.money, s.moneyArgs = join(s.money, s.moneyArgs, o.money, o.moneyArgs)
	return s
}

// count tells how many rows a selection has, and how many of them leave with what is C3.
func (s selection) count(tx *db.Tx) (rows, narratives int64, err error) {
	told, args := s.told()
	err = tx.Raw(`SELECT count(*), count(*) FILTER (WHERE `+told+`)`+s.profile.from+`WHERE `+s.where, append(append([]any{}, args...), s.whereArgs...)...).Row().Scan(&rows, &narratives)
	return rows, narratives, err
}

// told is words, where the audience gets any at all.
func (s selection) told() (string, []any) {
	if s.profile.column("narrative") < 0 {
		return "false", nil
	}
	return s.words, s.wordsArgs
}

// query selects the file's columns in its order. What is C2 or C3 is empty where the
// asker does not see that class; the row itself stays, with what is C1.
func (s selection) query() (string, []any) { return s.sql("", "") }

// place is a row's day, as it is ordered.
func (s selection) place() string { return `to_char(` + s.profile.day + `, 'YYYY-MM-DD')` }

func (s selection) order() string { return s.profile.day + `, ` + s.profile.id }

// following is query for the rows after those that t holds; beside the columns it
// selects the row's place by day and its versions.
func (s selection) following(t table) (string, []any) {
	more := `, ` + s.place() + `, ` + s.profile.versions
	if len(t.parts) == 0 {
		return s.sql(more, "")
	}
	return s.sql(more, ` AND (`+s.order()+`) > (?::date, ?::uuid)`, t.lastOn, t.lastID)
}

// covered counts the rows up to the last that t holds, and folds their versions:
// PostgreSQL gives a changed row another xmin.
func (s selection) covered(t table) (string, []any) {
	return `SELECT count(*), coalesce(bit_xor(` + s.profile.versions + `), 0)` + s.profile.from + `WHERE ` + s.where + ` AND (` + s.order() + `) <= (?::date, ?::uuid)`,
		append(append([]any{}, s.whereArgs...), t.lastOn, t.lastID)
}

func (s selection) sql(more, and string, andArgs ...any) (string, []any) {
	list := make([]string, len(s.profile.columns))
	for i, c := range s.profile.columns {
		switch c.class {
		case authz.C1:
			list[i] = c.sql
		case authz.C2:
			list[i] = `CASE WHEN sees.c2 THEN ` + c.sql + ` END`
		default:
			list[i] = `CASE WHEN sees.c3 THEN ` + c.sql + ` END`
		}
	}
	args := append(append(append(append([]any{}, s.text...), s.moneyArgs...), s.wordsArgs...), s.whereArgs...)
	return `SELECT ` + strings.Join(list, `, `) + more + s.profile.from + `CROSS JOIN LATERAL (SELECT (` + s.money + `) AS c2, (` + s.words + `) AS c3 OFFSET 0) sees
		WHERE ` + s.where + and + ` ORDER BY ` + s.order(), append(args, andArgs...)
}

// fingerprint tells two selections apart: rights that changed make another.
func (s selection) fingerprint() string {
	q, args := s.query()
	h := sha256.New()
	fmt.Fprintf(h, "%s", q)
	for _, a := range args {
		fmt.Fprintf(h, "|%v", a)
	}
	return hex.EncodeToString(h.Sum(nil))
}
