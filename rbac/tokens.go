package rbac

import (
	"slices"
	"strings"
)

// forPeople are the permissions that a program's token never carries: who may do
// what, keys and tokens, and acts that ask a person for a factor (SECURITY T08, 5).
var forPeople = []Permission{
	FirmCreate, FirmBank, FirmSSO, ContactVerify,
	PrebillApprove, CreditNoteIssue, AgreementPublish, AgreementApprove,
	ExportRequest, ExportApprove, ExportBuild, ExportDownload,
	AuditExport, JobRetry, SLASweep, InvoiceIssue, TrustOpen, TrustPost, TrustFreeze, TrustApprove, TrustSign,
}

// objectsForPeople are the objects of which a token may do nothing at all.
var objectsForPeople = []string{"grant", "break_glass", "conflict", "role", "wall", "undertaking", "training", "requirement", "deputy", "person", "session", "token", "webhook", "connector"}

// ForToken tells whether a token may carry p.
func ForToken(p Permission) bool {
	object, _, _ := strings.Cut(string(p), ".")
	return Known(p) && !slices.Contains(forPeople, p) && !slices.Contains(objectsForPeople, object)
}
