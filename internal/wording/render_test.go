package wording

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/fault"
)

func TestStandardTextsAreUsable(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds() {
		samples, err := Standard(k).Samples(k)
		if err != nil || len(samples) != 2 {
			t.Errorf("%s: %v", k, err)
		}
		for _, s := range samples {
			if strings.ContainsAny(s.Subject+s.Text, "{}") {
				t.Errorf("%s, %s: a field is left:\n%s\n%s", k, s.Case, s.Subject, s.Text)
			}
		}
	}
}

// A text with anything but the kind's own fields, or with a way to logic, is refused when
// it is saved, by field and line.
func TestT18_UnknownFieldsAreRefusedWhenSaved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		line int
		says string
	}{
		"unknown field":             {"Hello,\n\n{{client}} owes", 3, "no field “client”"},
		"matter's name":             {"{{matter}}", 1, "no field"},
		"field of another kind":     {"{{note}}", 1, "no field"},
		"path":                      {"{{firm.Name}}", 1, "no field"},
		"method":                    {"{{invoices.String}}", 1, "no field"},
		"the list itself":           {"{{#invoices}}{{.}}{{/invoices}}", 1, "no field"},
		"template of Go":            {"x\n{{range 200000000}}{{end}}", 2, "no field"},
		"format of Go":              {`{{printf "%1000000d" 1}}`, 1, "no field"},
		"another text":              {"{{> /etc/passwd}}", 1, "cannot be brought in"},
		"other signs":               {"{{=<% %>=}}<% firm %>", 1, "cannot be changed"},
		"not closed":                {"a\nb {{firm", 2, "not closed"},
		"section not closed":        {"a\n{{#one}}b", 2, "not closed"},
		"closed twice":              {"{{#one}}b{{/one}}{{/one}}", 1, "not open"},
		"crossed":                   {"{{#one}}{{#several}}{{/one}}{{/several}}", 1, "while another is open"},
		"nothing in it":             {"{{}}", 1, "no name"},
		"section in a section":      {"{{#invoices}}{{#invoices}}x{{/invoices}}{{/invoices}}", 1, "stands inside"},
		"a section's field outside": {"{{number}}", 1, "differs from invoice to invoice"},
		"section as field":          {"{{one}}", 1, "stands around words"},
		"field as section":          {"{{#firm}}x{{/firm}}", 1, "is no section"},
		"one brace":                 {"a\n\n{count} open", 3, "one pair of braces"},
		"what nobody sees":          {"pay\u202enow", 0, ""},
		"blank":                     {" \n ", 0, "at least a word"},
		"nothing with one":          {"{{#several}}x{{/several}}", 0, "when one invoice is open"},
		"too long":                  {strings.Repeat("x", maxBody+1), 0, "at most"},
		"sections without end":      {strings.Repeat("{{#one}}", 900), 1, ""},
	} {
		err := Text{"Reminder", c.body, "Us"}.Validate(ReminderFirst)
		var f *fault.Error
		if !errors.Is(err, ErrInput) || !errors.As(err, &f) || len(f.Fields) != 1 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := f.Fields[0]
		if got.Path != "body" || got.Line != c.line || !strings.Contains(got.Message, c.says) || (c.line > 0 && got.Fix == "") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if err := (Text{"a", "b", "{{#attached}}z{{/attached}}"}).Validate(Invoice); !errors.Is(err, ErrInput) {
		t.Errorf("a closing that is not always there: %v", err)
	}
	if err := (Text{"a\nb", "{{#invoices}}{{number}} {{days}}{{/invoices}}", "Us"}).Validate(ReminderFirst); !errors.Is(err, ErrInput) {
		t.Errorf("a subject of two lines: %v", err)
	}
}

// What stands in place of a field is text: it is not read again, and in the page of the
// letter it is escaped.
func TestT18_ValuesAreText(t *testing.T) {
	t.Parallel()
	v := Values{Firm: `{{contact}} <b>&`, Contact: "Al\u00a0Ex", Invoices: []Due{{"1", "2", "3", 4}}}
	subject, l, err := Text{"{{firm}}", "a\nb {{{firm}}} {{&contact}}\n\n\n\n{{! a remark }}", "{{firm}}\nx"}.Render(t.Context(), Invoice, v)
	if err != nil || subject != v.Firm || len(l.Paragraphs) != 1 || l.Paragraphs[0] != "a\nb "+v.Firm+" "+v.Contact || len(l.Closing) != 2 {
		t.Errorf("%q %+v %v", subject, l, err)
	}
	if page := l.HTML(subject); strings.Contains(page, "<b>") || !strings.Contains(page, "a<br>\nb") {
		t.Errorf("page: %s", page)
	}
}

// A letter ends at 2 MiB and at two seconds.
func TestT18_ALetterIsBounded(t *testing.T) {
	t.Parallel()
	v := Values{Firm: strings.Repeat("f", 200)}
	for range 2_000 {
		v.Invoices = append(v.Invoices, Due{"2026-0001", "USD 1.00", "1 June 2026", 3})
	}
	long := Text{"x", "{{#invoices}}" + strings.Repeat("{{firm}}", 900) + "{{/invoices}}", "x"}
	if err := long.Validate(ReminderFirst); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if _, _, err := long.Render(t.Context(), ReminderFirst, v); !errors.Is(err, ErrLong) {
		t.Errorf("%v", err)
	}
	if took := time.Since(begun); took > maxTime {
		t.Errorf("it took %v", took)
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := Standard(Invoice).Render(gone, Invoice, v); !errors.Is(err, ErrLong) {
		t.Errorf("out of time: %v", err)
	}
}

// FuzzTemplate holds that no text breaks the reader, that what may be saved can be written
// for every case, and that no field is left in what goes out unless a value brought it.
func FuzzTemplate(f *testing.F) {
	for _, k := range Kinds() {
		t := Standard(k)
		f.Add(string(k), t.Subject, t.Body, t.Closing)
	}
	f.Add("reminder_first", "{{count}}", "{{#invoices}}\n- {{number}}: {{{open}}} {{&due}} {{! x }}\n{{/invoices}}\n{{^one}}x{{/one}}", "{{ firm }}")
	f.Add("invoice", "{{=| |=}}", "{{>x}}{{#a}}{{/b}}", "{{.}}")
	f.Fuzz(func(t *testing.T, kind, subject, body, closing string) {
		k, text := Kind(kind), Text{subject, body, closing}.tidied()
		samples, err := text.Samples(k)
		if err != nil {
			var bad *fault.Error
			if !errors.As(err, &bad) {
				t.Fatal(err)
			}
			return
		}
		for _, s := range samples {
			if len(s.Text) > maxOutput || strings.ContainsAny(s.Subject, "\r\n") {
				t.Fatalf("%q of %+v", s, text)
			}
		}
	})
}

// The firm's name stands once under a reminder that the firm itself writes; a partner's stands over it.
func TestStandardRemindersAreWellSigned(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds() {
		if !k.reminds() {
			continue
		}
		for n, verb := range map[int]string{1: "remains", 2: "remain"} {
			v := Values{Firm: "Hale LLP", Sender: "Hale LLP", Invoices: slices.Repeat([]Due{{"1", "USD 1.00", "1 June 2026", 3}}, n)}
			_, l, err := Standard(k).Render(t.Context(), k, v)
			text := strings.Join(l.Paragraphs, "\n")
			if err != nil || len(l.Closing) != 1 || l.Closing[0] != v.Firm || strings.Contains(text, "..") || strings.Contains(text, " unpaid") && !strings.Contains(text, " "+verb+" unpaid") {
				t.Errorf("%s of %d: %q, %q, %v", k, n, text, l.Closing, err)
			}
		}
	}
}
