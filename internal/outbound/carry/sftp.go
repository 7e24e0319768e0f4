package carry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path"
	"sync/atomic"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/docketry/docketry/internal/outbound"
)

// errOther is a server that shows another key than the one that was named.
var errOther = errors.New("the server has another key")

// keyKinds are asked for one after the other: a server has several keys and shows the one
// of the kind that it is asked for, while its owner named the fingerprint of one.
var keyKinds = [][]string{
	{ssh.KeyAlgoED25519},
	{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521},
	{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
}

// session is an open connection.
type session struct {
	*sftp.Client
	ssh  *ssh.Client
	stop func() bool
}

func (s *session) close() {
	// What became of the file is known already. The connection first: the protocol above it
	// would wait for the server to say goodbye.
	_ = s.ssh.Close()
	_ = s.Client.Close()
	s.stop()
}

// open connects to the server whose key was named, and shows it who we are. No secret is
// shown to any other.
func (c *Carrier) open(ctx context.Context, t Target) (*session, error) {
	auth, err := t.methods()
	if err != nil {
		return nil, &Error{Refused, Credential, err}
	}
	var last error
	for _, kind := range keyKinds {
		s, err := c.handshake(ctx, t, auth, kind)
		var none *ssh.AlgorithmNegotiationError
		if err == nil || !errors.Is(err, errOther) && !errors.As(err, &none) {
			return s, err
		}
		last = err
	}
	return nil, &Error{Refused, HostKey, last}
}

// handshake is open with a key of one kind; errOther and *ssh.AlgorithmNegotiationError
// come back as they are.
func (c *Carrier) handshake(ctx context.Context, t Target, auth []ssh.AuthMethod, kind []string) (*session, error) {
	conn, err := c.calls.Dial(ctx, t.Host, t.Port)
	if errors.Is(err, outbound.ErrAddress) {
		return nil, &Error{Refused, Address, err}
	}
	if err != nil {
		return nil, &Error{Later, Unreachable, err}
	}
	// Closing the connection ends whatever waits on it when the time is over.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	var known atomic.Bool
	settings := &ssh.ClientConfig{User: t.User, Auth: auth, HostKeyAlgorithms: kind, HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
		if ssh.FingerprintSHA256(key) != t.HostKey {
			return errOther
		}
		known.Store(true)
		return nil
	}}
	secure, channels, requests, err := ssh.NewClientConn(conn, net.JoinHostPort(t.Host, "ssh"), settings)
	if err != nil {
		stop()
		_ = conn.Close()
		var none *ssh.AlgorithmNegotiationError
		switch {
		case ctx.Err() != nil:
			return nil, &Error{Later, Unreachable, err}
		case errors.Is(err, errOther) || errors.As(err, &none):
			return nil, err
		case known.Load() && !gone(err):
			return nil, &Error{Refused, Credential, err}
		}
		return nil, &Error{Later, Unreachable, err}
	}
	over := ssh.NewClient(secure, channels, requests)
	files, err := sftp.NewClient(over)
	if err != nil {
		stop()
		_ = over.Close()
		return nil, &Error{Later, ServerFault, err}
	}
	return &session{files, over, stop}, nil
}

// gone tells a connection that ended, from a server's word.
func gone(err error) bool {
	var n net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &n)
}

func (t Target) methods() ([]ssh.AuthMethod, error) {
	if t.Auth == Key {
		key, err := ssh.ParsePrivateKey([]byte(t.Secret.Reveal()))
		if err != nil {
			return nil, errors.New("the private key cannot be read") // its own words may repeat some of it
		}
		return []ssh.AuthMethod{ssh.PublicKeys(key)}, nil
	}
	// Many servers ask for the password as the one question of a dialogue.
	asked := func(_, _ string, questions []string, shown []bool) ([]string, error) {
		if len(questions) == 0 {
			return nil, nil
		}
		if len(questions) > 1 || shown[0] {
			return nil, errors.New("the server asks for more than a password")
		}
		return []string{t.Secret.Reveal()}, nil
	}
	return []ssh.AuthMethod{ssh.Password(t.Secret.Reveal()), ssh.KeyboardInteractive(asked)}, nil
}

// folder finds the place.
func (s *session) folder(ctx context.Context, t Target) (string, error) {
	dir := t.Folder
	if dir == "" {
		dir = "."
	}
	switch info, err := s.Stat(dir); {
	case errors.Is(err, os.ErrNotExist) || err == nil && !info.IsDir():
		return "", &Error{Refused, Folder, err}
	case err != nil:
		return "", judged(ctx, err)
	}
	return dir, nil
}

// look is Try over SFTP.
func (c *Carrier) look(ctx context.Context, t Target) error {
	s, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer s.close()
	_, err = s.folder(ctx, t)
	return err
}

// upload is Send over SFTP: under a name of its own first, then, whole, under the real one.
func (c *Carrier) upload(ctx context.Context, t Target, f File) (Receipt, error) {
	s, err := c.open(ctx, t)
	if err != nil {
		return Receipt{}, err
	}
	defer s.close()
	dir, err := s.folder(ctx, t)
	if err != nil {
		return Receipt{}, err
	}
	final, part := path.Join(dir, f.Name), path.Join(dir, "."+f.Name+"."+f.Part+".part")
	receipt := Receipt{final, int64(len(f.Bytes))}
	if there, err := s.there(ctx, final, f); err != nil || there {
		return receipt, err
	}
	if err := s.write(ctx, part, f.Bytes); err != nil {
		_ = s.Remove(part) // where the connection still stands; the next try writes over it
		return Receipt{}, err
	}
	// Some servers rename over what is there: look once more, as late as can be.
	if there, err := s.there(ctx, final, f); err != nil || there {
		_ = s.Remove(part)
		return receipt, err
	}
	if err := s.Rename(part, final); err != nil {
		if !answered(err) {
			return Receipt{}, &Error{Uncertain, CutShort, err}
		}
		_ = s.Remove(part)
		return Receipt{}, judged(ctx, err)
	}
	// A receiver may have taken the file away by now; what is still there must be whole.
	if info, err := s.Stat(final); err == nil && info.Size() != receipt.SizeBytes {
		return Receipt{}, &Error{Uncertain, CutShort, errors.New("the file at the receiver has another size")}
	}
	return receipt, nil
}

// there tells whether the receiver has this very file under this name; another one of the
// name is a Collision.
func (s *session) there(ctx context.Context, name string, f File) (bool, error) {
	info, err := s.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	case err != nil:
		return false, judged(ctx, err)
	case info.IsDir() || info.Size() != int64(len(f.Bytes)):
		return false, &Error{Refused, Collision, nil}
	}
	r, err := s.Open(name)
	if err != nil {
		if answered(err) { // it may not be looked into, so it counts as another
			return false, &Error{Refused, Collision, err}
		}
		return false, judged(ctx, err)
	}
	defer func() { _ = r.Close() }() // nothing was written
	has, err := io.ReadAll(io.LimitReader(r, info.Size()+1))
	switch {
	case err != nil:
		return false, judged(ctx, err)
	case !bytes.Equal(has, f.Bytes):
		return false, &Error{Refused, Collision, nil}
	}
	return true, nil
}

// write puts the bytes under a name and makes sure that all of them are there.
func (s *session) write(ctx context.Context, name string, b []byte) error {
	w, err := s.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return judged(ctx, err)
	}
	_, err = w.Write(b)
	if closing := w.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return judged(ctx, err)
	}
	info, err := s.Stat(name)
	switch {
	case err != nil:
		return judged(ctx, err)
	case info.Size() != int64(len(b)):
		return &Error{Later, ServerFault, errors.New("the server kept a part of the file")}
	}
	return nil
}

// The two codes by which a client, and a server, say that the connection ended.
const (
	noConnection   = 6
	connectionLost = 7
)

// answered tells a word of the server from the silence of one that is gone.
func answered(err error) bool {
	var said *sftp.StatusError
	if errors.As(err, &said) {
		return said.Code != noConnection && said.Code != connectionLost
	}
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission)
}

// judged is what an error means for a file that does not have its name yet.
func judged(ctx context.Context, err error) *Error {
	switch {
	case ctx.Err() != nil || !answered(err):
		return &Error{Later, CutShort, err}
	case errors.Is(err, os.ErrPermission):
		return &Error{Refused, Permission, err}
	case errors.Is(err, os.ErrNotExist):
		return &Error{Refused, Folder, err}
	}
	return &Error{Later, ServerFault, err}
}
