package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
)

// ErrNoSegment is a part of the WAL that the archive does not hold. A server asks for
// such by itself, to find where the archive ends.
var ErrNoSegment = errors.New("the archive does not hold this part of the WAL")

// segmentName is what PostgreSQL calls a segment, the note of a base backup, a history.
var segmentName = regexp.MustCompile(`^[0-9A-F]{24}(\.partial|\.[0-9A-F]{8}\.backup)?$|^[0-9A-F]{8}\.history$`)

// ArchiveWAL puts one file of the WAL into dir, encrypted, under its own name and the
// sum of its plain bytes: archive_command. A server that crashed asks again for what it
// has archived; the same bytes are archived then, others of that name are refused.
func ArchiveWAL(path, dir string, to []Recipient) error {
	name := filepath.Base(path)
	if !segmentName.MatchString(name) {
		return fmt.Errorf("%q is no name of a part of the WAL", name)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the WAL: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	file := filepath.Join(dir, name+"."+hex.EncodeToString(sum.Sum(nil))+".age")
	there, err := archived(dir, name)
	switch {
	case err != nil:
		return err
	case there == file:
		return nil
	case there != "":
		return fmt.Errorf("%s is archived already with other bytes: two servers write into one archive, or it is an old one's", name)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	// What a killed one left; a server archives one file at a time.
	if err := os.Remove(file + partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove what was left of %s: %w", name, err)
	}
	_, err = writeSealed(file, to, func(w io.Writer) error {
		again := sha256.New()
		if _, err := io.Copy(io.MultiWriter(w, again), f); err != nil {
			return fmt.Errorf("archive %s: %w", name, err)
		}
		if [32]byte(again.Sum(nil)) != [32]byte(sum.Sum(nil)) {
			return fmt.Errorf("archive %s: it changed while it was read", name)
		}
		return nil
	})
	return err
}

// FetchWAL brings one file back, whole or not at all: restore_command.
func FetchWAL(name, path, dir string, ids []Identity) error {
	if !segmentName.MatchString(name) {
		return fmt.Errorf("%q is no name of a part of the WAL", name)
	}
	file, err := archived(dir, name)
	if err != nil {
		return err
	}
	if file == "" {
		return fmt.Errorf("%w: %s", ErrNoSegment, name)
	}
	in, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("open the archived WAL: %w", err)
	}
	defer in.Close()
	plain, err := opened(in, ids)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	out, err := os.OpenFile(path+partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), plain)
	if err != nil {
		err = damaged(err)
	} else if file != filepath.Join(dir, name+"."+hex.EncodeToString(sum.Sum(nil))+".age") {
		err = fmt.Errorf("%w: its bytes are not those of its name", ErrDamaged)
	}
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", file, err), os.Remove(out.Name()))
	}
	if err := os.Rename(out.Name(), path); err != nil {
		return fmt.Errorf("name %s: %w", path, err)
	}
	return nil
}

// archived is the file that holds the named part, "" when none does.
func archived(dir, name string) (string, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("%s is not a folder", dir)
	}
	found, err := filepath.Glob(filepath.Join(dir, name+".*.age"))
	if err != nil {
		return "", fmt.Errorf("look for %s in %s: %w", name, dir, err)
	}
	for _, f := range found {
		// The note of a base backup begins with its segment's name.
		if rest := filepath.Base(f)[len(name):]; len(rest) == len(".")+2*sha256.Size+len(".age") {
			return f, nil
		}
	}
	return "", nil
}
