package app

import (
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/api"
	"github.com/docketry/docketry/internal/outbox"
)

// mountAPI adds every JSON operation, in the order of a bill's life.
func mountAPI(srv *httpd.Server, s *Services) {
	api.Accounts(srv, s.People)
	api.Through(srv, s.People)
	api.Recoveries(srv, s.People)
	api.Members(srv, s.People, s.Grants, s.People)
	api.Grants(srv, s.Grants)
	api.Conflicts(srv, s.Conflicts)
	api.Deputies(srv, s.Deputies)
	api.Undertakings(srv, s.Undertakings)
	api.Training(srv, s.Training)
	api.Roles(srv, s.Grants)
	api.Tokens(srv, s.People)
	api.Webhooks(srv, s.Webhooks)
	api.Firms(srv, s.Firms)
	api.Clients(srv, s.Matters)
	api.Groups(srv, s.Matters)
	api.Payors(srv, s.Matters)
	api.Portals(srv, s.Portals, s.Invoices)
	api.Connectors(srv, s.Connectors)
	api.Matters(srv, s.Matters)
	api.Timekeepers(srv, s.Matters)
	api.Rates(srv, s.Rates)
	api.RateCards(srv, s.Capture)
	api.Repricings(srv, s.Repricing)
	api.Arrangements(srv, s.Arrangements)
	api.Guides(srv, s.Guidelines)
	api.Imports(srv, s.Capture)
	api.Receipts(srv, s.Receipts)
	api.Entries(srv, s.Capture)
	api.Findings(srv, guideline.New(s.DB, s.Guard))
	api.Find(srv, s.Find, s.Guard)
	api.Queue(srv, s.Work)
	api.Team(srv, s.Team, s.Presence)
	api.Presence(srv, s.Work, s.Presence)
	api.Prebills(srv, s.Prebills)
	api.Runs(srv, s.Invoices)
	api.Invoices(srv, s.Invoices)
	api.Submissions(srv, s.Submissions)
	api.Notices(srv, s.Notices)
	api.Wordings(srv, s.Wordings)
	api.Payments(srv, s.Receivables)
	api.Mails(srv, s.Mails)
	api.SLA(srv, s.SLA)
	api.Exports(srv, s.Exports)
	api.Audit(srv, s.Audit)
	api.Evidence(srv, s.Evidence)
	api.SelfChecks(srv, s.SelfChecks)
	api.Jobs(srv, outbox.NewBoard(s.DB, s.Guard))
}
