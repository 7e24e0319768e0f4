package devstack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// longestRun leaves room for the name of a socket: a path to one may have 104
// bytes on macOS and 108 on Linux.
const longestRun = 80

const runPrefix = "docketry-"

// temps are the folders in which a run folder may lie, best first.
func temps() []string {
	all := []string{os.TempDir(), "/tmp", "/var/tmp"}
	slices.Sort(all[1:])
	return slices.Compact(all)
}

// makeRun makes the folder of the sockets where the account can reach it and the
// path stays short, and notes that this process owns it.
func makeRun(who account) (string, error) {
	for _, temp := range temps() {
		run, err := os.MkdirTemp(temp, runPrefix)
		if err != nil {
			continue
		}
		if len(run) <= longestRun && who.folder(run) == nil && who.reaches(run) {
			return run, writeOwner(run)
		}
		_ = os.Remove(run) // just made, empty
	}
	return "", errors.New("make a folder for sockets: no temporary folder can be used; set TMPDIR to a short path that every user may enter")
}

// TempFolder makes a folder for what goes with this process: the next start of a
// stack removes it when this one could not.
func TempFolder() (string, error) {
	dir, err := os.MkdirTemp("", runPrefix)
	if err != nil {
		return "", fmt.Errorf("make temporary folder: %w", err)
	}
	return dir, writeOwner(dir)
}

// claimData makes DIR the home of a kept stack, or says which process has it.
func claimData(dir string, who account) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find data folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make data folder: %w", err)
	}
	if who.drop && !who.reaches(dir) {
		return "", fmt.Errorf("the database runs as user %s, who may not enter %s: choose a folder that others may enter, such as /var/lib/docketry", who.name, dir)
	}
	if o, err := readOwner(dir); err == nil && o.alive() {
		return "", fmt.Errorf("data folder %s is in use by process %d", dir, o.PID)
	}
	endLeft(dir)
	return dir, writeOwner(dir)
}
