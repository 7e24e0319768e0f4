package api

import (
	"context"
	"time"

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
	Override(ctx context.Context, id ident.FindingID, o guideline.Override) error
	Overrides(ctx context.Context, f guideline.OverrideFilter, r page.Request) (guideline.Overrides, error)
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
	Reason   string             `json:"override_reason,omitempty" class:"C1" doc:"by which a blocking finding was let pass"`
	Until    string             `json:"override_until,omitempty" class:"C1" format:"date" doc:"last day of that"`
}

func toFinding(f guideline.Stored) Finding {
	out := Finding{f.ID, f.Entry, f.Line, f.Rule, f.Title, f.Severity, f.Field, f.Observed, f.Expected, f.Message, f.Fix, f.Proposal != nil,
		amount(f.AtRiskMinor, f.Currency), f.State, f.Note, "", ""}
	if f.Override != nil {
		out.Reason, out.Until = string(f.Override.Reason), day(f.Override.Until)
	}
	return out
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

type overrideBody struct {
	Reason string `json:"reason" enum:"CLIENT_AGREED,PRIOR_APPROVAL,NOT_APPLICABLE,FIRM_DECISION,RULE_WRONG,OTHER"`
	Note   string `json:"note" maxLength:"500"`
	Until  string `json:"until" doc:"last day, at most 90 days from today"`
}

func (b overrideBody) to() (o guideline.Override, err error) {
	o = guideline.Override{Reason: guideline.OverrideReason(b.Reason), Note: b.Note}
	o.Until, err = parseDay("until", b.Until)
	return o, err
}

// Overridden is a blocking finding that somebody let pass.
type Overridden struct {
	ID     ident.OverrideID `json:"id" class:"C1"`
	Matter ident.MatterID   `json:"matter_id" class:"C1"`
	Rule   string           `json:"rule" class:"C1"`
	Title  string           `json:"title" class:"C1"`
	AtRisk *Money           `json:"at_risk,omitempty" class:"C2"`
	Reason string           `json:"reason" class:"C1"`
	Note   string           `json:"note,omitempty" class:"C3"`
	Until  string           `json:"until" class:"C1" format:"date" doc:"last day"`
	By     ident.PersonID   `json:"by" class:"C1"`
	ByName string           `json:"by_name" class:"C1"`
	At     time.Time        `json:"at" class:"C1"`
}

func toOverridden(o guideline.Overridden) Overridden {
	return Overridden{o.ID, o.Matter, o.Rule, o.Title, amount(o.AtRisk.Minor, o.AtRisk.Currency), string(o.Reason), o.Note, day(o.Until), o.By, o.ByName, o.At.UTC()}
}

// OverrideCount is how often a rule was overridden, or a person overrode.
type OverrideCount struct {
	Key   string `json:"key" class:"C1" doc:"the rule or the person"`
	Name  string `json:"name" class:"C1"`
	Count int    `json:"count" class:"C1"`
}

func toOverrideCounts(cs []guideline.OverrideCount) []OverrideCount {
	out := make([]OverrideCount, len(cs))
	for i, c := range cs {
		out[i] = OverrideCount(c)
	}
	return out
}

// OverrideList is a page of overrides, with the counts of all that the filter lists.
type OverrideList struct {
	Body struct {
		Items    []Overridden    `json:"items"`
		Next     string          `json:"next,omitempty" class:"C1"`
		ByRule   []OverrideCount `json:"by_rule" class:"C1"`
		ByPerson []OverrideCount `json:"by_person" class:"C1"`
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
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/findings/{id}/override", Needs: rbac.FindingOverride, Summary: "Let a blocking finding on an entry pass", Status: 204},
		func(ctx context.Context, in *struct {
			ByID
			Body overrideBody
		}) (*Empty, error) {
			id, err := idOf[ident.FindingID](in.ID)
			if err != nil {
				return nil, err
			}
			o, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			return done(v.Override(ctx, id, o))
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/overrides", Needs: rbac.FindingRead, Summary: "Blocking findings that were let pass, newest first, counted by rule and person"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Rule   string `query:"rule"`
			Person string `query:"person_id"`
		}) (*OverrideList, error) {
			f := guideline.OverrideFilter{Rule: in.Rule}
			var err error
			if f.Person, err = optionalID[ident.PersonID](in.Person); err != nil {
				return nil, err
			}
			p, err := v.Overrides(ctx, f, in.request())
			list, err := paged(p.Page, err, toOverridden)
			if err != nil {
				return nil, err
			}
			out := &OverrideList{}
			out.Body.Items, out.Body.Next = list.Body.Items, list.Body.Next
			out.Body.ByRule, out.Body.ByPerson = toOverrideCounts(p.ByRule), toOverrideCounts(p.ByPerson)
			return out, nil
		})
}
