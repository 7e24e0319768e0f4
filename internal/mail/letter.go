package mail

import (
	"fmt"
	"html"
	"strings"
)

// Letter is the plain content of a mail, from which both its parts are made, so
// that they say the same.
type Letter struct {
	Greeting   string
	Paragraphs []string
	Facts      []Fact // shown as a table
	Link       string // an absolute URL; "" for none
	LinkText   string
	Closing    []string // lines: who writes
}

// Fact is one line of a letter's table.
type Fact struct{ Name, Value string }

// Text is the letter as plain text, lines of any length.
func (l Letter) Text() string {
	var b strings.Builder
	if l.Greeting != "" {
		b.WriteString(l.Greeting + "\n\n")
	}
	for _, p := range l.Paragraphs {
		b.WriteString(p + "\n\n")
	}
	for _, f := range l.Facts {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	if len(l.Facts) > 0 {
		b.WriteString("\n")
	}
	if l.Link != "" {
		fmt.Fprintf(&b, "%s:\n%s\n\n", l.LinkText, l.Link)
	}
	b.WriteString(strings.Join(l.Closing, "\n") + "\n")
	return b.String()
}

// HTML is the letter as a page without images, tracking or anything from outside;
// its title is the mail's subject. Every text is escaped; it is written by hand because a dozen tags need no engine.
func (l Letter) HTML(subject string) string {
	var b strings.Builder
	b.WriteString(`<!doctype html>` + "\n" + `<html lang="en"><head><meta charset="utf-8"><title>` + html.EscapeString(subject) + `</title></head>` + "\n" +
		`<body style="font-family:sans-serif;font-size:15px;line-height:1.5;color:#1b2733">` + "\n")
	for _, p := range append([]string{l.Greeting}, l.Paragraphs...) {
		if p != "" {
			b.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(p), "\n", "<br>\n") + "</p>\n")
		}
	}
	if len(l.Facts) > 0 {
		b.WriteString(`<table role="presentation" cellpadding="4">` + "\n")
		for _, f := range l.Facts {
			b.WriteString("<tr><td>" + html.EscapeString(f.Name) + "</td><td><strong>" + html.EscapeString(f.Value) + "</strong></td></tr>\n")
		}
		b.WriteString("</table>\n")
	}
	if l.Link != "" {
		b.WriteString(`<p><a href="` + html.EscapeString(l.Link) + `">` + html.EscapeString(l.LinkText) + "</a></p>\n")
	}
	closing := make([]string, len(l.Closing))
	for i, line := range l.Closing {
		closing[i] = html.EscapeString(line)
	}
	b.WriteString("<p>" + strings.Join(closing, "<br>") + "</p>\n</body></html>\n")
	return b.String()
}
