package api

import (
	"cmp"
	"context"
	"io"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/rbac"
)

type receipts interface {
	Of(ctx context.Context, entry ident.EntryID) ([]receipt.Receipt, error)
	Attach(ctx context.Context, entry ident.EntryID, u receipt.Upload) (receipt.Receipt, error)
	Fetch(ctx context.Context, id ident.ReceiptID) (receipt.Content, error)
	Remove(ctx context.Context, id ident.ReceiptID, reason string) error
}

// Receipt is a paper behind a cost.
type Receipt struct {
	ID      ident.ReceiptID `json:"id" class:"C1"`
	Entry   ident.EntryID   `json:"entry_id" class:"C1"`
	Name    string          `json:"name,omitempty" class:"C3"`
	Media   receipt.Media   `json:"media" class:"C1" enum:"application/pdf,image/png,image/jpeg"`
	Bytes   int64           `json:"size_bytes" class:"C1"`
	SHA256  string          `json:"sha256,omitempty" class:"C3"`
	Says    *Money          `json:"says,omitempty" class:"C2" doc:"what it says was paid"`
	AddedBy string          `json:"added_by,omitempty" class:"C1"`
	AddedAt time.Time       `json:"added_at" class:"C1"`
}

func toReceipt(r receipt.Receipt) Receipt {
	out := Receipt{ID: r.ID, Entry: r.Entry, Name: r.Name, Media: r.Media, Bytes: r.Bytes, SHA256: r.SHA256, AddedBy: r.AddedBy, AddedAt: r.AddedAt.UTC()}
	if r.Says != nil {
		out.Says = amount(r.Says.Minor, r.Says.Currency)
	}
	return out
}

// Receipts mounts the papers behind costs.
func Receipts(s *httpd.Server, v receipts) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/entries/{id}/receipts", Needs: rbac.ReceiptRead, Summary: "Receipts of a cost, the oldest first"},
		func(ctx context.Context, in *ByID) (*Many[Receipt], error) {
			id, err := idOf[ident.EntryID](in.ID)
			if err != nil {
				return nil, err
			}
			list, err := v.Of(ctx, id)
			return many(list, err, toReceipt)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/entries/{id}/receipts", Needs: rbac.ReceiptAttach, Summary: "Attach a PDF, PNG or JPEG of at most 10 MiB as a receipt of a cost", Status: 201, Creates: true, Upload: true},
		func(ctx context.Context, in *struct {
			ByID
			RawBody huma.MultipartFormFiles[struct {
				File   huma.FormFile `form:"file" required:"true"`
				Amount string        `form:"amount_minor" required:"false" doc:"what the paper says was paid, in the smallest unit of the cost's currency; no more is billed than all papers of a cost say"`
			}]
		}) (*One[Receipt], error) {
			id, err := idOf[ident.EntryID](in.ID)
			if err != nil {
				return nil, err
			}
			form := in.RawBody.Data()
			data, err := io.ReadAll(io.LimitReader(form.File, receipt.MaxFile+1))
			if err != nil {
				return nil, err
			}
			says, err := strconv.ParseInt(cmp.Or(form.Amount, "0"), 10, 64)
			if err != nil {
				return nil, errInput.On(fault.Field{Path: "amount_minor", Code: "amount_form", Message: "enter whole units, such as 1250 for 12.50"})
			}
			r, err := v.Attach(ctx, id, receipt.Upload{Name: fileName(in.RawBody.Form), Data: data, SaysMinor: says})
			return one(toReceipt(r), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/receipts/{id}", Needs: rbac.ReceiptRead, Summary: "The file of a receipt, as it came"},
		func(ctx context.Context, in *ByID) (*Download, error) {
			id, err := idOf[ident.ReceiptID](in.ID)
			if err != nil {
				return nil, err
			}
			c, err := v.Fetch(ctx, id)
			if err != nil {
				return nil, err
			}
			return &Download{string(c.Media), httpd.Attachment(c.Name), c.Data}, nil
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/receipts/{id}/remove", Needs: rbac.ReceiptAttach, Summary: "Take a receipt off its cost while the bureau has the bill; it stays on record", Status: 204},
		func(ctx context.Context, in *Refusal) (*Empty, error) {
			id, err := idOf[ident.ReceiptID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Remove(ctx, id, in.Body.Reason))
		})
}
