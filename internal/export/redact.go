package export

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// courtRows is how many lines a person is asked to read, as many as one may read in ten
// minutes before the firm is told (SECURITY 7).
const courtRows = 2000

// termLetters is how many letters the words to black out have together: the database takes
// half a second for their pattern, and a quarter of a minute for three times as many.
const termLetters = 6000

// terms are what a request blacks out, each once.
func (n NewRequest) terms() []string { return cleanTerms(n.Redact) }

func cleanTerms(all []string) []string {
	out := make([]string, 0, len(all))
	for _, t := range all {
		if t = strings.Join(strings.Fields(t), " "); t != "" {
			out = append(out, t)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (n NewRequest) checkTerms(fs *fault.Fields) {
	if len(n.Redact) > 0 && n.Audience != AudienceCourt {
		fs.Add("redact", "redact_unused", "words are blacked out for a court only; the others get a narrative whole or not at all")
	}
	checkTerms(n.Redact, fs)
}

func checkTerms(terms []string, fs *fault.Fields) {
	if len(terms) > 200 {
		fs.Add("redact", "too_many", "name at most 200 words to black out")
	}
	all := 0
	for _, t := range terms {
		if all += utf8.RuneCountInString(t); all > termLetters {
			fs.Add("redact", "too_many", "the words to black out have at most 6,000 letters together")
			return
		}
		if l := utf8.RuneCountInString(strings.TrimSpace(t)); l > 100 || l == 1 {
			fs.Add("redact", "text_length", "a word to black out has 2 to 100 characters")
			return
		}
		if t = strings.TrimSpace(t); t != "" && (empty(t) || strings.ContainsFunc(t, unicode.IsControl)) {
			fs.Add("redact", "text_unfit", "a word to black out has letters or digits, and stands on one line")
			return
		}
	}
}

// fits refuses what names something that the actor may not know of, as if it were not there.
func fits(tx *db.Tx, access *authz.Access, n NewRequest) error {
	if n.Audience == AudienceCourt {
		for _, m := range n.Matters {
			if err := access.RequireMatter(tx, m); err != nil {
				return err
			}
		}
	}
	if len(n.Invoices) == 0 {
		return nil
	}
	cond, args := access.MattersSeeing("m", authz.C2)
	var missing int
	err := tx.Raw(`SELECT count(*) FROM unnest(?::uuid[]) x(id) WHERE NOT EXISTS (SELECT FROM invoice i JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
		WHERE i.firm_id = ? AND i.id = x.id AND `+cond+`)`, append([]any{db.Strings(ident.Strings(n.Invoices)), tx.Scope.Firm}, args...)...).Row().Scan(&missing)
	if err != nil {
		return fmt.Errorf("look for the invoices of an export: %w", err)
	}
	if missing > 0 {
		return ErrNotFound
	}
	return nil
}

// enough refuses what its audience would get too little or too much of.
func (n NewRequest) enough(rows, narratives int64) error {
	switch {
	case n.Audience != AudienceCourt:
		return nil
	case rows > courtRows:
		return ErrTooLong
	case narratives < rows:
		return ErrText
	default:
		return nil
	}
}

// reading is the text of a file as it is written, or read before: its hash.
type reading struct{ sum hash.Hash }

func readingFor(a Audience) reading {
	if a != AudienceCourt {
		return reading{}
	}
	return reading{sha256.New()}
}

func (t reading) add(r *row) {
	if t.sum != nil {
		t.line(r.id(), r.texts[r.words].String)
	}
}

func (t reading) line(id, text string) { fmt.Fprintf(t.sum, "%s %d %s\n", id, len(text), text) }

func (t reading) hash() string { return hex.EncodeToString(t.sum.Sum(nil)) }

// reviewed is ErrReviewed when a court's text is another than what was reviewed.
func (b *builder) reviewed() error {
	if b.text.sum != nil && b.text.hash() != b.plan.review {
		return ErrReviewed
	}
	return nil
}

// Text is what a court would read of the narratives, beside what the record says.
type Text struct {
	Export Export
	Terms  []string
	Lines  []TextLine
	Hash   string // of the text as it would leave: who confirms says which they read
}

// TextLine is one narrative.
type TextLine struct {
	Entry      ident.EntryID
	WorkedOn   string
	Timekeeper string
	Record     string
	Leaves     string // as the court would read it
	Withheld   bool
}

// Text gives who reviews a court's export all of its narratives, with what is blacked
// out. It needs export.approve and sight of every one of them (ErrText); who asked
// cannot (ErrOwn). It is a look (C3).
func (s *Service) Text(ctx context.Context, id ident.ExportID) (t Text, err error) {
	err = s.reviewing(ctx, id, func(tx *db.Tx, mine *authz.Access, file selection, p plan) error {
		if t, err = textOf(tx, mine, file, p); err != nil {
			return err
		}
		t.Export, err = one(tx, id, "")
		if err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "export.text_read", Object: "export", ID: string(id), Class: audit.C3, Permission: string(rbac.ExportApprove),
			Detail: map[string]any{"lines": len(t.Lines)}})
	})
	return t, err
}

// Redact says anew what of a court's text is blacked out, and which entries' text is
// withheld altogether. What was confirmed before is not any more.
func (s *Service) Redact(ctx context.Context, id ident.ExportID, version int, terms []string, withheld []ident.EntryID) error {
	var fs fault.Fields
	checkTerms(terms, &fs)
	if len(withheld) > courtRows {
		fs.Add("withhold", "too_many", "withhold at most 2,000 lines")
	}
	if err := fs.Err(ErrInput); err != nil {
		return err
	}
	return s.reviewing(ctx, id, func(tx *db.Tx, mine *authz.Access, file selection, p plan) error {
		t, err := textOf(tx, mine, file, p)
		if err != nil {
			return err
		}
		there := map[ident.EntryID]bool{}
		for _, l := range t.Lines {
			there[l.Entry] = true
		}
		for _, e := range withheld {
			if !there[e] {
				return ErrNotFound
			}
		}
		if err := undecided(tx, id, version); err != nil {
			return err
		}
		err = change(tx, id, `redact_terms = ?::text[], withhold_ids = ?::uuid[], reviewed_by = NULL, reviewed_at = NULL, review_hash = NULL`,
			db.Strings(cleanTerms(terms)), db.Strings(ident.Strings(withheld)))
		if err != nil {
			return err
		}
		return record(tx, "export.redacted", id, rbac.ExportApprove, map[string]any{"terms": len(terms), "withheld": len(withheld)})
	})
}

// Confirm is the reviewer's word that they have read a court's text as it would leave:
// that text, by its hash, and no other leaves. ErrStale when it is another by now.
func (s *Service) Confirm(ctx context.Context, id ident.ExportID, version int, read string) error {
	return s.reviewing(ctx, id, func(tx *db.Tx, mine *authz.Access, file selection, p plan) error {
		t, err := textOf(tx, mine, file, p)
		if err != nil {
			return err
		}
		if t.Hash != read {
			return ErrStale
		}
		if err := undecided(tx, id, version); err != nil {
			return err
		}
		if err := change(tx, id, `reviewed_by = ?, reviewed_at = ?, review_hash = ?`, tx.Scope.Actor, tx.Now, t.Hash); err != nil {
			return err
		}
		return record(tx, "export.reviewed", id, rbac.ExportApprove, map[string]any{"lines": len(t.Lines), "text": audit.Digest(t.Hash)})
	})
}

// undecided locks an export that nobody has approved yet.
func undecided(tx *db.Tx, id ident.ExportID, version int) error {
	e, err := lock(tx, id)
	switch {
	case err != nil:
		return err
	case e.Version != version:
		return ErrStale
	case e.Status != StatusAsked || e.ApprovedAt != nil:
		return ErrDecided
	default:
		return nil
	}
}

// reviewing is for who may read a court's text before it leaves: not who asked.
func (s *Service) reviewing(ctx context.Context, id ident.ExportID, do func(tx *db.Tx, mine *authz.Access, file selection, p plan) error) error {
	var e Export
	var p plan
	enter := func(do func(tx *db.Tx, mine *authz.Access) error) error {
		return s.db.InFirm(ctx, func(tx *db.Tx) error {
			mine, err := s.guard.Require(tx, rbac.ExportApprove)
			if err != nil {
				return err
			}
			if e, err = one(tx, id, ""); err != nil {
				return err
			}
			switch {
			case e.Audience != AudienceCourt:
				return ErrNotFound
			case e.AskedBy == tx.Scope.Actor:
				return ErrOwn
			case e.Status != StatusAsked:
				return ErrDecided
			}
			if p, err = planOf(tx, id); err != nil {
				return err
			}
			return do(tx, mine)
		})
	}
	if err := enter(func(*db.Tx, *authz.Access) error { return nil }); err != nil {
		return err
	}
	asker, err := s.rightsOf(ctx, e.AskedBy, p)
	if err != nil {
		return err
	}
	return enter(func(tx *db.Tx, mine *authz.Access) error { return do(tx, mine, selecting(asker, tx, p.limits), p) })
}

// textOf reads all narratives of a court's file: who reviews sees each of them.
func textOf(tx *db.Tx, mine *authz.Access, file selection, p plan) (t Text, err error) {
	rows, _, err := file.count(tx)
	if err != nil {
		return t, fmt.Errorf("count the text: %w", err)
	}
	both := file.and(selecting(mine, tx, p.limits))
	seen, told, err := both.count(tx)
	switch {
	case err != nil:
		return t, fmt.Errorf("count the text: %w", err)
	case seen != rows || told != rows:
		return t, ErrText
	case rows > courtRows:
		return t, ErrTooLong
	}
	q, args := both.sql(`, e.narrative`, "")
	list, err := tx.Raw(q, args...).Rows()
	if err != nil {
		return t, fmt.Errorf("read the text: %w", err)
	}
	defer list.Close()
	return readText(list, both.profile, p)
}

func readText(list *sql.Rows, profile profile, p plan) (t Text, err error) {
	t.Terms = p.terms
	r, sum := profile.row(), readingFor(p.audience)
	on, by := profile.column("worked_on"), profile.column("timekeeper")
	for list.Next() {
		var l TextLine
		if err := r.read(list, &l.Record); err != nil {
			return t, err
		}
		sum.add(r)
		l.Entry, l.WorkedOn, l.Timekeeper, l.Leaves = ident.EntryID(r.id()), r.cell(on), r.cell(by), r.cell(r.words)
		l.Withheld = slices.Contains(p.withheld, r.id())
		t.Lines = append(t.Lines, l)
	}
	t.Hash = sum.hash()
	return t, list.Err()
}
