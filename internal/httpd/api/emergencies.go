package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Emergency is emergency access to one firm, as the bureau's administrators see it.
type Emergency struct {
	ID        ident.RequestID     `json:"id" class:"C1"`
	Firm      ident.FirmID        `json:"firm_id" class:"C1"`
	FirmName  string              `json:"firm_name" class:"C1"`
	Person    ident.PersonID      `json:"person_id" class:"C1"`
	Name      string              `json:"name" class:"C1"`
	Status    grant.RequestStatus `json:"status" class:"C1" enum:"waiting,given,refused,withdrawn"`
	Reason    string              `json:"reason" class:"C1"`
	AskedAt   time.Time           `json:"asked_at" class:"C1"`
	DecidedBy string              `json:"decided_by,omitempty" class:"C1"`
	DecidedAt *time.Time          `json:"decided_at,omitempty" class:"C1"`
	Until     *time.Time          `json:"until,omitempty" class:"C1" doc:"of the access, once it was allowed"`
	Ended     *time.Time          `json:"ended_at,omitempty" class:"C1" doc:"before its time"`
}

func toEmergency(e grant.Emergency) Emergency {
	return Emergency{e.ID, e.Firm, e.FirmName, e.Person, e.Name, e.Status, e.Reason, e.AskedAt.UTC(), e.DecidedBy, utc(e.DecidedAt), utc(e.Until), utc(e.Ended)}
}

// EmergencyAct names one of them, and the firm that it is about.
type EmergencyAct struct {
	ByID
	Body struct {
		For string `json:"firm_id" doc:"the firm that it is about"`
	}
}

func (in EmergencyAct) ids() (ident.FirmID, ident.RequestID, error) {
	firm, err := idOf[ident.FirmID](in.Body.For)
	if err != nil {
		return "", "", err
	}
	id, err := idOf[ident.RequestID](in.ID)
	return firm, id, err
}

func mountEmergencies(s *httpd.Server, v grants) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/emergencies", Needs: rbac.BreakGlassAsk, Summary: "Emergency access to firms; only in the bureau's own domain"},
		func(ctx context.Context, _ *InFirm) (*Many[Emergency], error) {
			list, err := v.Emergencies(ctx)
			return many(list, err, toEmergency)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/emergencies", Needs: rbac.BreakGlassAsk, Summary: "Ask for an hour of emergency access to a firm", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				For    string `json:"firm_id"`
				Reason string `json:"reason" maxLength:"500" doc:"the firm reads it"`
			}
		}) (*One[AccessRequest], error) {
			firm, err := idOf[ident.FirmID](in.Body.For)
			if err != nil {
				return nil, err
			}
			r, err := v.AskGlass(ctx, firm, in.Body.Reason)
			return one(toRequest(r), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/emergencies/{id}/open", Needs: rbac.BreakGlassOpen, Summary: "Say the second word on a colleague's emergency access", Status: 201},
		func(ctx context.Context, in *EmergencyAct) (*One[Grant], error) {
			firm, id, err := in.ids()
			if err != nil {
				return nil, err
			}
			g, err := v.OpenGlass(ctx, firm, id)
			return one(toGrant(g), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/emergencies/{id}/end", Needs: rbac.BreakGlassAsk, Summary: "End emergency access, or take back a request that waits", Status: 204},
		func(ctx context.Context, in *EmergencyAct) (*Empty, error) {
			firm, id, err := in.ids()
			if err != nil {
				return nil, err
			}
			return done(v.EndGlass(ctx, firm, id))
		})
}
