package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/rbac"
)

// Factors is what a person shows beside the password.
type Factors struct {
	App       *time.Time `json:"app_since,omitempty" class:"C1" doc:"since when an authenticator app is set up"`
	CodesLeft int        `json:"recovery_codes_left" class:"C1"`
}

// App is a secret for an authenticator app.
type App struct {
	Secret string `json:"secret" class:"C1"`
	URL    string `json:"url" class:"C1"`
}

// Codes are recovery codes, shown once.
type Codes struct {
	Codes []string `json:"recovery_codes" class:"C1"`
}

type withCode struct {
	Body struct {
		Code string `json:"code" maxLength:"40"`
	}
}

func mountFactors(s *httpd.Server, v accounts) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/people/me/factors", Needs: rbac.SignedIn, Summary: "What signing in asks for besides the password"},
		func(ctx context.Context, _ *Empty) (*One[Factors], error) {
			f, err := v.Factors(ctx)
			return one(Factors{f.App, f.CodesLeft}, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/people/me/app", Needs: rbac.SignedIn, Summary: "A secret for an authenticator app; it serves once its first code was right"},
		func(ctx context.Context, _ *Empty) (*One[App], error) {
			shown, err := v.BeginApp(ctx)
			return one(App{shown.Secret, shown.URL}, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/people/me/app", Needs: rbac.SignedIn, Summary: "Take the app into use; ends your other sessions"},
		func(ctx context.Context, in *struct {
			Body struct {
				Password string `json:"password" maxLength:"1024"`
				Code     string `json:"code" maxLength:"40"`
			}
		}) (*One[Codes], error) {
			codes, err := v.ConfirmApp(ctx, in.Body.Password, in.Body.Code)
			if err == nil {
				_, err = s.FactorShown(ctx)
			}
			return one(Codes{codes}, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/people/me/app/remove", Needs: rbac.SignedIn, Summary: "Remove the app and the recovery codes; ends your other sessions", Status: 204},
		func(ctx context.Context, in *withCode) (*Empty, error) {
			due, err := v.RemoveApp(ctx, in.Body.Code)
			if err == nil {
				s.FactorGone(ctx, due)
			}
			return done(err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: httpd.StepUpPath, Needs: rbac.SignedIn, Summary: "Show the factor again, for the acts that answered factor_stale; it serves five minutes", Status: 204},
		func(ctx context.Context, in *withCode) (*Empty, error) {
			err := v.ProveFactor(ctx, in.Body.Code)
			if err == nil {
				_, err = s.FactorShown(ctx)
			}
			return done(err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/people/me/recovery-codes", Needs: rbac.SignedIn, Summary: "Ten new recovery codes in place of the old"},
		func(ctx context.Context, in *withCode) (*One[Codes], error) {
			codes, err := v.NewRecoveryCodes(ctx, in.Body.Code)
			return one(Codes{codes}, err)
		})
}
