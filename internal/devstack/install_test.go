package devstack

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const installer = "../../.ci/install-tools"

// stubs are programs that note how they were called, and a package manager that
// "installs" by putting the tools into a folder.
const stub = `#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$*" in *install*) cp -R "$STORE/." "$TOOL_FOLDERS/.." ;; esac
`

// system is a pretended fresh machine.
type system struct {
	dir  string
	root bool
}

// newSystem has the named package managers and nothing else but a shell's tools.
func newSystem(t *testing.T, root bool, programs ...string) system {
	t.Helper()
	s := system{t.TempDir(), root}
	for _, d := range []string{"path", "tools/bin", "store/bin", "store/share/postgresql/extension"} {
		if err := os.MkdirAll(filepath.Join(s.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, real := range []string{"sh", "tr", "sed", "env", "cp", "basename", "cat"} {
		at, err := exec.LookPath(real)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(at, filepath.Join(s.dir, "path", real)); err != nil {
			t.Fatal(err)
		}
	}
	id := "1000"
	if root {
		id = "0"
	}
	s.program(t, "path/id", "#!/bin/sh\necho "+id+"\n")
	s.program(t, "path/go", "#!/bin/sh\n")
	for _, p := range programs {
		text := stub
		if p == "sudo" {
			text = "#!/bin/sh\n[ \"$1\" = -n ] && exit 0\necho \"sudo $*\" >> \"$CALLS\"\nexec \"$@\"\n"
		}
		s.program(t, "path/"+p, text)
	}
	for _, tool := range []string{"initdb", "redis-server", "pgbouncer", "pdftotext", "chromium", "npm"} {
		s.program(t, "store/bin/"+tool, "#!/bin/sh\n")
	}
	s.program(t, "store/bin/postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 17.2'\n")
	s.program(t, "store/share/postgresql/extension/btree_gist.control", "")
	return s
}

func (s system) program(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// install runs the script and returns what it called, said, and whether it failed.
func (s system) install(t *testing.T, want string) (calls, said string, failed bool) {
	t.Helper()
	script, err := filepath.Abs(installer)
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(s.dir, "calls")
	if err := os.Remove(log); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	c := exec.Command("/bin/sh", script, want)
	c.Env = []string{"PATH=" + filepath.Join(s.dir, "path"), "CALLS=" + log, "STORE=" + filepath.Join(s.dir, "store"), "TOOL_FOLDERS=" + filepath.Join(s.dir, "tools/bin")}
	out, err := c.CombinedOutput()
	return readText(log), string(out), err != nil
}

func TestInstallsThroughEachPackageManager(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		root     bool
		programs []string
		want     string
		calls    string
	}{
		"Debian as root": {true, []string{"apt-get"}, "demo", "apt-get update -q\napt-get install -y -q --no-install-recommends postgresql redis-server\n"},
		"Ubuntu as a normal user": {false, []string{"apt-get", "sudo"}, "test",
			"sudo sh -c apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql redis-server pgbouncer poppler-utils\n" +
				"apt-get update -q\napt-get install -y -q --no-install-recommends postgresql redis-server pgbouncer poppler-utils\n"},
		"Fedora":                 {true, []string{"dnf"}, "demo", "dnf install -y -q postgresql-server postgresql-contrib valkey\n"},
		"macOS":                  {false, []string{"brew"}, "test", "brew install postgresql@17 redis pgbouncer poppler\n"},
		"everything CI looks at": {true, []string{"apt-get"}, "ci", "apt-get update -q\napt-get install -y -q --no-install-recommends postgresql redis-server pgbouncer poppler-utils chromium nodejs npm\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, c.root, c.programs...)
			calls, said, failed := s.install(t, c.want)
			if failed || calls != c.calls {
				t.Errorf("failed %v, called:\n%swant:\n%ssaid:\n%s", failed, calls, c.calls, said)
			}
			if !strings.Contains(said, "missing: postgres redis") || !strings.Contains(said, "done") {
				t.Errorf("it does not say what it does: %q", said)
			}
			if calls, said, failed := s.install(t, c.want); failed || calls != "" || said != "" {
				t.Errorf("a second time: failed %v, called %q, said %q", failed, calls, said)
			}
		})
	}
}

func TestSaysWhatToRunWhereItMayNotInstall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		programs []string
		says     string
	}{
		"a normal user without sudo": {[]string{"apt-get"}, "  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql redis-server\n"},
		"an unknown system":          {nil, "install them by hand"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls, said, failed := newSystem(t, false, c.programs...).install(t, "demo")
			if !failed || calls != "" || !strings.Contains(said, c.says) {
				t.Errorf("failed %v, called %q, said %q", failed, calls, said)
			}
		})
	}
	t.Run("a release whose PostgreSQL is too old", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t, true, "apt-get")
		s.program(t, "store/bin/postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
		if _, said, failed := s.install(t, "demo"); !failed || !strings.Contains(said, "must be 15 or newer") {
			t.Errorf("failed %v, said %q", failed, said)
		}
	})
}

// The script and the program look in the same places.
func TestScriptKnowsEveryFolder(t *testing.T) {
	t.Parallel()
	script := readText(installer)
	for _, f := range folders {
		if !strings.Contains(script, f) {
			t.Errorf("%s does not look in %s", installer, f)
		}
	}
}
