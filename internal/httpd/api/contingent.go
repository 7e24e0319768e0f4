package api

import (
	"context"
	"io"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/rbac"
)

type contingents interface {
	Of(ctx context.Context, id ident.MatterID) (matter.Matter, []contingent.Recovery, error)
	Get(ctx context.Context, id ident.RecoveryID) (contingent.Detail, error)
	Record(ctx context.Context, id ident.MatterID, n contingent.Facts) (contingent.Recovery, error)
	Correct(ctx context.Context, id ident.RecoveryID, version int, n contingent.Facts, reason string) (contingent.Recovery, error)
	Confirm(ctx context.Context, id ident.RecoveryID, version int) (contingent.Recovery, error)
	Withdraw(ctx context.Context, id ident.RecoveryID, version int, reason string) (contingent.Recovery, error)
	Writings(ctx context.Context, id ident.ArrangementID) ([]contingent.Writing, error)
	Sign(ctx context.Context, id ident.ArrangementID, signedOn time.Time, u receipt.Upload) (contingent.Writing, error)
	Fetch(ctx context.Context, id ident.ArrangementID) (contingent.WritingContent, error)
	TakeOff(ctx context.Context, id ident.ArrangementID, reason string) error
}

// MatterRecovery is money that came in on a matter.
type MatterRecovery struct {
	ID       ident.RecoveryID  `json:"id" class:"C1"`
	Matter   ident.MatterID    `json:"matter_id" class:"C1"`
	Number   int               `json:"number" class:"C1" doc:"of the matter"`
	State    contingent.State  `json:"state" class:"C1" enum:"recorded,confirmed,billed,withdrawn"`
	Version  int               `json:"version" class:"C1" doc:"the latest, which holds"`
	Prebill  ident.PrebillID   `json:"prebill_id,omitempty" class:"C1" doc:"the bill that has it"`
	Invoice  string            `json:"invoice_number,omitempty" class:"C2"`
	Versions []RecoveryVersion `json:"versions" class:"C1" doc:"what was recorded, the oldest first"`
}

// RecoveryVersion is what was recorded of a recovery at one time.
type RecoveryVersion struct {
	Version     int               `json:"version" class:"C1"`
	Stage       arrangement.Stage `json:"stage,omitempty" class:"C2" enum:"settlement,trial,appeal"`
	Amount      *Money            `json:"amount,omitempty" class:"C2" doc:"gross, before costs"`
	ReceivedOn  string            `json:"received_on,omitempty" class:"C2" format:"date"`
	Source      string            `json:"source,omitempty" class:"C2"`
	Reason      string            `json:"reason,omitempty" class:"C2" doc:"why it was corrected"`
	RecordedBy  string            `json:"recorded_by,omitempty" class:"C1"`
	RecordedAt  time.Time         `json:"recorded_at" class:"C1"`
	ConfirmedBy string            `json:"confirmed_by,omitempty" class:"C1"`
	ConfirmedAt *time.Time        `json:"confirmed_at,omitempty" class:"C1"`
	WithdrawnBy string            `json:"withdrawn_by,omitempty" class:"C1"`
	WithdrawnAt *time.Time        `json:"withdrawn_at,omitempty" class:"C1"`
	Withdrawn   string            `json:"withdrawn_reason,omitempty" class:"C2"`
}

// RecoveryDetail is a recovery with the costs of its matter and the statement that they would make.
type RecoveryDetail struct {
	Recovery MatterRecovery      `json:"recovery" class:"C1"`
	Costs    []ClosingCost       `json:"costs,omitempty" class:"C2" doc:"of the matter as they are now; what a bill counts stands in its statement"`
	Sum      *Money              `json:"costs_total,omitempty" class:"C2"`
	Expected *RecoveryPrediction `json:"expected,omitempty" class:"C2" doc:"by these costs and the share alone; missing where no share is agreed"`
}

// RecoveryPrediction is what a statement would come to.
type RecoveryPrediction struct {
	Fee    *Money `json:"fee,omitempty" class:"C2"`
	Client *Money `json:"client,omitempty" class:"C2" doc:"below zero where fee and costs are more than came in"`
}

// ClosingStatement is what becomes of a recovery: gross = fee + costs + client, always.
type ClosingStatement struct {
	Recovery   ident.RecoveryID  `json:"recovery_id" class:"C1"`
	Version    int               `json:"recovery_version" class:"C1"`
	Stage      arrangement.Stage `json:"stage,omitempty" class:"C2"`
	ReceivedOn string            `json:"received_on,omitempty" class:"C2" format:"date"`
	Source     string            `json:"source,omitempty" class:"C2"`
	SignedOn   string            `json:"signed_on,omitempty" class:"C2" format:"date" doc:"the agreement"`
	Share      string            `json:"share,omitempty" class:"C2" doc:"a fraction"`
	NetOfCosts bool              `json:"net_of_costs" class:"C1"`
	Gross      *Money            `json:"gross,omitempty" class:"C2"`
	Base       *Money            `json:"base,omitempty" class:"C2" doc:"what the share is of"`
	Agreed     *Money            `json:"agreed,omitempty" class:"C2" doc:"the share, before discounts and other terms"`
	Fee        *Money            `json:"fee,omitempty" class:"C2"`
	Held       *Money            `json:"held_back,omitempty" class:"C2" doc:"of the fee"`
	Costs      *Money            `json:"costs,omitempty" class:"C2"`
	Client     *Money            `json:"client,omitempty" class:"C2" doc:"below zero where fee and costs are more than came in"`
	Behind     []ClosingCost     `json:"costs_list,omitempty" class:"C2" doc:"each cost once; the bill with the statement charges those without another bill"`
}

// ClosingCost is one cost behind a figure.
type ClosingCost struct {
	Entry   ident.EntryID   `json:"entry_id" class:"C1"`
	On      string          `json:"on,omitempty" class:"C2" format:"date"`
	Code    string          `json:"expense_code,omitempty" class:"C2"`
	Amount  *Money          `json:"amount,omitempty" class:"C2"`
	Prebill ident.PrebillID `json:"prebill_id,omitempty" class:"C1" doc:"the earlier bill that charges it"`
	Invoice string          `json:"invoice_number,omitempty" class:"C2"`
}

func toClosing(c *prebill.Closing, in money.Currency) *ClosingStatement {
	if c == nil {
		return nil
	}
	out := &ClosingStatement{Recovery: c.Recovery, Version: c.Version, Stage: c.Stage, ReceivedOn: c.ReceivedOn, Source: c.Source, SignedOn: c.SignedOn, Share: c.Share.String(), NetOfCosts: c.NetOfCosts,
		Gross: amount(c.GrossMinor, in), Base: amount(c.BaseMinor, in), Agreed: amount(c.AgreedMinor, in), Fee: amount(c.FeeMinor, in), Costs: amount(c.CostsMinor, in), Client: amount(c.ClientMinor, in)}
	if c.HeldMinor > 0 {
		out.Held = amount(c.HeldMinor, in)
	}
	for _, x := range c.Costs {
		out.Behind = append(out.Behind, ClosingCost{x.Entry, x.On, x.Code, amount(x.Minor, in), x.Prebill, x.Invoice})
	}
	return out
}

func toMatterRecovery(r contingent.Recovery) MatterRecovery {
	out := MatterRecovery{ID: r.ID, Matter: r.Matter, Number: r.Number, State: r.State(), Version: r.Now().Version, Prebill: r.Prebill, Invoice: r.Invoice, Versions: make([]RecoveryVersion, len(r.Versions))}
	for i, v := range r.Versions {
		out.Versions[i] = RecoveryVersion{v.Version, v.Stage, amount(v.Minor, r.Currency), day(v.ReceivedOn), v.Source, v.Reason, v.RecordedByName, v.RecordedAt.UTC(), v.ConfirmedByName, utc(v.ConfirmedAt), v.WithdrawnByName, utc(v.WithdrawnAt), v.WithdrawnReason}
	}
	return out
}

func toRecoveryDetail(d contingent.Detail) RecoveryDetail {
	out := RecoveryDetail{Recovery: toMatterRecovery(d.Recovery), Sum: amount(d.CostsMinor, d.Currency)}
	for _, c := range d.Costs {
		out.Costs = append(out.Costs, ClosingCost{Entry: c.Entry, On: day(c.On), Code: c.Code, Amount: amount(c.Minor, d.Currency), Invoice: c.Invoice})
	}
	if x := d.Expected; x != nil {
		out.Expected = &RecoveryPrediction{amount(x.FeeMinor, d.Currency), amount(x.ClientMinor, d.Currency)}
	}
	return out
}

// recoveryBody is what is recorded of a recovery.
type recoveryBody struct {
	Stage      arrangement.Stage `json:"stage" enum:"settlement,trial,appeal"`
	Amount     int64             `json:"amount_minor" doc:"gross, in the matter's currency"`
	ReceivedOn string            `json:"received_on"`
	Source     string            `json:"source" maxLength:"200" doc:"from whom, and how"`
}

func (b recoveryBody) to() (n contingent.Facts, err error) {
	n = contingent.Facts{Stage: b.Stage, Minor: b.Amount, Source: b.Source}
	n.ReceivedOn, err = parseDay("received_on", b.ReceivedOn)
	return n, err
}

// Contingents mounts what a contingent fee needs beside its terms: recoveries and signed writings.
func Contingents(s *httpd.Server, v contingents) {
	const all, single = "/firms/{firm}/matters/{id}/recoveries", "/firms/{firm}/matter-recoveries/{id}"
	httpd.API(s, httpd.Op{Method: "GET", Path: all, Needs: rbac.RecoveryRead, Summary: "Money that came in on a matter, with all versions of what was recorded"},
		func(ctx context.Context, in *ByID) (*Many[MatterRecovery], error) {
			id, err := idOf[ident.MatterID](in.ID)
			if err != nil {
				return nil, err
			}
			_, list, err := v.Of(ctx, id)
			return many(list, err, toMatterRecovery)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: all, Needs: rbac.RecoveryRecord, Summary: "Record money that came in; a share of it is billed once somebody else of the firm confirmed it", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body recoveryBody
		}) (*One[MatterRecovery], error) {
			id, err := idOf[ident.MatterID](in.ID)
			if err != nil {
				return nil, err
			}
			n, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			return recoveryReply(v.Record(ctx, id, n))
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: single, Needs: rbac.RecoveryRead, Summary: "One recovery with the costs of its matter and what they would leave"},
		func(ctx context.Context, in *ByID) (*One[RecoveryDetail], error) {
			id, err := idOf[ident.RecoveryID](in.ID)
			if err != nil {
				return nil, err
			}
			d, err := v.Get(ctx, id)
			if err != nil {
				return nil, err
			}
			return versioned(toRecoveryDetail(d), d.Now().Version, nil)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: single + "/correct", Needs: rbac.RecoveryRecord, Summary: "Keep another version of what was recorded; it is confirmed anew"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Stage      arrangement.Stage `json:"stage" enum:"settlement,trial,appeal"`
				Amount     int64             `json:"amount_minor"`
				ReceivedOn string            `json:"received_on"`
				Source     string            `json:"source" maxLength:"200"`
				Reason     string            `json:"reason" maxLength:"300"`
			}
		}) (*One[MatterRecovery], error) {
			id, version, err := changing[ident.RecoveryID](in.Changing)
			if err != nil {
				return nil, err
			}
			n, err := recoveryBody{in.Body.Stage, in.Body.Amount, in.Body.ReceivedOn, in.Body.Source}.to()
			if err != nil {
				return nil, err
			}
			return recoveryReply(v.Correct(ctx, id, version, n, in.Body.Reason))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: single + "/confirm", Needs: rbac.RecoveryConfirm, Summary: "Confirm the latest version, for who did not record it"},
		func(ctx context.Context, in *Changing) (*One[MatterRecovery], error) {
			id, version, err := changing[ident.RecoveryID](*in)
			if err != nil {
				return nil, err
			}
			return recoveryReply(v.Confirm(ctx, id, version))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: single + "/withdraw", Needs: rbac.RecoveryRecord, Summary: "Say that nothing came in after all; it stays on record"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Reason string `json:"reason" maxLength:"300"`
			}
		}) (*One[MatterRecovery], error) {
			id, version, err := changing[ident.RecoveryID](in.Changing)
			if err != nil {
				return nil, err
			}
			return recoveryReply(v.Withdraw(ctx, id, version, in.Body.Reason))
		})
	writingRoutes(s, v)
}

func recoveryReply(r contingent.Recovery, err error) (*One[MatterRecovery], error) {
	if err != nil {
		return nil, err
	}
	return versioned(toMatterRecovery(r), r.Now().Version, nil)
}

// SignedWriting is the writing that a client signed.
type SignedWriting struct {
	ID        ident.WritingID `json:"id" class:"C1"`
	SignedOn  string          `json:"signed_on,omitempty" class:"C2" format:"date"`
	Name      string          `json:"name,omitempty" class:"C2"`
	Media     receipt.Media   `json:"media" class:"C1" enum:"application/pdf,image/png,image/jpeg"`
	Bytes     int64           `json:"size_bytes" class:"C1"`
	SHA256    string          `json:"sha256,omitempty" class:"C2"`
	AddedBy   string          `json:"added_by,omitempty" class:"C1"`
	AddedAt   time.Time       `json:"added_at" class:"C1"`
	RemovedBy string          `json:"removed_by,omitempty" class:"C1"`
	RemovedAt *time.Time      `json:"removed_at,omitempty" class:"C1"`
	Reason    string          `json:"reason,omitempty" class:"C2" doc:"why it was taken off"`
}

func toWriting(w contingent.Writing) SignedWriting {
	return SignedWriting{w.ID, day(w.SignedOn), w.Name, w.Media, w.Bytes, w.SHA256, w.AddedBy, w.AddedAt.UTC(), w.RemovedBy, utc(w.RemovedAt), w.Reason}
}

// writingRoutes mounts the signed writings of contingent fees.
func writingRoutes(s *httpd.Server, v contingents) {
	const all, file = "/firms/{firm}/arrangements/{id}/writings", "/firms/{firm}/arrangements/{id}/writing"
	httpd.API(s, httpd.Op{Method: "GET", Path: all, Needs: rbac.ArrangementRead, Summary: "What was kept as the signed writing of an arrangement, the latest first"},
		func(ctx context.Context, in *ByID) (*Many[SignedWriting], error) {
			id, err := idOf[ident.ArrangementID](in.ID)
			if err != nil {
				return nil, err
			}
			list, err := v.Writings(ctx, id)
			return many(list, err, toWriting)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: all, Needs: rbac.ArrangementEdit, Summary: "Keep the writing that the client signed, a PDF, PNG or JPEG of at most 10 MiB; no bill goes on before it", Status: 201, Creates: true, Upload: true},
		func(ctx context.Context, in *struct {
			ByID
			RawBody huma.MultipartFormFiles[struct {
				File     huma.FormFile `form:"file" required:"true"`
				SignedOn string        `form:"signed_on" required:"true" doc:"2026-01-31"`
			}]
		}) (*One[SignedWriting], error) {
			id, err := idOf[ident.ArrangementID](in.ID)
			if err != nil {
				return nil, err
			}
			form := in.RawBody.Data()
			on, err := parseDay("signed_on", form.SignedOn)
			if err != nil {
				return nil, err
			}
			data, err := io.ReadAll(io.LimitReader(form.File, receipt.MaxFile+1))
			if err != nil {
				return nil, err
			}
			w, err := v.Sign(ctx, id, on, receipt.Upload{Name: fileName(in.RawBody.Form), Data: data})
			return one(toWriting(w), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: file, Needs: rbac.ArrangementRead, Summary: "The signed writing of an arrangement, as it came"},
		func(ctx context.Context, in *ByID) (*Download, error) {
			id, err := idOf[ident.ArrangementID](in.ID)
			if err != nil {
				return nil, err
			}
			c, err := v.Fetch(ctx, id)
			if err != nil {
				return nil, err
			}
			return &Download{string(c.Media), httpd.Attachment(c.Name), c.Data}, nil
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: file + "/remove", Needs: rbac.ArrangementEdit, Summary: "Take the signed writing off while no bill goes by it; it stays on record", Status: 204},
		func(ctx context.Context, in *Refusal) (*Empty, error) {
			id, err := idOf[ident.ArrangementID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.TakeOff(ctx, id, in.Body.Reason))
		})
}
