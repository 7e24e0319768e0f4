package carry_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"

	"github.com/docketry/docketry/internal/outbound"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
)

func carrier() *carry.Carrier { return carry.New(outbound.New(outbound.Loopback{})) }

func target(s *testkit.FileServer) carry.Target {
	return carry.Target{Way: carry.SFTP, Host: s.Host, Port: s.Port, Folder: "/in", HostKey: s.HostKeys[0], User: s.User, Auth: carry.Password, Secret: seal.Secret(s.Password)}
}

func bill(n int) carry.File {
	return carry.File{Name: "HV-1-1.txt", Part: "0192-1", Bytes: bytes.Repeat([]byte("LEDES1998B[]\r\n"), n)}
}

// wants is what a failed hand-over must say, and that it says nothing of a secret.
func wants(t *testing.T, err error, v carry.Verdict, c carry.Cause, secrets ...string) {
	t.Helper()
	var e *carry.Error
	if !errors.As(err, &e) || e.Verdict != v || e.Cause != c {
		t.Errorf("%v (%#v), want verdict %d because of %s", err, errors.Unwrap(err), v, c)
		return
	}
	for _, s := range append(secrets, "CANARY", "PRIVATE") {
		for ; err != nil; err = errors.Unwrap(err) {
			if strings.Contains(err.Error(), s) {
				t.Errorf("%q tells a secret", err)
			}
		}
	}
}

func TestUploadArrivesWholeUnderItsNameLast(t *testing.T) {
	t.Parallel()
	s := testkit.SFTP(t)
	f := bill(10_000) // 140 kB, several packets
	for i, door := range []func(x *carry.Target){
		func(*carry.Target) {},
		func(x *carry.Target) { x.Auth, x.Secret = carry.Key, seal.Secret(s.Key) },
		func(x *carry.Target) { x.HostKey = s.HostKeys[1] }, // the key that a server shows only when asked for its kind
		func(x *carry.Target) { x.Folder = "in" },           // below where the user begins
	} {
		x := target(s)
		door(&x)
		f.Name = "HV-" + string(rune('1'+i)) + ".txt"
		got, err := carrier().Send(t.Context(), x, f)
		if err != nil || got.SizeBytes != int64(len(f.Bytes)) || !strings.HasSuffix(got.Name, f.Name) {
			t.Fatalf("%d: %+v, %v", i, got, err)
		}
		if !bytes.Equal(s.File("/in/"+f.Name), f.Bytes) {
			t.Errorf("%d: %d bytes arrived", i, len(s.File("/in/"+f.Name)))
		}
		if err := carrier().Try(t.Context(), x); err != nil {
			t.Errorf("%d: try: %v", i, err)
		}
	}
	if s.Came("write") < 8 || len(s.Files()) != 4 {
		t.Errorf("%d writes, %v", s.Came("write"), s.Files())
	}
}

func TestTryWritesNothing(t *testing.T) {
	t.Parallel()
	s := testkit.SFTP(t)
	if err := carrier().Try(t.Context(), target(s)); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"open", "write", "rename", "remove"} {
		if s.Came(verb) != 0 {
			t.Errorf("a try came to %s", verb)
		}
	}
	lost := target(s)
	lost.Folder = "/out"
	wants(t, carrier().Try(t.Context(), lost), carry.Refused, carry.Folder)
	_, err := carrier().Send(t.Context(), lost, bill(1))
	wants(t, err, carry.Refused, carry.Folder)
}

// TestT20_OnlyTheNamedServerGetsAnything: a server with another key is not even told who calls.
func TestT20_OnlyTheNamedServerGetsAnything(t *testing.T) {
	t.Parallel()
	s := testkit.SFTP(t)
	other := target(s)
	other.HostKey = "SHA256:" + strings.Repeat("A", 43)
	_, err := carrier().Send(t.Context(), other, bill(1))
	wants(t, err, carry.Refused, carry.HostKey)
	wants(t, carrier().Try(t.Context(), other), carry.Refused, carry.HostKey)
	if s.Came("login") != 0 {
		t.Errorf("%d sign-ins at a server that was not named", s.Came("login"))
	}
}

// TestT20_FilesGoToTheOpenInternetOnly: the address guard of every call holds for SFTP too.
func TestT20_FilesGoToTheOpenInternetOnly(t *testing.T) {
	t.Parallel()
	s := testkit.SFTP(t)
	open := carry.New(outbound.New())
	for _, host := range []string{s.Host, "localhost", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1", "user@example.com", "exa mple.com", ""} {
		x := target(s)
		x.Host = host
		_, err := open.Send(t.Context(), x, bill(1))
		wants(t, err, carry.Refused, carry.Address)
	}
	for _, port := range []int{0, 25, 80, 443, 1023, 65536} {
		if err := open.CheckHost("files.example.com", port); !errors.Is(err, outbound.ErrAddress) {
			t.Errorf("port %d: %v", port, err)
		}
	}
	for _, port := range []int{22, 1024, 2222, 65535} {
		if err := open.CheckHost("files.example.com", port); err != nil {
			t.Errorf("port %d: %v", port, err)
		}
	}
	if s.Came("connect") != 0 {
		t.Errorf("%d connections to this machine", s.Came("connect"))
	}
}

func TestWhoWeAreIsRefused(t *testing.T) {
	t.Parallel()
	s := testkit.SFTP(t)
	wrong := target(s)
	wrong.Secret = "CANARY"
	_, err := carrier().Send(t.Context(), wrong, bill(1))
	wants(t, err, carry.Refused, carry.Credential)
	other := target(testkit.SFTP(t))
	other.Host, other.Port, other.HostKey = s.Host, s.Port, s.HostKeys[0]
	other.Auth, other.Secret = carry.Key, seal.Secret(testkit.SFTP(t).Key)
	_, err = carrier().Send(t.Context(), other, bill(1))
	wants(t, err, carry.Refused, carry.Credential)
	other.Secret = "no CANARY key"
	_, err = carrier().Send(t.Context(), other, bill(1))
	wants(t, err, carry.Refused, carry.Credential)
}

func TestAnotherFileOfTheNameStays(t *testing.T) {
	t.Parallel()
	s := testkit.SFTP(t)
	f := bill(3)
	for what, there := range map[string][]byte{"longer": bytes.Repeat([]byte("x"), 99), "as long": bytes.Repeat([]byte("x"), len(f.Bytes)), "empty": {}} {
		s.Put("/in/"+f.Name, there)
		_, err := carrier().Send(t.Context(), target(s), f)
		wants(t, err, carry.Refused, carry.Collision)
		if !bytes.Equal(s.File("/in/"+f.Name), there) || len(s.Files()) != 1 {
			t.Errorf("%s: written over, or something left: %v", what, s.Files())
		}
	}
	s.Put("/in/"+f.Name, f.Bytes)
	if got, err := carrier().Send(t.Context(), target(s), f); err != nil || got.SizeBytes != int64(len(f.Bytes)) || s.Came("open") != 0 {
		t.Errorf("the very file is there: %+v, %v, %d opened", got, err, s.Came("open"))
	}
}

func TestServerRefusesOrIsFull(t *testing.T) {
	t.Parallel()
	for verb, want := range map[string]struct {
		err error
		v   carry.Verdict
		c   carry.Cause
	}{
		"open":   {sftp.ErrSSHFxPermissionDenied, carry.Refused, carry.Permission},
		"write":  {errors.New("disk quota"), carry.Later, carry.ServerFault},
		"rename": {sftp.ErrSSHFxPermissionDenied, carry.Refused, carry.Permission},
	} {
		s := testkit.SFTP(t)
		s.Fail(verb, want.err)
		_, err := carrier().Send(t.Context(), target(s), bill(3))
		wants(t, err, want.v, want.c)
		if files := s.Files(); len(files) != 0 {
			t.Errorf("%s: left %v", verb, files)
		}
	}
	s := testkit.SFTP(t)
	s.Room(50_000)
	_, err := carrier().Send(t.Context(), target(s), bill(10_000))
	wants(t, err, carry.Later, carry.ServerFault)
	if files := s.Files(); len(files) != 0 {
		t.Errorf("a full disk keeps %v", files)
	}
	s.Heal()
	if _, err := carrier().Send(t.Context(), target(s), bill(10_000)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// Only once its name was asked for may a file be there; whatever happens before, it is not.
func TestF09_SilenceAtEachVerb(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"connect", "login", "stat", "open", "write", "rename", "renamed"} {
		for how, break_ := range map[string]func(s *testkit.FileServer){"hang up": func(s *testkit.FileServer) { s.HangUp(verb) }, "stall": func(s *testkit.FileServer) { s.Stall(verb) }} {
			t.Run(verb+" "+how, func(t *testing.T) {
				t.Parallel()
				s := testkit.SFTP(t)
				break_(s)
				_, err := carrier().Within(2*time.Second).Send(t.Context(), target(s), bill(3_000))
				var e *carry.Error
				if !errors.As(err, &e) {
					t.Fatalf("%v", err)
				}
				maybe := verb == "rename" || verb == "renamed"
				if (e.Verdict == carry.Uncertain) != maybe || e.Verdict == carry.Refused {
					t.Errorf("verdict %d, %s", e.Verdict, e.Cause)
				}
				if there := slices.Contains(s.Files(), "/in/HV-1-1.txt"); there && !maybe {
					t.Error("it is there all the same")
				}
				s.Heal()
				if _, err := carrier().Send(t.Context(), target(s), bill(3_000)); err != nil {
					t.Errorf("afterwards: %v", err)
				}
				if files := s.Files(); !slices.Equal(files, []string{"/in/HV-1-1.txt"}) {
					t.Errorf("afterwards there is %v", files)
				}
			})
		}
	}
}
