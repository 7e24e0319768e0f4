package wording

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cbroglie/mustache"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/mail"
)

// Limits of SECURITY T18, and of what a subject and a letter bear.
const (
	maxSubject = 200
	maxBody    = 8_000
	maxClosing = 1_000
	maxOutput  = 2 << 20
	maxTime    = 2 * time.Second
	maxShown   = 300 // a subject as it arrives, in characters
)

// Validate names each part of a text that cannot be used, by field and line.
func (t Text) Validate(k Kind) error {
	var fs fault.Fields
	for _, p := range []struct {
		path, text string
		most       int
	}{{"subject", t.Subject, maxSubject}, {"body", t.Body, maxBody}, {"closing", t.Closing, maxClosing}} {
		switch n := utf8.RuneCountInString(p.text); {
		case strings.TrimSpace(p.text) == "":
			fs.Add(p.path, "text_missing", "write at least a word")
			continue
		case n > p.most:
			fs.Add(p.path, "text_length", "this has %d characters; at most %d are kept", n, p.most)
			continue
		}
		if f, ok := fault.UnseenTyped(p.path, p.text); !ok {
			fs = append(fs, f)
			continue
		}
		if p.path == "subject" && strings.ContainsAny(p.text, "\r\n\t") {
			fs.Add(p.path, "text_lines", "a subject is one line")
			continue
		}
		if _, err := parse(k, p.text); err != nil {
			fs = append(fs, complaint(p.path, err))
		}
	}
	if len(fs) > 0 {
		return fs.Err(ErrInput)
	}
	return t.tryAll(k)
}

// tryAll refuses a text that in some case says nothing where something must stand.
func (t Text) tryAll(k Kind) error {
	var fs fault.Fields
	for _, c := range cases(k) {
		subject, l, err := t.Render(context.Background(), k, c.Values)
		switch {
		case err != nil:
			return err
		case subject == "":
			fs.Add("subject", "text_missing", "when %s, nothing is left of the subject", c.Case)
		case len(l.Paragraphs) == 0:
			fs.Add("body", "text_missing", "when %s, nothing is left of the text", c.Case)
		case strings.Join(l.Closing, "") == "":
			fs.Add("closing", "text_missing", "when %s, nothing is left of the closing", c.Case)
		}
	}
	return fs.Err(ErrInput)
}

// fieldError is what is wrong with a tag.
type fieldError struct {
	line         int
	message, fix string
}

func (e fieldError) Error() string { return e.message }

func complaint(path string, err error) fault.Field {
	f := fault.Field{Path: path, Code: "wording_field", Message: err.Error()}
	var bad fieldError
	if errors.As(err, &bad) {
		f.Line, f.Message, f.Fix = bad.line, fmt.Sprintf("line %d: %s", bad.line, bad.message), bad.fix
	}
	return f
}

// single is a field in one pair of braces, a slip that would go out as it stands.
var single = regexp.MustCompile(`(?:^|[^{])\{([a-z_]+)\}(?:[^}]|$)`)

// parse reads one part of a text and holds that it uses only what the kind offers.
func parse(k Kind, text string) (*mustache.Template, error) {
	if at := strings.Index(text, "{{="); at >= 0 {
		return nil, fieldError{lineAt(text, at), "the signs around fields cannot be changed", "write fields as {{number}}"}
	}
	for _, m := range single.FindAllStringSubmatchIndex(text, -1) {
		if name := text[m[2]:m[3]]; slices.ContainsFunc(k.Fields(), func(f Field) bool { return f.Name == name }) {
			return nil, fieldError{lineAt(text, m[2]), "{" + name + "} stands in one pair of braces", "write {{" + name + "}}"}
		}
	}
	tmpl, err := mustache.ParseStringPartialsRaw(text, &mustache.StaticProvider{}, true)
	if err != nil {
		return nil, unread(err)
	}
	return tmpl, check(k, text, tmpl.Tags(), "")
}

// unread says in our words what the reader of templates found.
func unread(err error) error {
	var bad mustache.ParseError
	if !errors.As(err, &bad) {
		return fieldError{1, "the fields cannot be read", "write a field as {{number}}, a section as {{#attached}}…{{/attached}}"}
	}
	e := fieldError{line: max(bad.Line, 1)}
	switch bad.Code {
	case mustache.ErrUnmatchedOpenTag:
		e.message, e.fix = "{{ is opened and not closed", "close it with }}"
	case mustache.ErrUnmatchedCloseTag:
		e.message, e.fix = "a section is closed that is not open", "begin it with {{#…}}, or take the closing away"
	case mustache.ErrSectionNoClosingTag:
		e.message, e.fix = "the section "+bad.Reason+" is not closed", "end it with {{/"+bad.Reason+"}}"
	case mustache.ErrInterleavedClosingTag:
		e.message, e.fix = "the section "+bad.Reason+" is closed while another is open", "close first what was opened last"
	case mustache.ErrEmptyTag:
		e.message, e.fix = "a field has no name", "write its name between the braces"
	default:
		e.message, e.fix = "the fields cannot be read", "write a field as {{number}}, a section as {{#attached}}…{{/attached}}"
	}
	return e
}

// check walks the tags; within is the section around them, "" for none. Sections stand one
// deep, so that nothing is repeated within what is repeated.
func check(k Kind, text string, tags []mustache.Tag, within string) error {
	for _, tag := range tags {
		f, known := k.field(tag.Name())
		line := lineOf(text, tag.Name())
		section := tag.Type() == mustache.Section || tag.Type() == mustache.InvertedSection
		switch {
		case tag.Type() == mustache.Partial:
			return fieldError{line, "another text cannot be brought in", "write the words here"}
		case !known:
			return fieldError{line, "there is no field " + quote(tag.Name()), "use one of " + k.names()}
		case f.Section && !section:
			return fieldError{line, f.Name + " stands around words", "write {{#" + f.Name + "}}…{{/" + f.Name + "}}"}
		case !f.Section && section:
			return fieldError{line, f.Name + " is no section", "write {{" + f.Name + "}}"}
		case f.Within != "" && f.Within != within:
			return fieldError{line, f.Name + " differs from invoice to invoice", "write it inside {{#" + f.Within + "}}…{{/" + f.Within + "}}"}
		case section && within != "":
			return fieldError{line, "the section " + f.Name + " stands inside " + within, "close {{/" + within + "}} first"}
		}
		if section {
			if err := check(k, text, tag.Tags(), f.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k Kind) field(name string) (Field, bool) {
	list := k.Fields()
	i := slices.IndexFunc(list, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return list[i], true
}

func (k Kind) names() string {
	var names []string
	for _, f := range k.Fields() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// quote is a name as a complaint repeats it.
func quote(name string) string {
	if utf8.RuneCountInString(name) > 40 {
		name = string([]rune(name)[:40]) + "…"
	}
	return "“" + name + "”"
}

// lineOf is the line of the first tag of a name.
func lineOf(text, name string) int {
	tag := regexp.MustCompile(`\{\{\{?\s*[#^/&>]?\s*` + regexp.QuoteMeta(name) + `\s*\}`)
	if at := tag.FindStringIndex(text); at != nil {
		return lineAt(text, at[0])
	}
	return 1
}

func lineAt(text string, at int) int { return 1 + strings.Count(text[:at], "\n") }

// values are what the library may reach: strings, truths and lists of them, with no
// method and no function.
func (v Values) values(k Kind) map[string]any {
	out := map[string]any{fieldFirm: v.Firm, fieldSender: cmp.Or(v.Sender, v.Firm), fieldContact: v.Contact, fieldAttached: v.Attached, fieldNote: v.Note, fieldCount: fmt.Sprint(len(v.Invoices)),
		fieldOne: len(v.Invoices) == 1, fieldSeveral: len(v.Invoices) > 1}
	list := make([]map[string]string, len(v.Invoices))
	for i, d := range v.Invoices {
		list[i] = map[string]string{fieldNumber: d.Number, fieldOpen: d.Open, fieldDue: d.On, fieldDays: fmt.Sprint(d.Days)}
	}
	out[fieldInvoices] = list
	if len(list) > 0 {
		out[fieldFirst] = list[0][fieldNumber]
		if !k.reminds() {
			for name, text := range list[0] {
				out[name] = text
			}
		}
	}
	return out
}

// Render is a letter's subject and its words; figures and link are the caller's to add.
// ErrLong when it would pass 2 MiB or two seconds.
func (t Text) Render(ctx context.Context, k Kind, v Values) (subject string, l mail.Letter, err error) {
	ctx, stop := context.WithTimeout(ctx, maxTime)
	defer stop()
	left := maxOutput
	values := v.values(k)
	var said [3]string
	for i, text := range []string{t.Subject, t.Body, t.Closing} {
		tmpl, err := parse(k, text)
		if err != nil {
			return "", l, fmt.Errorf("read the wording of %s: %w", k, err)
		}
		out := &bounded{ctx: ctx, left: &left}
		if err := tmpl.FRender(out, values); err != nil {
			return "", l, fmt.Errorf("fill the wording of %s: %w", k, err)
		}
		said[i] = strings.ReplaceAll(out.String(), "\r\n", "\n")
	}
	subject = strings.Join(strings.Fields(said[0]), " ")
	if n := utf8.RuneCountInString(subject); n > maxShown {
		subject = string([]rune(subject)[:maxShown-1]) + "…"
	}
	for _, p := range strings.Split(said[1], "\n\n") {
		if p = strings.Trim(p, "\n"); strings.TrimSpace(p) != "" {
			l.Paragraphs = append(l.Paragraphs, p)
		}
	}
	// Where the firm itself writes, its name stands once.
	l.Closing = slices.Compact(strings.Split(strings.TrimSpace(said[2]), "\n"))
	return subject, l, nil
}

// bounded keeps what is written until there is too much of it or it takes too long.
type bounded struct {
	bytes.Buffer
	ctx  context.Context //nolint:containedctx // it lives for one call
	left *int
}

func (b *bounded) Write(p []byte) (int, error) {
	if *b.left -= len(p); *b.left < 0 {
		return 0, ErrLong
	}
	if err := b.ctx.Err(); err != nil {
		return 0, ErrLong.Because(err)
	}
	return b.Buffer.Write(p)
}
