package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// accounts is what people do about themselves.
type accounts interface {
	SignIn(ctx context.Context, t people.Try) (people.Entered, error)
	Switch(ctx context.Context, firm ident.FirmID) (people.Entered, error)
	SignedOut(ctx context.Context) error
	Me(ctx context.Context) (people.Me, error)
	Sessions(ctx context.Context) ([]people.Session, error)
	EndSession(ctx context.Context, id ident.SessionID) error
	EndOtherSessions(ctx context.Context) error
	ChangePassword(ctx context.Context, present, wanted string) error
	Enrol(ctx context.Context, token, password string) (people.Person, error)
	Forgot(ctx context.Context, email, network string) error
	Factors(ctx context.Context) (people.Factors, error)
	BeginApp(ctx context.Context) (people.Shown, error)
	ConfirmApp(ctx context.Context, password, code string) ([]string, error)
	ProveFactor(ctx context.Context, p people.Proof) error
	AskToEnter(ctx context.Context, holder string) (string, error)
	Enter(ctx context.Context, t people.Try) (people.Entered, error)
	AskAgain(ctx context.Context, holder string) (people.Asked, error)
	BeginPasskey(ctx context.Context, holder string) (string, error)
	AddPasskey(ctx context.Context, in people.NewPasskey) ([]string, error)
	RemovePasskey(ctx context.Context, id ident.PasskeyID) (due bool, err error)
	RemoveApp(ctx context.Context, code string) (due bool, err error)
	NewRecoveryCodes(ctx context.Context, code string) ([]string, error)
}

// Entered is who has signed in, and where they may work.
type Entered struct {
	Person  ident.PersonID `json:"person_id" class:"C1"`
	Name    string         `json:"name" class:"C1"`
	Staff   bool           `json:"staff" class:"C1" doc:"works for the bureau: the path names the firm"`
	Firm    ident.FirmID   `json:"firm_id,omitempty" class:"C1" doc:"the firm that the session is bound to"`
	Firms   []ident.FirmID `json:"firm_ids,omitempty" class:"C1" doc:"of a firm's own user; choose one with PUT /people/me/firm"`
	Expires time.Time      `json:"expires_at" class:"C1"`
	Due     bool           `json:"factor_due,omitempty" class:"C1" doc:"a role asks for a second factor: set one up with /people/me/app before anything else"`
}

func toEntered(e people.Entered) Entered {
	return Entered{e.Person, e.Name, e.Staff, e.Firm, e.Firms, e.Deadline.UTC(), e.FactorDue}
}

// Session is one place where a person is signed in.
type Session struct {
	ID      ident.SessionID `json:"id" class:"C1"`
	Device  string          `json:"device" class:"C1"`
	Network string          `json:"network" class:"C1"`
	Created time.Time       `json:"created_at" class:"C1"`
	Seen    time.Time       `json:"seen_at" class:"C1"`
	Expires time.Time       `json:"expires_at" class:"C1"`
	Current bool            `json:"current" class:"C1"`
}

func toSession(s people.Session) Session {
	return Session{s.ID, s.Device, s.Network, s.CreatedAt.UTC(), s.SeenAt.UTC(), s.ExpiresAt.UTC(), s.Current}
}

// Me is the person who asks.
type Me struct {
	ID    ident.PersonID `json:"id" class:"C1"`
	Email string         `json:"email" class:"C1"`
	Name  string         `json:"name" class:"C1"`
	Staff bool           `json:"staff" class:"C1"`
	Firms []ident.FirmID `json:"firm_ids" class:"C1"`
	// Hidden says what the person's grants say and the session lacks; see httpd.Server.
	Hidden bool `json:"restricted_hidden" class:"C1" doc:"your grants reach restricted or sealed matters, which stay absent until you show a factor again with POST /people/me/factor"`
}

type signIn struct {
	Browser string `header:"User-Agent"`
	Body    struct {
		Email    string `json:"email" maxLength:"254"`
		Password string `json:"password" maxLength:"1024"`
		Code     string `json:"code,omitempty" maxLength:"40" doc:"of the authenticator app, or a recovery code; needed when the answer was factor_needed"`
	}
}

// Accounts mounts signing in and out and everything about oneself.
func Accounts(s *httpd.Server, v accounts) {
	begin := func(ctx context.Context, e people.Entered, browser string, switched bool) (*One[Entered], error) {
		err := s.SignIn(ctx, httpd.Started{Person: e.Person, Firm: e.Firm, Via: e.Via, Choose: !e.Staff && e.Firm == "", At: e.At, Deadline: e.Deadline, Factor: e.FactorShown, Due: e.FactorDue, Switched: switched, Device: browser[:min(len(browser), 200)], Network: httpd.Network(ctx)})
		return one(toEntered(e), err)
	}
	httpd.API(s, httpd.Op{Method: "POST", Path: "/sessions", Needs: rbac.Public, Summary: "Sign in; the session is a cookie", Status: 201},
		func(ctx context.Context, in *signIn) (*One[Entered], error) {
			e, err := v.SignIn(ctx, people.Try{Email: in.Body.Email, Password: in.Body.Password, Network: httpd.Network(ctx), Browser: in.Browser, Code: in.Body.Code})
			if err != nil {
				return nil, err
			}
			return begin(ctx, e, in.Browser, false)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/sessions/challenge", Needs: rbac.Public, Summary: "What any passkey is asked when it signs in; it serves once"},
		func(ctx context.Context, _ *Empty) (*One[Challenge], error) {
			asked, err := v.AskToEnter(ctx, s.Holder(ctx))
			return one(Challenge{asked}, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/sessions/passkey", Needs: rbac.Public, Summary: "Sign in with a passkey, without a password; the session is a cookie", Status: 201},
		func(ctx context.Context, in *struct {
			Browser string `header:"User-Agent"`
			withAnswer
		}) (*One[Entered], error) {
			e, err := v.Enter(ctx, people.Try{Passkey: in.Body.Answer, Holder: s.Holder(ctx), Network: httpd.Network(ctx), Browser: in.Browser})
			if err != nil {
				return nil, err
			}
			return begin(ctx, e, in.Browser, false)
		})
	httpd.API(s, httpd.Op{Method: "DELETE", Path: "/sessions/current", Needs: rbac.SignedIn, Summary: "Sign out", Status: 204},
		func(ctx context.Context, _ *Empty) (*Empty, error) {
			if err := v.SignedOut(ctx); err != nil {
				return nil, err
			}
			return done(s.SignOut(ctx))
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/sessions", Needs: rbac.SignedIn, Summary: "Where you are signed in"},
		func(ctx context.Context, _ *Empty) (*Many[Session], error) {
			list, err := v.Sessions(ctx)
			return many(list, err, toSession)
		})
	httpd.API(s, httpd.Op{Method: "DELETE", Path: "/sessions/{id}", Needs: rbac.SignedIn, Summary: "End one of your sessions", Status: 204},
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*Empty, error) {
			id, err := idOf[ident.SessionID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.EndSession(ctx, id))
		})
	httpd.API(s, httpd.Op{Method: "DELETE", Path: "/sessions", Needs: rbac.SignedIn, Summary: "End all your other sessions", Status: 204},
		func(ctx context.Context, _ *Empty) (*Empty, error) { return done(v.EndOtherSessions(ctx)) })
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/people/me/firm", Needs: rbac.SignedIn, Summary: "Work in another of your firms, in a new session"},
		func(ctx context.Context, in *struct {
			Browser string `header:"User-Agent"`
			Body    struct {
				Firm string `json:"firm_id"`
			}
		}) (*One[Entered], error) {
			firm, err := idOf[ident.FirmID](in.Body.Firm)
			if err != nil {
				return nil, err
			}
			e, err := v.Switch(ctx, firm)
			if err != nil {
				return nil, err
			}
			return begin(ctx, e, in.Browser, true)
		})
	mountMe(s, v)
	mountFactors(s, v)
	mountPasskeys(s, v)
}

func mountMe(s *httpd.Server, v accounts) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/people/me", Needs: rbac.SignedIn, Summary: "Who you are and where you may work"},
		func(ctx context.Context, _ *Empty) (*One[Me], error) {
			me, err := v.Me(ctx)
			if err != nil {
				return nil, err
			}
			hidden, err := s.Hidden(ctx)
			return one(Me{me.ID, me.Email, me.Name, me.Staff, append([]ident.FirmID{}, me.Firms...), hidden}, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/people/me/password", Needs: rbac.SignedIn, Summary: "Change your password; ends your other sessions", Status: 204},
		func(ctx context.Context, in *struct {
			Body struct {
				Present  string `json:"present" maxLength:"1024"`
				Password string `json:"password" maxLength:"1024"`
			}
		}) (*Empty, error) {
			return done(v.ChangePassword(ctx, in.Body.Present, in.Body.Password))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/enrolments", Needs: rbac.Public, Summary: "Choose a password with a one-time link", Status: 204},
		func(ctx context.Context, in *struct {
			Body struct {
				Token    string `json:"token" maxLength:"100"`
				Password string `json:"password" maxLength:"1024"`
			}
		}) (*Empty, error) {
			_, err := v.Enrol(ctx, in.Body.Token, in.Body.Password)
			return done(err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/password-resets", Needs: rbac.Public, Summary: "Ask for a link for a new password; the answer is the same for any address", Status: 204},
		func(ctx context.Context, in *struct {
			Body struct {
				Email string `json:"email" maxLength:"254"`
			}
		}) (*Empty, error) {
			return done(v.Forgot(ctx, in.Body.Email, httpd.Network(ctx)))
		})
}
