package guideline

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// records are findings by column, for one statement.
type records struct {
	ids                                                                                              []ident.FindingID
	entries, lines, prebills                                                                         []*string
	versions                                                                                         []int
	risks                                                                                            []int64
	proposals                                                                                        []*string
	rules, severities, fields, observed, expected, params, messages, fixes, currencies, titles, keys []string
}

func (r *records) add(tx *db.Tx, s Subject, f Finding) error {
	var proposal *string
	if f.Proposal != nil {
		b, err := json.Marshal(f.Proposal)
		if err != nil {
			return fmt.Errorf("encode proposal of %s: %w", f.Rule, err)
		}
		text := string(b)
		proposal = &text
	}
	r.ids = append(r.ids, ident.New[ident.FindingID](tx.Now))
	r.entries, r.lines, r.prebills = append(r.entries, orNone(s.Entry)), append(r.lines, orNone(s.Line)), append(r.prebills, orNone(s.Prebill))
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
	return cmp.Or(string(s.Prebill), string(s.Line), string(s.Entry))
}
