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

// CallbackRoute is where providers send people back to: each firm's at an address of
// its own, so that an answer of one firm's provider cannot be passed off as the answer
// of another's (RFC 9700, 4.4.2).
const CallbackRoute = "/sign-in/through/{code}/back"

// CallbackPath is the firm's, by its code.
func CallbackPath(code string) string {
	return strings.Replace(CallbackRoute, "{code}", url.PathEscape(code), 1)
}

// Issuer is a firm's provider as the operator lists it.
type Issuer struct {
	URL    string
	Client string // this installation's name there
	Secret string
	Firms  []string // codes of the firms that may use it
	MFA    []string // values of acr that stand for a second factor; none: the person's own is asked for
	firm   string   // the code of the firm it was looked up for
}

// Providers are the operator's list. The nil value is an empty one.
type Providers struct {
	list  []Issuer
	calls *outbound.Client
	clock clock.Clock
	url   string // this installation's, without a slash at its end

	mu    sync.Mutex
	known map[string]*metadata
}

// metadata is what an issuer says of itself.
type metadata struct {
	*oidc.Provider
	namesItself bool // in every answer that a browser brings from it (RFC 9207, 3)
}

// NewProviders calls them through calls alone.
func NewProviders(list []Issuer, calls *outbound.Client, c clock.Clock, publicURL string) *Providers {
	return &Providers{list: list, calls: calls, clock: c, url: strings.TrimSuffix(publicURL, "/"), known: map[string]*metadata{}}
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
	found := p.list[i]
	found.firm = code
	return found, true
}

// back is the redirect address of a firm's provider, exactly.
func (p *Providers) back(code string) string {
	if p == nil {
		return ""
	}
	return p.url + CallbackPath(code)
}

// algorithms are what a token may be signed with; "none" and shared secrets are not.
var algorithms = []string{oidc.RS256, oidc.ES256, oidc.PS256, oidc.EdDSA}

// provider reads what the issuer says of itself, once.
func (p *Providers) provider(ctx context.Context, i Issuer) (*metadata, error) {
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
	var says struct {
		NamesItself bool `json:"authorization_response_iss_parameter_supported"`
	}
	if err := found.Claims(&says); err != nil {
		return nil, ErrSSOAway.Because(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[i.URL] = &metadata{found, says.NamesItself}
	return p.known[i.URL], nil
}

func (p *Providers) config(i Issuer, at *metadata) oauth2.Config {
	return oauth2.Config{ClientID: i.Client, ClientSecret: i.Secret, Endpoint: at.Endpoint(), RedirectURL: p.back(i.firm), Scopes: []string{oidc.ScopeOpenID}}
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

// Back is how somebody came back.
type Back struct {
	At     string     // the code of the firm at whose address they came
	Answer url.Values // what the provider sent along
	Holder string     // the browser's session
}

// one is a parameter of the answer. RFC 6749 lets none come twice (3.1).
func (b Back) one(name string) (value string, given bool, err error) {
	switch values, given := b.Answer[name]; {
	case len(values) > 1:
		return "", given, fmt.Errorf("%s comes %d times", name, len(values))
	case !given || len(values) == 0:
		return "", given, nil
	default:
		return values[0], true, nil
	}
}

// state is the answer's, "" for none that could serve.
func (b Back) state() string {
	s, _, err := b.one("state")
	if err != nil {
		return ""
	}
	return s
}

// code is what the provider sent, once it is sure that it was the attempt's own: an
// answer that came from another's is the answer of a mix-up (RFC 9700, 4.4), and its
// code must reach nobody. why is for the log.
func (p *Providers) code(ctx context.Context, i Issuer, b Back) (code, why string, err error) {
	if b.At != i.firm {
		return "", "address", ErrSSO
	}
	at, err := p.provider(ctx, i)
	if err != nil {
		return "", "", err
	}
	switch iss, given, err := b.one("iss"); {
	case err != nil, given && iss != i.URL, !given && at.namesItself:
		return "", "issuer", ErrSSO
	}
	_, failed, failure := b.one("error")
	code, _, err = b.one("code")
	switch {
	case err != nil, failure != nil, failed && code != "":
		return "", "answer", ErrSSO
	case failed:
		return "", "declined", ErrSSODeclined
	case code == "":
		return "", "answer", ErrSSO
	}
	return code, "", nil
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
