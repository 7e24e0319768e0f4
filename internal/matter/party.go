package matter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/party"
)

// Parties are who else a matter is about, by name: those against the client, and those
// beside it (parents, guarantors, insurers). The firm enters them; they are of class C2
// and no other firm is ever shown them. The bureau's conflict check compares them
// (package people).
type Parties struct {
	Adverse []string
	Related []string
}

const (
	maxParties   = 100 // of one side of a matter
	maxPartyName = 200 // characters
)

// folded is p without blanks around the names, without empty ones, and with each name
// once, in the order of the alphabet. "Orrin Ltd" and "Orrin GmbH" are two names here,
// though they meet in a conflict check: what the firm wrote stays written.
func (p Parties) folded() Parties { return Parties{foldNames(p.Adverse), foldNames(p.Related)} }

func foldNames(names []string) (out []string) {
	for _, n := range names {
		n = strings.TrimSpace(n)
		if n == "" || slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, n) }) {
			continue
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

func (p Parties) validate(fs *fault.Fields) {
	side(fs, "adverse_parties", p.Adverse)
	side(fs, "related_parties", p.Related)
}

func side(fs *fault.Fields, field string, names []string) {
	if len(names) > maxParties {
		fs.Add(field, "parties_many", "enter at most %d names; these are %d", maxParties, len(names))
		return
	}
	for _, n := range names {
		var one fault.Fields
		text(&one, field, n, 1, maxPartyName)
		if one.Err(ErrInvalid) != nil {
			fs.Add(field, "party_form", "%q is not one line of at most %d characters; shorten it", brief(n), maxPartyName)
		} else if party.Normal(n) == "" {
			fs.Add(field, "party_empty", "%q has no letter or digit; write the name", brief(n))
		}
	}
}

// brief is enough of a name to find it by among others.
func brief(name string) string {
	const enough = 30
	if r := []rune(name); len(r) > enough {
		return string(r[:enough]) + "…"
	}
	return name
}

func partiesOf(tx *db.Tx, id ident.MatterID) (Parties, error) {
	list := []Matter{{ID: id}}
	err := fillParties(tx, list)
	return list[0].Parties, err
}

// fillParties gives the matters of a list their parties.
func fillParties(tx *db.Tx, list []Matter) error {
	if len(list) == 0 {
		return nil
	}
	at := make(map[ident.MatterID]int, len(list))
	ids := make([]string, len(list))
	for i, m := range list {
		at[m.ID], ids[i] = i, string(m.ID)
	}
	var rows []struct {
		MatterID   ident.MatterID
		Side, Name string
	}
	err := tx.Raw(`SELECT q.matter_id, q.side, q.name FROM matter_party q WHERE q.firm_id = ? AND q.matter_id = ANY (?::uuid[]) ORDER BY q.name COLLATE "C"`,
		tx.Scope.Firm, db.Array(ids)).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("load the parties of %d matters: %w", len(list), err)
	}
	for _, r := range rows {
		m := &list[at[r.MatterID]]
		if r.Side == "adverse" {
			m.Adverse = append(m.Adverse, r.Name)
		} else {
			m.Related = append(m.Related, r.Name)
		}
	}
	return nil
}

func insertParties(tx *db.Tx, id ident.MatterID, p Parties) error {
	for side, names := range map[string][]string{"adverse": p.Adverse, "related": p.Related} {
		for _, n := range names {
			err := tx.Exec(`INSERT INTO matter_party (firm_id, id, matter_id, side, name) VALUES (?, ?, ?, ?, ?)`,
				tx.Scope.Firm, ident.New[ident.PartyID](tx.Now), id, side, n).Error
			if err != nil {
				return fmt.Errorf("insert a party of matter %s: %w", id, err)
			}
		}
	}
	return nil
}

// replaceParties writes a matter's parties anew where they have changed.
func replaceParties(tx *db.Tx, id ident.MatterID, before, after Parties) error {
	if slices.Equal(before.Adverse, after.Adverse) && slices.Equal(before.Related, after.Related) {
		return nil
	}
	if err := tx.Exec(`DELETE FROM matter_party WHERE firm_id = ? AND matter_id = ?`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("remove the parties of matter %s: %w", id, err)
	}
	return insertParties(tx, id, after)
}
