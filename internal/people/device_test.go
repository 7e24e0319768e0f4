package people_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/docketry/docketry/internal/ident"
)

// device is an authenticator with one key, and the browser around it.
type device struct {
	origin string
	key    *ecdsa.PrivateKey
	id     []byte
	handle []byte
	count  uint32
	flags  byte // user present and verified, unless a test says otherwise
}

const here = "https://billing.larkspur.example"

func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	if _, err := rand.Read(id); err != nil {
		t.Fatal(err)
	}
	return &device{origin: here, key: key, id: id, flags: 0x05}
}

// asked is the part of what a browser is asked that the device needs.
type asked struct {
	PublicKey struct {
		Challenge string
		RpID      string
		Rp        struct{ ID string }
		User      *struct{ ID string }
	}
}

func read(t *testing.T, text string) (a asked) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return a
}

func raw(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (d *device) client(t *testing.T, kind, challenge string) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// data is the authenticator's, for the name that the origin belongs to.
func (d *device) data(t *testing.T, flags byte) []byte {
	t.Helper()
	u, err := url.Parse(d.origin)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(u.Hostname()))
	return binary.BigEndian.AppendUint32(append(sum[:], flags), d.count)
}

// make answers what a passkey is made from.
func (d *device) make(t *testing.T, text string) string {
	t.Helper()
	a := read(t, text)
	if a.PublicKey.User != nil {
		d.handle, _ = base64.RawURLEncoding.DecodeString(a.PublicKey.User.ID)
	}
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	cose, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		t.Fatal(err)
	}
	data := append(d.data(t, d.flags|0x40), make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = append(append(data, d.id...), cose...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		t.Fatal(err)
	}
	return d.says(t, map[string]any{"clientDataJSON": raw(d.client(t, "webauthn.create", a.PublicKey.Challenge)), "attestationObject": raw(object), "transports": []string{"internal"}})
}

// sign answers what a passkey is asked, one use later.
func (d *device) sign(t *testing.T, text string) string {
	t.Helper()
	d.count++
	a := read(t, text)
	client := d.client(t, "webauthn.get", a.PublicKey.Challenge)
	data, sum := d.data(t, d.flags), sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return d.says(t, map[string]any{"clientDataJSON": raw(client), "authenticatorData": raw(data), "signature": raw(signature), "userHandle": raw(d.handle)})
}

func (d *device) says(t *testing.T, response map[string]any) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"id": raw(d.id), "rawId": raw(d.id), "type": "public-key", "response": response})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// session is a live session of who, in which a factor was just shown.
func session(t *testing.T, w world, who ident.PersonID) ident.SessionID {
	t.Helper()
	token := stored(t, w, who, w.Clock.Now().Add(8*60*60*1e9))
	return ident.SessionID(token[len("hash-"):])
}
