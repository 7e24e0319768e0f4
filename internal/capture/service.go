package capture

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do with recorded work.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

// Upload is a file handed in. Its mapping is the one saved for Source, or the default.
type Upload struct {
	Name   string // as the sender calls it
	Source string // "" means "csv", or "ledes"
	Data   []byte
}

// Import reads a CSV or LEDES file and lands every row that is right, all in one
// transaction: priced, checked by the guidelines, with a work item. Each other row
// is named in the result. The same file again lands only what was refused before
// and is right now; when that is nothing, nothing changes and Already is set. A
// file of which nothing can be read is ErrFile or ErrTooLarge; ErrBusy means that
// another import of the firm takes longer than a request may wait.
func (s *Service) Import(ctx context.Context, u Upload) (Result, error) {
	return s.run(ctx, u, false)
}

// DryRun tells what Import would do and changes nothing.
func (s *Service) DryRun(ctx context.Context, u Upload) (Result, error) { return s.run(ctx, u, true) }

func (s *Service) run(ctx context.Context, u Upload, dry bool) (r Result, err error) {
	m, err := s.mapping(ctx, u.Source)
	if err != nil {
		return r, err
	}
	sheet, err := Read(u.Data, m)
	if err != nil {
		return r, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.ImportCreate)
		if err != nil {
			return err
		}
		r, err = s.land(tx, a, u, sheet, dry)
		return err
	})
	return r, err
}

const statementTimeout = "57014" // SQLSTATE query_canceled

// mapping asks for the permission first: nobody's file is read before.
func (s *Service) mapping(ctx context.Context, source string) (m Mapping, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.ImportCreate); err != nil {
			return err
		}
		if m, err = knownMapping(tx, strings.TrimSpace(source)); err != nil {
			return err
		}
		m.own, err = code.BookOf(tx)
		return err
	})
	return m, err
}

// land is one reading of one file. Readings of a firm wait for each other, so that
// each sees what the one before landed; the unique keys hold in any case (I16).
func (s *Service) land(tx *db.Tx, a *authz.Access, u Upload, sheet *Sheet, dry bool) (r Result, err error) {
	if err := tx.Lock("import " + string(tx.Scope.Firm)); db.Code(err) == statementTimeout {
		return r, ErrBusy.Because(err)
	} else if err != nil {
		return r, err
	}
	before, err := lastRound(tx, fileHash(u.Data))
	if err != nil {
		return r, err
	}
	// One file is one file, whatever it is said to come from (I16).
	source := sourceName(u.Source, sheet.Format)
	if landed, err := landedSource(tx, fileHash(u.Data)); err != nil {
		return r, err
	} else if landed != "" {
		source = landed
	}
	masters, err := loadMasters(tx, a)
	if err != nil {
		return r, err
	}
	p, err := judgeRows(sheet, masters, source, tx.Now)
	if err != nil {
		return r, err
	}
	found, err := landedBefore(tx, p.keys)
	if err != nil {
		return r, err
	}
	p.withoutRepeated(found, sheet)
	r = result(u, sheet, &p, before)
	r.Source = source
	r.DryRun = dry
	r.Status = statusOf(r)
	switch {
	case len(p.entries) == 0:
		r.Already = before.Round > 0
		r.Import = asBefore(r.Import, before)
		return r, nil
	case dry:
		return r, nil
	}
	r.ID, r.By, r.CreatedAt = ident.New[ident.ImportID](tx.Now), tx.Scope.Actor, tx.Now
	p.numbered(tx, r.ID)
	r.Findings, err = s.save(tx, &r, &p, masters)
	return r, err
}

// result is what the plan comes to.
func result(u Upload, sheet *Sheet, p *plan, before Import) Result {
	return Result{
		Import: Import{
			Format: sheet.Format, FileName: cut(filepath.Base(cleanName(u.Name)), 255),
			FileHash: fileHash(u.Data), FileBytes: int64(len(u.Data)), Round: before.Round + 1, Delimiter: sheet.Delimiter,
			Read: len(sheet.Rows), Landed: len(p.entries), Refused: p.refused, Repeated: p.repeated, FaultCount: p.faults.total, Version: 1,
		},
		Faults: p.faults.kept, Ignored: sheet.Ignored, Totals: subtotals(p.entries),
	}
}

// statusOf says what becomes of a reading.
func statusOf(r Result) string {
	switch {
	case r.DryRun:
		return ImportTried
	case r.Landed > 0:
		return ImportLanded
	case r.Repeated > 0:
		return ImportRepeated
	default:
		return ImportRefused
	}
}

// asBefore names the earlier reading of a file that lands nothing new.
func asBefore(now, before Import) Import {
	now.ID, now.By, now.CreatedAt, now.Round = before.ID, before.By, before.CreatedAt, before.Round
	return now
}

// cleanName is a file name without what nobody can see.
func cleanName(s string) string {
	return strings.Map(func(c rune) rune {
		if _, ok := fault.Unseen(string(c)); !ok || c < ' ' {
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, ""))
}

// save writes the import with everything that belongs to it.
func (s *Service) save(tx *db.Tx, r *Result, p *plan, m masters) (findings int, err error) {
	batches, stop := inWords(p)
	defer stop()
	if err := insertImport(tx, r.Import); err != nil {
		return 0, err
	}
	judged, err := judging(tx, p, m.today, false)
	if err != nil {
		return 0, err
	}
	if err := writeEntries(tx, p, batches, m.rounding); err != nil {
		return 0, err
	}
	if findings, err = keepFindings(tx, judged(), m.today); err != nil {
		return 0, err
	}
	if err := insertFaults(tx, r.ID, r.Faults); err != nil {
		return 0, err
	}
	if err := openItem(tx, r.ID, p); err != nil {
		return 0, err
	}
	return findings, audit.Record(tx, audit.Entry{
		Action: "import.landed", Object: "import", ID: string(r.ID), Class: audit.C3, Permission: string(rbac.ImportCreate), After: audit.Digest(r.FileHash),
		Detail: counts{Round: r.Round, Read: r.Read, Landed: r.Landed, Refused: r.Refused, Repeated: r.Repeated, Findings: findings},
	})
}

// counts is the C1 side of an import, for its leaf.
type counts struct {
	Round    int `json:"round,omitempty"`
	Read     int `json:"read"`
	Landed   int `json:"landed"`
	Refused  int `json:"refused"`
	Repeated int `json:"repeated,omitempty"`
	Findings int `json:"findings,omitempty"`
}

// Undo takes back an import as of the version seen: its entries are removed from
// the books, and the same rows may come again. It is refused with ErrOnBill while any
// entry is on a pre-bill or an invoice, and in the same words where one is of a matter
// that the actor may not know of.
func (s *Service) Undo(ctx context.Context, id ident.ImportID, version int) (b Import, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.ImportUndo)
		if err != nil {
			return err
		}
		if b, err = s.visible(tx, a, id); err != nil {
			return err
		}
		if b, err = lockImport(tx, id); err != nil {
			return err
		}
		if err := b.undoable(version); err != nil {
			return err
		}
		if err := removeEntries(tx, a, id); err != nil {
			return err
		}
		if err := markUndone(tx, &b); err != nil {
			return err
		}
		if err := closeItem(tx, id); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{
			Action: "import.undone", Object: "import", ID: string(id), Class: audit.C2, Permission: string(rbac.ImportUndo),
			Detail: counts{Round: b.Round, Read: b.Read, Landed: b.Landed, Refused: b.Refused},
		})
	})
	return b, err
}

func (b Import) undoable(version int) error {
	switch {
	case b.Status == ImportUndone:
		return ErrUndone
	case b.Version != version:
		return ErrStale
	default:
		return nil
	}
}

// removeEntries takes an import's entries out of the books, all of them or none.
func removeEntries(tx *db.Tx, a *authz.Access, id ident.ImportID) error {
	if err := tx.Exec(`SELECT id FROM entry WHERE firm_id = ? AND import_id = ? ORDER BY id FOR UPDATE`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("lock entries of import %s: %w", id, err)
	}
	if ok, err := free(tx, a, id); err != nil {
		return err
	} else if !ok {
		return ErrOnBill
	}
	if err := tx.Exec(`UPDATE entry SET status = 'removed', version = version + 1 WHERE firm_id = ? AND import_id = ? AND status = 'open'`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("remove entries of import %s: %w", id, err)
	}
	return nil
}

func markUndone(tx *db.Tx, b *Import) error {
	b.Status, b.UndoneBy, b.UndoneAt, b.Version = ImportUndone, tx.Scope.Actor, ptr(tx.Now), b.Version+1
	err := tx.Exec(`UPDATE import_batch SET status = 'undone', undone_by = ?, undone_at = ?, version = version + 1 WHERE firm_id = ? AND id = ?`,
		orNull(b.UndoneBy), tx.Now, tx.Scope.Firm, b.ID).Error
	if err != nil {
		return fmt.Errorf("mark import %s undone: %w", b.ID, err)
	}
	return nil
}

func ptr(t time.Time) *time.Time { return &t }
