package people

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbound"
)

// CallbackPath is the one address that providers send people back to.
const CallbackPath = "/sign-in/through/back"

// Issuer is a firm's provider as the operator lists it.
type Issuer struct {
	URL    string
	Client string // this installation's name there
	Secret string
	Firms  []string // codes of the firms that may use it
	MFA    []string // values of acr that stand for a second factor; none: the person's own is asked for
}

// Providers are the operator's list. The nil value is an empty one.
type Providers struct {
	list  []Issuer
	calls *outbound.Client
	clock clock.Clock
	back  string // the redirect address, exactly

	mu    sync.Mutex
	known map[string]*oidc.Provider
}

// NewProviders calls them through calls alone.
func NewProviders(list []Issuer, calls *outbound.Client, c clock.Clock, publicURL string) *Providers {
	return &Providers{list: list, calls: calls, clock: c, back: strings.TrimSuffix(publicURL, "/") + CallbackPath, known: map[string]*oidc.Provider{}}
}

// of is the provider of a firm, by its code.
func (p *Providers) of(code string) (Issuer, bool) {
	if p == nil {
		return Issuer{}, false
	}
	i := slices.IndexFunc(p.list, func(x Issuer) bool { return slices.Contains(x.Firms, code) })
	if i < 0 {
		return Issuer{}, false
	}
	return p.list[i], true
}

// algorithms are what a token may be signed with; "none" and shared secrets are not.
var algorithms = []string{oidc.RS256, oidc.ES256, oidc.PS256, oidc.EdDSA}

// provider reads what the issuer says of itself, once.
func (p *Providers) provider(ctx context.Context, i Issuer) (*oidc.Provider, error) {
	p.mu.Lock()
	known := p.known[i.URL]
	p.mu.Unlock()
	if known != nil {
		return known, nil
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.calls.HTTP()), i.URL)
	if err != nil {
		return nil, ErrSSOAway.Because(err)
	}
	if err := p.calls.Check(found.Endpoint().AuthURL); err != nil {
		return nil, ErrSSOAway.Because(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[i.URL] = found
	return found, nil
}

func (p *Providers) config(i Issuer, at *oidc.Provider) oauth2.Config {
	return oauth2.Config{ClientID: i.Client, ClientSecret: i.Secret, Endpoint: at.Endpoint(), RedirectURL: p.back, Scopes: []string{oidc.ScopeOpenID}}
}

// journey is one way to the provider and back.
type journey struct {
	state, nonce, verifier string
}

func newJourney(firm ident.FirmID) (j journey, err error) {
	if j.state, err = secret(); err != nil {
		return j, err
	}
	j.state = string(firm) + "." + j.state // the firm inside which the answer is looked for
	if j.nonce, err = secret(); err != nil {
		return j, err
	}
	j.verifier = oauth2.GenerateVerifier()
	return j, nil
}

// address is where the browser goes.
func (p *Providers) address(ctx context.Context, i Issuer, j journey) (string, error) {
	at, err := p.provider(ctx, i)
	if err != nil {
		return "", err
	}
	c := p.config(i, at)
	return c.AuthCodeURL(j.state, oidc.Nonce(j.nonce), oauth2.S256ChallengeOption(j.verifier)), nil
}

// shown is who came back: the issuer's name of them, and whether it asked for more
// than a password.
type shown struct {
	subject string
	mfa     bool
}

// redeem takes the code to the issuer and judges the token that comes for it. Whatever
// is wrong with it is ErrSSO, with the reason for the log.
func (p *Providers) redeem(ctx context.Context, i Issuer, j journey, code string) (s shown, err error) {
	at, err := p.provider(ctx, i)
	if err != nil {
		return s, err
	}
	ctx, stop := context.WithTimeout(oidc.ClientContext(ctx, p.calls.HTTP()), 3*outbound.Timeout)
	defer stop()
	c := p.config(i, at)
	t, err := c.Exchange(ctx, code, oauth2.VerifierOption(j.verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			return s, ErrSSO.Because(fmt.Errorf("the issuer took no code: %s", refused.ErrorCode)) // its own words may name somebody
		}
		return s, ErrSSOAway.Because(err)
	}
	text, _ := t.Extra("id_token").(string)
	id, err := at.Verifier(&oidc.Config{ClientID: i.Client, SupportedSigningAlgs: algorithms, Now: p.clock.Now}).Verify(ctx, text)
	if err != nil {
		return s, ErrSSO.Because(err)
	}
	var claims struct {
		AZP string `json:"azp"`
		ACR string `json:"acr"`
	}
	if err := id.Claims(&claims); err != nil {
		return s, ErrSSO.Because(err)
	}
	switch {
	case id.Nonce == "" || id.Nonce != j.nonce:
		err = errors.New("the token answers another sign-in")
	case len(id.Audience) > 1 && claims.AZP != i.Client || claims.AZP != "" && claims.AZP != i.Client:
		err = errors.New("the token is for another program")
	case id.Subject == "" || len(id.Subject) > 255:
		err = errors.New("the token names nobody")
	}
	if err != nil {
		return s, ErrSSO.Because(err)
	}
	return shown{id.Subject, claims.ACR != "" && slices.Contains(i.MFA, claims.ACR)}, nil
}

// hostOf is what a person is told of where they go.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
