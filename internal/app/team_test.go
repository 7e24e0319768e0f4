package app_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

var teamFigure = regexp.MustCompile(`href="(/team/items\?[^"]*)"[^>]*>\s*([0-9,]+)<`)

// Each figure of the team board opens a list of as many rows, on pages and by API alike.
func TestTheTeamBoardCountsWhatItLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own, other := w.furnished(t), w.furnished(t)
	specialist := own.firm.As(t, rbac.RoleSpecialist)
	lease, err := w.s.Work.Take(own.firm.As(t, rbac.RoleTeamLead), ident.WorkItemID(own.ids["item"]))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.s.Work.Assign(own.firm.As(t, rbac.RoleTeamLead), lease.Item, testkit.Actor(specialist), "Yours"); err != nil {
		t.Fatal(err)
	}
	sid := w.signIn(t, own.firm, rbac.RoleTeamLead)
	board := w.send(sid, http.MethodGet, "/team", "")
	page := board.Body.String()
	figures := teamFigure.FindAllStringSubmatch(page, -1)
	if board.Code != http.StatusOK || len(figures) < 5 {
		t.Fatalf("the board: %d with %d figures: %s", board.Code, len(figures), page)
	}
	for _, f := range figures {
		at := html.UnescapeString(f[1])
		list := w.send(sid, http.MethodGet, at, "")
		if rows := strings.Count(list.Body.String(), `<tr role="row" class="can`); list.Code != http.StatusOK || strconv.Itoa(rows) != f[2] {
			t.Errorf("%s shows %s, lists %d (%d)", at, f[2], rows, list.Code)
		}
	}
	var api struct {
		Open, Free, Waiting, Stuck int
		People                     []struct {
			ID   string `json:"person_id"`
			Hand int    `json:"in_hand"`
		}
	}
	if err := json.Unmarshal(w.call(http.MethodGet, "/api/v1/team", sid, "").Body.Bytes(), &api); err != nil {
		t.Fatal(err)
	}
	length := func(query string) int {
		var list struct{ Items []json.RawMessage }
		if err := json.Unmarshal(w.call(http.MethodGet, "/api/v1/team/items?"+query, sid, "").Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		return len(list.Items)
	}
	if api.Open == 0 || api.Open != length("list=open") || api.Free != length("list=free") || api.Waiting != length("list=waiting") {
		t.Errorf("the API counts %+v", api)
	}
	held := 0
	for _, p := range api.People {
		if n := length("list=hands&person_id=" + p.ID); n != p.Hand {
			t.Errorf("%s has %d, lists %d", p.ID, p.Hand, n)
		}
		held += p.Hand
	}
	if held != 1 {
		t.Errorf("%d in hand, want the assigned one", held)
	}
	// Another firm: nothing of it, and its list is empty as one of a firm that does not exist.
	code := other.firm.Text(t, `SELECT code FROM firm WHERE firm_id = ?`, other.firm.ID)
	if strings.Contains(page, other.ids["firm"]) || strings.Contains(page, code+",") {
		t.Error("the board names another firm")
	}
	if a, b := length("list=open&firm_id="+other.ids["firm"]), length("list=open&firm_id="+absentID); a != 0 || b != 0 {
		t.Errorf("%d and %d items of firms that the lead has no access to", a, b)
	}
	if got := w.send(sid, http.MethodGet, "/team/items?list=nonsense", ""); got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), "is no list of the board") {
		t.Errorf("a list that there is not: %d", got.Code)
	}
	if got := w.call(http.MethodGet, "/api/v1/team/items?list=nonsense", sid, ""); got.Code != http.StatusUnprocessableEntity {
		t.Errorf("a list that there is not, by API: %d %s", got.Code, got.Body)
	}
}

// T01: the board is there for leads of the bureau and for nobody else, and its moves say
// nothing of an item or a person that the lead may not know of.
func TestT01_TheTeamBoardIsForLeads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own, other := w.furnished(t), w.furnished(t)
	for _, role := range []rbac.Role{rbac.RoleSpecialist, rbac.RolePartner, rbac.RoleFirmAdmin, rbac.RoleQualityAuditor} {
		sid := w.signIn(t, own.firm, role)
		for _, at := range []string{"/team", "/team/items?list=open"} {
			if got := w.send(sid, http.MethodGet, at, ""); got.Code != http.StatusNotFound {
				t.Errorf("%s at %s: %d", role, at, got.Code)
			}
			if got := w.call(http.MethodGet, "/api/v1"+at, sid, ""); got.Code != http.StatusForbidden && got.Code != http.StatusNotFound {
				t.Errorf("%s at %s by API: %d", role, at, got.Code)
			}
		}
	}
	sid := w.signIn(t, own.firm, rbac.RoleTeamLead)
	token := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(w.send(sid, http.MethodGet, "/people/me", "").Body.String())
	version := own.firm.Count(t, `SELECT version FROM work_item WHERE firm_id = ? AND id = ?`, own.firm.ID, own.ids["item"])
	specialist := testkit.Actor(own.firm.As(t, rbac.RoleSpecialist))
	move := func(firm, item string, version int64, to ident.PersonID) (int, string) {
		form := url.Values{"csrf": {token[1]}, "item": {firm + "/" + item + "/" + strconv.FormatInt(version, 10)}, "to": {string(to)}}
		got := w.send(sid, http.MethodPost, "/team/move", form.Encode())
		return got.Code, got.Body.String()
	}
	if a, _ := move(other.ids["firm"], other.ids["item"], 1, specialist); a != http.StatusNotFound {
		t.Errorf("an item of another firm: %d", a)
	}
	if b, _ := move(own.ids["firm"], absentID, 1, specialist); b != http.StatusNotFound {
		t.Errorf("an absent item: %d", b)
	}
	if code, page := move(own.ids["firm"], own.ids["item"], version, testkit.Actor(other.firm.As(t, rbac.RoleSpecialist))); code != http.StatusUnprocessableEntity || !strings.Contains(page, "Choose one of the people listed") && !strings.Contains(page, "cannot go to that person") {
		t.Errorf("to somebody of another firm: %d %s", code, page)
	}
	if code, page := move(own.ids["firm"], own.ids["item"], version+7, specialist); code != http.StatusPreconditionFailed || !strings.Contains(page, "Team board") {
		t.Errorf("an item that changed: %d %s", code, cutTo(page, 300))
	}
	if code, page := move(own.ids["firm"], own.ids["item"], version, specialist); code != http.StatusSeeOther {
		t.Fatalf("a move: %d %s", code, cutTo(page, 300))
	}
	i, err := w.s.Work.Item(own.firm.As(t, rbac.RoleTeamLead), ident.WorkItemID(own.ids["item"]))
	if err != nil || i.Kept.For.ID != specialist || i.Kept.As != worklist.AsAssigned {
		t.Errorf("after the move: %+v, %v", i.Kept, err)
	}
}
