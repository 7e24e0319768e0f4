package export

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/rbac"
)

// File is what a ticket opens. Close its body.
type File struct {
	Name string
	Size int64
	Hash string // hex SHA-256 of the encrypted bytes; serves as ETag
	Body io.ReadSeekCloser
}

// Ticket gives the asker the right to fetch a ready export once, within a minute,
// from the same session and network. There is no other address for the bytes (T25).
// It needs export.download.
func (s *Service) Ticket(ctx context.Context, id ident.ExportID, network string) (token seal.Secret, err error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("make ticket: %w", err)
	}
	hash := sha256.Sum256(raw)
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.fetchable(tx, id, false); err != nil {
			return err
		}
		err := tx.Exec(`INSERT INTO export_ticket (firm_id, id, export_id, token_hash, person_id, session_id, network, made_at, expires_at)
			VALUES (?, ?, ?, decode(?, 'hex'), ?, ?, ?, ?, ?)`, tx.Scope.Firm, ident.New[string](tx.Now), id, hex.EncodeToString(hash[:]),
			tx.Scope.Actor, string(tx.Scope.Session), network, tx.Now, tx.Now.Add(ticketLife)).Error
		if err != nil {
			return fmt.Errorf("keep ticket of export %s: %w", id, err)
		}
		return record(tx, "export.ticket_made", id, rbac.ExportDownload, nil)
	})
	if err != nil {
		return "", err
	}
	return seal.Secret(base64.RawURLEncoding.EncodeToString(raw)), nil
}

// Download takes a ticket. A ticket of another session, network or firm, a used one
// and an old one are ErrTicket, all alike. Rights are decided anew: who has lost
// some of them since the file was made does not get it any more.
//
// A fetch that broke off goes on with its ticket: goesOn is the hash of the file as
// the earlier answer told it. It is the same use and counts no download, until
// Delivered says that the end was reached, and no longer than a download may take.
func (s *Service) Download(ctx context.Context, token, network, goesOn string) (f File, err error) {
	hash, err := ticketHash(token)
	if err != nil {
		return File{}, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		id, again, err := s.punch(tx, hash, network, goesOn)
		if err != nil {
			return err
		}
		e, err := s.fetchable(tx, id, again)
		if errors.Is(err, ErrRightGone) {
			return ErrTicket // after a revoke a ticket is like one that never was
		}
		if err != nil {
			return err
		}
		if err := s.fetched(tx, e, again); err != nil {
			return err
		}
		var b ident.BlobID
		if err := tx.Raw(`SELECT blob_id FROM export WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&b); err != nil {
			return fmt.Errorf("find file of export %s: %w", id, err)
		}
		body, err := s.blobs.File(tx, b)
		if err != nil {
			return err
		}
		f = File{Name: e.FileName(), Size: body.Size, Hash: body.ContentHash, Body: body}
		return nil
	})
	if err != nil {
		if f.Body != nil {
			_ = f.Body.Close() // the leaf of this fetch was not committed
		}
		return File{}, err
	}
	return f, nil
}

// fetched counts a download and records the look; going on is a look of its own.
func (s *Service) fetched(tx *db.Tx, e Export, again bool) error {
	action, left := "export.fetched", e.DownloadsLeft-1
	if again {
		action, left = "export.fetch_continued", e.DownloadsLeft
	} else if err := change(tx, e.ID, `downloads_left = downloads_left - 1`); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: action, Object: "export", ID: string(e.ID), Class: audit.C3, Permission: string(rbac.ExportDownload),
		After: audit.Digest(e.FileHash), Detail: map[string]any{"left": left}})
}

// Delivered ends a ticket whose file has gone out to its last byte.
func (s *Service) Delivered(ctx context.Context, token, network string) error {
	hash, err := ticketHash(token)
	if err != nil {
		return err
	}
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.ExportDownload); err != nil {
			return err
		}
		err := tx.Exec(`UPDATE export_ticket SET delivered_at = ? WHERE firm_id = ? AND token_hash = decode(?, 'hex') AND used_at IS NOT NULL AND delivered_at IS NULL
			AND person_id = ? AND session_id = ? AND network = ?`, tx.Now, tx.Scope.Firm, hash, tx.Scope.Actor, string(tx.Scope.Session), network).Error
		if err != nil {
			return fmt.Errorf("end ticket: %w", err)
		}
		return nil
	})
}

// ticketHash is what the table holds of a ticket, in hex.
func ticketHash(token string) (string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 32 {
		return "", ErrTicket
	}
	hash := sha256.Sum256(raw)
	return hex.EncodeToString(hash[:]), nil
}

// punch uses a ticket up; two at once get it once. One that is used serves again, for
// the same person, session and network, to go on with the same file.
func (s *Service) punch(tx *db.Tx, hash, network, goesOn string) (id ident.ExportID, again bool, err error) {
	err = tx.Raw(`UPDATE export_ticket SET used_at = ? WHERE firm_id = ? AND token_hash = decode(?, 'hex') AND used_at IS NULL AND expires_at > ?
		AND person_id = ? AND session_id = ? AND network = ? RETURNING export_id`,
		tx.Now, tx.Scope.Firm, hash, tx.Now, tx.Scope.Actor, string(tx.Scope.Session), network).Row().Scan(&id)
	if errors.Is(err, sql.ErrNoRows) && goesOn != "" {
		again = true
		err = tx.Raw(`SELECT t.export_id FROM export_ticket t JOIN export e ON e.firm_id = t.firm_id AND e.id = t.export_id
			WHERE t.firm_id = ? AND t.token_hash = decode(?, 'hex') AND t.used_at > ? AND t.delivered_at IS NULL
			AND t.person_id = ? AND t.session_id = ? AND t.network = ? AND e.file_hash = ?`,
			tx.Scope.Firm, hash, tx.Now.Add(-fetchLife), tx.Scope.Actor, string(tx.Scope.Session), network, goesOn).Row().Scan(&id)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, ErrTicket
	}
	if err != nil {
		return "", false, fmt.Errorf("use ticket: %w", err)
	}
	return id, again, nil
}

// fetchable locks an export that the actor asked for, may still have as it was
// made, and that is there. Going on needs no download that is left.
func (s *Service) fetchable(tx *db.Tx, id ident.ExportID, again bool) (Export, error) {
	access, err := s.guard.Require(tx, rbac.ExportDownload)
	if err != nil {
		return Export{}, err
	}
	e, err := lock(tx, id)
	if err != nil {
		return Export{}, err
	}
	if e.AskedBy != tx.Scope.Actor {
		return Export{}, ErrNotFound
	}
	switch {
	case e.Status != StatusReady || !tx.Now.Before(*e.ExpiresAt):
		return Export{}, ErrNotReady
	case e.DownloadsLeft == 0 && !again:
		return Export{}, ErrUsedUp
	}
	p, err := planOf(tx, id)
	if err != nil {
		return Export{}, err
	}
	var made string
	if err := tx.Raw(`SELECT jsonb_extract_path_text(manifest, 'scope') FROM export WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&made); err != nil {
		return Export{}, fmt.Errorf("read scope of export %s: %w", id, err)
	}
	chosen := selecting(access, tx, p.limits)
	if chosen.fingerprint() != made {
		return Export{}, ErrRightGone
	}
	return e, stillHeld(tx, access, id, chosen.profile)
}
