package notice

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
)

// Limits of the payor's door.
const (
	codeLife         = 10 * time.Minute
	codeTries        = 5
	codesPerContact  = 3 // in a quarter of an hour
	codesPerNetwork  = 20
	networkWindow    = time.Hour
	contactWindow    = 15 * time.Minute
	wrongPerContact  = 20 // wrong codes in a day, over all codes: a million cannot be tried through
	visitLife        = 30 * time.Minute
	visitTokenLength = 32
)

// AskCode sends a code to the address that the link stands for. Whether the link
// is ours, the contact may still be written to, or the limits are reached: the
// answer is the same, so that it tells nothing. network is the asker's /24 or /48.
func (s *Service) AskCode(ctx context.Context, link, network string) error {
	firm, contact, ok := s.Links.read(link)
	if !ok {
		return nil
	}
	err := s.DB.InFirm(scope.ForMachine(ctx, "payor_door", firm), func(tx *db.Tx) error {
		if err := tx.Lock("payor.code:" + string(contact)); err != nil { // the limit holds when many ask at once
			return err
		}
		full, err := askedEnough(tx, contact, network)
		if err != nil || full {
			return err
		}
		return s.sendCode(tx, contact, network)
	})
	if errors.Is(err, mail.ErrUnverified) || errors.Is(err, ErrNotFound) { // the contact or the firm is gone
		return nil
	}
	return err
}

func (s *Service) sendCode(tx *db.Tx, contact ident.ContactID, network string) error {
	code, err := newCode()
	if err != nil {
		return err
	}
	id := ident.New[string](tx.Now)
	firm, err := firmName(tx)
	if err != nil {
		return err
	}
	m := message(codeLetter(firm), contact, kindCode, "code:"+id, "Your one-time code")
	m.Code, m.ExpiresAt = code, tx.Now.Add(codeLife)
	if _, err := s.Mail.Queue(tx, m); err != nil {
		return err
	}
	// Only the newest code counts.
	if err := tx.Exec(`UPDATE payor_code SET expires_at = ? WHERE firm_id = ? AND contact_id = ? AND expires_at > ?`, tx.Now, tx.Scope.Firm, contact, tx.Now).Error; err != nil {
		return fmt.Errorf("end older codes of contact %s: %w", contact, err)
	}
	err = tx.Exec(`INSERT INTO payor_code (firm_id, id, contact_id, code_hash, network, created_at, expires_at) VALUES (?, ?, ?, decode(?, 'hex'), ?, ?, ?)`,
		tx.Scope.Firm, id, contact, hex.EncodeToString(s.codeHash(id, code.Reveal())), network, tx.Now, tx.Now.Add(codeLife)).Error
	if err != nil {
		return fmt.Errorf("keep code for contact %s: %w", contact, err)
	}
	return audit.Record(tx, audit.Entry{Action: "payor.code_sent", Object: "contact", ID: string(contact), Class: audit.C1})
}

// newCode is six random digits.
func newCode() (seal.Secret, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("make code: %w", err)
	}
	return seal.Secret(fmt.Sprintf("%06d", n)), nil
}

func (s *Service) codeHash(id, code string) []byte {
	return mac(s.Links.keys[0], "code", []byte(id), []byte(code))
}

// askedEnough tells that no further code is sent for now.
func askedEnough(tx *db.Tx, contact ident.ContactID, network string) (bool, error) {
	var byContact, byNetwork, wrong int
	err := tx.Raw(`SELECT count(*) FILTER (WHERE contact_id = ? AND created_at > ?), count(*) FILTER (WHERE network = ? AND created_at > ?),
			coalesce(sum(tries) FILTER (WHERE contact_id = ?), 0)
		FROM payor_code WHERE firm_id = ? AND created_at > ? AND (contact_id = ? OR network = ?)`,
		contact, tx.Now.Add(-contactWindow), network, tx.Now.Add(-networkWindow), contact, tx.Scope.Firm, tx.Now.Add(-24*time.Hour), contact, network).
		Row().Scan(&byContact, &byNetwork, &wrong)
	if err != nil {
		return false, fmt.Errorf("count codes of contact %s: %w", contact, err)
	}
	return byContact >= codesPerContact || byNetwork >= codesPerNetwork || wrong >= wrongPerContact, nil
}

// Enter takes the code and opens a visit. The cookie's value is shown nowhere else.
// ErrCode for a wrong, old or used code; five wrong ones end it.
func (s *Service) Enter(ctx context.Context, link, code, network string) (cookie seal.Secret, err error) {
	firm, contact, ok := s.Links.read(link)
	if !ok {
		return "", ErrCode
	}
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code)
	right := false
	err = s.DB.InFirm(scope.With(ctx, scope.Scope{Firm: firm, Contact: contact, RequestID: requestID(ctx)}), func(tx *db.Tx) error {
		if right, err = s.try(tx, contact, code); err != nil || !right {
			return err // a wrong try is committed: it counts
		}
		cookie, err = s.openVisit(tx, contact, network)
		return err
	})
	if err != nil {
		return "", err
	}
	if !right {
		return "", ErrCode
	}
	return cookie, nil
}

func (s *Service) try(tx *db.Tx, contact ident.ContactID, code string) (bool, error) {
	var id, kept string
	err := tx.Raw(`SELECT id, encode(code_hash, 'hex') FROM payor_code WHERE firm_id = ? AND contact_id = ? AND expires_at > ? AND used_at IS NULL AND tries < ?
		ORDER BY created_at DESC, id DESC LIMIT 1 FOR UPDATE`, tx.Scope.Firm, contact, tx.Now, codeTries).Row().Scan(&id, &kept)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read code of contact %s: %w", contact, err)
	}
	hash, err := hex.DecodeString(kept)
	if err != nil {
		return false, fmt.Errorf("read code of contact %s: %w", contact, err)
	}
	entry := audit.Entry{Action: "payor.entered", Object: "contact", ID: string(contact), Class: audit.C1}
	q, args := `UPDATE payor_code SET used_at = ? WHERE firm_id = ? AND id = ?`, []any{tx.Now, tx.Scope.Firm, id}
	right := len(hash) == sha256.Size && s.Links.made(hash, "code", []byte(id), []byte(code))
	if !right {
		entry.Result = "denied"
		q, args = `UPDATE payor_code SET tries = tries + 1 WHERE firm_id = ? AND id = ?`, args[1:]
	}
	if err := tx.Exec(q, args...).Error; err != nil {
		return false, fmt.Errorf("note try of contact %s: %w", contact, err)
	}
	return right, audit.Record(tx, entry)
}

func (s *Service) openVisit(tx *db.Tx, contact ident.ContactID, network string) (seal.Secret, error) {
	if _, err := visitor(tx, contact); err != nil {
		return "", err
	}
	token := make([]byte, visitTokenLength)
	if _, err := rand.Read(token); err != nil {
		return "", fmt.Errorf("open visit: %w", err)
	}
	hash := sha256.Sum256(token)
	err := tx.Exec(`INSERT INTO payor_session (firm_id, id, contact_id, token_hash, network, created_at, expires_at) VALUES (?, ?, ?, decode(?, 'hex'), ?, ?, ?)`,
		tx.Scope.Firm, ident.New[string](tx.Now), contact, hex.EncodeToString(hash[:]), network, tx.Now, tx.Now.Add(visitLife)).Error
	if err != nil {
		return "", fmt.Errorf("open visit of contact %s: %w", contact, err)
	}
	return seal.Secret(string(tx.Scope.Firm) + "." + base64.RawURLEncoding.EncodeToString(token)), nil
}

func requestID(ctx context.Context) string {
	s, err := scope.From(ctx)
	if err != nil {
		return ""
	}
	return s.RequestID
}
