package layout

import (
	"strconv"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// NavItem is one line of the menu.
type NavItem struct {
	Key        string // for Chrome.Active
	Label      string
	Href       string
	Icon       string
	Count      int    // 0 is not shown
	Section    string // a small heading before the first item of a section
	Permission rbac.Permission
}

// Menu is every line there is, for firm or, when firm is "", across firms. The
// caller keeps those whose permission the person has (Keep) and sets counts.
func Menu(firm ident.FirmID) []NavItem {
	items := []NavItem{
		{Key: "queue", Label: "My queue", Href: href.Queue, Icon: "queue", Permission: rbac.QueueRead},
		{Key: "team", Label: "Team board", Href: href.Team, Icon: "users", Permission: rbac.TeamRead},
		{Key: "runs", Label: "Invoice runs", Href: href.Runs, Icon: "bolt", Permission: rbac.RunRead},
		{Key: "firms", Label: "Firms", Href: href.Firms, Icon: "home", Permission: rbac.FirmRead},
	}
	if firm == "" {
		return items
	}
	return append(items, inFirm(firm)...)
}

func inFirm(f ident.FirmID) []NavItem {
	return []NavItem{
		{Key: "sla", Label: "Service levels", Href: href.SLA(f, ""), Icon: "chart", Section: "This firm", Permission: rbac.SLARead},
		{Key: "entries", Label: "Time and costs", Href: href.Entries(f), Icon: "clock", Section: "This firm", Permission: rbac.EntryRead},
		{Key: "prebills", Label: "Pre-bills", Href: href.Prebills(f), Icon: "item", Section: "This firm", Permission: rbac.PrebillRead},
		{Key: "invoices", Label: "Invoices", Href: href.Invoices(f), Icon: "money", Section: "This firm", Permission: rbac.InvoiceRead},
		{Key: "submissions", Label: "E-bills", Href: href.Submissions(f), Icon: "transfer", Section: "This firm", Permission: rbac.SubmissionRead},
		{Key: "receivables", Label: "Receivables", Href: href.Receivables(f), Icon: "trend", Section: "This firm", Permission: rbac.ReceivableRead},
		{Key: "reminders", Label: "Reminders", Href: href.Reminders(f), Icon: "mail", Section: "This firm", Permission: rbac.ReminderRead},
		{Key: "disputes", Label: "Disputes", Href: href.Disputes(f), Icon: "alert", Section: "This firm", Permission: rbac.DisputeRead},
		{Key: "payments", Label: "Payments", Href: href.Payments(f), Icon: "check", Section: "This firm", Permission: rbac.PaymentRead},
		{Key: "trust", Label: "Client money", Href: href.TrustAccounts(f), Icon: "lock", Section: "This firm", Permission: rbac.TrustRead},
		{Key: "imports", Label: "Imports", Href: href.Imports(f), Icon: "download", Section: "This firm", Permission: rbac.ImportRead},
		{Key: "exports", Label: "Exports", Href: href.Exports(f), Icon: "box", Section: "This firm", Permission: rbac.ExportRead},
		{Key: "clients", Label: "Clients", Href: href.Clients(f), Icon: "users", Section: "Set-up", Permission: rbac.ClientRead},
		{Key: "payors", Label: "Payors", Href: href.Payors(f), Icon: "id", Section: "Set-up", Permission: rbac.PayorRead},
		{Key: "portals", Label: "Receivers", Href: href.Portals(f), Icon: "box", Section: "Set-up", Permission: rbac.PortalRead},
		{Key: "matters", Label: "Matters", Href: href.Matters(f), Icon: "dispute", Section: "Set-up", Permission: rbac.MatterRead},
		{Key: "timekeepers", Label: "Timekeepers", Href: href.Timekeepers(f), Icon: "cap", Section: "Set-up", Permission: rbac.TimekeeperRead},
		{Key: "rates", Label: "Rates", Href: href.Rates(f), Icon: "transfer", Section: "Set-up", Permission: rbac.RateRead},
		{Key: "arrangements", Label: "Fee arrangements", Href: href.Arrangements(f), Icon: "money", Section: "Set-up", Permission: rbac.ArrangementRead},
		{Key: "guidelines", Label: "Billing guidelines", Href: href.Guides(f), Icon: "flag", Section: "Set-up", Permission: rbac.GuideRead},
		{Key: "codes", Label: "Codes", Href: href.Codes(f), Icon: "id", Section: "Set-up", Permission: rbac.ClientRead},
		{Key: "taxes", Label: "Taxes", Href: href.Taxes(f), Icon: "money", Section: "Set-up", Permission: rbac.PayorRead},
		{Key: "agreements", Label: "Agreements", Href: href.Agreements(f), Icon: "id", Section: "Set-up", Permission: rbac.AgreementRead},
		{Key: "calendars", Label: "Business hours", Href: href.Calendars(f), Icon: "clock", Section: "Set-up", Permission: rbac.CalendarRead},
		{Key: "letters", Label: "Letters to payors", Href: href.Letters(f), Icon: "mail", Section: "Set-up", Permission: rbac.WordingRead},
		{Key: "webhooks", Label: "Webhooks", Href: href.Webhooks(f), Icon: "bolt", Section: "Set-up", Permission: rbac.WebhookRead},
		{Key: "tokens", Label: "API tokens", Href: href.Tokens(f), Icon: "lock", Section: "Set-up", Permission: rbac.TokenRead},
		{Key: "people", Label: "People", Href: href.People(f), Icon: "users", Section: "Oversight", Permission: rbac.PersonRead},
		{Key: "access", Label: "Access", Href: href.Access(f), Icon: "key", Section: "Oversight", Permission: rbac.GrantRead},
		{Key: "asked", Label: "Ask for access", Href: href.AccessAsked(f), Icon: "key", Section: "Oversight", Permission: rbac.GrantAsk},
		{Key: "audit", Label: "Audit log", Href: href.Audit(f), Icon: "chain", Section: "Oversight", Permission: rbac.AuditRead},
		{Key: "jobs", Label: "Jobs", Href: href.Jobs(f), Icon: "refresh", Section: "Oversight", Permission: rbac.JobRead},
	}
}

// Keep is the items that may says yes to, in order.
func Keep(items []NavItem, may func(rbac.Permission) bool) []NavItem {
	kept := make([]NavItem, 0, len(items))
	for _, n := range items {
		if may(n.Permission) {
			kept = append(kept, n)
		}
	}
	return kept
}

// newSection tells whether item i starts a section of the menu.
func newSection(items []NavItem, i int) bool {
	return items[i].Section != "" && (i == 0 || items[i-1].Section != items[i].Section)
}

func (n NavItem) count() string { return strconv.Itoa(n.Count) }

// more marks the current line, and the one that "g d" goes to.
func (n NavItem) more(active string) templ.Attributes {
	a := templ.Attributes{}
	if n.Key == active {
		a["aria-current"] = "page"
	}
	if n.Key == "sla" {
		a["data-go-d"] = true
	}
	return a
}
