package backup

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// BaseName is what a base backup begun at an instant is called.
func BaseName(at time.Time) string { return "docketry-base-" + at.UTC().Format(stamp) + ".tar.age" }

// TakeBase copies the server's whole data folder, encrypted, as the ground that
// archived WAL is played onto. o.URL is a login that may replicate; the WAL that the
// copy needs is what the archive gets by itself.
func TakeBase(ctx context.Context, o Options) (Taken, error) {
	conn, err := pgx.Connect(ctx, o.URL)
	if err != nil {
		return Taken{}, fmt.Errorf("connect for a base backup: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var server int
	var archives bool
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int / 10000, current_setting('archive_mode') <> 'off'`).Scan(&server, &archives)
	if err != nil {
		return Taken{}, fmt.Errorf("ask the server about itself: %w", err)
	}
	if !archives {
		return Taken{}, errors.New("archive_mode is off: without the WAL of its time a base backup is worth nothing")
	}
	t := Taken{Manifest: Manifest{TakenAt: o.Clock.Now().UTC().Truncate(time.Second), Server: server}}
	t.File = filepath.Join(o.Dir, BaseName(t.Manifest.TakenAt))
	t.Bytes, err = writeSealed(t.File, o.To, func(w io.Writer) error {
		args := []string{"--pgdata=-", "--format=tar", "--wal-method=none", "--checkpoint=fast", "--no-password", "--label=docketry"}
		return run(ctx, conn.Config(), server, "pg_basebackup", args, nil, w)
	})
	return t, err
}

// Recovery is how a server comes back from a base backup.
type Recovery struct {
	Fetch string    // restore_command; it has %f and %p in it
	Until time.Time // zero is as far as the archive goes
}

// RestoreBase puts a base backup into a new folder, ready to start from it as the
// user that owns the folder. It reads the file twice, as Restore does.
func RestoreBase(file string, ids []Identity, dir string, r Recovery) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("open the base backup: %w", err)
	}
	defer f.Close()
	plain, err := opened(f, ids)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if _, err := io.Copy(io.Discard, plain); err != nil {
		return fmt.Errorf("%s: %w", file, damaged(err))
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make the data folder, which must not be there yet: %w", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	if plain, err = opened(f, ids); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open the data folder: %w", err)
	}
	defer func() { _ = root.Close() }() // what was written through it is synced file by file
	if err := unpack(root, plain); err != nil {
		return fmt.Errorf("unpack %s: %w", file, err)
	}
	return recovering(root, r)
}

// unpack writes folders and files below root, and nothing else.
func unpack(root *os.Root, plain io.Reader) error {
	for in := tar.NewReader(plain); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := filepath.Clean(h.Name)
		switch h.Typeflag {
		case tar.TypeDir:
			if err := root.MkdirAll(name, 0o700); err != nil {
				return err
			}
		case tar.TypeReg:
			if err := unpackFile(root, name, in); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s is neither file nor folder: tablespaces outside the data folder are not backed up", h.Name)
		}
	}
}

func unpackFile(root *os.Root, name string, in io.Reader) error {
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, in)
	return errors.Join(err, f.Sync(), f.Close())
}

// recovering tells the server where its WAL is, and until when to play it.
func recovering(root *os.Root, r Recovery) error {
	lines := []string{"", "# written by `docketry restore base`", "restore_command = " + quoted(r.Fetch)}
	if !r.Until.IsZero() {
		lines = append(lines, "recovery_target_time = "+quoted(r.Until.UTC().Format("2006-01-02 15:04:05.999999-07")), "recovery_target_action = 'promote'")
	}
	f, err := root.OpenFile("postgresql.auto.conf", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the recovery's settings: %w", err)
	}
	_, err = f.WriteString(strings.Join(lines, "\n") + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the recovery's settings: %w", err)
	}
	signal, err := root.Create("recovery.signal")
	if err != nil {
		return fmt.Errorf("ask for recovery: %w", err)
	}
	return signal.Close()
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// harmless is a path that a shell takes as it stands.
var harmless = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)

// FetchCommand is the restore_command that brings WAL out of an archive.
func FetchCommand(program, dir, identity string) (string, error) {
	for _, path := range []string{program, dir, identity} {
		if !harmless.MatchString(path) || !filepath.IsAbs(path) {
			return "", fmt.Errorf("%q goes into restore_command: use an absolute path of letters, digits, points, hyphens and underscores", path)
		}
	}
	return program + " restore wal %f %p --from " + dir + " --identity " + identity, nil
}
