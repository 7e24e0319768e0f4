package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// A busy day of one person: 100,000 looks at twenty matters over twelve hours, of which
// they take up an item each 43 seconds.
const (
	busyLooks   = 100_000
	busyMatters = 20
	busyStep    = 432 * time.Millisecond
	busyLease   = 100 // looks between two items taken
)

// TestT31_TheAccessLogOfABusyDayIsMade: what each look was for costs the same however much
// its person did that day, and a file that would be too long is refused before it is read.
func TestT31_TheAccessLogOfABusyDayIsMade(t *testing.T) {
	t.Parallel()
	c := clock.At(testkit.Now)
	d, w := testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	svc := NewService(d, authz.NewGuard(d, policy), nil, "")
	f := testkit.Firm(t, d)
	admin, reader := f.As(t, rbac.RoleFirmAdmin), testkit.Person(t, d, "reader")
	var matters []ident.MatterID
	for range busyMatters {
		matters = append(matters, f.Matter(t).ID)
	}
	start := testkit.Now.Add(-12 * time.Hour)
	busyDay(t, w, f, reader, matters, start)
	testkit.AdminExec(t, d, `ANALYZE audit_leaf`) // as the server does by itself

	if _, err := svc.LooksFile(admin, LookFilter{}, 10_000); !errors.Is(err, ErrManyLooks) {
		t.Errorf("a file of the whole day: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'audit.log_exported'`, f.ID); n != 0 {
		t.Errorf("the refused file left %d entries", n)
	}
	cond, args := "l.firm_id = ?"+looked, []any{f.ID}
	// What lies between the counted is read too: entries that are no looks, and of the other
	// firms of this database as many as their tests have made. The day's 100,000 are not.
	if n := rowsRead(t, d, f, countLooks(cond), append(args, 10_001)...); n > 20_000 {
		t.Errorf("counting to 10,001 reads %d rows", n)
	}

	// The last of the day, before which all the rest lies.
	from := start.Add((busyLooks - 1_500) * busyStep)
	looks, err := svc.LooksFile(admin, LookFilter{From: from, Person: reader}, 10_000)
	if err != nil || len(looks) != 1_500 {
		t.Fatalf("the file of the last looks: %d, %v", len(looks), err)
	}
	for i, l := range looks {
		n := busyLooks - 1 - i
		want := "item " + takenBefore(n)
		if n%1000 == 7 {
			want = fmt.Sprintf("prebill p%d", n)
		}
		if got := l.ForObject + " " + l.ForID; got != want {
			t.Fatalf("look %d was for %s, want %s", n, got, want)
		}
	}
	shown := make([]Shown, 200)
	for i := range shown {
		shown[i] = looks[i].Shown
	}
	if n := rowsRead(t, d, f, purposesOf, purposeArgs(f.ID, shown)...); n > 2*len(shown) {
		t.Errorf("a page of %d looks reads %d rows to tell what they were for", len(shown), n)
	}
	// Of somebody who took items long before and none since, no more is read.
	for i := range shown {
		shown[i].At = shown[i].At.Add(24 * time.Hour)
	}
	if n := rowsRead(t, d, f, purposesOf, purposeArgs(f.ID, shown)...); n > 0 {
		t.Errorf("a page of %d looks a day after the last item reads %d rows", len(shown), n)
	}
}

// takenBefore is the item of look n's matter that was taken last.
func takenBefore(n int) string {
	for k := n - n%busyLease; ; k -= busyLease {
		if (k/busyLease)%busyMatters == n%busyMatters {
			return fmt.Sprintf("w%d", k)
		}
	}
}

// busyDay writes the leaves. Look n is of matter n modulo their number; at each look that
// busyLease divides, the item of the next matter in turn is taken; and now and then a
// pre-bill is touched in the request of a look.
func busyDay(t *testing.T, w *db.DB, f testkit.F, reader ident.PersonID, matters []ident.MatterID, start time.Time) {
	t.Helper()
	leaf := func(action, object, id, matter, class, request, when string) string {
		return `SELECT count(auth.append_leaf(?::uuid, gen_random_uuid(), ?::timestamptz + n * interval '432 milliseconds', ?, '', '', '` + action + `', '` + object + `', ` + id + `,
			(?::text[])[1 + ` + matter + ` % 20], ` + class + `::smallint, '', '', '', '{}', ` + request + `, 'done')::text) FROM generate_series(?::int, ?::int) n WHERE ` + when
	}
	for _, sql := range []string{
		leaf("entry.read", "matter", "'m'", "n", "3", "'look ' || n", "true"),
		leaf("item.leased", "item", "'w' || n", "(n / 100)", "1", "'lease ' || n", "n % 100 = 0"),
		leaf("prebill.line_edited", "prebill", "'p' || n", "n", "3", "'look ' || n", "n % 1000 = 7"),
	} {
		for n := 0; n < busyLooks; n += 10_000 {
			err := w.InFirm(f.Machine(), func(tx *db.Tx) error {
				return tx.Exec(sql, f.ID, start, reader, db.Array(matters), n, n+9_999).Error
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// rowsRead runs a statement and adds up the rows that its scans read, also those that
// they threw away.
func rowsRead(t *testing.T, d *db.DB, f testkit.F, sql string, args ...any) (n int) {
	t.Helper()
	var text string
	err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Raw("EXPLAIN (ANALYZE, FORMAT JSON) "+sql, args...).Row().Scan(&text)
	})
	if err != nil {
		t.Fatal(err)
	}
	type node struct {
		Rows    float64 `json:"Actual Rows"`
		Loops   float64 `json:"Actual Loops"`
		Removed float64 `json:"Rows Removed by Filter"`
		Recheck float64 `json:"Rows Removed by Index Recheck"`
		Table   string  `json:"Relation Name"`
		Plans   []node
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(text), &plans); err != nil || len(plans) != 1 {
		t.Fatalf("read the plan: %v\n%s", err, text)
	}
	var add func(p node)
	add = func(p node) {
		if p.Table != "" {
			n += int(p.Loops * (p.Rows + p.Removed + p.Recheck))
		}
		for _, below := range p.Plans {
			add(below)
		}
	}
	add(plans[0].Plan)
	return n
}
