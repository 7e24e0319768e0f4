package app

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages"
	"github.com/docketry/docketry/internal/httpd/pages/static"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/jobs"
)

// NewWeb mounts every page and operation. A route without a known permission is
// an error here, before anything listens.
func NewWeb(s *Services) (*httpd.Server, error) {
	var proxies []*net.IPNet
	for _, text := range s.Config.TrustedProxies {
		_, network, err := net.ParseCIDR(text)
		if err != nil {
			return nil, fmt.Errorf("DOCKETRY_TRUSTED_PROXIES: %q is not a network such as 10.0.0.0/8", text)
		}
		proxies = append(proxies, network)
	}
	site := &pages.Site{
		Clock: s.Clock, Firms: s.Firms, People: s.People, Conflicts: s.Conflicts, Deputies: s.Deputies, Undertakings: s.Undertakings, Training: s.Training, Requirements: s.Requirements, Grants: s.Grants, Matters: s.Matters, Taxes: s.Taxes, Portals: s.Portals, Connectors: s.Connectors, Rates: s.Rates, Exchanges: s.Exchanges, Repricing: s.Repricing, Transfers: s.Transfers, Find: s.Find, Audit: s.Audit, SLA: s.SLA, Work: s.Work, Team: s.Team, Arrangements: s.Arrangements, Contingent: s.Contingent, Guidelines: s.Guidelines, Capture: s.Capture, Receipts: s.Receipts,
		Prebills: s.Prebills, Invoices: s.Invoices, Submissions: s.Submissions, Lessons: s.Lessons, Disputes: s.Disputes, Receivables: s.Receivables, Trust: s.Trust, Orders: s.Orders, Codes: s.Codes, Notices: s.Notices, Exports: s.Exports, Evidence: s.Evidence, SelfChecks: s.SelfChecks, Webhooks: s.Webhooks, Wordings: s.Wordings, Outbox: outbox.NewBoard(s.DB, s.Guard), Presence: s.Presence,
	}
	srv := httpd.New(httpd.Parts{
		DB: s.DB, Guard: s.Guard, Sessions: people.NewSessionStore(s.DB), Tokens: s.People, Log: s.Log, Metrics: s.Metrics,
		PublicURL: s.Config.PublicURL, Plain: s.Config.Plain(), Proxies: proxies, ErrorPage: site.ErrorPage, StepUp: site.StepUp, ProveFactor: s.People.ProveFactor,
		Ready: func(ctx context.Context) error { return s.DB.Ping(ctx) }, Pace: s.Pace, Reads: s.Reads, Keys: s.Blobs.Keys(),
	})
	srv.Static(static.Mount, static.Handler())
	for _, mount := range []func(*httpd.Server){
		site.MountSignIn, site.MountQueue, site.MountTeam, site.MountPools, site.MountItems, site.MountHandoff, site.MountSelected, site.MountViews, site.MountLive, site.MountFirms, site.MountClients, site.MountPayors, site.MountOrders, site.MountCodes, site.MountReminders, site.MountPortals, site.MountTaxes, site.MountMatters, site.MountTimekeepers, site.MountRates, site.MountRateCards, site.MountExchanges, site.MountRepricings, site.MountTransfers, site.MountArrangements, site.MountContingent, site.MountGuides, site.MountEntries, site.MountReceipts, site.MountGo,
		site.MountImports, site.MountPrebills, site.MountRuns, site.MountInvoices, site.MountSubmissions, site.MountLessons, site.MountDisputes, site.MountPayments, site.MountTrust, site.MountSLA, site.MountCalendars, site.MountAgreements, site.MountAccess, site.MountDeputies, site.MountUndertakings, site.MountTraining, site.MountRequirements, site.MountStaff, site.MountWalls, site.MountTokens, site.MountWebhooks, site.MountWordings, site.MountForgot, site.MountThrough, site.MountRecoveries, site.MountFactor, site.MountAudit,
		site.MountExports, site.MountPayor, site.MountJobs,
	} {
		mount(srv)
	}
	mountAPI(srv, s)
	return srv, srv.Check()
}

// Operations is what the loopback port answers: metrics, and Asynq's queues to look
// at. Close lets go of what the queues' page holds.
func Operations(s *Services) (h http.Handler, closed func() error, err error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.Metrics.Handler())
	queues, err := jobs.NewMonitor(s.Config.RedisURL, "/queues")
	if err != nil {
		return nil, nil, err
	}
	mux.Handle("GET /queues/", queues)
	return mux, queues.Close, nil
}
