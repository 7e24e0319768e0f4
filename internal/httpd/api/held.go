package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

// HeldFees are the fees of a matter that bills hold back, and what became of them.
type HeldFees struct {
	Matter   ident.MatterID `json:"matter_id" class:"C1"`
	Held     *Money         `json:"held,omitempty" class:"C2" doc:"by invoices that are not credited"`
	Released *Money         `json:"released,omitempty" class:"C2"`
	Billed   *Money         `json:"billed,omitempty" class:"C2" doc:"of what was released"`
	Forgone  *Money         `json:"forgone,omitempty" class:"C2"`
	Left     *Money         `json:"left,omitempty" class:"C2" doc:"neither released nor forgone"`
	Bills    []HeldFee      `json:"bills" class:"C1" doc:"that hold back"`
	On       []HeldFee      `json:"released_on" class:"C1" doc:"bills of what was released"`
	Acts     []HeldDecision `json:"decisions" class:"C1"`
}

// HeldFee is what one bill holds back, or bills of what was released.
type HeldFee struct {
	Prebill   ident.PrebillID `json:"prebill_id" class:"C1"`
	Invoice   string          `json:"invoice_number,omitempty" class:"C2"`
	Condition string          `json:"until,omitempty" class:"C2"`
	Amount    *Money          `json:"amount,omitempty" class:"C2"`
	Counts    bool            `json:"counts" class:"C1" doc:"invoiced; what is not may still change"`
}

// HeldDecision is one decision about them.
type HeldDecision struct {
	ID     ident.HeldActID  `json:"id" class:"C1"`
	Kind   prebill.HeldKind `json:"kind" class:"C1" enum:"release,forgo"`
	Amount *Money           `json:"amount,omitempty" class:"C2" doc:"below zero: taken back, as the invoice that held it back was credited"`
	Reason string           `json:"reason,omitempty" class:"C2"`
	By     string           `json:"by" class:"C1"`
	At     time.Time        `json:"at" class:"C1"`
}

func toHeldFees(h prebill.Held) HeldFees {
	c := h.Currency
	out := HeldFees{Matter: h.Matter, Held: amount(h.HeldMinor, c), Released: amount(h.ReleasedMinor, c), Billed: amount(h.BilledMinor, c), Forgone: amount(h.ForgoneMinor, c), Left: amount(h.LeftMinor, c),
		Bills: make([]HeldFee, len(h.Bills)), On: make([]HeldFee, len(h.Released)), Acts: make([]HeldDecision, len(h.Acts))}
	for i, b := range h.Bills {
		out.Bills[i] = HeldFee{b.Prebill, b.Invoice, b.Condition, amount(b.Minor, c), b.Counts}
	}
	for i, b := range h.Released {
		out.On[i] = HeldFee{b.Prebill, b.Invoice, b.Condition, amount(b.Minor, c), b.Counts}
	}
	for i, a := range h.Acts {
		out.Acts[i] = HeldDecision{a.ID, a.Kind, amount(a.Minor, c), a.Reason, a.By, a.At.UTC()}
	}
	return out
}

// heldRoutes mounts fees held back until an outcome.
func heldRoutes(s *httpd.Server, v prebills) {
	const path = "/firms/{firm}/matters/{id}/held"
	httpd.API(s, httpd.Op{Method: "GET", Path: path, Needs: rbac.ArrangementRead, Summary: "Fees of a matter that are held back until an outcome, and what became of them"},
		func(ctx context.Context, in *ByID) (*One[HeldFees], error) {
			id, err := idOf[ident.MatterID](in.ID)
			if err != nil {
				return nil, err
			}
			h, err := v.Held(ctx, id)
			return one(toHeldFees(h), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: path, Needs: rbac.ArrangementEdit, Summary: "Release fees held back to the next bill, or forgo them", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Kind   prebill.HeldKind `json:"kind" enum:"release,forgo"`
				Amount int64            `json:"amount_minor,omitempty" doc:"missing: all that is left"`
				Reason string           `json:"reason"`
			}
		}) (*One[HeldFees], error) {
			id, err := idOf[ident.MatterID](in.ID)
			if err != nil {
				return nil, err
			}
			h, err := v.DecideHeld(ctx, id, prebill.HeldOrder{Kind: in.Body.Kind, Minor: in.Body.Amount, Reason: in.Body.Reason})
			return one(toHeldFees(h), err)
		})
}
