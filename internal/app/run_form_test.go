package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

// A run's form comes back with what is wrong at the date, and with what was typed and
// chosen, whatever the date is.
func TestARunsDateIsRefusedAtItsField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.furnished(t)
	sid := w.signIn(t, own.firm, rbac.RoleSpecialist)
	specialist, partner := own.firm.As(t, rbac.RoleSpecialist), own.firm.As(t, rbac.RolePartner)
	m := own.firm.Matter(t)
	own.firm.Work(t, m, own.firm.Timekeeper(t, "ZZ", "ASSOC", 6_850_000), own.firm.Day(t, 9).Format(time.DateOnly), 20_000, 6_850_000)
	p, err := w.s.Prebills.Build(specialist, prebill.Order{Matter: m.ID, Through: own.firm.Day(t, 0)})
	if err == nil {
		p, err = w.s.Prebills.Submit(specialist, p.ID, p.Version)
	}
	if err != nil {
		t.Fatal(err)
	}
	v, err := w.s.Prebills.Get(partner, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.s.Prebills.Approve(partner, p.ID, v.Version, v.Hash); err != nil {
		t.Fatal(err)
	}
	pair := own.ids["firm"] + "/" + string(p.ID)
	token := formToken.FindStringSubmatch(w.send(sid, http.MethodGet, "/people/me", "").Body.String())[1]
	for _, on := range []string{"2031-01-01", "2026-02-30", "garbage", "2001-01-01"} {
		form := url.Values{"name": {"My own name"}, "on": {on}, "prebill": {pair}, "csrf": {token}}
		got := w.send(sid, http.MethodPost, "/runs/new", form.Encode())
		page := got.Body.String()
		if got.Code != http.StatusUnprocessableEntity || !strings.Contains(page, `id="f-on-e"`) || !strings.Contains(page, `value="My own name"`) || !strings.Contains(page, `value="`+on+`"`) || !strings.Contains(page, `value="`+pair+`"`) {
			t.Errorf("%s: %d, field %v, name %v, date %v, chosen %v", on, got.Code, strings.Contains(page, `id="f-on-e"`), strings.Contains(page, "My own name"), strings.Contains(page, on), strings.Contains(page, pair))
		}
	}
}
