package devstack

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process names one process for good: numbers are used again, but not with the
// same start.
type process struct {
	PID     int    `json:"pid"`
	Started string `json:"started"`
}

const (
	ownerFile   = "owner.json"
	serversFile = "servers.json"
)

func (p process) alive() bool {
	return p.PID > 0 && p.Started != "" && started(p.PID) == p.Started
}

// started is a text that no later process with this number shares; "" when there is none.
func started(pid int) string {
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		// The command in brackets may hold spaces; what follows it does not.
		_, rest, ok := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')'):]), " ")
		fields := strings.Fields(rest)
		if !ok || len(fields) < 20 || fields[0] == "Z" {
			return ""
		}
		boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // "" where there is none
		return strings.TrimSpace(string(boot)) + " " + fields[19]
	}
	//nolint:noctx // answers at once
	out, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func writeOwner(dir string) error {
	return writeJSON(filepath.Join(dir, ownerFile), process{os.Getpid(), started(os.Getpid())})
}

func readOwner(dir string) (p process, err error) {
	b, err := os.ReadFile(filepath.Join(dir, ownerFile))
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(b, &p)
}

// record notes which servers belong to the folders, for whoever has to clean up.
func (s *Stack) record(home string) error {
	var all []process
	for _, v := range s.servers {
		all = append(all, process{v.pid, started(v.pid)})
	}
	for _, dir := range []string{s.Run, home} {
		if err := writeJSON(filepath.Join(dir, serversFile), all); err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(file string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		return fmt.Errorf("note processes: %w", err)
	}
	return nil
}

// sweep ends and removes what a killed stack left in the temporary folders. It
// goes by what that stack wrote down, and by nothing else.
func sweep(log io.Writer) {
	for _, temp := range temps() {
		runs, _ := filepath.Glob(filepath.Join(temp, runPrefix+"*")) // the pattern is sound
		for _, run := range runs {
			o, err := readOwner(run)
			if err != nil || o.alive() {
				continue // not ours to judge, or still in use
			}
			endLeft(run)
			if os.RemoveAll(run) == nil {
				fmt.Fprintln(log, "removed what an ended stack had left in", run)
			}
		}
	}
}

// readServers is what record noted in dir, nothing when it did not come to that.
func readServers(dir string) (all []process) {
	b, err := os.ReadFile(filepath.Join(dir, serversFile))
	if err != nil || json.Unmarshal(b, &all) != nil {
		return nil
	}
	return all
}

// endLeft ends the servers noted in dir that are still the processes noted.
func endLeft(dir string) {
	all := readServers(dir)
	for _, p := range all {
		if p.alive() {
			_ = syscall.Kill(p.PID, syscall.SIGINT)
		}
	}
	for _, p := range all {
		for n := 0; p.alive() && n < 100; n++ {
			time.Sleep(50 * time.Millisecond) // its guard, or our signal, is ending it
		}
		if p.alive() {
			_ = syscall.Kill(p.PID, syscall.SIGKILL)
		}
	}
}
