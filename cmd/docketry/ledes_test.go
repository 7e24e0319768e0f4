package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const samples = "../../internal/ledes/testdata/samples/"

// ledesRun runs `docketry ledes` with the arguments.
func ledesRun(stdin string, args ...string) (stdout, stderr string, err error) {
	var out, errOut bytes.Buffer
	cmd := newLedesCmd()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	err = cmd.Execute()
	return out.String(), errOut.String(), err
}

func TestLedesValidatePrintsOneDocument(t *testing.T) {
	t.Parallel()
	out, _, err := ledesRun("", "validate", "--json", samples+"ok_1998b_two_invoices.txt", samples+"bad_sum.txt", samples+"ok_98bi_v2_vat.txt")
	if !errors.Is(err, errNo) {
		t.Errorf("with an invalid file: %v, want errNo", err)
	}
	var got []struct {
		File, Format string
		Valid        bool
		Invoices     []struct {
			Number, Client, Matter, Total string
			Lines                         int
		}
		Findings []map[string]any
	}
	dec := json.NewDecoder(strings.NewReader(out))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil || len(got) != 3 {
		t.Fatalf("%v\n%s", err, out)
	}
	if g := got[0]; !g.Valid || g.Format != "1998B" || len(g.Invoices) != 2 || g.Invoices[0].Total != "2348.27" || g.Invoices[0].Lines != 7 || g.Findings == nil {
		t.Errorf("good file: %+v", g)
	}
	if g := got[1]; g.Valid || len(g.Findings) != 1 || g.Findings[0]["code"] != "ARI-03" || g.Findings[0]["line"] != 3.0 || g.Findings[0]["field"] != "INVOICE_TOTAL" || len(g.Findings[0]) != 7 {
		t.Errorf("bad sum: %+v", g)
	}
	if g := got[2]; !g.Valid || g.Format != "98BI_V2" {
		t.Errorf("98BI V2: %+v", g)
	}
}

func TestLedesValidateAnswers(t *testing.T) {
	t.Parallel()
	good := samples + "ok_1998b_lf_only.txt"
	if out, _, err := ledesRun("", "validate", good); err != nil || !strings.Contains(out, "valid 1998B, 1 invoices, 1 lines") {
		t.Errorf("good file: %v %s", err, out)
	}
	if out, _, err := ledesRun("", "validate", samples+"bad_date.txt"); !errors.Is(err, errNo) || !strings.Contains(out, "bad_date.txt:3 LINE_ITEM_DATE: error FLD-01") {
		t.Errorf("bad file: %v %s", err, out)
	}
	if out, _, err := ledesRun("", "validate", "--format", "98BI_V2", good); !errors.Is(err, errNo) || !strings.Contains(out, "FIL-01") {
		t.Errorf("the other format: %v %s", err, out)
	}
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	if out, _, err := ledesRun(string(content), "validate", "-"); err != nil {
		t.Errorf("standard input: %v %s", err, out)
	}
	for name, args := range map[string][]string{
		"absent file":    {"validate", "--json", "no-such-file", good},
		"folder":         {"validate", samples},
		"unknown format": {"validate", "--format", "1999", good},
		"no file":        {"validate"},
	} {
		out, _, err := ledesRun("", args...)
		if err == nil || errors.Is(err, errNo) {
			t.Errorf("%s: %v, want an error that is no answer", name, err)
		}
		if strings.Contains(strings.Join(args, " "), "--json") && !json.Valid([]byte(out)) {
			t.Errorf("%s: not JSON: %s", name, out)
		}
	}
	if out, _, err := ledesRun("<?xml version='1.0'?>", "validate", "-", "--json"); !errors.Is(err, errNo) || !strings.Contains(out, `"format":"XML_2.1"`) || !strings.Contains(out, "FIL-01") {
		t.Errorf("an empty XML file: %s, %v", out, err)
	}
}

func TestLedesConvert(t *testing.T) {
	t.Parallel()
	target := filepath.Join(t.TempDir(), "out.txt")
	_, stderr, err := ledesRun("", "convert", samples+"ok_1998b_lf_only.txt", "--to", "98BI_V2", "--currency", "USD", "--client-tax-id", "GB1", "--matter-name", "Advice", "--out", target)
	if err != nil {
		t.Fatalf("%v %s", err, stderr)
	}
	if out, _, err := ledesRun("", "validate", target); err != nil {
		t.Errorf("converted file: %v %s", err, out)
	}
	out, stderr, err := ledesRun("", "convert", samples+"ok_98bi_v2_vat.txt", "--to", "1998B")
	if !errors.Is(err, errNo) || out != "" || !strings.Contains(stderr, "1998B has no tax") {
		t.Errorf("tax lost: %v %q %s", err, out, stderr)
	}
	xml := filepath.Join(t.TempDir(), "out.xml")
	if _, stderr, err := ledesRun("", "convert", "--to", "XML_2.1", samples+"ok_98bi_v2_vat.txt", "--out", xml); err != nil || stderr != "" {
		t.Fatalf("to XML: %v %s", err, stderr)
	}
	if out, _, err := ledesRun("", "validate", xml, "--json"); err != nil || !strings.Contains(out, `"format":"XML_2.1"`) || !strings.Contains(out, `"total":"1839.07"`) || strings.Contains(out, "FIL-05") {
		t.Errorf("XML: %v %s", err, out)
	}
	if out, stderr, err := ledesRun("", "convert", xml, "--to", "98BI_V2"); err != nil || !strings.Contains(out, "|5|IF||-50.00|-60.00|20260630|") {
		t.Errorf("XML back: %v %s %s", err, out, stderr)
	}
	if out, stderr, err := ledesRun("", "convert", "--to", "XML_2.1", samples+"ok_1998b_lf_only.txt"); !errors.Is(err, errNo) || out != "" || !strings.Contains(stderr, "lf_name") {
		t.Errorf("to XML without a firm's name: %v %q %s", err, out, stderr)
	}
	if _, _, err := ledesRun("", "convert", samples+"ok_98bi_v2_vat.txt", "--to", "LEDES2000"); err == nil || errors.Is(err, errNo) {
		t.Errorf("to LEDES 2000: %v", err)
	}
}
