package app_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
)

// jobArgs are the arguments of every kind of job, with a noun for each id.
var jobArgs = map[string]string{
	"invoice.wanted":                 `{"run_item_id":"<run_item>"}`,
	"invoice.delivery_wanted":        `{"invoice_id":"<invoice>"}`,
	"invoice.credit_delivery_wanted": `{"credit_note_id":"<credit_note>"}`,
	"mail.send":                      `{"mail_id":"<mail>"}`,
	"person.letter":                  `{"letter_id":"<letter>"}`,
	"person.link":                    `{"person_id":"<person>"}`,
	"person.reset_asked":             `{"ask_id":"<reset_ask>"}`,
	"export.build":                   `{"export_id":"<export>"}`,
	"webhook.call":                   `{"delivery_id":"<delivery>"}`,
	"submission.handover":            `{"submission_id":"<submission>","n":1}`,
	"selfcheck.nightly":              `{}`, // of its own firm
}

// Matrix of T01 for jobs: every kind x {another firm's, absent, malformed} ids, asked for in
// a firm that has none of them. The job ends the same way for all of them, nothing of the
// other firm has changed by a byte, and none of its ids or texts stands in the asking firm.
// Not parallel: it compares all that the other firm has before and after.
func TestT01_EveryKindOfJobByID(t *testing.T) {
	w := newWorld(t)
	mine, theirs := testkit.Firm(t, w.s.DB), w.furnished(t)
	theirs.ids["delivery"] = absentIfNone(theirs.firm.Text(t, `SELECT coalesce((SELECT id::text FROM webhook_delivery WHERE firm_id = ? LIMIT 1), '')`, theirs.firm.ID))
	theirs.look(t, "run_item", `SELECT id FROM run_item WHERE firm_id = ?`)
	theirs.look(t, "letter", `SELECT id FROM person_letter WHERE firm_id = ?`)
	theirs.ids["reset_ask"] = w.resetAsk(t) // all stand in the bureau
	engine, err := app.NewEngine(w.worker)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := engine.Registry.Kinds(), slices.Sorted(maps.Keys(jobArgs)); !slices.Equal(got, want) {
		t.Fatalf("kinds of jobs %v; this test has arguments for %v", got, want)
	}
	before := everything(t, theirs.firm.ID)
	tried := 0
	for kind, args := range jobArgs {
		if !strings.Contains(args, "<") {
			if end := w.endOf(t, engine.Drain, mine, kind, args); end != "done" {
				t.Errorf("%s ends %q", kind, end)
			}
			tried++
			continue
		}
		var ends []string
		for _, which := range []string{"theirs", "absent", "malformed"} {
			filled := args
			for noun, id := range theirs.ids {
				filled = strings.ReplaceAll(filled, "<"+noun+">", map[string]string{"theirs": id, "absent": absentID, "malformed": "malformed"}[which])
			}
			if strings.Contains(filled, "<") {
				t.Fatalf("%s: the fixture lacks an id of %s", kind, args)
			}
			ends = append(ends, w.endOf(t, engine.Drain, mine, kind, filled))
			tried++
		}
		if ends[0] != ends[1] || ends[0] == "done" {
			t.Errorf("%s: another firm's ends %q, what is not there %q", kind, ends[0], ends[1])
		}
		if strings.HasPrefix(ends[2], "done") || strings.HasPrefix(ends[2], "pending") {
			t.Errorf("%s: what is no id ends %q", kind, ends[2])
		}
	}
	if after := everything(t, theirs.firm.ID); !maps.Equal(before, after) {
		for table := range after {
			if before[table] != after[table] {
				t.Errorf("another firm's jobs changed %s", table)
			}
		}
	}
	for table, rows := range everything(t, mine.ID) {
		if table == "outbox" {
			continue
		}
		for noun, id := range theirs.ids {
			if !slices.Contains([]string{"series", "mapping", "wording"}, noun) && id != absentID && strings.Contains(rows, id) {
				t.Errorf("%s of the asking firm names another firm's %s", table, noun)
			}
		}
	}
	t.Logf("tried: %d combinations of kind of job and id, beside %d tables", tried, len(before))
}

// resetAsk is an ask for a new password that waits.
func (w world) resetAsk(t *testing.T) string {
	t.Helper()
	if err := w.s.People.Forgot(t.Context(), "nobody@people.example", "203.0.113.0/24"); err != nil {
		t.Fatal(err)
	}
	return w.bureau.Text(t, `SELECT id FROM reset_ask WHERE firm_id = ? ORDER BY id DESC LIMIT 1`, w.bureau.ID)
}

func absentIfNone(id string) string {
	if id == "" {
		return absentID
	}
	return id
}

// endOf asks for one job in a firm and tells how it ended, without its ids.
func (w world) endOf(t *testing.T, drain func(context.Context, ident.FirmID) (int, error), f testkit.F, kind, args string) string {
	t.Helper()
	id := ident.New[ident.JobID](w.s.Clock.Now())
	f.Exec(t, `INSERT INTO outbox (firm_id, id, kind, task_key, args, run_at, created_at) VALUES (?, ?, ?, ?, ?::jsonb, ?, ?)`, f.ID, id, kind, id, args, testkit.Now, testkit.Now)
	if _, err := drain(t.Context(), f.ID); err != nil {
		t.Errorf("%s: %v", kind, err)
	}
	end := f.Text(t, `SELECT state || ' ' || error FROM outbox WHERE firm_id = ? AND id = ?`, f.ID, id)
	for _, known := range anyID.FindAllString(args, -1) {
		end = strings.ReplaceAll(end, known, "id")
	}
	return strings.TrimSpace(end)
}

// everything is all rows of a firm, table by table, as the superuser sees them.
func everything(t *testing.T, firm ident.FirmID) map[string]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testkit.URL(t, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, err := conn.Query(t.Context(), `SELECT table_name::text FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
		WHERE table_schema = 'public' AND column_name = 'firm_id' AND table_type = 'BASE TABLE'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, table := range tables {
		var text string
		q := fmt.Sprintf(`SELECT coalesce(string_agg(r.text, E'\n' ORDER BY r.text), '') FROM (SELECT x::text AS text FROM %s x WHERE firm_id = $1) r`, pgx.Identifier{table}.Sanitize())
		if err := conn.QueryRow(t.Context(), q, firm).Scan(&text); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		all[table] = text
	}
	return all
}

// Every stored file x {its firm, another firm} x {the application's role, the worker's}:
// in another firm it is not there, and its bytes under another firm's row are nothing.
func TestT01_EveryFileByFirm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := testkit.Firm(t, w.s.DB), w.furnished(t)
	var ids []ident.BlobID
	if err := w.s.DB.InFirm(theirs.firm.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT id FROM blob WHERE firm_id = ?`, tx.Scope.Firm).Scan(&ids).Error
	}); err != nil || len(ids) == 0 {
		t.Fatalf("%d files: %v", len(ids), err)
	}
	tried := 0
	for _, id := range ids {
		for name, s := range map[string]*app.Services{"api": w.s, "worker": w.worker} {
			get := func(f testkit.F) error {
				tried++
				return s.DB.InFirm(f.Machine(), func(tx *db.Tx) error { _, err := s.Blobs.Get(tx, id); return err })
			}
			if err := get(theirs.firm); err != nil {
				t.Errorf("%s, its own firm: %v", name, err)
			}
			if err := get(mine); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("%s, another firm: %v", name, err)
			}
		}
	}
	// Whoever copies the rows across firms with SQL has bytes that no key of theirs opens.
	if err := w.s.DB.InFirm(mine.Machine(), func(tx *db.Tx) error { _, err := w.s.Blobs.Put(tx, "import", []byte("mine")); return err }); err != nil {
		t.Fatal(err)
	}
	testkit.AdminExec(t, w.s.DB, `CREATE TEMP TABLE copied AS SELECT * FROM blob WHERE firm_id = '`+string(theirs.firm.ID)+`';
		UPDATE copied SET firm_id = '`+string(mine.ID)+`', key_version = (SELECT max(version) FROM firm_key WHERE firm_id = '`+string(mine.ID)+`'); INSERT INTO blob SELECT * FROM copied`)
	for _, id := range ids {
		tried++
		err := w.s.DB.InFirm(mine.Machine(), func(tx *db.Tx) error { _, err := w.s.Blobs.Get(tx, id); return err })
		if err == nil || errors.Is(err, blob.ErrNotFound) {
			t.Errorf("a copied row: %v", err)
		}
	}
	t.Logf("tried: %d combinations of file, firm and role", tried)
}
