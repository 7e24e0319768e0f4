package backup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Prune removes the backups in dir that were taken before an instant, by their names,
// and tells which. What is not named as a backup stays.
func Prune(dir string, before time.Time) (removed []string, err error) {
	all, err := filepath.Glob(filepath.Join(dir, "docketry-*.tar.age"))
	if err != nil {
		return nil, fmt.Errorf("look for old backups in %s: %w", dir, err)
	}
	var failed []error
	for _, f := range all {
		at, err := time.Parse("docketry-"+stamp+".tar.age", filepath.Base(f))
		if err != nil || !at.Before(before) {
			continue
		}
		if err := os.Remove(f); err != nil {
			failed = append(failed, fmt.Errorf("remove an old backup: %w", err))
			continue
		}
		removed = append(removed, f)
	}
	return removed, errors.Join(failed...)
}
