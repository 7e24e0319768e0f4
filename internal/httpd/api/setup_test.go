package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/a-h/templ"
	"github.com/alexedwards/argon2id"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/conflict"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/api"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/reprice"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const password = "seven small boats at noon"

// quick is argon2id at a price that tests can pay.
var quick = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// server is a web server over the package's database, with the first nouns mounted.
type server struct {
	*httpd.Server
	d      *db.DB
	bureau testkit.F
	post   *post
}

type post struct {
	mu    sync.Mutex
	token map[string]string // by address
}

func (p *post) Invite(_ *db.Tx, i people.Invitation) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token[i.Email] = i.Token
	return nil
}

func newServer(t testing.TB) server {
	t.Helper()
	return newServerOver(t, testkit.DB(t))
}

func newServerOver(t testing.TB, d *db.DB) server {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := people.NewHasher(quick)
	if err != nil {
		t.Fatal(err)
	}
	guard := authz.NewGuard(d, policy)
	s := server{d: d, bureau: testkit.Bureau(t, d), post: &post{token: map[string]string{}}}
	s.Server = httpd.New(httpd.Parts{
		DB: d, Guard: guard, Sessions: people.NewSessionStore(d), Log: obs.Discard(), Metrics: obs.NewMetrics(),
		PublicURL: "http://127.0.0.1", Plain: true, ProveFactor: func(context.Context, people.Proof) error { return people.ErrCode }, Keys: dataKeys(t), Ready: func(context.Context) error { return nil },
		ErrorPage: func(_ *httpd.Request, status int, f *fault.Error) templ.Component {
			return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
				_, err := fmt.Fprintf(w, "<h1>%d</h1><p>%s</p>", status, f.Message)
				return err
			})
		},
	})
	master, err := seal.NewMaster(testkit.Key)
	if err != nil {
		t.Fatal(err)
	}
	home := bureau.New(d)
	people := people.New(d, guard, policy, home, hasher, s.post, testkit.Key, blob.NewKeys(master), "http://127.0.0.1")
	matters := matter.New(d, guard)
	api.Accounts(s.Server, people)
	conflicts := conflict.New(d, guard, home)
	grants := grant.New(d, guard, policy, home, people, conflicts)
	api.Members(s.Server, people, grants, people)
	api.Grants(s.Server, grants)
	api.Conflicts(s.Server, conflicts)
	api.Firms(s.Server, firm.NewService(d, guard, grants))
	api.Clients(s.Server, matters)
	api.Groups(s.Server, matters)
	api.Payors(s.Server, matters)
	api.Matters(s.Server, matters)
	api.Timekeepers(s.Server, matters)
	api.Rates(s.Server, rate.New(d, guard))
	api.RateCards(s.Server, capture.New(d, guard))
	api.Repricings(s.Server, reprice.New(d, guard))
	api.Arrangements(s.Server, arrangement.New(d, guard))
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	return s
}

func dataKeys(t testing.TB) *blob.Keys {
	t.Helper()
	master, err := seal.NewMaster(testkit.Key)
	if err != nil {
		t.Fatal(err)
	}
	return blob.NewKeys(master)
}

// browser is one client with its cookies.
type browser struct {
	t      testing.TB
	s      server
	cookie map[string]string
	remote string // where it is; "" is where all tests are
}

func (s server) browser(t testing.TB) *browser {
	return &browser{t: t, s: s, cookie: map[string]string{}}
}

// enrolled gives who a password to sign in with and returns the address.
func (s server) enrolled(t testing.TB, f testkit.F, who ident.PersonID) string {
	t.Helper()
	hash, err := argon2id.CreateHash(password, quick)
	if err != nil {
		t.Fatal(err)
	}
	f.Exec(t, `INSERT INTO credential (person_id, kind, secret_hash, changed_at) VALUES (?, 'password', ?, now())`, who, hash)
	return string(who) + "@people.example"
}

// as is a browser in which a new person of the role has signed in.
func (s server) as(t testing.TB, f testkit.F, role rbac.Role, opts ...testkit.GrantOption) (*browser, ident.PersonID) {
	t.Helper()
	who := testkit.Actor(f.As(t, role, opts...))
	b := s.browser(t)
	r := b.send("POST", "/api/v1/sessions", map[string]string{"email": s.enrolled(t, f, who), "password": password})
	if r.status != http.StatusCreated {
		t.Fatalf("sign in as %s: %d %s", role, r.status, r.body)
	}
	if strings.Contains(r.body, `"factor_due":true`) {
		b.setUpApp(s)
	}
	return b, who
}

// setUpApp sets up an authenticator app, as whoever owes a factor must first.
func (b *browser) setUpApp(s server) {
	b.t.Helper()
	secret := b.send("POST", "/api/v1/people/me/app", nil).field(b.t, "secret")
	code, err := people.AppCode(secret, s.d.Clock().Now())
	if err != nil {
		b.t.Fatal(err)
	}
	b.send("PUT", "/api/v1/people/me/app", map[string]string{"password": password, "code": code}).want(b.t, 200)
}

type response struct {
	status int
	header http.Header
	body   string
}

// field is a value of a JSON answer by its path, such as "items.0.id".
func (r response) field(t testing.TB, path string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%s is not JSON: %v", r.body, err)
	}
	for part := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(at) {
				return ""
			}
			v = at[i]
		default:
			return ""
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// send posts body as JSON; a string goes as it is. Headers come in pairs.
func (b *browser) send(method, path string, body any, headers ...string) response {
	b.t.Helper()
	var r io.Reader = http.NoBody
	switch v := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(v)
	default:
		j, err := json.Marshal(v)
		if err != nil {
			b.t.Fatal(err)
		}
		r = bytes.NewReader(j)
	}
	req := httptest.NewRequest(method, path, r)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	testkit.Keyed(req)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	if b.remote != "" {
		req.RemoteAddr = b.remote
	}
	for name, v := range b.cookie {
		req.AddCookie(&http.Cookie{Name: name, Value: v})
	}
	w := httptest.NewRecorder()
	b.s.Handler().ServeHTTP(w, req)
	for _, c := range w.Result().Cookies() {
		if b.cookie[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookie, c.Name)
		}
	}
	return response{w.Code, w.Header(), w.Body.String()}
}

func (b *browser) get(path string) response { b.t.Helper(); return b.send("GET", path, nil) }

// want checks a status and that the answer holds each text.
func (r response) want(t testing.TB, status int, texts ...string) response {
	t.Helper()
	if r.status != status {
		t.Errorf("status %d, want %d: %s", r.status, status, r.body)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			t.Errorf("%q is not in %s", text, r.body)
		}
	}
	return r
}

func at(f testkit.F, path string) string { return "/api/v1/firms/" + string(f.ID) + path }
