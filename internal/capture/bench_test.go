package capture_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const benchRows = 5_000

// BenchmarkImport is a file of 5,000 rows through the whole import: read, priced,
// judged, saved with its findings, work item and leaf.
func BenchmarkImport(b *testing.B) {
	d := testkit.DB(b)
	policy, err := rbac.New()
	if err != nil {
		b.Fatal(err)
	}
	svc := capture.New(d, authz.NewGuard(d, policy))
	for b.Loop() {
		b.StopTimer()
		f := testkit.Firm(b, d)
		who := f.As(b, rbac.RoleSpecialist)
		file := benchFile(b, f)
		b.StartTimer()
		r, err := svc.Import(who, capture.Upload{Name: "bench.csv", Data: file})
		if err != nil || r.Landed != benchRows {
			b.Fatalf("%v, %d landed, %d faults, %+v", err, r.Landed, r.FaultCount, r.Faults[:2])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/benchRows, "us/row")
}

func benchFile(b *testing.B, f testkit.F) []byte {
	b.Helper()
	var matters []string
	for range 8 {
		matters = append(matters, f.Matter(b).Number)
	}
	people := make([]string, 50) // three or four entries a person and day
	for i := range people {
		people[i] = fmt.Sprintf("T%02d", i)
		f.Timekeeper(b, people[i], "ASSOC", int64(2_000_000+50_000*i))
	}
	verbs := []string{"Draft section %d of reply brief on motion to compel", "Call with K. Byrne regarding extension to answer interrogatory %d",
		"Review deposition transcript of T. Reyes from page %d to end", "Research duty to warn for summary judgment motion on point %d"}
	var s strings.Builder
	s.WriteString(header)
	for i := range benchRows {
		fmt.Fprintf(&s, "N%d,2026-02-%02d,,%s,%s,,%d.%d,,"+verbs[i%4]+",L350,A103,,,,USD\n", i, i%27+1, matters[i%8], people[i%50], i%2, i%9+1, i)
	}
	return []byte(s.String())
}

// BenchmarkCopy is the limit: COPY of the same rows into the same table with the
// same indexes and keys, past row security.
func BenchmarkCopy(b *testing.B) {
	d := testkit.DB(b)
	policy, err := rbac.New()
	if err != nil {
		b.Fatal(err)
	}
	svc := capture.New(d, authz.NewGuard(d, policy))
	f := testkit.Firm(b, d)
	if _, err := svc.Import(f.As(b, rbac.RoleSpecialist), capture.Upload{Name: "bench.csv", Data: benchFile(b, f)}); err != nil {
		b.Fatal(err)
	}
	conn, err := pgx.Connect(b.Context(), testkit.URL(b, "postgres"))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	rows, err := conn.Query(b.Context(), `SELECT * FROM entry WHERE firm_id = $1`, f.ID)
	if err != nil {
		b.Fatal(err)
	}
	var columns []string
	for _, c := range rows.FieldDescriptions() {
		columns = append(columns, c.Name)
	}
	var values [][]any
	for rows.Next() {
		v, err := rows.Values()
		if err != nil {
			b.Fatal(err)
		}
		values = append(values, v)
	}
	rows.Close()
	for b.Loop() {
		tx, err := conn.Begin(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if _, err := tx.Exec(b.Context(), `DELETE FROM finding WHERE firm_id = $1`, f.ID); err != nil {
			b.Fatal(err)
		}
		if _, err := tx.Exec(b.Context(), `DELETE FROM entry WHERE firm_id = $1`, f.ID); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if _, err := tx.CopyFrom(b.Context(), pgx.Identifier{"entry"}, columns, pgx.CopyFromRows(values)); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := tx.Rollback(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/benchRows, "us/row")
}
