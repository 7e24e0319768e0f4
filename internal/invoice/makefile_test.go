package invoice_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// xmlPayor sets which e-bill the payor of the house's matter reads.
func (h *house) xmlPayor(t *testing.T, f invoice.Format) {
	t.Helper()
	h.f.Exec(t, `UPDATE payor SET ebill = ? WHERE firm_id = ? AND id = ?`, f, h.f.ID, h.m.Payor)
}

func TestAnInvoiceIsIssuedAsXMLWhereItsPayorReadsThat(t *testing.T) {
	t.Parallel()
	for format, opts := range map[invoice.Format][]testkit.MatterOption{invoice.FormatXML21: nil, invoice.FormatXML22: {testkit.TaxE6(88_750)}} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			h := setup(t, opts...)
			h.xmlPayor(t, format)
			inv := h.issued(t)
			v, err := h.svc.Get(h.partner, inv.ID)
			if err != nil || len(v.Files) != 2 || v.Document.EBillAs != format || !slices.ContainsFunc(v.Files, func(f invoice.File) bool { return f.Format == format }) {
				t.Fatalf("%v %+v", err, v.Files)
			}
			e, err := h.svc.File(h.partner, inv.ID, format)
			if err != nil || e.Name != "26-00001.xml" {
				t.Fatalf("%v %q", err, e.Name)
			}
			again, err := v.Document.EFile(ledes.Profile{})
			if err != nil || !bytes.Equal(again.Bytes, e.Bytes) {
				t.Errorf("made again from the snapshot it differs: %v", err)
			}
			r, err := ledes.Read(bytes.NewReader(e.Bytes), ledes.Options{})
			if err != nil || len(r.Findings) > 0 || len(r.Bills) != 1 || r.Bills[0].Number != inv.Number {
				t.Fatalf("%v %+v", err, r.Findings)
			}
			sameSums(t, v.Document, r.Bills[0])
			note, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "Billed to the wrong payor"})
			if err != nil || note.EBill != format {
				t.Fatalf("%v %+v", err, note)
			}
			c, err := h.svc.CreditFile(h.partner, note.ID, format)
			if err != nil || c.Name != "CN26-00001.xml" || !strings.Contains(string(c.Bytes), "Credit note for invoice "+inv.Number) {
				t.Fatalf("%v %q\n%s", err, c.Name, c.Bytes)
			}
			back, err := ledes.Read(bytes.NewReader(c.Bytes), ledes.Options{})
			if err != nil || len(back.Findings) > 0 || back.Invoices[0].Total != "-"+r.Invoices[0].Total {
				t.Errorf("%v %+v %+v", err, back.Findings, back.Invoices)
			}
			if v, err = h.svc.Get(h.partner, inv.ID); err != nil || v.Credits[0].EBill != format {
				t.Errorf("%v %+v", err, v.Credits)
			}
		})
	}
}

func TestAnEBillIsMadeInAnotherFormat(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.issued(t)
	made, err := h.svc.MakeFile(h.specialist, inv.ID, invoice.FormatXML21)
	if err != nil || made.Format != invoice.FormatXML21 || made.Bytes == 0 {
		t.Fatalf("%v %+v", err, made)
	}
	if again, err := h.svc.MakeFile(h.specialist, inv.ID, invoice.FormatXML21); err != nil || again != made {
		t.Errorf("made again: %v %+v", err, again)
	}
	e, err := h.svc.File(h.specialist, inv.ID, invoice.FormatXML21)
	if err != nil || e.SHA256 != made.SHA256 {
		t.Fatal(err)
	}
	flat, err := h.svc.File(h.specialist, inv.ID, invoice.Format1998B)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"XML": e.Bytes, "flat": flat.Bytes} {
		r, err := ledes.Validate(bytes.NewReader(b), ledes.Options{}, 0)
		if err != nil || len(r.Findings) > 0 || r.Invoices[0].Total != "1320.00" {
			t.Errorf("%s: %v %+v", name, err, r)
		}
	}
	if n := h.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'invoice.file_made' AND object_id = ? AND class = 3`, h.f.ID, inv.ID); n != 1 {
		t.Errorf("%d leaves of what was made, want 1", n)
	}
	v, err := h.svc.Get(h.specialist, inv.ID)
	if err != nil || len(v.Files) != 3 || v.ContentHash != inv.ContentHash {
		t.Errorf("%v %+v", err, v.Files)
	}
}

func TestAnEBillIsNotMadeForWhoMayNot(t *testing.T) {
	t.Parallel()
	h, theirs := setup(t), setup(t)
	inv := h.issued(t)
	for name, c := range map[string]struct {
		err, is error
	}{
		"another firm":    {second(theirs.svc.MakeFile(theirs.specialist, inv.ID, invoice.FormatXML21)), invoice.ErrNotFound},
		"out of scope":    {second(h.svc.MakeFile(h.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(h.f.Matter(t).ID)), inv.ID, invoice.FormatXML21)), invoice.ErrNotFound},
		"below C3":        {second(h.svc.MakeFile(h.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(2)), inv.ID, invoice.FormatXML21)), authz.ErrForbidden},
		"a partner":       {second(h.svc.MakeFile(h.partner, inv.ID, invoice.FormatXML21)), authz.ErrForbidden},
		"the wrong kind":  {second(h.svc.MakeFile(h.specialist, inv.ID, invoice.Format98BIV2)), invoice.ErrFormat},
		"nonsense":        {second(h.svc.MakeFile(h.specialist, inv.ID, "docx")), invoice.ErrFormat},
		"no such invoice": {second(h.svc.MakeFile(h.specialist, ident.New[ident.InvoiceID](testkit.Now), invoice.FormatXML21)), invoice.ErrNotFound},
	} {
		if !errors.Is(c.err, c.is) {
			t.Errorf("%s: %v, want %v", name, c.err, c.is)
		}
	}
	if n := h.f.Count(t, `SELECT (SELECT count(*) FROM invoice_document WHERE firm_id = ?) + (SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'invoice.file_made')`, h.f.ID, h.f.ID); n != 2 {
		t.Errorf("%d files and leaves, want the 2 files of the issue", n)
	}
}
