package mail

import (
	"fmt"
	"html/template"
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

// letterHTML has no images, no styles from outside and no tracking.
var letterHTML = template.Must(template.New("letter").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title></title></head>
<body style="font-family:sans-serif;font-size:15px;line-height:1.5;color:#1b2733">
{{with .Greeting}}<p>{{.}}</p>
{{end}}{{range .Paragraphs}}<p>{{.}}</p>
{{end}}{{with .Facts}}<table role="presentation" cellpadding="4">
{{range .}}<tr><td>{{.Name}}</td><td><strong>{{.Value}}</strong></td></tr>
{{end}}</table>
{{end}}{{with .Link}}<p><a href="{{.}}">{{$.LinkText}}</a></p>
{{end}}<p>{{range $i, $line := .Closing}}{{if $i}}<br>{{end}}{{$line}}{{end}}</p>
</body></html>
`))

// HTML is the letter as a page; every text is escaped.
func (l Letter) HTML() (string, error) {
	var b strings.Builder
	if err := letterHTML.Execute(&b, l); err != nil {
		return "", fmt.Errorf("write letter: %w", err)
	}
	return b.String(), nil
}
