package testkit

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/subtle"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// FileServer is a real SFTP server on this machine with the folder /in, whose files are in
// memory. It can fail, stall or hang up at each verb: "connect", "login", "stat", "open",
// "write", "read", "rename", "remove", and "renamed", which is before the answer.
// Like some servers it renames over what is there.
type FileServer struct {
	Host     string
	Port     int
	User     string
	Password string
	Key      string // PEM of the user's private key
	HostKeys []string

	mu    sync.Mutex
	files map[string][]byte
	at    map[string]func(conn net.Conn) error
	came  map[string]int
	halt  chan struct{}
	most  int64 // bytes that have room; 0 is any number
}

// SFTP starts one that ends with the test.
func SFTP(t testing.TB) *FileServer {
	t.Helper()
	s := &FileServer{User: "hollis", Password: "quay-CANARY-secret", files: map[string][]byte{}, at: map[string]func(net.Conn) error{}, came: map[string]int{}, halt: make(chan struct{})}
	settings := s.settings(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr)
	s.Host, s.Port = at.IP.String(), at.Port
	var all sync.WaitGroup
	var conns []net.Conn
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			conns = append(conns, conn)
			s.mu.Unlock()
			all.Go(func() { s.serve(conn, settings) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		close(s.halt)
		s.mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		s.mu.Unlock()
		all.Wait()
	})
	return s
}

func (s *FileServer) settings(t testing.TB) *ssh.ServerConfig {
	t.Helper()
	c := &ssh.ServerConfig{PasswordCallback: func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if m.User() != s.User || subtle.ConstantTimeCompare(password, []byte(s.Password)) != 1 {
			return nil, errors.New("who is this")
		}
		return nil, nil
	}}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []any{edKey, ecKey} {
		signer, err := ssh.NewSignerFromKey(k)
		if err != nil {
			t.Fatal(err)
		}
		c.AddHostKey(signer)
		s.HostKeys = append(s.HostKeys, ssh.FingerprintSHA256(signer.PublicKey()))
	}
	_, own, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(own, "")
	if err != nil {
		t.Fatal(err)
	}
	s.Key = string(pem.EncodeToMemory(block))
	public, err := ssh.NewPublicKey(own.Public())
	if err != nil {
		t.Fatal(err)
	}
	c.PublicKeyCallback = func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if m.User() != s.User || !bytes.Equal(key.Marshal(), public.Marshal()) {
			return nil, errors.New("who is this")
		}
		return nil, nil
	}
	return c
}

func (s *FileServer) serve(conn net.Conn, settings *ssh.ServerConfig) {
	defer func() { _ = conn.Close() }()
	if s.reach("connect", conn) != nil {
		return
	}
	secure, channels, requests, err := ssh.NewServerConn(conn, settings)
	if err != nil || s.reach("login", conn) != nil {
		return
	}
	defer func() { _ = secure.Close() }()
	go ssh.DiscardRequests(requests)
	for c := range channels {
		channel, asked, err := c.Accept()
		if err != nil {
			return
		}
		go func() {
			for q := range asked {
				_ = q.Reply(q.Type == "subsystem", nil)
			}
		}()
		h := &onDrive{s, conn}
		_ = sftp.NewRequestServer(channel, sftp.Handlers{FileGet: h, FilePut: h, FileCmd: h, FileList: h}).Serve()
		_ = channel.Close()
	}
}

// Fail has the server answer a verb with an error from now on.
func (s *FileServer) Fail(verb string, err error) { s.when(verb, func(net.Conn) error { return err }) }

// HangUp ends the connection at a verb.
func (s *FileServer) HangUp(verb string) {
	s.when(verb, func(c net.Conn) error { _ = c.Close(); return io.EOF })
}

// Stall says nothing any more at a verb.
func (s *FileServer) Stall(verb string) {
	s.when(verb, func(net.Conn) error { <-s.halt; return io.EOF })
}

// Heal has every verb work again.
func (s *FileServer) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.at)
	s.most = 0
}

// Room leaves room for n bytes in all.
func (s *FileServer) Room(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most = n
}

// Put has a file there already.
func (s *FileServer) Put(name string, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[name] = b
}

// Files are the names that are there, unfinished ones too.
func (s *FileServer) Files() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.files))
}

// File is one file's bytes.
func (s *FileServer) File(name string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files[name]
}

// Came is how often a verb was reached.
func (s *FileServer) Came(verb string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.came[verb]
}

func (s *FileServer) when(verb string, do func(net.Conn) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at[verb] = do
}

func (s *FileServer) reach(verb string, conn net.Conn) error {
	s.mu.Lock()
	s.came[verb]++
	do := s.at[verb]
	s.mu.Unlock()
	if do == nil {
		return nil
	}
	return do(conn)
}

// onDrive is the server's files over one connection.
type onDrive struct {
	*FileServer
	conn net.Conn
}

// Fileread is sftp's.
func (d *onDrive) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	if err := d.reach("read", d.conn); err != nil {
		return nil, err
	}
	b := d.File(r.Filepath)
	if b == nil {
		return nil, os.ErrNotExist
	}
	return bytes.NewReader(b), nil
}

// Filewrite is sftp's.
func (d *onDrive) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	if err := d.reach("open", d.conn); err != nil {
		return nil, err
	}
	d.Put(r.Filepath, []byte{})
	return &part{d, r.Filepath}, nil
}

type part struct {
	*onDrive
	name string
}

// WriteAt is io's.
func (p *part) WriteAt(b []byte, at int64) (int, error) {
	if err := p.reach("write", p.conn); err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.most > 0 && at+int64(len(b)) > p.most {
		return 0, errors.New("no space left on device")
	}
	has := p.files[p.name]
	if need := int(at) + len(b); len(has) < need {
		has = append(has, make([]byte, need-len(has))...)
	}
	copy(has[at:], b)
	p.files[p.name] = has
	return len(b), nil
}

// Filecmd is sftp's.
func (d *onDrive) Filecmd(r *sftp.Request) error {
	switch r.Method {
	case "Rename":
		if err := d.reach("rename", d.conn); err != nil {
			return err
		}
		d.mu.Lock()
		d.files[r.Target] = d.files[r.Filepath]
		delete(d.files, r.Filepath)
		d.mu.Unlock()
		return d.reach("renamed", d.conn)
	case "Remove":
		if err := d.reach("remove", d.conn); err != nil {
			return err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.files, r.Filepath)
	}
	return nil
}

// Filelist is sftp's.
func (d *onDrive) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	if err := d.reach("stat", d.conn); err != nil {
		return nil, err
	}
	b, there := []byte(nil), r.Filepath == "/" || r.Filepath == "/in"
	if !there {
		b = d.File(r.Filepath)
		if b == nil {
			return nil, os.ErrNotExist
		}
	}
	return one{info{path.Base(r.Filepath), int64(len(b)), there}}, nil
}

type one []fs.FileInfo

// ListAt is sftp's.
func (o one) ListAt(list []os.FileInfo, at int64) (int, error) {
	if at >= int64(len(o)) {
		return 0, io.EOF
	}
	return copy(list, o[at:]), nil
}

type info struct {
	name string
	size int64
	dir  bool
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return Now }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }
func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o750
	}
	return 0o640
}
