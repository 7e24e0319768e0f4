package api

import (
	"testing"

	"github.com/docketry/docketry/internal/trust"
)

// TestALedgerOfAPastDayTellsNotWhatWasFree: what was disputed then is not known, and none
// disputed would be a wrong answer.
func TestALedgerOfAPastDayTellsNotWhatWasFree(t *testing.T) {
	t.Parallel()
	l := trust.Ledger{Currency: "USD", BalanceMinor: 90_000, FrozenMinor: 40_000}
	if now := toTrustLedger(l); now.Free == nil || now.Frozen == nil || now.Balance == nil {
		t.Errorf("now: %+v", now)
	}
	if then := toTrustLedgerThen(l); then.Free != nil || then.Frozen != nil || then.Balance == nil {
		t.Errorf("then: %+v", then)
	}
}
