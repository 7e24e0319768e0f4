package devstack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is who the servers run as. PostgreSQL and PgBouncer refuse to be root.
type account struct {
	name string
	drop bool // we are root and become uid and gid
	uid  uint32
	gid  uint32
}

// unprivileged is the present user, or for root the first harmless account there is.
func unprivileged() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return account{name: name, drop: true, uid: uint32(uid), gid: uint32(gid)}, nil
		}
	}
	return account{}, errors.New("start the database as root: there is neither a user postgres nor nobody to run it as")
}

// process is how a child becomes the account.
func (a account) process() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{}
	if a.drop {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// folder makes a folder that only the account may enter; root may too.
func (a account) folder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if a.drop {
		if err := os.Chown(path, int(a.uid), int(a.gid)); err != nil {
			return fmt.Errorf("give folder %s to %s: %w", path, a.name, err)
		}
	}
	return nil
}

// reaches tells whether the account can enter path, which a folder above may forbid.
func (a account) reaches(path string) bool {
	//nolint:noctx // ends at once
	cmd := exec.Command("/bin/sh", "-c", `cd "$1"`, "sh", path)
	cmd.Dir = "/"
	cmd.SysProcAttr = a.process()
	return cmd.Run() == nil
}
