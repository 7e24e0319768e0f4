package notice_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/testkit"
)

var codeInMail = regexp.MustCompile(`\b\d{6}\b`)

// knock asks for a code and reads it from the mail.
func (h house) knock(t *testing.T, f testkit.F, m testkit.M) (link, code string) {
	t.Helper()
	address, err := h.links.To(f.ID, m.Contact)
	if err != nil {
		t.Fatal(err)
	}
	_, link, _ = strings.Cut(address, "link=")
	if err := h.svc.AskCode(t.Context(), link, "192.0.2.0/24"); err != nil {
		t.Fatal(err)
	}
	got := h.post(t, f)
	if len(got) == 0 {
		return link, ""
	}
	return link, codeInMail.FindString(got[0].Text)
}

func TestThePayorsDoorOpensToThePayorAlone(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m, neighbour := f.Matter(t), f.Matter(t)
	mine, unsent := f.Invoice(t, m, testkit.Sent()), f.Invoice(t, m)
	theirs := f.Invoice(t, neighbour, testkit.Sent())
	h.pdf(t, f, mine.ID, "%PDF mine")
	h.pdf(t, f, theirs.ID, "%PDF theirs")
	link, code := h.knock(t, f, m)
	if len(code) != 6 {
		t.Fatalf("code %q", code)
	}
	if _, err := h.svc.Enter(t.Context(), link, "000000", "n"); code != "000000" && !errors.Is(err, notice.ErrCode) {
		t.Errorf("a wrong code: %v", err)
	}
	cookie, err := h.svc.Enter(t.Context(), link, code[:3]+" "+code[3:], "n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Enter(t.Context(), link, code, "n"); !errors.Is(err, notice.ErrCode) {
		t.Errorf("the code served twice: %v", err)
	}
	v, list, err := h.svc.PayorInvoices(t.Context(), cookie.Reveal())
	if err != nil || len(list) != 1 || list[0].ID != mine.ID || v.Payor != m.Payor || !slices.Equal(list[0].Formats, []invoice.Format{"pdf"}) {
		t.Fatalf("list %+v, %v", list, err)
	}
	if c, err := h.svc.PayorDocument(t.Context(), cookie.Reveal(), mine.ID, invoice.FormatPDF); err != nil || string(c.Bytes) != "%PDF mine" {
		t.Errorf("document %q, %v", c.Bytes, err)
	}
	for name, id := range map[string]ident.InvoiceID{"a neighbour's": theirs.ID, "an unsent": unsent.ID, "none": ident.New[ident.InvoiceID](testkit.Now)} {
		if _, err := h.svc.PayorDocument(t.Context(), cookie.Reveal(), id, invoice.FormatPDF); !errors.Is(err, notice.ErrNotFound) {
			t.Errorf("%s document: %v", name, err)
		}
		if _, _, err := h.svc.PayorInvoice(t.Context(), cookie.Reveal(), id); !errors.Is(err, notice.ErrNotFound) {
			t.Errorf("%s invoice: %v", name, err)
		}
	}
	looks := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND actor = 'contact:' || ? AND action IN ('payor.listed', 'invoice.file_read', 'payor.entered')`, f.ID, string(m.Contact))
	if looks != 4 { // a wrong code, the right one, the list, the document
		t.Errorf("%d looks recorded", looks)
	}
	// Closing the contact ends the visit at once, as does time and leaving.
	f.Exec(t, `UPDATE payor_contact SET status = 'closed' WHERE firm_id = ? AND id = ?`, f.ID, m.Contact)
	if _, _, err := h.svc.PayorInvoices(t.Context(), cookie.Reveal()); !errors.Is(err, notice.ErrNoVisit) {
		t.Errorf("a closed contact: %v", err)
	}
	f.Exec(t, `UPDATE payor_contact SET status = 'active' WHERE firm_id = ? AND id = ?`, f.ID, m.Contact)
	if _, err := h.svc.Visit(t.Context(), cookie.Reveal()); err != nil {
		t.Errorf("visit: %v", err)
	}
	if err := h.svc.Leave(t.Context(), cookie.Reveal()); err != nil {
		t.Error(err)
	}
	if _, err := h.svc.Visit(t.Context(), cookie.Reveal()); !errors.Is(err, notice.ErrNoVisit) {
		t.Errorf("after leaving: %v", err)
	}
	h.clock.Advance(time.Hour)
	link, code = h.knock(t, f, m)
	if cookie, err = h.svc.Enter(t.Context(), link, code, "n"); err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(31 * time.Minute)
	if _, err := h.svc.Visit(t.Context(), cookie.Reveal()); !errors.Is(err, notice.ErrNoVisit) {
		t.Errorf("after half an hour: %v", err)
	}
}

func TestGuessingEndsTheCode(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	link, code := h.knock(t, f, m)
	wrong := "111111"
	if code == wrong {
		wrong = "222222"
	}
	for range 5 {
		if _, err := h.svc.Enter(t.Context(), link, wrong, "n"); !errors.Is(err, notice.ErrCode) {
			t.Errorf("wrong code: %v", err)
		}
	}
	if _, err := h.svc.Enter(t.Context(), link, code, "n"); !errors.Is(err, notice.ErrCode) {
		t.Errorf("the right code after five wrong ones: %v", err)
	}
	// Three codes in a quarter of an hour, and no more.
	for i, want := range []bool{true, true, false} {
		if _, code := h.knock(t, f, m); (code != "") != want {
			t.Errorf("code %d: %q", i+2, code)
		}
	}
	h.clock.Advance(16 * time.Minute)
	link, code = h.knock(t, f, m)
	h.clock.Advance(10 * time.Minute)
	if _, err := h.svc.Enter(t.Context(), link, code, "n"); !errors.Is(err, notice.ErrCode) {
		t.Errorf("after ten minutes: %v", err)
	}
	if f.Count(t, `SELECT count(*) FROM mail WHERE firm_id = ? AND (position(? in text_body) > 0 OR secret IS NOT NULL)`, f.ID, code) != 0 {
		t.Error("a code stands in a row")
	}
}

func TestForgedLinksTellNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	link, code := h.knock(t, f, m)
	other, err := notice.NewLinks("https://billing.example.com", bytes.Repeat([]byte{9, 9}, 16))
	if err != nil {
		t.Fatal(err)
	}
	address, err := other.To(f.ID, m.Contact)
	if err != nil {
		t.Fatal(err)
	}
	_, forged, _ := strings.Cut(address, "link=")
	raw, err := base64.RawURLEncoding.DecodeString(link)
	if err != nil {
		t.Fatal(err)
	}
	gone, err := h.links.To(f.ID, ident.New[ident.ContactID](testkit.Now))
	if err != nil {
		t.Fatal(err)
	}
	noFirm, err := h.links.To(ident.New[ident.FirmID](testkit.Now), m.Contact)
	if err != nil {
		t.Fatal(err)
	}
	tries := []string{forged, "", "x", link + "A", link[1:], strings.Split(gone, "link=")[1], strings.Split(noFirm, "link=")[1]}
	for i := range raw {
		b := bytes.Clone(raw)
		b[i] ^= 1
		tries = append(tries, base64.RawURLEncoding.EncodeToString(b))
	}
	before := f.Count(t, `SELECT count(*) FROM mail WHERE firm_id = ?`, f.ID)
	for _, l := range tries {
		if err := h.svc.AskCode(t.Context(), l, "n"); err != nil {
			t.Errorf("asking with %q: %v", l, err)
		}
		if _, err := h.svc.Enter(t.Context(), l, code, "n"); !errors.Is(err, notice.ErrCode) {
			t.Errorf("entering with %q: %v", l, err)
		}
	}
	if n := f.Count(t, `SELECT count(*) FROM mail WHERE firm_id = ?`, f.ID); n != before {
		t.Errorf("%d mails were sent", n-before)
	}
	for _, c := range []string{"", "x", string(f.ID) + ".", string(f.ID) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 32))} {
		if _, err := h.svc.Visit(t.Context(), c); !errors.Is(err, notice.ErrNoVisit) {
			t.Errorf("cookie %q: %v", c, err)
		}
	}
}
