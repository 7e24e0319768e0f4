package prebill

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/tax"
)

// Taxed is one payor that gets an invoice of a bill, with what decides how it is taxed.
type Taxed struct {
	tax.Choice `gorm:"embedded"`
	Bill       ident.PrebillID
	TaxID      string         // of the payor
	OwnShare   bool           // of a share of a split: Rate and Note are the payor's, as agreed
	Rate       money.Fraction // the one rate of share or matter, with Note
	Note       string
	Receiver   portal.Format // "" where the payor names none
	Named      string        // the receiver's name
}

// TaxedOf are the payors of bills that get an invoice, in the order of their shares. Whoever asks
// has decided already.
func TaxedOf(tx *db.Tx, bills ...ident.PrebillID) (list []Taxed, err error) {
	err = tx.Raw(`SELECT b.id AS bill, coalesce(p.treatment_id::text, '') AS payor, coalesce(m.treatment_id::text, '') AS matter, coalesce(c.treatment_id::text, '') AS client,
			coalesce(f.treatment_id::text, '') AS firm, m.tax_rate_e6 > 0 OR m.tax_note <> '' AS own, p.tax_id, coalesce(z.format, '') AS receiver, coalesce(z.name, '') AS named,
			x.tax_rate_e6 IS NOT NULL AS own_share, coalesce(x.tax_rate_e6, m.tax_rate_e6) AS rate, CASE WHEN x.tax_rate_e6 IS NULL THEN m.tax_note ELSE x.tax_note END AS note
		FROM prebill b JOIN matter m ON m.firm_id = b.firm_id AND m.id = b.matter_id JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id JOIN firm f ON f.firm_id = b.firm_id
		LEFT JOIN prebill_share x ON x.firm_id = b.firm_id AND x.prebill_id = b.id
		JOIN payor p ON p.firm_id = b.firm_id AND p.id = coalesce(x.payor_id, b.payor_id) LEFT JOIN portal z ON z.firm_id = p.firm_id AND z.id = p.portal_id
		WHERE b.firm_id = ? AND b.id = ANY (?::uuid[]) AND (x.payor_id IS NULL OR x.fees_minor <> 0 OR x.expenses_minor <> 0 OR x.position = 1)
		ORDER BY b.id, x.position`, tx.Scope.Firm, db.Array(bills)).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("load how pre-bills are taxed: %w", err)
	}
	return list, nil
}

// taxDue holds what the invoices of a bill would charge on a day against what the treatments
// say (INV-10): the first payor for which they differ. known is false where no treatment says
// anything.
func taxDue(tx *db.Tx, p *Prebill, on time.Time) (found guideline.Tax, known bool, err error) {
	payors, err := TaxedOf(tx, p.ID)
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
func (t *Taxed) due(b *tax.Book, day string) (held, bool) {
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
	text := err.Error()
	var f *fault.Error
	if errors.As(err, &f) {
		text = f.Message
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
