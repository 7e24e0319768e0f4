package testkit

import (
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Sign keeps a signed writing of an arrangement's version, of 5 January 2026. Its file is
// none: a firm's blobs want its keys.
func (f F) Sign(t testing.TB, of ident.ArrangementID) {
	t.Helper()
	now := f.d.Clock().Now()
	id := ident.New[ident.WritingID](now)
	AdminExecIn(t, f.Text(t, `SELECT current_database()`), `WITH alone AS (SELECT set_config('session_replication_role', 'replica', false))
		INSERT INTO arrangement_writing (firm_id, id, arrangement_id, signed_on, name, media, size, sha256, blob_id, added_by, added_at)
		SELECT $1::uuid, $2::uuid, $3::uuid, date '2026-01-05', 'agreement.pdf', 'application/pdf', 1, repeat('0', 64), $2::uuid, $4::uuid, $5::timestamptz FROM alone`,
		f.ID, id, of, Actor(f.As(t, rbac.RolePartner)), now)
}

// Contingent agrees a contingent fee of a matter from 1 January 2026 and keeps its signed
// writing; terms as JSON beside the currency.
func (f F) Contingent(t testing.TB, m M, terms string) ident.ArrangementID {
	t.Helper()
	of := f.Arrange(t, m, "2026-01-01", `"kind":"contingency",`+terms)
	f.Sign(t, of)
	return of
}

// Recovered records money that came in on a matter, confirmed by a second person.
func (f F) Recovered(t testing.TB, m M, currency, stage, day string, minor int64) ident.RecoveryID {
	t.Helper()
	id := ident.New[ident.RecoveryID](f.d.Clock().Now())
	f.Exec(t, `INSERT INTO recovery (firm_id, id, matter_id, number, currency) SELECT ?, ?, ?, count(*) + 1, ? FROM recovery WHERE firm_id = ? AND matter_id = ?`, f.ID, id, m.ID, currency, f.ID, m.ID)
	f.Exec(t, `INSERT INTO recovery_version (firm_id, recovery_id, version, stage, amount_minor, received_on, source, recorded_by, recorded_at) VALUES (?, ?, 1, ?, ?, ?::date, 'The defendant''s insurer, by wire', ?, ?)`,
		f.ID, id, stage, minor, day, Actor(f.As(t, rbac.RoleSpecialist)), Now)
	f.Exec(t, `UPDATE recovery_version SET confirmed_by = ?, confirmed_at = ? WHERE firm_id = ? AND recovery_id = ?`, Actor(f.As(t, rbac.RolePartner)), Now, f.ID, id)
	return id
}
