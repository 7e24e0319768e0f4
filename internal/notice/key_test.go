package notice

import (
	"bytes"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ident"
)

// A payor's link and code stay good while the key that made them is present or former, and
// under no other key.
func TestLinksOutliveTheReplacementOfTheirKey(t *testing.T) {
	t.Parallel()
	a, b, c := bytes.Repeat([]byte("a"), 32), bytes.Repeat([]byte("b"), 32), bytes.Repeat([]byte("c"), 32)
	links := func(key []byte, former ...[]byte) Links {
		t.Helper()
		l, err := NewLinks("https://billing.example.com", key, former...)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	const firm, contact = ident.FirmID("01890a5d-ac96-774b-bcce-b302099a8057"), ident.ContactID("01890a5d-ac96-774b-bcce-b302099a8058")
	for _, s := range []struct {
		links Links
		reads string
	}{{links(a, nil), "a"}, {links(a, b), "ab"}, {links(b, a), "ab"}, {links(b), "b"}} {
		for name, key := range map[string][]byte{"a": a, "b": b, "c": c} {
			from := links(key)
			token, err := from.token(firm, contact)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Contains(s.reads, name)
			if f, to, ok := s.links.read(token); ok != want || ok && (f != firm || to != contact) {
				t.Errorf("keys %s read a link of %s: %v", s.reads, name, ok)
			}
			code := mac(from.keys[0], "code", []byte("id"), []byte("123456"))
			if got := s.links.made(code, "code", []byte("id"), []byte("123456")); got != want {
				t.Errorf("keys %s take a code of %s: %v", s.reads, name, got)
			}
			if s.links.made(code, "code", []byte("id"), []byte("123457")) || s.links.made(code[:0], "code", []byte("id")) {
				t.Error("a wrong code was taken")
			}
		}
	}
	if _, err := NewLinks("https://billing.example.com", a, []byte("short")); err == nil {
		t.Error("a short former key was taken")
	}
}
