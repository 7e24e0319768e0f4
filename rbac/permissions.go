package rbac

import "slices"

// Permission is an object and an act, "prebill.approve". Stored in audit leaves: never rename one.
type Permission string

// The permissions, by object.
const (
	Public    Permission = "public"     // no one need be signed in
	SignedIn  Permission = "signed_in"  // any person, about themselves
	PayorLink Permission = "payor_link" // a payor's contact behind a one-time code; the service checks both

	FirmRead       Permission = "firm.read"
	FirmCreate     Permission = "firm.create"
	FirmEdit       Permission = "firm.edit"
	FirmBank       Permission = "firm.bank" // where payors send the money
	FirmSSO        Permission = "firm.sso"  // through what its people sign in
	ClientRead     Permission = "client.read"
	ClientEdit     Permission = "client.edit"
	PayorRead      Permission = "payor.read"
	PayorEdit      Permission = "payor.edit"
	ContactVerify  Permission = "contact.verify"
	PortalRead     Permission = "portal.read" // receivers of e-bills, with what each wants
	PortalEdit     Permission = "portal.edit"
	ConnectorEdit  Permission = "connector.edit" // how files reach a receiver by themselves, with what opens its server
	MatterRead     Permission = "matter.read"
	MatterEdit     Permission = "matter.edit"
	TimekeeperRead Permission = "timekeeper.read"
	TimekeeperEdit Permission = "timekeeper.edit"
	RateRead       Permission = "rate.read"
	RateEdit       Permission = "rate.edit"
	RateReprice    Permission = "rate.reprice" // gives recorded work the rates of today

	ArrangementRead Permission = "arrangement.read" // what clients agreed to pay for work
	ArrangementEdit Permission = "arrangement.edit"
	RecoveryRead    Permission = "recovery.read" // money that came in for a client, and the statement of what the firm takes of it
	RecoveryRecord  Permission = "recovery.record"
	RecoveryConfirm Permission = "recovery.confirm" // the firm's second word before a share of it is billed

	ImportRead    Permission = "import.read"
	ImportCreate  Permission = "import.create"
	ImportUndo    Permission = "import.undo"
	EntryRead     Permission = "entry.read"
	EntryAmend    Permission = "entry.amend"
	EntryTransfer Permission = "entry.transfer" // to another matter, and back
	ReceiptRead   Permission = "receipt.read"
	ReceiptAttach Permission = "receipt.attach" // and taking off before a bill is handed in
	FindingRead   Permission = "finding.read"
	FindingWaive  Permission = "finding.waive"

	FindingOverride Permission = "finding.override" // lets pass what blocks (LEGAL-BILLING 7.5)

	GuideRead Permission = "guide.read" // billing guidelines of payors, matters, clients and the firm
	GuideEdit Permission = "guide.edit"
	GuideSign Permission = "guide.sign" // the firm's word that they are in force

	QueueRead     Permission = "queue.read"
	TeamRead      Permission = "team.read" // the board of who has how much to do
	PoolEdit      Permission = "pool.edit" // who of the bureau claims which work, and how much of it
	ItemRead      Permission = "item.read"
	ItemClaim     Permission = "item.claim"
	ItemWork      Permission = "item.work"
	ItemBreak     Permission = "item.break"
	ItemAssign    Permission = "item.assign"
	MessageRead   Permission = "message.read"
	MessageAsk    Permission = "message.ask"
	MessageAnswer Permission = "message.answer"

	PrebillRead    Permission = "prebill.read"
	PrebillBuild   Permission = "prebill.build"
	PrebillEdit    Permission = "prebill.edit"
	PrebillSubmit  Permission = "prebill.submit"
	PrebillApprove Permission = "prebill.approve"
	PrebillCancel  Permission = "prebill.cancel"

	RunRead         Permission = "run.read"
	RunStart        Permission = "run.start"
	InvoiceRead     Permission = "invoice.read"
	InvoiceIssue    Permission = "invoice.issue"
	InvoiceDeliver  Permission = "invoice.deliver"
	CreditNoteIssue Permission = "credit_note.issue"
	SubmissionRead  Permission = "submission.read" // e-bills at their receivers
	SubmissionSend  Permission = "submission.send" // sends them, keeps the answers, appeals
	DisputeRead     Permission = "dispute.read"    // what clients dispute of invoices
	DisputeOpen     Permission = "dispute.open"    // keeps it, what is said about it, and the client's taking it back
	DisputeResolve  Permission = "dispute.resolve" // the firm's word on it; what is taken back needs credit_note.issue too
	PaymentRead     Permission = "payment.read"
	PaymentPost     Permission = "payment.post"
	ReceivableRead  Permission = "receivable.read"
	TrustRead       Permission = "trust.read" // client money: accounts, ledgers, requests, reconciliations
	TrustOpen       Permission = "trust.open" // and closes accounts
	TrustPost       Permission = "trust.post" // deposits, requests, and what a reconciliation compares
	TrustFreeze     Permission = "trust.freeze"
	TrustApprove    Permission = "trust.approve" // the firm's word on what leaves, is released or is taken back
	TrustSign       Permission = "trust.sign"    // reconciliations
	MailRead        Permission = "mail.read"
	MailSend        Permission = "mail.send"
	ReminderRead    Permission = "reminder.read"
	ReminderSend    Permission = "reminder.send"
	ReminderHold    Permission = "reminder.hold"   // keeps reminders back, with a reason, and notes what a payor promised
	ReminderDecide  Permission = "reminder.decide" // the partner's word on what waits for it, and on a hand-over
	ReminderSet     Permission = "reminder.set"    // when the firm reminds

	ExportRead     Permission = "export.read"
	ExportRequest  Permission = "export.request"
	ExportApprove  Permission = "export.approve"
	ExportBuild    Permission = "export.build"
	ExportDownload Permission = "export.download"

	SLARead          Permission = "sla.read"
	SLASweep         Permission = "sla.sweep"
	CalendarRead     Permission = "calendar.read"
	CalendarEdit     Permission = "calendar.edit"
	AgreementRead    Permission = "agreement.read"
	AgreementPublish Permission = "agreement.publish"
	AgreementApprove Permission = "agreement.approve"

	GrantRead      Permission = "grant.read"
	GrantGive      Permission = "grant.give"
	GrantEnd       Permission = "grant.end"
	GrantAsk       Permission = "grant.ask"        // the bureau asks a firm for access for one of its people
	GrantConfirm   Permission = "grant.confirm"    // the bureau's word where a firm has one administrator only
	BreakGlassAsk  Permission = "break_glass.ask"  // emergency access to a firm, for an hour
	BreakGlassOpen Permission = "break_glass.open" // the second word on a colleague's
	ConflictCheck  Permission = "conflict.check"   // whether one of the bureau's people can work for two firms
	RoleRead       Permission = "role.read"        // a firm's own roles
	RoleEdit       Permission = "role.edit"
	PersonRead     Permission = "person.read"
	WallRead       Permission = "wall.read"
	WallRaise      Permission = "wall.raise"
	WallLift       Permission = "wall.lift"
	PersonInvite   Permission = "person.invite"
	PersonDisable  Permission = "person.disable"
	PersonRecover  Permission = "person.recover" // one of two words that take a lost factor away
	SessionRead    Permission = "session.read"
	SessionEnd     Permission = "session.end"
	TokenRead      Permission = "token.read"
	TokenCreate    Permission = "token.create"
	TokenEnd       Permission = "token.end"
	WebhookRead    Permission = "webhook.read"
	WebhookEdit    Permission = "webhook.edit"
	WordingRead    Permission = "wording.read" // what the firm's letters to payors say
	WordingPublish Permission = "wording.publish"

	UndertakingRead    Permission = "undertaking.read"    // who of the bureau gave which undertaking
	UndertakingPublish Permission = "undertaking.publish" // the texts, and whether looking waits for them
	TrainingRead       Permission = "training.read"       // certificates of the bureau's people
	TrainingRecord     Permission = "training.record"
	RequirementRead    Permission = "requirement.read" // what work asks of who takes it
	RequirementSet     Permission = "requirement.set"
	DeputyRead         Permission = "deputy.read"   // who stands in for whom
	DeputyName         Permission = "deputy.name"   // for oneself, and ending what one has part in
	DeputyManage       Permission = "deputy.manage" // for anybody of the firm

	AuditRead   Permission = "audit.read"
	AuditExport Permission = "audit.export"
	JobRead     Permission = "job.read"
	JobRetry    Permission = "job.retry"
)

// classed is a permission with the highest class of data (SECURITY 9) that its use
// can show: 1 operations, 2 firm confidential, 3 privileged. A grant of a lower
// class still carries the permission; the fields above it are left out.
type classed struct {
	p     Permission
	class int
}

// table is what tests, the role matrix and the routes walk.
var table = []classed{
	{FirmRead, 2}, {FirmCreate, 1}, {FirmEdit, 2}, {FirmBank, 2}, {FirmSSO, 1}, {ClientRead, 2}, {ClientEdit, 2}, {PayorRead, 2}, {PayorEdit, 2}, {ContactVerify, 2}, {PortalRead, 1}, {PortalEdit, 1}, {ConnectorEdit, 1},
	{MatterRead, 2}, {MatterEdit, 2}, {TimekeeperRead, 2}, {TimekeeperEdit, 2}, {RateRead, 2}, {RateEdit, 2}, {RateReprice, 2}, {ArrangementRead, 2}, {ArrangementEdit, 2}, {RecoveryRead, 2}, {RecoveryRecord, 2}, {RecoveryConfirm, 2},
	{ImportRead, 3}, {ImportCreate, 3}, {ImportUndo, 2}, {EntryRead, 3}, {EntryAmend, 3}, {EntryTransfer, 3}, {ReceiptRead, 3}, {ReceiptAttach, 3}, {FindingRead, 3}, {FindingWaive, 2}, {FindingOverride, 3},
	{GuideRead, 2}, {GuideEdit, 2}, {GuideSign, 2},
	{QueueRead, 2}, {TeamRead, 2}, {PoolEdit, 1}, {ItemRead, 2}, {ItemClaim, 2}, {ItemWork, 3}, {ItemBreak, 2}, {ItemAssign, 2}, {MessageRead, 3}, {MessageAsk, 3}, {MessageAnswer, 3},
	{PrebillRead, 3}, {PrebillBuild, 3}, {PrebillEdit, 3}, {PrebillSubmit, 2}, {PrebillApprove, 3}, {PrebillCancel, 2},
	{RunRead, 2}, {RunStart, 2}, {InvoiceRead, 3}, {InvoiceIssue, 3}, {InvoiceDeliver, 2}, {CreditNoteIssue, 2}, {SubmissionRead, 3}, {SubmissionSend, 3}, {DisputeRead, 3}, {DisputeOpen, 3}, {DisputeResolve, 3},
	{PaymentRead, 2}, {PaymentPost, 2}, {ReceivableRead, 2}, {TrustRead, 2}, {TrustOpen, 2}, {TrustPost, 2}, {TrustFreeze, 2}, {TrustApprove, 2}, {TrustSign, 2}, {MailRead, 2}, {MailSend, 2}, {ReminderRead, 2}, {ReminderSend, 2}, {ReminderHold, 2}, {ReminderDecide, 2}, {ReminderSet, 2}, {WordingRead, 1}, {WordingPublish, 1},
	{ExportRead, 2}, {ExportRequest, 2}, {ExportApprove, 2}, {ExportBuild, 3}, {ExportDownload, 3},
	{SLARead, 2}, {SLASweep, 1}, {CalendarRead, 1}, {CalendarEdit, 1}, {AgreementRead, 1}, {AgreementPublish, 1}, {AgreementApprove, 1},
	{GrantRead, 2}, {GrantGive, 2}, {GrantEnd, 1}, {GrantAsk, 2}, {GrantConfirm, 1}, {BreakGlassAsk, 1}, {BreakGlassOpen, 1}, {ConflictCheck, 1}, {RoleRead, 1}, {RoleEdit, 1}, {WallRead, 2}, {WallRaise, 2}, {WallLift, 2},
	{PersonRead, 1}, {PersonInvite, 1}, {PersonDisable, 1}, {PersonRecover, 1}, {SessionRead, 1}, {SessionEnd, 1}, {TokenRead, 1}, {TokenCreate, 2}, {TokenEnd, 1}, {WebhookRead, 1}, {WebhookEdit, 1},
	{UndertakingRead, 1}, {UndertakingPublish, 1}, {TrainingRead, 1}, {TrainingRecord, 1}, {RequirementRead, 1}, {RequirementSet, 1}, {DeputyRead, 1}, {DeputyName, 1}, {DeputyManage, 1},
	{AuditRead, 2}, {AuditExport, 2}, {JobRead, 1}, {JobRetry, 1},
}

// All lists every permission that a role can be given, in the order of the table.
func All() []Permission {
	all := make([]Permission, len(table))
	for i, t := range table {
		all[i] = t.p
	}
	return all
}

// Known tells whether p is in the table. An unknown permission is never allowed.
func Known(p Permission) bool { return p.Class() > 0 }

// Open tells whether p needs no role: Public, SignedIn or PayorLink.
func Open(p Permission) bool { return p == Public || p == SignedIn || p == PayorLink }

// StepsUp tells whether using p asks for the factor again when it was shown more than
// five minutes ago (SECURITY 5): giving access, tokens, bank details, client money, exports, voids.
// Ending access does not: it must be quick.
func (p Permission) StepsUp() bool {
	return slices.Contains([]Permission{GrantGive, GrantConfirm, BreakGlassAsk, BreakGlassOpen, RoleEdit, UndertakingPublish, PersonInvite, PersonRecover, TokenCreate, WebhookEdit, ConnectorEdit, WordingPublish, FirmBank, FirmSSO, ExportRequest, ExportApprove, ExportDownload, AuditExport, CreditNoteIssue, TrustOpen, TrustPost, TrustFreeze, TrustApprove, TrustSign, RecoveryConfirm}, p)
}

// Class is the highest class of data that p may show, 0 for an unknown or open one.
func (p Permission) Class() int {
	for _, t := range table {
		if t.p == p {
			return t.class
		}
	}
	return 0
}
