package receivable

import (
	"testing"

	"github.com/docketry/docketry/internal/invoice"
)

// A year of the largest payments, each years after its invoice, still has an average.
func TestPaceOfLargePayments(t *testing.T) {
	t.Parallel()
	const on = invoice.Day("2026-03-02")
	var paid []settled
	for range 400 {
		paid = append(paid, settled{On: on, Minor: MaxMinor, Days: float64(MaxMinor) * 3652.5, Terms: float64(MaxMinor) * 30})
	}
	p := pace(paid, on, func(settled) bool { return true })
	if p.Paid != 400*MaxMinor || p.DaysE1 != 36525 || p.TermsE1 != 300 {
		t.Errorf("pace %+v", p)
	}
}
