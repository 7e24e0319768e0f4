package testkit

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// F is a firm made for one test.
type F struct {
	ID   ident.FirmID
	Code string
	d    *db.DB
}

// Firm makes a law firm in US dollars and New York time, with its number series
// and nobody in it. Change its row for another.
func Firm(t testing.TB, d *db.DB) F {
	t.Helper()
	f := F{ID: ident.New[ident.FirmID](d.Clock().Now()), d: d}
	f.Code = newCode()
	f.Exec(t, `INSERT INTO firm (firm_id, code, name, slot, tz, currency, address, country, tax_id, bank_name, bank_account, bank_code, reply_to, created_at)
		VALUES (?, ?, ?, 1, 'America/New_York', 'USD', E'410 Juniper Street\\nAlbany, NY 12207', 'US', '14-5550182', 'Mohawk Valley Trust', '4410029917', '021305386', 'billing@firm.example', ?)`,
		f.ID, f.Code, "Firm "+f.Code, d.Clock().Now())
	f.Exec(t, `INSERT INTO number_series (firm_id, series, pattern) VALUES (?, 'invoice', '{YY}-{seq:5}'), (?, 'credit_note', 'CN{YY}-{seq:5}'), (?, 'receipt', 'R{YY}-{seq:5}')`, f.ID, f.ID, f.ID)
	return f
}

// Inside is a firm that the code under test has made.
func Inside(d *db.DB, firm ident.FirmID) F { return F{ID: firm, d: d} }

// Bureau is the bureau of the package's database, the domain of bureau
// administrators and of sign-in. There is one; it is made on first use.
func Bureau(t testing.TB, d *db.DB) F {
	t.Helper()
	f := F{d: d}
	err := d.InFirm(scope.ForMachine(context.Background(), "test", ident.New[ident.FirmID](d.Clock().Now())), func(tx *db.Tx) error {
		if err := tx.Lock("the bureau of tests"); err != nil {
			return err
		}
		var id *ident.FirmID
		if err := tx.Raw("SELECT auth.bureau()").Row().Scan(&id); err != nil {
			return err
		}
		f.ID, f.Code = tx.Scope.Firm, "BUR"
		if id != nil {
			f.ID = *id
			return nil
		}
		return tx.Exec(`INSERT INTO firm (firm_id, kind, code, name, slot, tz, currency, country, created_at)
			VALUES (?, 'bureau', 'BUR', 'Larkspur Billing Services', 1, 'America/New_York', 'USD', 'US', ?)`, f.ID, tx.Now).Error
	})
	if err != nil {
		t.Fatalf("make the bureau: %v", err)
	}
	return f
}

// made counts the firms of this process.
var made atomic.Uint32

// newCode is a firm code that no other firm of the process has: a firm is found by its
// code where somebody signs in.
func newCode() string {
	n := made.Add(1) * 7919 % (26 * 26 * 26) // a prime: all codes come once before one comes again
	code := string([]byte{byte('A' + n/676), byte('A' + n/26%26), byte('A' + n%26)})
	if code == "BUR" || code == "QQQ" || code[0] == 'G' { // the bureau's, nobody's, and those that a test gives itself
		return newCode()
	}
	return code
}

// DB is the database the firm was made in.
func (f F) DB() *db.DB { return f.d }

// Machine acts as the machinery inside the firm.
func (f F) Machine() context.Context { return scope.ForMachine(context.Background(), "test", f.ID) }

// Exec runs one statement inside the firm as the machinery; for set-up only.
func (f F) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	err := f.d.InFirm(f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, args...).Error })
	if err != nil {
		t.Fatalf("set up firm %s: %v", f.ID, err)
	}
}

// Count is the one number that a SELECT inside the firm answers.
func (f F) Count(t testing.TB, sql string, args ...any) (n int64) {
	t.Helper()
	err := f.d.InFirm(f.Machine(), func(tx *db.Tx) error { return tx.Raw(sql, args...).Row().Scan(&n) })
	if err != nil {
		t.Fatalf("count in firm %s: %v", f.ID, err)
	}
	return n
}

// Text is the one text that a SELECT inside the firm answers, "" without a row.
func (f F) Text(t testing.TB, sql string, args ...any) (text string) {
	t.Helper()
	err := f.d.InFirm(f.Machine(), func(tx *db.Tx) error { return tx.Raw(sql, args...).Scan(&text).Error })
	if err != nil {
		t.Fatalf("read in firm %s: %v", f.ID, err)
	}
	return text
}

// Day is the date at the firm so many days ago, by the clock of its database: which
// may be yesterday's, or last month's, while it is already tomorrow in UTC.
func (f F) Day(t testing.TB, back int) time.Time {
	t.Helper()
	zone, err := time.LoadLocation(f.Text(t, `SELECT tz FROM firm WHERE firm_id = ?`, f.ID))
	if err != nil {
		t.Fatal(err)
	}
	y, m, d := f.d.Clock().Now().In(zone).AddDate(0, 0, -back).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// As is a new person with a live grant in the firm, acting in it: the whole firm,
// C3, up to restricted, unless opts narrow it.
func (f F) As(t testing.TB, role rbac.Role, opts ...GrantOption) context.Context {
	t.Helper()
	who := Person(t, f.d, string(role))
	f.Grant(t, who, role, opts...)
	return f.Acting(who)
}

// Acting is who acting in the firm, whatever they are granted. They have shown a factor
// that stays fresh however far a test moves its clock.
func (f F) Acting(who ident.PersonID) context.Context {
	return scope.With(context.Background(), scope.Scope{Firm: f.ID, Actor: who, FactorAt: f.d.Clock().Now().AddDate(100, 0, 0), RequestID: "test"})
}

// Actor is the person who acts in ctx.
func Actor(ctx context.Context) ident.PersonID {
	s, err := scope.From(ctx)
	if err != nil {
		panic("testkit: nobody acts in this context")
	}
	return s.Actor
}

// Person makes an active person without a grant or a password.
func Person(t testing.TB, d *db.DB, name string) ident.PersonID {
	t.Helper()
	now := d.Clock().Now()
	id := ident.New[ident.PersonID](now)
	// Persons have no firm; any firm's door will do to write one.
	ctx := scope.ForMachine(context.Background(), "test", ident.FirmID(id))
	err := d.InFirm(ctx, func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO person (id, email, name, created_at) VALUES (?, ?, ?, ?)`,
			id, fmt.Sprintf("%s@people.example", id), name, now).Error
	})
	if err != nil {
		t.Fatalf("make person: %v", err)
	}
	return id
}

type grantRow struct {
	scope     string
	ids       []string
	practices []string
	class     int
	label     int
	from      time.Time
	until     *time.Time
}

// GrantOption narrows a grant made by As or Grant.
type GrantOption func(*grantRow)

// OnMatters limits the grant to the named matters; only so can it reach sealed ones.
func OnMatters(ids ...ident.MatterID) GrantOption {
	return func(g *grantRow) { g.scope, g.ids = "matter", ident.Strings(ids) }
}

// OnClients limits the grant to the named clients.
func OnClients(ids ...ident.ClientID) GrantOption {
	return func(g *grantRow) { g.scope, g.ids = "client", ident.Strings(ids) }
}

// OnPractices limits the grant to the named practice groups.
func OnPractices(groups ...string) GrantOption {
	return func(g *grantRow) { g.scope, g.practices = "practice", groups }
}

// UpToClass is the highest class of field the grant shows, 1 to 3.
func UpToClass(c int) GrantOption { return func(g *grantRow) { g.class = c } }

// UpToLabel is the highest label of matter the grant reaches, 0 to 3.
func UpToLabel(l int) GrantOption { return func(g *grantRow) { g.label = l } }

// Window sets when the grant starts and ends.
func Window(from, until time.Time) GrantOption {
	return func(g *grantRow) { g.from, g.until = from, &until }
}

// Grant gives who a role in the firm. A role of the bureau makes who one of its people.
func (f F) Grant(t testing.TB, who ident.PersonID, role rbac.Role, opts ...GrantOption) ident.GrantID {
	t.Helper()
	now := f.d.Clock().Now()
	g := grantRow{scope: "all", class: 3, label: 2, from: now.Add(-time.Hour)}
	if role.OfBureau() {
		end := now.Add(90 * 24 * time.Hour) // the bureau's people are let in for a time
		g.until = &end
	}
	var by *ident.PersonID
	if role == rbac.RoleBreakGlass { // an hour from now, and never without a second person
		other, end := Person(t, f.d, "second"), now.Add(time.Hour)
		g.from, g.until, by = now, &end, &other
	}
	for _, o := range opts {
		o(&g)
	}
	id := ident.New[ident.GrantID](now)
	f.Exec(t, `UPDATE person SET staff = ? WHERE id = ?`, role.OfBureau(), who)
	f.Exec(t, `INSERT INTO access_grant (firm_id, id, person_id, role, scope_kind, scope_ids, practice_groups, class, label, from_at, until_at, reason, granted_by, created_at)
		VALUES (?, ?, ?, ?, ?, ?::uuid[], ?::text[], ?, ?, ?, ?, 'test', ?::uuid, ?)`,
		f.ID, id, who, role, g.scope, db.Array(g.ids), db.Array(g.practices), g.class, g.label, g.from, g.until, by, now)
	return id
}

// EndGrant ends a grant now.
func (f F) EndGrant(t testing.TB, id ident.GrantID) {
	t.Helper()
	f.Exec(t, `UPDATE access_grant SET ended_at = ? WHERE firm_id = ? AND id = ?`, f.d.Clock().Now(), f.ID, id)
}

// Wall keeps who away from the named matters, whatever they are granted.
func (f F) Wall(t testing.TB, who ident.PersonID, matters ...ident.MatterID) {
	t.Helper()
	now := f.d.Clock().Now()
	f.Exec(t, `INSERT INTO wall (firm_id, id, person_id, matter_ids, reason, from_at, created_by, created_at) VALUES (?, ?, ?, ?::uuid[], 'test', ?, ?, ?)`,
		f.ID, ident.New[ident.GrantID](now), who, db.Array(matters), now.Add(-time.Hour), who, now)
}
