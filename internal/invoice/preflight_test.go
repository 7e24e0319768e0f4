package invoice_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/invoice/invoicebench"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// receiver has the payor of the house's matter served through one receiver.
func (h *house) receiver(t *testing.T, change func(s *portal.Settings)) portal.Profile {
	t.Helper()
	s := portal.Standard()
	change(&s)
	p, err := portal.New(h.d, h.guard).Save(h.specialist, portal.Profile{Name: "Gate", Settings: s})
	if err != nil {
		t.Fatal(err)
	}
	h.f.Exec(t, `UPDATE payor SET portal_id = ? WHERE firm_id = ? AND id = ?`, p.ID, h.f.ID, h.m.Payor)
	return p
}

func TestTheFileFollowsTheReceiver(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.receiver(t, func(s *portal.Settings) {
		s.Format, s.FileName, s.Extension, s.NumberForm, s.Names, s.Country = portal.Format98BIV2, "{number}_{date}", "ledes", portal.NumberAlphanumeric, portal.FirstSurname, portal.CountryAlpha2
	})
	inv := h.issued(t)
	c, err := h.svc.File(h.partner, inv.ID, invoice.Format98BIV2)
	if err != nil || c.Name != "2600001_20260302.ledes" {
		t.Fatalf("%q, %v", c.Name, err)
	}
	text := string(c.Bytes)
	for _, want := range []string{"LEDES98BI V2[]", "|2600001|", "|US|"} {
		if !strings.Contains(text, want) {
			t.Errorf("the file lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "26-00001") || strings.Contains(text, "|USA|") {
		t.Errorf("the file is not in the receiver's form:\n%s", text)
	}
	// A profile that changes leaves the files that are there as they are, and their names.
	h.f.Exec(t, `UPDATE portal SET file_name = '{number}', country = 'alpha3' WHERE firm_id = ?`, h.f.ID)
	if again, err := h.svc.File(h.partner, inv.ID, invoice.Format98BIV2); err != nil || again.Name != c.Name || !bytes.Equal(again.Bytes, c.Bytes) {
		t.Errorf("%q, %v", again.Name, err)
	}
}

func TestXMLInASCIIIsTheSameText(t *testing.T) {
	t.Parallel()
	d := sheets(t)["prices and adjustments"]
	d.Lines[0].Narrative = "Café de l’Étoile, review"
	d.For(portal.Profile{Name: "Gate", Settings: portal.Settings{Format: portal.FormatXML21, Encoding: portal.ASCII, Extension: "xml"}})
	e, err := d.ForReceiver()
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(e.Bytes, func(b byte) bool { return b > 127 }); i >= 0 {
		t.Errorf("a byte above 127 at %d", i)
	}
	r, err := ledes.Read(bytes.NewReader(e.Bytes), ledes.Options{})
	if err != nil || !slices.ContainsFunc(r.Bills[0].Items, func(it ledes.Item) bool { return it.Description == d.Lines[0].Narrative }) {
		t.Errorf("%v %+v", err, r.Bills)
	}
}

// judged is an invoice of eight short lines that nothing is wrong with.
func judged(t *testing.T) *invoice.Document {
	t.Helper()
	d := invoicebench.Sample(8, "USD", 0)
	for i := range d.Lines {
		d.Lines[i].Narrative = "Work on file"
	}
	if err := d.Add(); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatTheReceiverWouldAnswerIsToldBefore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings func(s *portal.Settings)
		change   func(d *invoice.Document)
		late     int    // days after the billed period
		want     string // code severity line
	}{
		"nothing":              {func(*portal.Settings) {}, func(*invoice.Document) {}, 1, ""},
		"a narrative too long": {func(s *portal.Settings) { s.NarrativeLimit = 60 }, func(d *invoice.Document) { d.Lines[1].Narrative = strings.Repeat("word ", 13) }, 1, "FLD-07 block 2"},
		"it grows in ASCII":    {func(s *portal.Settings) { s.NarrativeLimit = 60 }, func(d *invoice.Document) { d.Lines[1].Narrative = strings.Repeat("€", 21) }, 1, "FLD-07 block 2"},
		"a set it does not read": {func(s *portal.Settings) { s.TaskSets = []string{"bankruptcy"} }, func(d *invoice.Document) {
			for i := range d.Lines {
				d.Lines[i].Task = ""
			}
			d.Lines[0].Task = "L110"
		}, 1, "COD-01 block 1"},
		"a late bill": {func(s *portal.Settings) { s.LateDays = 10 }, func(*invoice.Document) {}, 11, "GUI-03 warn 0"},
		"two at once": {func(s *portal.Settings) { s.NarrativeLimit, s.LateDays = 60, 1 }, func(d *invoice.Document) {
			d.Lines[0].Narrative = strings.Repeat("word ", 13)
		}, 2, "GUI-03 warn 0; FLD-07 block 1"},
	} {
		d := judged(t)
		s := portal.Standard()
		c.settings(&s)
		d.For(portal.Profile{Name: "Gate", Settings: s})
		c.change(d)
		var got []string
		for _, f := range d.Preflight(d.To.Add(c.late)) {
			got = append(got, fmt.Sprintf("%s %s %d", f.Code, f.Severity, f.Line))
			if f.Message == "" || f.Fix == "" {
				t.Errorf("%s: no words: %+v", name, f)
			}
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestPreflightNeedsAReceiverAndSight(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.issued(t)
	if _, err := h.svc.Preflight(h.specialist, inv.ID); !errors.Is(err, invoice.ErrNoReceiver) {
		t.Errorf("without a receiver: %v", err)
	}
	h.receiver(t, func(s *portal.Settings) { s.LateDays = 1 })
	got, err := h.svc.Preflight(h.specialist, inv.ID)
	if err != nil || got.Receiver.Name != "Gate" || len(got.Findings) != 1 || got.Findings[0].Code != "GUI-03" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := h.svc.Preflight(h.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(2)), inv.ID); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("who does not see the text: %v", err)
	}
	other := testkit.Firm(t, h.d)
	if _, err := h.svc.Preflight(other.As(t, rbac.RoleSpecialist), inv.ID); !errors.Is(err, invoice.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
}

// A narrative that the receiver would refuse stops the bill while it can be shortened.
func TestANarrativeTooLongIsNamedOnThePrebill(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.receiver(t, func(s *portal.Settings) { s.NarrativeLimit = 5 })
	p := h.approved(t, h.m)
	h.start(t)
	h.work(t)
	var why string
	if why = h.f.Text(t, `SELECT message FROM run_item WHERE firm_id = ? AND prebill_id = ?`, h.f.ID, p); !strings.Contains(why, "LINE_ITEM_DESCRIPTION") {
		t.Errorf("the item says %q", why)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ?`, h.f.ID); n != 0 {
		t.Errorf("%d invoices", n)
	}
}
