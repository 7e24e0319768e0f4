package people_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbound"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// callbacks are the redirect addresses of every firm that coded makes.
func callbacks() (all []string) {
	for n := range int64(13 * 13) {
		all = append(all, here+people.CallbackPath(codeOf(n)))
	}
	return all
}

// backAt is how a browser comes back to an address of ours.
func backAt(to *url.URL) people.Back {
	code := strings.TrimSuffix(strings.TrimPrefix(to.Path, "/sign-in/through/"), "/back")
	return people.Back{At: code, Answer: to.Query(), Holder: browser}
}

// provider is a real one (zitadel's), with the users id1 and id2 in memory.
type provider struct {
	t     *testing.T
	url   string
	web   *http.Client
	store *storage.Storage
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	var h http.Handler
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	p := &provider{t: t, url: srv.URL, web: srv.Client()}
	p.web.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p.store = storage.NewStorageWithClients(storage.NewUserStore(srv.URL), map[string]*storage.Client{"docketry": storage.WebClient("docketry", "secret of the test", callbacks()...)})
	made, err := op.NewProvider(&op.Config{CryptoKey: [32]byte{1}, CryptoKeyId: "k", CodeMethodS256: true}, p.store, op.StaticIssuer(srv.URL))
	if err != nil {
		t.Fatal(err)
	}
	h = made
	return p
}

// calls reaches a server of a test and nothing else.
func calls(t *testing.T, web *http.Client) *outbound.Client {
	t.Helper()
	return outbound.New(outbound.Loopback{Roots: web.Transport.(*http.Transport).TLSClientConfig.RootCAs})
}

// visit goes where the way leads, signs in there as the user and comes back.
func (p *provider) visit(w people.Way, user string) people.Back {
	p.t.Helper()
	login := p.get(w.Address)
	id := login.Query().Get("authRequestID")
	if err := p.store.CheckUsernamePassword(user, "verysecure", id); err != nil {
		p.t.Fatalf("sign in at the provider as %s: %v", user, err)
	}
	back := p.get(p.url + "/authorize/callback?id=" + id)
	if !strings.HasPrefix(back.String(), here+"/sign-in/through/") {
		p.t.Fatalf("the provider leads to %s", back)
	}
	return backAt(back)
}

func (p *provider) get(address string) *url.URL {
	p.t.Helper()
	res, err := p.web.Get(address)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	to, err := res.Location()
	if err != nil {
		p.t.Fatalf("%s: %s, %v", address, res.Status, err)
	}
	return to
}

// house is a firm whose provider is listed, its administrator in a session, and the
// service that knows it.
type house struct {
	world
	t     *testing.T
	firm  testkit.F
	admin ident.PersonID
	as    context.Context
}

var codes atomic.Int64

// coded is a firm whose code no other firm of the database has, as the bureau gives
// them, of those whose address the provider of the tests knows: testkit gives no code with a G first.
func coded(t *testing.T, w world) testkit.F {
	t.Helper()
	f, n := testkit.Firm(t, w.DB), codes.Add(1)
	f.Code = codeOf(n)
	f.Exec(t, `UPDATE firm SET code = ? WHERE firm_id = ?`, f.Code, f.ID)
	return f
}

func codeOf(n int64) string { return string([]byte{'G', 'G' + byte(n/13%13), 'G' + byte(n%13)}) }

func (w world) house(t *testing.T, calls *outbound.Client, list ...people.Issuer) *house {
	t.Helper()
	h := &house{world: w, t: t, firm: coded(t, w)}
	for n := range list {
		list[n].Firms = append(list[n].Firms, h.firm.Code)
	}
	w.People.SignInThrough(people.NewProviders(list, calls, w.Clock, here))
	h.admin, _ = h.Member(t, h.firm, rbac.RoleFirmAdmin)
	h.as = h.session(h.admin)
	return h
}

func (h *house) session(who ident.PersonID) context.Context {
	h.t.Helper()
	return scope.With(background(), scope.Scope{Firm: h.firm.ID, Actor: who, Session: session(h.t, h.world, who), RequestID: "test"})
}

// turnOn proves the provider as user and turns it on.
func (h *house) turnOn(p *provider, user string, only bool) {
	h.t.Helper()
	way, err := h.People.WayToProve(h.as, browser)
	if err != nil {
		h.t.Fatal(err)
	}
	if a, err := h.People.Arrive(h.as, p.visit(way, user), people.Try{}); err != nil || a.Errand != people.ErrandProve {
		h.t.Fatalf("%+v, %v", a, err)
	}
	x, err := h.People.SSO(h.as)
	if err != nil || !x.Listed || x.ProvenAt == nil || x.OnAt != nil {
		h.t.Fatalf("%+v, %v", x, err)
	}
	if err := h.People.SetSSO(h.as, x.Version, true, only); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) wayIn() people.Way {
	h.t.Helper()
	w, err := h.People.WayIn(background(), h.firm.Code, comes())
	if err != nil {
		h.t.Fatal(err)
	}
	return w
}

// comes is somebody who types a code, from a network of their own.
func comes() people.Try { return people.Try{Network: from(), Holder: browser} }

func (h *house) arrive(b people.Back) (people.Arrived, error) {
	return h.People.Arrive(background(), b, people.Try{Network: from(), Browser: "test"})
}

func (p *provider) issuer() people.Issuer {
	return people.Issuer{URL: p.url, Client: "docketry", Secret: "secret of the test"}
}

const (
	user1 = "test-user@127.0.0.1"
	user2 = "test-user2"
)

func TestSigningInThroughTheFirm(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	h := setup(t).house(t, calls(t, p.web), p.issuer())
	if _, err := h.People.WayIn(background(), h.firm.Code, comes()); !errors.Is(err, people.ErrSSONone) {
		t.Errorf("before it is turned on: %v", err)
	}
	if _, err := h.People.WayIn(background(), "QQQ", comes()); !errors.Is(err, people.ErrSSONone) {
		t.Errorf("a code that is nobody's: %v", err)
	}
	if err := h.People.SetSSO(h.as, 0, true, false); !errors.Is(err, people.ErrSSOUnproven) {
		t.Errorf("before anybody has come back: %v", err)
	}
	partner := h.firm.As(t, rbac.RolePartner)
	if _, err := h.People.WayToProve(partner, browser); err == nil {
		t.Error("a partner proves the firm's sign-in")
	}
	h.turnOn(p, user1, false)

	way := h.wayIn()
	asked, err := url.Parse(way.Address)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"code_challenge_method": "S256", "redirect_uri": here + "/sign-in/through/" + h.firm.Code + "/back", "scope": "openid", "response_type": "code"} {
		if got := asked.Query().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	back := p.visit(way, user1)
	a, err := h.arrive(back)
	if err != nil || a.Entered.Person != h.admin || a.Entered.Via != h.firm.ID || a.Entered.Firm != h.firm.ID || !a.Entered.FactorDue || a.Entered.FactorShown {
		t.Fatalf("%+v, %v", a, err)
	}
	if a, err := h.arrive(back); !errors.Is(err, people.ErrSSO) || a.Entered.Person != "" {
		t.Errorf("the same answer again: %+v, %v", a, err)
	}
	again := p.visit(h.wayIn(), user1)
	spent := people.Back{At: again.At, Answer: url.Values{"state": again.Answer["state"], "code": back.Answer["code"]}, Holder: browser}
	if _, err := h.arrive(spent); !errors.Is(err, people.ErrSSO) {
		t.Errorf("a code that has served: %v", err)
	}
	if _, err := h.arrive(again); !errors.Is(err, people.ErrSSO) {
		t.Errorf("a state that has served: %v", err)
	}
	stolen := p.visit(h.wayIn(), user1)
	stolen.Holder = "another browser"
	if _, err := h.arrive(stolen); !errors.Is(err, people.ErrSSO) {
		t.Errorf("in another browser: %v", err)
	}
	late := p.visit(h.wayIn(), user1)
	h.Clock.Advance(11 * time.Minute)
	if _, err := h.arrive(late); !errors.Is(err, people.ErrSSO) {
		t.Errorf("after eleven minutes: %v", err)
	}
	for action, want := range map[string]int64{"sso.proven": 1, "sso.set": 1, "sso.linked": 1} {
		if n := h.firm.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ?`, h.firm.ID, action); n != want {
			t.Errorf("%d leaves of %s, want %d", n, action, want)
		}
	}
	if n := h.refusals(); n != 1 {
		t.Errorf("%d leaves of refusals, want one of the code that had served", n)
	}
}

// refusals are the leaves of answers that were refused.
func (h *house) refusals() int64 {
	h.t.Helper()
	return h.firm.Count(h.t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'sso.refused' AND result = 'denied'`, h.firm.ID)
}

// A state that nobody went with is answered the same whatever firm it names, and fills no
// firm's trail.
func TestT24_AnInventedStateTellsNoFirmAndLeavesNothing(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	h := setup(t).house(t, calls(t, p.web), p.issuer())
	h.turnOn(p, user1, false)
	before := h.firm.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, h.firm.ID)
	for _, state := range []string{
		string(h.firm.ID) + ".abc", string(h.firm.ID), strings.ToUpper(string(h.firm.ID)) + ".abc", string(h.Bureau.ID) + ".abc",
		"0197b2c4-0000-7000-8000-000000000000.abc", "no firm.abc", ".", "", string(h.firm.ID) + "\x00.abc", queryOf(t, h.wayIn()).Get("state") + "x",
	} {
		for _, at := range []string{h.firm.Code, "QQQ", ""} {
			_, err := h.arrive(people.Back{At: at, Answer: url.Values{"state": {state}, "code": {"code"}}, Holder: browser})
			if !errors.Is(err, people.ErrSSO) || err.Error() != people.ErrSSO.Error() {
				t.Errorf("state %q at %q: %v", state, at, err)
			}
		}
	}
	if n := h.firm.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, h.firm.ID); n != before {
		t.Errorf("%d leaves of what strangers made up", n-before)
	}
}

// Whoever the provider knows is somebody here only by a link: never by an address.
func TestNobodyIsLinkedByTheirAddress(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	h := setup(t).house(t, calls(t, p.web), p.issuer())
	h.turnOn(p, user1, false)
	who, _ := h.Member(t, h.firm, rbac.RolePartner)
	h.firm.Exec(t, `UPDATE person SET email = 'test-user2@zitadel.ch' WHERE id = ?`, who)
	if a, err := h.arrive(p.visit(h.wayIn(), user2)); !errors.Is(err, people.ErrSSOUnknown) || a.Entered.Person != "" {
		t.Fatalf("an address that is the same: %+v, %v", a, err)
	}
	me := h.session(who)
	way, err := h.People.WayToLink(me, browser)
	if err != nil {
		t.Fatal(err)
	}
	back := p.visit(way, user2)
	if _, err := h.People.Arrive(h.as, back, people.Try{}); !errors.Is(err, people.ErrSSO) {
		t.Errorf("another person finishes the link: %v", err)
	}
	if way, err = h.People.WayToLink(me, browser); err != nil {
		t.Fatal(err)
	}
	if _, err := h.People.Arrive(me, p.visit(way, user1), people.Try{}); !errors.Is(err, people.ErrSSOTaken) {
		t.Errorf("the administrator's subject: %v", err)
	}
	if way, err = h.People.WayToLink(me, browser); err != nil {
		t.Fatal(err)
	}
	if _, err := h.People.Arrive(me, p.visit(way, user2), people.Try{}); err != nil {
		t.Fatal(err)
	}
	if a, err := h.arrive(p.visit(h.wayIn(), user2)); err != nil || a.Entered.Person != who {
		t.Errorf("%+v, %v", a, err)
	}
	h.firm.Exec(t, `UPDATE access_grant SET ended_at = ? WHERE firm_id = ? AND person_id = ?`, h.Clock.Now(), h.firm.ID, who)
	if a, err := h.arrive(p.visit(h.wayIn(), user2)); !errors.Is(err, people.ErrSSOUnknown) {
		t.Errorf("without a grant: %+v, %v", a, err)
	}
}

// A subject that is somebody at one firm is nobody at another, also of the same issuer,
// and a session through one firm opens no other (T05).
func TestT05_ASubjectOfAnotherFirm(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	w := setup(t)
	issuer := p.issuer()
	h := w.house(t, calls(t, p.web), issuer)
	h.turnOn(p, user1, false)
	other := &house{world: w, t: t, firm: coded(t, w)}
	issuer.Firms = []string{h.firm.Code, other.firm.Code}
	w.People.SignInThrough(people.NewProviders([]people.Issuer{issuer}, calls(t, p.web), w.Clock, here))
	other.admin, _ = other.Member(t, other.firm, rbac.RoleFirmAdmin)
	other.as = other.session(other.admin)
	other.turnOn(p, user2, false)

	if a, err := other.arrive(p.visit(other.wayIn(), user1)); !errors.Is(err, people.ErrSSOUnknown) || a.Entered.Person != "" {
		t.Errorf("%+v, %v", a, err)
	}
	// The state of one firm does not open the other.
	back := p.visit(h.wayIn(), user1)
	_, rest, _ := strings.Cut(back.Answer.Get("state"), ".")
	back.At = other.firm.Code
	back.Answer.Set("state", string(other.firm.ID)+"."+rest)
	if _, err := other.arrive(back); !errors.Is(err, people.ErrSSO) {
		t.Errorf("a state that names the other firm: %v", err)
	}
	other.firm.Grant(t, h.admin, rbac.RolePartner)
	a, err := h.arrive(p.visit(h.wayIn(), user1))
	if err != nil || a.Entered.Firm != h.firm.ID || len(a.Entered.Firms) != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
	through := h.session(h.admin)
	sc, _ := scope.From(through)
	h.firm.Exec(t, `UPDATE session SET via_firm_id = ? WHERE id = ?`, h.firm.ID, sc.Session)
	if _, err := h.People.Switch(through, other.firm.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("from a session through the first firm into the second: %v", err)
	}
}

func TestAnInvitedPersonComesThroughTheFirm(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	h := setup(t).house(t, calls(t, p.web), p.issuer())
	h.turnOn(p, user1, false)
	email := "new." + strings.ToLower(h.firm.Code) + string(h.firm.ID)[24:] + "@firm.example"
	if _, err := h.Grants.Invite(h.as, "New Partner", email, grant.Draft{Role: rbac.RolePartner, Scope: "all", Class: 3, Reason: "joins"}); err != nil {
		t.Fatal(err)
	}
	token := h.Post.To(t, email).Token
	if ok, err := h.People.InvitedThrough(background(), token); err != nil || !ok {
		t.Fatalf("%v, %v", ok, err)
	}
	way, err := h.People.WayInvited(background(), token, browser)
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.arrive(p.visit(way, user2))
	if err != nil || a.Entered.Person == "" || !a.Entered.FactorDue {
		t.Fatalf("%+v, %v", a, err)
	}
	if _, err := h.People.Invitee(background(), token); !errors.Is(err, people.ErrLink) {
		t.Errorf("the invitation serves again: %v", err)
	}
	if b, err := h.arrive(p.visit(h.wayIn(), user2)); err != nil || b.Entered.Person != a.Entered.Person {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err := h.People.SignIn(background(), try(email, "", from())); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("a person without a password signs in with one: %v", err)
	}
	// Who has no password sets the first factor up in a session through the firm.
	me := h.session(a.Entered.Person)
	asked, err := h.People.BeginPasskey(me, browser)
	if err != nil {
		t.Fatal(err)
	}
	in := people.NewPasskey{Name: "Laptop", Holder: browser, Answer: newDevice(t).make(t, asked)}
	if _, err := h.People.AddPasskey(me, in); !errors.Is(err, people.ErrPassword) {
		t.Errorf("in another session: %v", err)
	}
	sc, _ := scope.From(me)
	h.firm.Exec(t, `UPDATE session SET via_firm_id = ? WHERE id = ?`, h.firm.ID, sc.Session)
	if _, err := h.People.AddPasskey(me, in); err != nil {
		t.Error(err)
	}
	if _, err := h.arrive(p.visit(h.wayIn(), user2)); !errors.Is(err, people.ErrFactor) {
		t.Errorf("the factor is not asked for: %v", err)
	}
}

func TestOnlyThroughTheFirm(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	h := setup(t).house(t, calls(t, p.web), p.issuer())
	who, email := h.Member(t, h.firm, rbac.RoleTimekeeper)
	token := stored(t, h.world, who, h.Clock.Now().Add(time.Hour))
	h.firm.Exec(t, `UPDATE session SET firm_id_now = ? WHERE token_hash = ?`, h.firm.ID, token)
	h.turnOn(p, user1, true)
	if _, found, err := h.Sessions.FindCtx(background(), token); found || err != nil {
		t.Errorf("a session that came another way lives on: %v", err)
	}
	if e, err := h.People.SignIn(background(), try(email, good, from())); !errors.Is(err, people.ErrSSOOnly) || e.Device != "" {
		t.Errorf("with the password: %+v, %v", e, err)
	}
	if e, err := h.People.SignIn(background(), try(string(h.admin)+"@people.example", good, from())); err != nil || e.Firm != h.firm.ID {
		t.Errorf("the administrator's way back: %+v, %v", e, err)
	}
	if n := h.firm.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'sso.passed_by'`, h.firm.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
	if n := h.firm.Count(t, `SELECT count(*) FROM person_letter WHERE firm_id = ? AND kind = 'sso_passed_by'`, h.firm.ID); n != 1 {
		t.Errorf("%d letters", n)
	}
	elsewhere := testkit.Firm(t, h.DB)
	elsewhere.Grant(t, who, rbac.RoleTimekeeper)
	if e, err := h.People.SignIn(background(), try(email, good, from())); err != nil || e.Firm != elsewhere.ID || len(e.Firms) != 1 {
		t.Errorf("with a second firm that has none: %+v, %v", e, err)
	}
}
