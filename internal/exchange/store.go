package exchange

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
)

const columns = `x.id, x.from_currency AS "from", x.to_currency AS "to", x.on_day AS "on", x.n, x.rate_e8 AS rate, x.source, x.table_version AS version, x.entered_by AS by, x.entered_at AS at`

// last tells that no correction stands after x.
const last = `NOT EXISTS (SELECT FROM exchange_rate y WHERE y.firm_id = x.firm_id AND y.from_currency = x.from_currency AND y.to_currency = x.to_currency AND y.on_day = x.on_day AND y.n > x.n)`

// lock keeps others from entering rates of the firm until the transaction ends: versions and
// corrections follow one another.
func lock(tx *db.Tx) error { return tx.Lock("exchange rates of firm " + string(tx.Scope.Firm)) }

// version is that of the firm's tables, 0 while nothing was entered.
func version(tx *db.Tx) (v int64, err error) {
	if err = tx.Raw(`SELECT coalesce(max(table_version), 0) FROM exchange_rate WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&v); err != nil {
		return 0, fmt.Errorf("read version of exchange rates of firm %s: %w", tx.Scope.Firm, err)
	}
	return v, nil
}

// ofYear is what a version says of a pair in a year, by day.
func ofYear(tx *db.Tx, p Pair, year int, version int64) (list []Rate, err error) {
	err = tx.Raw(`SELECT DISTINCT ON (x.on_day) `+columns+` FROM exchange_rate x
		WHERE x.firm_id = ? AND x.from_currency = ? AND x.to_currency = ? AND x.on_day >= make_date(?, 1, 1) AND x.on_day < make_date(?, 1, 1) AND x.table_version <= ?
		ORDER BY x.on_day, x.n DESC`, tx.Scope.Firm, p.From, p.To, year, year+1, version).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read exchange rates %s of %d: %w", p, year, err)
	}
	return list, nil
}

// before is the newest state of a pair on a day, or of the latest day before it; nil without one.
func before(tx *db.Tx, p Pair, on time.Time) (was *Rate, err error) {
	var list []Rate
	err = tx.Raw(`SELECT `+columns+` FROM exchange_rate x WHERE x.firm_id = ? AND x.from_currency = ? AND x.to_currency = ? AND x.on_day <= ?::date
		ORDER BY x.on_day DESC, x.n DESC LIMIT 1`, tx.Scope.Firm, p.From, p.To, on.Format(time.DateOnly)).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read exchange rate %s before %s: %w", p, on.Format(time.DateOnly), err)
	}
	if len(list) > 0 {
		was = &list[0]
	}
	return was, nil
}

// statesOf are how many states the pair and day of each has.
func statesOf(tx *db.Tx, list []New) ([]int, error) {
	var from, to, days []string
	for _, n := range list {
		from, to, days = append(from, string(n.From)), append(to, string(n.To)), append(days, n.On.Format(time.DateOnly))
	}
	var ns []int
	err := tx.Raw(`SELECT coalesce((SELECT max(x.n) FROM exchange_rate x WHERE x.firm_id = ? AND x.from_currency = k.f AND x.to_currency = k.t AND x.on_day = k.d), 0)
		FROM unnest(?::text[], ?::text[], ?::date[]) WITH ORDINALITY AS k(f, t, d, o) ORDER BY k.o`, tx.Scope.Firm, db.Array(from), db.Array(to), db.Array(days)).Scan(&ns).Error
	if err != nil {
		return nil, fmt.Errorf("count states of exchange rates: %w", err)
	}
	return ns, nil
}

func insert(tx *db.Tx, list []Rate) error {
	var ids, from, to, days, sources []string
	var ns []int
	var rates, versions []int64
	for _, r := range list {
		ids, from, to, days = append(ids, string(r.ID)), append(from, string(r.From)), append(to, string(r.To)), append(days, r.On.Format(time.DateOnly))
		sources, ns, rates, versions = append(sources, r.Source), append(ns, r.N), append(rates, int64(r.Rate)), append(versions, r.Version)
	}
	err := tx.Exec(`INSERT INTO exchange_rate (firm_id, entered_by, entered_at, id, from_currency, to_currency, on_day, n, rate_e8, source, table_version)
		SELECT ?, ?, ?, x.* FROM unnest(?::uuid[], ?::text[], ?::text[], ?::date[], ?::int[], ?::bigint[], ?::text[], ?::bigint[]) AS x`,
		tx.Scope.Firm, tx.Scope.Actor, tx.Now, db.Array(ids), db.Array(from), db.Array(to), db.Array(days), db.Array(ns), db.Array(rates), db.Array(sources), db.Array(versions)).Error
	if err != nil {
		return fmt.Errorf("enter exchange rates: %w", err)
	}
	return nil
}

// dayKey continues the list.
type dayKey struct {
	On string           `json:"d"`
	ID ident.ExchangeID `json:"i"`
}

func listed(tx *db.Tx, f Filter, req page.Request) (p page.Page[Rate], err error) {
	cond, args := last, []any{tx.Scope.Firm}
	add := func(c string, v ...any) { cond, args = cond+" AND "+c, append(args, v...) }
	if f.From != "" {
		add("x.from_currency = ?", f.From)
	}
	if f.To != "" {
		add("x.to_currency = ?", f.To)
	}
	if !f.Since.IsZero() {
		add("x.on_day >= ?::date", f.Since.Format(time.DateOnly))
	}
	if !f.Until.IsZero() {
		add("x.on_day <= ?::date", f.Until.Format(time.DateOnly))
	}
	var after dayKey
	if first, err := req.Decode(&after); err != nil {
		return p, err
	} else if !first {
		add("(x.on_day, x.id) < (?::date, ?::uuid)", after.On, after.ID)
	}
	var list []Rate
	err = tx.Raw(`SELECT `+columns+`, p.name AS by_name, true AS latest FROM exchange_rate x JOIN person p ON p.id = x.entered_by WHERE x.firm_id = ? AND `+cond+` ORDER BY x.on_day DESC, x.id DESC LIMIT ?`,
		append(args, req.Limit()+1)...).Scan(&list).Error
	if err != nil {
		return p, fmt.Errorf("list exchange rates of firm %s: %w", tx.Scope.Firm, err)
	}
	return page.Cut(list, req.Limit(), func(r Rate) any { return dayKey{r.On.Format(time.DateOnly), r.ID} })
}

// history is each state of a day of a pair, the newest first, by any of them.
func history(tx *db.Tx, id ident.ExchangeID) (list []Rate, err error) {
	err = tx.Raw(`SELECT `+columns+`, p.name AS by_name, `+last+` AS latest FROM exchange_rate a JOIN exchange_rate x ON x.firm_id = a.firm_id AND x.from_currency = a.from_currency AND x.to_currency = a.to_currency AND x.on_day = a.on_day
		JOIN person p ON p.id = x.entered_by WHERE a.firm_id = ? AND a.id = ? ORDER BY x.n DESC`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read exchange rate %s: %w", id, err)
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return list, nil
}

// SettingsOf are those of the transaction's firm, whoever asks.
func SettingsOf(tx *db.Tx) (s Settings, err error) {
	list, err := settings(tx, "true")
	s = Settings{Firm: None, Clients: map[ident.ClientID]Basis{}, Matters: map[ident.MatterID]Basis{}}
	for _, x := range list {
		switch {
		case x.Matter != "":
			s.Matters[x.Matter] = x.Basis
		case x.Client != "":
			s.Clients[x.Client] = x.Basis
		default:
			s.Firm = x.Basis
		}
	}
	return s, err
}

// Converts tells whether anything is converted anywhere.
func (s Settings) Converts() bool {
	for _, b := range s.Clients {
		if b == WorkDate {
			return true
		}
	}
	for _, b := range s.Matters {
		if b == WorkDate {
			return true
		}
	}
	return s.Firm == WorkDate
}

// settings are those that hold, by a condition on alias s.
func settings(tx *db.Tx, cond string, args ...any) (list []Setting, err error) {
	err = tx.Raw(`SELECT DISTINCT ON (s.client_id, s.matter_id) coalesce(s.client_id::text, '') AS client, coalesce(s.matter_id::text, '') AS matter, s.n, s.basis, s.reason, p.name AS by, s.made_at AS at
		FROM exchange_setting s JOIN person p ON p.id = s.made_by WHERE s.firm_id = ? AND `+cond+` ORDER BY s.client_id, s.matter_id, s.n DESC`, append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read where firm %s converts: %w", tx.Scope.Firm, err)
	}
	return list, nil
}

// settingsFor are those of places that the actor may know of.
func settingsFor(tx *db.Tx, a *authz.Access) ([]Setting, error) {
	matters, margs := a.Shown("m", authz.C2)
	clients, cargs := a.Clients("c")
	return settings(tx, `(s.matter_id IS NULL OR EXISTS (SELECT FROM matter m WHERE m.firm_id = s.firm_id AND m.id = s.matter_id AND `+matters+`))
		AND (s.client_id IS NULL OR EXISTS (SELECT FROM client c WHERE c.firm_id = s.firm_id AND c.id = s.client_id AND `+clients+`))`, append(margs, cargs...)...)
}

func insertSetting(tx *db.Tx, s Setting) error {
	err := tx.Exec(`INSERT INTO exchange_setting (firm_id, id, client_id, matter_id, n, basis, reason, made_by, made_at)
		SELECT ?, ?, c.client, c.matter, coalesce((SELECT max(n) FROM exchange_setting s WHERE s.firm_id = ? AND s.client_id IS NOT DISTINCT FROM c.client AND s.matter_id IS NOT DISTINCT FROM c.matter), 0) + 1, ?, ?, ?, ?
		FROM (SELECT nullif(?, '')::uuid AS client, nullif(?, '')::uuid AS matter) c`,
		tx.Scope.Firm, ident.New[ident.ExchangeID](tx.Now), tx.Scope.Firm, s.Basis, s.Reason, tx.Scope.Actor, tx.Now, string(s.Client), string(s.Matter)).Error
	if err != nil {
		return fmt.Errorf("lay down where firm %s converts: %w", tx.Scope.Firm, err)
	}
	return nil
}

// whole is the newest state of each day of a pair, by day.
func whole(tx *db.Tx, p Pair) (list []Rate, err error) {
	err = tx.Raw(`SELECT DISTINCT ON (x.on_day) `+columns+` FROM exchange_rate x WHERE x.firm_id = ? AND x.from_currency = ? AND x.to_currency = ?
		ORDER BY x.on_day, x.n DESC`, tx.Scope.Firm, p.From, p.To).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read exchange rates %s: %w", p, err)
	}
	return list, nil
}
