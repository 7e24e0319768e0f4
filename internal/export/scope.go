package export

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

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
	words     string // predicate: the narrative is shown
	wordsArgs []any
	money     string // predicate: rates and amounts are shown (C2)
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

// query selects the file's columns in its order. Names (C2) and amounts are empty
// for who does not see C2, narratives are for who sees C3; the row itself stays,
// with codes and hours, which are C1.
func (s selection) query() (string, []any) {
	hide := func(sql, cond string) string { return `CASE WHEN ` + cond + ` THEN ` + sql + ` END` }
	q := `SELECT e.id::text, to_char(e.worked_on, 'YYYY-MM-DD'), ` + hide(`c.number`, s.money) + `, ` + hide(`c.name`, s.money) + `, m.number, ` + hide(`m.name`, s.money) + `,
		coalesce(t.code, ''), coalesce(t.class, ''), e.kind, e.hours_e4, e.quantity_e4, ` + hide(`e.unit_cost_e4`, s.money) + `, ` + hide(`e.rate_e4`, s.money) + `, ` + hide(`e.amount_minor`, s.money) + `,
		e.currency, e.task_code, e.activity_code, e.expense_code, e.status, ` + hide(`e.narrative`, s.words) + tables + `WHERE ` + s.where + ` ORDER BY e.worked_on, e.id`
	var args []any
	for range 6 {
		args = append(args, s.moneyArgs...)
	}
	args = append(args, s.wordsArgs...)
	return q, append(args, s.whereArgs...)
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
