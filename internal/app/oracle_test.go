package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// timed is one person who asks a real server again and again, on one connection.
type timed struct {
	*visitor
	base   string
	client *http.Client
}

// took is how long an answer takes, from asking to its last byte.
func (a *timed) took(r httpd.Route, path string) time.Duration {
	a.t.Helper()
	body := a.body(r, a.own)
	req, err := http.NewRequestWithContext(a.t.Context(), r.Method, a.base+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if r.JSON {
		req.Header.Set("Content-Type", "application/json")
	} else if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("If-Match", `"1"`)
	testkit.Keyed(req)
	req.AddCookie(&http.Cookie{Name: "docketry_sid", Value: a.sid})
	begun := time.Now()
	res, err := a.client.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, res.Body)
	took := time.Since(begun)
	if err != nil || res.StatusCode < 400 || res.StatusCode >= 500 {
		a.t.Fatalf("%s %s: %d, %v", r.Method, path, res.StatusCode, err)
	}
	_ = res.Body.Close()
	return took
}

// series are the times of two addresses of one route, asked in turn.
type series struct{ absent, foreign []time.Duration }

// sample asks both n times. Which is asked first changes each time, so that what
// else the machine does meets both alike.
func (a *timed) sample(s *series, r httpd.Route, absent, foreign string, n int) {
	for range n {
		if len(s.absent)%2 == 0 {
			s.absent = append(s.absent, a.took(r, absent))
			s.foreign = append(s.foreign, a.took(r, foreign))
			continue
		}
		s.foreign = append(s.foreign, a.took(r, foreign))
		s.absent = append(s.absent, a.took(r, absent))
	}
}

func median(list []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return float64(sorted[len(sorted)/2])
}

// apart is by how much the slower of the two is slower, 1 for not at all. What else
// the machine does only ever adds: of a few looks the quickest tells most.
func (s series) apart() float64 {
	of := median
	if len(s.absent) < 10 {
		of = quickest
	}
	return max(of(s.absent)/of(s.foreign), of(s.foreign)/of(s.absent))
}

func quickest(list []time.Duration) float64 { return float64(slices.Min(list)) }

// Every route that names a thing takes as long over another firm's as over one that
// does not exist (T24; that the answers are the same bytes is TestT01_…). A route that
// seems to tell them apart in a few looks is looked at more closely before it fails.
func TestT24_NotYoursTakesAsLongAsNotThere(t *testing.T) {
	const looks, most = 3, 1.25
	w := newWorld(t)
	mine, theirs := w.furnished(t), w.furnished(t)
	srv := httptest.NewServer(w.web.Handler())
	defer srv.Close()
	people := map[rbac.Role]*timed{}
	asks, routes, again, widest := 0, 0, 0, 1.0
	for _, r := range w.web.Routes() {
		if !strings.Contains(r.Path, "/firms/{firm}/") || strings.HasSuffix(r.Path, "/events") {
			continue
		}
		role := w.roleFor(r.Needs)
		if people[role] == nil {
			people[role] = &timed{w.visitor(t, mine, role), srv.URL, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
		}
		a := people[role]
		names := a.params(r)
		name := names[len(names)-1]
		if name == "firm" || !comparable(r, name) {
			continue
		}
		absent, foreign := a.fill(r, mine, name, absentID), a.fill(r, mine, name, theirs.of(t, r.Path, name))
		if foreign == absent {
			continue // the fixture has none
		}
		var s series
		a.sample(&s, r, absent, foreign, looks)
		for _, closer := range []int{24, 120} {
			if s.apart() > most {
				a.sample(&s, r, absent, foreign, closer)
				again++
			}
		}
		if s.apart() > most {
			t.Errorf("%s %s: %.2f ms for what is not there, %.2f ms for what is not yours", r.Method, r.Path, median(s.absent)/1e6, median(s.foreign)/1e6)
		}
		asks, routes, widest = asks+2*len(s.absent), routes+1, max(widest, s.apart())
	}
	t.Logf("%d answers over %d routes, %d of them looked at closely; at most %.2f apart", asks, routes, again, widest)
	if routes < 80 {
		t.Errorf("only %d routes were compared", routes)
	}
}

// roleFor is a role of a firm's people, or of the bureau's in it, that may do p.
func (w world) roleFor(p rbac.Permission) rbac.Role {
	for _, role := range []rbac.Role{rbac.RoleFirmAdmin, rbac.RoleSpecialist, rbac.RolePartner, rbac.RoleTeamLead, rbac.RoleTimekeeper} {
		if w.policy.Allows(role, p) {
			return role
		}
	}
	return rbac.RoleBureauAdmin
}

// What is behind a wall, beyond the grant's matters or above its label is as absent as
// what does not exist, in bytes and in time, to whoever it is hidden from (DESIGN 2.14).
func TestT24_HiddenTakesAsLongAsNotThere(t *testing.T) {
	const looks, most = 15, 1.25
	w := newWorld(t)
	own := w.furnished(t)
	srv := httptest.NewServer(w.web.Handler())
	defer srv.Close()
	matter := ident.MatterID(own.firm.Text(t, `SELECT matter_id FROM invoice WHERE firm_id = ? AND id = ?`, own.firm.ID, own.ids["invoice"]))
	hidden := map[string]string{"matters": string(matter), "invoices": own.ids["invoice"], "prebills": own.firm.Text(t, `SELECT prebill_id FROM invoice WHERE firm_id = ? AND id = ?`, own.firm.ID, own.ids["invoice"])}
	item := func(of ident.MatterID) string { return string(own.firm.WorkItem(t, "query", of, w.s.Clock.Now())) }
	hidden["items"] = item(matter)
	for how, hide := range map[string]func(who ident.PersonID){
		"behind a wall": func(who ident.PersonID) { own.firm.Grant(t, who, rbac.RoleSpecialist); own.firm.Wall(t, who, matter) },
		"beyond the matters": func(who ident.PersonID) {
			own.firm.Grant(t, who, rbac.RoleSpecialist, testkit.OnMatters(ident.MatterID(own.ids["matter"])))
		},
		"above the label": func(who ident.PersonID) {
			own.firm.Exec(t, `UPDATE matter SET label = 2 WHERE firm_id = ? AND id = ?`, own.firm.ID, matter)
			own.firm.Grant(t, who, rbac.RoleSpecialist, testkit.UpToLabel(1))
		},
	} {
		sid := w.signIn(t, own.firm, rbac.RoleSpecialist)
		own.firm.Exec(t, `UPDATE access_grant SET ended_at = now() WHERE firm_id = ? AND person_id = ?`, own.firm.ID, w.personOf(t, sid))
		hide(w.personOf(t, sid))
		v := &visitor{t: t, w: w, role: rbac.RoleSpecialist, own: own, sid: sid}
		a := &timed{v, srv.URL, srv.Client()}
		for noun, id := range hidden {
			r := httpd.Route{Method: "GET", Path: "/api/v1/firms/{firm}/" + noun + "/{id}", JSON: true}
			absent, foreign := v.fill(r, own, "id", absentID), v.fill(r, own, "id", id)
			v.same(r, absent, foreign)
			var s series
			for a.sample(&s, r, absent, foreign, looks); s.apart() > most && len(s.absent) < 8*looks; {
				a.sample(&s, r, absent, foreign, looks)
			}
			t.Logf("%s %s: %.2f", how, noun, s.apart())
			if s.apart() > most {
				t.Errorf("GET %s, %s: %.2f ms for what is not there, %.2f ms for what is hidden", r.Path, how, median(s.absent)/1e6, median(s.foreign)/1e6)
			}
		}
	}
}

// made posts a body in a firm and answers without the ids and instants that are new each time.
func (w world) made(sid, path, body string, headers ...string) (int, string) {
	rec := w.call("POST", path, sid, body, headers...)
	return rec.Code, volatile.ReplaceAllString(rec.Body.String(), "X")
}

var volatile = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z`)

// A name, number or file that another firm has is as free as one that nobody has, and
// a conflict with one's own does not repeat what was sent.
func TestT24_WhatAnotherFirmHasIsFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.furnished(t), w.furnished(t)
	for _, c := range []struct {
		role       rbac.Role
		path, body string
		taken      int // the answer to the same again
	}{
		{rbac.RoleFirmAdmin, "/clients", `{"number":"<key>","name":"N"}`, 409},
		{rbac.RoleFirmAdmin, "/matters", `{"client_id":"<client>","payor_id":"<payor>","number":"<key>","name":"M","label":"standard","currency":"USD","opened_on":"2026-01-01"}`, 409},
		{rbac.RoleFirmAdmin, "/timekeepers", `{"code":"<key>","name":"N","class":"PARTNR"}`, 409},
		{rbac.RoleFirmAdmin, "/payors/<payor>/contacts", `{"name":"N","email":"<key>@payor.example"}`, 409},
		{rbac.RoleFirmAdmin, "/roles", `{"name":"<key>","permissions":["firm.read"]}`, 409},
		{rbac.RoleSpecialist, "/payments", `{"payor_id":"<payor>","amount_minor":100,"currency":"USD","method":"wire","received_on":"2026-03-01","reference":"<key>"}`, 409},
	} {
		sids := map[testkit.F]string{mine.firm: w.signIn(t, mine.firm, c.role), theirs.firm: w.signIn(t, theirs.firm, c.role)}
		post := func(th things, key string) (int, string) {
			t.Helper()
			path, body := "/api/v1/firms/"+string(th.firm.ID)+c.path, strings.ReplaceAll(c.body, "<key>", key)
			for noun, id := range th.ids {
				path, body = strings.ReplaceAll(path, "<"+noun+">", id), strings.ReplaceAll(body, "<"+noun+">", id)
			}
			status, text := w.made(sids[th.firm], path, body)
			return status, strings.ReplaceAll(text, key, "KEY")
		}
		if status, body := post(theirs, "Zq7"); status != http.StatusCreated {
			t.Errorf("POST %s in the other firm: %d %s", c.path, status, body)
		}
		fresh, freshBody := post(mine, "Zq8")
		known, knownBody := post(mine, "Zq7")
		if fresh != http.StatusCreated || known != fresh || knownBody != freshBody {
			t.Errorf("POST %s: %d %s where nobody has it, %d %s where another firm does", c.path, fresh, freshBody, known, knownBody)
		}
		if status, body := post(mine, "Zq7"); status != c.taken || strings.Contains(body, "KEY") {
			t.Errorf("POST %s twice: %d %s", c.path, status, body)
		}
	}
}

// sizes are figures that follow from names and texts, which differ between firms.
var sizes = []string{"blob.size", "invoice_document.size_bytes"}

// Two firms that did the same have the same numbers in every column: none is counted
// over firms, so none tells how much the others do.
func TestT24_NumbersAreEachFirmsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.furnished(t), w.furnished(t)
	if n := mine.firm.Count(t, `SELECT count(*) FROM pg_sequences WHERE sequencename NOT LIKE 'goose%'`); n != 0 {
		t.Errorf("%d sequences count over all firms", n)
	}
	columns := strings.Fields(mine.firm.Text(t, `SELECT string_agg(c.table_name || '.' || c.column_name, ' ' ORDER BY 1) FROM information_schema.columns c
		JOIN information_schema.tables t USING (table_schema, table_name) JOIN information_schema.columns f USING (table_schema, table_name)
		WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND f.column_name = 'firm_id' AND c.data_type IN ('integer', 'bigint', 'smallint')`))
	compared := 0
	for _, at := range columns {
		table, column, _ := strings.Cut(at, ".")
		if slices.Contains(sizes, at) {
			continue
		}
		sql := `SELECT coalesce(string_agg(x::text, ' ' ORDER BY x), '') FROM (SELECT ` + column + ` AS x FROM ` + table + ` WHERE firm_id = ? AND ` + column + ` IS NOT NULL) y`
		a, b := mine.firm.Text(t, sql, mine.firm.ID), theirs.firm.Text(t, sql, theirs.firm.ID)
		if a != b {
			t.Errorf("%s: %q in one firm, %q in one that did the same", at, cutTo(a, 200), cutTo(b, 200))
		}
		if a != "" {
			compared++
		}
	}
	t.Logf("%d columns of numbers, %d of them with numbers in both firms", len(columns), compared)
	if compared < 80 {
		t.Errorf("only %d columns had numbers", compared)
	}
}

// What an export would hold, and how large it is, stays as it is when others grow.
func TestT24_AnExportsSizeIsTheFirmsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)
	mine.Cost(t, mine.Matter(t), "2026-02-04", "E115", 10_000, 2_500_000)
	sid := w.signIn(t, mine, rbac.RoleSpecialist)
	preview := func() string {
		rec := w.call("POST", "/api/v1/firms/"+string(mine.ID)+"/exports/preview", sid, `{"from":"2026-01-01","to":"2026-12-31","form":"redacted","hours":24,"reason":"x"}`)
		if rec.Code != http.StatusOK {
			t.Fatalf("preview: %d %s", rec.Code, rec.Body)
		}
		return rec.Body.String()
	}
	size := func(id ident.ExportID) string {
		return mine.Text(t, `SELECT rows_asked || ' ' || (size + 500) / 1000 FROM export e JOIN blob b ON b.firm_id = e.firm_id AND b.id = e.blob_id WHERE e.firm_id = ? AND e.id = ?`, mine.ID, id)
	}
	before, first := preview(), size(w.readyExport(t, mine, sid))
	m := theirs.Matter(t)
	for range 50 {
		theirs.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	}
	w.readyExport(t, theirs, w.signIn(t, theirs, rbac.RoleSpecialist))
	if after, second := preview(), size(w.readyExport(t, mine, sid)); after != before || second != first || first == "" {
		t.Errorf("%s, %s became %s, %s", before, first, after, second)
	}
}

// An allowance is used up by those whom the firm let in, and that it is used up shows
// to nobody else.
func TestT24_AnAllowanceTellsStrangersNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)
	own, stranger := w.signIn(t, mine, rbac.RolePartner), w.signIn(t, theirs, rbac.RolePartner)
	r := testkit.Redis(t)
	w.s.Pace = httpd.NewPace(r, w.s.Clock)
	web, err := app.NewWeb(w.s)
	if err != nil {
		t.Fatal(err)
	}
	w.web = web
	path := "/api/v1/firms/" + string(mine.ID) + "/matters"
	counted := func() []string {
		keys, err := r.Keys(t.Context(), "*"+string(mine.ID)+"*").Result()
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	v := &visitor{t: t, w: w, sid: stranger}
	quiet := v.ask("GET", path, "")
	if keys := counted(); quiet.status != http.StatusNotFound || len(keys) != 0 {
		t.Errorf("a stranger: %d, and counted %v for the firm they asked about", quiet.status, keys)
	}
	if got := w.call("GET", path, own, ""); got.Code != http.StatusOK || len(counted()) != 1 {
		t.Fatalf("one's own: %d, counted %v", got.Code, counted())
	}
	// Full again in an hour, as after many requests of many people.
	if err := r.Set(t.Context(), counted()[0], w.s.Clock.Now().Add(time.Hour).UnixMicro(), time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	if got := w.call("GET", path, own, ""); got.Code != http.StatusTooManyRequests {
		t.Fatalf("the firm's allowance does not end: %d", got.Code)
	}
	if loud := v.ask("GET", path, ""); loud != quiet {
		t.Errorf("a stranger meets %+v while the allowance is used up, %+v while it is not", loud, quiet)
	}
}

// invitee is the name under which one is invited; their initials are the same.
func invitee(i int) string { return fmt.Sprintf("Ida A%cers", 'a'+i) }

// To invite somebody who has an account elsewhere looks, from the first answer to the
// lists and pages after it, like inviting somebody whom nobody knows: nothing of the
// account shows before they have come.
func TestT24_InvitingTellsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := testkit.Firm(t, w.s.DB), testkit.Firm(t, w.s.DB)
	elsewhere := w.personOf(t, w.signIn(t, theirs, rbac.RolePartner))
	theirs.Exec(t, `UPDATE person SET name = 'Zebedee Elsewhere', created_at = '2020-01-01' WHERE id = ?`, elsewhere)
	other := ident.New[ident.PersonID](w.s.Clock.Now().AddDate(-3, 0, 0)) // who came there three years ago
	theirs.Exec(t, `INSERT INTO person (id, email, name, created_at) VALUES (?, ?, 'Ysolde Elsewhere', '2023-01-01')`, other, other+"@people.example")
	theirs.Grant(t, other, rbac.RolePartner)
	admin := w.signIn(t, mine, rbac.RoleFirmAdmin)
	root := "/api/v1/firms/" + string(mine.ID)
	addresses := []string{"nobody-" + string(mine.ID) + "@people.example", string(elsewhere) + "@people.example", string(other) + "@people.example"}
	ids := make([]string, len(addresses))
	alike := func(what string, show func(i int) string) {
		t.Helper()
		first := ""
		for i, email := range addresses {
			text := show(i) // which may be what first tells the id
			text = strings.NewReplacer(email, "EMAIL", ids[i], "ID", invitee(i), "NAME").Replace(text)
			if text = pageToken.ReplaceAllString(volatile.ReplaceAllString(text, "X"), "$1"); i == 0 {
				first = text
			}
			if text != first || !strings.Contains(text, "NAME") || strings.Contains(text, "Elsewhere") {
				t.Errorf("%s: one nobody knows\n%s\none who is known elsewhere\n%s", what, first, text)
			}
		}
	}
	alike("the invitation", func(i int) string {
		name := invitee(i)
		rec := w.call("POST", root+"/people", admin, fmt.Sprintf(`{"name":%q,"email":%q,"role":"partner","scope":"all","class":3,"label":"standard","reason":"joins"}`, name, addresses[i]))
		var given struct {
			Person string `json:"person_id"`
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &given); err != nil || rec.Code != http.StatusCreated {
			t.Fatalf("invite %s: %d %s", addresses[i], rec.Code, rec.Body)
		}
		ids[i] = given.Person
		return name + rec.Body.String()
	})
	whole := func(path string) string { return w.call("GET", path, admin, "").Body.String() }
	// entry is the object of a list that names the person.
	entry := func(path string, i int) string {
		var list struct{ Items []json.RawMessage }
		if err := json.Unmarshal([]byte(whole(path)), &list); err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			if strings.Contains(string(item), ids[i]) {
				return string(item)
			}
		}
		t.Fatalf("%s does not list %s", path, addresses[i])
		return ""
	}
	// around is what stands around the person's name in a page.
	around := func(path string, i int) string {
		page := whole(path)
		at := strings.Index(page, invitee(i))
		if at < 0 || strings.Contains(page, "Elsewhere") {
			t.Fatalf("%s does not show the name that was typed, or shows another", path)
		}
		from, to := strings.LastIndex(page[:at], "<tr"), strings.Index(page[at:], "</tr>")
		if from < 0 || to < 0 {
			from, to = max(0, at-300), 300
		}
		return page[from : at+to]
	}
	alike("the people", func(i int) string { return entry(root+"/people", i) })
	alike("the grants", func(i int) string { return entry(root+"/grants", i) })
	alike("the access page", func(i int) string { return around("/firms/"+string(mine.ID)+"/access", i) })
	alike("the question why", func(i int) string { return whole(root + "/explain?permission=matter.read&person_id=" + ids[i]) })
	m := mine.Matter(t)
	alike("a wall", func(i int) string {
		rec := w.call("POST", root+"/walls", admin, fmt.Sprintf(`{"person_id":%q,"matter_ids":[%q],"reason":"x"}`, ids[i], m.ID))
		return entry(root+"/walls", i) + rec.Body.String()
	})
	alike("the sessions", func(i int) string {
		return invitee(i) + whole(root+"/people/"+ids[i]+"/sessions")
	})
	alike("the link again", func(i int) string {
		rec := w.call("POST", root+"/people/"+ids[i]+"/invitation", admin, "")
		return invitee(i) + fmt.Sprint(rec.Code) + rec.Body.String()
	})
	alike("a lost factor", func(i int) string {
		_, err := w.s.People.OpenRecovery(mine.As(t, rbac.RoleFirmAdmin), addresses[i], "phone is gone")
		return invitee(i) + fmt.Sprint(err)
	})
	for i, id := range ids {
		parsed, err := uuid.Parse(id)
		if err != nil || parsed.Version() == 7 && i == 0 {
			t.Errorf("%s tells when its person was first seen", id)
		}
	}
	if _, err := w.s.Matters.Clients(mine.Acting(elsewhere)); err != nil {
		t.Fatal(err)
	}
	if now := entry(root+"/people", 1); !strings.Contains(now, `"Zebedee Elsewhere"`) || !strings.Contains(now, `"active"`) {
		t.Errorf("once they have come: %s", now)
	}
}
