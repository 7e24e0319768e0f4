package api

import (
	"context"
	"io"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/rbac"
)

// AppealPaper is a file that speaks for an appeal.
type AppealPaper struct {
	ID      ident.AppealPaperID `json:"id" class:"C1"`
	Name    string              `json:"name,omitempty" class:"C3"`
	Media   receipt.Media       `json:"media" class:"C1" enum:"application/pdf,image/png,image/jpeg"`
	Bytes   int64               `json:"size_bytes" class:"C1"`
	SHA256  string              `json:"sha256,omitempty" class:"C3"`
	AddedBy string              `json:"added_by,omitempty" class:"C1"`
	AddedAt time.Time           `json:"added_at" class:"C1"`
}

func toPaper(p submission.Paper) AppealPaper {
	return AppealPaper{p.ID, p.Name, p.Media, p.Bytes, p.SHA256, p.AddedBy, p.AddedAt.UTC()}
}

// AppealPath names an appeal of a submission.
type AppealPath struct {
	ByID
	Appeal string `path:"appeal"`
}

func (in AppealPath) ids() (id ident.SubmissionID, appeal ident.AppealID, err error) {
	if id, err = idOf[ident.SubmissionID](in.ID); err == nil {
		appeal, err = idOf[ident.AppealID](in.Appeal)
	}
	return id, appeal, err
}

// mountPapers adds what speaks for an appeal as files.
func mountPapers(s *httpd.Server, v submissions) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/submissions/{id}/appeals/{appeal}/papers", Needs: rbac.SubmissionSend, Summary: "Attach a PDF, PNG or JPEG of at most 10 MiB as evidence of an appeal", Status: 201, Creates: true, Upload: true},
		func(ctx context.Context, in *struct {
			AppealPath
			RawBody huma.MultipartFormFiles[struct {
				File huma.FormFile `form:"file" required:"true"`
			}]
		}) (*One[AppealPaper], error) {
			id, appeal, err := in.ids()
			if err != nil {
				return nil, err
			}
			data, err := io.ReadAll(io.LimitReader(in.RawBody.Data().File, receipt.MaxFile+1))
			if err != nil {
				return nil, err
			}
			p, err := v.AddPaper(ctx, id, appeal, receipt.Upload{Name: fileName(in.RawBody.Form), Data: data})
			return one(toPaper(p), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/submissions/{id}/appeals/{appeal}/papers/{paper}", Needs: rbac.SubmissionRead, Summary: "A file that speaks for an appeal, as it came"},
		func(ctx context.Context, in *struct {
			AppealPath
			Paper string `path:"paper"`
		}) (*Download, error) {
			id, appeal, err := in.ids()
			if err != nil {
				return nil, err
			}
			paper, err := idOf[ident.AppealPaperID](in.Paper)
			if err != nil {
				return nil, err
			}
			c, err := v.Paper(ctx, id, appeal, paper)
			if err != nil {
				return nil, err
			}
			return &Download{string(c.Media), httpd.Attachment(c.Name), c.Data}, nil
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/submissions/{id}/appeals/{appeal}/papers/{paper}/remove", Needs: rbac.SubmissionSend, Summary: "Take a file off an appeal before it is answered; it stays on record and opens to nobody", Status: 204},
		func(ctx context.Context, in *struct {
			AppealPath
			Paper string `path:"paper"`
			Body  struct {
				Reason string `json:"reason"`
			}
		}) (*struct{}, error) {
			id, appeal, err := in.ids()
			if err != nil {
				return nil, err
			}
			paper, err := idOf[ident.AppealPaperID](in.Paper)
			if err != nil {
				return nil, err
			}
			return nil, v.RemovePaper(ctx, id, appeal, paper, in.Body.Reason)
		})
}
