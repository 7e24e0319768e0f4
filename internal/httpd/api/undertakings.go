package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/undertaking"
	"github.com/docketry/docketry/rbac"
)

// undertakings are the texts that the bureau's people give, and who gave them.
type undertakings interface {
	Standing(ctx context.Context) (undertaking.Standing, error)
	States(ctx context.Context) ([]undertaking.State, error)
	Publish(ctx context.Context, d undertaking.Draft) (undertaking.Text, error)
	Require(ctx context.Context, on bool) error
	Mine(ctx context.Context) ([]undertaking.Mine, error)
	Give(ctx context.Context, firm ident.FirmID, version int, sum string) error
}

// UndertakingText is one version of a text.
type UndertakingText struct {
	Firm        ident.FirmID `json:"firm_id,omitempty" class:"C1" doc:"left out for the bureau's own"`
	Version     int          `json:"version" class:"C1"`
	Body        string       `json:"body" class:"C1"`
	SHA256      string       `json:"sha256" class:"C1" doc:"of the body in UTF-8"`
	PublishedBy string       `json:"published_by,omitempty" class:"C1"`
	PublishedAt time.Time    `json:"published_at" class:"C1"`
	FormerUntil *time.Time   `json:"former_until,omitempty" class:"C1" doc:"until when earlier versions count"`
}

func toUndertakingText(t undertaking.Text) UndertakingText {
	return UndertakingText{t.Firm, t.Version, t.Body, t.SHA256, t.PublishedBy, t.PublishedAt.UTC(), utc(t.FormerUntil)}
}

// UndertakingStanding is what stands in a firm.
type UndertakingStanding struct {
	Bureau   UndertakingText  `json:"bureau"`
	Own      *UndertakingText `json:"own,omitempty" doc:"what the firm asks for besides"`
	Required bool             `json:"required" class:"C1" doc:"nobody of the bureau's looks before they gave what is asked"`
	Waiting  int              `json:"waiting" class:"C1" doc:"people with access who lack something today"`
}

func toUndertakingStanding(s undertaking.Standing) UndertakingStanding {
	out := UndertakingStanding{Bureau: toUndertakingText(s.Bureau), Required: s.Required, Waiting: s.Waiting}
	if s.Own.Version > 0 {
		own := toUndertakingText(s.Own)
		out.Own = &own
	}
	return out
}

// UndertakingWord is what a person gave last of one text.
type UndertakingWord struct {
	Version int       `json:"version" class:"C1"`
	GivenAt time.Time `json:"given_at" class:"C1"`
	Current bool      `json:"current" class:"C1" doc:"it is the version that stands"`
}

func toUndertakingWord(w undertaking.Word) *UndertakingWord {
	if w.Version == 0 {
		return nil
	}
	return &UndertakingWord{w.Version, w.At.UTC(), w.Current}
}

// UndertakingState is what one of the bureau's people gave.
type UndertakingState struct {
	Person    ident.PersonID   `json:"person_id" class:"C1"`
	Name      string           `json:"name" class:"C1"`
	Bureau    *UndertakingWord `json:"bureau,omitempty" doc:"left out where none was given"`
	Firm      *UndertakingWord `json:"firm,omitempty" doc:"of the firm's own text"`
	WaitsFrom *time.Time       `json:"waits_from,omitempty" class:"C1" doc:"from when their access here gives nothing for want of one"`
}

func toUndertakingState(s undertaking.State) UndertakingState {
	return UndertakingState{s.Person, s.Name, toUndertakingWord(s.Bureau), toUndertakingWord(s.Firm), utc(s.Waits)}
}

// MyUndertaking is one text that is asked of you.
type MyUndertaking struct {
	UndertakingText
	FirmName  string           `json:"firm_name,omitempty" class:"C1"`
	Given     *UndertakingWord `json:"given,omitempty" doc:"what you gave last"`
	WaitsFrom *time.Time       `json:"waits_from,omitempty" class:"C1" doc:"from when a firm's access gives nothing for want of it"`
}

func toMyUndertaking(m undertaking.Mine) MyUndertaking {
	return MyUndertaking{toUndertakingText(m.Text), m.FirmName, toUndertakingWord(m.Word), utc(m.Waits)}
}

// Undertakings mounts them.
func Undertakings(s *httpd.Server, v undertakings) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/undertakings", Needs: rbac.UndertakingRead, Summary: "What the bureau's people who have access, or for whom it is asked, gave to the bureau and to this firm"},
		func(ctx context.Context, _ *InFirm) (*Many[UndertakingState], error) {
			list, err := v.States(ctx)
			return many(list, err, toUndertakingState)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/undertaking", Needs: rbac.UndertakingRead, Summary: "The texts that stand, and whether looking waits for them"},
		func(ctx context.Context, _ *InFirm) (*One[UndertakingStanding], error) {
			st, err := v.Standing(ctx)
			return one(toUndertakingStanding(st), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/undertaking/versions", Needs: rbac.UndertakingPublish, Summary: "Publish a text: the firm's own, or in the bureau's domain the bureau's", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Body        string     `json:"body" maxLength:"20000"`
				FormerUntil *time.Time `json:"former_until,omitempty" doc:"until when earlier versions count, at most 90 days from now; not asked of the first"`
				After       int        `json:"after,omitempty" doc:"the version that you have read, 0 for none"`
			}
		}) (*One[UndertakingText], error) {
			t, err := v.Publish(ctx, undertaking.Draft{Body: in.Body.Body, FormerUntil: utc(in.Body.FormerUntil), After: in.Body.After})
			return one(toUndertakingText(t), err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/undertaking/required", Needs: rbac.UndertakingPublish, Summary: "Let the bureau's people look only after they gave what is asked, from now on", Status: 204},
		func(ctx context.Context, _ *InFirm) (*Empty, error) { return done(v.Require(ctx, true)) })
	httpd.API(s, httpd.Op{Method: "DELETE", Path: "/firms/{firm}/undertaking/required", Needs: rbac.UndertakingPublish, Summary: "Let them look whether or not they gave it", Status: 204},
		func(ctx context.Context, _ *InFirm) (*Empty, error) { return done(v.Require(ctx, false)) })
	httpd.API(s, httpd.Op{Method: "GET", Path: "/people/me/undertakings", Needs: rbac.SignedIn, Summary: "The undertakings that are asked of you"},
		func(ctx context.Context, _ *struct{}) (*Many[MyUndertaking], error) {
			list, err := v.Mine(ctx)
			return many(list, err, toMyUndertaking)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/people/me/undertakings", Needs: rbac.SignedIn, Summary: "Give an undertaking that you have read; it asks for your second factor again", Status: 204},
		func(ctx context.Context, in *struct {
			Body struct {
				Firm    string `json:"firm_id,omitempty" doc:"left out for the bureau's own"`
				Version int    `json:"version"`
				SHA256  string `json:"sha256" doc:"of the text that you read"`
			}
		}) (*Empty, error) {
			firm, err := optionalID[ident.FirmID](in.Body.Firm)
			if err != nil {
				return nil, err
			}
			return done(v.Give(ctx, firm, in.Body.Version, in.Body.SHA256))
		})
}
