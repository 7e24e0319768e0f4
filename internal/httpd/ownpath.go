package httpd

import (
	"net/url"
	"strings"
	"unicode"
)

// OwnPath tells a path of ours from an address elsewhere, for every address that a
// browser is led back to. Browsers take out tabs and line breaks before they read an
// address, and take a backslash for a slash: "/\t/elsewhere.example" is another host to
// them. So neither those nor what a browser could make of them is a path of ours, also
// not where it is written in %.
func OwnPath(p string) bool {
	if !strings.HasPrefix(p, "/") || strayed(p) {
		return false
	}
	u, err := url.Parse(p)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && !strayed(u.Path)
}

func strayed(p string) bool {
	return strings.HasPrefix(p, "//") || strings.ContainsFunc(p, func(c rune) bool { return c == '\\' || unicode.IsControl(c) })
}
