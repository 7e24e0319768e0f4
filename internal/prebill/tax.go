package prebill

import (
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/tax"
)

// taxed is who pays a bill, or a share of it, with what decides how it is taxed.
type taxed struct {
	tax.Choice `gorm:"embedded"`
	TaxID      string         // of the payor
	OwnShare   bool           // the share has a rate of its own
	Rate       money.Fraction // the one rate of share or matter, with Note
	Note       string
}

// taxesOf are the payors of a bill, in the order of their shares.
func taxesOf(tx *db.Tx, id ident.PrebillID) (list []taxed, err error) {
	err = tx.Raw(`SELECT coalesce(p.treatment_id::text, '') AS payor, coalesce(m.treatment_id::text, '') AS matter, coalesce(c.treatment_id::text, '') AS client,
			coalesce(f.treatment_id::text, '') AS firm, m.tax_rate_e6 > 0 OR m.tax_note <> '' AS own, p.tax_id, x.tax_rate_e6 IS NOT NULL AS own_share,
			coalesce(x.tax_rate_e6, m.tax_rate_e6) AS rate, CASE WHEN x.tax_rate_e6 IS NULL THEN m.tax_note ELSE x.tax_note END AS note
		FROM prebill b JOIN matter m ON m.firm_id = b.firm_id AND m.id = b.matter_id JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id JOIN firm f ON f.firm_id = b.firm_id
		LEFT JOIN prebill_share x ON x.firm_id = b.firm_id AND x.prebill_id = b.id JOIN payor p ON p.firm_id = b.firm_id AND p.id = coalesce(x.payor_id, b.payor_id)
		WHERE b.firm_id = ? AND b.id = ? ORDER BY x.position`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("load how pre-bill %s is taxed: %w", id, err)
	}
	return list, nil
}

// taxDue holds what the invoices of a bill would charge on a day against what the treatments
// say (INV-10): the first payor for which they differ. known is false where no treatment says
// anything.
func taxDue(tx *db.Tx, p *Prebill, on time.Time) (found guideline.Tax, known bool, err error) {
	payors, err := taxesOf(tx, p.ID)
	if err != nil {
		return found, false, err
	}
	b, err := tax.Load(tx)
	if err != nil || len(b.Treatments) == 0 {
		return found, false, err
	}
	for i := range payors {
		x, says := payors[i].due(b, on.Format(time.DateOnly))
		if says && (!known || x.wrong()) {
			found, known = x.Tax, true
		}
		if known && x.wrong() {
			break
		}
	}
	return found, known, nil
}

// held is a tax with whether the rule will find it wrong.
type held struct{ guideline.Tax }

func (h held) wrong() bool {
	return h.Missing != "" || h.Reverse && (h.Applied != 0 || h.Note == "" || h.NoNumber) || !h.Reverse && h.Applied != h.Due
}

// due is what one payor is charged, and what is due. A rate of the matter's or the share's own
// is held against the treatment that would hold without it.
func (t taxed) due(b *tax.Book, day string) (held, bool) {
	own := t.OwnShare || t.ID() == ""
	c := t.Choice
	if own {
		c.Own = false
	}
	id := c.ID()
	if id == "" {
		return held{}, false
	}
	says, err := b.Treatment(id)
	if err != nil {
		return held{guideline.Tax{Missing: "The treatment is not known any more."}}, true
	}
	out := guideline.Tax{Reverse: says.Kind == tax.Reverse, NoNumber: t.TaxID == "", Note: says.Note}
	levies, err := b.Levies(says, day)
	if err != nil {
		out.Missing = sentence(err)
		return held{out}, true
	}
	out.Due, out.DueWords = tax.Whole(levies), tax.Words(levies)
	if out.Applied = out.Due; own {
		out.Applied, out.Note = t.Rate, t.Note
	}
	return held{out}, true
}

// sentence is a fault as a remark says it.
func sentence(err error) string {
	_, s, found := strings.Cut(err.Error(), ": ")
	if !found {
		s = err.Error()
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
