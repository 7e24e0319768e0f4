// Package seal keeps what is at rest unreadable without the right key: a master
// key wraps one data key per firm, and the firm's key seals its blobs and secrets
// (SECURITY 8). It holds no state and stores nothing.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// ErrOpen means that the bytes were altered, or were sealed under another key,
// firm, object or version. Which of these is not told.
var ErrOpen = errors.New("sealed bytes do not open")

// Master wraps firms' data keys. It may hold an older key beside the present one,
// so that keys wrapped with it still open until they are wrapped anew.
type Master struct {
	present string
	keys    map[string]cipher.AEAD
}

// NewMaster takes the present key, and an older one while it is being replaced.
// Each has at least 32 bytes.
func NewMaster(present []byte, older ...[]byte) (*Master, error) {
	m := &Master{keys: map[string]cipher.AEAD{}}
	for i, secret := range append([][]byte{present}, older...) {
		if len(secret) < 32 {
			return nil, fmt.Errorf("the master key has %d bytes, it needs at least 32", len(secret))
		}
		key, err := hkdf.Key(sha256.New, secret, nil, "docketry master key", 32)
		if err != nil {
			return nil, fmt.Errorf("derive master key: %w", err)
		}
		a, err := gcm(key)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(append([]byte("docketry master key id "), key...))
		id := hex.EncodeToString(sum[:4])
		if i == 0 {
			m.present = id
		}
		m.keys[id] = a
	}
	return m, nil
}

// Present is the id of the key that wraps now.
func (m *Master) Present() string { return m.present }

// Holds tells whether the key with this id is configured, present or older.
func (m *Master) Holds(id string) bool { return m.keys[id] != nil }

// Wrapped is a firm's data key as it is stored.
type Wrapped struct {
	MasterID string
	Bytes    []byte
}

// NewKey makes a data key for the firm and version named by aad.
func (m *Master) NewKey(aad ...string) (*Key, Wrapped, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return nil, Wrapped{}, fmt.Errorf("make data key: %w", err)
	}
	k, err := newKey(raw)
	if err != nil {
		return nil, Wrapped{}, err
	}
	w, err := m.wrap(raw, aad)
	return k, w, err
}

func (m *Master) wrap(raw []byte, aad []string) (Wrapped, error) {
	b, err := sealBytes(m.keys[m.present], raw, bind("key", aad))
	return Wrapped{m.present, b}, err
}

// Unwrap opens a stored data key with the same aad.
func (m *Master) Unwrap(w Wrapped, aad ...string) (*Key, error) {
	raw, err := m.unwrap(w, aad)
	if err != nil {
		return nil, err
	}
	return newKey(raw)
}

func (m *Master) unwrap(w Wrapped, aad []string) ([]byte, error) {
	a, ok := m.keys[w.MasterID]
	if !ok {
		return nil, fmt.Errorf("data key is wrapped with master key %s, which is not configured: %w", w.MasterID, ErrOpen)
	}
	return openBytes(a, w.Bytes, bind("key", aad))
}

// Rewrap wraps a data key with the present master key. What the data key sealed
// stays as it is, so rotation needs no downtime.
func (m *Master) Rewrap(w Wrapped, aad ...string) (Wrapped, error) {
	raw, err := m.unwrap(w, aad)
	if err != nil {
		return Wrapped{}, err
	}
	return m.wrap(raw, aad)
}

// Key is one firm's data key, opened. It never leaves the process.
type Key struct{ aead cipher.AEAD }

func newKey(raw []byte) (*Key, error) {
	a, err := gcm(raw)
	if err != nil {
		return nil, err
	}
	return &Key{a}, nil
}

// Seal encrypts plain and binds it to aad: firm, object, version.
func (k *Key) Seal(plain []byte, aad ...string) ([]byte, error) {
	return sealBytes(k.aead, plain, bind("bytes", aad))
}

// Open reverses Seal; ErrOpen unless everything is as it was.
func (k *Key) Open(sealed []byte, aad ...string) ([]byte, error) {
	return openBytes(k.aead, sealed, bind("bytes", aad))
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return cipher.NewGCM(block)
}

// bind joins the parts so that no two lists of parts are the same text.
func bind(use string, parts []string) []byte {
	var b strings.Builder
	b.WriteString("docketry " + use)
	for _, p := range parts {
		fmt.Fprintf(&b, "|%d:%s", len(p), p)
	}
	return []byte(b.String())
}

func sealBytes(a cipher.AEAD, plain, aad []byte) ([]byte, error) {
	nonce := make([]byte, a.NonceSize(), a.NonceSize()+len(plain)+a.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("make nonce: %w", err)
	}
	return a.Seal(nonce, nonce, plain, aad), nil
}

func openBytes(a cipher.AEAD, sealed, aad []byte) ([]byte, error) {
	if len(sealed) < a.NonceSize()+a.Overhead() {
		return nil, ErrOpen
	}
	plain, err := a.Open(nil, sealed[:a.NonceSize()], sealed[a.NonceSize():], aad)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
