package api

import (
	"context"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/rbac"
)

type portals interface {
	List(ctx context.Context) ([]portal.Profile, error)
	Get(ctx context.Context, id ident.PortalID) (portal.Profile, error)
	Save(ctx context.Context, p portal.Profile) (portal.Profile, error)
}

type preflights interface {
	Preflight(ctx context.Context, id ident.InvoiceID) (invoice.Preflight, error)
}

// Portal is a receiver of e-bills, with what it wants of a file and how it answers.
type Portal struct {
	ID             ident.PortalID  `json:"id" class:"C1"`
	Name           string          `json:"name" class:"C1"`
	Format         portal.Format   `json:"format" class:"C1" enum:"ledes_flat,ledes_1998b,ledes_98bi_v2,ledes_xml_21,ledes_xml_22"`
	Encoding       portal.Encoding `json:"encoding" class:"C1" enum:"ascii,utf_8"`
	FileName       string          `json:"file_name" class:"C1" doc:"pattern"`
	Extension      string          `json:"extension" class:"C1" enum:"txt,led,ledes,xml"`
	NarrativeLimit int             `json:"narrative_limit" class:"C1" doc:"characters; 0 is the format's own limit"`
	Country        string          `json:"country" class:"C1" enum:"alpha3,alpha2"`
	Names          string          `json:"names" class:"C1" enum:"surname_first,first_surname"`
	TaskSets       []string        `json:"task_sets" class:"C1" doc:"code sets it reads; none is any"`
	ExpenseTask    bool            `json:"expense_task" class:"C1" doc:"an expense keeps its task code"`
	Residual       ledes.Residual  `json:"residual" class:"C1" enum:"adjust4,tolerate,rate"`
	ToleranceMinor int64           `json:"tolerance_minor" class:"C1" doc:"by how much a line's total may be off, in minor units"`
	NumberForm     string          `json:"number_form" class:"C1" enum:"printed,alphanumeric"`
	Resubmit       portal.Resubmit `json:"resubmit" class:"C1" enum:"same,suffix_a,suffix_r"`
	AppealDays     int             `json:"appeal_days" class:"C1" doc:"calendar days after a verdict; 0 is no appeal"`
	DisputeDays    int             `json:"dispute_days" class:"C1" doc:"days without an answer after which it counts as rejected; 0 is never"`
	LateDays       int             `json:"late_days" class:"C1" doc:"days after the billed period; 0 is no limit"`
	Route          portal.Route    `json:"route" class:"C1" enum:"download,connector"`
	Status         string          `json:"status" class:"C1" enum:"active,closed"`
	Payors         int             `json:"payors" class:"C1" doc:"active payors served through it that you may know of"`
	Version        int             `json:"version" class:"C1"`
}

func toPortal(p portal.Profile) Portal {
	sets := p.TaskSets
	if sets == nil {
		sets = []string{}
	}
	return Portal{p.ID, p.Name, p.Format, p.Encoding, p.FileName, p.Extension, p.NarrativeLimit, p.Country, p.Names, sets, p.ExpenseTask, p.Residual, p.ToleranceMinor,
		p.NumberForm, p.Resubmit, p.AppealDays, p.DisputeDays, p.LateDays, p.Route, p.Status, p.Payors, p.Version}
}

// PortalBody is what may be said of a receiver.
type PortalBody struct {
	Name           string          `json:"name" maxLength:"80"`
	Format         portal.Format   `json:"format,omitempty" enum:"ledes_flat,ledes_1998b,ledes_98bi_v2,ledes_xml_21,ledes_xml_22" default:"ledes_flat"`
	Encoding       portal.Encoding `json:"encoding,omitempty" enum:"ascii,utf_8" default:"ascii"`
	FileName       string          `json:"file_name,omitempty" maxLength:"80" default:"{number}-{version}" doc:"fields: {number}, {client}, {matter}, {date}, {version}"`
	Extension      string          `json:"extension,omitempty" enum:"txt,led,ledes,xml" default:"txt"`
	NarrativeLimit int             `json:"narrative_limit,omitempty" minimum:"0" maximum:"15360"`
	Country        string          `json:"country,omitempty" enum:"alpha3,alpha2" default:"alpha3"`
	Names          string          `json:"names,omitempty" enum:"surname_first,first_surname" default:"surname_first"`
	TaskSets       []string        `json:"task_sets,omitempty" doc:"of litigation, project, counseling, bankruptcy, ediscovery"`
	ExpenseTask    bool            `json:"expense_task,omitempty"`
	Residual       ledes.Residual  `json:"residual,omitempty" enum:"adjust4,tolerate,rate" default:"adjust4"`
	ToleranceMinor int64           `json:"tolerance_minor,omitempty" minimum:"0" maximum:"100"`
	NumberForm     string          `json:"number_form,omitempty" enum:"printed,alphanumeric" default:"printed"`
	Resubmit       portal.Resubmit `json:"resubmit,omitempty" enum:"same,suffix_a,suffix_r" default:"same"`
	AppealDays     int             `json:"appeal_days,omitempty" minimum:"0" maximum:"365"`
	DisputeDays    int             `json:"dispute_days,omitempty" minimum:"0" maximum:"365"`
	LateDays       int             `json:"late_days,omitempty" minimum:"0" maximum:"730"`
	Route          portal.Route    `json:"route,omitempty" enum:"download,connector" default:"download" doc:"connector needs the receiver's connector"`
	Status         string          `json:"status,omitempty" enum:"active,closed"`
}

func (b PortalBody) to(p portal.Profile) portal.Profile {
	p.Name, p.Status = b.Name, b.Status
	p.Settings = portal.Settings{Format: b.Format, Encoding: b.Encoding, FileName: b.FileName, Extension: b.Extension, NarrativeLimit: b.NarrativeLimit, Country: b.Country, Names: b.Names,
		TaskSets: b.TaskSets, ExpenseTask: b.ExpenseTask, Residual: b.Residual, ToleranceMinor: b.ToleranceMinor, NumberForm: b.NumberForm, Resubmit: b.Resubmit,
		AppealDays: b.AppealDays, DisputeDays: b.DisputeDays, LateDays: b.LateDays, Route: b.Route}
	return p
}

// PreflightView is what a receiver would answer to an invoice.
type PreflightView struct {
	Receiver ident.PortalID   `json:"portal_id" class:"C1"`
	Name     string           `json:"portal_name" class:"C1"`
	Format   invoice.Format   `json:"format" class:"C1"`
	Passes   bool             `json:"passes" class:"C1" doc:"nothing was found that it would refuse"`
	Findings []ReceiverAnswer `json:"findings" class:"C1"`
}

// ReceiverAnswer is one thing that a receiver would refuse or remark on.
type ReceiverAnswer struct {
	Code     string          `json:"code" class:"C1" doc:"of the published rejection reasons"`
	Severity portal.Severity `json:"severity" class:"C1" enum:"block,warn"`
	Line     int             `json:"line" class:"C1" doc:"of the invoice, from 1; 0 for what surrounds the lines"`
	Field    string          `json:"field,omitempty" class:"C1" doc:"of the file"`
	Message  string          `json:"message,omitempty" class:"C3"`
	Fix      string          `json:"fix,omitempty" class:"C1"`
}

func toAnswers(list []portal.Finding) []ReceiverAnswer {
	out := make([]ReceiverAnswer, len(list))
	for i, f := range list {
		out[i] = ReceiverAnswer(f)
	}
	return out
}

// Portals mounts receivers of e-bills, and what one would answer to an invoice.
func Portals(s *httpd.Server, v portals, i preflights) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/portals", Needs: rbac.PortalRead, Summary: "Receivers of e-bills, by name"},
		func(ctx context.Context, _ *InFirm) (*Many[Portal], error) {
			list, err := v.List(ctx)
			return many(list, err, toPortal)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/portals/{id}", Needs: rbac.PortalRead, Summary: "One receiver of e-bills"},
		func(ctx context.Context, in *ByID) (*One[Portal], error) {
			id, err := idOf[ident.PortalID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := v.Get(ctx, id)
			return versioned(toPortal(p), p.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/portals", Needs: rbac.PortalEdit, Summary: "Enter a receiver of e-bills", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body PortalBody
		}) (*One[Portal], error) {
			p, err := v.Save(ctx, in.Body.to(portal.Profile{}))
			return versioned(toPortal(p), p.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/portals/{id}", Needs: rbac.PortalEdit, Summary: "Change a receiver of e-bills; files made before stay as they are"},
		func(ctx context.Context, in *struct {
			Changing
			Body PortalBody
		}) (*One[Portal], error) {
			id, version, err := changing[ident.PortalID](in.Changing)
			if err != nil {
				return nil, err
			}
			p, err := v.Save(ctx, in.Body.to(portal.Profile{ID: id, Version: version}))
			return versioned(toPortal(p), p.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/invoices/{id}/preflight", Needs: rbac.InvoiceRead, Summary: "What the receiver of an invoice would answer, before it is sent"},
		func(ctx context.Context, in *ByID) (*One[PreflightView], error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			f, err := i.Preflight(ctx, id)
			return one(PreflightView{f.Receiver.ID, f.Receiver.Name, f.Format, err == nil && !portal.Blocks(f.Findings), toAnswers(f.Findings)}, err)
		})
}
