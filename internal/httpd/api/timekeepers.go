package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

type timekeepers interface {
	Timekeepers(ctx context.Context) ([]matter.Timekeeper, error)
	Timekeeper(ctx context.Context, id ident.TimekeeperID) (matter.Timekeeper, error)
	SaveTimekeeper(ctx context.Context, t matter.Timekeeper) (matter.Timekeeper, error)
}

// Timekeeper bills time.
type Timekeeper struct {
	ID       ident.TimekeeperID `json:"id" class:"C1"`
	Code     string             `json:"code,omitempty" class:"C2"`
	Name     string             `json:"name,omitempty" class:"C2"`
	Class    string             `json:"class,omitempty" class:"C2" doc:"LEDES classification"`
	Office   string             `json:"office,omitempty" class:"C2" doc:"where they work; rates may go by it"`
	Person   ident.PersonID     `json:"person_id,omitempty" class:"C1"`
	Status   string             `json:"status" class:"C1" enum:"active,left"`
	Joined   string             `json:"joined_on,omitempty" class:"C2" format:"date" doc:"the firm; work before it is remarked"`
	Left     string             `json:"left_on,omitempty" class:"C2" format:"date" doc:"the last day there"`
	Admitted string             `json:"admitted_on,omitempty" class:"C2" format:"date" doc:"to the bar"`
	Version  int                `json:"version" class:"C1"`
}

func toTimekeeper(t matter.Timekeeper) Timekeeper {
	return Timekeeper{t.ID, t.Code, t.Name, t.Class, t.Office, t.PersonID, t.Status, dayOf(t.JoinedOn), dayOf(t.LeftOn), dayOf(t.AdmittedOn), t.Version}
}

type timekeeperBody struct {
	Code     string `json:"code" maxLength:"20"`
	Name     string `json:"name" maxLength:"30"`
	Class    string `json:"class" maxLength:"10"`
	Office   string `json:"office,omitempty" maxLength:"60" doc:"a change that leaves the field out removes it"`
	Person   string `json:"person_id,omitempty"`
	Status   string `json:"status,omitempty" enum:"active,left"`
	Joined   string `json:"joined_on,omitempty" doc:"a change that leaves one of the days out removes it"`
	Left     string `json:"left_on,omitempty"`
	Admitted string `json:"admitted_on,omitempty"`
}

func (b timekeeperBody) to() (t matter.Timekeeper, err error) {
	t = matter.Timekeeper{Code: b.Code, Name: b.Name, Class: b.Class, Office: b.Office, Status: b.Status}
	for _, d := range []struct {
		field, text string
		into        **time.Time
	}{{"joined_on", b.Joined, &t.JoinedOn}, {"left_on", b.Left, &t.LeftOn}, {"admitted_on", b.Admitted, &t.AdmittedOn}} {
		on, err := parseDay(d.field, d.text)
		if err != nil {
			return t, err
		}
		if !on.IsZero() {
			*d.into = &on
		}
	}
	t.PersonID, err = optionalID[ident.PersonID](b.Person)
	return t, err
}

// Timekeepers mounts who bills.
func Timekeepers(s *httpd.Server, v timekeepers) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/timekeepers", Needs: rbac.TimekeeperRead, Summary: "Timekeepers, by code"},
		func(ctx context.Context, _ *InFirm) (*Many[Timekeeper], error) {
			list, err := v.Timekeepers(ctx)
			return many(list, err, toTimekeeper)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/timekeepers/{id}", Needs: rbac.TimekeeperRead, Summary: "One timekeeper"},
		func(ctx context.Context, in *ByID) (*One[Timekeeper], error) {
			id, err := idOf[ident.TimekeeperID](in.ID)
			if err != nil {
				return nil, err
			}
			t, err := v.Timekeeper(ctx, id)
			return versioned(toTimekeeper(t), t.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/timekeepers", Needs: rbac.TimekeeperEdit, Summary: "Enter a timekeeper", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body timekeeperBody
		}) (*One[Timekeeper], error) {
			t, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			t, err = v.SaveTimekeeper(ctx, t)
			return versioned(toTimekeeper(t), t.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/timekeepers/{id}", Needs: rbac.TimekeeperEdit, Summary: "Change a timekeeper"},
		func(ctx context.Context, in *struct {
			Changing
			Body timekeeperBody
		}) (*One[Timekeeper], error) {
			id, version, err := changing[ident.TimekeeperID](in.Changing)
			if err != nil {
				return nil, err
			}
			t, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			t.ID, t.Version = id, version
			t, err = v.SaveTimekeeper(ctx, t)
			return versioned(toTimekeeper(t), t.Version, err)
		})
}
