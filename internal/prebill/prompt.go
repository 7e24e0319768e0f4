package prebill

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Prompt is what the client may leave out of the fees, before tax, when it pays within so
// many days of the invoice. The zero value is nothing.
type Prompt struct {
	Days  int   `json:"days"`
	Minor int64 `json:"minor"`
}

// and adds what another version of the arrangement gives: the invoice states one day, and it
// is the earliest of theirs.
func (p Prompt) and(x Prompt) Prompt {
	switch {
	case x.Minor <= 0:
		return p
	case p.Minor == 0:
		return x
	}
	return Prompt{min(p.Days, x.Days), p.Minor + x.Minor}
}

// promptAfter leaves out the share of a discount that would be on what people took off the
// fees as a whole.
func (o *outcome) promptAfter(cut int64) error {
	fees := int64(0)
	for _, x := range o.parts {
		fees += x.FeesMinor
	}
	if o.prompt.Minor == 0 || cut <= 0 {
		return nil
	}
	if cut >= fees {
		o.prompt = Prompt{}
		return nil
	}
	parts, err := money.Split(o.prompt.Minor, []int64{fees - cut, cut})
	if err != nil {
		return err
	}
	o.prompt.Minor = parts[0]
	if parts[0] == 0 {
		o.prompt = Prompt{}
	}
	return nil
}

func promptOf(tx *db.Tx, id ident.PrebillID) (p Prompt, err error) {
	err = tx.Raw(`SELECT prompt_days, prompt_minor FROM prebill WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&p.Days, &p.Minor)
	if err != nil {
		return p, fmt.Errorf("load the prompt discount of pre-bill %s: %w", id, err)
	}
	return p, nil
}

func keepPrompt(tx *db.Tx, id ident.PrebillID, p Prompt) error {
	err := tx.Exec(`UPDATE prebill SET prompt_days = ?, prompt_minor = ? WHERE firm_id = ? AND id = ?`, p.Days, p.Minor, tx.Scope.Firm, id).Error
	if err != nil {
		return fmt.Errorf("keep the prompt discount of pre-bill %s: %w", id, err)
	}
	return nil
}
