package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/rbac"
)

type exports interface {
	Request(ctx context.Context, n export.NewRequest) (export.Export, seal.Secret, error)
	Preview(ctx context.Context, n export.NewRequest) (export.Preview, error)
	Review(ctx context.Context, id ident.ExportID) (export.Preview, error)
	List(ctx context.Context, r page.Request) (page.Page[export.Export], error)
	Get(ctx context.Context, id ident.ExportID) (export.Export, error)
	Approve(ctx context.Context, id ident.ExportID, version int) error
	Refuse(ctx context.Context, id ident.ExportID, version int, why string) error
	Withdraw(ctx context.Context, id ident.ExportID, version int) error
	Ticket(ctx context.Context, id ident.ExportID, network string) (seal.Secret, error)
	Download(ctx context.Context, token, network, goesOn string) (export.File, error)
	Delivered(ctx context.Context, token, network string) error
}

// Export is one file that was asked for.
type Export struct {
	ID         ident.ExportID `json:"id" class:"C1"`
	Name       string         `json:"name" class:"C1"`
	Form       export.Form    `json:"form" class:"C1" enum:"full,redacted"`
	From       invoice.Day    `json:"from" class:"C1" format:"date"`
	To         invoice.Day    `json:"to" class:"C1" format:"date"`
	Clients    int            `json:"clients" class:"C1" doc:"how many the scope names; 0 is all"`
	Matters    int            `json:"matters" class:"C1"`
	Reason     string         `json:"reason,omitempty" class:"C2"`
	Recipient  string         `json:"recipient" class:"C1"`
	KeyMade    bool           `json:"key_made" class:"C1"`
	AskedBy    string         `json:"asked_by" class:"C1"`
	AskedAt    time.Time      `json:"asked_at" class:"C1"`
	Rows       int64          `json:"rows_asked" class:"C1"`
	Due        int            `json:"approvals_due" class:"C1"`
	ApprovedBy string         `json:"approved_by,omitempty" class:"C1"`
	SecondBy   string         `json:"second_approval_by,omitempty" class:"C1"`
	Status     export.Status  `json:"status" class:"C1"`
	Why        string         `json:"why,omitempty" class:"C2"`
	Size       *int64         `json:"size_bytes,omitempty" class:"C1"`
	Hash       string         `json:"file_sha256,omitempty" class:"C1"`
	Expires    *time.Time     `json:"expires_at,omitempty" class:"C1"`
	Left       int            `json:"downloads_left" class:"C1"`
	Version    int            `json:"version" class:"C1"`
}

// NewExport is one just asked for, with the key of its file this once.
type NewExport struct {
	Export
	Identity string `json:"identity,omitempty" class:"C1" shown:"once" doc:"the private key that opens the file, unless it is made for a key of one's own; shown once, to who asked"`
}

func toExport(e export.Export) Export {
	return Export{ID: e.ID, Name: e.Name(), Form: e.Form, From: e.FromOn, To: e.ToOn, Clients: e.Clients, Matters: e.Matters, Reason: e.Reason, Recipient: e.Recipient, KeyMade: e.KeyMade,
		AskedBy: e.AskedByName, AskedAt: e.AskedAt.UTC(), Rows: e.RowsAsked, Due: e.ApprovalsDue, ApprovedBy: e.ApprovedBy, SecondBy: e.SecondBy, Status: e.Status, Why: e.Why,
		Size: e.SizeBytes, Hash: e.FileHash, Expires: utc(e.ExpiresAt), Left: e.DownloadsLeft, Version: e.Version}
}

// ExportPreview is what a file would hold for who asks.
type ExportPreview struct {
	Rows       int64          `json:"rows" class:"C1"`
	Narratives int64          `json:"narratives" class:"C1"`
	Withheld   int64          `json:"withheld" class:"C1" doc:"rows whose narrative is left out"`
	Matters    int64          `json:"matters" class:"C1"`
	Columns    []ExportColumn `json:"columns" class:"C1"`
}

// ExportColumn is one column of the file.
type ExportColumn struct {
	Name   string `json:"name" class:"C1"`
	Hidden int64  `json:"hidden" class:"C1" doc:"rows on which it is left out"`
	Sample string `json:"sample,omitempty" class:"C3" doc:"what the first row has in it"`
	Unseen bool   `json:"unseen,omitempty" class:"C1" doc:"the first row has something in it that you may not see"`
}

func toExportPreview(p export.Preview) ExportPreview {
	out := ExportPreview{Rows: p.Rows, Narratives: p.Narratives, Withheld: p.Withheld, Matters: p.Matters, Columns: make([]ExportColumn, len(p.Columns))}
	for i, c := range p.Columns {
		out.Columns[i] = ExportColumn{c.Name, c.Hidden, c.Sample, c.Unseen}
	}
	return out
}

// ExportRequest asks for a firm's entries of a period.
type ExportRequest struct {
	From      string      `json:"from"`
	To        string      `json:"to"`
	Clients   []string    `json:"client_ids,omitempty" maxItems:"200"`
	Matters   []string    `json:"matter_ids,omitempty" maxItems:"200"`
	Form      export.Form `json:"form" enum:"full,redacted"`
	Recipient string      `json:"recipient,omitempty" maxLength:"200" doc:"an age public key; a pair is made when it is missing"`
	Hours     int         `json:"hours" enum:"24,168"`
	Reason    string      `json:"reason" maxLength:"500"`
}

func (b ExportRequest) to() (n export.NewRequest, err error) {
	n = export.NewRequest{Form: b.Form, Recipient: b.Recipient, Hours: b.Hours, Reason: b.Reason}
	if n.From, err = invoiceDay("from", b.From); err != nil {
		return n, err
	}
	if n.To, err = invoiceDay("to", b.To); err != nil {
		return n, err
	}
	for _, text := range b.Clients {
		id, err := idOf[ident.ClientID](text)
		if err != nil {
			return n, err
		}
		n.Clients = append(n.Clients, id)
	}
	for _, text := range b.Matters {
		id, err := idOf[ident.MatterID](text)
		if err != nil {
			return n, err
		}
		n.Matters = append(n.Matters, id)
	}
	return n, nil
}

// Exports mounts files that leave.
func Exports(s *httpd.Server, v exports) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/exports", Needs: rbac.ExportRead, Summary: "Exports, the newest first; of others only for who decides on them"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
		}) (*Many[Export], error) {
			p, err := v.List(ctx, in.request())
			return paged(p, err, toExport)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exports", Needs: rbac.ExportRequest, Summary: "Ask the firm for an export", Status: 201, Creates: true, Secret: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body ExportRequest
		}) (*One[NewExport], error) {
			n, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			e, identity, err := v.Request(ctx, n)
			if err != nil {
				return nil, err
			}
			return versioned(NewExport{toExport(e), identity.Reveal()}, e.Version, nil)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exports/preview", Needs: rbac.ExportRequest, Summary: "What an export would hold, before it is asked for"},
		func(ctx context.Context, in *struct {
			InFirm
			Body ExportRequest
		}) (*One[ExportPreview], error) {
			n, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			p, err := v.Preview(ctx, n)
			return one(toExportPreview(p), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/exports/{id}", Needs: rbac.ExportRead, Summary: "One export"},
		func(ctx context.Context, in *ByID) (*One[Export], error) {
			id, err := idOf[ident.ExportID](in.ID)
			if err != nil {
				return nil, err
			}
			e, err := v.Get(ctx, id)
			return versioned(toExport(e), e.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/exports/{id}/preview", Needs: rbac.ExportApprove, Summary: "What an export that waits for a decision would hold for who asked"},
		func(ctx context.Context, in *ByID) (*One[ExportPreview], error) {
			id, err := idOf[ident.ExportID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := v.Review(ctx, id)
			return one(toExportPreview(p), err)
		})
	act := func(name, summary string, needs rbac.Permission, do func(ctx context.Context, id ident.ExportID, version int) error) {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exports/{id}/" + name, Needs: needs, Summary: summary, Status: 204},
			func(ctx context.Context, in *Changing) (*Empty, error) {
				id, version, err := changing[ident.ExportID](*in)
				if err != nil {
					return nil, err
				}
				return done(do(ctx, id, version))
			})
	}
	act("approve", "The firm's yes", rbac.ExportApprove, v.Approve)
	act("withdraw", "End your own request before anyone has decided", rbac.ExportRequest, v.Withdraw)
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exports/{id}/refuse", Needs: rbac.ExportApprove, Summary: "The firm's no, with a reason", Status: 204},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Why string `json:"why" maxLength:"500"`
			}
		}) (*Empty, error) {
			id, version, err := changing[ident.ExportID](in.Changing)
			if err != nil {
				return nil, err
			}
			return done(v.Refuse(ctx, id, version, in.Body.Why))
		})
	mountDownload(s, v)
}

// mountDownload gives a ticket for one fetch and takes it. The ticket travels in a
// header: an address that opens a file would stay in histories and logs (T25).
func mountDownload(s *httpd.Server, v exports) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/exports/{id}/ticket", Needs: rbac.ExportDownload, Secret: true, Summary: "A ticket to fetch the file once, within a minute, from here"},
		func(ctx context.Context, in *ByID) (*One[struct {
			Ticket string `json:"ticket" class:"C1" shown:"once"`
		}], error) {
			id, err := idOf[ident.ExportID](in.ID)
			if err != nil {
				return nil, err
			}
			ticket, err := v.Ticket(ctx, id, httpd.Network(ctx))
			return one(struct {
				Ticket string `json:"ticket" class:"C1" shown:"once"`
			}{ticket.Reveal()}, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/export-file", Needs: rbac.ExportDownload, Summary: "The file that a ticket opens; after a break the rest of it"},
		func(ctx context.Context, in *struct {
			InFirm
			Ticket  string `header:"Export-Ticket"`
			Range   string `header:"Range" doc:"with If-Range: goes on where the answer to the same ticket broke off, within half an hour"`
			IfRange string `header:"If-Range" doc:"the ETag of that answer"`
		}) (*huma.StreamResponse, error) {
			f, err := v.Download(ctx, in.Ticket, httpd.Network(ctx), httpd.GoesOn(in.Range, in.IfRange))
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(c huma.Context) {
				s.ServeFile(c, httpd.Fetch{Name: f.Name, Hash: f.Hash, Size: f.Size, Body: f.Body, Delivered: func(ctx context.Context) error {
					return v.Delivered(ctx, in.Ticket, httpd.Network(ctx))
				}})
			}}, nil
		})
}
