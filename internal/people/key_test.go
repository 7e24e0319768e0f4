package people

import (
	"bytes"
	"testing"
)

// A known device stays known while the key that made its cookie is present or former, and
// under no other key.
func TestSessionKeyIsReplacedWithoutForgettingDevices(t *testing.T) {
	t.Parallel()
	a, b, c := bytes.Repeat([]byte("a"), 32), bytes.Repeat([]byte("b"), 32), bytes.Repeat([]byte("c"), 32)
	made := map[string]string{}
	for name, key := range map[string][]byte{"a": a, "b": b, "c": c} {
		made[name] = (&Service{key: key}).deviceToken("who", "nonce")
	}
	for _, s := range []struct {
		service Service
		knows   string
	}{
		{Service{key: a}, "a"}, {Service{key: a, former: b}, "ab"}, {Service{key: b, former: a}, "ab"}, {Service{key: b}, "b"},
	} {
		for name, cookie := range made {
			if got, want := s.service.knows(cookie, "who"), bytes.Contains([]byte(s.knows), []byte(name)); got != want {
				t.Errorf("a service with keys %s knows a cookie of %s: %v", s.knows, name, got)
			}
			if s.service.knows(cookie, "another") {
				t.Errorf("a cookie of %s was taken for another person", name)
			}
		}
	}
}
