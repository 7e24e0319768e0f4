package href

import "github.com/docketry/docketry/internal/ident"

// TrustAccounts is a firm's trust accounts.
func TrustAccounts(f ident.FirmID) string { return list(f, "trust-accounts") }

// TrustAccount is one of them, with its ledgers.
func TrustAccount(f ident.FirmID, id ident.TrustAccount) string { return one(f, "trust-accounts", id) }

// TrustAccountAct is what is below an account: deposits, reconciliations, and where it closes.
func TrustAccountAct(f ident.FirmID, id ident.TrustAccount, act string) string {
	return TrustAccount(f, id) + "/" + act
}

// TrustLedger is what a matter has in an account, with its lines.
func TrustLedger(f ident.FirmID, id ident.TrustLedger) string { return one(f, "trust-ledgers", id) }

// TrustLedgerAct is what is below a ledger: requests, freeze, release.
func TrustLedgerAct(f ident.FirmID, id ident.TrustLedger, act string) string {
	return TrustLedger(f, id) + "/" + act
}

// TrustEntries is the list of deposits, refunds, transfers and reversals; Query narrows it.
func TrustEntries(f ident.FirmID) string { return list(f, "trust-entries") }

// TrustEntry is one of them with both sides.
func TrustEntry(f ident.FirmID, id ident.TrustEntry) string { return one(f, "trust-entries", id) }

// TrustRequests is what was asked to leave trust; Query narrows it.
func TrustRequests(f ident.FirmID) string { return list(f, "trust-requests") }

// TrustRequest is one request, and where it is decided.
func TrustRequest(f ident.FirmID, id ident.Withdrawal) string { return one(f, "trust-requests", id) }

// TrustReplenishments is the evergreen retainers below their floor.
func TrustReplenishments(f ident.FirmID) string { return list(f, "trust-replenishments") }

// MatterTrust is all that a matter has in trust, with what its retainer wants.
func MatterTrust(f ident.FirmID, m ident.MatterID) string { return Matter(f, m) + "/trust" }

// TrustReconciliation is one reconciliation.
func TrustReconciliation(f ident.FirmID, id ident.Reconcile) string {
	return one(f, "trust-reconciliations", id)
}
