package people

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/ident"
)

// BeginShown writes the session of somebody who has shown a factor at an instant, under a
// token that nobody knows: for the demo's people, who act as a person would without a
// browser. End it with DeleteCtx under its id.
func (s *SessionStore) BeginShown(ctx context.Context, who ident.PersonID, at time.Time) (ident.SessionID, error) {
	id, until := ident.New[ident.SessionID](at), at.Add(time.Hour)
	b, err := SessionCodec{}.Encode(until, map[string]any{KeySession: string(id), KeyPerson: string(who), KeyFactorAt: at})
	if err != nil {
		return "", err
	}
	return id, s.CommitCtx(ctx, string(id), b, until)
}
