package amend_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

// quarter is 1.25 hours at 325.00, worth 406.25.
func quarter() amend.Work {
	w := amend.Work{Kind: guideline.Time, Value: 40_625, Recorded: amend.Recorded{Quantity: 12_500, Rate: 3_250_000, Amount: 40_625, Narrative: "Draft"}}
	w.Content = amend.Content{Quantity: 12_500, Rate: 3_250_000, Narrative: "Draft"}
	return w
}

func TestAnEnteredAmountStaysWhileItFits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		amount, bills int64
		hours         money.Fixed4
		down          int64
	}{
		{"above it", 40_000, 40_000, 13_000, 2_250},
		{"less than it", 40_000, 32_500, 10_000, 0},
		{"still enough", 30_000, 30_000, 10_000, 2_500},
		{"exactly it", 32_500, 32_500, 10_000, 0},
		{"no charge", 0, 0, 10_000, 32_500},
		{"nothing entered", 40_625, 32_500, 10_000, 0},
	} {
		w := quarter()
		if c.amount != w.Value {
			w.WriteDown = w.Value - c.amount
		}
		after, _, err := amend.Change{Quantity: &c.hours, Reason: amend.ReasonCourtesy}.Apply(w, terms())
		if err != nil || after.Amount() != c.bills || after.WriteDown != c.down {
			t.Errorf("%s: bills %d, %d off, %v", c.name, after.Amount(), after.WriteDown, err)
		}
	}
}

func TestTheLimitOfHoursSaysWhereItComesFrom(t *testing.T) {
	t.Parallel()
	more := money.Fixed4(20_000)
	for recorded, want := range map[money.Fixed4]string{
		12_500: "enter more than 0 and at most 1.3: 1.25 as recorded, rounded up to 1.3",
		13_000: "enter more than 0 and at most 1.3, as recorded",
	} {
		w := quarter()
		w.Recorded.Quantity = recorded
		_, _, err := amend.Change{Quantity: &more, Reason: amend.ReasonCourtesy}.Apply(w, terms())
		var f *fault.Error
		if !errors.As(err, &f) || f.Fields[0].Message != want {
			t.Errorf("%s recorded: %v", recorded, err)
		}
	}
}
