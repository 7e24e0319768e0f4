package href

import "github.com/docketry/docketry/internal/ident"

// Clients is a firm's clients. New and Edit work for each list of a firm.
func Clients(f ident.FirmID) string { return list(f, "clients") }

// Client is one client's form.
func Client(f ident.FirmID, id ident.ClientID) string { return one(f, "clients", id) }

// Groups is a firm's groups of clients.
func Groups(f ident.FirmID) string { return list(f, "client-groups") }

// Group is one group of clients, with who belongs to it.
func Group(f ident.FirmID, id ident.GroupID) string { return one(f, "client-groups", id) }

// Members is where a client joins a group.
func Members(f ident.FirmID, g ident.GroupID) string { return Group(f, g) + "/members" }

// MemberEnd is where a client leaves a group.
func MemberEnd(f ident.FirmID, g ident.GroupID, m ident.MemberID) string {
	return Members(f, g) + "/" + string(m) + "/end"
}

// Payors is who receives and pays.
func Payors(f ident.FirmID) string { return list(f, "payors") }

// PayorOf is one payor's form with its contacts.
func PayorOf(f ident.FirmID, id ident.PayorID) string { return one(f, "payors", id) }

// Contacts is where a payor's new contact posts.
func Contacts(f ident.FirmID, p ident.PayorID) string { return PayorOf(f, p) + "/contacts" }

// ContactAct posts verify or close for one contact.
func ContactAct(f ident.FirmID, p ident.PayorID, c ident.ContactID, act string) string {
	return Contacts(f, p) + "/" + string(c) + "/" + act
}

// Codes is the published codes, and what a firm's clients lay down about them.
func Codes(f ident.FirmID) string { return list(f, "codes") }

// ClientCodes is where what clients lay down about codes is entered.
func ClientCodes(f ident.FirmID) string { return list(f, "client-codes") }

// ClientCode is what one client lays down about a code for a time.
func ClientCode(f ident.FirmID, id ident.ClientCode) string { return one(f, "client-codes", id) }

// Orders is the purchase orders of a firm's payors.
func Orders(f ident.FirmID) string { return list(f, "purchase-orders") }

// Order is one purchase order with the invoices on it.
func Order(f ident.FirmID, id ident.PurchaseOrder) string { return one(f, "purchase-orders", id) }

// Matters is a firm's matters.
func Matters(f ident.FirmID) string { return list(f, "matters") }

// Matter is one matter's form.
func Matter(f ident.FirmID, id ident.MatterID) string { return one(f, "matters", id) }

// Timekeepers is who bills.
func Timekeepers(f ident.FirmID) string { return list(f, "timekeepers") }

// Timekeeper is one timekeeper's form.
func Timekeeper(f ident.FirmID, id ident.TimekeeperID) string { return one(f, "timekeepers", id) }

// Entries is a firm's recorded time and costs; href.Query narrows it.
func Entries(f ident.FirmID) string { return list(f, "entries") }

// Entry is one entry as it came in.
func Entry(f ident.FirmID, id ident.EntryID) string { return one(f, "entries", id) }

// EntryReceipts takes a file as a receipt of a cost.
func EntryReceipts(f ident.FirmID, id ident.EntryID) string {
	return one(f, "entries", id) + "/receipts"
}

// ReceiptFile is the file itself.
func ReceiptFile(f ident.FirmID, id ident.ReceiptID) string { return one(f, "receipts", id) + "/file" }

// ReceiptRemove asks why a receipt is taken off.
func ReceiptRemove(f ident.FirmID, id ident.ReceiptID) string {
	return one(f, "receipts", id) + "/remove"
}

// Rates is a firm's price list.
func Rates(f ident.FirmID) string { return list(f, "rates") }

// Rate is one rate, to end it or put another in its place.
func Rate(f ident.FirmID, id ident.RateID) string { return one(f, "rates", id) }

// RateCard is the form for a file of rates.
func RateCard(f ident.FirmID) string { return Rates(f) + "/import" }

// RateTemplate is a file of rates to fill in.
func RateTemplate(f ident.FirmID) string { return Rates(f) + "/template" }

// Exchanges is a firm's tables of exchange rates.
func Exchanges(f ident.FirmID) string { return list(f, "exchange-rates") }

// Exchange is one day of a pair, with its corrections.
func Exchange(f ident.FirmID, id ident.ExchangeID) string { return one(f, "exchange-rates", id) }

// ExchangeFile is the form for a file of exchange rates.
func ExchangeFile(f ident.FirmID) string { return Exchanges(f) + "/import" }

// ExchangeTemplate is a file of exchange rates to fill in.
func ExchangeTemplate(f ident.FirmID) string { return Exchanges(f) + "/template" }

// ExchangeSettings is where exchange rates are used.
func ExchangeSettings(f ident.FirmID) string { return list(f, "exchange-settings") }

// Transfers is the work that went from one matter to another.
func Transfers(f ident.FirmID) string { return list(f, "transfers") }

// Transfer is one transfer; taking it back is below.
func Transfer(f ident.FirmID, id ident.TransferID) string { return one(f, "transfers", id) }

// TransferEntry is the form for a transfer of one entry.
func TransferEntry(f ident.FirmID, id ident.EntryID) string {
	return Query(New(Transfers(f)), "entry", string(id))
}

// Repricings is the runs that give recorded work the rates of today.
func Repricings(f ident.FirmID) string { return list(f, "repricings") }

// Repricing is one run: its preview, or what it did.
func Repricing(f ident.FirmID, id ident.Repricing) string { return one(f, "repricings", id) }

// Guides is the billing guidelines of a firm's payors, matters and clients.
func Guides(f ident.FirmID) string { return list(f, "guidelines") }

// Overrides is the list of blocking findings that were let pass.
func Overrides(f ident.FirmID) string { return list(f, "overrides") }

// Guide is one version; trying, signing and ending are below.
func Guide(f ident.FirmID, id ident.GuideID) string { return one(f, "guidelines", id) }

// Arrangements is what a firm's clients agreed to pay.
func Arrangements(f ident.FirmID) string { return list(f, "arrangements") }

// Arrangement is one version; ending and withdrawing are below.
func Arrangement(f ident.FirmID, id ident.ArrangementID) string { return one(f, "arrangements", id) }

// New is the form for a new thing of a list.
func New(list string) string { return list + "/new" }

// Act is where an act on a thing posts.
func Act(thing, act string) string { return thing + "/" + act }

// SLA is a firm's service levels, for a month as format.MonthKey writes it or "" for this one.
func SLA(f ident.FirmID, month string) string { return Query(list(f, "sla"), "month", month) }

// SLACycles is the list behind a figure: target and outcome may be "" for all.
func SLACycles(f ident.FirmID, month, target, outcome string) string {
	return Query(list(f, "sla")+"/cycles", "month", month, "target", target, "outcome", outcome)
}

// Access is who may see what.
func Access(f ident.FirmID) string { return list(f, "access") }

// AccessEnded is the list of grants that are over.
func AccessEnded(f ident.FirmID) string { return Access(f) + "/ended" }

// AccessLog is every look that was taken; its file is below.
func Evidence(f ident.FirmID) string  { return Access(f) + "/evidence" }
func AccessLog(f ident.FirmID) string { return Access(f) + "/log" }

// AccessReview is the grants that are due to be kept or ended.
func AccessReview(f ident.FirmID) string { return Access(f) + "/review" }

// AccessWhy asks why a person may or may not do something; href.Query asks it.
func AccessWhy(f ident.FirmID) string { return Access(f) + "/why" }

// Undertakings is what the bureau's people give and gave; publishing and the setting post there.
func Undertakings(f ident.FirmID) string { return list(f, "undertakings") }

// Training is the certificates of the bureau's people; acts post below.
func Training(f ident.FirmID) string { return list(f, "training") }

// Requirements is what work asks of who takes it; acts post below.
func Requirements(f ident.FirmID) string { return list(f, "requirements") }

// Deputies is who stands in for whom; naming one posts there.
func Deputies(f ident.FirmID) string { return list(f, "deputies") }

// Deputy is one of them; ending it posts below.
func Deputy(f ident.FirmID, id ident.DeputyID) string { return one(f, "deputies", id) }

// AccessRequest is one request for access, to decide; acts post below.
func AccessRequest(f ident.FirmID, id ident.RequestID) string {
	return Access(f) + "/requests/" + string(id)
}

// AccessAsked is what the bureau has asked a firm for, and the form to ask.
func AccessAsked(f ident.FirmID) string { return Access(f) + "/asked" }

// AccessAskedOne is one of one's own requests; withdrawing it posts below.
func AccessAskedOne(f ident.FirmID, id ident.RequestID) string {
	return AccessAsked(f) + "/" + string(id)
}

// AccessSole is one firm's proposed administrator, for the bureau's word.
func AccessSole(f ident.FirmID, id ident.RequestID) string { return Access(f) + "/sole/" + string(id) }

// Emergencies is the bureau's list of emergency access to firms, and the form to ask.
func Emergencies(bureau ident.FirmID) string { return list(bureau, "emergencies") }

// Emergency is one of them; acts post below.
func Emergency(bureau ident.FirmID, id ident.RequestID) string { return one(bureau, "emergencies", id) }

// Conflicts is the conflict checks of the bureau's people, over all firms or for one.
func Conflicts(f ident.FirmID) string { return list(f, "conflict-checks") }

// Conflict is one of them; clearing it posts below.
func Conflict(f ident.FirmID, id ident.CheckID) string { return one(f, "conflict-checks", id) }

// People is a firm's people, or the bureau's.
func People(f ident.FirmID) string { return list(f, "people") }

// Person is one of them; acts post below.
func Person(f ident.FirmID, id ident.PersonID) string { return one(f, "people", id) }

// Walls is what keeps people from clients and matters.
func Walls(f ident.FirmID) string { return list(f, "walls") }

// Roles is the roles of a firm's own.
func Roles(f ident.FirmID) string { return list(f, "roles") }

// Role is one of them; closing it posts below.
func Role(f ident.FirmID, id ident.RoleID) string { return one(f, "roles", id) }

// Sums is what the nightly self-checks of stored sums found.
func Sums(f ident.FirmID) string { return Audit(f) + "/sums" }

// Letters is what the firm's letters to payors say.
func Letters(f ident.FirmID) string { return list(f, "letters") }

// Letter is the words of one kind; going back to the standard posts below.
func Letter(f ident.FirmID, kind string) string { return one(f, "letters", kind) }

// Webhooks is the programs that are told what happened.
func Webhooks(f ident.FirmID) string { return list(f, "webhooks") }

// Webhook is one of them with its calls.
func Webhook(f ident.FirmID, id ident.WebhookID) string { return one(f, "webhooks", id) }

// Tokens is the tokens with which programs act in a firm.
func Tokens(f ident.FirmID) string { return list(f, "tokens") }

// Token is one of them; ending it posts below.
func Token(f ident.FirmID, id ident.TokenID) string { return one(f, "tokens", id) }

// Wall is one wall; lifting it posts below.
func Wall(f ident.FirmID, id ident.WallID) string { return one(f, "walls", id) }

// Grant is one grant; ending it posts below.
func Grant(f ident.FirmID, id ident.GrantID) string { return one(f, "access", id) }

// Exports is a firm's exports.
func Exports(f ident.FirmID) string { return list(f, "exports") }

// Export is one export with its history.
func Export(f ident.FirmID, id ident.ExportID) string { return one(f, "exports", id) }

// ExportText is a court's text, for who reviews it.
func ExportText(f ident.FirmID, id ident.ExportID) string { return Act(Export(f, id), "text") }

// Audit is a firm's audit log.
func Audit(f ident.FirmID) string { return list(f, "audit") }

// Jobs is a firm's parked and waiting jobs.
func Jobs(f ident.FirmID) string { return list(f, "jobs") }

// JobRetry posts another try of a parked job.
func JobRetry(f ident.FirmID, id ident.JobID) string { return one(f, "jobs", id) + "/retry" }

// Taxes is the tax codes and treatments of a firm.
func Taxes(f ident.FirmID) string { return list(f, "taxes") }

// TaxCodes is where a code is added, and under it where one is ended.
func TaxCodes(f ident.FirmID) string { return Taxes(f) + "/codes" }

// TaxTreatments is where a treatment is added, and under it where one is ended.
func TaxTreatments(f ident.FirmID) string { return Taxes(f) + "/treatments" }

// Portals is the receivers of a firm's e-bills.
func Portals(f ident.FirmID) string { return list(f, "portals") }

// Connector is how files reach a receiver by themselves.
func Connector(f ident.FirmID, id ident.PortalID) string { return Portal(f, id) + "/connector" }

// Portal is one receiver, with what it wants.
func Portal(f ident.FirmID, id ident.PortalID) string { return one(f, "portals", id) }
