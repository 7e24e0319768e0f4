package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/connector"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/reprice"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/internal/tax"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/training"
	"github.com/docketry/docketry/internal/transfer"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/internal/webhook"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

const password = "seven small boats at noon"

// quick is argon2id at a price that tests can pay.
var quick = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// world is the whole program over the package's database: web and worker.
type world struct {
	s, worker *app.Services
	web       *httpd.Server
	bureau    testkit.F
	policy    *rbac.Policy
	letters   *letters
}

// letters keeps what would be mailed to people.
type letters struct {
	mu sync.Mutex
	to map[string]string
}

func (l *letters) Invite(_ *db.Tx, i people.Invitation) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to[i.Email] = i.Token
	return nil
}

func (l *letters) token(email string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to[email]
}

func newWorld(t *testing.T) world {
	t.Helper()
	return worldOver(t, testkit.DB(t), testkit.WorkerDB(t))
}

// worldOver is newWorld over databases whose clock is the test's own.
func worldOver(t *testing.T, api, work *db.DB) world {
	t.Helper()
	return worldAt(t, "http://127.0.0.1", api, work)
}

// worldAt is worldOver for a public address.
func worldAt(t *testing.T, url string, api, work *db.DB) world {
	t.Helper()
	key := func(b byte) []byte { return []byte(strings.Repeat(string([]byte{b, b + 1}), 16)) }
	c := config.Config{
		PublicURL: url, BlobURL: "file://" + t.TempDir(), MailURL: "file://" + t.TempDir(), MailFrom: "billing@larkspur.example",
		Keys: config.Keys{Scope: testkit.Key, Payload: key('a'), Master: key('c'), Audit: key('e'), Session: key('g')},
	}
	hasher, err := people.NewHasher(quick)
	if err != nil {
		t.Fatal(err)
	}
	w := world{letters: &letters{to: map[string]string{}}}
	for _, role := range []struct {
		into **app.Services
		name string
	}{{&w.s, "docketry_api"}, {&w.worker, "docketry_worker"}} {
		d := api
		if role.name == "docketry_worker" {
			d = work
		}
		if *role.into, err = app.NewServices(t.Context(), app.Parts{Config: c, DB: d, Clock: d.Clock(), Log: obs.Discard(), Hasher: hasher, Courier: w.letters}); err != nil {
			t.Fatal(err)
		}
	}
	w.bureau, w.policy = testkit.Bureau(t, w.s.DB), w.s.Policy
	if w.web, err = app.NewWeb(w.s); err != nil {
		t.Fatal(err)
	}
	return w
}

// signIn begins a session for a new person of the role, who sets up an authenticator
// app where the role asks for one, and returns its cookie.
func (w world) signIn(t *testing.T, f testkit.F, role rbac.Role) string {
	t.Helper()
	sid := w.passwordOnly(t, f, role)
	if !w.policy.NeedsFactor(role) {
		return sid
	}
	sid, _ = w.setUpApp(t, sid)
	return sid
}

// setUpApp sets up an authenticator app in a session and returns the cookie that the
// session has from then on, and the app's secret.
func (w world) setUpApp(t *testing.T, sid string) (next, secret string) {
	t.Helper()
	var shown struct{ Secret string }
	if err := json.Unmarshal(w.call("POST", "/api/v1/people/me/app", sid, "").Body.Bytes(), &shown); err != nil {
		t.Fatal(err)
	}
	code, err := people.AppCode(shown.Secret, w.s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	rec := w.call("PUT", "/api/v1/people/me/app", sid, fmt.Sprintf(`{"password":%q,"code":%q}`, password, code))
	for _, c := range rec.Result().Cookies() {
		if c.Name == "docketry_sid" && rec.Code == http.StatusOK {
			return c.Value, shown.Secret
		}
	}
	t.Fatalf("set up an app: %d %s", rec.Code, rec.Body)
	return "", ""
}

// passwordOnly begins a session for a new person of the role, who has no factor.
func (w world) passwordOnly(t *testing.T, f testkit.F, role rbac.Role) string {
	t.Helper()
	who := testkit.Actor(f.As(t, role))
	hash, err := argon2id.CreateHash(password, quick)
	if err != nil {
		t.Fatal(err)
	}
	f.Exec(t, `INSERT INTO credential (person_id, kind, secret_hash, changed_at) VALUES (?, 'password', ?, '2026-01-01')`, who, hash)
	body := fmt.Sprintf(`{"email":"%s@people.example","password":%q}`, who, password)
	req := httptest.NewRequest("POST", "/api/v1/sessions", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	w.web.Handler().ServeHTTP(rec, req)
	for _, c := range rec.Result().Cookies() {
		if c.Name == "docketry_sid" && rec.Code == http.StatusCreated {
			return c.Value
		}
	}
	t.Fatalf("sign in as %s: %d %s", role, rec.Code, rec.Body)
	return ""
}

// furnished is a firm that has one of each thing, made by the services.
func (w world) furnished(t *testing.T) things {
	t.Helper()
	f := testkit.Firm(t, w.s.DB)
	f.Agreement(t)
	th := things{firm: f, ids: map[string]string{"firm": string(f.ID), "series": "invoice", "mapping": "csv", "wording": "invoice"}}
	draft, bill, credit := f.Matter(t), f.Matter(t), f.Matter(t)
	k := f.Timekeeper(t, "RV", "ASSOC", 6_850_000)
	th.ids["client"], th.ids["payor"], th.ids["contact"], th.ids["matter"], th.ids["timekeeper"] = string(draft.Client), string(draft.Payor), string(draft.Contact), string(draft.ID), string(k.ID)
	specialist, partner, admin := f.As(t, rbac.RoleSpecialist), f.As(t, rbac.RolePartner), f.As(t, rbac.RoleFirmAdmin)
	th.ids["person"] = string(testkit.Actor(partner))
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	day := func(back int) string { return f.Day(t, back).Format(time.DateOnly) }
	csv := "id,date,client,matter,timekeeper,timekeeper_class,hours,rate,narrative,task_code,activity_code\n" +
		"1," + day(20) + "," + strings.Replace(draft.Number, "M-", "C-", 1) + "," + draft.Number + ",RV,ASSOC,13.5,,Work on file,L110,A103\n"
	r, err := w.s.Capture.Import(specialist, capture.Upload{Name: "feb.csv", Data: []byte(csv)})
	ok(err)
	if r.Landed != 1 {
		t.Fatalf("import: %+v", r)
	}
	th.ids["import"] = string(r.ID)
	through := f.Day(t, 0)
	p, err := w.s.Prebills.Build(specialist, prebill.Order{Matter: draft.ID, Through: through})
	ok(err)
	th.ids["prebill"] = string(p.ID)
	f.Exec(t, `INSERT INTO prebill_cut (firm_id, id, prebill_id, seq, side, amount_minor, reason, rule, cut_by, cut_at) VALUES (?, gen_random_uuid(), ?, 1, 'bureau', 100, 'CAP', 'BUD-04', ?, ?)`,
		f.ID, p.ID, testkit.Actor(specialist), testkit.Now) // beside the service, which would move the version that routes are tried with
	th.look(t, "cut", `SELECT id FROM prebill_cut WHERE firm_id = ? AND prebill_id = ?`, p.ID)
	for _, m := range []testkit.M{bill, credit} {
		f.Work(t, m, k, day(19), 20_000, 6_850_000)
		b, err := w.s.Prebills.Build(specialist, prebill.Order{Matter: m.ID, Through: through})
		ok(err)
		b, err = w.s.Prebills.Submit(specialist, b.ID, b.Version)
		ok(err)
		v, err := w.s.Prebills.Get(partner, b.ID)
		ok(err)
		_, err = w.s.Prebills.Approve(partner, b.ID, b.Version, v.Hash)
		ok(err)
	}
	run, err := w.s.Invoices.StartRun(specialist, invoice.NewRun{Name: "February", Firms: []invoice.FirmSelection{{Firm: f.ID}}})
	ok(err)
	th.ids["run"] = string(run)
	engine, err := app.NewEngine(w.worker)
	ok(err)
	_, err = engine.Drain(t.Context(), f.ID)
	ok(err)
	th.look(t, "invoice", `SELECT id FROM invoice WHERE firm_id = ? AND matter_id = ?`, bill.ID)
	th.look(t, "credited", `SELECT id FROM invoice WHERE firm_id = ? AND matter_id = ?`, credit.ID)
	note, err := w.s.Invoices.Credit(partner, ident.InvoiceID(th.ids["credited"]), invoice.NewCredit{Reason: "wrong matter"})
	ok(err)
	th.ids["credit_note"] = string(note.ID)
	pay, err := w.s.Receivables.Post(specialist, receivable.NewPayment{Payor: bill.Payor, Currency: "USD", AmountMinor: 5_000, Method: receivable.MethodWire, ReceivedOn: invoice.Day(day(0))})
	ok(err)
	pay, err = w.s.Receivables.Allocate(specialist, pay.ID, pay.Version, []receivable.Share{{Invoice: ident.InvoiceID(th.ids["invoice"]), Minor: 1_000}})
	ok(err)
	th.ids["payment"] = string(pay.ID)
	gate := portal.Standard()
	gate.AppealDays = 30
	receiver, err := w.s.Portals.Save(admin, portal.Profile{Name: "Gate", Settings: gate})
	ok(err)
	th.ids["portal"] = string(receiver.ID)
	gst, err := w.s.Taxes.AddCode(admin, tax.Code{Code: "GST", Name: "GST", Rate: 50_000, Country: "CA", From: day(60)})
	ok(err)
	treatment, err := w.s.Taxes.AddTreatment(admin, tax.Treatment{Name: "Home", Kind: tax.Taxed, Fees: []string{"GST"}, From: day(60)})
	ok(err)
	th.ids["tax_code"], th.ids["treatment"] = string(gst.ID), string(treatment.ID)
	_, err = w.s.Connectors.Save(admin, connector.Draft{Secret: "token", Connector: connector.Connector{Portal: receiver.ID, Way: carry.HTTPS, URL: "https://127.0.0.1:1/in", Method: "PUT", Auth: carry.Bearer}})
	ok(err)
	f.Exec(t, `UPDATE payor SET portal_id = ? WHERE firm_id = ? AND id = ?`, receiver.ID, f.ID, bill.Payor)
	sent, err := w.s.Submissions.Submit(specialist, ident.InvoiceID(th.ids["invoice"]), submission.Sending{Anyway: true})
	ok(err)
	sent, err = w.s.Submissions.Answer(specialist, sent.ID, sent.Version, submission.Answer{Status: submission.Reduced, Text: "a cut between friends", Reductions: []submission.Cut{{Code: "GUI-01", Minor: 100}, {Code: "GUI-02", Minor: 50}}})
	ok(err)
	sent, err = w.s.Submissions.Appeal(specialist, sent.ID, sent.Version, submission.NewAppeal{Reductions: []ident.ReductionID{sent.Reductions[0].ID}, Reason: "an appeal in confidence"})
	ok(err)
	th.ids["submission"], th.ids["reduction"], th.ids["appeal"] = string(sent.ID), string(sent.Reductions[1].ID), string(sent.Appeals[0].ID)
	th.ids["lesson"] = f.Text(t, `SELECT id FROM lesson WHERE firm_id = ? AND reduction_id = ?`, f.ID, th.ids["reduction"])
	th.ids["reason"] = f.Text(t, `SELECT reason_id FROM lesson WHERE firm_id = ? AND id = ?`, f.ID, th.ids["lesson"])
	th.trusted(t, w, bill, admin, specialist, partner)
	th.ordered(t, w, bill, admin)
	changed, err := w.s.Exchanges.Enter(admin, exchange.New{Pair: exchange.Pair{From: "EUR", To: "USD"}, On: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Rate: 108_450_000, Source: "ECB reference rates"})
	ok(err)
	th.ids["exchange"] = string(changed.ID)
	letter, err := w.s.Submissions.AddPaper(specialist, sent.ID, sent.Appeals[0].ID, receipt.Upload{Name: "a letter between friends.png", Data: slip(t)})
	ok(err)
	th.ids["paper"] = string(letter.ID)
	said, err := w.s.Disputes.Open(specialist, ident.InvoiceID(th.ids["invoice"]), dispute.Opening{AmountMinor: 10, Code: "GUI-01", Words: "a complaint in confidence", RaisedBy: "G. Amadi"})
	ok(err)
	th.ids["dispute"] = string(said.ID)
	group, err := w.s.Matters.SaveGroup(admin, matter.Group{Name: "Companies"})
	ok(err)
	group, err = w.s.Matters.JoinGroup(admin, matter.Member{GroupID: group.ID, ClientID: draft.Client, From: w.s.Clock.Now().AddDate(0, 0, -60)})
	ok(err)
	th.ids["group"], th.ids["member"] = string(group.ID), string(group.Members[0].ID)
	e, _, err := w.s.Exports.Request(admin, export.NewRequest{From: invoice.Day(day(60)), To: invoice.Day(day(1)), Form: export.FormRedacted, Hours: 24, Reason: "year-end"})
	ok(err)
	th.ids["export"] = string(e.ID)
	guide, err := w.s.Guidelines.SaveGuide(admin, guideline.NewGuide{Place: guideline.Place{Client: draft.Client}, Body: []byte(`{"name":"Policy"}`)})
	ok(err)
	th.ids["guide"] = string(guide.ID)
	f.Arrange(t, credit, "2026-01-01", `"kind":"hourly"`)
	won := f.Matter(t, testkit.SameClientAs(draft))
	th.ids["arrangement"] = string(f.Arrange(t, won, "2026-01-01", `"kind":"contingency","contingency":{"shares":[{"stage":"trial","share":400000}],"net_of_costs":true}`))
	writing, err := w.s.Contingent.Sign(partner, ident.ArrangementID(th.ids["arrangement"]), testkit.Day("2026-01-05"), receipt.Upload{Name: "agreement.png", Data: slip(t)})
	ok(err)
	th.ids["writing"] = string(writing.ID)
	came, err := w.s.Contingent.Record(specialist, won.ID, contingent.Facts{Stage: arrangement.StageTrial, Minor: 1_000_000, ReceivedOn: testkit.Day("2026-02-20"), Source: "The defendant's insurer"})
	ok(err)
	th.ids["matter_recovery"] = string(came.ID)
	wall, err := w.s.Grants.RaiseWall(admin, grant.Wall{Person: testkit.Actor(f.As(t, rbac.RoleQualityAuditor)), Matters: []string{string(bill.ID)}, Reason: "EW-1"})
	ok(err)
	th.ids["wall"] = string(wall.ID)
	until := w.s.Clock.Now().AddDate(0, 0, 30)
	asked, err := w.s.Grants.Ask(f.As(t, rbac.RoleTeamLead), grant.Draft{Person: testkit.Actor(specialist), Role: rbac.RoleSpecialist, Scope: "all", Class: 3, Until: &until, Reason: "close"})
	ok(err)
	th.ids["request"] = string(asked.ID)
	elsewhere := testkit.Firm(t, w.s.DB).As(t, rbac.RoleSpecialist)
	checks, err := w.s.Conflicts.Check(f.As(t, rbac.RoleTeamLead), "", testkit.Actor(elsewhere))
	ok(err)
	th.ids["check"] = string(checks[0].ID)
	course, err := w.s.Training.AddCourse(w.bureau.As(t, rbac.RoleBureauAdmin), training.Course{Name: "Course " + string(ident.New[ident.CourseID](w.s.Clock.Now()))[24:], Months: 12})
	ok(err)
	th.ids["course"] = string(course.ID)
	certificate, err := w.s.Training.Record(f.As(t, rbac.RoleTeamLead), training.Draft{Person: testkit.Actor(specialist), Course: course.ID, PassedOn: w.s.Clock.Now().AddDate(0, 0, -30)})
	ok(err)
	th.ids["certificate"] = string(certificate.ID)
	rule, err := w.s.Requirements.Set(f.As(t, rbac.RoleTeamLead), requirement.Draft{Type: "query", Course: course.ID, PreferMin: 60})
	ok(err)
	th.ids["requirement"] = string(rule)
	away, err := w.s.Deputies.Name(partner, deputy.Draft{Deputy: testkit.Actor(f.As(t, rbac.RolePartner)), From: w.s.Clock.Now(), Until: w.s.Clock.Now().AddDate(0, 0, 14), Reason: "On leave"})
	ok(err)
	th.ids["deputy"] = string(away.ID)
	lead := f.As(t, rbac.RoleTeamLead)
	pool, err := w.s.Work.MakePool(lead, worklist.PoolDraft{Name: "Pool of " + f.Code, Firms: []ident.FirmID{f.ID}, Types: []string{"reminder_call"}})
	ok(err)
	th.ids["pool"] = string(pool.ID)
	t.Cleanup(func() { // a bureau has only so many
		if err := w.s.Work.EndPool(lead, pool.ID); err != nil && fault.KindOf(err) != fault.NotFound {
			t.Errorf("end the pool of firm %s: %v", f.ID, err)
		}
	})
	lost := testkit.Actor(f.As(t, rbac.RoleTimekeeper))
	f.As(t, rbac.RoleFirmAdmin) // of two
	f.Exec(t, `INSERT INTO factor (person_id, id, kind, sealed, key_version, created_at, confirmed_at) VALUES (?, gen_random_uuid(), 'totp', '', 1, now(), now())`, lost)
	waits, err := w.s.People.OpenRecovery(admin, string(lost)+"@people.example", "called back")
	ok(err)
	th.ids["recovery"] = string(waits.ID)
	token, _, err := w.s.People.CreateToken(admin, people.TokenDraft{Name: "Ledger", Permissions: []rbac.Permission{rbac.InvoiceRead}, Class: 2, Networks: []string{"192.0.2.0/24"}, Days: 30})
	ok(err)
	th.ids["token"] = string(token.ID)
	hook, _, err := w.s.Webhooks.Create(admin, webhook.Draft{URL: "https://127.0.0.1:1/hook", Events: []webhook.Event{"invoice.issued"}})
	ok(err)
	th.ids["webhook"] = string(hook.ID)
	th.look(t, "line", `SELECT id FROM prebill_line WHERE firm_id = ? AND prebill_id = ?`, p.ID)
	th.look(t, "finding", `SELECT id FROM finding WHERE firm_id = ? ORDER BY line_id NULLS LAST, prebill_id NULLS FIRST`)
	th.look(t, "entry", `SELECT id FROM entry WHERE firm_id = ? AND matter_id = ? AND kind = 'time'`, draft.ID)
	cost := f.Cost(t, draft, day(19), "E115", 10_000, 1_000_000, testkit.WithoutReceipt())
	paper, err := w.s.Receipts.Attach(specialist, cost.ID, receipt.Upload{Name: "slip.png", Data: slip(t)})
	ok(err)
	th.ids["receipt"], th.ids["cost"] = string(paper.ID), string(cost.ID)
	file := f.Text(t, `SELECT import_id FROM entry WHERE firm_id = ? AND id = ?`, f.ID, th.ids["entry"])
	ok(f.DB().InFirm(f.Machine(), func(tx *db.Tx) error {
		_, err := worklist.Open(tx, worklist.New{Type: "time_import", SubjectKind: capture.Subject, SubjectID: file, Matter: draft.ID, Priority: sla.P3, ReceivedAt: tx.Now})
		return err
	}))
	th.look(t, "clock", `SELECT c.id FROM clock c JOIN work_item w ON w.firm_id = c.firm_id AND w.id = c.item_id WHERE c.firm_id = ? AND w.subject_id = ?::uuid`, file)
	th.look(t, "item", `SELECT item_id FROM clock WHERE firm_id = ? AND id = ?`, th.ids["clock"])
	th.look(t, "rate", `SELECT id FROM rate WHERE firm_id = ?`)
	reprices, err := w.s.Repricing.Preview(admin, reprice.Selection{Matters: []ident.MatterID{draft.ID}})
	ok(err)
	th.ids["repricing"] = string(reprices.ID)
	astray := f.Work(t, bill, k, day(18), 10_000, 6_850_000)
	move := transfer.Move{Entries: []ident.EntryID{astray.ID}, To: draft.ID}
	seen, err := w.s.Transfers.Preview(specialist, move)
	ok(err)
	gone, err := w.s.Transfers.Do(specialist, move, seen.Hash, "of the other case")
	ok(err)
	th.ids["transfer"] = string(gone.ID)
	th.look(t, "allocation", `SELECT id FROM allocation WHERE firm_id = ?`)
	th.look(t, "mail", `SELECT id FROM mail WHERE firm_id = ?`)
	th.look(t, "job", `SELECT id FROM outbox WHERE firm_id = ?`)
	th.look(t, "leaf", `SELECT id FROM audit_leaf WHERE firm_id = ?`)
	th.look(t, "grant", `SELECT id FROM access_grant WHERE firm_id = ? AND role = 'partner'`)
	th.look(t, "agreement", `SELECT id FROM agreement WHERE firm_id = ?`)
	th.look(t, "calendar", `SELECT id FROM calendar WHERE firm_id = ?`)
	return th
}

// trusted has client money in trust, a request of each kind, and a reconciliation.
func (th things) trusted(t *testing.T, w world, bill testkit.M, admin, specialist, partner context.Context) {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a, err := w.s.Trust.Open(admin, trust.NewAccount{Name: "Client account", Bank: "IOLTA", Currency: "USD"})
	ok(err)
	on := invoice.Day(th.firm.Day(t, 1).Format(time.DateOnly))
	e, err := w.s.Trust.Deposit(specialist, a.ID, trust.NewDeposit{Matter: bill.ID, AmountMinor: 9_000, On: on, Party: "The client"})
	ok(err)
	paid, err := w.s.Trust.Ask(specialist, e.Ledger, trust.Asking{Kind: trust.Transfer, Invoice: ident.InvoiceID(th.ids["invoice"]), AmountMinor: 500})
	ok(err)
	_, err = w.s.Trust.Approve(partner, paid.ID, paid.Version)
	ok(err)
	asked, err := w.s.Trust.Ask(specialist, e.Ledger, trust.Asking{Kind: trust.Refund, AmountMinor: 100, Payee: "The client"})
	ok(err)
	_, err = w.s.Trust.Freeze(partner, trust.Freezing{Ledger: e.Ledger, Minor: 50, Reason: "disputed"})
	ok(err)
	r, err := w.s.Trust.Prepare(specialist, a.ID, trust.Statement{AsOf: on, NoneOpen: true})
	ok(err)
	th.ids["trust_account"], th.ids["trust_ledger"], th.ids["trust_entry"], th.ids["trust_request"], th.ids["trust_reconciliation"] = string(a.ID), string(e.Ledger), string(e.ID), string(asked.ID), string(r.ID)
}

// ordered has a purchase order of the payor.
func (th things) ordered(t *testing.T, w world, bill testkit.M, admin context.Context) {
	t.Helper()
	o, err := w.s.Orders.Make(admin, purchase.New{Payor: bill.Payor, Matter: bill.ID, Number: "4500-17", Currency: "USD", From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Allowance: purchase.Allowance{AmountMinor: 900_000, Reference: "their letter"}})
	if err != nil {
		t.Fatal(err)
	}
	th.ids["order"] = string(o.ID)
	laid, err := w.s.Codes.Lay(admin, code.Rule{Client: bill.Client, Kind: code.Own, Set: "litigation", Code: "XX-7", Name: "a name between friends", From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Reference: "their letter"})
	if err != nil {
		t.Fatal(err)
	}
	th.ids["client_code"] = string(laid.ID)
	hold, err := w.s.Notices.Hold(admin, notice.NewHold{Kind: notice.HoldNoReminders, Matter: bill.ID, Reason: "They asked for none"})
	if err != nil {
		t.Fatal(err)
	}
	th.ids["reminder_hold"] = string(hold)
}

// slip is a picture of a paper.
func slip(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// look keeps the first id that a query inside the firm answers.
func (th things) look(t *testing.T, noun, sql string, args ...any) {
	t.Helper()
	th.ids[noun] = th.firm.Text(t, sql+` LIMIT 1`, append([]any{th.firm.ID}, args...)...)
	if th.ids[noun] == "" {
		t.Errorf("the fixture has no %s", noun)
	}
}
