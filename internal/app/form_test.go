package app_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// webForm is a posting form of a page: where it posts and what a browser would send.
type webForm struct {
	action string
	fields url.Values
	texts  []string // the fields that somebody types into, files and passwords aside
}

// webForms reads the posting forms of a page.
func webForms(t *testing.T, page string) (out []webForm) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" && strings.EqualFold(attr(n, "method"), "post") {
			f := webForm{action: attr(n, "action"), fields: url.Values{}}
			for x := range n.Descendants() {
				f.take(x)
			}
			out = append(out, f)
		}
	}
	return out
}

// formAt is the page's form that posts to action.
func formAt(t *testing.T, page, action string) webForm {
	t.Helper()
	for _, f := range webForms(t, page) {
		if f.action == action {
			return f
		}
	}
	t.Fatalf("no form posts to %s: %s", action, cutTo(page[max(0, strings.Index(page, "<main")):], 600))
	return webForm{}
}

func (f *webForm) take(n *html.Node) {
	if n.Type != html.ElementNode || attr(n, "name") == "" {
		return
	}
	name, value := attr(n, "name"), attr(n, "value")
	switch n.Data {
	case "textarea":
		f.texts = append(f.texts, name)
		f.fields.Add(name, textOf(n))
	case "select":
		for o := range n.Descendants() {
			if o.Data == "option" && (has(o, "selected") || !f.fields.Has(name)) {
				f.fields.Set(name, attr(o, "value"))
			}
		}
	case "input":
		switch kind := attr(n, "type"); {
		case kind == "file", kind == "submit":
		case kind == "checkbox" || kind == "radio":
			if has(n, "checked") {
				f.fields.Add(name, value)
			}
		default:
			f.fields.Add(name, value)
			if slices.Contains([]string{"text", "search", "email"}, kind) {
				f.texts = append(f.texts, name)
			}
		}
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func textOf(n *html.Node) (out string) {
	for x := range n.Descendants() {
		if x.Type == html.TextNode {
			out += x.Data
		}
	}
	return out
}
