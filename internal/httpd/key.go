package httpd

import (
	"strings"

	"github.com/docketry/docketry/internal/ident"
)

// Keys in Redis, and in a process's own memory while Redis is away. What belongs to a
// firm is kept under its id, so that no two firms meet under one key; the rest is kept
// under a person, session, token or network, and holds counts and instants only
// (SECURITY 1, T23). Nothing is made into a key but by these two.

func firmKey(firm ident.FirmID, what ...string) string {
	return "f:" + string(firm) + ":" + strings.Join(what, ":")
}

// freeKey holds no firm's data.
func freeKey(what, id string) string { return what + ":" + id }
