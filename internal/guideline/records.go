package guideline

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// records are findings by column, for one statement.
type records struct {
	ids                                                                                              []ident.FindingID
	entries                                                                                          []ident.EntryID
	lines                                                                                            []*string
	versions                                                                                         []int
	risks                                                                                            []int64
	proposals                                                                                        []*string
	rules, severities, fields, observed, expected, params, messages, fixes, currencies, titles, keys []string
}

func (r *records) add(tx *db.Tx, s Subject, f Finding) error {
	var proposal, line *string
	if f.Proposal != nil {
		b, err := json.Marshal(f.Proposal)
		if err != nil {
			return fmt.Errorf("encode proposal of %s: %w", f.Rule, err)
		}
		text := string(b)
		proposal = &text
	}
	if s.Line != "" {
		text := string(s.Line)
		line = &text
	}
	r.ids = append(r.ids, ident.New[ident.FindingID](tx.Now))
	r.entries, r.lines = append(r.entries, s.Entry), append(r.lines, line)
	r.rules, r.versions = append(r.rules, f.Rule), append(r.versions, f.Version)
	r.severities, r.fields = append(r.severities, string(f.Severity)), append(r.fields, f.Field)
	r.observed, r.expected, r.params = append(r.observed, clean(f.Observed)), append(r.expected, f.Expected), append(r.params, f.Params)
	r.messages, r.fixes = append(r.messages, clean(f.Message)), append(r.fixes, f.Fix)
	r.proposals, r.risks, r.currencies = append(r.proposals, proposal), append(r.risks, f.AtRiskMinor), append(r.currencies, string(s.Currency))
	title := f.Title
	if _, builtIn := RuleByID(f.Rule); builtIn {
		title = "" // the program's name for it is the present one
	}
	r.titles = append(r.titles, title)
	r.keys = append(r.keys, s.key()+" "+f.Rule+" "+f.Field)
	return nil
}

// clean takes out what PostgreSQL text cannot hold.
func clean(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "") }

func (s Subject) key() string {
	if s.Line != "" {
		return string(s.Line)
	}
	return string(s.Entry)
}
