package demo

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/conflict"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/jobs"
	"github.com/docketry/docketry/rbac"
)

// Letters keeps invitations instead of mailing them, so that the story's people
// can choose their password at once.
type Letters struct {
	mu     sync.Mutex
	tokens map[string]string // by address
}

// NewLetters is an empty letterbox.
func NewLetters() *Letters { return &Letters{tokens: map[string]string{}} }

// Invite is people.Courier's.
func (l *Letters) Invite(_ *db.Tx, i people.Invitation) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens[i.Email] = i.Token
	return nil
}

func (l *Letters) token(email string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tokens[strings.ToLower(email)]
}

// Cast is everybody and everything of the story, as the services know them.
type Cast struct {
	Bureau   ident.FirmID
	People   map[string]ident.PersonID // by address
	Firms    []*Tenant
	sign     []SignIn
	s        *app.Services
	clock    *clock.Manual
	letters  *Letters
	engine   *jobs.Engine
	labour   func(ctx context.Context) error // does the jobs that are due
	remind   func(ctx context.Context) error // sends the reminders that are due
	drawn    int                             // pre-bills built so far
	sent     int                             // e-bills, to receivers
	spare    bool                            // what cannot be billed stays off its bill, and is in unbilled
	unbilled []Unbilled
	late     invoice.Day // what the last clients were billed before this day is not paid
}

// Tenant is one firm of the cast.
type Tenant struct {
	Firm
	ID                ident.FirmID
	Zone              *time.Location
	Admin             ident.PersonID
	Partner           ident.PersonID
	MattersByNumber   map[string]matter.Matter
	TimekeepersByCode map[string]ident.TimekeeperID
}

// SignIn is one way into the demo.
type SignIn struct {
	Role     string `json:"role"`
	Firm     string `json:"firm"`
	Email    string `json:"email"`
	Password string `json:"password"`
	TOTP     string `json:"totp"` // the secret of an authenticator app, "" where no factor is due
}

// SignIns lists one person of each role and firm.
func (c *Cast) SignIns() []SignIn { return c.sign }

// Hire sets up the bureau, opens the firms with their people, and lets each firm's
// administrator grant the bureau's people access for 180 days. clock stands where
// the story begins.
func Hire(ctx context.Context, s *app.Services, c *clock.Manual, letters *Letters, engine *jobs.Engine, firms []Firm) (*Cast, error) {
	cast := &Cast{People: map[string]ident.PersonID{}, s: s, clock: c, letters: letters, engine: engine}
	cast.labour = cast.drain
	if err := cast.bureau(ctx); err != nil {
		return nil, fmt.Errorf("set up the bureau: %w", err)
	}
	for _, f := range firms {
		t, err := cast.open(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", f.Name, err)
		}
		cast.Firms = append(cast.Firms, t)
	}
	if err := cast.trust(ctx); err != nil {
		return nil, err
	}
	return cast, nil
}

func (c *Cast) bureau(ctx context.Context) error {
	b := Larkspur()
	admin := b.People[0]
	token, err := grant.Bootstrap(ctx, c.s.DB, grant.Setup{Bureau: b.Name, TZ: "Europe/London", Country: "GB", Name: admin.Name, Email: admin.Email})
	if err != nil {
		return err
	}
	if err := c.enrol(ctx, admin, token, b.Name); err != nil {
		return err
	}
	if c.Bureau, err = c.s.People.BureauID(ctx); err != nil {
		return err
	}
	as := c.As(c.Bureau, c.People[admin.Email])
	for _, p := range b.People[1:] {
		if _, err := c.s.Grants.InviteStaff(as, p.Name, p.Email); err != nil {
			return fmt.Errorf("invite %s: %w", p.Email, err)
		}
		if err := c.enrol(ctx, p, c.letters.token(p.Email), b.Name); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cast) enrol(ctx context.Context, p Person, token, firm string) error {
	who, err := c.s.People.Enrol(ctx, token, Password)
	if err != nil {
		return fmt.Errorf("enrol %s: %w", p.Email, err)
	}
	c.People[p.Email] = who.ID
	way := SignIn{Role: p.Role, Firm: firm, Email: p.Email, Password: Password}
	if c.s.Policy.NeedsFactor(rbac.Role(p.Role)) {
		if way.TOTP, err = c.app(who.ID); err != nil {
			return fmt.Errorf("set up the app of %s: %w", p.Email, err)
		}
	}
	c.sign = append(c.sign, way)
	return nil
}

// app sets up an authenticator app as its person would and returns its secret.
func (c *Cast) app(who ident.PersonID) (secret string, err error) {
	as := c.As("", who)
	shown, err := c.s.People.BeginApp(as)
	if err != nil {
		return "", err
	}
	code, err := people.AppCode(shown.Secret, c.clock.Now())
	if err != nil {
		return "", err
	}
	_, err = c.s.People.ConfirmApp(as, Password, code)
	return shown.Secret, err
}

// As is a person acting in a firm, from no session, as if they had just shown a factor.
func (c *Cast) As(f ident.FirmID, who ident.PersonID) context.Context {
	return scope.With(context.Background(), scope.Scope{Firm: f, Actor: who, FactorAt: c.clock.Now(), RequestID: "demo"})
}

func (c *Cast) open(ctx context.Context, f Firm) (*Tenant, error) {
	zone, err := time.LoadLocation(f.TZ)
	if err != nil {
		return nil, err
	}
	admin := f.role("firm_admin")
	made, err := c.s.Firms.Create(c.As(c.Bureau, c.People[Larkspur().People[0].Email]), firm.New{
		Code: f.Code, Name: f.Name, TZ: f.TZ, Country: f.Country, Currency: f.Currency, Address: strings.Join(f.Address, "\n"), TaxID: f.TaxID,
		InvoicePattern: f.NumberPattern, Admin: firm.Admin{Name: admin.Name, Email: admin.Email},
	})
	if err != nil {
		return nil, err
	}
	t := &Tenant{Firm: f, ID: made.ID, Zone: zone, MattersByNumber: map[string]matter.Matter{}, TimekeepersByCode: map[string]ident.TimekeeperID{}}
	if err := c.enrol(ctx, admin, c.letters.token(admin.Email), f.Name); err != nil {
		return nil, err
	}
	t.Admin = c.People[admin.Email]
	if err := c.invitePartner(ctx, t); err != nil {
		return nil, err
	}
	as := c.As(t.ID, t.Admin)
	if _, err := c.s.Firms.EditBank(as, 1, firm.Bank{Name: f.BankName, Account: f.BankAccount, Code: f.BankCode}); err != nil {
		return nil, fmt.Errorf("bank details: %w", err)
	}
	if err := c.timekeepers(as, t); err != nil {
		return nil, err
	}
	if err := c.clients(as, t); err != nil {
		return nil, err
	}
	if err := c.letInBureau(t); err != nil { // after the names that the bureau checks them by
		return nil, err
	}
	if err := c.promise(t); err != nil {
		return nil, err
	}
	return t, c.agreed(as, t)
}

func (f Firm) role(role string) Person {
	for _, p := range f.People {
		if p.Role == role {
			return p
		}
	}
	return Person{}
}

func (c *Cast) invitePartner(ctx context.Context, t *Tenant) error {
	p := t.role("partner")
	draft := grant.Draft{Role: rbac.RolePartner, Scope: authz.ScopeAll, Class: authz.C3, Label: authz.Restricted, Reason: "Partner of the firm"}
	if _, err := c.s.Grants.Invite(c.As(t.ID, t.Admin), p.Name, p.Email, draft); err != nil {
		return fmt.Errorf("invite %s: %w", p.Email, err)
	}
	if err := c.enrol(ctx, p, c.letters.token(p.Email), t.Name); err != nil {
		return err
	}
	t.Partner = c.People[p.Email]
	return nil
}

// letInBureau grants the lead and the specialists access to the whole firm, up to
// restricted matters, and the auditor without narratives. The bureau has first to
// confirm each of them to the firm.
func (c *Cast) letInBureau(t *Tenant) error {
	until := c.clock.Now().Add(180 * 24 * time.Hour)
	for _, p := range Larkspur().People {
		role := rbac.Role(p.Role)
		if role == rbac.RoleBureauAdmin {
			continue
		}
		class := authz.C3
		if role == rbac.RoleQualityAuditor {
			class = authz.C2
		}
		checks, err := c.s.Conflicts.Check(c.As(c.Bureau, c.People[Larkspur().People[0].Email]), t.ID, c.People[p.Email])
		if err != nil {
			return fmt.Errorf("check %s: %w", p.Email, err)
		}
		for _, x := range checks {
			if x.State != conflict.CheckClear {
				return fmt.Errorf("check %s: %d parties stand on opposite sides of this firm and another of the story", p.Email, x.Opposite)
			}
		}
		_, err = c.s.Grants.Give(c.As(t.ID, t.Admin), grant.Draft{Person: c.People[p.Email], Role: role, Scope: authz.ScopeAll, Class: class, Label: authz.Restricted,
			Until: &until, Reason: "Billing service agreement, first term"})
		if err != nil {
			return fmt.Errorf("grant %s: %w", p.Email, err)
		}
	}
	return nil
}

func (c *Cast) timekeepers(as context.Context, t *Tenant) error {
	from := t.RatesFrom
	if from.IsZero() {
		from = c.clock.Now().AddDate(-1, 0, 0)
	}
	for _, k := range t.Timekeepers {
		person := ident.PersonID("")
		if p := t.role("partner"); p.Timekeeper == k.Code {
			person = t.Partner
		}
		made, err := c.s.Matters.SaveTimekeeper(as, matter.Timekeeper{Code: k.Code, Name: k.Name, Class: k.Class, PersonID: person})
		if err != nil {
			return fmt.Errorf("timekeeper %s: %w", k.Code, err)
		}
		t.TimekeepersByCode[k.Code] = made.ID
		if k.Rate == 0 {
			continue
		}
		if _, err := c.s.Rates.Add(as, rate.Rate{TimekeeperID: made.ID, Rate: k.Rate, Currency: t.Currency, From: from.Truncate(24 * time.Hour), Reason: "Standard rates"}); err != nil {
			return fmt.Errorf("rate of %s: %w", k.Code, err)
		}
	}
	return nil
}

func (c *Cast) clients(as context.Context, t *Tenant) error {
	for _, cl := range t.Clients {
		made, err := c.s.Matters.SaveClient(as, matter.Client{Number: cl.Number, Name: cl.Name})
		if err != nil {
			return fmt.Errorf("client %s: %w", cl.Number, err)
		}
		payor, err := c.payor(as, made.ID, cl.Payor)
		if err != nil {
			return err
		}
		for _, m := range cl.Matters {
			if err := c.matter(as, t, made.ID, payor, m); err != nil {
				return fmt.Errorf("matter %s: %w", m.Number, err)
			}
		}
	}
	return nil
}

// clientPolicy is the first client's outside counsel policy, entered by the firm's
// administrator and signed by its partner.
func (c *Cast) clientPolicy(t *Tenant) error {
	cl := t.Clients[0]
	admin, partner := c.As(t.ID, t.Admin), c.As(t.ID, t.Partner)
	g, err := c.s.Guidelines.SaveGuide(admin, guideline.NewGuide{Place: guideline.Place{Client: t.clientOf(cl)}, Body: fmt.Appendf(nil, outsideCounselPolicy, cl.Name)})
	if err != nil {
		return fmt.Errorf("guidelines of %s: %w", cl.Name, err)
	}
	_, err = c.s.Guidelines.SignGuide(partner, g.ID, g.Hash)
	return err
}

const outsideCounselPolicy = `{"name": "%s outside counsel policy v7", "day_warn": "9", "travel_day": "1.5",
	"clauses": {"TIM-02": "section 3.2", "TIM-13": "section 5.1", "NAR-01": "section 4.1"},
	"rules": [{"id": "OCP-01", "name": "Long calls", "severity": "warn", "when": "kind == \"time\" && has_word(narrative, [\"telephone\", \"call\"]) && minutes > 150",
		"message": "The call took more than two and a half hours.", "fix": "Say why the call was that long, or split the entry."}],
	"manual": [{"clause": "section 6.2", "text": "Experts and investigators have the client's consent in writing."}]}`

// agreed adds the rates of single matters.
func (c *Cast) agreed(as context.Context, t *Tenant) error {
	for _, a := range t.Agreed {
		_, err := c.s.Rates.Add(as, rate.Rate{MatterID: t.MattersByNumber[a.Matter].ID, TimekeeperID: t.TimekeepersByCode[a.Timekeeper], Rate: a.Rate, Currency: a.Currency, From: t.RatesFrom, Reason: "Stated in the file"})
		if err != nil {
			return fmt.Errorf("rate of %s on %s: %w", a.Timekeeper, a.Matter, err)
		}
	}
	return nil
}

func (c *Cast) payor(as context.Context, client ident.ClientID, p Payor) (matter.Payor, error) {
	var through *ident.PortalID
	if matter.Delivery(p.Delivery) == matter.DeliveryPortal {
		var err error
		if through, err = c.receiver(as); err != nil {
			return matter.Payor{}, err
		}
	}
	made, err := c.s.Matters.SavePayor(as, matter.Payor{Portal: through, ClientID: client, Name: p.Name, Address: strings.Join(p.Address, "\n"), Country: p.Country, TaxID: p.TaxID,
		TermsDays: p.TermsDays, Delivery: matter.Delivery(p.Delivery)})
	if err != nil {
		return made, fmt.Errorf("payor %s: %w", p.Name, err)
	}
	k, err := c.s.Matters.SaveContact(as, matter.Contact{PayorID: made.ID, Name: p.Contact, Email: p.Email})
	if err != nil {
		return made, fmt.Errorf("contact %s: %w", p.Email, err)
	}
	_, err = c.s.Matters.VerifyContact(as, k.ID, k.Version)
	return made, err
}

func (c *Cast) matter(as context.Context, t *Tenant, client ident.ClientID, payor matter.Payor, m Matter) error {
	opened, err := time.Parse(time.DateOnly, m.OpenedOn)
	if err != nil {
		return err
	}
	tax := t.TaxRate
	if payor.Country != t.Country {
		tax = 0
	}
	currency := t.Currency
	if other, ok := t.Currencies[m.Number]; ok {
		currency = other
	}
	made, err := c.s.Matters.SaveMatter(as, matter.Matter{ClientID: client, PayorID: payor.ID, Number: m.Number, Name: m.Name, PracticeGroup: m.PracticeGroup,
		Label: authz.Label(m.Label), TaskSet: m.Set, Currency: currency, TaxRate: tax, Responsible: t.Partner, OpenedOn: opened, Parties: matter.Parties{Adverse: m.Adverse}})
	if err != nil {
		return err
	}
	t.MattersByNumber[m.Number] = made
	return nil
}

// conflict is one check that is open: the first firm writes down whom its client sues,
// who is a client of the second, and the bureau's administrator looks again at somebody
// who works for both.
func (c *Cast) conflict() error {
	first, second := c.Firms[0], c.Firms[1]
	m := first.MattersByNumber["00417-0032"]
	m.Adverse = []string{"Cobalt Rail Limited"}
	saved, err := c.s.Matters.SaveMatter(c.As(first.ID, first.Admin), m)
	if err != nil {
		return fmt.Errorf("adverse parties of %s: %w", m.Number, err)
	}
	first.MattersByNumber[m.Number] = saved
	b := Larkspur()
	_, err = c.s.Conflicts.Check(c.As(c.Bureau, c.People[b.People[0].Email]), second.ID, c.People[b.People[len(b.People)-1].Email])
	return err
}
