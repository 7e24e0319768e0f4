package audit

import (
	"context"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// Meter is told of privileged texts that a person is about to be shown, in the
// transaction of the look. Its error keeps them from being shown.
type Meter interface {
	Showing(tx *db.Tx, m ident.MatterID, texts int) error
}

type meterKey struct{}

// Metered lets what runs with the returned context count the privileged texts it
// shows with m (SECURITY 7).
func Metered(ctx context.Context, m Meter) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

// Showing counts texts of class C3 that the actor of tx is about to be shown: narratives,
// messages, findings that quote them. m is their matter, "" where they have none or
// many. Beside the look's leaf every service that shows such texts calls it, save for
// the pre-bill whose approval waits for the reader. Without a meter, as in a job, it
// counts nothing.
func Showing(tx *db.Tx, m ident.MatterID, texts int) error {
	meter, ok := tx.Context().Value(meterKey{}).(Meter)
	if !ok || texts == 0 || tx.Scope.Actor == "" {
		return nil
	}
	return meter.Showing(tx, m, texts)
}
