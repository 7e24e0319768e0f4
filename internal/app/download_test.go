package app_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// readyExport asks for an export in a session, has the firm approve and the worker build.
func (w world) readyExport(t *testing.T, f testkit.F, sid string) ident.ExportID {
	t.Helper()
	rec := w.call("POST", "/api/v1/firms/"+string(f.ID)+"/exports", sid, `{"from":"2026-01-01","to":"2026-12-31","form":"redacted","hours":24,"reason":"year-end"}`)
	var asked struct{ ID ident.ExportID }
	if err := json.Unmarshal(rec.Body.Bytes(), &asked); err != nil || rec.Code != http.StatusCreated {
		t.Fatalf("ask: %d %s", rec.Code, rec.Body)
	}
	if err := w.s.Exports.Approve(f.As(t, rbac.RoleFirmAdmin), asked.ID, 1); err != nil {
		t.Fatal(err)
	}
	j := outbox.Job{Firm: f.ID}
	err := w.worker.DB.InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`UPDATE outbox SET state = 'running', fence = fence + 1, lease_until = ?, started_at = ? WHERE firm_id = ? AND kind = 'export.build' AND state = 'pending' RETURNING id, fence, actor_id, coalesce(factor_at, '0001-01-01 00:00Z')`,
			tx.Now.Add(time.Minute), tx.Now, f.ID).Row().Scan(&j.ID, &j.Fence, &j.Actor, &j.Factor)
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := scope.With(context.Background(), scope.Scope{Firm: f.ID, Actor: j.Actor, FactorAt: j.Factor, Machine: "worker"})
	if err := w.worker.Exports.Build(ctx, j, export.BuildWanted{Export: asked.ID}); err != nil {
		t.Fatal(err)
	}
	return asked.ID
}

// A download answers Range with If-Range, goes on with its ticket after a break, and
// not once the whole file is out (T25, F10).
func TestF10_ADownloadGoesOnWhereItBrokeOff(t *testing.T) {
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	f.Cost(t, f.Matter(t), "2026-02-04", "E115", 10_000, 2_500_000)
	sid := w.signIn(t, f, rbac.RoleSpecialist)
	id := w.readyExport(t, f, sid)
	firm := "/api/v1/firms/" + string(f.ID)
	ticket := func() string {
		t.Helper()
		rec := w.call("POST", firm+"/exports/"+string(id)+"/ticket", sid, "")
		var given struct{ Ticket string }
		if err := json.Unmarshal(rec.Body.Bytes(), &given); err != nil || rec.Code != http.StatusOK {
			t.Fatalf("ticket: %d %s", rec.Code, rec.Body)
		}
		return given.Ticket
	}
	fetch := func(ticket string, headers ...string) *httptest.ResponseRecorder {
		return w.call("GET", firm+"/export-file", sid, "", append([]string{"Export-Ticket", ticket}, headers...)...)
	}
	one := ticket()
	whole := fetch(one)
	sum := sha256.Sum256(whole.Body.Bytes())
	tag := whole.Header().Get("ETag")
	if whole.Code != http.StatusOK || tag != `"`+hex.EncodeToString(sum[:])+`"` || whole.Header().Get("Accept-Ranges") != "bytes" || whole.Header().Get("Content-Length") != fmt.Sprint(whole.Body.Len()) {
		t.Fatalf("whole: %d %v", whole.Code, whole.Header())
	}
	if rec := fetch(one, "Range", "bytes=100-", "If-Range", tag); rec.Code != http.StatusNotFound {
		t.Errorf("going on after the whole file: %d", rec.Code)
	}
	two := ticket()
	begun := fetch(two, "Range", "bytes=0-99")
	if begun.Code != http.StatusPartialContent || begun.Body.Len() != 100 || !strings.HasPrefix(begun.Header().Get("Content-Range"), "bytes 0-99/") {
		t.Fatalf("begun: %d, %d bytes, %v", begun.Code, begun.Body.Len(), begun.Header())
	}
	for name, headers := range map[string][]string{
		"no Range": nil, "from the start": {"Range", "bytes=0-", "If-Range", tag}, "no If-Range": {"Range", "bytes=100-"}, "the end of it": {"Range", "bytes=-5", "If-Range", tag},
		"another file": {"Range", "bytes=100-", "If-Range", `"` + strings.Repeat("0", 64) + `"`}, "a weak tag": {"Range", "bytes=100-", "If-Range", "W/" + tag}, "a date": {"Range", "bytes=100-", "If-Range", "Mon, 02 Mar 2026 14:00:00 GMT"},
	} {
		if rec := fetch(two, headers...); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
	other := w.signIn(t, f, rbac.RoleSpecialist)
	if rec := w.call("GET", firm+"/export-file", other, "", "Export-Ticket", two, "Range", "bytes=100-", "If-Range", tag); rec.Code != http.StatusNotFound {
		t.Errorf("another person goes on: %d", rec.Code)
	}
	rest := fetch(two, "Range", "bytes=100-", "If-Range", tag)
	if rest.Code != http.StatusPartialContent || begun.Body.String()+rest.Body.String() != whole.Body.String() {
		t.Errorf("the rest: %d, %d bytes", rest.Code, rest.Body.Len())
	}
	if rec := fetch(two, "Range", "bytes=100-", "If-Range", tag); rec.Code != http.StatusNotFound {
		t.Errorf("after its last byte: %d", rec.Code)
	}
	if n := f.Count(t, `SELECT downloads_left FROM export WHERE firm_id = ?`, f.ID); n != 1 {
		t.Errorf("%d downloads are left, want 1", n)
	}
}
