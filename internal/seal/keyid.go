package seal

import (
	"crypto/sha256"
	"encoding/hex"
)

// KeyID is the short name of a key of one kind ("scope", "payload", "session"), which
// lists and logs may show. It is made of the key as PostgreSQL holds it, padded to 64
// bytes and xored with 0x36, so that the database can name its keys without giving them
// out. A key has at most 64 bytes.
func KeyID(kind string, key []byte) string {
	pad := make([]byte, 64)
	copy(pad, key)
	for i := range pad {
		pad[i] ^= 0x36
	}
	sum := sha256.Sum256(append([]byte("docketry "+kind+" key id "), pad...))
	return hex.EncodeToString(sum[:4])
}

// Live is a key and, while it is being replaced, the one that is taken besides: the
// present one makes, both are believed, and no other is. Nil entries are left out.
func Live(present []byte, former ...[]byte) [][]byte {
	keys := [][]byte{present}
	for _, f := range former {
		if len(f) > 0 {
			keys = append(keys, f)
		}
	}
	return keys
}
