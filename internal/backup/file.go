package backup

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"filippo.io/age"
)

// partial ends the name of a file that is being written. What bears it after a crash
// is never read, and may be removed.
const partial = ".part"

// writeSealed writes an encrypted file whole or not at all: under another name, down to the
// disk, and only then under its own. The plain bytes are never on a disk.
func writeSealed(file string, to []Recipient, write func(w io.Writer) error) (size int64, err error) {
	if len(to) == 0 {
		return 0, errors.New("a backup needs at least one recipient: give an age public key")
	}
	if _, err := os.Lstat(file); err == nil {
		return 0, fmt.Errorf("%s is there already", file)
	}
	f, err := os.OpenFile(file+partial, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return 0, fmt.Errorf("%s is there: another backup writes it, or one was killed; in that case remove it", file+partial)
	}
	if err != nil {
		return 0, fmt.Errorf("make the backup's file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // it may be closed; what is left of it is no backup
			_ = os.Remove(f.Name())
		}
	}()
	sealed, err := age.Encrypt(f, to...)
	if err != nil {
		return 0, fmt.Errorf("encrypt: %w", err)
	}
	if err := write(sealed); err != nil {
		return 0, err
	}
	if err := sealed.Close(); err != nil {
		return 0, fmt.Errorf("write %s: %w", file, err)
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, fmt.Errorf("write %s: %w", file, err)
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return 0, fmt.Errorf("name %s: %w", file, err)
	}
	return info.Size(), syncFolder(filepath.Dir(file))
}

// syncFolder makes a new name in it survive a loss of power.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write down folder %s: %w", dir, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("write down folder %s: %w", dir, err)
	}
	return nil
}
