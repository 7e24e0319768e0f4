package contingent_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const shares = `"contingency":{"shares":[{"stage":"settlement","share":333333},{"stage":"trial","share":400000}],"net_of_costs":true}`

// house is one firm with a matter under a contingent fee, and its people.
type house struct {
	testkit.F
	m                   testkit.M
	of                  ident.ArrangementID
	svc                 *contingent.Service
	prebills            *prebill.Service
	specialist, partner context.Context
}

func setup(t *testing.T) *house {
	t.Helper()
	d := testkit.DB(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	master, err := seal.NewMaster(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	guard := authz.NewGuard(d, policy)
	blobs := blob.New(d, blob.NewMemory(d.Clock()), blob.NewKeys(master))
	h := &house{F: testkit.Firm(t, d), prebills: prebill.New(d, guard)}
	receipts := receipt.New(d, guard, blobs, h.prebills)
	h.svc = contingent.New(contingent.Parts{DB: d, Guard: guard, Blobs: blobs, Agreed: arrangement.New(d, guard), Inspect: receipts.Inspect})
	h.m = h.Matter(t)
	h.of = h.Arrange(t, h.m, "2026-01-01", `"kind":"contingency",`+shares)
	h.specialist, h.partner = h.As(t, rbac.RoleSpecialist), h.As(t, rbac.RolePartner)
	return h
}

// scan is a small picture, another for each shade.
func scan(t *testing.T, shade uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	img.SetGray(3, 3, color.Gray{Y: shade})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// won is a settlement of 10,000.00.
func won() contingent.Facts {
	return contingent.Facts{Stage: arrangement.StageSettlement, Minor: 1_000_000, ReceivedOn: testkit.Day("2026-02-20"), Source: "The defendant's insurer, by wire"}
}

func (h *house) record(t *testing.T) contingent.Recovery {
	t.Helper()
	r, err := h.svc.Record(h.specialist, h.m.ID, won())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// leaves counts audit leaves of an action.
func (h *house) leaves(t *testing.T, action string) int64 {
	t.Helper()
	return h.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ?`, h.ID, action)
}
