package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// keyed posts JSON under an Idempotency-Key.
func (w world) keyed(sid, path, body, key string) *httptest.ResponseRecorder {
	req := httptest.NewRequest("POST", "/api/v1"+path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: sid})
	rec := httptest.NewRecorder()
	w.web.Handler().ServeHTTP(rec, req)
	return rec
}

func TestI15EveryPostingRouteHeedsAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	public := 0
	for _, r := range w.web.Routes() {
		switch {
		case !r.JSON || r.Method != "POST":
		case r.Needs == rbac.Public || r.Needs == rbac.PayorLink:
			public++ // signing in, one-time links: nobody is known to keep an answer for
		case !r.HeedsKey():
			t.Errorf("%s %s does not heed an Idempotency-Key", r.Method, r.Path)
		}
	}
	if public == 0 {
		t.Error("the walk met no route that is open")
	}
}

// What answers that it has made something wants a key, and the document says so. A file
// is its own key (I16), and a session and the second word on what was asked for make
// nothing twice.
func TestI15WhatMakesSomethingWantsAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name     string
				Required bool
			}
			Responses map[string]any
		}
	}
	if err := json.Unmarshal(w.call(http.MethodGet, "/api/v1/openapi.json", "", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	free := []string{"/sessions", "/sessions/passkey", "/firms/{firm}/imports", "/firms/{firm}/rates/imports", "/firms/{firm}/exchange-rates/imports", "/firms/{firm}/emergencies/{id}/open", "/firms/{firm}/sole-administrators/{id}/confirm"}
	wanting := 0
	for path, methods := range doc.Paths {
		op := methods["post"]
		_, makes := op.Responses["201"]
		short := strings.TrimPrefix(path, "/api/v1")
		wants := slices.ContainsFunc(op.Parameters, func(p struct {
			Name     string
			Required bool
		}) bool {
			return p.Name == "Idempotency-Key" && p.Required
		})
		if wants {
			wanting++
		}
		if makes && !wants && !slices.Contains(free, short) {
			t.Errorf("POST %s makes something without a key", path)
		}
	}
	if wanting < 20 {
		t.Errorf("%d operations want a key", wanting)
	}
}

// The same key twenty times at once makes one thing and one answer, also where no
// firm is in the path and where the effect lies in several firms.
func TestI15OneKeyOneAnswerEverywhere(t *testing.T) {
	t.Parallel()
	// The bureau is one in a database, and a grant that anybody gives in it meanwhile ends the repeating of an answer.
	name, c := testkit.NewDatabase(t), clock.At(testkit.Now)
	w := worldOver(t, testkit.OpenDatabase(t, "docketry_api", name, c), testkit.OpenDatabase(t, "docketry_worker", name, c))
	a, b := w.furnished(t), w.furnished(t)
	office := w.signIn(t, w.bureau, rbac.RoleBureauAdmin)
	code := strings.ToUpper(string(a.firm.ID)[28:])
	staff := "staff." + strings.ToLower(code) + "@bureau.example"
	firmBody := fmt.Sprintf(`{"code":"%s","name":"Key & Stone","tz":"America/New_York","currency":"USD","country":"US","address":"1 Quay\nBoston MA 02110","admin":{"name":"Ada Stone","email":"ada.%s@firm.example"}}`, "KZQ", strings.ToLower(code))
	for name, c := range map[string]struct {
		sid, path, body, other string
		count                  func() int
	}{
		"staff": {office, "/staff", `{"name":"Ines Vale","email":"` + staff + `"}`, `{"name":"Ines Dale","email":"` + staff + `"}`,
			func() int { return int(w.bureau.Count(t, `SELECT count(*) FROM person WHERE email = ?`, staff)) }},
		"firm": {office, "/firms", firmBody, strings.Replace(firmBody, "Key & Stone", "Key & Sand", 1),
			func() int {
				return int(w.bureau.Count(t, `SELECT count(*) FROM person WHERE email = ?`, "ada."+strings.ToLower(code)+"@firm.example"))
			}},
		"export": {w.signIn(t, a.firm, rbac.RoleFirmAdmin), "/firms/" + string(a.firm.ID) + "/exports",
			`{"from":"2026-01-01","to":"2026-03-01","form":"redacted","hours":24,"reason":"twenty at once"}`,
			`{"from":"2026-01-01","to":"2026-03-01","form":"redacted","hours":24,"reason":"another"}`,
			func() int {
				return int(a.firm.Count(t, `SELECT count(*) FROM export WHERE firm_id = ? AND reason = 'twenty at once'`, a.firm.ID))
			}},
		"invitation": {w.signIn(t, b.firm, rbac.RoleFirmAdmin), "/firms/" + string(b.firm.ID) + "/people",
			`{"name":"Tom Reed","email":"tom.` + strings.ToLower(code) + `@firm.example","role":"timekeeper","scope":"all","label":"standard","class":2,"reason":"joins"}`,
			`{"name":"Tom Reed","email":"tom.` + strings.ToLower(code) + `@firm.example","role":"partner","scope":"all","label":"standard","class":2,"reason":"joins"}`,
			func() int {
				return int(b.firm.Count(t, `SELECT count(*) FROM access_grant g JOIN person p ON p.id = g.person_id WHERE g.firm_id = ? AND p.name = 'Tom Reed'`, b.firm.ID))
			}},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var all sync.WaitGroup
			answers, told := map[string]int{}, 0
			for range 20 {
				all.Go(func() {
					r := w.keyed(c.sid, c.path, c.body, "key-"+name)
					mu.Lock()
					defer mu.Unlock()
					if name == "export" && r.Code == http.StatusConflict && strings.Contains(r.Body.String(), `"secret_shown"`) {
						told++ // its key is shown by the first answer alone
						return
					}
					answers[fmt.Sprint(r.Code, " ", r.Body)]++
				})
			}
			all.Wait()
			if n := c.count(); len(answers) != 1 || n != 1 {
				t.Errorf("%d things, answers %v", n, answers)
			}
			for answer, n := range answers {
				if !strings.HasPrefix(answer, "201 ") || n+told != 20 || name == "export" && n != 1 {
					t.Errorf("%d and %d answered %s", n, told, answer)
				}
			}
			if r := w.keyed(c.sid, c.path, c.other, "key-"+name); r.Code != 422 || !strings.Contains(r.Body.String(), "idempotency_key_reused") {
				t.Errorf("another body: %d %s", r.Code, r.Body)
			}
		})
	}
}

// A refusal is not kept: mended, the request may come again under its key.
func TestI15ARefusalFreesItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	lead := w.signIn(t, f, rbac.RoleTeamLead)
	body := `{"name":"none","firm_ids":["` + string(f.ID) + `"]}`
	for range 2 {
		if r := w.keyed(lead, "/runs", body, "run-1"); r.Code < 400 || r.Code >= 500 || r.Header().Get("Idempotency-Replayed") != "" {
			t.Errorf("a run of nothing: %d %s", r.Code, r.Body)
		}
	}
	if n := w.bureau.Count(t, `SELECT count(*) FROM idempotency WHERE firm_id = ? AND key = 'run-1'`, w.bureau.ID); n != 0 {
		t.Errorf("%d keys of refusals are kept", n)
	}
}

// What shows a secret is made once too, and shows it once: asked again under the same key,
// from any session of the same person, the answer says that it was made.
func TestT08ASecretIsShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	admin := w.signIn(t, f, rbac.RoleFirmAdmin)
	path := "/firms/" + string(f.ID) + "/webhooks"
	body := `{"url":"https://hooks.example.com/x","events":["invoice.issued"]}`
	first := w.keyed(admin, path, body, "hook-1")
	if first.Code != 201 || !strings.Contains(first.Body.String(), `"secret"`) {
		t.Fatalf("a webhook: %d %s", first.Code, first.Body)
	}
	again := w.keyed(admin, path, body, "hook-1")
	if again.Code != 409 || !strings.Contains(again.Body.String(), `"secret_shown"`) {
		t.Errorf("asked again: %d %s", again.Code, again.Body)
	}
	if n := f.Count(t, `SELECT count(*) FROM webhook WHERE firm_id = ?`, f.ID); n != 1 {
		t.Errorf("%d webhooks were made", n)
	}
}

// A form posted twice from one page is one act with one answer: the second click, the
// page that "back" shows, and twenty at once.
func TestI15AFormPostedTwiceIsOneAct(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, r := range w.web.Routes() {
		if !r.JSON && r.Method == "POST" && r.Needs != rbac.Public && r.Needs != rbac.PayorLink && !r.HeedsForm() && !strings.HasSuffix(r.Path, "/download") {
			t.Errorf("%s %s does not heed its form's token", r.Method, r.Path)
		}
	}
	own := w.furnished(t)
	firm := "/firms/" + own.ids["firm"]
	sid := w.signIn(t, own.firm, rbac.RoleSpecialist)
	page := func() string {
		return formToken.FindStringSubmatch(w.send(sid, http.MethodGet, "/people/me", "").Body.String())[1]
	}
	held := func() int64 {
		return own.firm.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND status = 'leased'`, own.firm.ID)
	}
	if held() != 0 {
		t.Fatalf("%d items are held before", held())
	}
	next := "csrf=" + page()
	answers := make([]string, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			rec := w.send(sid, http.MethodPost, "/queue/next", next)
			answers[i] = fmt.Sprint(rec.Code, rec.Header().Get("Location"))
		})
	}
	wg.Wait()
	for _, a := range answers {
		if a != answers[0] || !strings.HasPrefix(a, "303/firms/") {
			t.Fatalf("answers differ: %q", answers)
		}
	}
	if n := held(); n != 1 {
		t.Fatalf("%d items are held after one page's button, want 1", n)
	}
	item := strings.TrimPrefix(answers[0], "303")
	lease := own.firm.Text(t, `SELECT lease_token FROM work_item WHERE firm_id = ? AND status = 'leased'`, own.firm.ID)
	version := own.firm.Text(t, `SELECT version FROM work_item WHERE firm_id = ? AND status = 'leased'`, own.firm.ID)
	ask := "csrf=" + page() + "&lease=" + lease + "&version=" + version + "&pause=yes&text=Which+matter+is+this%3F"
	for range 2 {
		if rec := w.send(sid, http.MethodPost, item+"/messages", ask); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != item {
			t.Errorf("ask: %d to %q: %s", rec.Code, rec.Header().Get("Location"), cutTo(rec.Body.String(), 300))
		}
	}
	if n := own.firm.Count(t, `SELECT count(*) FROM work_message WHERE firm_id = ? AND kind = 'question' AND body LIKE 'Which matter%'`, own.firm.ID); n != 1 {
		t.Errorf("%d questions were asked, want 1", n)
	}
	// Another page's form, and other fields of the same one, are acts of their own; a refusal keeps nothing.
	admin := w.signIn(t, own.firm, rbac.RoleFirmAdmin)
	sid = admin
	form := "csrf=" + page() + "&number=TW-1&name="
	for _, c := range []struct {
		name string
		want int
	}{{"", 422}, {"Twice+Ltd", 303}, {"Twice+Ltd", 303}} {
		if rec := w.send(admin, http.MethodPost, firm+"/clients/new", form+c.name); rec.Code != c.want {
			t.Errorf("client %q: %d, want %d: %s", c.name, rec.Code, c.want, cutTo(rec.Body.String(), 300))
		}
	}
	if n := own.firm.Count(t, `SELECT count(*) FROM client WHERE firm_id = ? AND name = 'Twice Ltd'`, own.firm.ID); n != 1 {
		t.Errorf("%d clients were entered, want 1", n)
	}
}
