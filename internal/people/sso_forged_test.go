package people_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/docketry/docketry/internal/people"
)

// forger is a provider whose tokens say what a test wants.
type forger struct {
	url    string
	web    *http.Client
	key    *ecdsa.PrivateKey
	sign   *ecdsa.PrivateKey // what it signs with; key unless a test says otherwise
	claims map[string]any
	bare   bool           // signs with nothing
	says   map[string]any // of itself, besides its addresses
	codes  atomic.Int64   // that it was brought
}

func newForger(t *testing.T) *forger {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f := &forger{key: key, sign: key}
	mux := http.NewServeMux()
	srv := httptest.NewTLSServer(mux)
	t.Cleanup(srv.Close)
	f.url, f.web = srv.URL, srv.Client()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		said := map[string]any{"issuer": f.url, "authorization_endpoint": f.url + "/auth", "token_endpoint": f.url + "/token", "jwks_uri": f.url + "/keys", "id_token_signing_alg_values_supported": []string{"ES256", "HS256", "none"}}
		maps.Copy(said, f.says)
		answer(w, said)
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &f.key.PublicKey, KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, _ *http.Request) {
		f.codes.Add(1)
		answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": f.token(t)})
	})
	return f
}

func (f *forger) token(t *testing.T) string {
	b, err := json.Marshal(f.claims)
	if err != nil {
		t.Error(err)
	}
	if f.bare {
		return raw([]byte(`{"alg":"none"}`)) + "." + raw(b) + "."
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: f.sign, KeyID: "1"}}, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	signed, err := signer.Sign(b)
	if err != nil {
		t.Error(err)
		return ""
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Error(err)
	}
	return text
}

func TestTokensThatAreNotForThisSignIn(t *testing.T) {
	t.Parallel()
	f := newForger(t)
	h := setup(t).house(t, calls(t, f.web), people.Issuer{URL: f.url, Client: "docketry", MFA: []string{"mfa"}})
	h.firm.Exec(t, `INSERT INTO firm_sso (firm_id, issuer, proven_at, proven_by, on_at) VALUES (?, ?, ?, ?, ?)`, h.firm.ID, f.url, h.Clock.Now(), h.admin, h.Clock.Now())
	h.firm.Exec(t, `INSERT INTO sso_link (firm_id, issuer, subject, person_id, linked_at) VALUES (?, ?, 'rosalind', ?, ?)`, h.firm.ID, f.url, h.admin, h.Clock.Now())
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	come := func(change func()) (people.Arrived, error) {
		t.Helper()
		w := h.wayIn()
		u, err := url.Parse(w.Address)
		if err != nil {
			t.Fatal(err)
		}
		now := h.Clock.Now()
		f.sign, f.bare = f.key, false
		f.claims = map[string]any{"iss": f.url, "aud": "docketry", "sub": "rosalind", "nonce": u.Query().Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
		change()
		return h.arrive(people.Back{At: h.firm.Code, Answer: url.Values{"state": u.Query()["state"], "code": {"code"}}, Holder: browser})
	}
	for what, change := range map[string]func(){
		"wrong issuer":              func() { f.claims["iss"] = "https://login.elsewhere.example" },
		"wrong audience":            func() { f.claims["aud"] = "another program" },
		"issued to another program": func() { f.claims["aud"], f.claims["azp"] = []string{"docketry", "another"}, "another" },
		"no party of two":           func() { f.claims["aud"] = []string{"docketry", "another"} },
		"nonce of another sign-in":  func() { f.claims["nonce"] = "another" },
		"no nonce":                  func() { delete(f.claims, "nonce") },
		"expired":                   func() { f.claims["exp"] = h.Clock.Now().Add(-time.Second).Unix() },
		"nobody":                    func() { f.claims["sub"] = "" },
		"another key":               func() { f.sign = stranger },
		"no signature":              func() { f.bare = true },
	} {
		if a, err := come(change); !errors.Is(err, people.ErrSSO) || a.Entered.Person != "" {
			t.Errorf("%s: %+v, %v", what, a, err)
		}
	}
	if a, err := come(func() {
		f.claims["sub"], f.claims["email"] = "somebody else", fmt.Sprintf("%s@people.example", h.admin)
	}); !errors.Is(err, people.ErrSSOUnknown) {
		t.Errorf("another subject with the administrator's address: %+v, %v", a, err)
	}
	if a, err := come(func() {}); err != nil || a.Entered.Person != h.admin || !a.Entered.FactorDue {
		t.Errorf("a good one: %+v, %v", a, err)
	}
	if a, err := come(func() { f.claims["acr"] = "mfa" }); err != nil || a.Entered.FactorDue || a.Entered.FactorShown {
		t.Errorf("a good one after two factors: %+v, %v", a, err)
	}
}
