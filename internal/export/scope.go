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
	form    Form
	from    invoice.Day
	to      invoice.Day
	clients db.Strings
	matters db.Strings
}

func limitsOf(n NewRequest) limits {
	return limits{n.Form, n.From, n.To, ident.Strings(n.Clients), ident.Strings(n.Matters)}
}

// selection is the rows and the columns that an asker gets, as SQL over entry e,
// matter m, client c and timekeeper t. Both halves of confidentiality stand here:
// which rows (scope, label, walls, own entries) and which columns (class).
type selection struct {
	where     string
	whereArgs []any
	words     string // predicate: what is C3 is shown
	wordsArgs []any
	money     string // predicate: what is C2 is shown
	moneyArgs []any
}

func selecting(a *authz.Access, tx *db.Tx, l limits) selection {
	var s selection
	rows, rowArgs := a.Matters("m")
	own, ownArgs := a.Entries("e")
	s.where = `e.firm_id = ? AND e.status <> 'removed' AND e.worked_on BETWEEN ?::date AND ?::date
		AND ((cardinality(?::uuid[]) = 0 AND cardinality(?::uuid[]) = 0) OR m.client_id = ANY (?::uuid[]) OR m.id = ANY (?::uuid[]))
		AND ` + rows + ` AND ` + own
	s.whereArgs = append([]any{tx.Scope.Firm, l.from, l.to, l.clients, l.matters, l.clients, l.matters}, rowArgs...)
	s.whereArgs = append(s.whereArgs, ownArgs...)
	s.money, s.moneyArgs = a.MattersSeeing("m", authz.C2)
	s.words = "false"
	if l.form == FormFull {
		s.words, s.wordsArgs = a.MattersSeeing("m", authz.C3)
	}
	return s
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

const tables = ` FROM entry e
	JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
	JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
	LEFT JOIN timekeeper t ON t.firm_id = e.firm_id AND t.id = e.timekeeper_id `

// count tells how many rows a selection has, and how many of them with narrative.
func (s selection) count(tx *db.Tx) (rows, narratives int64, err error) {
	args := append(append([]any{}, s.wordsArgs...), s.whereArgs...)
	err = tx.Raw(`SELECT count(*), count(*) FILTER (WHERE `+s.words+`)`+tables+`WHERE `+s.where, args...).Row().Scan(&rows, &narratives)
	return rows, narratives, err
}

// versions is another number when the entry or what stands beside it in the file
// has changed: PostgreSQL gives a changed row another xmin.
const versions = `hashtextextended(concat_ws(' ', e.id, e.xmin, m.xmin, c.xmin, t.xmin), 0)`

// query selects the file's columns in its order. What is C2 or C3 is empty where the
// asker does not see that class; the row itself stays, with what is C1.
func (s selection) query() (string, []any) { return s.sql("", "") }

// following is query for the rows after those that t holds; beside the columns it
// selects the row's place by day and its versions.
func (s selection) following(t table) (string, []any) {
	if len(t.parts) == 0 {
		return s.sql(`, to_char(e.worked_on, 'YYYY-MM-DD'), `+versions, "")
	}
	return s.sql(`, to_char(e.worked_on, 'YYYY-MM-DD'), `+versions, ` AND (e.worked_on, e.id) > (?::date, ?::uuid)`, t.lastOn, t.lastID)
}

// covered counts the rows up to the last that t holds, and folds their versions.
func (s selection) covered(t table) (string, []any) {
	return `SELECT count(*), coalesce(bit_xor(` + versions + `), 0)` + tables + `WHERE ` + s.where + ` AND (e.worked_on, e.id) <= (?::date, ?::uuid)`,
		append(append([]any{}, s.whereArgs...), t.lastOn, t.lastID)
}

func (s selection) sql(more, and string, andArgs ...any) (string, []any) {
	list := make([]string, len(fileColumns))
	for i, c := range fileColumns {
		switch c.class {
		case authz.C1:
			list[i] = c.sql
		case authz.C2:
			list[i] = `CASE WHEN sees.c2 THEN ` + c.sql + ` END`
		default:
			list[i] = `CASE WHEN sees.c3 THEN ` + c.sql + ` END`
		}
	}
	args := append(append(append([]any{}, s.moneyArgs...), s.wordsArgs...), s.whereArgs...)
	return `SELECT ` + strings.Join(list, `, `) + more + tables + `CROSS JOIN LATERAL (SELECT (` + s.money + `) AS c2, (` + s.words + `) AS c3 OFFSET 0) sees
		WHERE ` + s.where + and + ` ORDER BY e.worked_on, e.id`, append(args, andArgs...)
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
