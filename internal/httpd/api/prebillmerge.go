package api

import (
	"context"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

// LineMerge is what lines of time become together.
type LineMerge struct {
	Lines     []string `json:"lines" doc:"two or more, of one timekeeper, work date, rate and task code"`
	Narrative *string  `json:"narrative,omitempty" maxLength:"20000" doc:"missing: those of the lines, one after the other"`
	Activity  *string  `json:"activity_code,omitempty" maxLength:"20" doc:"missing: that of the lines, which must then be one"`
	Note      string   `json:"note,omitempty" maxLength:"1000"`
}

func (b LineMerge) to() (u prebill.Union, err error) {
	u = prebill.Union{Narrative: b.Narrative, Activity: b.Activity, Note: b.Note}
	for _, text := range b.Lines {
		id, err := idOf[ident.PrebillLine](text)
		if err != nil {
			return u, err
		}
		u.Lines = append(u.Lines, id)
	}
	return u, nil
}

// MergedLine is one of the lines that a merged line stands for.
type MergedLine struct {
	ID        ident.PrebillLine `json:"id" class:"C1"`
	Entry     ident.EntryID     `json:"entry_id" class:"C1"`
	Quantity  string            `json:"quantity,omitempty" class:"C2"`
	Amount    *Money            `json:"amount,omitempty" class:"C2"`
	Narrative string            `json:"narrative,omitempty" class:"C3"`
	Recorded  Recorded          `json:"recorded"`
}

func toMergedLines(l *prebill.Line, c money.Currency) (out []MergedLine) {
	for i := range l.Sources {
		x := &l.Sources[i]
		r := x.Recorded
		out = append(out, MergedLine{x.ID, x.EntryID, decimal(x.Quantity), amount(x.Bills(), c), x.Narrative, Recorded{decimal(r.Quantity), decimal(r.Rate), amount(r.Amount, c), r.Narrative, r.Source, toConversion(r.Converted)}})
	}
	return out
}

func mountMerge(s *httpd.Server, v prebills) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/prebills/{id}/merge", Needs: rbac.PrebillEdit, Summary: "Merge lines of time into one; the entries stay as recorded"},
		func(ctx context.Context, in *struct {
			Changing
			Body LineMerge
		}) (*One[Prebill], error) {
			id, version, err := changing[ident.PrebillID](in.Changing)
			if err != nil {
				return nil, err
			}
			u, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			p, err := v.Merge(ctx, id, version, u)
			return versioned(toPrebill(p), p.Version, err)
		})
}
