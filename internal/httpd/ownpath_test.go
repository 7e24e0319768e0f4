package httpd

import (
	"net/url"
	"testing"
)

// What a form or a query says to lead back to is read as a browser reads it.
func TestOwnPath(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"/", "/queue", "/people/me?tab=1", "/firms/018f3c5e-0000-7000-8000-000000000001/items?view=a%2Cb&q=x%20y", "/matters#notes", "/search?q=a%5Cb", "/search?back=//elsewhere.example", "/müller"} {
		if !OwnPath(p) {
			t.Errorf("%q is a path of ours", p)
		}
	}
	for _, query := range []string{
		"", "queue", "?x=1", "#x", "%20/x", "javascript:alert(1)", "https://evil.example/", "https:evil.example", "mailto:x@evil.example",
		"//evil.example", "///evil.example", "/%2fevil.example", "/%2f%2fevil.example", "/%252fevil.example", `/\evil.example`, `\/evil.example`, `\\evil.example`,
		"/%5cevil.example", "/%5c", "/%255cevil.example", "/x/%5c/y", "/%09/evil.example/x", "/%0a/evil.example", "/%0d/evil.example", "/%0d%0aSet-Cookie:x", "%09//evil.example", "%0a/x",
		"/%09", "/x%09", "/x%0a", "/x%0d", "/%00", "/%7f/evil.example", "/%c2%85/evil.example", "/%2509/evil.example", "/%250a/evil.example", "/%zz", "/%25zz",
	} {
		p, err := url.QueryUnescape(query)
		if err != nil {
			p = query
		}
		if OwnPath(p) {
			t.Errorf("%q, as %q, is taken for a path of ours", p, query)
		}
	}
}
