package audit

import (
	"golang.org/x/mod/sumdb/tlog"
)

// growing computes the root of a tree while its leaves go by, keeping one hash a
// level: memory stays flat however long the history is.
type growing struct {
	size  int64
	peaks []Hash // of the full subtrees from left to right, largest first
}

// add appends the hash of the next leaf.
func (g *growing) add(h Hash) {
	for n := g.size; n&1 == 1; n >>= 1 {
		last := len(g.peaks) - 1
		h = tlog.NodeHash(g.peaks[last], h)
		g.peaks = g.peaks[:last]
	}
	g.peaks = append(g.peaks, h)
	g.size++
}

// root is the tree's hash at its present size; of no leaves, the hash of nothing.
func (g *growing) root() (Hash, error) {
	if len(g.peaks) == 0 {
		return tlog.TreeHash(0, nil)
	}
	h := g.peaks[len(g.peaks)-1]
	for i := len(g.peaks) - 2; i >= 0; i-- {
		h = tlog.NodeHash(g.peaks[i], h)
	}
	return h, nil
}
