package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// ways is signing in through a firm's own provider. Going there and coming back is a
// browser's, so those stay pages.
type ways interface {
	SSO(ctx context.Context) (people.SSO, error)
	SetSSO(ctx context.Context, version int, on, only bool) error
	Through(ctx context.Context, firm ident.FirmID) (on, linked bool, err error)
	WayToProve(ctx context.Context, holder string) (people.Way, error)
	WayToLink(ctx context.Context, holder string) (people.Way, error)
}

// FirmSignIn is how a firm's people sign in through its provider.
type FirmSignIn struct {
	Listed bool       `json:"listed" class:"C1" doc:"the operator lists a provider for the firm"`
	Host   string     `json:"host,omitempty" class:"C1" doc:"of the provider"`
	Back   string     `json:"redirect_uri" class:"C1" doc:"register exactly this with the provider; it is the firm's own"`
	Proven *time.Time `json:"proven_at,omitempty" class:"C1" doc:"when an administrator came back from it; it can be turned on from then on"`
	On     *time.Time `json:"on_since,omitempty" class:"C1" doc:"left out while it is off"`
	Only   bool       `json:"only" class:"C1" doc:"no other way in, but for the firm's administrators"`
}

func toFirmSignIn(x people.SSO) FirmSignIn {
	return FirmSignIn{x.Listed, x.Host, x.Back, utc(x.ProvenAt), utc(x.OnAt), x.Only}
}

// MyFirmSignIn is how you sign in to one firm.
type MyFirmSignIn struct {
	On     bool `json:"on" class:"C1" doc:"the firm's people may sign in through its provider"`
	Linked bool `json:"linked" class:"C1" doc:"your account there signs you in here"`
}

// WayOut is where a browser goes.
type WayOut struct {
	Address string `json:"address" class:"C1" doc:"open it in the browser whose cookie asked for it; it serves once, within minutes"`
	Host    string `json:"host" class:"C1"`
	Firm    string `json:"firm_name" class:"C1"`
}

// Through mounts it.
func Through(s *httpd.Server, v ways) {
	const at = "/firms/{firm}/sign-in"
	shown := func(ctx context.Context, err error) (*One[FirmSignIn], error) {
		if err != nil {
			return nil, err
		}
		x, err := v.SSO(ctx)
		return versioned(toFirmSignIn(x), x.Version, err)
	}
	httpd.API(s, httpd.Op{Method: "GET", Path: at, Needs: rbac.FirmSSO, Summary: "How the firm's people sign in through its provider"},
		func(ctx context.Context, _ *InFirm) (*One[FirmSignIn], error) { return shown(ctx, nil) })
	httpd.API(s, httpd.Op{Method: "PUT", Path: at, Needs: rbac.FirmSSO, Summary: "Turn it on or off, as one way in or the only one; ends the sessions that the new setting would not have begun"},
		func(ctx context.Context, in *struct {
			InFirm
			httpd.IfMatch
			Body struct {
				On   bool `json:"on"`
				Only bool `json:"only,omitempty" doc:"administrators keep their password, and each use of it is told to all of them"`
			}
		}) (*One[FirmSignIn], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			return shown(ctx, v.SetSSO(ctx, version, in.Body.On, in.Body.Only))
		})
	way := func(w people.Way, err error) (*One[WayOut], error) {
		return one(WayOut{w.Address, w.Host, w.Firm}, err)
	}
	httpd.API(s, httpd.Op{Method: "POST", Path: at + "/try", Needs: rbac.FirmSSO, Summary: "The way to the provider, for an administrator to prove that it works"},
		func(ctx context.Context, _ *InFirm) (*One[WayOut], error) {
			return way(v.WayToProve(ctx, s.Holder(ctx)))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: httpd.LinkPath, Needs: rbac.FirmRead, Summary: "The way to the provider, to link your account there; it asks for your second factor again, and replaces an earlier link"},
		func(ctx context.Context, _ *InFirm) (*One[WayOut], error) {
			return way(v.WayToLink(ctx, s.Holder(ctx)))
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: httpd.LinkPath, Needs: rbac.FirmRead, Summary: "Whether you sign in through the firm's provider"},
		func(ctx context.Context, in *InFirm) (*One[MyFirmSignIn], error) {
			firm, err := idOf[ident.FirmID](in.Firm)
			if err != nil {
				return nil, err
			}
			on, linked, err := v.Through(ctx, firm)
			return one(MyFirmSignIn{on, linked}, err)
		})
}
