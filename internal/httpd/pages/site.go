package pages

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/conflict"
	"github.com/docketry/docketry/internal/connector"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/evidence"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/find"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/lesson"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/reprice"
	"github.com/docketry/docketry/internal/requirement"
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

// Site is the handlers of every page over the services.
type Site struct {
	Clock        clock.Clock
	Firms        *firm.Service
	People       *people.Service
	Conflicts    *conflict.Service
	Deputies     *deputy.Service
	Undertakings *undertaking.Service
	Training     *training.Service
	Requirements *requirement.Service
	Grants       *grant.Service
	Matters      *matter.Service
	Taxes        *tax.Service
	Portals      *portal.Service
	Connectors   *connector.Service
	Rates        *rate.Service
	Exchanges    *exchange.Service
	Repricing    *reprice.Service
	Transfers    *transfer.Service
	Find         *find.Service
	Audit        *audit.Service

	SLA          *sla.Service
	Work         *worklist.Service
	Team         *team.Service
	Arrangements *arrangement.Service
	Contingent   *contingent.Service
	Guidelines   *guideline.Service
	Capture      *capture.Service
	Receipts     *receipt.Service
	Prebills     *prebill.Service
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
	SelfChecks   *selfcheck.Board
	Webhooks     *webhook.Service
	Wordings     *wording.Service
	Outbox       *outbox.Board
	Presence     *httpd.Presence // who looks at what now
}

// get and post are how pages are mounted.
func get(s *httpd.Server, path string, needs rbac.Permission, do func(r *httpd.Request) (httpd.Reply, error)) {
	s.Mount(http.MethodGet, path, needs, do)
}

func post(s *httpd.Server, path string, needs rbac.Permission, do func(r *httpd.Request) (httpd.Reply, error)) {
	s.Mount(http.MethodPost, path, needs, do)
}

// shower shows the page of a form, with what it was refused for beside its fields.
type shower func(r *httpd.Request, failed error) (templ.Component, error)

// show mounts a page by itself, with nothing refused.
func show(s *httpd.Server, path string, needs rbac.Permission, page shower) {
	get(s, path, needs, func(r *httpd.Request) (httpd.Reply, error) {
		c, err := page(r, nil)
		return httpd.Show(c), err
	})
}

// fill mounts an act with the page that its form stands on: what was typed comes back
// there however it is refused.
func fill(s *httpd.Server, path string, needs rbac.Permission, do func(r *httpd.Request) (httpd.Reply, error), show shower) {
	s.MountForm(path, needs, do, func(r *httpd.Request, refused error) (httpd.Reply, error) {
		return again(refused, func() (templ.Component, error) { return show(r, refused) })
	})
}

// of shows the page of the thing that the path names.
func of[T ~string](show func(r *httpd.Request, id T, failed error) (templ.Component, error)) shower {
	return func(r *httpd.Request, failed error) (templ.Component, error) {
		id, err := httpd.ID[T](r, "id")
		if err != nil {
			return nil, err
		}
		return show(r, id, failed)
	}
}

// frame is what a page stands in: menu cut to what the person may, the firm's
// badge, what just happened. Its reads are the person's own.
type frame struct {
	layout.Chrome
	Standing authz.Standing
	FirmID   ident.FirmID
	Zone     *time.Location // the firm's, or UTC across firms
	Card     firm.Card
}

// May tells whether a button for p is shown inside the frame's firm.
func (f frame) May(p rbac.Permission) bool { return f.Standing.In(f.FirmID, p) }

func (s *Site) frame(r *httpd.Request, title, active string) (frame, error) {
	f := frame{Chrome: bare(r, title), FirmID: r.Firm(), Zone: time.UTC}
	f.Active = active
	me, err := s.People.Me(r.Context())
	if err != nil {
		return f, err
	}
	f.Person = me.Name
	if f.Standing, err = r.Standing(); err != nil {
		return f, err
	}
	if f.Standing.Hidden(f.FirmID) {
		f.Confirm = href.Query(href.StepUp, "back", backTo(r))
	}
	staff := f.Standing.OfBureau()
	cards, err := s.Firms.Mine(r.Context())
	if err != nil {
		return f, err
	}
	for _, c := range cards {
		switch {
		case c.ID == f.FirmID:
			f.inside(c, staff)
		case c.Kind == "bureau" && f.Org == "":
			f.Org = c.Name
		case !staff && f.Org == "":
			f.Org = c.Name
		}
	}
	f.Next = staff && f.Standing.Anywhere(rbac.ItemClaim)
	f.Nav = layout.Keep(layout.Menu(f.menuFirm(cards, staff)), f.allowed(staff))
	return f, nil
}

// backTo is the address that shows the page again: with what followed its path, unless
// the page answers a form.
func backTo(r *httpd.Request) string {
	page := r.Page()
	if q := r.Queries().Encode(); q != "" && page == r.Path() {
		return page + "?" + q
	}
	return page
}

func (f *frame) inside(c firm.Card, staff bool) {
	f.Card = c
	f.Firm = &partial.Firm{ID: c.ID, Code: c.Code, Name: c.Name, Slot: c.Slot}
	f.Spine = staff
	if !staff {
		f.Org = c.Name
	}
	if zone, err := time.LoadLocation(c.TZ); err == nil {
		f.Zone = zone
	}
}

// menuFirm is the firm whose lines the menu shows: the page's, or a firm's own
// user's only one.
func (f *frame) menuFirm(cards []firm.Card, staff bool) ident.FirmID {
	if f.FirmID == "" && !staff && len(cards) == 1 {
		return cards[0].ID
	}
	return f.FirmID
}

func (f *frame) allowed(staff bool) func(rbac.Permission) bool {
	firm := f.FirmID
	return func(p rbac.Permission) bool {
		switch {
		case p == rbac.QueueRead || p == rbac.TeamRead || p == rbac.RunRead:
			return staff && f.Standing.Anywhere(p)
		case p == rbac.FirmRead:
			return staff
		case firm == "":
			return f.Standing.Anywhere(p)
		default:
			return f.Standing.In(firm, p)
		}
	}
}

// bare is the frame without a person: gates and error pages, which must come out
// also when the database is away.
func bare(r *httpd.Request, title string) layout.Chrome {
	c := layout.Chrome{
		Title: title, Theme: r.Cookie("theme"), Density: r.Cookie("density"), KeysOff: r.Cookie("keys") == "off",
		CSRF: r.CSRF(), RequestID: r.RequestID(), Path: r.Path(),
	}
	if q := r.Queries().Encode(); q != "" {
		c.Query = "?" + q
	}
	if text := r.Flash(); text != "" {
		c.Flash = &layout.Flash{Tone: partial.OK, Text: text}
	}
	return c
}

// ErrorPage is every refusal and fault as a page (DESIGN 2.14).
func (s *Site) ErrorPage(r *httpd.Request, status int, f *fault.Error) templ.Component {
	c := bare(r, http.StatusText(status))
	start, again := startLink(r), []partial.Link(nil)
	if page := r.Page(); page != "" {
		again = []partial.Link{{Text: "Open it again", Href: page}}
	}
	v := ErrorView{Icon: "alert", Text: sentence(f.Message), RequestID: r.RequestID(), Links: []partial.Link{start}}
	if status != http.StatusServiceUnavailable && !r.Payor() {
		if full, err := s.frame(r, http.StatusText(status), ""); err == nil {
			c = full.Chrome
		}
		if c.Confirm != "" {
			c.Confirm = href.StepUp // not back to what was refused
		}
	}
	switch status {
	case http.StatusNotFound:
		v.Icon, v.Title = "search", "There is nothing here that you can see"
		v.Text = "The address may be wrong, or it leads to something outside your access. Your visit was recorded."
		v.Ask = s.whoCanGrant(r)
		if r.Payor() {
			v.Title, v.Text = "There is nothing here", "The address may be wrong, or the time that the code opened is over. The link in the invoice's e-mail opens a new one."
		}
	case http.StatusMethodNotAllowed:
		v.Title, v.Text, v.Links = "This address takes no such request", "Nothing was changed. Open the page and use what it offers.", append(again, start)
	case http.StatusForbidden:
		if f.Code == httpd.ErrForged.Code {
			v.Title, v.Links = "This form is no longer good", append(again, start)
			break
		}
		if f.Code == authz.ErrUndertaking.Code {
			v.Icon, v.Title, v.Links = "hold", "An undertaking comes first", []partial.Link{{Text: "Read and give it", Href: href.MyUndertakings}, start}
			break
		}
		v.Icon, v.Title = "lock", "Your role does not include this"
		v.Ask = s.whoCanGrant(r)
	case http.StatusUnauthorized:
		v.Icon, v.Title, v.Links = "key", "Sign in first", []partial.Link{{Text: "Sign in", Href: "/sign-in"}}
	case http.StatusConflict, http.StatusPreconditionFailed:
		v.Title, v.Links = "This changed in the meantime", append(again, start)
	case http.StatusServiceUnavailable:
		v.Title = "Not available at the moment"
		v.Text = "The database does not answer. Nothing you saved is lost; try again in a few seconds."
		v.Links = []partial.Link{start}
		for _, l := range again {
			v.Links = []partial.Link{{Text: "Try again", Href: l.Href}}
		}
	case http.StatusRequestEntityTooLarge:
		v.Title, v.Links = "This is too large", append(again, start)
	case http.StatusUnprocessableEntity, http.StatusTooManyRequests:
		v.Title, v.Links = "This could not be accepted", append(again, start)
	default:
		v.Title = "Something went wrong on our side"
		v.Text = "The fault was recorded. If it happens again, tell us the reference below."
	}
	c.Title, c.Query = v.Title, "" // what is not there looks alike, whatever was asked of it
	return ErrorFrame(c, v)
}

// startLink leads to where the reader belongs: a payor's contact knows the door only.
func startLink(r *httpd.Request) partial.Link {
	switch {
	case !r.Payor():
		return partial.Link{Text: "Go to the start page", Href: href.Home}
	case r.VisitCookie() != "":
		return partial.Link{Text: "Your invoices", Href: href.PayorList}
	default:
		return partial.Link{Text: "How to open your invoices", Href: href.Payor}
	}
}

// whoCanGrant names the firm's administrators, but only to who holds a grant there.
func (s *Site) whoCanGrant(r *httpd.Request) []string {
	if r.Firm() == "" {
		return nil
	}
	names, err := s.Grants.WhoGrants(r.Context())
	if err != nil || len(names) == 0 {
		return nil
	}
	list := names[0]
	for i, n := range names[1:] {
		if i == len(names)-2 {
			list += " or " + n
		} else {
			list += ", " + n
		}
	}
	return []string{"At this firm, " + list + " can grant access."}
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	b := []byte(s)
	if b[0] >= 'a' && b[0] <= 'z' {
		b[0] -= 'a' - 'A'
	}
	if last := b[len(b)-1]; last != '.' && last != '?' {
		b = append(b, '.')
	}
	return string(b)
}

// problemIn is the refusal that belongs to no field.
func problemIn(err error) string {
	if err == nil || len(partial.FaultsOf(err)) > 0 {
		return ""
	}
	return sentence(httpd.FaultOf(err).Message)
}

// again shows a form with its faults, or passes on what no form can mend.
func again(err error, show func() (templ.Component, error)) (httpd.Reply, error) {
	if !httpd.Correctable(err) {
		return httpd.Reply{}, err
	}
	c, showErr := show()
	if showErr != nil {
		return httpd.Reply{}, errors.Join(err, showErr)
	}
	return httpd.ShowFault(err, c), nil
}

// typedForm is what was typed into the one of a page's forms that came back.
type typedForm struct {
	values url.Values
	at     string
	failed error
}

// back fills a form that came back with its faults; the page's other forms stay new.
func (t typedForm) back(form *partial.Form) *partial.Form {
	if t.at != form.Action || t.failed == nil {
		return form
	}
	form.Faults, form.Problem = partial.FaultsOf(t.failed), problemIn(t.failed)
	return form
}

// of is what was typed in the form that posts to action.
func (t typedForm) of(action, name string) string {
	if t.at != action {
		return ""
	}
	return t.values.Get(name)
}

// typedCurrency is a currency in capitals however it is typed; what is none stays as it
// is, for its form.
func typedCurrency(text string) money.Currency {
	if c, err := money.ParseCurrency(text); err == nil {
		return c
	}
	return money.Currency(text)
}

// today is the day at the firm, as days are kept.
func (s *Site) today(f frame) time.Time {
	y, m, d := s.Clock.Now().In(f.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
