package submission

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/rbac"
)

// mostPapers is how many files speak for one appeal.
const mostPapers = 20

// Paper is a file that speaks for an appeal: taken, checked and kept as receipts are.
type Paper struct {
	ID      ident.AppealPaperID
	Appeal  ident.AppealID
	Name    string // C3
	Media   receipt.Media
	Bytes   int64
	SHA256  string `gorm:"column:sha256"` // C3: tells who has the file that it is here
	AddedBy string // name
	AddedAt time.Time
	Blob    ident.BlobID
}

// PaperContent is a paper with its bytes.
type PaperContent struct {
	Paper
	Data []byte
}

// AddPaper keeps a file that speaks for an appeal which is not answered yet. ErrPaper says
// what is wrong with the file, ErrTwice that it is there.
func (s *Service) AddPaper(ctx context.Context, id ident.SubmissionID, appeal ident.AppealID, u receipt.Upload) (p Paper, err error) {
	// Nobody has a file looked at for an appeal that is not theirs to speak for.
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		_, _, err := s.speaking(tx, rbac.SubmissionSend, id, appeal)
		return err
	})
	if err != nil {
		return p, err
	}
	media, err := s.Inspect(ctx, u.Data)
	if err != nil {
		return p, unfit(err)
	}
	sum := sha256.Sum256(u.Data)
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		x, a, err := s.speaking(tx, rbac.SubmissionSend, id, appeal)
		if err != nil {
			return err
		}
		if a.Status != "filed" {
			return ErrAnswered
		}
		if err := tx.Lock("appeal:" + string(appeal)); err != nil {
			return err
		}
		has, err := papersOf(tx, id)
		if err != nil {
			return err
		}
		n := 0
		for _, o := range has {
			if o.Appeal == appeal {
				n++
			}
		}
		if n >= mostPapers {
			return ErrFull
		}
		p = Paper{ID: ident.New[ident.AppealPaperID](tx.Now), Appeal: appeal, Name: u.Named(media), Media: media, Bytes: int64(len(u.Data)), SHA256: hex.EncodeToString(sum[:]), AddedAt: tx.Now}
		if p.Blob, err = s.Blobs.Put(tx, "appeal_paper", u.Data); err != nil {
			return err
		}
		if err := insertPaper(tx, id, p); err != nil {
			return err
		}
		return paperLeaf(tx, "appeal.paper_added", rbac.SubmissionSend, x, p)
	})
	return p, err
}

// Paper is one file with its bytes, for who may read the submission's text. The look is a
// leaf, and counts as a privileged text.
func (s *Service) Paper(ctx context.Context, id ident.SubmissionID, appeal ident.AppealID, paper ident.AppealPaperID) (c PaperContent, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		x, _, err := s.speaking(tx, rbac.SubmissionRead, id, appeal)
		if err != nil {
			return err
		}
		if c.Paper, err = paperOf(tx, id, appeal, paper); err != nil {
			return err
		}
		if err := audit.Showing(tx, x.Matter, 1); err != nil {
			return err
		}
		if err := paperLeaf(tx, "appeal.paper_read", rbac.SubmissionRead, x, c.Paper); err != nil {
			return err
		}
		c.Data, err = s.Blobs.Get(tx, c.Blob)
		return err
	})
	return c, err
}

// RemovePaper takes a file off an appeal that is not answered yet, with the reason why it does
// not speak for it. The row stays on record; the file opens to nobody any more. ErrAnswered
// once the receiver may have decided by it.
func (s *Service) RemovePaper(ctx context.Context, id ident.SubmissionID, appeal ident.AppealID, paper ident.AppealPaperID, reason string) error {
	reason = trimmed(reason)
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		x, a, err := s.speaking(tx, rbac.SubmissionSend, id, appeal)
		if err != nil {
			return err
		}
		p, err := paperOf(tx, id, appeal, paper)
		if err != nil {
			return err
		}
		if a.Status != "filed" {
			return ErrAnswered
		}
		var fs fault.Fields
		text(&fs, "reason", reason, 3, 500)
		if err := fs.Err(ErrInvalid); err != nil {
			return err
		}
		res := tx.Exec(`UPDATE appeal_paper SET removed_by = ?, removed_at = ?, reason = ? WHERE firm_id = ? AND id = ? AND removed_at IS NULL`, tx.Scope.Actor, tx.Now, reason, tx.Scope.Firm, paper)
		if res.Error != nil {
			return fmt.Errorf("take paper %s off an appeal: %w", paper, res.Error)
		}
		if res.RowsAffected != 1 {
			return ErrNotFound
		}
		return paperLeaf(tx, "appeal.paper_removed", rbac.SubmissionSend, x, p)
	})
}

// speaking is an appeal of a submission for who may do perm there and reads its text.
func (s *Service) speaking(tx *db.Tx, perm rbac.Permission, id ident.SubmissionID, appeal ident.AppealID) (x Submission, a Appeal, err error) {
	access, err := s.Guard.Require(tx, perm)
	if err != nil {
		return x, a, err
	}
	if x, err = known(tx, access, id); err != nil {
		return x, a, err
	}
	if err := access.RequireSight(tx, x.Matter, authz.C3); err != nil {
		return x, a, err
	}
	a, err = appealOf(tx, id, appeal)
	return x, a, err
}

// unfit says in this package's words that a file is not taken, and keeps what is wrong with it.
func unfit(err error) error {
	var f *fault.Error
	switch {
	case errors.Is(err, receipt.ErrTooLarge):
		return ErrPaperSize
	case errors.Is(err, receipt.ErrFile) && errors.As(err, &f):
		return fault.Fields(f.Fields).Err(ErrPaper)
	}
	return err
}

func paperLeaf(tx *db.Tx, action string, perm rbac.Permission, x Submission, p Paper) error {
	class := audit.C3
	if authz.Label(x.Label) == authz.Sealed {
		class = audit.C4
	}
	e := audit.Entry{Action: action, Object: "submission", ID: string(x.ID), Matter: x.Matter, Class: class, Permission: string(perm), Detail: map[string]any{"appeal": p.Appeal, "paper": p.ID, "bytes": p.Bytes}}
	if perm == rbac.SubmissionSend {
		e.After = p
	}
	return audit.Record(tx, e)
}

func insertPaper(tx *db.Tx, id ident.SubmissionID, p Paper) error {
	err := tx.Exec(`INSERT INTO appeal_paper (firm_id, id, submission_id, appeal_id, name, media, size, sha256, blob_id, added_by, added_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, p.ID, id, p.Appeal, p.Name, p.Media, p.Bytes, p.SHA256, p.Blob, tx.Scope.Actor, p.AddedAt).Error
	switch {
	case db.Violates(err, "appeal_paper_once"):
		return ErrTwice
	case err != nil:
		return fmt.Errorf("keep a paper of appeal %s: %w", p.Appeal, err)
	}
	return nil
}

// paperOf is one file that stands.
func paperOf(tx *db.Tx, id ident.SubmissionID, appeal ident.AppealID, paper ident.AppealPaperID) (Paper, error) {
	has, err := papersOf(tx, id)
	if err != nil {
		return Paper{}, err
	}
	i := slices.IndexFunc(has, func(p Paper) bool { return p.ID == paper && p.Appeal == appeal })
	if i < 0 {
		return Paper{}, ErrNotFound
	}
	return has[i], nil
}

// papersOf are the files that stand.
func papersOf(tx *db.Tx, id ident.SubmissionID) (list []Paper, err error) {
	err = tx.Raw(`SELECT a.id, a.appeal_id AS appeal, a.name, a.media, a.size AS bytes, a.sha256, p.name AS added_by, a.added_at, a.blob_id AS blob
		FROM appeal_paper a JOIN person p ON p.id = a.added_by WHERE a.firm_id = ? AND a.submission_id = ? AND a.removed_at IS NULL ORDER BY a.added_at, a.id`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list papers of submission %s: %w", id, err)
	}
	return list, nil
}

// withPapers gives each appeal its own.
func withPapers(tx *db.Tx, id ident.SubmissionID, appeals []Appeal) error {
	if len(appeals) == 0 {
		return nil
	}
	list, err := papersOf(tx, id)
	if err != nil {
		return err
	}
	for _, p := range list {
		for i := range appeals {
			if appeals[i].ID == p.Appeal {
				appeals[i].Papers = append(appeals[i].Papers, p)
			}
		}
	}
	return nil
}
