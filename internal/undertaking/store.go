package undertaking

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// lockName is taken by whoever moves what grants wait for; a new grant shares it
// (migration 00090).
const lockName = "undertakings"

func scanText(row *sql.Row) (t Text, err error) {
	err = row.Scan(&t.Version, &t.Body, &t.SHA256, &t.PublishedBy, &t.PublishedAt, &t.FormerUntil)
	if errors.Is(err, sql.ErrNoRows) {
		return Text{}, nil // no text is an answer: version 0
	}
	return t, err
}

func bureauText(tx *db.Tx) (Text, error) {
	t, err := scanText(tx.Raw(`SELECT t.version, t.body, t.sha256, coalesce(p.name, ''), t.published_at, t.former_until
		FROM bureau_undertaking t LEFT JOIN person p ON p.id = t.published_by ORDER BY t.version DESC LIMIT 1`).Row())
	if err != nil {
		return t, fmt.Errorf("load the bureau's undertaking: %w", err)
	}
	return t, nil
}

func firmText(tx *db.Tx) (Text, error) {
	t, err := scanText(tx.Raw(`SELECT t.version, t.body, t.sha256, p.name, t.published_at, t.former_until
		FROM firm_undertaking t JOIN acquaintance p ON p.id = t.published_by WHERE t.firm_id = ? ORDER BY t.version DESC LIMIT 1`, tx.Scope.Firm).Row())
	if err != nil {
		return t, fmt.Errorf("load the undertaking of firm %s: %w", tx.Scope.Firm, err)
	}
	t.Firm = tx.Scope.Firm
	return t, nil
}

func insertText(tx *db.Tx, home bool, version int, d Draft) (Text, error) {
	sum := sha256.Sum256([]byte(d.Body))
	t := Text{Version: version, Body: d.Body, SHA256: hex.EncodeToString(sum[:]), PublishedAt: tx.Now, FormerUntil: d.FormerUntil}
	var err error
	if home {
		err = tx.Exec(`INSERT INTO bureau_undertaking (version, body, sha256, published_by, published_at, former_until) VALUES (?, ?, ?, ?, ?, ?)`,
			t.Version, t.Body, t.SHA256, tx.Scope.Actor, tx.Now, t.FormerUntil).Error
	} else {
		t.Firm = tx.Scope.Firm
		err = tx.Exec(`INSERT INTO firm_undertaking (firm_id, version, body, sha256, published_by, published_at, former_until) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			tx.Scope.Firm, t.Version, t.Body, t.SHA256, tx.Scope.Actor, tx.Now, t.FormerUntil).Error
	}
	if err != nil {
		return Text{}, fmt.Errorf("insert undertaking %d: %w", version, err)
	}
	return t, nil
}

func insertWord(tx *db.Tx, home bool, t Text, shown time.Time) (err error) {
	if home {
		err = tx.Exec(`INSERT INTO bureau_undertaking_given (person_id, version, sha256, given_at, session_id, factor_at) VALUES (?, ?, ?, ?, ?, ?)`,
			tx.Scope.Actor, t.Version, t.SHA256, tx.Now, tx.Scope.Session, shown).Error
	} else {
		err = tx.Exec(`INSERT INTO firm_undertaking_given (firm_id, person_id, version, sha256, given_at, session_id, factor_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			tx.Scope.Firm, tx.Scope.Actor, t.Version, t.SHA256, tx.Now, tx.Scope.Session, shown).Error
	}
	if err != nil {
		return fmt.Errorf("insert the word of person %s: %w", tx.Scope.Actor, err)
	}
	return nil
}

// settle writes into the grants of the firm of tx from when they give nothing: of one of
// the bureau's people, or of all for "". Whoever calls it holds the lock.
func settle(tx *db.Tx, who ident.PersonID) error {
	err := tx.Exec(`UPDATE access_grant g SET waits_from = undertaking_waits(g.firm_id, g.person_id) FROM person p
		WHERE g.firm_id = ? AND p.id = g.person_id AND p.staff AND g.ended_at IS NULL AND (? = '' OR g.person_id = nullif(?, '')::uuid)
		  AND g.waits_from IS DISTINCT FROM undertaking_waits(g.firm_id, g.person_id)`, tx.Scope.Firm, who, who).Error
	if err != nil {
		return fmt.Errorf("settle what grants of firm %s wait for: %w", tx.Scope.Firm, err)
	}
	return nil
}

func setRequired(tx *db.Tx, on bool) (changed bool, err error) {
	res := tx.Exec(`UPDATE firm SET undertaking_required = ? WHERE firm_id = ? AND kind = 'firm' AND undertaking_required <> ?`, on, tx.Scope.Firm, on)
	if res.Error != nil {
		return false, fmt.Errorf("set what firm %s requires: %w", tx.Scope.Firm, res.Error)
	}
	return res.RowsAffected == 1, nil
}

// required is the firm's setting, and how many people with access wait or, were it on,
// would wait today.
func required(tx *db.Tx) (on bool, waiting int, err error) {
	list, err := states(tx, false)
	if err != nil {
		return false, 0, err
	}
	if err := tx.Raw(`SELECT undertaking_required FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&on); err != nil {
		return false, 0, fmt.Errorf("read what firm %s requires: %w", tx.Scope.Firm, err)
	}
	own, err := firmText(tx)
	for _, s := range list {
		if s.Bureau.Version == 0 || own.Version > 0 && s.Firm.Version == 0 || s.Waits != nil && !tx.Now.Before(*s.Waits) {
			waiting++
		}
	}
	return on, waiting, err
}

// Met are the bureau's people whom a firm knows: they have access there, or it is asked
// for them. It is a condition on an alias p of person, with the firm, the instant and the
// firm again.
const Met = `p.staff AND p.status <> 'disabled' AND (EXISTS (SELECT FROM access_grant g WHERE g.firm_id = ? AND g.person_id = p.id AND g.ended_at IS NULL AND (g.until_at IS NULL OR g.until_at > ?))
	OR EXISTS (SELECT FROM access_request r WHERE r.firm_id = ? AND r.person_id = p.id AND r.status = 'waiting'))`

func states(tx *db.Tx, home bool) (list []State, err error) {
	var rows []struct {
		ID            ident.PersonID
		Name          string
		BureauVersion int
		BureauAt      *time.Time
		BureauCurrent bool
		FirmVersion   int
		FirmAt        *time.Time
		FirmCurrent   bool
		Waits         *time.Time
	}
	cond, args := Met, []any{tx.Scope.Firm, tx.Now, tx.Scope.Firm}
	if home {
		cond, args = `p.staff AND p.status <> 'disabled'`, nil
	}
	err = tx.Raw(`SELECT p.id, p.name, coalesce(b.version, 0) AS bureau_version, b.given_at AS bureau_at, coalesce(b.version = (SELECT max(version) FROM bureau_undertaking), false) AS bureau_current,
			coalesce(f.version, 0) AS firm_version, f.given_at AS firm_at, coalesce(f.version = (SELECT max(version) FROM firm_undertaking WHERE firm_id = ?), false) AS firm_current,
			undertaking_waits(?, p.id) AS waits
		FROM acquaintance p
		LEFT JOIN LATERAL (SELECT x.version, x.given_at FROM bureau_undertaking_given x WHERE x.person_id = p.id ORDER BY x.version DESC LIMIT 1) b ON true
		LEFT JOIN LATERAL (SELECT x.version, x.given_at FROM firm_undertaking_given x WHERE x.firm_id = ? AND x.person_id = p.id ORDER BY x.version DESC LIMIT 1) f ON true
		WHERE `+cond+` ORDER BY p.name, p.id`, append([]any{tx.Scope.Firm, tx.Scope.Firm, tx.Scope.Firm}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list undertakings of firm %s: %w", tx.Scope.Firm, err)
	}
	for _, r := range rows {
		list = append(list, State{Person: r.ID, Name: r.Name, Bureau: word(r.BureauVersion, r.BureauAt, r.BureauCurrent), Firm: word(r.FirmVersion, r.FirmAt, r.FirmCurrent), Waits: r.Waits})
	}
	return list, nil
}

func word(version int, at *time.Time, current bool) Word {
	w := Word{Version: version, Current: current}
	if at != nil {
		w.At = *at
	}
	return w
}

func mineOfBureau(tx *db.Tx) (m Mine, err error) {
	if m.Text, err = bureauText(tx); err != nil {
		return m, err
	}
	m.Word, err = wordOf(tx, m.Text, `SELECT version, given_at FROM bureau_undertaking_given WHERE person_id = ? ORDER BY version DESC LIMIT 1`, tx.Scope.Actor)
	return m, err
}

func mineOfFirm(tx *db.Tx) (m Mine, err error) {
	if m.Text, err = firmText(tx); err != nil {
		return m, err
	}
	if err := tx.Raw(`SELECT name FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&m.FirmName); err != nil {
		return m, fmt.Errorf("name firm %s: %w", tx.Scope.Firm, err)
	}
	m.Word, err = wordOf(tx, m.Text, `SELECT version, given_at FROM firm_undertaking_given WHERE firm_id = ? AND person_id = ? ORDER BY version DESC LIMIT 1`, tx.Scope.Firm, tx.Scope.Actor)
	return m, err
}

func wordOf(tx *db.Tx, t Text, query string, args ...any) (w Word, err error) {
	err = tx.Raw(query, args...).Row().Scan(&w.Version, &w.At)
	if errors.Is(err, sql.ErrNoRows) {
		return Word{}, nil
	}
	if err != nil {
		return w, fmt.Errorf("read the word of person %s: %w", tx.Scope.Actor, err)
	}
	w.Current = w.Version == t.Version
	return w, nil
}

// firmsOf are the firms that let the person of tx in, now or later, with from when they
// wait there.
func firmsOf(tx *db.Tx) (map[ident.FirmID]*time.Time, error) {
	var rows []struct {
		FirmID    ident.FirmID
		WaitsFrom *time.Time
	}
	err := tx.Raw(`SELECT f.firm_id, w.waits_from FROM (SELECT firm_id FROM auth.person_firms(?::uuid, ?) UNION SELECT firm_id FROM auth.person_waiting(?::uuid, ?)) f
		LEFT JOIN auth.person_waiting(?::uuid, ?) w USING (firm_id) WHERE f.firm_id <> ?`,
		tx.Scope.Actor, tx.Now, tx.Scope.Actor, tx.Now, tx.Scope.Actor, tx.Now, tx.Scope.Firm).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list firms of person %s: %w", tx.Scope.Actor, err)
	}
	firms := map[ident.FirmID]*time.Time{}
	for _, r := range rows {
		firms[r.FirmID] = r.WaitsFrom
	}
	return firms, nil
}

func ids(firms map[ident.FirmID]*time.Time) []ident.FirmID {
	return slices.Sorted(maps.Keys(firms))
}

func owedIn(tx *db.Tx) (firms int, err error) {
	err = tx.Raw(`SELECT count(*) FROM auth.person_waiting(?::uuid, ?) WHERE begun AND waits_from <= ?`, tx.Scope.Actor, tx.Now, tx.Now).Row().Scan(&firms)
	if err != nil {
		return 0, fmt.Errorf("count firms where person %s waits: %w", tx.Scope.Actor, err)
	}
	return firms, nil
}

func waitingIn(tx *db.Tx) (firms []ident.FirmID, err error) {
	if err := tx.Raw(`SELECT firm_id FROM auth.person_waiting(?::uuid, ?)`, tx.Scope.Actor, tx.Now).Scan(&firms).Error; err != nil {
		return nil, fmt.Errorf("list firms where person %s waits: %w", tx.Scope.Actor, err)
	}
	return firms, nil
}

func activeFirms(tx *db.Tx) (all []ident.FirmID, err error) {
	const size = 1000
	for after := (*string)(nil); ; {
		var firms []ident.FirmID
		if err := tx.Raw(`SELECT id FROM auth.active_firms(?::uuid, ?) AS f(id)`, after, size).Scan(&firms).Error; err != nil {
			return nil, fmt.Errorf("list firms: %w", err)
		}
		all = append(all, firms...)
		if len(firms) < size {
			return all, nil
		}
		last := string(firms[len(firms)-1])
		after = &last
	}
}
