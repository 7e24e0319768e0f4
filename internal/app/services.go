// Package app builds everything out of its parts: the services over one database
// role, the web server, the worker. Commands and end-to-end tests start the same
// thing.
package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/blob/bucket"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/conflict"
	"github.com/docketry/docketry/internal/connector"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/evidence"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/find"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/lesson"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/outbound"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/reprice"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/selfcheck"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/internal/tax"
	"github.com/docketry/docketry/internal/team"
	"github.com/docketry/docketry/internal/training"
	"github.com/docketry/docketry/internal/transfer"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/internal/undertaking"
	"github.com/docketry/docketry/internal/webhook"
	"github.com/docketry/docketry/internal/wording"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// Parts is what a program is made of. Config.Keys must be complete.
type Parts struct {
	Config  config.Config
	DB      *db.DB
	Clock   clock.Clock
	Log     *slog.Logger
	Hasher  *people.Hasher // nil is argon2id at full cost; tests use a cheap one
	Courier people.Courier // carries invitations; nil leaves them to the worker's mail
	// Providers of firms that sign in through their own; nil are those of Config. Tests run one.
	Providers *people.Providers
	Calls     *outbound.Client // to addresses that people typed; nil is the open internet, or this machine in a demo
	Pace      *httpd.Pace      // how fast one may ask; nil is as fast as they can, for tests and the demo
	Presence  *httpd.Presence  // who looks at what; nil is this process's own, for tests and the demo
	Reads     *httpd.Reads     // how much privileged text one may open; nil is all of it, likewise
}

// Services are the use cases, over one database role.
type Services struct {
	Parts
	Policy       *rbac.Policy
	Guard        *authz.Guard
	Metrics      *obs.Metrics
	Blobs        *blob.Store
	keys         *blob.Keys
	AuditKey     *audit.SigningKey
	Mails        *mail.Service
	Post         *letter.Post // letters to people about access
	Audit        *audit.Service
	People       *people.Service
	Conflicts    *conflict.Service
	Deputies     *deputy.Service
	Undertakings *undertaking.Service
	Training     *training.Service
	Requirements *requirement.Service
	Grants       *grant.Service
	Firms        *firm.Service
	Matters      *matter.Service
	Taxes        *tax.Service
	Portals      *portal.Service
	Connectors   *connector.Service
	Rates        *rate.Service
	Exchanges    *exchange.Service
	Repricing    *reprice.Service
	Transfers    *transfer.Service
	Find         *find.Service
	SLA          *sla.Service
	Arrangements *arrangement.Service
	Contingent   *contingent.Service
	Guidelines   *guideline.Service
	Capture      *capture.Service
	Prebills     *prebill.Service
	Receipts     *receipt.Service
	Invoices     *invoice.Service
	Submissions  *submission.Service
	Lessons      *lesson.Service
	Disputes     *dispute.Service
	Receivables  *receivable.Service
	Trust        *trust.Service
	Orders       *purchase.Service
	Codes        *code.Service
	Notices      *notice.Service
	Exports      *export.Service
	Evidence     *evidence.Service
	SelfCheck    *selfcheck.Service
	SelfChecks   *selfcheck.Board
	Webhooks     *webhook.Service
	Wordings     *wording.Service
	Work         *worklist.Service
	Team         *team.Service

	letters courier
}

// NewServices builds every service.
func NewServices(ctx context.Context, p Parts) (*Services, error) {
	s := &Services{Parts: p, Metrics: obs.NewMetrics()}
	if s.Presence == nil {
		s.Presence = httpd.NewPresence(nil, p.Clock)
	}
	for _, step := range []func(ctx context.Context) error{s.machinery, s.tenants, s.billing} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Services) machinery(ctx context.Context) (err error) {
	if s.Policy, err = rbac.New(); err != nil {
		return err
	}
	s.Guard = authz.NewGuard(s.DB, s.Policy)
	master, err := seal.NewMaster(s.Config.Keys.Master, s.Config.Keys.FormerMasters()...)
	if err != nil {
		return fmt.Errorf("read the master key: %w", err)
	}
	b, err := bucket.Open(ctx, s.Config.BlobURL)
	if err != nil {
		return fmt.Errorf("open the blob store: %w", err)
	}
	s.keys = blob.NewKeys(master)
	s.Blobs = blob.New(s.DB, b, s.keys)
	if s.AuditKey, err = audit.NewSigningKey(s.Config.Keys.Audit, s.Config.FormerAudit()...); err != nil {
		return fmt.Errorf("%w: DOCKETRY_AUDIT_KEY or DOCKETRY_AUDIT_FORMER_FILE: %w", ErrSetup, err)
	}
	var sender mail.Sender
	if s.Config.MailURL != "" {
		if sender, err = openMail(s.Config); err != nil {
			return err
		}
	}
	if s.Courier == nil {
		s.Courier = people.ByMail{}
	}
	s.Post = letter.NewPost(s.DB, sender, s.Config.MailFrom, s.Config.PublicURL)
	s.letters = courier{db: s.DB, sender: sender, from: s.Config.MailFrom, publicURL: s.Config.PublicURL}
	s.Mails, err = mail.New(s.DB, s.Guard, s.Blobs, sender, s.Config.MailFrom)
	return err
}

// openMail is the sender of the configuration, which signs where it has a key.
func openMail(c config.Config) (mail.Sender, error) {
	var dkim *mail.DKIM
	if d := c.MailDKIM; d.On() {
		var err error
		if dkim, err = mail.NewDKIM(d.Domain, d.Selector, d.PEM); err != nil {
			return nil, fmt.Errorf("%w: DOCKETRY_MAIL_DKIM_KEY_FILE: %w", ErrSetup, err)
		}
	}
	sender, err := mail.Open(c.MailURL, dkim)
	if err != nil {
		return nil, fmt.Errorf("open the mail sender: %w", err)
	}
	return sender, nil
}

// issuers is the operator's list of firms' providers.
func issuers(c config.Config) (list []people.Issuer) {
	for _, i := range c.SSO {
		list = append(list, people.Issuer{URL: i.Issuer, Client: i.Client, Secret: i.Secret, Firms: i.Firms, MFA: i.MFA})
	}
	return list
}

// caller reaches them: on the open internet, or where all of this runs on one machine,
// on that machine.
func (s *Services) caller() *outbound.Client {
	switch {
	case s.Calls != nil:
		return s.Calls
	case s.Config.Plain():
		return outbound.OnThisMachine()
	default:
		return outbound.New()
	}
}

func (s *Services) tenants(context.Context) (err error) {
	if s.Hasher == nil {
		if s.Hasher, err = people.NewHasher(people.Strong()); err != nil {
			return fmt.Errorf("make the password hasher: %w", err)
		}
	}
	home := bureau.New(s.DB)
	s.People = people.New(s.DB, s.Guard, s.Policy, home, s.Hasher, s.Courier, s.Config.Keys.Session, s.keys, s.Config.PublicURL)
	s.People.FormerKey(s.Config.Keys.FormerSession)
	s.Conflicts = conflict.New(s.DB, s.Guard, home)
	s.Grants = grant.New(s.DB, s.Guard, s.Policy, home, s.People, s.Conflicts)
	s.Undertakings, s.Training = undertaking.New(s.DB, s.Guard, home), training.New(s.DB, s.Guard, home)
	s.Requirements = requirement.New(s.DB, s.Guard)
	s.Guard.RecordBreakGlass(grant.RecordGlass)
	if s.Providers == nil {
		s.Providers = people.NewProviders(issuers(s.Config), s.caller(), s.Clock, s.Config.PublicURL)
	}
	s.People.SignInThrough(s.Providers)
	s.letters.letters = s.People
	s.Firms = firm.NewService(s.DB, s.Guard, s.Grants, func(tx *db.Tx, f firm.Firm) error { return sla.FirstCalendar(tx, f.TZ) })
	s.Matters = matter.New(s.DB, s.Guard)
	s.Taxes = tax.New(s.DB, s.Guard)
	s.Portals = portal.New(s.DB, s.Guard)
	s.Connectors = connector.New(s.DB, s.Guard, s.keys, carry.New(s.caller()))
	s.Rates = rate.New(s.DB, s.Guard)
	s.Exchanges = exchange.NewService(s.DB, s.Guard)
	s.Find = find.New(s.DB, s.Guard)
	s.SLA = sla.New(s.DB, s.Guard)
	s.Work = worklist.NewService(s.DB, s.Guard, s.SLA)
	s.Team = team.New(s.DB, s.Guard, s.SLA, s.Work)
	s.People.WhenAccessEnds(worklist.EndLeases)
	s.Deputies = deputy.New(s.DB, s.Guard)
	s.People.WhenAccessEnds(s.Deputies.Left)
	return nil
}

// credited lets go of what hangs on an invoice that is being credited: the work on its
// e-bills, its disputes, and what was paid.
func (s *Services) credited(tx *db.Tx, id ident.InvoiceID) error {
	if err := submission.Credited(tx, id); err != nil {
		return err
	}
	if err := s.Disputes.Credited(tx, id); err != nil {
		return err
	}
	return s.Receivables.ReleaseInvoice(tx, id)
}

func (s *Services) billing(context.Context) error {
	s.Arrangements = arrangement.New(s.DB, s.Guard)
	s.Guidelines = guideline.New(s.DB, s.Guard)
	s.Capture = capture.New(s.DB, s.Guard)
	s.Work.FinishWhen(capture.Subject, capture.Reviewed)
	s.Prebills = prebill.New(s.DB, s.Guard)
	s.Receipts = receipt.New(s.DB, s.Guard, s.Blobs, s.Prebills)
	s.Contingent = contingent.New(contingent.Parts{DB: s.DB, Guard: s.Guard, Blobs: s.Blobs, Agreed: s.Arrangements, Inspect: s.Receipts.Inspect})
	s.Repricing = reprice.New(s.DB, s.Guard)
	s.Transfers = transfer.New(s.DB, s.Guard)
	s.Receivables = receivable.New(s.DB, s.Guard)
	s.Orders = purchase.NewService(s.DB, s.Guard)
	s.Codes = code.NewService(s.DB, s.Guard)
	s.Trust = trust.New(s.DB, s.Guard, s.Receivables)
	paper, err := invoice.NewPaper()
	if err != nil {
		return fmt.Errorf("load the invoice's fonts: %w", err)
	}
	s.Prebills.HandOverWhen(paper.Fits)
	s.Invoices = invoice.New(invoice.Parts{DB: s.DB, Guard: s.Guard, Paper: paper, Blobs: s.Blobs, Release: s.credited, Reduce: s.Receivables.ReduceInvoice})
	s.Disputes = dispute.New(s.DB, s.Guard, s.Invoices, s.Receivables)
	s.Work.FinishWhen(dispute.Subject, dispute.Settled)
	links, err := notice.NewLinks(s.Config.PublicURL, s.Config.Keys.Session, s.Config.Keys.FormerSession)
	if err != nil {
		return fmt.Errorf("make the payors' links: %w", err)
	}
	s.Notices = notice.New(notice.Parts{DB: s.DB, Guard: s.Guard, Mail: s.Mails, Invoices: s.Invoices, Links: links, Calendar: s.SLA.BusinessCalendar})
	s.Work.FinishWhen(submission.Subject, submission.Settled)
	s.Lessons = lesson.New(s.DB, s.Guard, s.Guidelines)
	s.Work.FinishWhen(lesson.Subject, lesson.Settled)
	s.Submissions = submission.New(submission.Parts{DB: s.DB, Guard: s.Guard, Blobs: s.Blobs, Served: s.Notices.Served, Courier: s.Connectors, Inspect: s.Receipts.Inspect})
	s.Exports = export.New(s.DB, s.Guard, s.Blobs)
	s.Wordings = wording.New(s.DB, s.Guard)
	s.Webhooks = webhook.New(s.DB, s.Guard, s.keys, s.caller(), s.Config.PublicURL)
	s.Audit = audit.NewService(s.DB, s.Guard, invoice.Sealed, s.AuditKey.Publics())
	s.Evidence = evidence.New(s.DB, s.Guard, s.Policy, s.Audit)
	s.SelfChecks = selfcheck.NewBoard(s.DB, s.Guard)
	s.SelfCheck = selfcheck.New(s.DB, bureau.New(s.DB), s.Log, s.Metrics)
	return nil
}
