package pages

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/conflict"
	"github.com/docketry/docketry/internal/connector"
	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/internal/selfcheck"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/internal/tax"
	"github.com/docketry/docketry/internal/webhook"
	"github.com/docketry/docketry/internal/wording"
	"github.com/docketry/docketry/rbac"
)

// house is the frame of Noor Haddad, firm admin of Hollis & Vane.
func (s story) house(t testing.TB, active string) frame {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	f := frame{Chrome: s.admin("", active), Zone: s.ny}
	f.FirmID = f.Firm.ID
	f.Standing = authz.StandingOf(policy, map[ident.FirmID][]rbac.Role{f.FirmID: {rbac.RoleFirmAdmin}})
	return f
}

// houseFixtures are the pages of a firm's administrator.
func houseFixtures(t testing.TB, s story) []fixture {
	f := s.house(t, "access")
	until, used := s.at(15, 0, 0), s.at(3, 9, 0)
	grants := []grant.Grant{
		{ID: id[ident.GrantID](1), Name: "Ines Carvalho", Staff: true, Role: rbac.RoleSpecialist, Scope: authz.ScopeMatter, Names: []string{"00417-0032 Carrier liability, Savannah fire"}, Hidden: 1, Class: authz.C3, Label: 1, Until: &until, LastUsed: &used, Reason: "October bills"},
		{ID: id[ident.GrantID](2), Name: "Lotte Brandsma", Staff: true, Role: rbac.RoleTeamLead, Scope: authz.ScopeAll, Class: authz.C2, Until: &until, Reason: "Billing service agreement, first term"},
	}
	asked := grant.Request{ID: id[ident.RequestID](1), Name: "Maya Lindgren", AskedName: "Lotte Brandsma", Role: rbac.RoleSpecialist, Scope: authz.ScopePractice, Practices: []string{"Litigation"}, Class: authz.C3, Label: 1, Until: &until, Reason: "Two specialists are away", AskedAt: s.at(4, 8, 12), Status: grant.RequestWaiting}
	refused := asked
	refused.ID, refused.Status, refused.Answer, refused.DecidedBy, refused.DecidedAt = id[ident.RequestID](2), grant.RequestRefused, "One specialist is enough", "Noor Haddad", &used
	draft := grant.Draft{Class: authz.C2}
	seen := previewView("Maya Lindgren", draft, grant.Preview{Matters: map[grant.Result]int{grant.ResultSees: 1, grant.ResultWall: 1, grant.ResultLabel: 1}, Entries: map[grant.Result]int{grant.ResultSees: 41}, Effects: []grant.Effect{
		{Number: "00417-0032", Name: "Carrier liability, Savannah fire", Client: "Pelham Freight Lines", Label: 1, Entries: 41, Result: grant.ResultSees},
		{Number: "00402-0007", Name: "Lease portfolio", Client: "Tallis Hotels", Entries: 12, Result: grant.ResultWall}, {Number: "00388-0001", Name: "Recall", Client: "Orrin Home Appliances", Label: 2, Entries: 3, Result: grant.ResultLabel},
	}, Sample: &grant.Sample{WorkedOn: oct(5), Hours: hours(14), Code: "L330 A103", Amount: usd(95200), HidesC3: true}})
	form := partial.Form{Action: "/x", Cancel: "/y", Note: "Walls beat grants. You can end it at any moment.", Fields: []partial.Field{
		{Name: "role", Label: "May act as", Kind: partial.Select, Options: partial.Options("specialist", bureauRoles...)}, {Name: "until", Label: "Until the end of", Kind: partial.Date, Value: "2026-12-04", Hint: "At most 180 days for people of the bureau"},
		{Name: "scope", Label: "Covers", Kind: partial.Radio, Value: "matter", Options: partial.Options("", "matter", "The matters ticked below", "all", "The whole firm"), Wide: true},
		{Name: "matters", Label: "Matters", Kind: partial.Checks, Options: []partial.Option{{Value: "a", Label: "00417-0032 Carrier liability, Savannah fire", Selected: true}, {Value: "b", Label: "00402-0007 Lease portfolio"}}, Wide: true},
		{Name: "reason", Label: "Why", Required: true, Wide: true, Hint: "Stays in the record"}}}
	checked := audit.Checked{At: s.at(4, 10, 30), Took: 41 * time.Second, Leaves: 1_284_540, Checkpoints: 322, Invoices: 2_041, OK: true}
	status := audit.Status{Entries: 1_284_551, Placed: 1_284_540, Waiting: 11, Sealed: 1_284_540, SealedAt: s.at(4, 10, 25), Root: "5d3e9f2c6d1b40a7e8f3c5d2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0a77c"}
	broken := checked
	broken.OK, broken.Failed, broken.Problems = false, []string{string(audit.CheckLeaves)}, []string{"entry 1,012 is not as it was written"}
	verify := func(title string, c audit.Checked) PlainView {
		return PlainView{Head: layout.Head{Title: title}, Lede: auditSentence(status), Sections: []Section{{Title: "Verification", Body: Verify(auditState(f, status, c))}}}
	}
	plain := func(active string, v PlainView) fixture {
		c := f.Chrome
		c.Active, c.Title = active, v.Head.Title
		return fixture{page: Plain(c, v)}
	}
	named := func(name string, x fixture) fixture { x.name = name; return x }
	hour := s.at(4, 11, 24)
	glass := grant.Grant{ID: id[ident.GrantID](3), Person: id[ident.PersonID](3), Name: "Edda Lunt", Staff: true, Role: rbac.RoleBreakGlass, Scope: authz.ScopeAll, Class: authz.C3, Label: 2, From: s.at(4, 10, 24), Until: &hour, Reason: "Payment file sent twice", GrantedBy: "Noor Haddad"}
	wanted := grant.Request{ID: id[ident.RequestID](3), Kind: grant.KindGlass, Person: glass.Person, Name: glass.Name, AskedBy: glass.Person, AskedName: glass.Name, Role: glass.Role, Reason: glass.Reason, AskedAt: s.at(4, 10, 12), Status: grant.RequestWaiting}
	given := wanted
	given.ID, given.Status, given.DecidedBy = id[ident.RequestID](4), grant.RequestGiven, "Ruben Okafor"
	emergencies := []grant.Emergency{{Request: wanted, FirmName: "Brightwater Legal"}, {Request: given, FirmName: "Hollis & Vane LLP", Until: &hour}, {Request: given, FirmName: "Ferrant Okafor LLP", Until: &used}}
	cleared := s.at(2, 15, 0)
	checks := []conflict.Check{{ID: id[ident.CheckID](1), Name: "Maya Lindgren", FirmName: "Hollis & Vane LLP", OtherName: "Ashdown Pryce LLP", Opposite: 1, Shared: 2, At: s.at(3, 9, 30), By: "Lotte Brandsma", State: conflict.CheckOpen},
		{ID: id[ident.CheckID](2), Name: "Jun Okabe", FirmName: "Hollis & Vane LLP", OtherName: "Ashdown Pryce LLP", Opposite: 1, At: s.at(2, 9, 30), By: "Lotte Brandsma", State: conflict.CheckCleared, DecidedBy: "Daniel Osei", DecidedAt: &cleared, Reason: "Works on invoices of other clients only"},
		{ID: id[ident.CheckID](3), Name: "Ines Carvalho", FirmName: "Dunmore Achterberg", OtherName: "Ashdown Pryce LLP", At: s.at(1, 9, 30), By: "Lotte Brandsma", State: conflict.CheckClear},
		{ID: id[ident.CheckID](4), Name: "Ines Carvalho", FirmName: "Hollis & Vane LLP", Opposite: 1, At: s.at(1, 4, 0), State: conflict.CheckOpen}}
	checkForm := &partial.Form{Action: "/x", Submit: "Check", Fields: []partial.Field{{Name: "person", Label: "Who at the bureau", Kind: partial.Select, Options: partial.Options("", "", "choose"), Required: true}}}
	roles := []grant.Role{{ID: id[ident.RoleID](1), Name: "Billing clerk", Permissions: []rbac.Permission{rbac.InvoiceRead, rbac.PaymentRead, rbac.ReceivableRead}, By: "Noor Haddad", At: s.at(1, 9, 0), Holders: 2, Version: 1},
		{ID: id[ident.RoleID](2), Staff: true, Name: "Cash only", Permissions: []rbac.Permission{rbac.PaymentPost}, By: "Noor Haddad", At: s.at(1, 9, 0), Closed: &used, Version: 2}}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	failing := s.at(3, 9, 0)
	hooks := []webhook.Webhook{{ID: id[ident.WebhookID](1), URL: "https://ledger.hollisvane.example/docketry", Events: []webhook.Event{"invoice.issued", "invoice.sent"}, Status: webhook.On, By: "Wen Adeyemi", Created: s.at(1, 9, 0)},
		{ID: id[ident.WebhookID](2), URL: "https://old.hollisvane.example/in", Events: []webhook.Event{"grant.given"}, Status: webhook.Off, Failing: &failing, By: "Wen Adeyemi", Created: s.at(1, 9, 0), Ended: &used}}
	told := []webhook.Delivery{{ID: id[ident.DeliveryID](1), Event: "invoice.issued", Object: "invoice", ObjectID: string(id[ident.InvoiceID](1)), At: s.at(4, 9, 0), State: webhook.Sent, Attempts: 1, Answer: 204},
		{ID: id[ident.DeliveryID](2), Event: "invoice.sent", Object: "invoice", ObjectID: string(id[ident.InvoiceID](1)), At: s.at(4, 9, 0), State: webhook.Failed, Attempts: 10, Answer: 500, Problem: "status"},
		{ID: id[ident.DeliveryID](3), Event: webhook.Test, Object: "webhook", ObjectID: string(id[ident.WebhookID](1)), At: s.at(4, 9, 0), State: webhook.Queued, Problem: "unreachable"}}
	words := wording.Wording{Kind: wording.ReminderFirst, Text: wording.Text{Subject: "Still open: {{count}}", Body: "Dear {{contact}},\n\nthis is still open:\n{{#invoices}}\n- {{number}}, {{open}}, due {{due}}\n{{/invoices}}", Closing: "{{firm}}\nAccounts"}, Version: 2, By: "Wen Adeyemi", At: &cleared}
	samples, err := words.Text.Samples(words.Kind)
	if err != nil {
		t.Fatal(err)
	}
	slip := words.Text
	slip.Body = "Dear {{client}}"
	due := f.Chrome // of a person whose factor was shown too long ago
	due.Active, due.Title, due.Confirm, due.Owed = "letters", "Letters to payors", "/people/me/factor", 1
	gate := portal.Profile{ID: id[ident.PortalID](1), Name: "Castellan", Settings: portal.Standard(), Status: "active"}
	gate.Route = portal.RouteConnector
	door := connector.Connector{Portal: gate.ID, Way: carry.SFTP, Host: "files.castellan.example", Port: 22, Folder: "inbound/ledes", HostKey: "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDKKVPUhMxh7sD4Ekg", User: "hollisvane", Auth: carry.Key, TriedAt: &cleared, Tried: string(carry.HostKey), ChangedBy: "Wen Adeyemi", ChangedAt: s.at(1, 9, 0), Version: 3}
	fresh := connector.Connector{Portal: gate.ID, Way: carry.HTTPS, URL: "http://castellan", Method: "PUT", Auth: carry.Bearer}
	way := submission.View{Text: true, Submission: submission.Submission{ID: id[ident.SubmissionID](1), Status: submission.Queued, Carried: submission.HandUncertain, Currency: "USD", Version: 2}}
	way.Handovers = []submission.Handover{{N: 2, State: submission.HandUncertain, Cause: carry.CutShort, Why: "Not in Castellan’s list, their desk says", Attempt: 1, AskedBy: "Maya Lindgren", QueuedAt: s.at(3, 9, 0), EndedAt: &cleared},
		{N: 1, State: submission.HandFailed, Cause: carry.HostKey, Attempt: 1, AskedBy: "Maya Lindgren", QueuedAt: s.at(2, 9, 0), EndedAt: &cleared}}
	there := way
	there.Status, there.Carried = submission.Reduced, submission.HandSent
	there.Handovers = []submission.Handover{{N: 1, State: submission.HandSent, Way: carry.SFTP, RemoteName: "inbound/ledes/2026-0142-1.txt", SHA256: strings.Repeat("9f73f92a", 8), SizeBytes: 18_204, Attempt: 2, AskedBy: "Maya Lindgren", QueuedAt: s.at(2, 9, 0), EndedAt: &cleared}}
	reminded := notice.Board{Today: "2026-11-23", Waiting: []notice.ToPayor{{ID: id[ident.LetterToPayor](1), PayorName: "Pelham Freight Lines, Inc.", Partner: "Rosalind Vane", Stage: notice.StageThird, Channel: notice.ByLetter, Gate: notice.GateApproval, State: notice.LetterWaiting, On: "2026-11-25",
		Subject: "Third reminder: invoice 2026-0417", Text: "Dear client,\n\nthe invoice below remains unpaid.\n\nInvoice 2026-0417: USD 48,212.50, due 20 Sep 2026\n", Hash: "0a", Lines: []notice.Line{{Invoice: id[ident.InvoiceID](1), Number: "2026-0417", Stage: notice.StageThird, OpenMinor: 4_821_250, Currency: "USD", DueOn: "2026-09-20"}}}},
		Upcoming:   []notice.Ahead{{Invoice: id[ident.InvoiceID](2), Number: "2026-0431", PayorName: "Aster Clinics Group, Inc.", Stage: notice.StageFirst, On: "2026-11-27", OpenMinor: 905_000, Currency: "USD"}},
		Suppressed: []notice.Ahead{{Invoice: id[ident.InvoiceID](3), Number: "2026-0402", PayorName: "Aster Clinics Group, Inc.", Stage: notice.StageSecond, On: "2026-11-20", OpenMinor: 60_000, Currency: "USD", Why: notice.ReasonPromise}},
		Tasks:      []notice.Task{{ID: id[ident.ReminderTask](1), Kind: notice.TaskHandOver, Stage: notice.StageHandOver, Number: "2026-0311", PayorName: "Mercer Dunes Resorts", OpenMinor: 1_000, Currency: "USD", MadeAt: s.at(1, 0, 0)}},
		Holds:      []notice.Hold{{ID: id[ident.ReminderHold](1), Kind: notice.HoldInsolvency, About: "Mercer Dunes Resorts", Reason: "Opened on Monday", By: "Wen Adeyemi"}}}
	bought := purchase.View{Order: purchase.Order{ID: id[ident.PurchaseOrder](1), Payor: id[ident.PayorID](1), PayorName: "Pelham Freight Lines, Inc.", Matter: id[ident.MatterID](1), MatterNumber: "00417-0032", Number: "4500017732", Currency: "USD", AmountMinor: 2_500_000, DrawnMinor: 1_821_250, From: s.at(1, 0, 0), Until: &cleared, Version: 2, Whole: true}}
	bought.Changes = []purchase.Change{{N: 2, Allowance: purchase.Allowance{AmountMinor: 2_500_000, Until: &cleared, Reference: "Mail of G. Amadi, 2 March"}, By: "Maya Lindgren", At: s.at(3, 9, 0)}, {N: 1, By: "Maya Lindgren", At: s.at(1, 9, 0)}}
	bought.Draws = []purchase.Draw{{Invoice: id[ident.InvoiceID](1), Number: "2026-0142", Matter: id[ident.MatterID](1), MatterNumber: "00417-0032", IssuedOn: s.at(2, 0, 0), NetMinor: 1_821_250}}
	billed := invoice.View{Invoice: invoice.Invoice{ID: id[ident.InvoiceID](1), Number: "HV-20948", Currency: "USD", TotalMinor: 777_480, OpenMinor: 777_480}, Document: s.document()}
	for _, l := range billed.Document.Lines {
		billed.Left = append(billed.Left, invoice.LeftOf{No: l.No, NetMinor: l.AmountMinor, GrossMinor: l.AmountMinor + l.TaxMinor})
	}
	wrongLine := invoice.ErrInput.On(fault.Field{Path: "line.2", Code: "credit_too_much", Message: "line 2 has less than that left to credit", Fix: "Enter at most 1,184.00"})
	complaint := dispute.View{Text: true, Dispute: dispute.Dispute{ID: id[ident.DisputeID](1), Invoice: billed.ID, InvoiceNumber: "HV-20948", ClientName: "Pelham Freight Lines", Currency: "USD", Scope: dispute.Lines, Code: "GUI-01", Words: "22 questions in over three hours is too much.", RaisedBy: "G. Amadi", RaisedOn: "2026-03-02",
		AnswerBy: "2026-03-09", ClaimedMinor: 118_400, DisputedMinor: 118_400, Status: dispute.Open, OpenedBy: "Maya Lindgren", OpenedAt: s.at(2, 9, 0), Version: 1}, Lines: []dispute.Line{{No: 2, NetMinor: 118_400, GrossMinor: 118_400, Live: true}},
		Notes: []dispute.Note{{Side: dispute.Client, Words: "Asked again by telephone.", MadeBy: "Maya Lindgren", MadeAt: s.at(3, 9, 0)}}}
	settled := complaint
	settled.Status, settled.Outcome, settled.DisputedMinor, settled.AgreedMinor, settled.CreditNumber, settled.CreditNote = dispute.Resolved, dispute.Part, 0, 40_000, "CN26-00001", id[ident.CreditNoteID](1)
	settled.Answer, settled.AnsweredBy, settled.AnsweredAt, settled.Closing, settled.ClosedBy, settled.ClosedAt = "One hour was research.", "Rosalind Vane", &cleared, "One hour is taken back.", "Rosalind Vane", &cleared
	appealed := submission.Appeal{ID: id[ident.AppealID](1), FiledOn: "2026-03-03", DueOn: "2026-04-02", Status: "filed", Papers: []submission.Paper{{ID: id[ident.AppealPaperID](1), Name: "letter of 3 May.pdf", Bytes: 88_110, SHA256: strings.Repeat("2c1b", 16), AddedBy: "Maya Lindgren", AddedAt: s.at(3, 9, 0)}}}
	handed := func(title string, x submission.View, more ...Section) PlainView {
		return PlainView{Head: layout.Head{Title: title}, Sections: append(append([]Section{{Title: "Next step", Text: nextOfHandover(x.Latest())}}, handoverSections(f, x, true, typedForm{})...), more...)}
	}
	book := &tax.Book{Codes: []tax.Code{{ID: id[ident.TaxCodeID](1), Code: "GST", Name: "GST", Rate: 50_000, Country: "CA", Number: "123456789RT0001", From: "2025-01-01", Version: 1},
		{ID: id[ident.TaxCodeID](2), Code: "QST", Name: "QST", Rate: 99_750, Country: "CA", Region: "Quebec", Number: "1012345678TQ0001", On: "GST", From: "2025-01-01", Version: 1},
		{ID: id[ident.TaxCodeID](3), Code: "QST", Name: "QST", Rate: 95_000, Country: "CA", Region: "Quebec", From: "2020-01-01", Until: "2024-12-31", Version: 2},
		{ID: id[ident.TaxCodeID](4), Code: "WHT", Name: "Withholding tax", Rate: 150_000, Country: "CA", Withheld: true, From: "2027-01-01", Version: 1}},
		Treatments: []tax.Treatment{{ID: id[ident.TreatmentID](1), Name: "Clients in Quebec", Kind: tax.Taxed, Fees: []string{"GST", "QST"}, Expenses: []string{"GST"}, From: "2025-01-01", Version: 1},
			{ID: id[ident.TreatmentID](2), Name: "Abroad", Kind: tax.Reverse, Note: "Reverse charge: the recipient accounts for the tax.", From: "2025-01-01", Version: 1}}}
	mistyped := typedTax{path: href.TaxCodes(f.FirmID), form: func(string) string { return "1,5" }, failed: tax.ErrInvalid.On(fault.Field{Path: "rate", Code: "number_form", Message: "enter a share such as 0.09975"})}
	return []fixture{
		named("taxes", plain("taxes", taxesView(f, book, id[ident.TreatmentID](1), "2026-03-05", typedTax{}))),
		named("taxes-none", plain("taxes", taxesView(f, &tax.Book{}, "", "2026-03-05", typedTax{}))),
		named("taxes-wrong", plain("taxes", taxesView(f, book, "", "2026-03-05", mistyped))),
		named("connector", plain("portals", connectorView(f, gate, door, door, "22", nil))),
		named("connector-wrong", plain("portals", connectorView(f, gate, connector.Connector{Portal: gate.ID}, fresh, "", connector.ErrInvalid.On(fault.Field{Path: "url", Code: "address_refused", Message: "enter an https address on port 443 of the public internet, without ? and #"}, fault.Field{Path: "secret", Code: "secret_missing", Message: "enter what opens the server"})))),
		named("credit-part", plain("invoices", creditPartView(f, billed, typedForm{url.Values{"reason": {"x"}, "line.2": {"9,000.00"}}, href.InvoiceAct(f.FirmID, billed.ID, "credit-part"), wrongLine}))),
		named("credit-preview", plain("invoices", creditPreviewView(f, billed, s.partialNote(), url.Values{"line.2": {"400.00"}}))),
		named("disputes", plain("disputes", disputeListView(f, []dispute.Dispute{complaint.Dispute, settled.Dispute}, []dispute.Sum{{Currency: "USD", Disputes: 2, ClaimedMinor: 158_400, DisputedMinor: 118_400, AgreedMinor: 40_000}}, true, "2026-03-12", partial.Pager{}))),
		named("dispute-open", plain("disputes", disputeOpenView(f, billed, typedForm{url.Values{"words": {"x"}, "line.2": {"9,000.00"}}, href.InvoiceAct(f.FirmID, billed.ID, "dispute"), wrongLine}))),
		named("dispute", plain("disputes", disputeView(s.partnerFrame(t, f), complaint, "2026-03-12", typedForm{}))),
		named("dispute-settled", plain("disputes", disputeView(f, settled, "2026-03-12", typedForm{}))),
		named("handover", plain("submissions", handed("2026-0142, version 1", way))),
		named("handover-there", plain("submissions", handed("2026-0142, version 1", there, paperSections(f, there, appealed, true, typedForm{})...))),
		named("paper-off", plain("submissions", paperRemovalView(f, appealPaper{way.ID, appealed.ID, appealed.Papers[0].ID}, appealed.Papers[0].Name, "", submission.ErrInvalid.On(fault.Field{Path: "reason", Code: "too_short", Message: "say why in a few words"})))),
		named("orders", plain("payors", PlainView{Head: layout.Head{Title: "Purchase orders"}, Sections: []Section{{Title: "Orders", Table: orderTable(f, []purchase.Order{bought.Order, {ID: id[ident.PurchaseOrder](2), PayorName: "Aster Clinics Group, Inc.", Number: "AC-1", Currency: "USD", From: s.at(1, 0, 0)}, {ID: id[ident.PurchaseOrder](3), PayorName: "Aster Clinics Group, Inc.", Number: "AC-0", Currency: "USD", From: s.at(1, 0, 0), AmountMinor: 100, DrawnMinor: 100, Whole: true, ClosedAt: &cleared}})}}})),
		named("reminders", plain("reminders", boardView(f, reminded))),
		named("reminder", plain("reminders", messageView(f, reminded.Waiting[0], typedForm{}))),
		named("reminder-policy", plain("reminders", policyView(f, "", notice.Settings{Now: notice.Standard(), Today: "2026-11-23"}, typedForm{}))),
		named("invoice-hold", plain("reminders", invoiceHoldView(f, id[ident.InvoiceID](1), "2026-0417", typedForm{}))),
		named("order", plain("payors", orderView(f, bought, typedForm{}))),
		named("order-new", plain("payors", newOrderView(f, matter.Payor{ID: id[ident.PayorID](1), Name: "Pelham Freight Lines, Inc."}, []matter.Matter{{ID: id[ident.MatterID](1), Number: "00417-0032", Name: "Carrier liability, Savannah fire"}}, "USD", typedForm{failed: purchase.ErrInvalid.On(fault.Field{Path: "number", Code: "text_length", Message: "enter 1 to 100 characters; this has 0"})}))),
		named("factor-due", fixture{page: Plain(due, wordingList(f, []wording.Wording{words}))}),
		named("sums", plain("audit", sumsView(f, []selfcheck.Report{{At: s.at(3, 8, 20), Compared: 1_204}, {At: s.at(2, 8, 20), Compared: 1_198, Found: 2}}))),
		named("sums-wrong", plain("audit", sumsView(f, []selfcheck.Report{{At: s.at(3, 8, 20), Compared: 1_204, Found: 21, Findings: []selfcheck.Finding{{Invariant: "I04", Object: "invoice", ID: string(id[ident.InvoiceID](1)), Says: "invoice 2026-0142: open 4821250, its ledger gives 4811250"}}}}))),
		named("letters", plain("letters", wordingList(f, []wording.Wording{{Kind: wording.Invoice, Text: wording.Standard(wording.Invoice), Standard: true}, words}))),
		named("letter", plain("letters", wordingView(f, words, []wording.Wording{{Kind: words.Kind, Text: wording.Standard(words.Kind), Standard: true, Version: 1, By: "Wen Adeyemi", At: &cleared}}, words.Text, samples, nil))),
		named("letter-wrong", plain("letters", wordingView(f, words, nil, slip, nil, slip.Validate(words.Kind)))),
		named("webhooks", plain("webhooks", webhookList(f, hooks, "http://ledger", []string{"invoice.issued"}, webhook.ErrInput.On(fault.Field{Path: "url", Code: "address_refused", Message: "enter an https address on port 443 of the public internet"})))),
		named("webhook", plain("webhooks", webhookOne(f, hooks[1], told, "dkwh_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))),
		named("access-review", plain("access", reviewView(f, grants, id[ident.PersonID](9), s.now))),
		named("roles", plain("access", roleList(f, roles, []grant.GivenRole{{Role: rbac.RoleSpecialist, Permissions: []rbac.Permission{rbac.EntryRead, rbac.PrebillEdit}}}))),
		named("role", plain("access", rolePageView(f, "Billing clerk", roleForm("/x", "Save the role", grant.RoleDraft{Name: "Billing clerk", Permissions: roles[0].Permissions}, policy.GivableTo(false), people.ErrInvalid.On(fault.Field{Path: "permissions", Code: "x", Message: "choose at least one"})), nil))),
		named("access-emergency", plain("access", PlainView{Head: layout.Head{Title: "Access"}, Sections: []Section{{ID: "emergency", Title: "Emergency access is open", Body: OpenGlass(openGlass(f, []grant.Grant{glass}, s.now))},
			{ID: "requests", Title: "1 request waits for the firm", Body: Waiting([]WaitingView{waitingView(f, wanted, s.now)})}, {Title: "People of the billing bureau", Table: grantTable(f, append([]grant.Grant{glass}, grants...), s.now)}}})),
		named("emergencies", plain("firms", emergencyView(f, emergencies, &partial.Form{Action: "/x", Submit: "Ask for emergency access", Danger: true, Fields: []partial.Field{{Name: "reason", Label: "What has happened", Required: true, Wide: true}}}, id[ident.PersonID](9), s.now))),
		named("conflicts", plain("asked", conflictsView(f, checks, partial.Pager{}, false, checkForm, s.now))),
		named("conflict-open", plain("asked", conflictView(f, checks[0], "", people.ErrInvalid.On(fault.Field{Path: "reason", Code: "x", Message: "say why they can work for both firms"})))),
		named("conflict-elsewhere", plain("asked", conflictView(f, checks[3], "", nil))),
		named("conflict-cleared", plain("asked", conflictView(f, checks[1], "", nil))),
		named("access", plain("access", PlainView{Head: layout.Head{Title: "Access"}, Lede: accessSentence(f, grants, s.now), Sections: []Section{
			{ID: "requests", Title: "1 request waits for the firm", Body: Waiting([]WaitingView{waitingView(f, asked, s.now)})}, {Title: "People of the billing bureau", Table: grantTable(f, grants, s.now)}, {Title: "Your own people", Table: grantTable(f, nil, s.now)}}})),
		named("access-asked", plain("asked", PlainView{Head: layout.Head{Title: "Ask for access"}, Sections: []Section{{Title: "Asked so far", Table: requestTable(f, []grant.Request{asked, refused})}}})),
		named("access-request", plain("access", PlainView{Head: layout.Head{Title: "Access for Maya Lindgren"}, Sections: []Section{{Title: "Why", Text: asked.Reason}, {Title: "Give it, or less of it", Body: GrantForm("token", GrantFormView{Form: form, Preview: &seen, Give: "Grant until 4 Dec 2026", Seen: "x"})}}})),
		named("audit", plain("audit", verify("Audit log", checked))), named("audit-broken", plain("audit", verify("Audit log", broken))), named("audit-unchecked", plain("audit", verify("Audit log", audit.Checked{}))),
	}
}

// partialNote takes a part of line 2 back.
func (s story) partialNote() *invoice.Document {
	d := s.document()
	l := d.Lines[1]
	l.No, l.OfNo, l.OfMinor, l.Kind, l.QuantityE4, l.RateE4, l.ValueMinor, l.AdjustMinor, l.AmountMinor = 1, 2, l.AmountMinor, invoice.Adjustment, 0, 0, 0, 40_000, 40_000
	d.Kind, d.Because, d.Lines = invoice.KindCreditNote, "One hour was not agreed.", []invoice.Line{l}
	d.Totals = invoice.Totals{FeesMinor: 40_000, NetMinor: 40_000, TotalMinor: 40_000}
	return d
}

// partnerFrame is a frame with a partner's rights.
func (s story) partnerFrame(t testing.TB, f frame) frame {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	f.Standing = authz.StandingOf(policy, map[ident.FirmID][]rbac.Role{f.FirmID: {rbac.RolePartner}})
	return f
}
