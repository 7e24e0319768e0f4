package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/rbac"
)

type rates interface {
	List(ctx context.Context) ([]rate.Rate, error)
	Rate(ctx context.Context, id ident.RateID) (rate.Rate, error)
	Add(ctx context.Context, r rate.Rate) (rate.Rate, error)
	End(ctx context.Context, id ident.RateID, day time.Time) (rate.Rate, error)
}

// Rate is what an hour costs, for whom, where and from when.
type Rate struct {
	ID         ident.RateID       `json:"id,omitempty" class:"C1" doc:"missing of one that a file would enter"`
	Matter     ident.MatterID     `json:"matter_id,omitempty" class:"C1"`
	Client     ident.ClientID     `json:"client_id,omitempty" class:"C1"`
	Group      ident.GroupID      `json:"client_group_id,omitempty" class:"C1"`
	Office     string             `json:"office,omitempty" class:"C2" doc:"of the timekeeper"`
	Practice   string             `json:"practice_group,omitempty" class:"C2" doc:"of the matter"`
	Timekeeper ident.TimekeeperID `json:"timekeeper_id,omitempty" class:"C1"`
	Class      string             `json:"class,omitempty" class:"C2" doc:"a title's classification, where no timekeeper is named"`
	Task       string             `json:"task_code,omitempty" class:"C2" doc:"on one matter"`
	Activity   string             `json:"activity_code,omitempty" class:"C2" doc:"on one matter"`
	Rate       string             `json:"rate,omitempty" class:"C2" doc:"decimal text, per hour"`
	Currency   money.Currency     `json:"currency" class:"C1"`
	From       string             `json:"from" class:"C1" format:"date"`
	Until      string             `json:"until,omitempty" class:"C1" format:"date" doc:"first day it no longer applies"`
	Level      int                `json:"level" class:"C1" doc:"a lower level wins: 2 matter and timekeeper, 3 matter and task or activity, 4 matter and title, 5 matter, 6 client and timekeeper, 7 client and title, 8 group of clients and title, 9 office or practice group and title, 10 timekeeper, 11 title"`
	LevelName  string             `json:"level_name" class:"C1"`
	Reason     string             `json:"reason,omitempty" class:"C2"`
}

func toRate(r rate.Rate) Rate {
	return Rate{r.ID, r.MatterID, r.ClientID, r.GroupID, r.Office, r.Practice, r.TimekeeperID, r.Class, r.Task, r.Activity, decimal(r.Rate), r.Currency, day(r.From), dayOf(r.Until), int(r.Level), r.Words(), r.Reason}
}

type rateBody struct {
	Matter     string         `json:"matter_id,omitempty"`
	Client     string         `json:"client_id,omitempty"`
	Group      string         `json:"client_group_id,omitempty"`
	Office     string         `json:"office,omitempty" maxLength:"60"`
	Practice   string         `json:"practice_group,omitempty" maxLength:"60"`
	Timekeeper string         `json:"timekeeper_id,omitempty"`
	Class      string         `json:"class,omitempty" maxLength:"10"`
	Task       string         `json:"task_code,omitempty" maxLength:"20"`
	Activity   string         `json:"activity_code,omitempty" maxLength:"20"`
	Rate       string         `json:"rate" maxLength:"20"`
	Currency   money.Currency `json:"currency"`
	From       string         `json:"from"`
	Until      string         `json:"until,omitempty"`
	Reason     string         `json:"reason,omitempty" maxLength:"300"`
}

func (b rateBody) to() (r rate.Rate, err error) {
	r = rate.Rate{Office: b.Office, Practice: b.Practice, Class: b.Class, Task: b.Task, Activity: b.Activity, Currency: b.Currency, Reason: b.Reason}
	if r.MatterID, err = optionalID[ident.MatterID](b.Matter); err != nil {
		return r, err
	}
	if r.ClientID, err = optionalID[ident.ClientID](b.Client); err != nil {
		return r, err
	}
	if r.GroupID, err = optionalID[ident.GroupID](b.Group); err != nil {
		return r, err
	}
	if r.TimekeeperID, err = optionalID[ident.TimekeeperID](b.Timekeeper); err != nil {
		return r, err
	}
	if r.Rate, err = parseFixed("rate", b.Rate); err != nil {
		return r, err
	}
	if r.From, err = parseDay("from", b.From); err != nil {
		return r, err
	}
	if b.Until != "" {
		until, err := parseDay("until", b.Until)
		if err != nil {
			return r, err
		}
		r.Until = &until
	}
	return r, nil
}

// Rates mounts the price list.
func Rates(s *httpd.Server, v rates) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/rates", Needs: rbac.RateRead, Summary: "Rates, the deepest level first"},
		func(ctx context.Context, _ *InFirm) (*Many[Rate], error) {
			list, err := v.List(ctx)
			return many(list, err, toRate)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/rates/{id}", Needs: rbac.RateRead, Summary: "One rate"},
		func(ctx context.Context, in *ByID) (*One[Rate], error) {
			id, err := idOf[ident.RateID](in.ID)
			if err != nil {
				return nil, err
			}
			r, err := v.Rate(ctx, id)
			return one(toRate(r), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/rates", Needs: rbac.RateEdit, Summary: "Enter a rate", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body rateBody
		}) (*One[Rate], error) {
			r, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			r, err = v.Add(ctx, r)
			return one(toRate(r), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/rates/{id}/end", Needs: rbac.RateEdit, Summary: "Let a rate apply until the day before"},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				On string `json:"on"`
			}
		}) (*One[Rate], error) {
			id, err := idOf[ident.RateID](in.ID)
			if err != nil {
				return nil, err
			}
			on, err := parseDay("on", in.Body.On)
			if err != nil {
				return nil, err
			}
			r, err := v.End(ctx, id, on)
			return one(toRate(r), err)
		})
}
