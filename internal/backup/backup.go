// Package backup takes everything out of a database into one encrypted file, puts it
// back into an empty one, and proves in a drill that it could (SECURITY 11, T28). It
// owns the form of the file and of its manifest. It does not own the bytes in the blob
// store, which are sealed already and are copied as they lie, nor the keys, which are
// kept apart from every backup: its README says how.
package backup

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/ident"
)

// Errors that say what to do. Everything else is an outage or a bug.
var (
	// ErrRole refuses a role or a connection with which a backup would be partial, or could do harm.
	ErrRole = errors.New("the backup's login is not docketry_backup as it must be")
	// ErrDamaged is a file that is cut, altered, or no backup.
	ErrDamaged = errors.New("the backup is not whole")
	// ErrKey means that none of the identities given opens the file.
	ErrKey = errors.New("the backup does not open")
	// ErrNotEmpty refuses to put a backup over something.
	ErrNotEmpty = errors.New("the database to restore into is not empty")
	// ErrDiffers means that what was put back is not what the manifest counted.
	ErrDiffers = errors.New("the restored rows are not those that were backed up")
)

// Manifest says what a backup holds. It was counted in the very snapshot that was
// dumped, by a connection of its own, so that it cannot be wrong in the same way.
type Manifest struct {
	Format      string       `json:"format"`
	TakenAt     time.Time    `json:"taken_at"`
	Database    string       `json:"database"`
	Server      int          `json:"server"` // major version of PostgreSQL
	Schema      int64        `json:"schema"` // newest migration
	Dump        Part         `json:"dump"`   // pg_dump's custom format
	Blobs       Part         `json:"blobs"`  // list of what the blob store must hold
	BlobCount   int64        `json:"blob_count"`
	Tables      []Table      `json:"tables"`
	Checkpoints []Checkpoint `json:"checkpoints"` // the newest of each firm's audit tree
}

// format is the first word of every manifest that this version reads.
const format = "docketry-backup-1"

// Part is one stream of the file.
type Part struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Table is how many rows a table had, and how many of them each firm.
type Table struct {
	Name  string                 `json:"name"` // with its schema
	Rows  int64                  `json:"rows"`
	Firms map[ident.FirmID]int64 `json:"firms,omitempty"` // of a table with firm_id
}

// Checkpoint is a signed note as a firm's audit log held it.
type Checkpoint struct {
	Firm ident.FirmID `json:"firm"`
	Note string       `json:"note"`
}

// Rows is how many rows all tables have.
func (m Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// Firms are all firms that have a row, in order.
func (m Manifest) Firms() (all []ident.FirmID) {
	for _, t := range m.Tables {
		if t.Name == "public.firm" {
			for id := range t.Firms {
				all = append(all, id)
			}
		}
	}
	slices.Sort(all)
	return all
}

// mostTold bounds how many differences are named; the rest is counted.
const mostTold = 20

// differences names where got is not what want counted: table, firm, both counts.
func differences(want, got []Table) []string {
	var all []string
	tables := map[string]Table{}
	for _, t := range got {
		tables[t.Name] = t
	}
	for _, w := range want {
		g, ok := tables[w.Name]
		delete(tables, w.Name)
		switch {
		case !ok:
			all = append(all, fmt.Sprintf("table %s is missing, it had %d rows", w.Name, w.Rows))
			continue
		case g.Rows != w.Rows:
			all = append(all, fmt.Sprintf("table %s has %d rows, the manifest counts %d", w.Name, g.Rows, w.Rows))
		}
		firms := map[ident.FirmID]bool{}
		for id := range w.Firms {
			firms[id] = true
		}
		for id := range g.Firms {
			firms[id] = true
		}
		for id := range firms {
			if g.Firms[id] != w.Firms[id] {
				all = append(all, fmt.Sprintf("table %s has %d rows of firm %s, the manifest counts %d", w.Name, g.Firms[id], id, w.Firms[id]))
			}
		}
	}
	for name, t := range tables {
		all = append(all, fmt.Sprintf("table %s, with %d rows, is not in the manifest", name, t.Rows))
	}
	slices.Sort(all)
	return all
}

// differs is ErrDiffers with the first differences, nil when there are none.
func differs(all []string) error {
	if len(all) == 0 {
		return nil
	}
	more := ""
	if n := len(all) - mostTold; n > 0 {
		more = fmt.Sprintf("\nand %d more", n)
	}
	return fmt.Errorf("%w:\n%s%s", ErrDiffers, strings.Join(all[:min(len(all), mostTold)], "\n"), more)
}
