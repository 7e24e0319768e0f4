package export_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// planted is a firm with a word of its own in each field that is not for everybody.
type planted struct {
	testkit.F
	open, restricted, sealed testkit.M
	billed, others           testkit.I
	payor, other             ident.PayorID
}

// plant puts the words in: each names its field, its matter and its firm.
func plant(t *testing.T, d *db.DB, mark string) planted {
	t.Helper()
	f := testkit.Firm(t, d)
	p := planted{F: f, open: f.Matter(t), restricted: f.Matter(t, testkit.Label(2)), sealed: f.Matter(t, testkit.Label(3))}
	k := f.Timekeeper(t, "TK"+mark, "PARTNR", 0)
	for name, m := range map[string]testkit.M{"open": p.open, "restricted": p.restricted, "sealed": p.sealed} {
		f.Work(t, m, k, "2026-02-03", 15000, 3_712_500, testkit.Narrative("=entrywords-"+name+mark+" with Okoro"))
		f.Exec(t, `UPDATE matter SET name = ? WHERE firm_id = ? AND id = ?`, "mattername-"+name+mark, f.ID, m.ID)
		f.Exec(t, `UPDATE client SET name = ? WHERE firm_id = ? AND id = ?`, "clientname-"+name+mark, f.ID, m.Client)
	}
	p.payor, p.other = p.open.Payor, f.Payor(t, p.open)
	p.billed = f.Invoice(t, p.open, testkit.Words("linewords-open"+mark))
	f.Invoice(t, p.sealed, testkit.Words("linewords-sealed"+mark))
	elsewhere := p.open
	elsewhere.Payor = p.other
	p.others = f.Invoice(t, elsewhere, testkit.Words("otherwords-open"+mark))
	f.Exec(t, `UPDATE payor SET name = ? WHERE firm_id = ? AND id = ?`, "payorname-"+mark, f.ID, p.payor)
	f.Exec(t, `UPDATE payor SET name = ? WHERE firm_id = ? AND id = ?`, "otherpayor-"+mark, f.ID, p.other)
	return p
}

// audiences are, of each, what is asked for and which of the planted words may leave with
// it to who sees all but sealed matters, and which must.
var audiences = map[export.Audience]struct {
	ask  func(p planted, n *export.NewRequest)
	want string
}{
	export.AudiencePartner: {func(_ planted, n *export.NewRequest) { n.Form = export.FormFull },
		"TK clientname-open clientname-restricted entrywords-open entrywords-restricted linewords-open mattername-open mattername-restricted otherwords-open okoro rates"},
	export.AudienceSpecialist: {func(_ planted, n *export.NewRequest) { n.Form = export.FormFull },
		"TK clientname-open clientname-restricted entrywords-open entrywords-restricted linewords-open mattername-open mattername-restricted otherwords-open okoro rates"},
	export.AudienceStaff: {nil, "TK clientname-open mattername-open"},
	export.AudiencePayor: {func(p planted, n *export.NewRequest) { n.Payor, n.Form = p.payor, export.FormFull },
		"linewords-open mattername-open"},
	export.AudienceCourt: {func(p planted, n *export.NewRequest) {
		n.Matters, n.Redact = []ident.MatterID{p.open.ID}, []string{"okoro", "plum*"}
	}, "TK entrywords-open linewords-open mattername-open otherwords-open rates"},
	export.AudienceCollector: {nil, "otherpayor- payorname-"},
	export.AudienceAuditor:   {nil, "otherpayor- payorname-"},
}

// words are all that was planted, and a rate.
var plantedWords = strings.Fields(`TK clientname-open clientname-restricted clientname-sealed entrywords-open entrywords-restricted entrywords-sealed linewords-open
	linewords-sealed mattername-open mattername-restricted mattername-sealed otherpayor- otherwords-open payorname-`)

// What was planted in each C2, C3 and C4 field of two firms leaves only with the audiences
// whose profile has the field, in every format, as other programs read it.
func TestWhatLeavesIsWhatItsAudienceMayHave(t *testing.T) {
	t.Parallel()
	h := setup(t)
	mine, theirs := plant(t, h.d, "aaa"), plant(t, h.d, "bbb")
	for _, audience := range export.Audiences {
		asker := mine.As(t, rbac.RoleSpecialist)
		var first [][]string
		for _, format := range export.Formats {
			name := fmt.Sprintf("%s as %s", audience, format)
			n := year(export.FormRedacted)
			n.Audience, n.Format = audience, format
			if ask := audiences[audience].ask; ask != nil {
				ask(mine, &n)
			}
			seen, err := h.svc.Preview(asker, n)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			e, key := h.made(t, mine.F, asker, n)
			plain, files := members(t, h.fetch(t, asker, e), key)
			var manifest struct {
				Audience, Format string
				Rows             int64
				Columns          []string
				Files            []struct {
					Name   string
					Bytes  int64
					SHA256 string `json:"sha256"`
				}
			}
			if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
				t.Fatal(err)
			}
			if len(files) != 2 || manifest.Audience != string(audience) || manifest.Format != string(format) || manifest.Rows != seen.Rows || len(manifest.Files) != 1 {
				t.Errorf("%s: %d files, manifest %+v; the preview has %d rows", name, len(files), manifest, seen.Rows)
			}
			of := manifest.Files[0]
			if sum := sha256.Sum256(files[of.Name]); hex.EncodeToString(sum[:]) != of.SHA256 || int64(len(files[of.Name])) != of.Bytes {
				t.Errorf("%s: the manifest is not true of %s", name, of.Name)
			}
			table := readBack(t, format, files[of.Name])
			if len(table)-1 != int(seen.Rows) || len(table[0]) != len(seen.Columns) || len(manifest.Columns) != len(table[0]) {
				t.Errorf("%s: %d rows of %d columns, the preview has %d, %d", name, len(table)-1, len(table[0]), seen.Rows, len(seen.Columns))
			}
			if first == nil {
				first = table
			} else if !reflect.DeepEqual(first, table) {
				t.Errorf("%s holds\n%q\nbut as CSV\n%q", name, table, first)
			}
			holds(t, name, table, audiences[audience].want)
			if text := fmt.Sprint(table); strings.Contains(text, "bbb") || bytes.Contains(plain, []byte(theirs.ID)) {
				t.Errorf("%s: another firm's words leave", name)
			}
			guarded(t, name, format, audience, files[of.Name])
		}
	}
	for _, p := range []planted{mine, theirs} {
		if n := p.Count(t, `SELECT count(*) FROM export_part WHERE firm_id = ?`, p.ID); n != 0 {
			t.Errorf("%d parts are left", n)
		}
	}
}

// holds wants exactly the words that are named, and no rate but where rates are.
func holds(t *testing.T, name string, table [][]string, want string) {
	t.Helper()
	text := fmt.Sprint(table[1:])
	for _, w := range append(plantedWords, "rates", "okoro") {
		field := w + "aaa"
		switch w {
		case "rates":
			field = "371.25"
		case "okoro":
			field = "Okoro"
		}
		if has, may := strings.Contains(text, field), strings.Contains(" "+want+" ", " "+w+" "); has != may {
			t.Errorf("%s: %s leaves: %t, want %t", name, w, has, may)
		}
	}
}

// guarded wants text that a spreadsheet would run to have its guard, and only there.
func guarded(t *testing.T, name string, f export.Format, a export.Audience, file []byte) {
	t.Helper()
	if a != export.AudiencePartner {
		return
	}
	if f == export.FormatXLSX {
		file = unzipped(t, file)["xl/worksheets/sheet1.xml"]
	}
	text := strings.ReplaceAll(string(file), "&#39;", "'")
	sheet := f == export.FormatCSV || f == export.FormatXLSX
	if f != export.FormatParquet && strings.Contains(text, "'=entrywords") != sheet {
		t.Errorf("%s: guarded: %t", name, !sheet)
	}
}

// made is ready, with what its audience needs before.
func (h house) made(t *testing.T, f testkit.F, asker context.Context, n export.NewRequest) (export.Export, seal.Secret) {
	t.Helper()
	if n.Audience != export.AudienceCourt {
		return h.ready(t, f, asker, n)
	}
	e, key := h.ask(t, asker, n)
	h.confirm(t, f.As(t, rbac.RolePartner), e)
	if err := h.svc.Approve(f.As(t, rbac.RoleFirmAdmin), e.ID, e.Version+1); err != nil {
		t.Fatal(err)
	}
	if err := h.build(t, f, e.ID); err != nil {
		t.Fatal(err)
	}
	e, err := h.svc.Get(asker, e.ID)
	if err != nil || e.Status != export.StatusReady {
		t.Fatalf("%+v, %v", e, err)
	}
	return e, key
}

// confirm reads a court's text and says so.
func (h house) confirm(t *testing.T, who context.Context, e export.Export) {
	t.Helper()
	text, err := h.svc.Text(who, e.ID)
	if err == nil {
		err = h.svc.Confirm(who, e.ID, e.Version, text.Hash)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Who asks beyond what they see is refused, and learns nothing by it.
func TestNobodyAsksBeyondTheirOwn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	mine, theirs := plant(t, h.d, "aaa"), plant(t, h.d, "bbb")
	court := func(m ident.MatterID) func(n *export.NewRequest) {
		return func(n *export.NewRequest) { n.Audience, n.Matters = export.AudienceCourt, []ident.MatterID{m} }
	}
	payor := func(p ident.PayorID) func(n *export.NewRequest) {
		return func(n *export.NewRequest) { n.Audience, n.Payor, n.Form = export.AudiencePayor, p, export.FormFull }
	}
	invoices := func(ids ...ident.InvoiceID) func(n *export.NewRequest) {
		return func(n *export.NewRequest) { n.Audience, n.Invoices = export.AudienceCollector, ids }
	}
	for name, c := range map[string]struct {
		as   []testkit.GrantOption
		ask  func(n *export.NewRequest)
		want error
	}{
		"a court, without sight of text":        {[]testkit.GrantOption{testkit.UpToClass(2)}, court(mine.open.ID), export.ErrText},
		"a court, of a sealed matter":           {nil, court(mine.sealed.ID), authz.ErrNotFound},
		"a court, of another firm's matter":     {nil, court(theirs.open.ID), authz.ErrNotFound},
		"a payor of another firm":               {nil, payor(theirs.payor), export.ErrEmpty},
		"a payor, below amounts":                {[]testkit.GrantOption{testkit.UpToClass(1)}, payor(mine.payor), export.ErrEmpty},
		"a collector, with another firm's":      {nil, invoices(mine.billed.ID, theirs.billed.ID), export.ErrNotFound},
		"a collector, below amounts":            {[]testkit.GrantOption{testkit.UpToClass(1)}, invoices(mine.billed.ID), export.ErrNotFound},
		"an auditor, below amounts":             {[]testkit.GrantOption{testkit.UpToClass(1)}, func(n *export.NewRequest) { n.Audience = export.AudienceAuditor }, export.ErrEmpty},
		"files of invoices, without their text": {nil, func(n *export.NewRequest) { n.Documents = true }, export.ErrInput},
	} {
		asker := mine.As(t, rbac.RoleSpecialist, c.as...)
		n := year(export.FormRedacted)
		c.ask(&n)
		if _, err := h.svc.Preview(asker, n); !errors.Is(err, c.want) {
			t.Errorf("%s: the preview: %v, want %v", name, err, c.want)
		}
		if _, _, err := h.svc.Request(asker, n); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if n := mine.Count(t, `SELECT count(*) FROM export WHERE firm_id = ?`, mine.ID); n != 0 {
		t.Errorf("%d exports are there", n)
	}
	// A payor's file without its text for who does not see it.
	n := year(export.FormFull)
	payor(mine.payor)(&n)
	if p, err := h.svc.Preview(mine.As(t, rbac.RoleSpecialist, testkit.UpToClass(2)), n); err != nil || p.Rows != 1 || p.Withheld != 1 {
		t.Errorf("a payor's lines without text: %+v, %v", p, err)
	}
	all := export.NewRequest{Audience: "press", Format: "pdf", Payor: mine.payor}
	if err := all.Validate(); len(fields(err)) < 5 {
		t.Errorf("what is wrong is told one at a time: %v", fields(err))
	}
}

// What is credited has its proof in an auditor's file, and stands beside a payor's lines.
func TestWhatIsCreditedIsTold(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	inv := f.Invoice(t, m)
	hash := strings.Repeat("ab", 32)
	note := ident.New[string](testkit.Now)
	err := h.d.InFirm(f.Machine(), func(tx *db.Tx) error {
		return errors.Join(
			tx.Exec(`INSERT INTO number_series (firm_id, series, pattern) VALUES (?, 'credit_note', 'CN-{seq}') ON CONFLICT DO NOTHING`, f.ID).Error,
			tx.Exec(`INSERT INTO credit_note (firm_id, id, invoice_id, series, n, number, issued_on, currency, net_minor, tax_minor, total_minor, reason, rebill, content_hash, document, issued_at)
				SELECT firm_id, ?, id, 'credit_note', 1, 'CN-1', issued_on, currency, 1, 0, 1, 'agreed', false, ?, '{}', ? FROM invoice WHERE firm_id = ? AND id = ?`, note, hash, tx.Now, f.ID, inv.ID).Error,
			tx.Exec(`INSERT INTO credit_note_line (firm_id, credit_note_id, invoice_id, line_no, amount_minor, tax_minor) VALUES (?, ?, ?, 1, 1, 0)`, f.ID, note, inv.ID).Error,
			tx.Exec(`UPDATE invoice SET credited_minor = 1, open_minor = open_minor - 1 WHERE firm_id = ? AND id = ?`, f.ID, inv.ID).Error)
	})
	if err != nil {
		t.Fatal(err)
	}
	for audience, want := range map[export.Audience]map[string]string{
		export.AudienceAuditor: {"credited": "0.01", "credit_notes": "CN-1", "credit_content_sha256": hash},
		export.AudiencePayor:   {"invoice_credited": "0.01", "invoice_status": "issued"},
	} {
		n := year(export.FormRedacted)
		n.Audience = audience
		if audience == export.AudiencePayor {
			n.Payor = m.Payor
		}
		p, err := h.svc.Preview(f.As(t, rbac.RoleSpecialist), n)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Columns {
			if w, ok := want[c.Name]; ok && c.Sample != w {
				t.Errorf("%s: %s is %q, want %q", audience, c.Name, c.Sample, w)
			}
			delete(want, c.Name)
		}
		if len(want) > 0 {
			t.Errorf("%s has no %v", audience, want)
		}
	}
}
