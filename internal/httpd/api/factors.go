package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// Factors is what a person shows beside the password.
type Factors struct {
	App       *time.Time `json:"app_since,omitempty" class:"C1" doc:"since when an authenticator app is set up"`
	Passkeys  []Passkey  `json:"passkeys" class:"C1"`
	CodesLeft int        `json:"recovery_codes_left" class:"C1"`
}

// Passkey is a key that signs in for its person, as both factors.
type Passkey struct {
	ID      ident.PasskeyID `json:"id" class:"C1"`
	Name    string          `json:"name" class:"C1"`
	Synced  bool            `json:"synced" class:"C1" doc:"may be on several devices of the person"`
	Created time.Time       `json:"created_at" class:"C1"`
	Used    *time.Time      `json:"used_at,omitempty" class:"C1"`
	Stopped *time.Time      `json:"stopped_at,omitempty" class:"C1" doc:"its counter went back: somebody may have a copy; it no longer serves"`
}

func toFactors(f people.Factors) Factors {
	out := Factors{App: f.App, Passkeys: []Passkey{}, CodesLeft: f.CodesLeft}
	for _, k := range f.Passkeys {
		out.Passkeys = append(out.Passkeys, Passkey(k))
	}
	return out
}

// Challenge is what a browser's passkeys are asked.
type Challenge struct {
	Options string `json:"options" class:"C1" doc:"JSON for navigator.credentials, with binary values in base64url; \"\" where there is nothing to ask"`
}

type withAnswer struct {
	Body struct {
		Answer string `json:"answer" maxLength:"20000" doc:"the PublicKeyCredential as JSON, with binary values in base64url"`
	}
}

// App is a secret for an authenticator app.
type App struct {
	Secret string `json:"secret" class:"C1" shown:"once"`
	URL    string `json:"url" class:"C1" shown:"once"`
}

// Codes are recovery codes, shown once.
type Codes struct {
	Codes []string `json:"recovery_codes" class:"C1" shown:"once"`
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
			return one(toFactors(f), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/people/me/app", Needs: rbac.SignedIn, Secret: true, Summary: "A secret for an authenticator app; it serves once its first code was right"},
		func(ctx context.Context, _ *Empty) (*One[App], error) {
			shown, err := v.BeginApp(ctx)
			return one(App{shown.Secret, shown.URL}, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/people/me/app", Needs: rbac.SignedIn, Summary: "Take the app into use; ends your other sessions. Who has a factor shows it instead of the password, and keeps their recovery codes"},
		func(ctx context.Context, in *struct {
			Body struct {
				Password string `json:"password,omitempty" maxLength:"1024"`
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
		func(ctx context.Context, in *struct {
			Body struct {
				Code    string `json:"code,omitempty" maxLength:"40"`
				Passkey string `json:"passkey,omitempty" maxLength:"20000" doc:"a passkey's answer to /people/me/factor/challenge, as JSON"`
			}
		}) (*Empty, error) {
			err := v.ProveFactor(ctx, people.Proof{Code: in.Body.Code, Passkey: in.Body.Passkey, Holder: s.Holder(ctx)})
			if err == nil {
				_, err = s.FactorShown(ctx)
			}
			return done(err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/people/me/recovery-codes", Needs: rbac.SignedIn, Secret: true, Summary: "Ten new recovery codes in place of the old; without a code, for who has just shown a factor"},
		func(ctx context.Context, in *struct {
			Body struct {
				Code string `json:"code,omitempty" maxLength:"40"`
			}
		}) (*One[Codes], error) {
			codes, err := v.NewRecoveryCodes(ctx, in.Body.Code)
			return one(Codes{codes}, err)
		})
}

func mountPasskeys(s *httpd.Server, v accounts) {
	challenge := func(asked string, err error) (*One[Challenge], error) { return one(Challenge{asked}, err) }
	httpd.API(s, httpd.Op{Method: "POST", Path: "/people/me/passkeys/challenge", Needs: rbac.SignedIn, Summary: "What a browser makes a passkey from; it serves once"},
		func(ctx context.Context, _ *Empty) (*One[Challenge], error) {
			return challenge(v.BeginPasskey(ctx, s.Holder(ctx)))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/people/me/passkeys", Needs: rbac.SignedIn, Secret: true, Summary: "Keep a passkey that the browser has made; ends your other sessions. The first factor takes the password and gives recovery codes"},
		func(ctx context.Context, in *struct {
			Body struct {
				Name     string `json:"name" maxLength:"60"`
				Password string `json:"password,omitempty" maxLength:"1024"`
				Answer   string `json:"answer" maxLength:"20000" doc:"the new PublicKeyCredential as JSON, with binary values in base64url"`
			}
		}) (*One[Codes], error) {
			codes, err := v.AddPasskey(ctx, people.NewPasskey{Name: in.Body.Name, Password: in.Body.Password, Holder: s.Holder(ctx), Answer: in.Body.Answer})
			if err == nil {
				_, err = s.FactorShown(ctx)
			}
			return one(Codes{append([]string{}, codes...)}, err)
		})
	httpd.API(s, httpd.Op{Method: "DELETE", Path: "/people/me/passkeys/{id}", Needs: rbac.SignedIn, Summary: "Remove a passkey; ends your other sessions", Status: 204},
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*Empty, error) {
			id, err := idOf[ident.PasskeyID](in.ID)
			if err != nil {
				return nil, err
			}
			due, err := v.RemovePasskey(ctx, id)
			if err == nil && due {
				s.FactorGone(ctx, due)
			}
			return done(err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/people/me/factor/challenge", Needs: rbac.SignedIn, Summary: "What your passkeys are asked when a factor is shown again; it serves once"},
		func(ctx context.Context, _ *Empty) (*One[Challenge], error) {
			asked, err := v.AskAgain(ctx, s.Holder(ctx))
			return challenge(asked.Passkey, err)
		})
}
