package evidence

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Service packs evidence.
type Service struct {
	db     *db.DB
	guard  *authz.Guard
	policy *rbac.Policy
	log    *audit.Service
}

// New returns a Service.
func New(d *db.DB, g *authz.Guard, p *rbac.Policy, log *audit.Service) *Service {
	return &Service{d, g, p, log}
}

// Write packs the evidence of the scope's firm in a period into w, as a ZIP file. It
// needs audit.export and grant.read over the whole firm, and is itself recorded. ErrPeriod
// and ErrForbidden come before the first byte.
func (s *Service) Write(ctx context.Context, w io.Writer, p Period) error {
	var m Manifest
	var sheets []sheet
	err := s.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := p.validate(tx.Now); err != nil {
			return err
		}
		for _, needed := range []rbac.Permission{rbac.AuditExport, rbac.GrantRead} {
			if a, err := s.guard.Require(tx, needed); err != nil {
				return err
			} else if !a.WholeFirm() {
				return authz.ErrForbidden
			}
		}
		m = Manifest{Firm: string(tx.Scope.Firm), From: p.From.UTC().Format(instants), To: p.To.UTC().Format(instants), Made: tx.Now.UTC().Format(instants), By: string(tx.Scope.Actor)}
		var err error
		if sheets, err = s.sheets(tx, p); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "evidence.exported", Object: "firm", ID: string(tx.Scope.Firm), Class: audit.C2, Permission: string(rbac.AuditExport),
			Detail: map[string]any{"from": m.From, "to": m.To}})
	})
	if err != nil {
		return err
	}
	a := &archive{zip: zip.NewWriter(w), at: s.db.Clock().Now()}
	if err := a.add("README.txt", func(w io.Writer) (int, error) { _, err := io.WriteString(w, guide); return 0, err }); err != nil {
		return err
	}
	for _, x := range sheets {
		if err := a.add(x.name, func(w io.Writer) (int, error) { return len(x.rows), export.WriteTable(w, x.head, x.rows) }); err != nil {
			return err
		}
	}
	if err := a.add("looks.csv", func(w io.Writer) (int, error) { return s.looks(ctx, w, p) }); err != nil {
		return err
	}
	if err := s.proof(ctx, a); err != nil {
		return err
	}
	return a.close(m)
}

// looks writes the access log of the period, page by page.
func (s *Service) looks(ctx context.Context, w io.Writer, p Period) (n int, err error) {
	if err := export.WriteRows(w, [][]string{audit.LookHead}); err != nil {
		return 0, err
	}
	for req := (page.Request{Size: page.MaxSize}); ; {
		list, err := s.log.Looks(ctx, audit.LookFilter{From: p.From, To: p.To}, req)
		if err != nil {
			return n, err
		}
		rows := make([][]string, len(list.Items))
		for i, l := range list.Items {
			rows[i] = l.Row()
		}
		if err := export.WriteRows(w, rows); err != nil {
			return n, err
		}
		n += len(rows)
		if req.After = list.Next; list.Next == "" {
			return n, nil
		}
	}
}

// proof adds the log's own proof file, where there is a seal.
func (s *Service) proof(ctx context.Context, a *archive) error {
	var b bytes.Buffer
	err := s.log.Bundle(ctx, &b)
	if errors.Is(err, audit.ErrUnsealed) {
		return nil
	}
	if err != nil {
		return err
	}
	return a.add("audit-proof.jsonl", func(w io.Writer) (int, error) {
		lines := bytes.Count(b.Bytes(), []byte("\n"))
		_, err := b.WriteTo(w)
		return lines, err
	})
}

// archive is a ZIP file that keeps account of what goes into it.
type archive struct {
	zip  *zip.Writer
	at   time.Time
	held []Held
}

// counted is a file on its way into the archive.
type counted struct {
	io.Writer
	sum hash.Hash
}

func (c counted) Write(p []byte) (int, error) {
	c.sum.Write(p)
	return c.Writer.Write(p)
}

func (a *archive) add(name string, write func(w io.Writer) (rows int, err error)) error {
	f, err := a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.at.UTC()})
	if err != nil {
		return fmt.Errorf("begin %s: %w", name, err)
	}
	sum := sha256.New()
	rows, err := write(counted{f, sum})
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	a.held = append(a.held, Held{name, rows, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

func (a *archive) close(m Manifest) error {
	m.Files = a.held
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	f, err := a.zip.CreateHeader(&zip.FileHeader{Name: "manifest.json", Method: zip.Deflate, Modified: a.at.UTC()})
	if err == nil {
		_, err = f.Write(append(text, '\n'))
	}
	return errors.Join(err, a.zip.Close())
}
