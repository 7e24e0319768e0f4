package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/selfcheck"
	"github.com/docketry/docketry/rbac"
)

type selfChecks interface {
	Reports(ctx context.Context) ([]selfcheck.Report, error)
}

// SelfCheck is what one nightly check of the firm's stored sums found.
type SelfCheck struct {
	ID       ident.SelfCheckID `json:"id" class:"C1"`
	At       time.Time         `json:"at" class:"C1"`
	Compared int64             `json:"compared" class:"C1" doc:"records whose sums were worked out anew"`
	Found    int64             `json:"found" class:"C1" doc:"sums that do not agree"`
	Findings []SumFinding      `json:"findings,omitempty" class:"C2" doc:"the first twenty of each rule"`
}

// SumFinding is a stored sum that its rows do not give.
type SumFinding struct {
	Invariant string `json:"invariant" class:"C1"`
	Object    string `json:"object" class:"C1"`
	ID        string `json:"id" class:"C1"`
	Says      string `json:"says,omitempty" class:"C2" doc:"the record and both amounts, in minor units"`
}

func toSelfCheck(r selfcheck.Report) SelfCheck {
	out := SelfCheck{ID: r.ID, At: r.At.UTC(), Compared: r.Compared, Found: r.Found, Findings: make([]SumFinding, len(r.Findings))}
	for i, f := range r.Findings {
		out.Findings[i] = SumFinding(f)
	}
	return out
}

// SelfChecks mounts what the nightly checks found.
func SelfChecks(s *httpd.Server, v selfChecks) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/self-checks", Needs: rbac.AuditRead, Summary: "The last 31 checks of the firm's stored sums, the newest first"},
		func(ctx context.Context, _ *struct{ InFirm }) (*Many[SelfCheck], error) {
			list, err := v.Reports(ctx)
			return many(list, err, toSelfCheck)
		})
}
