package api

import (
	"context"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/rbac"
)

type rateCards interface {
	ImportRates(ctx context.Context, f capture.RateFile) (capture.RateResult, error)
	TryRates(ctx context.Context, f capture.RateFile) (capture.RateResult, error)
}

// RateImport is what a file of rates did, or would do.
type RateImport struct {
	Format  string     `json:"format" class:"C1" enum:"csv,xlsx"`
	Read    int        `json:"read" class:"C1"`
	Right   int        `json:"right" class:"C1" doc:"rows that are right; all of them are entered when none is refused"`
	Refused int        `json:"refused" class:"C1"`
	DryRun  bool       `json:"dry_run" class:"C1"`
	Rates   []Rate     `json:"rates"`
	Rows    []RowFault `json:"faults"`
	Ignored []string   `json:"ignored_columns,omitempty" class:"C1"`
}

func toRateImport(r capture.RateResult) RateImport {
	out := RateImport{Format: r.Format, Read: r.Read, Right: len(r.Rates), Refused: r.Refused, DryRun: r.DryRun, Rates: make([]Rate, len(r.Rates)), Rows: toRowFaults(r.Faults), Ignored: r.Ignored}
	for i, x := range r.Rates {
		out.Rates[i] = toRate(x)
	}
	return out
}

// RateCards mounts files of rates.
func RateCards(s *httpd.Server, v rateCards) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/rates/imports", Needs: rbac.RateEdit, Summary: "Enter the rates of a CSV or XLSX file, all or none; each row that is wrong is named", Status: 201, Upload: true},
		func(ctx context.Context, in *upload) (*One[RateImport], error) {
			form := in.RawBody.Data()
			data, err := capture.ReadUpload(form.File)
			if err != nil {
				return nil, err
			}
			do := v.ImportRates
			if in.DryRun {
				do = v.TryRates
			}
			r, err := do(ctx, capture.RateFile{Source: form.Source, Data: data})
			return one(toRateImport(r), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/rates/template", Needs: rbac.RateEdit, Summary: "A file of rates to fill in, as CSV"},
		func(context.Context, *InFirm) (*Download, error) {
			return &Download{"text/csv; charset=utf-8", httpd.Attachment(rateTemplateName), capture.RateTemplate()}, nil
		})
}

const rateTemplateName = "rates.csv"
