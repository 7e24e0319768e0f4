package audit

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A second verifier, written from RFC 6962 and the format's description alone: it
// shares no code with the first.

func leafHash2(data []byte) []byte {
	s := sha256.Sum256(append([]byte{0}, data...))
	return s[:]
}

// mth is RFC 6962 2.1 word for word: split at the largest power of two below n.
func mth(leaves [][]byte) []byte {
	switch len(leaves) {
	case 0:
		s := sha256.Sum256(nil)
		return s[:]
	case 1:
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	s := sha256.Sum256(append(append([]byte{1}, mth(leaves[:k])...), mth(leaves[k:])...))
	return s[:]
}

func verify2(bundle []byte, public ed25519.PublicKey) error {
	var leaves [][]byte
	roots := map[int]string{}
	in := bufio.NewScanner(bytes.NewReader(bundle))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(in.Bytes(), &fields); err != nil {
			return err
		}
		if raw, ok := fields["leaf"]; ok {
			var at struct{ Seq int }
			if err := json.Unmarshal(raw, &at); err != nil || at.Seq != len(leaves) {
				return fmt.Errorf("leaf %d: seq %d, %w", len(leaves), at.Seq, err)
			}
			leaves = append(leaves, leafHash2(raw)) // the very bytes that stand in the file
			if want := `"` + hex.EncodeToString(leaves[at.Seq]) + `"`; string(fields["hash"]) != want {
				return fmt.Errorf("leaf %d: hash", at.Seq)
			}
		}
		if raw, ok := fields["checkpoint"]; ok {
			var note string
			if err := json.Unmarshal(raw, &note); err != nil {
				return err
			}
			text, sig, _ := strings.Cut(note, "\n\n")
			text += "\n"
			b64 := strings.TrimSpace(sig[strings.LastIndexByte(sig, ' ')+1:])
			bytes, err := base64.StdEncoding.DecodeString(b64)
			if err != nil || !ed25519.Verify(public, []byte(text), bytes[4:]) {
				return fmt.Errorf("checkpoint: signature, %w", err)
			}
			parts := strings.Split(text, "\n")
			var size int
			if _, err := fmt.Sscan(parts[1], &size); err != nil {
				return err
			}
			roots[size] = parts[2]
		}
	}
	for size, root := range roots {
		if got := base64.StdEncoding.EncodeToString(mth(leaves[:size])); got != root {
			return fmt.Errorf("root of %d leaves", size)
		}
	}
	return in.Err()
}

func TestSecondVerifierAgrees(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 40; n++ {
		h := newHistory(t, n, (n+1)/2, n)
		public := h.key.private.Public().(ed25519.PublicKey)
		if err := verify2(h.bundle(t), public); err != nil {
			t.Fatalf("%d leaves: %v", n, err)
		}
		if r := verify(t, h.bundle(t), VerifyOptions{}); !r.OK {
			t.Fatalf("%d leaves: %v", n, r.Problems)
		}
		h.leaves[n/2].Result = "denied"
		if verify2(h.bundle(t), public) == nil || verify(t, h.bundle(t), VerifyOptions{}).OK {
			t.Fatalf("%d leaves: a change was not noticed by both", n)
		}
	}
}

// The published vectors of RFC 6962 trees over these eight inputs.
func TestTreeVectors(t *testing.T) {
	t.Parallel()
	inputs := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	roots := []string{
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	var g growing
	var leaves [][]byte
	for i, in := range inputs {
		data, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leafHash2(data))
		g.add(Hash(leaves[i]))
		root, err := g.root()
		if err != nil {
			t.Fatal(err)
		}
		if hashText(root) != roots[i] || hex.EncodeToString(mth(leaves)) != roots[i] {
			t.Errorf("%d leaves: %s and %x, want %s", i+1, hashText(root), mth(leaves), roots[i])
		}
	}
}

// The canonical form is for good: this leaf has these bytes and this hash.
func TestLeafVector(t *testing.T) {
	t.Parallel()
	l := newHistory(t, 1).leaves[0]
	l.Detail = `{"note":"<é>"}`
	b, err := l.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"seq":0,"id":"0192f000-0000-7000-8000-000000000000","time":"2026-11-02T09:00:00.000000Z","firm":"01890a5d-ac96-774b-bcce-b302099a8057",` +
		`"actor":"0192f000-1111-7000-8000-000000000001","on_behalf_of":"","session":"","action":"prebill.edited","object":"prebill","object_id":"p0","matter":"",` +
		`"class":2,"permission":"prebill.edit","before":"","after":"` + strings.Repeat("ab", 32) + `","detail":"{\"note\":\"<é>\"}","request":"r1","result":"done"}`
	if string(b) != want {
		t.Errorf("canonical form\n%s\nwant\n%s", b, want)
	}
	h, err := l.Hash()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(h[:], leafHash2([]byte(want))) {
		t.Error("hash differs from SHA-256 over 0x00 and the form")
	}
}

func FuzzCheckpoint(f *testing.F) {
	h := newHistory(f, 9, 4, 9)
	f.Add(h.checkpoints[0])
	f.Add(h.checkpoints[1])
	f.Add("docketry/audit/x\n1\nAAAA\n2026-01-01T00:00:00.000000Z\n\n— docketry-audit AAAA\n")
	keys, err := parseKeys(h.key.Public())
	if err != nil {
		f.Fatal(err)
	}
	known := map[string]bool{}
	for _, c := range h.checkpoints {
		text, _, _ := strings.Cut(c, "\n\n")
		known[text] = true
	}
	f.Fuzz(func(t *testing.T, signed string) {
		v := &verifier{}
		v.trust(keys)
		c, err := openCheckpoint(signed, v.keys)
		if err != nil {
			return
		}
		if !known[strings.TrimSuffix(c.text(), "\n")] {
			t.Errorf("a checkpoint that was never signed was believed: %q", signed)
		}
	})
}

var update = flag.Bool("update", false, "write the golden files anew")

// What was handed out once must verify for good: this bundle, key and checkpoint
// were written by the first release.
func TestGoldenBundle(t *testing.T) {
	t.Parallel()
	h := newHistory(t, 9, 4, 9)
	for name, text := range map[string]string{"bundle.jsonl": string(h.bundle(t)), "key.txt": h.key.Public() + "\n", "checkpoint.txt": h.seal(t, 6)} {
		name := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if text != string(want) {
			t.Errorf("%s is no longer what is written", name)
		}
	}
}
