package ledes

import "hash/maphash"

// Bounds of what lineNumbers remembers: 2 MiB of bits for plain numbers, and a
// set of other texts beyond which uniqueness is not judged.
const (
	plainNumbers = 1 << 24
	otherNumbers = 100_000
)

// lineNumbers remembers which LINE_ITEM_NUMBER a file has used, in bounded memory.
type lineNumbers struct {
	plain []uint64
	other map[uint64]struct{}
	seed  maphash.Seed
}

// seen tells whether the text was given before.
func (n *lineNumbers) seen(b []byte) bool {
	if v, ok := plainNumber(b); ok {
		return n.seenPlain(v)
	}
	if n.other == nil {
		n.other, n.seed = make(map[uint64]struct{}), maphash.MakeSeed()
	}
	h := maphash.Bytes(n.seed, b)
	if _, dup := n.other[h]; dup {
		return true
	}
	if len(n.other) < otherNumbers {
		n.other[h] = struct{}{}
	}
	return false
}

func (n *lineNumbers) seenPlain(v int) bool {
	word, bit := v/64, uint64(1)<<(v%64)
	for word >= len(n.plain) {
		n.plain = append(n.plain, make([]uint64, max(64, len(n.plain), word+1-len(n.plain)))...)
	}
	dup := n.plain[word]&bit != 0
	n.plain[word] |= bit
	return dup
}

// plainNumber reads 1 to 8 digits without a leading zero.
func plainNumber(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 8 || b[0] == '0' {
		return 0, false
	}
	v := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	return v, v < plainNumbers
}
