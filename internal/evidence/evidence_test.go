package evidence_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/evidence"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

type house struct {
	svc    *evidence.Service
	keeper *audit.Keeper
	f      testkit.F
	clock  *clock.Manual
	api    *db.DB
}

func setup(t *testing.T) house {
	t.Helper()
	c, name := clock.At(testkit.Now), testkit.NewDatabase(t)
	d, w := testkit.OpenDatabase(t, "docketry_api", name, c), testkit.OpenDatabase(t, "docketry_worker", name, c)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	key, err := audit.NewSigningKey(bytes.Repeat([]byte{5}, 32))
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := audit.NewKeeper(w, key)
	if err != nil {
		t.Fatal(err)
	}
	guard := authz.NewGuard(d, policy)
	return house{evidence.New(d, guard, policy, audit.NewService(d, guard, invoice.Sealed, key.Public())), keeper, testkit.Firm(t, d), c, d}
}

// quarter is the 45 days up to tomorrow of the house's clock.
func (h house) quarter() evidence.Period {
	return evidence.Period{From: h.clock.Now().AddDate(0, 0, -45), To: h.clock.Now().AddDate(0, 0, 1)}
}

// files unpacks an archive and holds it against its own manifest.
func files(t *testing.T, b []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
	}
	var m evidence.Manifest
	if err := json.Unmarshal([]byte(out["manifest.json"]), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Files) != len(out)-1 {
		t.Errorf("the manifest names %d of %d files", len(m.Files), len(out)-1)
	}
	for _, held := range m.Files {
		sum := sha256.Sum256([]byte(out[held.Name]))
		if hex.EncodeToString(sum[:]) != held.SHA256 {
			t.Errorf("%s is not what the manifest says", held.Name)
		}
		if strings.HasSuffix(held.Name, ".csv") {
			if rows := table(t, out[held.Name]); len(rows) != held.Rows+1 {
				t.Errorf("%s has %d rows, the manifest says %d", held.Name, len(rows)-1, held.Rows)
			}
		}
	}
	return out
}

func table(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// The archive holds who was let in, who was kept out, every look and the proof, of its
// own firm and period, and nothing that the auditor is not to read.
func TestEvidenceIsWholeAndNamesNoClient(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.f.Matter(t)
	theirs := testkit.Firm(t, h.api)
	theirs.As(t, rbac.RoleSpecialist)
	reader := h.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(m.ID))
	walled := testkit.Actor(h.f.As(t, rbac.RoleTeamLead))
	h.f.Wall(t, walled, m.ID)
	look := audit.Entry{Action: "entry.read", Object: "matter", ID: string(m.ID), Matter: m.ID, Class: audit.C3, Permission: "entry.read", Detail: map[string]any{"entries": 3}}
	if err := h.api.InFirm(reader, func(tx *db.Tx) error { return audit.Record(tx, look) }); err != nil {
		t.Fatal(err)
	}
	if _, err := h.keeper.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.keeper.SignNow(t.Context(), h.f.ID); err != nil {
		t.Fatal(err)
	}
	admin := h.f.As(t, rbac.RoleFirmAdmin)
	who := testkit.Actor(reader)
	foreign := testkit.Actor(theirs.As(t, rbac.RoleSpecialist))
	for _, p := range []ident.PersonID{who, foreign} {
		theirs.Exec(t, `INSERT INTO bureau_undertaking_given (person_id, version, sha256, given_at, session_id, factor_at) SELECT ?, 1, sha256, ?, gen_random_uuid(), ? FROM bureau_undertaking`, p, testkit.Now.Add(-time.Hour), testkit.Now)
		course := ident.New[ident.CourseID](testkit.Now)
		theirs.Exec(t, `INSERT INTO course (id, name, months, created_by, created_at) VALUES (?, ?, 12, ?, ?)`, course, "Course of "+p, walled, testkit.Now)
		theirs.Exec(t, `INSERT INTO certificate (id, person_id, course_id, passed_on, valid_until, recorded_by, recorded_at) VALUES (gen_random_uuid(), ?, ?, '2020-01-01', '2040-01-01', ?, ?)`, p, course, walled, testkit.Now)
	}
	// What the reader gave to another firm stays there.
	theirs.Exec(t, `INSERT INTO firm_undertaking (firm_id, version, body, sha256, published_by, published_at) VALUES (?, 1, 'Theirs', encode(sha256('Theirs'), 'hex'), ?, ?)`, theirs.ID, foreign, testkit.Now)
	theirs.Exec(t, `INSERT INTO firm_undertaking_given (firm_id, person_id, version, sha256, given_at, session_id, factor_at) SELECT ?, ?, 1, sha256, ?, gen_random_uuid(), ? FROM firm_undertaking WHERE firm_id = ?`, theirs.ID, who, testkit.Now, testkit.Now, theirs.ID)
	for _, f := range []testkit.F{h.f, theirs} {
		away, in := testkit.Actor(f.As(t, rbac.RolePartner)), testkit.Actor(f.As(t, rbac.RolePartner))
		f.Exec(t, `INSERT INTO deputy (firm_id, id, principal_id, deputy_id, from_at, until_at, reason, named_by, named_at) VALUES (?, gen_random_uuid(), ?, ?, ?, ?, ?, ?, ?)`,
			f.ID, away, in, testkit.Now, testkit.Now.AddDate(0, 0, 9), "Away "+string(f.ID), away, testkit.Now)
	}
	var b bytes.Buffer
	if err := h.svc.Write(admin, &b, h.quarter()); err != nil {
		t.Fatal(err)
	}
	got := files(t, b.Bytes())
	number := h.f.Text(t, `SELECT number FROM matter WHERE id = ?`, m.ID)
	client := h.f.Text(t, `SELECT name FROM client WHERE id = ?`, m.Client)
	for name, want := range map[string]string{
		"grants.csv": number, "walls.csv": number, "people.csv": string(testkit.Actor(reader)), "roles.csv": `"specialist","entry.read",`, "looks.csv": `"entry.read","matter","` + string(m.ID),
		"audit-proof.jsonl": `"checkpoint"`, "README.txt": "audit-proof.jsonl", "requests.csv": "request_id", "own_roles.csv": "role_id", "deputies.csv": "Away " + string(h.f.ID),
		"undertakings.csv": string(who) + `","bureau","1"`, "training.csv": "Course of " + string(who),
	} {
		if !strings.Contains(got[name], want) {
			t.Errorf("%s lacks %q:\n%.400s", name, want, got[name])
		}
	}
	for name, text := range got {
		for what, secret := range map[string]string{"a client's name": client, "another firm": string(theirs.ID), "somebody of another firm": string(foreign), "a word to another firm": `"firm","1"`} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s", name, what)
			}
		}
	}
	if n := h.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'evidence.exported'`, h.f.ID); n != 1 {
		t.Errorf("the export has %d leaves", n)
	}
	// Before anybody was let in there is nothing but heads, and no error.
	b.Reset()
	if err := h.svc.Write(admin, &b, evidence.Period{From: h.clock.Now().AddDate(-3, 0, 0), To: h.clock.Now().AddDate(-2, 0, 0)}); err != nil {
		t.Fatal(err)
	}
	for name, text := range files(t, b.Bytes()) {
		if strings.HasSuffix(name, ".csv") && strings.Count(text, "\n") != 1 {
			t.Errorf("%s of a period without access:\n%s", name, text)
		}
	}
}

func TestEvidenceIsRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.f.Matter(t)
	now := h.clock.Now()
	admin := h.f.As(t, rbac.RoleFirmAdmin)
	for field, p := range map[string]evidence.Period{
		"from: none": {To: now}, "to: none": {From: now}, "to: before": {From: now, To: now.AddDate(0, 0, -1)}, "from: to come": {From: now.AddDate(0, 0, 1), To: now.AddDate(0, 0, 2)},
		"from: too long": {From: now.AddDate(-2, 0, 0), To: now},
	} {
		var b bytes.Buffer
		var f *fault.Error
		err := h.svc.Write(admin, &b, p)
		if !errors.Is(err, evidence.ErrPeriod) || !errors.As(err, &f) || len(f.Fields) != 1 || !strings.HasPrefix(field, f.Fields[0].Path+":") || b.Len() != 0 {
			t.Errorf("%s: %v, %+v, %d bytes", field, err, f, b.Len())
		}
	}
	for who, role := range map[string]rbac.Role{"a specialist": rbac.RoleSpecialist, "a partner": rbac.RolePartner} {
		var b bytes.Buffer
		if err := h.svc.Write(h.f.As(t, role), &b, h.quarter()); !errors.Is(err, authz.ErrForbidden) || b.Len() != 0 {
			t.Errorf("%s: %v, %d bytes", who, err, b.Len())
		}
	}
	var b bytes.Buffer
	walled := h.f.As(t, rbac.RoleFirmAdmin)
	h.f.Wall(t, testkit.Actor(walled), m.ID)
	if err := h.svc.Write(walled, &b, h.quarter()); !errors.Is(err, authz.ErrForbidden) || b.Len() != 0 {
		t.Errorf("an administrator from whom looks are hidden: %v, %d bytes", err, b.Len())
	}
	if err := h.svc.Write(h.f.As(t, rbac.RoleFirmAdmin, testkit.OnMatters(m.ID)), &b, h.quarter()); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("an administrator of one matter: %v", err)
	}
}
