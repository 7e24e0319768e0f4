package demo_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/docketry/docketry/internal/app/demo"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/obs"
)

// TestOnceDoesTheMainJob runs the errand on servers of its own and reads every file
// that it leaves as its receiver would.
func TestOnceDoesTheMainJob(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o, err := demo.DoOnce(context.Background(), demo.Errand{Out: dir, Say: io.Discard, Log: obs.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	e := o.Entries
	if e.Read < 600 || e.Refused != 12 || e.Read != e.Landed+e.Refused {
		t.Errorf("entries: %+v", e)
	}
	if o.Findings == 0 || o.Prebills != 24 || len(o.Invoices) != 24 {
		t.Errorf("%d findings, %d pre-bills, %d invoices", o.Findings, o.Prebills, len(o.Invoices))
	}
	for _, b := range o.Invoices {
		reads(t, dir, b)
	}
	mailsTellNothing(t, dir, o)
	opensWithItsKeyAlone(t, dir, o)
	provesItself(t, dir, o)
	kept := int64(0)
	for _, p := range o.SLA {
		kept += p.Met
	}
	if len(o.SLA) != 12 || kept == 0 {
		t.Errorf("service level: %+v", o.SLA)
	}
}

func reads(t *testing.T, dir string, b demo.Bill) {
	t.Helper()
	pdf := filepath.Join(dir, b.PDF)
	conf := model.NewDefaultConfiguration()
	conf.ValidationMode = model.ValidationStrict
	if err := api.ValidateFile(pdf, conf); err != nil {
		t.Errorf("%s: %v", b.PDF, err)
	}
	text, err := exec.Command("pdftotext", "-layout", pdf, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("pdftotext (of poppler-utils): %v\n%s", err, text)
	}
	if due := "Balance due"; !strings.Contains(string(text), due) || !strings.Contains(strings.ReplaceAll(string(text), ",", ""), b.Total) {
		t.Errorf("%s does not say its total %s", b.PDF, b.Total)
	}
	f, err := os.Open(filepath.Join(dir, b.LEDES))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	report, err := ledes.Validate(f, ledes.Options{}, 0)
	if err != nil || report.Errors != 0 || len(report.Invoices) != 1 || report.Invoices[0].Total != b.Total {
		t.Errorf("%s: %v, %+v", b.LEDES, err, report)
	}
}

// mailsTellNothing: a mail names the invoice and the sum, never a matter, a client's
// business or a narrative (DESIGN 2.16).
func mailsTellNothing(t *testing.T, dir string, o demo.Outcome) {
	t.Helper()
	reminders := 0
	for _, name := range o.Mails {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(filepath.Base(name), "reminder.") {
			reminders++
		}
		plain := strings.ReplaceAll(string(b), "=\r\n", "")
		for _, f := range demo.Firms() {
			for _, c := range f.Clients {
				for _, m := range c.Matters {
					for _, secret := range append([]string{m.Name}, m.Subjects...) {
						if strings.Contains(plain, secret) {
							t.Errorf("%s says %q", name, secret)
						}
					}
				}
			}
		}
	}
	if len(o.Mails)-reminders == 0 || reminders == 0 {
		t.Errorf("%d mails, of which %d reminders", len(o.Mails), reminders)
	}
}

func opensWithItsKeyAlone(t *testing.T, dir string, o demo.Outcome) {
	t.Helper()
	sealed, err := os.ReadFile(filepath.Join(dir, o.Export.Path))
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := age.Decrypt(bytes.NewReader(sealed), stranger); err == nil {
		t.Error("another key opens the export")
	}
	key, err := os.ReadFile(filepath.Join(dir, o.Export.Key))
	if err != nil {
		t.Fatal(err)
	}
	id, err := age.ParseX25519Identity(strings.TrimSpace(string(key)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	rows, header := entriesOf(t, packed)
	if int64(len(rows)) != o.Export.Rows || len(rows) == 0 {
		t.Errorf("%d rows in the file, %d said", len(rows), o.Export.Rows)
	}
	column := -1
	for i, h := range header {
		if h == "client" {
			column = i
		}
	}
	if column < 0 {
		t.Fatalf("no client column in %v", header)
	}
	for _, row := range rows {
		if row[column] != demo.Firms()[0].Clients[0].Name {
			t.Errorf("the export of one client holds %v", row[column])
		}
	}
}

func entriesOf(t *testing.T, packed []byte) (rows [][]string, header []string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".csv") {
			continue
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		all, err := csv.NewReader(in).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if all[0][0] = strings.TrimPrefix(all[0][0], "\ufeff"); len(all) > 1 {
			return all[1:], all[0]
		}
	}
	t.Fatal("no table in the export")
	return nil, nil
}

func provesItself(t *testing.T, dir string, o demo.Outcome) {
	t.Helper()
	bundle, err := os.ReadFile(filepath.Join(dir, o.Audit.Bundle))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, o.Audit.Key))
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Verify(bytes.NewReader(bundle), audit.VerifyOptions{Keys: string(key)})
	if err != nil || !report.OK || !report.KeyConfirmed || report.Invoices != 8 {
		t.Errorf("proof: %v, %+v", err, report)
	}
	for _, at := range []int{len(bundle) / 3, len(bundle) / 2, len(bundle) - 10} {
		altered := bytes.Clone(bundle)
		altered[at] ^= 1
		if report, err := audit.Verify(bytes.NewReader(altered), audit.VerifyOptions{Keys: string(key)}); err == nil && report.OK {
			t.Errorf("byte %d was changed and nobody noticed", at)
		}
	}
}

// TestOnceTakesAFileFromOutside opens what the file names and refuses the bad row.
func TestOnceTakesAFileFromOutside(t *testing.T) {
	t.Parallel()
	in := filepath.Join(t.TempDir(), "june.csv")
	const file = "id,date,client,matter,timekeeper,timekeeper_class,hours,rate,narrative,task_code,activity_code,currency\n" +
		"1,2026-06-03,C1,M-1,AB,PARTNR,1.5,400,Draft motion to compel responses,L350,A103,USD\n" +
		"2,2026-06-04,C2,M-9,AB,PARTNR,0.5,410,Call with counterparty regarding escrow,P400,A107,EUR\n" +
		"3,2026-06-31,C2,M-9,AB,PARTNR,0.7,410,Call with counterparty,P400,A107,EUR\n"
	if err := os.WriteFile(in, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := demo.DoOnce(context.Background(), demo.Errand{Out: t.TempDir(), Input: in, Say: io.Discard, Log: obs.Discard()})
	if err != nil {
		t.Fatal(err)
	}
	totals := map[string]string{}
	for _, b := range o.Invoices {
		totals[b.Matter+" "+b.Currency] = b.Total
	}
	if totals["M-1 USD"] != "600.00" || totals["M-9 EUR"] != "205.00" || len(totals) != 2 {
		t.Errorf("invoices: %v", totals)
	}
	if len(o.Refused) != 1 || o.Refused[0].Line != 4 || o.Refused[0].Column != "date" {
		t.Errorf("refused: %+v", o.Refused)
	}
}

// TestOnceNeedsAUsableFile: nothing starts for a file without one good row, and the
// fault names line and column.
func TestOnceNeedsAUsableFile(t *testing.T) {
	t.Parallel()
	in := filepath.Join(t.TempDir(), "empty.csv")
	const file = "id,date,client,matter,timekeeper,hours,narrative\n1,yesterday,C1,M-1,AB,1.5,Draft\n"
	if err := os.WriteFile(in, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := demo.DoOnce(context.Background(), demo.Errand{Out: t.TempDir(), Input: in, Say: io.Discard, Log: obs.Discard()})
	if err == nil || !strings.Contains(err.Error(), "line 2, date") {
		t.Errorf("got %v", err)
	}
}
