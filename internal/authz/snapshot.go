package authz

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// facts are what is known of one person in one firm at one authz_version: grants and
// walls that have not been ended, whatever their window. They never change, but for
// the day of use, which decides nothing. Whether the person is active and the session
// open is not among them: that is read with every transaction.
type facts struct {
	version int64
	grants  []Grant
	first   [1]Grant // where grants lies for nearly everybody: one look into memory less
	walls   []windowedWall
}

func (f *facts) add(g Grant, lastUsed string) {
	if f.grants == nil {
		f.grants = f.first[:0]
	}
	g.used = new(atomic.Pointer[string])
	g.used.Store(&lastUsed)
	f.grants = append(f.grants, g)
}

type windowedWall struct {
	wall
	window
}

type window struct {
	From  time.Time
	Until *time.Time
}

func (w window) holds(at time.Time) bool {
	return !at.Before(w.From) && (w.Until == nil || at.Before(*w.Until))
}

// live are the grants that hold at an instant. They are the facts' own where all do,
// as nearly always: nobody may change them.
func (f *facts) live(at time.Time) []Grant {
	ends := func(g *Grant) bool { return !window{g.from, g.UntilAt}.holds(at) || g.waits(at) }
	for i := range f.grants {
		if ends(&f.grants[i]) {
			return slices.DeleteFunc(slices.Clone(f.grants), func(g Grant) bool { return ends(&g) })
		}
	}
	return f.grants
}

func (f *facts) standing(at time.Time) []wall {
	var standing []wall
	for i := range f.walls {
		if f.walls[i].holds(at) {
			standing = append(standing, f.walls[i].wall)
		}
	}
	return standing
}

// snapshot keeps facts per firm and person (PLATFORM 3). What a transaction may use is
// decided by the version that it read itself, so nothing has to be told to other
// processes and nothing can be stale. It grows to one entry for each person and firm
// that meet in this process, some 300 bytes.
type snapshot struct {
	kept  sync.Map // holder to *facts
	lists sync.Map // lister to list
}

// lister is one person's list of one kind: over all their firms, or over the one named.
type lister struct {
	person ident.PersonID
	p      rbac.Permission
	named  ident.FirmID
}

// list is a list as it last was: the firms it went over, of those in which the person
// held grants, each at a version.
type list struct {
	firms []ident.FirmID
	of    []db.FirmVersion
}

// listed is the last list, empty when there was none. Whoever begins with its firms
// decides anew which they are.
func (s *snapshot) listed(l lister) list {
	if kept, ok := s.lists.Load(l); ok {
		return kept.(list)
	}
	return list{}
}

func (s *snapshot) list(l lister, now list) {
	if was := s.listed(l); !slices.Equal(was.firms, now.firms) || !slices.Equal(was.of, now.of) {
		s.lists.Store(l, now)
	}
}

type holder struct {
	firm   ident.FirmID
	person ident.PersonID
}

// at is what is known at a version, nil when that is nothing or something else.
func (s *snapshot) at(h holder, version int64) *facts {
	kept, ok := s.kept.Load(h)
	if !ok {
		return nil
	}
	if f := kept.(*facts); f.version == version {
		return f
	}
	return nil
}

// keep never puts older facts in the place of newer ones.
func (s *snapshot) keep(h holder, f *facts) {
	for {
		old, loaded := s.kept.LoadOrStore(h, f)
		if !loaded || old.(*facts).version >= f.version || s.kept.CompareAndSwap(h, old, f) {
			return
		}
	}
}

// known are the facts of the actor of tx, or nil when tx has no stamp and rows must
// be asked. A person who is disabled or whose session has ended has none.
func (g *Guard) known(tx *db.Tx, who ident.PersonID) (*facts, error) {
	stamp, ok := tx.Stamp()
	if !ok || who != tx.Scope.Actor {
		return nil, nil //nolint:nilnil // no stamp is an answer, not a failure
	}
	if !stamp.Active || !stamp.Open {
		return &facts{}, nil
	}
	h := holder{tx.Scope.Firm, who}
	if f := g.snapshot.at(h, stamp.Version); f != nil {
		return f, nil
	}
	read, clean, err := readFacts(tx, who, tx.Scope.Firm)
	if err != nil {
		return nil, err
	}
	f := read[tx.Scope.Firm]
	if f == nil {
		return nil, fmt.Errorf("read rights of person %s: the firm is not there", who)
	}
	if clean {
		g.snapshot.keep(h, f)
	}
	return f, nil
}

// readFacts reads grants, walls and their version of each firm in one statement, so that
// they fit together. clean is false when the transaction has written: what it read may be
// its own and may never come to be.
func readFacts(tx *db.Tx, who ident.PersonID, firms ...ident.FirmID) (all map[ident.FirmID]*facts, clean bool, err error) {
	var rows []struct {
		FirmID  ident.FirmID
		Version int64
		Clean   bool
		Grants  json.RawMessage
		Walls   json.RawMessage
	}
	err = tx.Raw(`SELECT f.firm_id, f.authz_version AS version, pg_current_xact_id_if_assigned() IS NULL AS clean,
		(SELECT coalesce(json_agg(json_build_object('id', g.id, 'role', g.role, 'scope', g.scope_kind, 'ids', g.scope_ids, 'practices', g.practice_groups,
			'class', g.class, 'label', g.label, 'from', g.from_at, 'until', g.until_at, 'waits', g.waits_from, 'used', g.last_used_on, 'own', r.permissions) ORDER BY g.id), '[]')
			FROM access_grant g LEFT JOIN custom_role r ON r.firm_id = g.firm_id AND r.id = g.role_id WHERE g.firm_id = f.firm_id AND g.person_id = ? AND g.ended_at IS NULL) AS grants,
		(SELECT coalesce(json_agg(json_build_object('clients', w.client_ids, 'matters', w.matter_ids, 'from', w.from_at, 'until', w.until_at) ORDER BY w.id), '[]')
			FROM wall w WHERE w.firm_id = f.firm_id AND w.person_id = ? AND w.ended_at IS NULL) AS walls
		FROM firm f WHERE f.firm_id = ANY (?::uuid[])`, who, who, db.Array(firms)).Scan(&rows).Error
	if err != nil {
		return nil, false, fmt.Errorf("read rights of person %s: %w", who, err)
	}
	all, clean = make(map[ident.FirmID]*facts, len(rows)), true
	for _, r := range rows {
		f := &facts{version: r.Version}
		if err := f.decode(r.Grants, r.Walls); err != nil {
			return nil, false, fmt.Errorf("read rights of person %s: %w", who, err)
		}
		all[r.FirmID], clean = f, clean && r.Clean
	}
	return all, clean, nil
}

func (f *facts) decode(grants, walls json.RawMessage) error {
	var gs []struct {
		ID             ident.GrantID
		Role           rbac.Role
		Scope          ScopeKind
		IDs, Practices []string
		Class          Class
		Label          Label
		From           time.Time
		Until          *time.Time
		Waits          *time.Time
		Used           string
		Own            []string
	}
	var ws []struct {
		Clients, Matters []string
		From             time.Time
		Until            *time.Time
	}
	if err := json.Unmarshal(grants, &gs); err != nil {
		return err
	}
	if err := json.Unmarshal(walls, &ws); err != nil {
		return err
	}
	for _, r := range gs {
		f.add(Grant{ID: r.ID, Role: r.Role, Scope: r.Scope, IDs: r.IDs, Practices: r.Practices, Class: r.Class, Label: r.Label, UntilAt: r.Until, own: r.Own, from: r.From, waitsFrom: r.Waits}, r.Used)
	}
	for _, r := range ws {
		f.walls = append(f.walls, windowedWall{wall{r.Clients, r.Matters}, window{r.From, r.Until}})
	}
	return nil
}
