package receipt_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// house is one firm with a matter, a cost without a paper, and its people.
type house struct {
	testkit.F
	m                   testkit.M
	cost                testkit.E
	svc                 *receipt.Service
	prebills            *prebill.Service
	specialist, partner context.Context
}

func setup(t *testing.T, opts ...testkit.MatterOption) *house {
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
	h := &house{F: testkit.Firm(t, d), prebills: prebill.New(d, guard)}
	h.svc = receipt.New(d, guard, blob.New(d, blob.NewMemory(d.Clock()), blob.NewKeys(master)), h.prebills)
	h.m = h.Matter(t, opts...)
	h.cost = h.Cost(t, h.m, "2026-02-11", "E115", 10_000, 4_000_000, testkit.WithoutReceipt())
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

func (h *house) attach(t *testing.T, shade uint8) receipt.Receipt {
	t.Helper()
	r, err := h.svc.Attach(h.specialist, h.cost.ID, receipt.Upload{Name: "slip.png", Data: scan(t, shade)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
