package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/transfer"
	"github.com/docketry/docketry/rbac"
)

type transfers interface {
	Preview(ctx context.Context, m transfer.Move) (transfer.Preview, error)
	Do(ctx context.Context, m transfer.Move, hash, reason string) (transfer.Detail, error)
	TakeBack(ctx context.Context, id ident.TransferID, reason string) (transfer.Detail, error)
	List(ctx context.Context, of ident.MatterID, r page.Request) (page.Page[transfer.Transfer], error)
	Get(ctx context.Context, id ident.TransferID) (transfer.Detail, error)
}

// Transfer is work that went from one matter to another.
type Transfer struct {
	ID         ident.TransferID `json:"id" class:"C1"`
	From       ident.MatterID   `json:"from_matter_id" class:"C1"`
	To         ident.MatterID   `json:"to_matter_id" class:"C1"`
	Entries    int              `json:"entries" class:"C1"`
	Reason     string           `json:"reason,omitempty" class:"C2"`
	By         ident.PersonID   `json:"by" class:"C1"`
	At         time.Time        `json:"at" class:"C1"`
	BackBy     ident.PersonID   `json:"taken_back_by,omitempty" class:"C1"`
	BackAt     *time.Time       `json:"taken_back_at,omitempty" class:"C1"`
	BackReason string           `json:"taken_back_reason,omitempty" class:"C2"`
}

func toTransfer(t transfer.Transfer) Transfer {
	return Transfer{t.ID, t.From, t.To, t.Entries, t.Reason, t.By, t.At.UTC(), t.BackBy, utc(t.BackAt), t.BackReason}
}

// TransferDetail is a transfer with its lines.
type TransferDetail struct {
	Transfer Transfer       `json:"transfer"`
	Lines    []TransferLine `json:"lines"`
}

func toTransferDetail(d transfer.Detail) TransferDetail {
	return TransferDetail{toTransfer(d.Transfer), toTransferLines(d.Lines)}
}

// TransferPreview is what a transfer would do; it has changed nothing.
type TransferPreview struct {
	From  ident.MatterID `json:"from_matter_id" class:"C1"`
	To    ident.MatterID `json:"to_matter_id" class:"C1"`
	Hash  string         `json:"hash" class:"C1" doc:"of what it would do; say it to transfer the work"`
	Lines []TransferLine `json:"lines"`
}

func toTransferPreview(p transfer.Preview) TransferPreview {
	return TransferPreview{p.From, p.To, p.Hash, toTransferLines(p.Lines)}
}

// TransferLine is one entry of a transfer, before and after.
type TransferLine struct {
	Entry      ident.EntryID      `json:"entry_id" class:"C1"`
	Made       ident.EntryID      `json:"became_entry_id,omitempty" class:"C1" doc:"on the other matter"`
	Kind       guideline.Kind     `json:"kind" class:"C1" enum:"time,expense"`
	Timekeeper ident.TimekeeperID `json:"timekeeper_id,omitempty" class:"C1"`
	WorkedOn   string             `json:"worked_on,omitempty" class:"C2" format:"date"`
	Units      string             `json:"units,omitempty" class:"C2" doc:"hours, or a quantity"`
	Bill       ident.PrebillID    `json:"prebill_id,omitempty" class:"C1" doc:"the draft that it leaves"`
	Before     *Money             `json:"before,omitempty" class:"C2"`
	After      *Money             `json:"after,omitempty" class:"C2"`
	Price      *Price             `json:"price,omitempty" doc:"of time, on the other matter; in a preview"`
	Cut        int                `json:"changes_cut,omitempty" class:"C1" doc:"changes of which a part falls away on the new price; in a preview"`
}

func toTransferLines(list []transfer.Line) []TransferLine {
	out := make([]TransferLine, len(list))
	for i, l := range list {
		out[i] = TransferLine{Entry: l.Entry, Made: l.Made, Kind: l.Kind, Timekeeper: l.Timekeeper, WorkedOn: day(l.On), Units: decimal(l.Units), Bill: l.Bill,
			Before: amount(l.Before.Minor, l.Before.Currency), After: amount(l.After.Minor, l.After.Currency), Cut: l.Cut}
		if l.Kind == guideline.Time && l.Rate.Currency != "" {
			p := toPrice(l.Rate)
			out[i].Price = &p
		}
	}
	return out
}

type moveBody struct {
	Entries []string `json:"entry_ids"`
	Matter  string   `json:"matter_id" doc:"that the work belongs on"`
}

func (b moveBody) to() (m transfer.Move, err error) {
	if m.Entries, err = idsFrom[ident.EntryID](b.Entries); err != nil {
		return m, err
	}
	m.To, err = optionalID[ident.MatterID](b.Matter)
	return m, err
}

// Transfers mounts the moving of work to the matter that it belongs on.
func Transfers(s *httpd.Server, v transfers) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/transfers", Needs: rbac.EntryRead, Summary: "Transfers of work between matters that you see both, newest first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Matter string `query:"matter_id" doc:"that work came from or went to"`
		}) (*Many[Transfer], error) {
			of, err := optionalID[ident.MatterID](in.Matter)
			if err != nil {
				return nil, err
			}
			p, err := v.List(ctx, of, in.request())
			return paged(p, err, toTransfer)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/transfers/preview", Needs: rbac.EntryTransfer, Summary: "What a transfer of work to another matter would do; it changes nothing"},
		func(ctx context.Context, in *struct {
			InFirm
			Body moveBody
		}) (*One[TransferPreview], error) {
			m, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			p, err := v.Preview(ctx, m)
			return one(toTransferPreview(p), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/transfers", Needs: rbac.EntryTransfer, Summary: "Transfer work to another matter, exactly as you previewed it; all of it or none", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Entries []string `json:"entry_ids"`
				Matter  string   `json:"matter_id" doc:"that the work belongs on"`
				Hash    string   `json:"hash" doc:"of the preview"`
				Reason  string   `json:"reason"`
			}
		}) (*One[TransferDetail], error) {
			m, err := moveBody{in.Body.Entries, in.Body.Matter}.to()
			if err != nil {
				return nil, err
			}
			d, err := v.Do(ctx, m, in.Body.Hash, in.Body.Reason)
			return one(toTransferDetail(d), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/transfers/{id}", Needs: rbac.EntryRead, Summary: "A transfer with its lines"},
		func(ctx context.Context, in *ByID) (*One[TransferDetail], error) {
			id, err := idOf[ident.TransferID](in.ID)
			if err != nil {
				return nil, err
			}
			d, err := v.Get(ctx, id)
			return one(toTransferDetail(d), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/transfers/{id}/take-back", Needs: rbac.EntryTransfer, Summary: "Give transferred work back to the matter that it came from, while nothing went on with it"},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Reason string `json:"reason"`
			}
		}) (*One[TransferDetail], error) {
			id, err := idOf[ident.TransferID](in.ID)
			if err != nil {
				return nil, err
			}
			d, err := v.TakeBack(ctx, id, in.Body.Reason)
			return one(toTransferDetail(d), err)
		})
}
