package worklist_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

const benchFirms = 40

// benchDesk is one specialist over 40 firms with 250 ready items each, of two types.
func benchDesk(b *testing.B, requirements bool) (*worklist.Service, testkit.F, context.Context) {
	b.Helper()
	d := testkit.OpenDatabase(b, "docketry_api", testkit.NewDatabase(b), clock.At(testkit.Now))
	policy, err := rbac.New()
	if err != nil {
		b.Fatal(err)
	}
	guard := authz.NewGuard(d, policy)
	testkit.Bureau(b, d)
	who, by := testkit.Person(b, d, "claimer"), testkit.Person(b, d, "author")
	var first testkit.F
	var course ident.CourseID
	for i := range benchFirms {
		f := testkit.Firm(b, d)
		if i == 0 {
			first, course = f, ident.New[ident.CourseID](testkit.Now)
			f.Exec(b, `INSERT INTO course (id, name, months, created_by, created_at) VALUES (?, 'LEDES', 12, ?, ?)`, course, by, testkit.Now)
		}
		f.Grant(b, who, rbac.RoleSpecialist)
		f.Exec(b, `INSERT INTO work_item (firm_id, id, type, priority, subject_kind, subject_id, received_at, created_at, hot_at, deadline_at)
			SELECT ?, gen_random_uuid(), CASE n % 2 WHEN 0 THEN 'prebill' ELSE 'time_import' END, 3, 'import', gen_random_uuid(), ?, ?, ?::timestamptz + n * interval '1 hour', ?::timestamptz + n * interval '2 hours' FROM generate_series(1, 250) n`,
			f.ID, testkit.Now, testkit.Now, testkit.Now, testkit.Now)
		if requirements {
			f.Exec(b, `INSERT INTO work_requirement (firm_id, id, work_type, course_id, mandatory, side, set_by, set_at) VALUES (?, gen_random_uuid(), 'prebill', ?, true, 'bureau', ?, ?)`, f.ID, course, by, testkit.Now)
		}
	}
	testkit.AdminExec(b, d, `ANALYZE`)
	return worklist.NewService(d, guard, sla.New(d, guard)), first, across(first.Acting(who))
}

// BenchmarkNext is get-next over 40 firms, where work asks for nothing and where half of it
// asks for a certificate that the person does not hold.
func BenchmarkNext(b *testing.B) {
	for _, asked := range []bool{false, true} {
		b.Run(fmt.Sprintf("certificates=%v", asked), func(b *testing.B) {
			work, _, ctx := benchDesk(b, asked)
			for b.Loop() {
				l, err := work.Next(ctx)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := work.Finish(scope.InFirm(ctx, l.Firm), worklist.Act{Item: l.Item, Token: l.Token}); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// BenchmarkSkipLocked is the floor of DESIGN 9: one UPDATE over a SELECT that skips what is
// locked, in one firm's transaction.
func BenchmarkSkipLocked(b *testing.B) {
	_, f, ctx := benchDesk(b, false)
	for b.Loop() {
		err := f.DB().InFirm(scope.InFirm(ctx, f.ID), func(tx *db.Tx) error {
			return tx.Exec(`UPDATE work_item w SET status = 'leased', leased_by = ?, leased_at = ?, lease_until = ?, lease_token = w.lease_token + 1
				WHERE w.firm_id = ? AND w.id = (SELECT x.id FROM work_item x WHERE x.firm_id = ? AND x.status = 'ready' ORDER BY x.deadline_at LIMIT 1 FOR UPDATE SKIP LOCKED)`,
				tx.Scope.Actor, tx.Now, tx.Now.Add(worklist.LeaseTTL), f.ID, f.ID).Error
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
