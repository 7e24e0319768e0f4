package href

import "github.com/docketry/docketry/internal/ident"

// MatterRecoveries is what came in on a matter: GET the list, POST another.
func MatterRecoveries(f ident.FirmID, m ident.MatterID) string { return Matter(f, m) + "/recoveries" }

// MatterRecovery is one recovery; correcting, confirming and withdrawing are below.
func MatterRecovery(f ident.FirmID, id ident.RecoveryID) string {
	return one(f, "matter-recoveries", id)
}

// Writing is the signed writing of an arrangement: GET the file, POST another; removing is below.
func Writing(f ident.FirmID, id ident.ArrangementID) string { return Arrangement(f, id) + "/writing" }

// Closing is the closing statement of a pre-bill.
func Closing(f ident.FirmID, id ident.PrebillID) string { return Prebill(f, id) + "/closing" }
