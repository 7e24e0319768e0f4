package main

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/jobs"
)

// keyUse is what one key of one kind is needed for.
type keyUse struct {
	Kind  string `json:"kind"`
	ID    string `json:"id"`    // "" for what no configured key explains
	State string `json:"state"` // "present", "former", "missing": in use and not configured; "unlooked": not given to this command
	Count int64  `json:"count"` // what rests on it: connections, jobs, data keys, letters
	OK    bool   `json:"ok"`
	Says  string `json:"says"`
}

// settled tells that nothing needs a key other than the present ones, and no other is configured.
func settled(uses []keyUse) bool {
	for _, u := range uses {
		if !u.OK {
			return false
		}
	}
	return true
}

// keyUses looks at every kind of key that the environment gives.
func keyUses(ctx context.Context) (all []keyUse, err error) {
	err = withKeys(ctx, func(c config.Config, d *db.DB, m *seal.Master) error {
		masters, err := blob.Uses(ctx, d, m)
		if err != nil {
			return err
		}
		for _, u := range masters {
			all = append(all, keyUse{"master", u.MasterID, u.State, u.Keys, u.State == "present", sentence(u)})
		}
		for _, look := range []func(context.Context, config.Config, *db.DB) ([]keyUse, error){scopeUses, payloadUses, sessionUses} {
			uses, err := look(ctx, c, d)
			if err != nil {
				return err
			}
			all = append(all, uses...)
		}
		return nil
	})
	return all, err
}

func sentence(u blob.Use) string {
	wraps := fmt.Sprintf("master key %s wraps %d data keys of %d firms: ", u.MasterID, u.Keys, u.Firms)
	switch u.State {
	case "present":
		return wraps + "the present key"
	case "former":
		return wraps + "still needed; use it as the former key until `docketry admin keys rewrap` has run"
	default:
		return wraps + "it is not configured, so these firms' documents cannot be read; set it as DOCKETRY_MASTER_KEY_FORMER"
	}
}

func scopeUses(ctx context.Context, c config.Config, _ *db.DB) ([]keyUse, error) {
	held, err := migratorOf(c).ScopeKeys(ctx)
	if err != nil {
		return nil, err
	}
	var all []keyUse
	var former string
	if len(c.Keys.FormerScope) > 0 {
		former = db.KeyID(c.Keys.FormerScope)
	}
	installed := map[string]bool{}
	for _, k := range held {
		installed[k.ID] = true
		u := keyUse{Kind: "scope", ID: k.ID, State: "missing", Count: int64(k.Connections)}
		says := fmt.Sprintf("scope key %s seals %d open connections: ", k.ID, k.Connections)
		switch k.ID {
		case db.KeyID(c.Keys.Scope):
			u.State, u.OK, u.Says = "present", true, says+"the present key"
		case former:
			u.State, u.Says = "former", says+"the former key; at 0, once every program has the present one, take DOCKETRY_SCOPE_KEY_FORMER away and run `docketry admin keys retire`"
		default:
			u.Says = says + "the database accepts it, and it is not configured; at 0 run `docketry admin keys retire`"
		}
		all = append(all, u)
	}
	if former != "" && !installed[former] {
		all = append(all, keyUse{Kind: "scope", ID: former, State: "former", Says: "scope key " + former + " is configured as DOCKETRY_SCOPE_KEY_FORMER and not installed: run `docketry admin keys install` before any program starts with it"})
	}
	return all, nil
}

func unlooked(kind, variables string) []keyUse {
	return []keyUse{{Kind: kind, State: "unlooked", OK: true, Says: kind + " key: not looked at; set " + variables + " for this command too"}}
}

func payloadUses(ctx context.Context, c config.Config, _ *db.DB) ([]keyUse, error) {
	if len(c.Keys.Payload) == 0 || c.RedisURL == "" {
		return unlooked("payload", "DOCKETRY_PAYLOAD_KEY and DOCKETRY_REDIS_URL"), nil
	}
	keys := seal.Live(c.Keys.Payload, c.Keys.FormerPayload)
	counts, err := jobs.Sealed(ctx, c.RedisURL, keys...)
	if err != nil {
		return nil, err
	}
	id := seal.KeyID("payload", keys[0])
	all := []keyUse{{"payload", id, "present", int64(counts[0]), true, fmt.Sprintf("payload key %s seals %d jobs in Redis: the present key", id, counts[0])}}
	if len(keys) > 1 {
		id = seal.KeyID("payload", keys[1])
		all = append(all, keyUse{"payload", id, "former", int64(counts[1]), false, fmt.Sprintf("payload key %s seals %d jobs in Redis: the former key; at 0, once every program has the present one, take DOCKETRY_PAYLOAD_KEY_FORMER away", id, counts[1])})
	}
	if n := counts[len(keys)]; n > 0 {
		all = append(all, keyUse{"payload", "", "missing", int64(n), false, fmt.Sprintf("%d jobs in Redis are sealed with no configured payload key: they are refused and go out again; if a key was replaced, set it as DOCKETRY_PAYLOAD_KEY_FORMER", n)})
	}
	return all, nil
}

func sessionUses(ctx context.Context, c config.Config, d *db.DB) ([]keyUse, error) {
	if len(c.Keys.Session) == 0 {
		return unlooked("session", "DOCKETRY_SESSION_KEY"), nil
	}
	id := seal.KeyID("session", c.Keys.Session)
	all := []keyUse{{Kind: "session", ID: id, State: "present", OK: true, Says: "session key " + id + ": the present key"}}
	if len(c.Keys.FormerSession) == 0 {
		return all, nil
	}
	var letters, codes int64
	err := d.AsOwner(ctx, "keys", func(tx *db.Tx) error {
		return tx.Raw(`SELECT (SELECT count(*) FROM outbox WHERE kind = 'person.link' AND state IN ('pending', 'running')),
			(SELECT count(*) FROM payor_code WHERE used_at IS NULL AND expires_at > ?)`, tx.Now).Row().Scan(&letters, &codes)
	})
	if err != nil {
		return nil, fmt.Errorf("count what waits under a session key: %w", err)
	}
	id = seal.KeyID("session", c.Keys.FormerSession)
	return append(all, keyUse{"session", id, "former", letters + codes, false, fmt.Sprintf("session key %s: the former key; %d letters with a one-time link are still to be sent and %d payors' codes are open. "+
		"At 0, take DOCKETRY_SESSION_KEY_FORMER away; payors' links that were mailed under it end then, so keep it as long as those are to serve", id, letters, codes)}), nil
}
