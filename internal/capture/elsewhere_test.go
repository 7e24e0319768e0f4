package capture

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/guideline"
)

// Why a cost cannot go to a matter names the currency that it was paid in, and not the one that it
// was converted to.
func TestAConvertedCostSaysWhatItWasPaidIn(t *testing.T) {
	t.Parallel()
	r := Rehomed{To: Entry{Kind: guideline.Expense, Currency: "USD", Converted: exchange.Conversion{ID: "x", From: "EUR"}}}
	why, err := r.settle(masters{}, &matterFacts{Number: "M-2", Currency: "EUR"})
	if err != nil || !strings.HasPrefix(why, "was paid in EUR, stands in USD here and M-2 is billed in EUR") {
		t.Errorf("%q, %v", why, err)
	}
}
