package api

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/docketry/docketry/internal/evidence"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/rbac"
)

type evidences interface {
	Write(ctx context.Context, w io.Writer, p evidence.Period) error
}

// Evidence mounts what an auditor from outside is given.
func Evidence(s *httpd.Server, v evidences) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/access/evidence", Needs: rbac.AuditExport, Summary: "Evidence for an outside auditor of a period: grants, requests, walls, roles, looks and the proof, as a ZIP file"},
		func(ctx context.Context, in *struct {
			InFirm
			From time.Time `query:"from" required:"true" doc:"the first instant"`
			To   time.Time `query:"to" required:"true" doc:"the end, which is not included; at most 400 days later"`
		}) (*Download, error) {
			var b bytes.Buffer
			if err := v.Write(ctx, &b, evidence.Period{From: in.From, To: in.To}); err != nil {
				return nil, err
			}
			return &Download{"application/zip", httpd.Attachment("evidence.zip"), b.Bytes()}, nil
		})
}
