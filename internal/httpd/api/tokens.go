package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/rbac"
)

// tokens is the programs that act in a firm.
type tokens interface {
	Tokens(ctx context.Context) ([]people.Token, error)
	CreateToken(ctx context.Context, d people.TokenDraft) (people.Token, seal.Secret, error)
	EndToken(ctx context.Context, id ident.TokenID) error
}

// Token is one API token, without its text.
type Token struct {
	ID          ident.TokenID     `json:"id" class:"C1"`
	Name        string            `json:"name" class:"C1"`
	By          string            `json:"created_by,omitempty" class:"C1"`
	Permissions []rbac.Permission `json:"permissions" class:"C1"`
	Class       int               `json:"class" class:"C1" doc:"highest class of field it shows, 1 to 3"`
	Networks    []string          `json:"networks" class:"C1"`
	Created     time.Time         `json:"created_at" class:"C1"`
	Expires     time.Time         `json:"expires_at" class:"C1"`
	LastUsed    *time.Time        `json:"last_used_at,omitempty" class:"C1"`
	Ended       *time.Time        `json:"ended_at,omitempty" class:"C1"`
}

// NewToken is a token just made, with its text this once.
type NewToken struct {
	Token
	Text string `json:"token" class:"C1" shown:"once" doc:"shown once; send it as Authorization: Bearer"`
}

func toToken(t people.Token) Token {
	return Token{t.ID, t.Name, t.By, t.Permissions, int(t.Class), t.Networks, t.Created.UTC(), t.Expires.UTC(), utc(t.LastUsed), utc(t.Ended)}
}

// TokenDraft is a token as it is asked for.
type TokenDraft struct {
	Name        string            `json:"name" maxLength:"80"`
	Permissions []rbac.Permission `json:"permissions" maxItems:"100" doc:"a subset of your own"`
	Class       int               `json:"class" minimum:"1" maximum:"3"`
	Networks    []string          `json:"networks" maxItems:"20" doc:"addresses it may come from, such as 198.51.100.0/24"`
	Days        int               `json:"days" minimum:"1" maximum:"90"`
}

// Tokens mounts the tokens of a firm.
func Tokens(s *httpd.Server, v tokens) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/tokens", Needs: rbac.TokenRead, Summary: "API tokens of the firm"},
		func(ctx context.Context, _ *struct{ InFirm }) (*Many[Token], error) {
			list, err := v.Tokens(ctx)
			return many(list, err, toToken)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/tokens", Needs: rbac.TokenCreate, Summary: "Make an API token; its text is shown once", Status: 201, Creates: true, Secret: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body TokenDraft
		}) (*One[NewToken], error) {
			b := in.Body
			t, text, err := v.CreateToken(ctx, people.TokenDraft{Name: b.Name, Permissions: b.Permissions, Class: authz.Class(b.Class), Networks: b.Networks, Days: b.Days}) // 1 to 3 by the schema
			return one(NewToken{toToken(t), text.Reveal()}, err)
		})
	httpd.API(s, httpd.Op{Method: "DELETE", Path: "/firms/{firm}/tokens/{id}", Needs: rbac.TokenEnd, Summary: "End an API token at once", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.TokenID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.EndToken(ctx, id))
		})
}
