package audit

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
)

const testFirm = ident.FirmID("01890a5d-ac96-774b-bcce-b302099a8057")

var testStart = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func testKey(t testing.TB, fill byte) *SigningKey {
	t.Helper()
	k, err := NewSigningKey(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// history is a tree as it might stand in the database, for tests to spoil.
type history struct {
	key         *SigningKey
	leaves      []Leaf
	hashes      []Hash // what the tree holds for each leaf
	checkpoints []string
	invoices    []SealedInvoice
	skip        map[int]bool // leaves that are no longer there
	headSize    int64
}

// newHistory has n leaves, every fourth the issue of an invoice, and is sealed at sizes.
func newHistory(t testing.TB, n int, sizes ...int) *history {
	t.Helper()
	h := &history{key: testKey(t, 7), skip: map[int]bool{}, headSize: int64(n)}
	for i := range n {
		l := Leaf{
			Seq: int64(i), ID: fmt.Sprintf("0192f000-0000-7000-8000-%012d", i), Time: Stamp(testStart.Add(time.Duration(i) * time.Minute)),
			Firm: string(testFirm), Actor: "0192f000-1111-7000-8000-000000000001", Action: "prebill.edited", Object: "prebill",
			ObjectID: fmt.Sprint("p", i), Class: C2, Permission: "prebill.edit", After: strings.Repeat("ab", 32), Detail: `{"version":3}`, Request: "r1", Result: "done",
		}
		if i%4 == 3 {
			l.Action, l.Object, l.ObjectID = InvoiceIssued, "invoice", fmt.Sprint("inv", i)
			h.invoices = append(h.invoices, SealedInvoice{ID: l.ObjectID, Number: fmt.Sprintf("26-%05d", i), Hash: l.After})
		}
		h.append(t, l)
	}
	for _, s := range sizes {
		h.checkpoints = append(h.checkpoints, h.seal(t, s))
	}
	return h
}

func (h *history) append(t testing.TB, l Leaf) {
	t.Helper()
	sum, err := l.Hash()
	if err != nil {
		t.Fatal(err)
	}
	h.leaves, h.hashes = append(h.leaves, l), append(h.hashes, sum)
}

// seal signs what the first n leaves' hashes make now.
func (h *history) seal(t testing.TB, n int) string {
	t.Helper()
	var g growing
	for _, sum := range h.hashes[:n] {
		g.add(sum)
	}
	root, err := g.root()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := h.key.SignCheckpoint(Checkpoint{Origin(testFirm), int64(n), root, testStart.Add(time.Duration(n) * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (h *history) bundle(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	b, err := newBundleWriter(&out, bundleHead{bundleFormat, Origin(testFirm), string(testFirm), h.headSize, []string{h.key.Public()}})
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	for _, c := range h.checkpoints {
		must(b.checkpoint(c))
	}
	for i, l := range h.leaves {
		if !h.skip[i] {
			must(b.leaf(l, h.hashes[i]))
		}
	}
	for _, i := range h.invoices {
		must(b.invoice(i))
	}
	must(b.close())
	return out.Bytes()
}

func verify(t testing.TB, bundle []byte, o VerifyOptions) Report {
	t.Helper()
	r, err := Verify(bytes.NewReader(bundle), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifySaysYes(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 23, 5, 16, 16, 23)
	r := verify(t, h.bundle(t), VerifyOptions{Keys: h.key.Public(), Since: []string{h.seal(t, 9)}})
	if !r.OK || r.Leaves != 23 || r.Checkpoints != 4 || r.Invoices != 5 || r.Since != 1 || !r.KeyConfirmed {
		t.Errorf("report %+v", r)
	}
	if r := verify(t, h.bundle(t), VerifyOptions{}); !r.OK || r.KeyConfirmed {
		t.Errorf("without a key: %+v", r)
	}
}

// Every byte of a bundle matters: whichever is changed, left out or doubled, and
// wherever the file is cut, the answer is no.
func TestT27_OneByteChangedAnywhereIsFound(t *testing.T) {
	t.Parallel()
	bundle := newHistory(t, 4, 4).bundle(t)
	for i, b := range bundle {
		to := [...]byte{b ^ 1, b ^ 0x20, '\n'}[i%3]
		if to == b {
			to = b ^ 1
		}
		spoilt := bytes.Clone(bundle)
		spoilt[i] = to
		if r := verify(t, spoilt, VerifyOptions{}); r.OK {
			t.Fatalf("byte %d changed from %q to %q was not noticed", i, b, to)
		}
		switch i % 3 {
		case 0:
			spoilt = append(bytes.Clone(bundle[:i]), bundle[i+1:]...)
		case 1:
			spoilt = append(bytes.Clone(bundle[:i]), bundle[i-1:]...)
		default:
			spoilt = bundle[:i]
		}
		if r := verify(t, spoilt, VerifyOptions{}); r.OK {
			t.Fatalf("byte %d left out, doubled, or the last one there, was not noticed", i)
		}
	}
	if r := verify(t, append(bytes.Clone(bundle), '\n'), VerifyOptions{}); r.OK {
		t.Fatal("an added line was not noticed")
	}
}

// What a superuser may do to the tables, exported afterwards as if nothing had been.
func TestT27_TamperingIsNamed(t *testing.T) {
	t.Parallel()
	seq := func(p Problem) string {
		if p.Seq == nil {
			return "-"
		}
		return fmt.Sprint(*p.Seq)
	}
	for name, c := range map[string]struct {
		spoil func(h *history)
		since int
		first string // seq of the first problem
		says  string
	}{
		"a leaf edited": {func(h *history) { h.leaves[11].Actor = "someone-else" }, 0, "11", "entry 11 was altered"},
		"a leaf edited and its hash with it": {func(h *history) {
			h.leaves[11].Actor = "someone-else"
			h.hashes[11], _ = h.leaves[11].Hash()
		}, 0, "8", "rewritten between entry 8 and entry 15"},
		"a leaf deleted":           {func(h *history) { h.skip[5] = true }, 0, "5", "entry 5 is missing"},
		"two leaves swapped":       {func(h *history) { h.leaves[4], h.leaves[5] = h.leaves[5], h.leaves[4] }, 0, "4", "entry 4 is missing"},
		"two leaves swapped whole": {func(h *history) { h.leaves[4].Seq, h.leaves[5].Seq = 5, 4 }, 0, "4", "entry 4 is missing"},
		"the end cut off and sealed anew": {func(h *history) {
			h.leaves, h.hashes, h.headSize = h.leaves[:16], h.hashes[:16], 16
			h.checkpoints, h.invoices = h.checkpoints[:2], h.invoices[:4]
		}, 20, "-", "entries are missing"},
		"history rewritten and sealed anew": {func(h *history) {
			h.leaves[2].Result = "denied"
			h.hashes[2], _ = h.leaves[2].Hash()
			for i, n := range []int{8, 16, 24} {
				h.checkpoints[i] = h.seal(t, n)
			}
		}, 20, "16", "rewritten between entry 16 and entry 19"},
		"an invoice changed":    {func(h *history) { h.invoices[1].Hash = strings.Repeat("cd", 32) }, 0, "-", "invoice 26-00007 was altered"},
		"an invoice removed":    {func(h *history) { h.invoices = h.invoices[1:] }, 0, "-", "invoice inv3 was issued"},
		"an invoice slipped in": {func(h *history) { h.invoices = append(h.invoices, SealedInvoice{"x", "26-99999", ""}) }, 0, "-", "26-99999 has no entry"},
		"a checkpoint of another key": {func(h *history) {
			own := h.key
			h.key = testKey(t, 9)
			h.checkpoints[1] = h.seal(t, 16)
			h.key = own
		}, 0, "-", "not signed by a key"},
		"the tail left unsealed": {func(h *history) { h.checkpoints = h.checkpoints[:2] }, 0, "-", "does not cover all 24 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHistory(t, 24, 8, 16, 24)
			o := VerifyOptions{Keys: h.key.Public()}
			if c.since > 0 {
				o.Since = []string{h.seal(t, c.since)}
			}
			c.spoil(h)
			r := verify(t, h.bundle(t), o)
			if r.OK || len(r.Problems) == 0 {
				t.Fatalf("not noticed: %+v", r)
			}
			if got := r.Problems[0]; seq(got) != c.first || !strings.Contains(got.What, c.says) {
				t.Errorf("first problem: entry %s, %q", seq(got), got.What)
			}
		})
	}
}

func TestVerifyCannotRun(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 2, 2)
	if _, err := Verify(bytes.NewReader(h.bundle(t)), VerifyOptions{Keys: "no key"}); err == nil {
		t.Error("a key file without a key was taken")
	}
	r := verify(t, h.bundle(t), VerifyOptions{Keys: testKey(t, 1).Public()})
	if r.OK {
		t.Error("a bundle signed by a key that is not trusted was believed")
	}
	if _, err := Verify(bytes.NewReader(h.bundle(t)), VerifyOptions{Since: []string{"not a checkpoint"}}); err == nil {
		t.Error("something that is no checkpoint was passed over")
	}
	if r := verify(t, []byte("PK\x03\x04 some other file\n"), VerifyOptions{}); r.OK {
		t.Error("a file that is no bundle was believed")
	}
}

func TestF17_NoKeyNoCheckpoint(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16, 31, 33, 64} {
		if _, err := NewSigningKey(make([]byte, n)); err == nil {
			t.Errorf("a seed of %d bytes was taken", n)
		}
	}
	if _, err := NewKeeper(nil, nil); err == nil {
		t.Error("a keeper without a key was made")
	}
}
