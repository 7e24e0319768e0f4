package testkit

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/google/uuid"

	"github.com/docketry/docketry/rbac"
)

// Guide puts guidelines of a matter in force: what they say is JSON, as `"budget":"900"`.
func (f F) Guide(t testing.TB, m M, says string) {
	t.Helper()
	body := `{"name":"Policy",` + says + `}`
	by, hash := Actor(f.As(t, rbac.RoleFirmAdmin)), sha256.Sum256([]byte(string(m.ID)+body))
	f.Exec(t, `INSERT INTO guide (firm_id, id, matter_id, number, from_on, body, hash, status, created_by, created_at, signed_by, signed_at)
		SELECT ?, ?, ?, count(*) + 1, '2026-01-01', ?::jsonb, ?, 'signed', ?, ?, ?, ? FROM guide WHERE firm_id = ? AND matter_id = ?`,
		f.ID, uuid.NewString(), m.ID, body, hex.EncodeToString(hash[:]), by, Now, by, Now, f.ID, m.ID)
}
