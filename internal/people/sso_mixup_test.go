package people_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/people"
)

// forgedHouse is a firm whose provider is f, turned on, with its administrator linked.
func (w world) forgedHouse(t *testing.T, f *forger) *house {
	t.Helper()
	h := w.house(t, calls(t, f.web), people.Issuer{URL: f.url, Client: "docketry"})
	h.firm.Exec(t, `INSERT INTO firm_sso (firm_id, issuer, proven_at, proven_by, on_at) VALUES (?, ?, ?, ?, ?)`, h.firm.ID, f.url, h.Clock.Now(), h.admin, h.Clock.Now())
	h.firm.Exec(t, `INSERT INTO sso_link (firm_id, issuer, subject, person_id, linked_at) VALUES (?, ?, 'rosalind', ?, ?)`, h.firm.ID, f.url, h.admin, h.Clock.Now())
	return h
}

// queryOf is what a way asks the provider.
func queryOf(t *testing.T, w people.Way) url.Values {
	t.Helper()
	u, err := url.Parse(w.Address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// A firm's provider that sends the firm's people on to another firm's, to be brought
// the code that they get there, is brought nothing (RFC 9700, 4.4).
func TestT12_AnotherFirmsCodeReachesNoProvider(t *testing.T) {
	t.Parallel()
	honest, hostile, w := newProvider(t), newForger(t), setup(t)
	ash := w.forgedHouse(t, hostile)
	hvl := &house{world: w, t: t, firm: coded(t, w)}
	list := []people.Issuer{{URL: hostile.url, Client: "docketry", Firms: []string{ash.firm.Code}}, honest.issuer()}
	list[1].Firms = []string{hvl.firm.Code}
	w.People.SignInThrough(people.NewProviders(list, calls(t, honest.web), w.Clock, here))
	hvl.admin, _ = hvl.Member(t, hvl.firm, "firm_admin")
	hvl.as = hvl.session(hvl.admin)
	hvl.turnOn(honest, user1, false)

	// The attacker's own attempt at the one firm, whose nonce and challenge the victim's
	// code is made for.
	way, err := hvl.People.WayIn(background(), hvl.firm.Code, people.Try{Network: from(), Holder: "the attacker's browser"})
	if err != nil {
		t.Fatal(err)
	}
	attacker := queryOf(t, way)
	if mine, theirs := attacker.Get("redirect_uri"), queryOf(t, ash.wayIn()).Get("redirect_uri"); mine == theirs {
		t.Fatalf("both firms' people come back to %s", mine)
	}
	lured := func() people.Back {
		q := url.Values{}
		for name, values := range attacker {
			q[name] = values
		}
		q.Set("state", queryOf(t, ash.wayIn()).Get("state"))
		to, err := url.Parse(way.Address)
		if err != nil {
			t.Fatal(err)
		}
		to.RawQuery = q.Encode()
		return honest.visit(people.Way{Address: to.String()}, user1)
	}
	refused := func(what string, b people.Back) {
		t.Helper()
		if a, err := ash.arrive(b); !errors.Is(err, people.ErrSSO) || a.Entered.Person != "" {
			t.Errorf("%s: %+v, %v", what, a, err)
		}
	}
	b := lured()
	if b.At != hvl.firm.Code || b.Answer.Get("code") == "" {
		t.Fatalf("the honest provider answers %+v", b)
	}
	refused("at the other firm's address", b)
	b = lured()
	b.At, b.Answer["iss"] = ash.firm.Code, []string{honest.url}
	refused("in the other provider's name", b)
	if n := hostile.codes.Load(); n != 0 {
		t.Errorf("the hostile provider was brought %d codes", n)
	}
	if n := ash.firm.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'sso.refused' AND result = 'denied'`, ash.firm.ID); n != 2 {
		t.Errorf("%d leaves of two refusals", n)
	}
}

// Who answered is compared where the answer says it, and has to be said where the
// provider announces that it does (RFC 9207); also when it signed nobody in.
func TestT12_WhoAnswered(t *testing.T) {
	t.Parallel()
	for name, announced := range map[string]bool{"announced": true, "not announced": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newForger(t)
			f.says = map[string]any{"authorization_response_iss_parameter_supported": announced}
			h := setup(t).forgedHouse(t, f)
			come := func(at string, answer url.Values) (people.Arrived, error) {
				t.Helper()
				q := queryOf(t, h.wayIn())
				now := h.Clock.Now()
				f.claims = map[string]any{"iss": f.url, "aud": "docketry", "sub": "rosalind", "nonce": q.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
				answer["state"] = append(answer["state"], q.Get("state"))
				return h.arrive(people.Back{At: at, Answer: answer, Holder: browser})
			}
			own, code, declined := h.firm.Code, []string{"code"}, []string{"access_denied"}
			unnamed, unnamedDeclined := error(nil), error(people.ErrSSODeclined)
			if announced {
				unnamed, unnamedDeclined = people.ErrSSO, people.ErrSSO
			}
			for _, c := range []struct {
				what, at string
				answer   url.Values
				want     error
			}{
				{"its own name", own, url.Values{"code": code, "iss": {f.url}}, nil},
				{"no name", own, url.Values{"code": code}, unnamed},
				{"another's name", own, url.Values{"code": code, "iss": {"https://login.elsewhere.example"}}, people.ErrSSO},
				{"its name with a slash", own, url.Values{"code": code, "iss": {f.url + "/"}}, people.ErrSSO},
				{"an empty name", own, url.Values{"code": code, "iss": {""}}, people.ErrSSO},
				{"two names", own, url.Values{"code": code, "iss": {f.url, "https://login.elsewhere.example"}}, people.ErrSSO},
				{"two codes", own, url.Values{"code": {"code", "another"}, "iss": {f.url}}, people.ErrSSO},
				{"two states", own, url.Values{"code": code, "iss": {f.url}, "state": {"another"}}, people.ErrSSO},
				{"another firm's address", "QQQ", url.Values{"code": code, "iss": {f.url}}, people.ErrSSO},
				{"no address", "", url.Values{"code": code, "iss": {f.url}}, people.ErrSSO},
				{"nothing", own, url.Values{"iss": {f.url}}, people.ErrSSO},
				{"an error", own, url.Values{"error": declined, "iss": {f.url}}, people.ErrSSODeclined},
				{"an error without a name", own, url.Values{"error": declined}, unnamedDeclined},
				{"an error in another's name", own, url.Values{"error": declined, "iss": {"https://login.elsewhere.example"}}, people.ErrSSO},
				{"an error at another firm's address", "QQQ", url.Values{"error": declined, "iss": {f.url}}, people.ErrSSO},
				{"an error and a code", own, url.Values{"error": declined, "code": code, "iss": {f.url}}, people.ErrSSO},
			} {
				before, brought := f.codes.Load(), int64(0)
				if c.want == nil {
					brought = 1
				}
				a, err := come(c.at, c.answer)
				if !errors.Is(err, c.want) || (a.Entered.Person == h.admin) != (c.want == nil) {
					t.Errorf("%s: %+v, %v, want %v", c.what, a, err, c.want)
				}
				if n := f.codes.Load() - before; n != brought {
					t.Errorf("%s: the provider was brought %d codes", c.what, n)
				}
			}
		})
	}
}

// Codes that lead nowhere are slowed by network, and none is answered meanwhile; no
// firm's name is said to whoever asks (T11).
func TestT11_TryingTheFirmsCodes(t *testing.T) {
	t.Parallel()
	f, w := newForger(t), setup(t)
	h := w.forgedHouse(t, f)
	off := coded(t, w)
	w.People.SignInThrough(people.NewProviders([]people.Issuer{{URL: f.url, Client: "docketry", Firms: []string{h.firm.Code, off.Code}}}, calls(t, f.web), w.Clock, here))
	if way := h.wayIn(); way.Firm != "" || way.Host == "" {
		t.Errorf("a stranger is told %+v", way)
	}
	stranger := comes()
	for _, code := range []string{"QQQ", off.Code, "", "ZZZ", "Q'Q"} {
		if _, err := w.People.WayIn(background(), code, stranger); !errors.Is(err, people.ErrSSONone) || err.Error() != people.ErrSSONone.Error() {
			t.Errorf("%q: %v", code, err)
		}
	}
	for _, code := range []string{"QQQ", h.firm.Code} {
		if _, err := w.People.WayIn(background(), code, stranger); !errors.Is(err, people.ErrThrottled) {
			t.Errorf("%q after five that lead nowhere: %v", code, err)
		}
	}
	if _, err := w.People.WayIn(background(), h.firm.Code, comes()); err != nil {
		t.Errorf("from another network: %v", err)
	}
	_, email := h.Member(t, h.firm, "partner")
	if _, err := w.People.SignIn(background(), try(email, good, stranger.Network)); err != nil {
		t.Errorf("with a password from the same network: %v", err)
	}
	w.Clock.Advance(2 * time.Second)
	if _, err := w.People.WayIn(background(), h.firm.Code, stranger); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// The provider of a firm whose people do not come through it is not called: it could
// not be, and the answer is as for a code that is nobody's.
func TestT11_NoCallForAFirmThatIsNotOn(t *testing.T) {
	t.Parallel()
	h := setup(t).house(t, calls(t, newForger(t).web), people.Issuer{URL: "https://127.0.0.1:1", Client: "docketry"})
	if _, err := h.People.WayIn(background(), h.firm.Code, comes()); !errors.Is(err, people.ErrSSONone) {
		t.Errorf("%v", err)
	}
}
