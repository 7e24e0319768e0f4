package db_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
)

func TestTheWallsStand(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*db.DB{"api": testkit.DB(t), "worker": testkit.WorkerDB(t)} {
		if err := d.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestT26_SuperuserIsRefused(t *testing.T) {
	t.Parallel()
	d := testkit.OpenDatabase(t, "postgres", testkit.NewDatabase(t), clock.System())
	var refused *db.RoleError
	if err := d.Check(t.Context()); !errors.As(err, &refused) || !strings.Contains(err.Error(), "neither superuser nor BYPASSRLS") {
		t.Fatalf("Check as superuser: %v", err)
	}
}

// TestI21_CatalogueNamesEachBreach breaks each wall in a database of its own.
func TestI21_CatalogueNamesEachBreach(t *testing.T) {
	t.Parallel()
	for breach, want := range map[string]string{
		"CREATE TABLE loose (id uuid PRIMARY KEY)":                                                                                      "loose: has no firm_id",
		"CREATE TABLE bare (firm_id uuid NOT NULL, id uuid, PRIMARY KEY (firm_id, id))":                                                 "bare: row security",
		"ALTER TABLE matter NO FORCE ROW LEVEL SECURITY":                                                                                "matter: row security",
		"CREATE UNIQUE INDEX oracle ON matter (number)":                                                                                 "oracle: is a unique",
		"ALTER TABLE matter ADD UNIQUE (id); ALTER TABLE rate ADD CONSTRAINT loose_fkey FOREIGN KEY (matter_id) REFERENCES matter (id)": "loose_fkey: is a foreign key",
		"CREATE VIEW v AS SELECT * FROM matter":                                                                                         "v: is a view",
		"CREATE MATERIALIZED VIEW mv AS SELECT 1 AS x":                                                                                  "mv: is a view",
		"CREATE FUNCTION sneak() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'":                                               "sneak: is a SECURITY DEFINER",
		"GRANT TRUNCATE ON matter TO docketry_api":                                                                                      "matter: a run-time role may truncate",
		"GRANT SELECT ON matter TO docketry_bureau":                                                                                     "matter: the bureau role",
		"GRANT CREATE ON SCHEMA public TO docketry_worker":                                                                              "public: a run-time role may create",
		"CREATE POLICY open ON matter USING (true)":                                                                                     "matter.open: has a policy",
		"REVOKE SELECT ON matter FROM docketry_backup":                                                                                  "public.matter: the backup role cannot read it",
		"GRANT DELETE ON matter TO docketry_backup":                                                                                     "public.matter: the backup role may do more",
		"DROP POLICY firm ON matter":                                                                                                    "matter: does not have the three policies",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			name := testkit.NewDatabase(t)
			admin := testkit.OpenDatabase(t, "postgres", name, clock.System())
			// As superuser, through a door like everybody: there is no other.
			err := admin.InFirm(scope.ForMachine(t.Context(), "test", ident.New[ident.FirmID](testkit.Now)), func(tx *db.Tx) error {
				for statement := range strings.SplitSeq(breach, ";") {
					if err := tx.Exec(statement).Error; err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			breaches, err := testkit.OpenDatabase(t, "docketry_api", name, clock.System()).Catalogue(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(breaches, "\n"), want) {
				t.Errorf("after %q the catalogue says %q", breach, breaches)
			}
		})
	}
}

func TestMigrationsGoDownAndUpAgain(t *testing.T) {
	t.Parallel()
	name := testkit.NewDatabase(t)
	m := db.NewMigrator(testkit.AdminURL(t, name), testkit.Key)
	if err := m.Down(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Up(t.Context()); err != nil {
		t.Fatalf("a second time: %v", err)
	}
	if err := testkit.OpenDatabase(t, "docketry_api", name, clock.System()).Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// attacks are what code that can send any SQL might try from inside firm a.
func attacks(a, b ident.FirmID) map[string]string {
	return map[string]string{
		"name the other firm":   "SELECT count(*) FROM firm WHERE firm_id = '" + string(b) + "'",
		"rewrite the scope":     "SELECT count(*) FROM (SELECT set_config('app.scope', '" + string(b) + "', true)) x, firm WHERE firm_id = '" + string(b) + "'",
		"widen to a list":       "SELECT count(*) FROM (SELECT set_config('app.scope', '{" + string(a) + "," + string(b) + "}', true)) x, firm",
		"clear the seal":        "SELECT count(*) FROM (SELECT set_config('app.seal', '', true)) x, firm WHERE false",
		"read through the root": "SELECT count(*) FROM firm WHERE firm_id <> '" + string(a) + "'",
	}
}

func TestT01_InjectedSQLStaysInTheFirm(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*db.DB{"direct": testkit.DB(t), "through PgBouncer": testkit.BouncedDB(t)} {
		a, b := testkit.Firm(t, testkit.DB(t)), testkit.Firm(t, testkit.DB(t))
		for what, sql := range attacks(a.ID, b.ID) {
			err := d.InFirm(a.Machine(), func(tx *db.Tx) error {
				var n int
				if err := tx.Raw(sql).Row().Scan(&n); err != nil {
					return nil //nolint:nilerr // a refused attack is as good as an empty one
				}
				if n != 0 {
					t.Errorf("%s, %s: %d rows of another firm", name, what, n)
				}
				return nil
			})
			if err != nil && !strings.Contains(err.Error(), "nothing was saved") {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		for _, sql := range []string{
			"SELECT * FROM auth.key", "CREATE TEMP TABLE firm (i int)", "TRUNCATE firm", "SET ROLE docketry_migrate",
			"UPDATE firm SET firm_id = '" + string(b.ID) + "'",
			"INSERT INTO number_series (firm_id, series, pattern) VALUES ('" + string(b.ID) + "', 'x', '{seq}')",
			"SELECT auth.enter('" + string(b.ID) + "', repeat('00', 32))",
		} {
			err := d.InFirm(a.Machine(), func(tx *db.Tx) error { return tx.Exec(sql).Error })
			if code := db.Code(err); code != "42501" && code != "28000" {
				t.Errorf("%s, %q: %v, want it refused", name, sql, err)
			}
		}
	}
}

func TestBureauReadsItsFirmsColumnsOnly(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	a, b, c := testkit.Firm(t, d), testkit.Firm(t, d), testkit.Firm(t, d)
	ctx := scope.ForMachine(t.Context(), "test", "")
	err := d.InBureau(ctx, []ident.FirmID{a.ID, b.ID}, func(tx *db.Tx) error {
		var seen []string
		if err := tx.Raw("SELECT firm_id::text FROM firm WHERE firm_id = ANY (?::uuid[])", db.Array([]ident.FirmID{a.ID, b.ID, c.ID})).Scan(&seen).Error; err != nil {
			return err
		}
		if len(seen) != 2 {
			t.Errorf("sees %d firms, want 2", len(seen))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"SELECT tax_id FROM firm", "UPDATE firm SET name = 'x'", "SELECT email FROM person"} {
		if err := d.InBureau(ctx, []ident.FirmID{a.ID}, func(tx *db.Tx) error { return tx.Exec(sql).Error }); err == nil {
			t.Errorf("%q was done", sql)
		}
	}
	// A claim moves into one firm and may write there, nowhere else.
	err = d.InClaim(ctx, []ident.FirmID{a.ID, b.ID}, func(tx *db.Tx) error {
		if err := tx.Enter(b.ID); err != nil {
			return err
		}
		return tx.Exec("UPDATE firm SET name = 'moved' WHERE firm_id = ?", b.ID).Error
	})
	if err != nil || b.Count(t, "SELECT count(*) FROM firm WHERE name = 'moved'") != 1 || a.Count(t, "SELECT count(*) FROM firm WHERE name = 'moved'") != 0 {
		t.Errorf("claim: %v", err)
	}
}

func TestAnErrorPassedOverSavesNothing(t *testing.T) {
	t.Parallel()
	f := testkit.Firm(t, testkit.DB(t))
	err := testkit.DB(t).InFirm(f.Machine(), func(tx *db.Tx) error {
		tx.Exec("UPDATE firm SET name = 'half' WHERE firm_id = ?", f.ID)
		tx.Exec("SELECT 1/0")
		return nil
	})
	if err == nil || f.Count(t, "SELECT count(*) FROM firm WHERE name = 'half'") != 0 {
		t.Errorf("InFirm = %v", err)
	}
}

func TestNobodyWithoutAScope(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	never := func(*db.Tx) error { t.Error("the door opened"); return nil }
	if err := d.InFirm(context.Background(), never); !errors.Is(err, scope.ErrNone) {
		t.Errorf("without a scope: %v", err)
	}
	if err := d.InFirm(scope.ForMachine(t.Context(), "test", ""), never); err == nil {
		t.Error("without a firm it opened")
	}
	if err := d.InSystem(t.Context(), "unlisted", func(*db.System) error { t.Error("ran"); return nil }); err == nil {
		t.Error("an unlisted task ran")
	}
}
