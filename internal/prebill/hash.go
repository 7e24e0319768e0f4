package prebill

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// approvable is what an approval is for, in a form that is always the same bytes
// for the same content: fixed field order, no clock, no float, no map.
type approvable struct {
	Form     int              `json:"form"`
	Prebill  ident.PrebillID  `json:"prebill"`
	Matter   ident.MatterID   `json:"matter"`
	Payor    ident.PayorID    `json:"payor"`
	Currency money.Currency   `json:"currency"`
	From     string           `json:"period_from,omitempty"`
	Through  string           `json:"through"`
	Lines    []approvableLine `json:"lines"`
	Charges  []Charge         `json:"charges,omitempty"`
	Prompt   *Prompt          `json:"prompt,omitempty"`
	Shares   []Share          `json:"shares,omitempty"`
	Cuts     []approvableCut  `json:"cuts,omitempty"`
	Closing  *Closing         `json:"closing,omitempty"`
}

type approvableCut struct {
	ID     ident.CutID  `json:"id"`
	Minor  int64        `json:"minor"`
	Reason amend.Reason `json:"reason"`
}

type approvableLine struct {
	ID         ident.PrebillLine  `json:"id"`
	Entry      ident.EntryID      `json:"entry"`
	Position   int                `json:"position"`
	Kind       string             `json:"kind"`
	On         string             `json:"on"`
	Timekeeper ident.TimekeeperID `json:"timekeeper"`
	Value      int64              `json:"value_minor"`
	amend.Content
	Arranged *Arranged           `json:"arranged,omitempty"`
	Merges   []ident.PrebillLine `json:"merges,omitempty"` // the lines that it stands for
}

// hash is the SHA-256 of everything that an approval covers: every line with its
// text, codes, hours, rate, value and hold, with what its arrangement makes of it, and
// what is charged beside them or taken off the fees as a whole, what prompt payment takes off,
// what each payor pays of a bill that is split, and the closing statement of a contingent fee.
// Lines stand in their position.
func (s *sheet) hash(p *Prebill) (string, error) {
	a := approvable{Form: 1, Prebill: p.ID, Matter: p.MatterID, Payor: p.PayorID, Currency: p.Currency, Through: p.ThroughOn.Format(time.DateOnly)}
	if p.PeriodFrom != nil {
		a.From = day(*p.PeriodFrom)
	}
	a.Charges, a.Shares, a.Closing = s.charges, s.shares, s.closing
	if s.prompt != (Prompt{}) {
		a.Prompt = &s.prompt
	}
	for _, l := range s.lines {
		x := approvableLine{
			ID: l.ID, Entry: l.EntryID, Position: l.Position, Kind: string(l.Kind), On: l.On.Format(time.DateOnly), Timekeeper: l.Timekeeper,
			Value: l.Value, Content: l.Content,
		}
		if len(l.Sources) > 0 {
			x.Merges = idsOf(l.Sources)
		}
		if l.Arranged != (Arranged{}) {
			x.Arranged = &l.Arranged
		}
		a.Lines = append(a.Lines, x)
	}
	for _, c := range s.cuts {
		if c.Stands() {
			a.Cuts = append(a.Cuts, approvableCut{c.ID, c.Minor, c.Reason})
		}
	}
	b, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("hash pre-bill %s: %w", p.ID, err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
