package mail

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Folder writes each mail as an .eml file; for the demo and for tests.
type Folder struct {
	dir  string
	dkim *DKIM
}

// NewFolder makes dir when it is missing.
func NewFolder(dir string, dkim *DKIM) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make mail folder: %w", err)
	}
	return &Folder{dir, dkim}, nil
}

var unsafeInName = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// Send writes the file whole or not at all. The same mail sent again has the same
// name, as a receiver folds it by its Message-ID.
func (f *Folder) Send(_ context.Context, o Outgoing) error {
	m, err := prepared(o, f.dkim)
	if err != nil {
		return err
	}
	text, err := render(m)
	if err != nil {
		return &SendError{Permanent, 0, "it cannot be composed", err}
	}
	id, _, _ := strings.Cut(o.MessageID, "@")
	name := filepath.Join(f.dir, unsafeInName.ReplaceAllString(id, "_")+".eml")
	if err := writeWhole(f.dir, name, text); err != nil {
		return &SendError{Temporary, 0, "the folder does not take it", err}
	}
	return nil
}

func writeWhole(dir, name string, text []byte) error {
	tmp, err := os.CreateTemp(dir, ".mail-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // nothing is left of it once it is renamed
	if _, err := tmp.Write(text); err != nil {
		_ = tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
