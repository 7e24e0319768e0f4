package devstack

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrMissing means that a program is not installed; the text says what to install.
var ErrMissing = errors.New("not installed")

// OldestPostgres is the first version whose views can run with the reader's rights.
const OldestPostgres = 15

// folders are where distributions put server programs that are not on the PATH.
var folders = []string{
	"/usr/lib/postgresql/*/bin",                       // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                // Fedora, PGDG
	"/opt/homebrew/opt/postgresql@*/bin",              // macOS, Apple silicon
	"/usr/local/opt/postgresql@*/bin",                 // macOS, Intel
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin", // Linuxbrew
	"/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", // general
	"/usr/sbin", "/usr/local/sbin", "/usr/local/pgsql/bin", // a normal user's PATH lacks sbin on Debian
}

// candidates lists every executable called name, on the PATH first.
func candidates(name string) []string {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range folders {
		found, _ := filepath.Glob(pattern) // the patterns are sound
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
		dirs = append(dirs, found...)
	}
	var all []string
	for _, d := range dirs {
		file := filepath.Join(d, name)
		if info, err := os.Stat(file); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 && !slices.Contains(all, file) {
			all = append(all, file)
		}
	}
	return all
}

// find is the first executable among names.
func find(install string, names ...string) (string, error) {
	for _, n := range names {
		if all := candidates(n); len(all) > 0 {
			return all[0], nil
		}
	}
	return "", fmt.Errorf("%s is %w: run .ci/install-tools, or install %s", names[0], ErrMissing, install)
}

// postgresBin is the folder of a PostgreSQL whose major version is at least
// OldestPostgres, and equal to major when that is not 0.
func postgresBin(major int) (string, error) {
	var seen []string
	for _, initdb := range candidates("initdb") {
		if real, err := filepath.EvalSymlinks(initdb); err == nil {
			initdb = real // brew links initdb alone into its bin folder
		}
		dir := filepath.Dir(initdb)
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err != nil {
			continue
		}
		v := version(filepath.Join(dir, "postgres"))
		if v >= OldestPostgres && (major == 0 || v == major) {
			return dir, nil
		}
		seen = append(seen, strconv.Itoa(v))
	}
	what := fmt.Sprintf("PostgreSQL %d or newer", OldestPostgres)
	if major != 0 {
		what = fmt.Sprintf("PostgreSQL %d, with which this data was made,", major)
	}
	if len(seen) > 0 {
		what += " (there is " + strings.Join(seen, ", ") + ")"
	}
	return "", fmt.Errorf("%s is %w: run .ci/install-tools, or install postgresql (Debian, Ubuntu), postgresql-server (Fedora) or postgresql@17 (brew)", what, ErrMissing)
}

// PostgresProgram is the path of one of PostgreSQL's programs, such as pg_dump, of the
// major version asked for: the one beside that version's server, or a client's.
func PostgresProgram(name string, major int) (string, error) {
	if dir, err := postgresBin(major); err == nil {
		if file := filepath.Join(dir, name); version(file) == major {
			return file, nil
		}
	}
	for _, file := range candidates(name) {
		if version(file) == major {
			return file, nil
		}
	}
	return "", fmt.Errorf("%s of PostgreSQL %d, which is the server's version, is %w: install that version's client programs", name, major, ErrMissing)
}

var digits = regexp.MustCompile(`[0-9]+`)

func number(s string) int {
	n, _ := strconv.Atoi(digits.FindString(s)) // no digits count as 0
	return n
}

// version is the major version that a program says it has; 0 when it says nothing.
func version(program string) int {
	//nolint:noctx // answers at once
	out, err := exec.Command(program, "--version").Output()
	if err != nil {
		return 0
	}
	return number(string(out))
}
