package testkit

import (
	"testing"

	"github.com/google/uuid"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Arrange has a matter go by terms from a day on; they are JSON beside the currency, as
// `"kind":"no_charge"`.
func (f F) Arrange(t testing.TB, m M, from, terms string) ident.ArrangementID {
	t.Helper()
	return f.arrange(t, "matter_id", string(m.ID), from, terms)
}

// ArrangeClient is Arrange for a matter's client.
func (f F) ArrangeClient(t testing.TB, m M, from, terms string) ident.ArrangementID {
	t.Helper()
	return f.arrange(t, "client_id", string(m.Client), from, terms)
}

func (f F) arrange(t testing.TB, column, place, from, terms string) ident.ArrangementID {
	t.Helper()
	id := uuid.NewString()
	f.Exec(t, `INSERT INTO arrangement (firm_id, id, `+column+`, number, from_on, terms, agreed_by, agreed_at)
		SELECT ?, ?, ?, count(*) + 1, ?::date, ?::jsonb, ?, ? FROM arrangement WHERE firm_id = ? AND `+column+` = ?`,
		f.ID, id, place, from, `{"currency":"USD",`+terms+`}`, Actor(f.As(t, rbac.RolePartner)), Now, f.ID, place)
	return ident.ArrangementID(id)
}
