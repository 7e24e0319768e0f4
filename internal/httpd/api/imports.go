package api

import (
	"context"
	"mime/multipart"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

type imports interface {
	Import(ctx context.Context, u capture.Upload) (capture.Result, error)
	DryRun(ctx context.Context, u capture.Upload) (capture.Result, error)
	Imports(ctx context.Context, r page.Request) (page.Page[capture.Import], error)
	ImportDetail(ctx context.Context, id ident.ImportID, after int) (capture.Detail, error)
	Undo(ctx context.Context, id ident.ImportID, version int) (capture.Import, error)
	Mappings(ctx context.Context) ([]capture.Mapping, error)
	SaveMapping(ctx context.Context, m capture.Mapping) (capture.Mapping, error)
}

// Import is one reading of one file.
type Import struct {
	ID       ident.ImportID `json:"id,omitempty" class:"C1" doc:"missing when nothing landed"`
	Source   string         `json:"source" class:"C1"`
	Format   string         `json:"format" class:"C1"`
	FileName string         `json:"file_name,omitempty" class:"C2"`
	FileHash string         `json:"file_hash" class:"C1"`
	Status   string         `json:"status" class:"C1" enum:"landed,undone,dry_run,refused,repeated" doc:"what became of it; after the last three nothing new is in the books"`
	Read     int            `json:"read" class:"C1"`
	Landed   int            `json:"landed" class:"C1"`
	Refused  int            `json:"refused" class:"C1"`
	Repeated int            `json:"repeated" class:"C1" doc:"landed by an earlier import"`
	Faults   int            `json:"fault_count" class:"C1"`
	By       ident.PersonID `json:"by,omitempty" class:"C1"`
	Created  *time.Time     `json:"created_at,omitempty" class:"C1" doc:"missing when nothing landed"`
	UndoneAt *time.Time     `json:"undone_at,omitempty" class:"C1"`
	Version  int            `json:"version" class:"C1"`
}

func toImport(b capture.Import) Import {
	return Import{b.ID, b.Source, b.Format, b.FileName, b.FileHash, b.Status, b.Read, b.Landed, b.Refused, b.Repeated, b.FaultCount, b.By, moment(b.CreatedAt), utc(b.UndoneAt), b.Version}
}

// RowFault is one thing wrong with one row of a file.
type RowFault struct {
	Line     int              `json:"line" class:"C1"`
	Column   string           `json:"column,omitempty" class:"C1"`
	Severity capture.Severity `json:"severity" class:"C1" enum:"refused,warning"`
	Code     string           `json:"code" class:"C1"`
	Value    string           `json:"value,omitempty" class:"C2"`
	Message  string           `json:"message,omitempty" class:"C2"`
	Fix      string           `json:"fix,omitempty" class:"C2"`
}

func toRowFaults(list []capture.Fault) []RowFault {
	out := make([]RowFault, len(list))
	for i, f := range list {
		out[i] = RowFault{f.Line, f.Column, f.Severity, f.Code, f.Value, f.Message, f.Fix}
	}
	return out
}

// ImportResult is what an import did, or would do.
type ImportResult struct {
	Import   Import     `json:"import"`
	Already  bool       `json:"already" class:"C1" doc:"this file was imported before and nothing is new"`
	DryRun   bool       `json:"dry_run" class:"C1"`
	Rows     []RowFault `json:"faults"`
	Ignored  []string   `json:"ignored_columns,omitempty" class:"C1"`
	Findings int        `json:"findings" class:"C1"`
	Totals   []Money    `json:"totals,omitempty" class:"C2" doc:"what landed, by currency"`
}

func toImportResult(r capture.Result) ImportResult {
	out := ImportResult{Import: toImport(r.Import), Already: r.Already, DryRun: r.DryRun, Rows: toRowFaults(r.Faults), Ignored: r.Ignored, Findings: r.Findings}
	for _, s := range r.Totals {
		out.Totals = append(out.Totals, Money{s.Minor, s.Currency})
	}
	return out
}

// ImportDetail is an import with its faults.
type ImportDetail struct {
	Import Import     `json:"import"`
	Rows   []RowFault `json:"faults"`
	Hidden bool       `json:"faults_hidden" class:"C1" doc:"they may be about matters you may not know of"`
	Undo   bool       `json:"can_undo" class:"C1"`
}

type upload struct {
	InFirm
	DryRun  bool `query:"dry_run" doc:"tell what would happen and change nothing"`
	RawBody huma.MultipartFormFiles[struct {
		File   huma.FormFile `form:"file" required:"true"`
		Source string        `form:"source" required:"false" doc:"a name whose mapping is saved: its columns, and how it writes dates and numbers; of a rate card the latter alone"`
	}]
}

// Imports mounts files of time and costs.
func Imports(s *httpd.Server, v imports) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/imports", Needs: rbac.ImportCreate, Summary: "Import a CSV, XLSX or LEDES file, flat or XML; the good rows land, each bad one is named", Status: 201, Upload: true},
		func(ctx context.Context, in *upload) (*One[ImportResult], error) {
			form := in.RawBody.Data()
			data, err := capture.ReadUpload(form.File)
			if err != nil {
				return nil, err
			}
			do := v.Import
			if in.DryRun {
				do = v.DryRun
			}
			r, err := do(ctx, capture.Upload{Name: fileName(in.RawBody.Form), Source: form.Source, Data: data})
			return one(toImportResult(r), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/imports", Needs: rbac.ImportRead, Summary: "Imports, the newest first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
		}) (*Many[Import], error) {
			p, err := v.Imports(ctx, in.request())
			return paged(p, err, toImport)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/imports/{id}", Needs: rbac.ImportRead, Summary: "One import with up to 1,000 of its faults"},
		func(ctx context.Context, in *struct {
			ByID
			After int `query:"after_fault" minimum:"0"`
		}) (*One[ImportDetail], error) {
			id, err := idOf[ident.ImportID](in.ID)
			if err != nil {
				return nil, err
			}
			d, err := v.ImportDetail(ctx, id, in.After)
			return versioned(ImportDetail{toImport(d.Import), toRowFaults(d.Faults), d.FaultsHidden, d.CanUndo}, d.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/imports/{id}/undo", Needs: rbac.ImportUndo, Summary: "Take an import back, until something of it is on a bill"},
		func(ctx context.Context, in *Changing) (*One[Import], error) {
			id, version, err := changing[ident.ImportID](*in)
			if err != nil {
				return nil, err
			}
			b, err := v.Undo(ctx, id, version)
			return versioned(toImport(b), b.Version, err)
		})
	mountMappings(s, v)
}

// fileName is what the sender calls the file.
func fileName(form *multipart.Form) string {
	if form == nil || len(form.File["file"]) == 0 {
		return ""
	}
	return form.File["file"][0].Filename
}

// Mapping is how the files of one source name their columns.
type Mapping struct {
	Source    string                   `json:"source" class:"C1"`
	Columns   map[capture.Field]string `json:"columns" class:"C1"`
	DateForm  string                   `json:"date_form,omitempty" class:"C1"`
	Mark      string                   `json:"decimal_mark,omitempty" class:"C1"`
	Delimiter string                   `json:"delimiter,omitempty" class:"C1"`
	Version   int                      `json:"version" class:"C1"`
}

func toMapping(m capture.Mapping) Mapping {
	return Mapping{m.Source, m.Columns, m.DateForm, m.DecimalMark, m.Delimiter, m.Version}
}

func mountMappings(s *httpd.Server, v imports) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/import-mappings", Needs: rbac.ImportRead, Summary: "Saved column mappings"},
		func(ctx context.Context, _ *InFirm) (*Many[Mapping], error) {
			list, err := v.Mappings(ctx)
			return many(list, err, toMapping)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/import-mappings/{id}", Needs: rbac.ImportCreate, Summary: "Save how the files of a source name their columns; without If-Match a new one"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Columns   map[capture.Field]string `json:"columns"`
				DateForm  string                   `json:"date_form,omitempty" maxLength:"20"`
				Mark      string                   `json:"decimal_mark,omitempty" maxLength:"1"`
				Delimiter string                   `json:"delimiter,omitempty" maxLength:"1"`
			}
		}) (*One[Mapping], error) {
			version := 0
			if in.IfMatch.IfMatch != "" {
				var err error
				if version, err = in.Version(); err != nil {
					return nil, err
				}
			}
			b := in.Body
			m, err := v.SaveMapping(ctx, capture.Mapping{Source: in.ID, Columns: b.Columns, DateForm: b.DateForm, DecimalMark: b.Mark, Delimiter: b.Delimiter, Version: version})
			return versioned(toMapping(m), m.Version, err)
		})
}
