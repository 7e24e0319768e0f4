package people

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// The session values that the store keeps in columns as well, so that sessions can
// be listed and ended by person.
const (
	KeySession  = "session"   // ident.SessionID as text
	KeyPerson   = "person"    // ident.PersonID as text
	KeyFirm     = "firm"      // the firm a firm's own user works in, as text
	KeyFactorAt = "factor_at" // time.Time a factor was last shown
	KeyDevice   = "device"
	KeyNetwork  = "network"
	KeyVia      = "via" // the firm through whose provider the session began, as text
)

// seenEvery is how exactly the last use of a session is kept; a write for each
// request would tell no one more.
const seenEvery = time.Minute

// SessionStore is scs's store over table session. It ends a session after IdleTime
// without use, at its deadline, when its row is ended, and with its person. The
// manager must hash tokens (HashTokenInStore) and leave idle time to the store.
type SessionStore struct {
	db     *db.DB
	bureau *bureau.Home
}

// NewSessionStore returns the store over d.
func NewSessionStore(d *db.DB) *SessionStore {
	return &SessionStore{d, bureau.New(d)}
}

var _ scs.CtxStore = (*SessionStore)(nil)

// SessionCodec writes a session's values, which are texts and moments, as JSON: read with
// every request, they take a tenth of what scs's own codec takes to learn types anew.
type SessionCodec struct{}

var _ scs.Codec = SessionCodec{}

type sessionData struct {
	Deadline time.Time            `json:"deadline"`
	Texts    map[string]string    `json:"texts,omitempty"`
	Moments  map[string]time.Time `json:"moments,omitempty"`
}

// Encode refuses a value that is neither text nor moment.
func (SessionCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	d := sessionData{deadline, make(map[string]string, len(values)), map[string]time.Time{}}
	for key, value := range values {
		switch v := value.(type) {
		case string:
			d.Texts[key] = v
		case time.Time:
			d.Moments[key] = v
		default:
			return nil, fmt.Errorf("a session keeps texts and moments, %s is a %T", key, value)
		}
	}
	return json.Marshal(d)
}

// Decode is the way back.
func (SessionCodec) Decode(b []byte) (deadline time.Time, values map[string]any, err error) {
	var d sessionData
	if err := json.Unmarshal(b, &d); err != nil {
		return deadline, nil, err
	}
	values = make(map[string]any, len(d.Texts)+len(d.Moments))
	for key, v := range d.Texts {
		values[key] = v
	}
	for key, v := range d.Moments {
		values[key] = v
	}
	return d.Deadline, values, nil
}

// FindCtx returns a live session's data and notes its use. Each request begins with it.
func (s *SessionStore) FindCtx(ctx context.Context, token string) (b []byte, found bool, err error) {
	var seen time.Time
	now := s.db.Clock().Now()
	// What an earlier version kept in another form is no session any more: its person signs
	// in again, where an error would meet them on every page.
	err = s.db.One(ctx, `SELECT data, seen_at FROM session s WHERE token_hash = $1 AND ended_at IS NULL AND expires_at > $2 AND seen_at > $3 AND substring(data FROM 1 FOR 1) = '{'::bytea
			AND (person_id IS NULL OR EXISTS (SELECT FROM person p WHERE p.id = s.person_id AND p.status = 'active'))`,
		[]any{token, now, now.Add(-IdleTime)}, []any{&b, &seen})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find session: %w", err)
	}
	if now.Sub(seen) < seenEvery {
		return b, true, nil
	}
	err = s.bureau.AsMachine(ctx, func(tx *db.Tx) error {
		return tx.Exec(`UPDATE session SET seen_at = ? WHERE token_hash = ? AND seen_at < ?`, tx.Now, token, tx.Now).Error
	})
	if err != nil {
		return nil, false, fmt.Errorf("note the use of a session: %w", err)
	}
	return b, true, nil
}

// Lives tells whether a session has neither ended nor run out nor lost its person. It
// notes no use: what only watches does not keep a session alive.
func (s *SessionStore) Lives(ctx context.Context, id ident.SessionID) (lives bool, err error) {
	err = s.bureau.AsMachine(ctx, func(tx *db.Tx) error {
		return tx.Raw(`SELECT EXISTS (SELECT FROM session s JOIN person p ON p.id = s.person_id AND p.status = 'active'
			WHERE s.id = nullif(?, '')::uuid AND s.ended_at IS NULL AND s.expires_at > ? AND s.seen_at > ?)`,
			string(id), tx.Now, tx.Now.Add(-IdleTime)).Row().Scan(&lives)
	})
	if err != nil {
		return false, fmt.Errorf("look whether session %s lives: %w", id, err)
	}
	return lives, nil
}

// CommitCtx writes a session under its hashed token. A session that was ended
// meanwhile stays ended.
func (s *SessionStore) CommitCtx(ctx context.Context, token string, b []byte, _ time.Time) error {
	deadline, values, err := SessionCodec{}.Decode(b)
	if err != nil {
		return fmt.Errorf("read session data: %w", err)
	}
	return s.bureau.AsMachine(ctx, func(tx *db.Tx) error {
		id := text(values, KeySession)
		if id == nil {
			fresh := string(ident.New[ident.SessionID](tx.Now)) // nobody has signed in yet
			id = &fresh
		}
		err := tx.Exec(`INSERT INTO session (id, token_hash, person_id, firm_id_now, via_firm_id, data, device, network, created_at, seen_at, expires_at, factor_at)
			VALUES (?, ?, ?::uuid, ?::uuid, ?::uuid, ?, coalesce(?, ''), coalesce(?, ''), ?, ?, ?, ?)
			ON CONFLICT (token_hash) DO UPDATE SET data = excluded.data, firm_id_now = excluded.firm_id_now, seen_at = excluded.seen_at,
				factor_at = excluded.factor_at, expires_at = excluded.expires_at WHERE session.ended_at IS NULL`,
			*id, token, text(values, KeyPerson), text(values, KeyFirm), text(values, KeyVia), b, text(values, KeyDevice), text(values, KeyNetwork),
			tx.Now, tx.Now, deadline, moment(values, KeyFactorAt)).Error
		if err != nil {
			return fmt.Errorf("save session: %w", err)
		}
		return nil
	})
}

// DeleteCtx ends a session. A person's stays as a row for the list of past ones;
// one that nobody signed in to goes.
func (s *SessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.bureau.AsMachine(ctx, func(tx *db.Tx) error {
		err := tx.Exec(`UPDATE session SET ended_at = ?, data = '' WHERE token_hash = ? AND ended_at IS NULL`, tx.Now, token).Error
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		return nil
	})
}

// Find, Commit and Delete are scs's older forms, which it does not call here.
func (s *SessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx.
func (s *SessionStore) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

// Delete is DeleteCtx.
func (s *SessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// text is a value of a session, nil when it is missing or empty.
func text(values map[string]any, key string) *string {
	v, ok := values[key].(string)
	if !ok || v == "" {
		return nil
	}
	return &v
}

func moment(values map[string]any, key string) *time.Time {
	v, ok := values[key].(time.Time)
	if !ok {
		return nil
	}
	return &v
}
