package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// mailed is a web side without any mail setting, and a worker that mails into a folder.
func mailed(t *testing.T) (web, worker *app.Services, folder string) {
	t.Helper()
	w := newWorld(t)
	c := w.s.Config
	folder = strings.TrimPrefix(c.MailURL, "file://")
	hasher, err := people.NewHasher(quick)
	if err != nil {
		t.Fatal(err)
	}
	without := c
	without.MailURL, without.MailFrom = "", ""
	if web, err = app.NewServices(t.Context(), app.Parts{Config: without, DB: w.s.DB, Clock: w.s.Clock, Log: obs.Discard(), Hasher: hasher}); err != nil {
		t.Fatal(err)
	}
	if worker, err = app.NewServices(t.Context(), app.Parts{Config: c, DB: w.worker.DB, Clock: w.s.Clock, Log: obs.Discard(), Hasher: hasher}); err != nil {
		t.Fatal(err)
	}
	return web, worker, folder
}

func drain(t *testing.T, worker *app.Services, f testkit.F) {
	t.Helper()
	engine, err := app.NewEngine(worker)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Drain(t.Context(), f.ID); err != nil {
		t.Fatal(err)
	}
}

// lettersTo are the mails in a folder whose text has a line for the address.
func lettersTo(t *testing.T, folder, address string) (letters []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(strings.ReplaceAll(string(b), "=\r\n", ""), "=3D", "=")
		if strings.Contains(text, address) {
			letters = append(letters, text)
		}
	}
	return letters
}

var enrolLink = regexp.MustCompile(`/enrol/([A-Za-z0-9_-]{43})`)

func TestInvitationsLeaveThroughTheOutbox(t *testing.T) {
	t.Parallel()
	web, worker, folder := mailed(t)
	f := testkit.Firm(t, web.DB)
	bureau := testkit.Bureau(t, web.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	address := "nora." + string(f.ID) + "@firm.example"
	draft := grant.Draft{Role: rbac.RolePartner, Scope: "all", Class: 3, Reason: "joins the firm"}

	if _, err := web.Grants.Invite(admin, "", address, draft); err == nil {
		t.Error("invited without a name")
	}
	if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ?`, f.ID); n != 0 {
		t.Errorf("a refusal left %d jobs", n)
	}
	g, err := web.Grants.Invite(admin, "Nora Quill", address, draft)
	if err != nil {
		t.Fatal(err)
	}
	if len(lettersTo(t, folder, address)) != 0 {
		t.Error("mailed before the worker came")
	}
	drain(t, worker, f)
	got := lettersTo(t, folder, address)
	if len(got) != 1 {
		t.Fatalf("%d letters, want 1", len(got))
	}
	token := enrolLink.FindStringSubmatch(got[0])
	if token == nil {
		t.Fatalf("no link in %s", got[0])
	}
	if row := f.Text(t, `SELECT string_agg(o::text, ' ') FROM outbox o WHERE firm_id = ?`, f.ID); strings.Contains(row, token[1]) || strings.Contains(row, address) {
		t.Errorf("the job holds a secret or an address: %s", row)
	}

	t.Run("a link that was replaced or used is not mailed", func(t *testing.T) {
		for range 2 {
			if err := web.Grants.Reinvite(admin, g.Person); err != nil {
				t.Fatal(err)
			}
		}
		drain(t, worker, f)
		got := lettersTo(t, folder, address)
		if len(got) != 2 {
			t.Fatalf("%d letters, want the newest link only besides the first", len(got))
		}
		if _, err := web.People.Enrol(t.Context(), token[1], password); err == nil {
			t.Error("the replaced link still serves")
		}
		var live string
		for _, l := range got {
			if m := enrolLink.FindStringSubmatch(l); m != nil && m[1] != token[1] {
				live = m[1]
			}
		}
		if err := web.Grants.Reinvite(admin, g.Person); err != nil {
			t.Fatal(err)
		}
		if _, err := web.People.Enrol(t.Context(), live, password); err == nil {
			t.Error("a link replaced before the worker came still serves")
		}
	})
	t.Run("a forgotten password", func(t *testing.T) {
		drain(t, worker, f)
		all := lettersTo(t, folder, address)
		var used bool
		for _, l := range all {
			if m := enrolLink.FindStringSubmatch(l); m != nil {
				if _, err := web.People.Enrol(t.Context(), m[1], password); err == nil {
					used = true
				}
			}
		}
		if !used {
			t.Fatal("no letter has a link that serves")
		}
		if err := web.People.Forgot(t.Context(), address, "203.0.113.0/24"); err != nil {
			t.Fatal(err)
		}
		if row := bureau.Text(t, `SELECT string_agg(o::text, ' ') || (SELECT string_agg(a::text, ' ') FROM reset_ask a) FROM outbox o WHERE firm_id = ?`, bureau.ID); strings.Contains(row, address) {
			t.Errorf("what waits for the worker holds the address: %s", row)
		}
		drain(t, worker, bureau)
		if n := len(lettersTo(t, folder, address)); n != len(all)+1 {
			t.Errorf("%d letters after asking, want one more than %d", n, len(all))
		}
		if n := bureau.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = 'person.link' AND state <> 'done'`, bureau.ID); n != 0 {
			t.Errorf("%d letters are left", n)
		}
	})
	t.Run("a link that an administrator sends to who has a password", func(t *testing.T) {
		if _, err := web.Matters.Clients(f.Acting(g.Person)); err != nil { // they have come
			t.Fatal(err)
		}
		before := len(lettersTo(t, folder, address))
		if err := web.Grants.Reinvite(admin, g.Person); err != nil {
			t.Fatal(err)
		}
		drain(t, worker, f)
		all := lettersTo(t, folder, address)
		if len(all) != before+1 {
			t.Fatalf("%d letters, want one more than %d", len(all), before)
		}
		found := false
		for _, l := range all {
			if m := enrolLink.FindStringSubmatch(l); m != nil && strings.Contains(l, "An administrator at") {
				_, err := web.People.Enrol(t.Context(), m[1], "nine tall poplars lean west")
				found = found || err == nil
			}
		}
		if !found {
			t.Error("no letter says who sends the link and has one that serves")
		}
	})
}
