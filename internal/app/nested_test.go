package app_test

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/rbac"
)

// TestT01_NestedIDs sends ids of another firm inside bodies and queries: they are
// as absent as any other.
func TestT01_NestedIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.furnished(t), w.furnished(t)
	// The trail is asked first: a later probe that is refused writes the id it named
	// into the firm's own trail, where this list rightly shows it.
	for _, role := range []rbac.Role{rbac.RoleFirmAdmin, rbac.RoleSpecialist, rbac.RoleTeamLead, rbac.RolePartner} {
		v := w.visitor(t, mine, role)
		for _, c := range nested[role] {
			method, path, _ := strings.Cut(c.route, " ")
			path = "/api/v1" + strings.ReplaceAll(path, "{firm}", string(mine.firm.ID))
			with := func(id string) answer {
				text := strings.ReplaceAll(c.body, "<?>", id)
				at := strings.ReplaceAll(path, "<?>", id)
				for noun, own := range mine.ids {
					text, at = strings.ReplaceAll(text, "<"+noun+">", own), strings.ReplaceAll(at, "<"+noun+">", own)
				}
				got := v.ask(method, at, text)
				got.body = strings.ReplaceAll(got.body, id, "ID")
				return got
			}
			absent, other := with(absentID), with(theirs.ids[c.noun])
			if absent != other {
				t.Errorf("%s: %s of another firm differs from an absent one:\n%+v\n%+v", c.route, c.noun, absent, other)
			}
			if absent.status < 400 && !c.list || absent.status >= 500 {
				t.Errorf("%s with an absent %s: %+v", c.route, c.noun, absent)
			}
		}
	}
	before := theirs.firm.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, theirs.firm.ID)
	if n := theirs.firm.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'access.denied'`, theirs.firm.ID); n != 0 {
		t.Errorf("the other firm's trail shows %d of %d visits by people it never let in", n, before)
	}
}

type nestedCase struct {
	route, body, noun string
	list              bool // answers with an empty list
}

var nested = map[rbac.Role][]nestedCase{
	rbac.RoleFirmAdmin: {
		{"GET /firms/{firm}/audit?object_id=<?>", "", "matter", true},
		{"GET /firms/{firm}/explain?person_id=<?>&permission=matter.read", "", "person", false},
		{"GET /firms/{firm}/explain?person_id=<person>&permission=matter.read&matter_id=<?>", "", "matter", false},
		{"POST /firms/{firm}/payors", `{"client_id":"<?>","name":"P","address":"1 Street\nAlbany, NY 12207","country":"US","terms_days":30,"delivery":"mail_link"}`, "client", false},
		{"POST /firms/{firm}/payors", `{"client_id":"<client>","portal_id":"<?>","name":"P","address":"1 Street\nAlbany, NY 12207","country":"US","terms_days":30,"delivery":"mail_link"}`, "portal", false},
		{"POST /firms/{firm}/payors", `{"client_id":"<client>","treatment_id":"<?>","name":"P","address":"1 Street\nAlbany, NY 12207","country":"US","terms_days":30,"delivery":"mail_link"}`, "treatment", false},
		{"POST /firms/{firm}/clients", `{"number":"N-8","name":"N","treatment_id":"<?>"}`, "treatment", false},
		{"POST /firms/{firm}/matters", `{"client_id":"<client>","payor_id":"<payor>","treatment_id":"<?>","number":"N-9","name":"M","label":"standard","currency":"USD","opened_on":"2026-01-01"}`, "treatment", false},
		{"PUT /firms/{firm}/taxes", `{"treatment_id":"<?>"}`, "treatment", false},
		{"POST /firms/{firm}/matters", `{"client_id":"<?>","payor_id":"<payor>","number":"N-9","name":"M","label":"standard","currency":"USD","opened_on":"2026-01-01"}`, "client", false},
		{"POST /firms/{firm}/matters", `{"client_id":"<client>","payor_id":"<?>","number":"N-9","name":"M","label":"standard","currency":"USD","opened_on":"2026-01-01"}`, "payor", false},
		{"POST /firms/{firm}/arrangements", `{"client_id":"<?>","from":"2026-01-01","terms":{"kind":"hourly","currency":"USD"}}`, "client", false},
		{"POST /firms/{firm}/arrangements", `{"matter_id":"<?>","from":"2026-01-01","terms":{"kind":"hourly","currency":"USD"}}`, "matter", false},
		{"POST /firms/{firm}/guidelines", `{"client_id":"<?>","guidelines":{"name":"G"}}`, "client", false},
		{"POST /firms/{firm}/guidelines", `{"matter_id":"<?>","guidelines":{"name":"G"}}`, "matter", false},
		{"POST /firms/{firm}/guidelines", `{"payor_id":"<?>","guidelines":{"name":"G"}}`, "payor", false},
		{"POST /firms/{firm}/guidelines", `{"client_group_id":"<?>","guidelines":{"name":"G"}}`, "group", false},
		{"POST /firms/{firm}/rates", `{"timekeeper_id":"<?>","rate":"100","currency":"USD","from":"2030-01-01"}`, "timekeeper", false},
		{"POST /firms/{firm}/rates", `{"matter_id":"<?>","timekeeper_id":"<timekeeper>","rate":"100","currency":"USD","from":"2030-01-01"}`, "matter", false},
		{"POST /firms/{firm}/rates", `{"client_id":"<?>","timekeeper_id":"<timekeeper>","rate":"100","currency":"USD","from":"2030-01-01"}`, "client", false},
		{"POST /firms/{firm}/rates", `{"client_group_id":"<?>","class":"ASSOC","rate":"100","currency":"USD","from":"2030-01-01"}`, "group", false},
		{"POST /firms/{firm}/exchange-settings", `{"client_id":"<?>","basis":"none"}`, "client", false},
		{"POST /firms/{firm}/exchange-settings", `{"matter_id":"<?>","basis":"none"}`, "matter", false},
		{"POST /firms/{firm}/repricings", `{"client_id":"<?>"}`, "client", false},
		{"POST /firms/{firm}/repricings", `{"matter_ids":["<matter>","<?>"]}`, "matter", false},
		{"POST /firms/{firm}/repricings", `{"client_id":"<client>","timekeeper_ids":["<timekeeper>","<?>"]}`, "timekeeper", false},
		{"GET /firms/{firm}/repricings/<?>/lines", "", "repricing", false},
		{"GET /firms/{firm}/repricings/<repricing>/lines?matter_id=<?>", "", "matter", true},
		{"POST /firms/{firm}/transfers/preview", `{"entry_ids":["<?>"],"matter_id":"<matter>"}`, "entry", false},
		{"POST /firms/{firm}/transfers/preview", `{"entry_ids":["<cost>"],"matter_id":"<?>"}`, "matter", false},
		{"POST /firms/{firm}/transfers", `{"entry_ids":["<?>"],"matter_id":"<matter>","hash":"0","reason":"because"}`, "entry", false},
		{"POST /firms/{firm}/transfers", `{"entry_ids":["<cost>"],"matter_id":"<?>","hash":"0","reason":"because"}`, "matter", false},
		{"GET /firms/{firm}/transfers?matter_id=<?>", "", "matter", true},
		{"POST /firms/{firm}/client-groups/<group>/members", `{"client_id":"<?>","from":"2030-01-01"}`, "client", false},
		{"POST /firms/{firm}/grants", `{"person_id":"<?>","role":"partner","scope":"all","class":3,"label":"standard","reason":"x"}`, "person", false},
		{"POST /firms/{firm}/grants", `{"person_id":"<person>","role":"partner","scope":"matter","scope_ids":["<matter>","<?>"],"class":3,"label":"standard","reason":"x"}`, "matter", false},
		{"POST /firms/{firm}/grants", `{"person_id":"<person>","role":"partner","scope":"client","scope_ids":["<?>"],"class":3,"label":"standard","reason":"x"}`, "client", false},
		{"POST /firms/{firm}/deputies", `{"principal_id":"<?>","deputy_id":"<person>","from":"2030-01-01T00:00:00Z","until":"2030-01-08T00:00:00Z","reason":"x"}`, "person", false},
		{"POST /firms/{firm}/deputies", `{"principal_id":"<person>","deputy_id":"<?>","from":"2030-01-01T00:00:00Z","until":"2030-01-08T00:00:00Z","reason":"x"}`, "person", false},
		{"GET /firms/{firm}/prebills?waits_for=<?>", "", "person", true},
		{"POST /firms/{firm}/walls", `{"person_id":"<person>","matter_ids":["<matter>","<?>"],"reason":"x"}`, "matter", false},
		{"POST /firms/{firm}/exports/preview", `{"from":"2026-01-01","to":"2026-03-01","matter_ids":["<?>"],"form":"redacted","hours":24,"reason":"x"}`, "matter", false},
		{"POST /firms/{firm}/exports", `{"audience":"court","from":"2026-01-01","to":"2026-03-01","matter_ids":["<?>"],"hours":24,"reason":"for the court"}`, "matter", false},
		{"POST /firms/{firm}/exports/preview", `{"audience":"payor","from":"2026-01-01","to":"2026-03-01","payor_id":"<?>","form":"redacted","hours":24,"reason":"x"}`, "payor", false},
		{"POST /firms/{firm}/exports", `{"audience":"collector","from":"2026-01-01","to":"2026-03-01","invoice_ids":["<invoice>","<?>"],"hours":24,"reason":"to collect"}`, "invoice", false},
		{"POST /firms/{firm}/exports", `{"from":"2026-01-01","to":"2026-03-01","matter_ids":["<?>"],"form":"redacted","hours":24,"reason":"x"}`, "matter", false},
	},
	rbac.RoleSpecialist: {
		{"GET /firms/{firm}/payors?client_id=<?>", "", "client", true},
		{"GET /firms/{firm}/matters?client_id=<?>", "", "client", true},
		{"GET /firms/{firm}/entries?matter_id=<?>", "", "matter", true},
		{"GET /firms/{firm}/entries?import_id=<?>", "", "import", true},
		{"GET /firms/{firm}/entries?client_id=<?>", "", "client", true},
		{"GET /firms/{firm}/code-use?client_id=<?>", "", "client", true},
		{"GET /firms/{firm}/client-codes?client_id=<?>", "", "client", true},
		{"POST /firms/{firm}/client-codes", `{"client_id":"<?>","kind":"banned","code":"L190","from":"2026-01-01"}`, "client", false},
		{"GET /firms/{firm}/findings?matter_id=<?>", "", "matter", true},
		{"GET /firms/{firm}/prebills?matter_id=<?>", "", "matter", true},
		{"GET /firms/{firm}/invoices?client_id=<?>", "", "client", true},
		{"GET /firms/{firm}/invoices?run_id=<?>", "", "run", true},
		{"GET /firms/{firm}/payments?payor_id=<?>", "", "payor", true},
		{"GET /queue?firm_id=<?>", "", "firm", true},
		{"POST /firms/{firm}/prebills", `{"matter_id":"<?>","through_on":"2026-03-01"}`, "matter", false},
		{"POST /firms/{firm}/prebills", `{"matter_id":"<matter>","payor_id":"<?>","through_on":"2026-03-01"}`, "payor", false},
		{"POST /firms/{firm}/prebills/<prebill>/prices/put", `{"arrangement_id":"<?>","code":"2026-02"}`, "arrangement", false},
		{"GET /firms/{firm}/submissions?portal_id=<?>", "", "portal", true},
		{"GET /firms/{firm}/lessons?portal_id=<?>", "", "portal", true},
		{"GET /firms/{firm}/lessons?reason_id=<?>", "", "reason", true},
		{"GET /firms/{firm}/lesson-sums?portal_id=<?>", "", "portal", true},
		{"GET /firms/{firm}/lesson-sums?reason_id=<?>", "", "reason", true},
		{"GET /firms/{firm}/disputes?client_id=<?>", "", "client", true},
		{"GET /firms/{firm}/disputes?payor_id=<?>", "", "payor", true},
		{"POST /firms/{firm}/submissions/<submission>/accept", `{"reduction_ids":["<?>"]}`, "reduction", false},
		{"POST /firms/{firm}/submissions/<submission>/appeals", `{"reduction_ids":["<?>"],"reason":"because"}`, "reduction", false},
		{"GET /firms/{firm}/purchase-orders?payor_id=<?>", "", "payor", true},
		{"POST /firms/{firm}/reminder-holds", `{"kind":"no_reminders","invoice_id":"<?>","reason":"because"}`, "invoice", false},
		{"POST /firms/{firm}/reminder-holds", `{"kind":"no_reminders","matter_id":"<?>","reason":"because"}`, "matter", false},
		{"POST /firms/{firm}/reminder-holds", `{"kind":"no_reminders","client_id":"<?>","reason":"because"}`, "client", false},
		{"GET /firms/{firm}/reminder-policy?client_id=<?>", "", "client", true},
		{"POST /firms/{firm}/purchase-orders", `{"payor_id":"<?>","number":"1","currency":"USD","from":"2026-01-01"}`, "payor", false},
		{"POST /firms/{firm}/purchase-orders", `{"payor_id":"<payor>","matter_id":"<?>","number":"1","currency":"USD","from":"2026-01-01"}`, "matter", false},
		{"GET /firms/{firm}/trust-entries?trust_account_id=<?>", "", "trust_account", true},
		{"GET /firms/{firm}/trust-entries?trust_ledger_id=<?>", "", "trust_ledger", true},
		{"GET /firms/{firm}/trust-requests?trust_ledger_id=<?>", "", "trust_ledger", true},
		{"GET /firms/{firm}/trust-requests?invoice_id=<?>", "", "invoice", true},
		{"POST /firms/{firm}/trust-accounts/<trust_account>/deposits", `{"matter_id":"<?>","amount_minor":100,"on":"2026-03-01","party":"x"}`, "matter", false},
		{"POST /firms/{firm}/trust-ledgers/<trust_ledger>/requests", `{"kind":"transfer","invoice_id":"<?>","amount_minor":1}`, "invoice", false},
		{"POST /firms/{firm}/payments", `{"payor_id":"<?>","amount_minor":100,"currency":"USD","method":"wire","received_on":"2026-03-01"}`, "payor", false},
		{"POST /firms/{firm}/payments/<payment>/allocations", `{"shares":[{"invoice_id":"<?>","amount_minor":1}]}`, "invoice", false},
		{"POST /firms/{firm}/items/<?>/hand-off", `{"token":1,"note":"because"}`, "item", false},
		{"POST /firms/{firm}/items/<item>/hand-off", `{"token":1,"person_id":"<?>","note":"because"}`, "person", false},
		{"POST /queue/acts", `{"act":"take","items":[{"firm_id":"<firm>","item_id":"<item>"},{"firm_id":"<firm>","item_id":"<?>"}]}`, "item", false},
		{"POST /queue/acts", `{"act":"take","items":[{"firm_id":"<?>","item_id":"<item>"}]}`, "firm", false},
		{"POST /runs", `{"name":"r","firm_ids":["<?>"]}`, "firm", false},
		{"POST /runs", `{"name":"r","firm_ids":["<firm>","<?>"]}`, "firm", false},
		{"POST /firms/{firm}/prebills/<prebill>/findings/<?>/waive", `{"note":"because"}`, "finding", false},
		{"POST /firms/{firm}/findings/<?>/waive", `{"note":"because"}`, "finding", false},
		{"GET /firms/{firm}/overrides?person_id=<?>", "", "person", true},
	},
	rbac.RoleTeamLead: {
		{"POST /team/pools", `{"name":"N","firm_ids":["<?>"]}`, "firm", false},
		{"POST /team/pools", `{"name":"N","every_firm":true,"lead_id":"<?>"}`, "person", false},
		{"PUT /team/pools/<pool>", `{"name":"N","firm_ids":["<firm>","<?>"]}`, "firm", false},
		{"PUT /team/pools/<?>", `{"name":"N","every_firm":true}`, "pool", false},
		{"PUT /team/people/<person>/seat", `{"pool_id":"<?>"}`, "pool", false},
		{"PUT /team/people/<?>/seat", `{"pool_id":"<pool>"}`, "person", false},
		{"PUT /team/people/<?>/duty", `{"away":true}`, "person", false},
		{"GET /team/items?pool_id=<?>", "", "pool", true},
	},
	rbac.RolePartner: {
		{"POST /firms/{firm}/prebills/<prebill>/findings/<?>/override", `{"reason":"OTHER","note":"because","until":"2026-03-31"}`, "finding", false},
		{"POST /firms/{firm}/findings/<?>/override", `{"reason":"OTHER","note":"because","until":"2026-03-31"}`, "finding", false},
	},
}
