package href

import "github.com/docketry/docketry/internal/ident"

// Invoices is the list of a firm's invoices.
func Invoices(f ident.FirmID) string { return list(f, "invoices") }

// Invoice is one invoice.
func Invoice(f ident.FirmID, id ident.InvoiceID) string { return one(f, "invoices", id) }

// InvoiceAct is a form below an invoice and where it posts: credit, send, remind, files.
func InvoiceAct(f ident.FirmID, id ident.InvoiceID, act string) string {
	return Invoice(f, id) + "/" + act
}

// CreditFile is a file of a credit note: its PDF where the format is "".
func CreditFile(f ident.FirmID, id ident.CreditNoteID, format string) string {
	return Query(Firm(f)+"/credit-notes/"+string(id)+"/file", "format", format)
}

// Document is a file of an invoice: pdf, ledes-1998b, ledes-98bi-v2, ledes-xml-21.
func Document(f ident.FirmID, id ident.InvoiceID, kind string) string {
	return Invoice(f, id) + "/documents/" + kind
}

// ReminderSkip posts the reason why a planned reminder is left out.
func ReminderSkip(f ident.FirmID, id ident.InvoiceID, r ident.ReminderID) string {
	return Invoice(f, id) + "/reminders/" + string(r) + "/skip"
}

// Receivables is what is open, by age.
func Receivables(f ident.FirmID) string { return list(f, "receivables") }

// ReceivablesOpen is the invoices behind one figure of the report; what is "" is not narrowed.
func ReceivablesOpen(f ident.FirmID, on, by, currency, payor, client, age string) string {
	return Query(Receivables(f)+"/open", "on", on, "by", by, "currency", currency, "payor", payor, "client", client, "age", age)
}

// Payments is the list of money received.
func Payments(f ident.FirmID) string { return list(f, "payments") }

// PaymentNew is the form for money received.
func PaymentNew(f ident.FirmID) string { return Payments(f) + "/new" }

// Payment is one payment with what it settles.
func Payment(f ident.FirmID, id ident.PaymentID) string { return one(f, "payments", id) }

// PaymentAllocate is where shares of a payment are set against invoices.
func PaymentAllocate(f ident.FirmID, id ident.PaymentID) string { return Payment(f, id) + "/allocate" }

// Submissions is a firm's e-bills at their receivers; href.Query narrows it.
func Submissions(f ident.FirmID) string { return list(f, "submissions") }

// Disputes are what clients dispute of invoices, those that have not ended.
func Disputes(f ident.FirmID) string { return list(f, "disputes") }

// Dispute is one of them.
func Dispute(f ident.FirmID, id ident.DisputeID) string { return one(f, "disputes", id) }

// Submission is one version of an invoice's e-bill at its receiver.
func Submission(f ident.FirmID, id ident.SubmissionID) string { return one(f, "submissions", id) }

// SubmissionAct is what is below a submission: its file, and where answer, accept and appeals post.
func SubmissionAct(f ident.FirmID, id ident.SubmissionID, act string) string {
	return Submission(f, id) + "/" + act
}

// AppealPapers takes a file that speaks for an appeal.
func AppealPapers(f ident.FirmID, id ident.SubmissionID, a ident.AppealID) string {
	return SubmissionAct(f, id, "appeals") + "/" + string(a) + "/papers"
}

// AppealPaper is the file itself.
func AppealPaper(f ident.FirmID, id ident.SubmissionID, a ident.AppealID, p ident.AppealPaperID) string {
	return AppealPapers(f, id, a) + "/" + string(p)
}

// AppealOutcome is where the receiver's word on an appeal posts.
func AppealOutcome(f ident.FirmID, id ident.SubmissionID, a ident.AppealID) string {
	return SubmissionAct(f, id, "appeals") + "/" + string(a) + "/outcome"
}

// Lessons is what receivers' answers say about the rules, added up; href.Query narrows it.
func Lessons(f ident.FirmID) string { return list(f, "lessons") }

// LessonCases are the lessons behind one figure of it.
func LessonCases(f ident.FirmID, portal, reason, rule, state string) string {
	return Query(Lessons(f)+"/cases", "portal", portal, "reason", reason, "rule", rule, "state", state)
}

// Lesson is one of them.
func Lesson(f ident.FirmID, id ident.LessonID) string { return one(f, "lessons", id) }

// ReceiverReason is what a receiver means by one of its reasons.
func ReceiverReason(f ident.FirmID, id ident.ReasonID) string { return one(f, "receiver-reasons", id) }

// Reminders is what is reminded of, what waits for whom, and what is not reminded of.
func Reminders(f ident.FirmID) string { return list(f, "reminders") }

// Reminder is one message to a payor.
func Reminder(f ident.FirmID, id ident.LetterToPayor) string { return one(f, "reminders", id) }

// ReminderPolicy is when the firm reminds, or with a client when that one is reminded.
func ReminderPolicy(f ident.FirmID, c ident.ClientID) string {
	return Query(list(f, "reminder-policy"), "client", string(c))
}

// ReminderHolds is what keeps reminders back because somebody said so.
func ReminderHolds(f ident.FirmID) string { return list(f, "reminder-holds") }

// ReminderTaskEnd is where the end of a call or a hand-over is noted.
func ReminderTaskEnd(f ident.FirmID, id ident.ReminderTask) string {
	return one(f, "reminder-tasks", id) + "/end"
}
