package api

import (
	"context"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

type findings interface {
	List(ctx context.Context, f guideline.Filter, r page.Request) (page.Page[guideline.Stored], error)
	Counts(ctx context.Context, f guideline.Filter) (guideline.Counts, error)
	Waive(ctx context.Context, id ident.FindingID, note string) error
}

// Finding is what a guideline remarks about one entry or line.
type Finding struct {
	ID       ident.FindingID    `json:"id" class:"C1"`
	Entry    ident.EntryID      `json:"entry_id,omitempty" class:"C1"`
	Line     ident.PrebillLine  `json:"line_id,omitempty" class:"C1"`
	Rule     string             `json:"rule" class:"C1"`
	Title    string             `json:"title" class:"C1"`
	Severity guideline.Severity `json:"severity" class:"C1"`
	Field    string             `json:"field" class:"C1"`
	Observed string             `json:"observed,omitempty" class:"C3"`
	Expected string             `json:"expected,omitempty" class:"C3"`
	Message  string             `json:"message,omitempty" class:"C3"`
	Fix      string             `json:"fix,omitempty" class:"C3"`
	CanApply bool               `json:"can_apply" class:"C1" doc:"the fix can be applied as it stands"`
	AtRisk   *Money             `json:"at_risk,omitempty" class:"C2"`
	State    guideline.State    `json:"state" class:"C1"`
	Note     string             `json:"note,omitempty" class:"C3"`
}

func toFinding(f guideline.Stored) Finding {
	return Finding{f.ID, f.Entry, f.Line, f.Rule, f.Title, f.Severity, f.Field, f.Observed, f.Expected, f.Message, f.Fix, f.Proposal != nil,
		amount(f.AtRiskMinor, f.Currency), f.State, f.Note}
}

// FindingList is a page of findings, with how all of the import or matter stand.
type FindingList struct {
	Body struct {
		Items   []Finding `json:"items"`
		Next    string    `json:"next,omitempty" class:"C1"`
		Open    int       `json:"open" class:"C1"`
		Block   int       `json:"blocking" class:"C1" doc:"of open"`
		Settled int       `json:"settled" class:"C1" doc:"fixed or waived"`
		AtRisk  []Money   `json:"at_risk,omitempty" class:"C2" doc:"of what is open, by currency; no entry above what it bills"`
	}
}

// Findings mounts what the guidelines remark about entries.
func Findings(s *httpd.Server, v findings) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/findings", Needs: rbac.FindingRead, Summary: "Findings on the entries of an import or a matter"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Import string          `query:"import_id"`
			Matter string          `query:"matter_id"`
			State  guideline.State `query:"state"`
		}) (*FindingList, error) {
			f := guideline.Filter{State: in.State}
			var err error
			if f.Import, err = optionalID[ident.ImportID](in.Import); err != nil {
				return nil, err
			}
			if f.Matter, err = optionalID[ident.MatterID](in.Matter); err != nil {
				return nil, err
			}
			p, err := v.List(ctx, f, in.request())
			list, err := paged(p, err, toFinding)
			if err != nil {
				return nil, err
			}
			f.State = ""
			c, err := v.Counts(ctx, f)
			if err != nil {
				return nil, err
			}
			out := &FindingList{}
			out.Body.Items, out.Body.Next = list.Body.Items, list.Body.Next
			out.Body.Open, out.Body.Block, out.Body.Settled = c.Open, c.Block, c.Settled
			for _, a := range c.AtRisk {
				out.Body.AtRisk = append(out.Body.AtRisk, *amount(a.Minor, a.Currency))
			}
			return out, nil
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/findings/{id}/waive", Needs: rbac.FindingWaive, Summary: "Settle a finding with the reason why the entry stays", Status: 204},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Note string `json:"note" maxLength:"500"`
			}
		}) (*Empty, error) {
			id, err := idOf[ident.FindingID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Waive(ctx, id, in.Body.Note))
		})
}
