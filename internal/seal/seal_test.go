package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
)

func masterKey(fill byte) []byte { return bytes.Repeat([]byte{fill, 1}, 16) }

func newMaster(t *testing.T, present []byte, older ...[]byte) *Master {
	t.Helper()
	m, err := NewMaster(present, older...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSealedBytesOpenOnlyWhereTheyBelong(t *testing.T) {
	t.Parallel()
	m := newMaster(t, masterKey(1))
	k, w, err := m.NewKey("firm-a", "1")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := k.Seal([]byte("narrative"), "firm-a", "blob-1", "1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.Unwrap(w, "firm-a", "1")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open(sealed, "firm-a", "blob-1", "1"); err != nil || string(plain) != "narrative" {
		t.Errorf("opened %q, %v", plain, err)
	}
	for _, aad := range [][]string{{"firm-b", "blob-1", "1"}, {"firm-a", "blob-2", "1"}, {"firm-a", "blob-1", "2"}, {"firm-a|blob-1", "1"}, {}} {
		if _, err := again.Open(sealed, aad...); !errors.Is(err, ErrOpen) {
			t.Errorf("opened as %q", aad)
		}
	}
	if _, err := m.Unwrap(w, "firm-b", "1"); !errors.Is(err, ErrOpen) {
		t.Error("a key was unwrapped for another firm")
	}
	other, _, err := m.NewKey("firm-b", "1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(sealed, "firm-a", "blob-1", "1"); !errors.Is(err, ErrOpen) {
		t.Error("another firm's key opened the bytes")
	}
	for i := range sealed {
		spoilt := bytes.Clone(sealed)
		spoilt[i] ^= 1
		if _, err := k.Open(spoilt, "firm-a", "blob-1", "1"); !errors.Is(err, ErrOpen) {
			t.Fatalf("byte %d was changed unnoticed", i)
		}
	}
}

func TestMasterKeyIsReplacedWithoutDowntime(t *testing.T) {
	t.Parallel()
	before := newMaster(t, masterKey(1))
	k, w, err := before.NewKey("firm", "1")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := k.Seal([]byte("x"), "o")
	if err != nil {
		t.Fatal(err)
	}
	both := newMaster(t, masterKey(2), masterKey(1))
	w2, err := both.Rewrap(w, "firm", "1")
	if err != nil || w2.MasterID != both.Present() || w2.MasterID == w.MasterID {
		t.Fatalf("rewrapped with %s, %v", w2.MasterID, err)
	}
	after := newMaster(t, masterKey(2))
	if _, err := after.Unwrap(w, "firm", "1"); !errors.Is(err, ErrOpen) {
		t.Error("the old wrapping opens without the old key")
	}
	k2, err := after.Unwrap(w2, "firm", "1")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := k2.Open(sealed, "o"); err != nil || string(plain) != "x" {
		t.Errorf("%q, %v", plain, err)
	}
	if _, err := NewMaster(make([]byte, 31)); err == nil {
		t.Error("a short master key was taken")
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	k, _, err := newMaster(t, masterKey(1)).NewKey("firm", "1")
	if err != nil {
		t.Fatal(err)
	}
	seal := func(plain []byte) []byte {
		var out bytes.Buffer
		w, err := k.Writer(&out, "firm", "blob")
		if err != nil {
			t.Fatal(err)
		}
		for p := plain; len(p) > 0; {
			n := min(len(p), 10_007)
			if _, err := w.Write(p[:n]); err != nil {
				t.Fatal(err)
			}
			p = p[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	open := func(sealed []byte, aad ...string) ([]byte, error) {
		r, err := k.Reader(bytes.NewReader(sealed), aad...)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}
	for _, n := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3*chunkSize + 5} {
		plain := bytes.Repeat([]byte{'a', 'b', 'c'}, n/3+1)[:n]
		sealed := seal(plain)
		got, err := open(sealed, "firm", "blob")
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes: got %d, %v", n, len(got), err)
		}
		if _, err := open(sealed, "firm", "other"); !errors.Is(err, ErrOpen) {
			t.Errorf("%d bytes: opened as another object: %v", n, err)
		}
		// Cut at each chunk's edge and inside, lengthened, or with a chunk twice.
		for _, cut := range []int{0, 3, 8, 8 + chunkSize + 16, len(sealed) - 1} {
			if cut < len(sealed) {
				if _, err := open(sealed[:cut], "firm", "blob"); !errors.Is(err, ErrOpen) {
					t.Errorf("%d bytes: opened when cut after %d: %v", n, cut, err)
				}
			}
		}
		if _, err := open(append(bytes.Clone(sealed), 0), "firm", "blob"); !errors.Is(err, ErrOpen) {
			t.Errorf("%d bytes: opened with a byte more: %v", n, err)
		}
		for i := 0; i < len(sealed); i += 997 {
			spoilt := bytes.Clone(sealed)
			spoilt[i] ^= 4
			if _, err := open(spoilt, "firm", "blob"); !errors.Is(err, ErrOpen) {
				t.Fatalf("%d bytes: byte %d changed unnoticed", n, i)
			}
		}
	}
}

func TestT29_SecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	const text = "hunter2-canary"
	v := struct {
		S Secret
		P Privileged
		M map[string]Secret
	}{text, text, map[string]Secret{"k": text}}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "v", v, "s", v.S, "p", v.P)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v, "s", v.S, "p", v.P)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", v, v.S, v.P)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(b)
	fmt.Fprint(&out, fmt.Errorf("wrap %v %w", v.S, errors.New(v.P.String())))
	if strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), fmt.Sprintf("%x", text)) {
		t.Errorf("printed: %s", out.String())
	}
	if v.S.Reveal() != text || v.P.Reveal() != text {
		t.Error("the text is gone")
	}
}
