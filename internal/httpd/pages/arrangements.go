package pages

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// MountArrangements adds what clients agreed to pay for work: versions, their form with
// a worked example, ending and withdrawing, and what is held back by them.
func (s *Site) MountArrangements(srv *httpd.Server) {
	get(srv, "/firms/{firm}/arrangements", rbac.ArrangementRead, s.arrangements)
	get(srv, "/firms/{firm}/arrangements/new", rbac.ArrangementEdit, s.newArrangement)
	fill(srv, "/firms/{firm}/arrangements/new", rbac.ArrangementEdit, s.agreeArrangement, s.arrangementAgain)
	show(srv, "/firms/{firm}/arrangements/{id}", rbac.ArrangementRead, of(s.arrangementPage))
	fill(srv, "/firms/{firm}/arrangements/{id}/end", rbac.ArrangementEdit, s.endArrangement, of(s.arrangementPage))
	post(srv, "/firms/{firm}/arrangements/{id}/withdraw", rbac.ArrangementEdit, s.withdrawArrangement)
	s.mountHeld(srv)
}

func (s *Site) arrangements(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Fee arrangements", "arrangements")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Arrangements.List(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	n, err := s.names(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	const instead = "the arrangements of every matter and client are shown"
	only := arrangement.Place{Matter: ident.MatterID(q.one("matter", "is no matter of yours", instead, ident.Strings(slices.Collect(maps.Keys(n.matters)))...)),
		Client: ident.ClientID(q.one("client", "is no client of yours", instead, ident.Strings(slices.Collect(maps.Keys(n.clients)))...))}
	return q.plain(f, arrangementsView(f, n, list, only, s.today(f))), nil
}

// arrangementsView lists versions, all or those of one place.
func arrangementsView(f frame, n masterNames, list arrangement.Versions, only arrangement.Place, today time.Time) PlainView {
	t := &partial.Table{Caption: "Fee arrangements, the newest version of each place first", Keys: true,
		Columns: []partial.Column{{Head: "For"}, {Head: "Version", Right: true}, {Head: "Work from", NoWrap: true}, {Head: "Last day", NoWrap: true}, {Head: "State"}, {Head: "Agreed", Wide: true}},
		Empty:   partial.Empty{Icon: "check", Title: "Everything is by the hour", Text: "A matter, or all matters of a client, can be billed at fixed prices, by a price list, by subscription or retainer fee, under a cap or a collar, at a blended rate, for a share of what comes in, with discounts and success fees, split among payors, or at no charge."}}
	for i := range list {
		v := &list[i]
		if only.Matter != "" && v.Matter != only.Matter || only.Client != "" && v.Client != only.Client {
			continue
		}
		name, kind := n.arranged(v.Place)
		until := "open"
		if v.Until != nil {
			until = format.Date(v.Until.AddDate(0, 0, -1))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(name, href.Arrangement(f.FirmID, v.ID), kind),
			partial.Txt(strconv.Itoa(v.Number)), partial.Txt(format.Date(v.From)), partial.Txt(until), partial.Txt(arrangementState(list, v, today)), partial.Txt(strings.Join(arrangementWords(v.Terms), ". ") + ".")}})
	}
	out := PlainView{Head: layout.Head{Title: "Fee arrangements"}, Lede: "What clients agreed to pay. Work goes by the version of its day: the matter's own before the client's, and by the hour where nothing is agreed.", Sections: []Section{{Title: "All versions", Table: t}}}
	if only != (arrangement.Place{}) {
		name, _ := n.arranged(only)
		out.Sections[0].Title = "Versions of " + name
		out.Links = []partial.Link{{Text: "All arrangements", Href: href.Arrangements(f.FirmID)}}
	}
	if f.May(rbac.ArrangementEdit) {
		out.Main = &partial.Link{Text: "New arrangement", Href: href.Query(href.New(href.Arrangements(f.FirmID)), "matter", string(only.Matter))}
	}
	return out
}

// arranged names what an arrangement is for.
func (n masterNames) arranged(p arrangement.Place) (name, kind string) {
	if p.Matter != "" {
		return n.matters[p.Matter], "matter"
	}
	return n.clients[p.Client], "client"
}

func arrangementState(all arrangement.Versions, v *arrangement.Version, today time.Time) string {
	superseded := false
	for i := range all {
		o := &all[i]
		superseded = superseded || o.Place == v.Place && o.Stands() && o.From.After(v.From) && !o.From.After(today)
	}
	switch {
	case !v.Stands():
		return "Withdrawn"
	case v.Until != nil && !today.Before(*v.Until):
		return "Ended"
	case superseded:
		return "Followed by a later version"
	case v.From.After(today):
		return "Begins later"
	default:
		return "In force"
	}
}

func (s *Site) arrangementPage(r *httpd.Request, id ident.ArrangementID, failed error) (templ.Component, error) {
	v, err := s.Arrangements.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Fee arrangement", "arrangements")
	if err != nil {
		return nil, err
	}
	n, err := s.names(r)
	if err != nil {
		return nil, err
	}
	list, err := s.Arrangements.List(r.Context())
	if err != nil {
		return nil, err
	}
	payors, err := s.payorsAt(r, f, v.Place)
	if err != nil {
		return nil, err
	}
	var writings []contingent.Writing
	if v.Terms.Contingency != nil {
		if writings, err = s.Contingent.Writings(r.Context(), id); err != nil {
			return nil, err
		}
	}
	name, kind := n.arranged(v.Place)
	typed := arrangementTyped{until: r.Form("until"), signedOn: r.Form("signed_on"), reason: r.Form("reason"), writing: strings.Contains(r.Path(), "/writing")}
	return Plain(f.Chrome, arrangementView(f, name+" ("+kind+")", v, payors, writings, arrangementState(list, &v, s.today(f)), typed, failed)), nil
}

// arrangementTyped is what came back in the forms of the page, "" for nothing.
type arrangementTyped struct {
	until, signedOn, reason string
	writing                 bool // in a form of the signed writing
}

// arrangementView shows a version. typed is what came back in its forms.
func arrangementView(f frame, place string, v arrangement.Version, payors []matter.Payor, writings []contingent.Writing, state string, typed arrangementTyped, failed error) PlainView {
	facts := []partial.Fact{{Name: "Agreed", Value: strings.Join(arrangementWords(v.Terms), ". ") + "."}, {Name: "Work from", Value: format.Date(v.From)}}
	if v.Until != nil {
		facts = append(facts, partial.Fact{Name: "Last day", Value: format.Date(v.Until.AddDate(0, 0, -1))})
	}
	facts = append(facts, partial.Fact{Name: "Entered", Value: v.AgreedByWho + ", " + format.Moment(v.AgreedAt.In(f.Zone))})
	here := href.Arrangement(f.FirmID, v.ID)
	view := PlainView{Head: layout.Head{Title: place, Crumbs: []partial.Link{{Text: "Fee arrangements", Href: href.Arrangements(f.FirmID)}}}, Meta: []string{"version " + strconv.Itoa(v.Number), state},
		Sections: []Section{{Title: "What is agreed", Facts: facts}}}
	if v.Terms.Split != nil {
		view.Sections = append(view.Sections, splitSection(f.FirmID, v.Terms, payors))
	}
	ending := failed
	if v.Terms.Contingency != nil {
		var signing error
		if typed.writing {
			signing, ending = failed, nil
		}
		view.Sections = append(view.Sections, writingSection(f, v, writings, typed.signedOn, typed.reason, signing))
		if v.Matter != "" && f.May(rbac.RecoveryRead) {
			view.Links = append(view.Links, partial.Link{Text: "Recoveries", Href: href.MatterRecoveries(f.FirmID, v.Matter)})
		}
	}
	view.Sections = append(view.Sections, exampleSection(v.Terms))
	if v.Terms.InTrust() && v.Matter != "" && f.May(rbac.TrustRead) {
		view.Links = append(view.Links, partial.Link{Text: "In trust", Href: href.MatterTrust(f.FirmID, v.Matter)})
	}
	if v.Terms.Holdback != nil && v.Matter != "" {
		view.Links = append(view.Links, partial.Link{Text: "Fees held back", Href: heldHref(f.FirmID, v.Matter)})
	}
	if !f.May(rbac.ArrangementEdit) || !v.Stands() {
		return view
	}
	view.Links = append(view.Links, partial.Link{Text: "New version", Href: href.Query(href.New(href.Arrangements(f.FirmID)), "from", string(v.ID))})
	view.Acts = []partial.Button{{Text: "Withdraw", Action: here + "/withdraw", Class: "danger"}}
	if v.Until == nil {
		note := "Bills that are approved or issued stay as they are"
		if v.Terms.Split != nil {
			note = "Bills that are issued stay as they are; an approved one whose payors change goes back into review"
		}
		view.Sections = append(view.Sections, Section{Title: "End it", Note: note, Form: &partial.Form{ID: "end", Action: here + "/end", Submit: "End", Faults: partial.FaultsOf(ending), Problem: problemIn(ending),
			Fields: []partial.Field{{Form: "end", Name: "until", Label: "First day without it", Kind: partial.Date, Value: typed.until, Required: true, Hint: "Work from then on goes by the client's arrangement, or by the hour"}}}})
	}
	return view
}

func (s *Site) endArrangement(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ArrangementID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	day, err := time.Parse(time.DateOnly, r.Form("until"))
	if err != nil {
		err = arrangement.ErrTerms.On(fault.Field{Path: "until", Code: "date_form", Message: "enter the day as 2026-10-31"})
	} else {
		_, err = s.Arrangements.End(r.Context(), id, day)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.arrangementPage(r, id, err) })
	}
	return httpd.Go(href.Arrangement(r.Firm(), id), "It ends before "+format.Date(day)+"."), nil
}

func (s *Site) withdrawArrangement(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ArrangementID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Arrangements.Withdraw(r.Context(), id); err != nil {
		return again(err, func() (templ.Component, error) { return s.arrangementPage(r, id, err) })
	}
	return httpd.Go(href.Arrangements(r.Firm()), "Withdrawn. The version before it holds again, if there is one. Open pre-bills follow when they are next changed or handed on."), nil
}

// arrangementWords say what is agreed, a sentence without its stop each.
func arrangementWords(t arrangement.Terms) []string {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: t.Currency}) }
	words := []string{map[arrangement.Kind]string{
		arrangement.KindHourly: "By the hour, at the rate of each line", arrangement.KindNoCharge: "No charge; the time is kept for reports",
		arrangement.KindSecurity: "By the hour; a deposit is held in trust to the end and pays the last bill", arrangement.KindAdvance: "By the hour; bills are paid from a deposit in trust",
	}[t.Kind]}
	switch {
	case t.Evergreen != nil:
		words[0] = "By the hour; bills are paid from a deposit in trust"
		words = append(words, "Below "+in(t.Evergreen.FloorMinor)+" the client is asked to fill it to "+in(t.Evergreen.TargetMinor))
	case t.Fixed != nil:
		words[0] = "Fixed price" + capWords(t.Fixed.Per, t.Fixed.Prices, in)
		if t.Fixed.Shadow {
			words = append(words, "The invoice shows the hours and their value")
		} else {
			words = append(words, "The invoice does not show the hours")
		}
	case t.Blended != nil:
		words[0] = "A blended rate of " + format.Rate(t.Blended.Rate, t.Currency) + " for everybody"
		if o := t.Blended.OthersRate; o != 0 {
			words[0] = "A blended rate of " + format.Rate(t.Blended.Rate, t.Currency) + " for lawyers and " + format.Rate(o, t.Currency) + " for others"
		}
	case t.Tasks != nil:
		words = taskWords(&t)
	case t.Contingency != nil:
		words = contingencyWords(t.Contingency)
	case t.General != nil || t.Subscription != nil:
		words = feeWords(&t, in)
	case t.Collar != nil:
		c := t.Collar
		words[0] = "By the hour, with a collar around " + in(c.TargetMinor)
		words = append(words, "Within "+format.Goal(int64(c.Band))+" of it nothing changes; of what is beyond the client has "+format.Goal(int64(c.Client)))
	}
	if c := t.Cap; c != nil {
		w := "Fees are capped" + capWords(c.Per, c.Limits, in)
		if c.Soft {
			w += ", as a warning only"
		}
		words = append(words, w)
	}
	if v := t.Volume; v != nil {
		var tiers []string
		for _, x := range v.Tiers {
			tiers = append(tiers, format.Goal(int64(x.Rate))+" above "+in(x.FromMinor))
		}
		w := "Volume discount on the client's fees of the year: " + strings.Join(tiers, ", ")
		if v.Retroactive {
			w += ", on all fees once a tier is reached"
		}
		words = append(words, w)
	}
	if d := t.Discount; d != nil {
		w := format.Goal(int64(d.Rate)) + " off the fees as one adjustment"
		if d.ByLine {
			w = format.Goal(int64(d.Rate)) + " off each line of the fees"
		}
		if d.PromptDays > 0 {
			w = format.Goal(int64(d.Rate)) + " off the fees when the invoice is paid within " + format.Counted(d.PromptDays, "day", "days") + " of its date"
		}
		words = append(words, w)
	}
	if h := t.Holdback; h != nil {
		words = append(words, format.Goal(int64(h.Share))+" of the fees is held back until "+h.Condition)
	}
	if t.Split != nil {
		words = append(words, splitWords(t.Split))
	}
	if e := t.Success; e != nil {
		var parts []string
		if e.AmountMinor > 0 {
			parts = append(parts, in(e.AmountMinor))
		}
		if e.Uplift > 0 {
			parts = append(parts, format.Goal(int64(e.Uplift))+" of the matter's fees")
		}
		w := "A success fee of " + strings.Join(parts, " and ")
		if e.Limit > 0 {
			w += ", at most " + format.Goal(int64(e.Limit)) + " of those fees"
		}
		words = append(words, w)
	}
	return words
}

// taskWords say what a price list has.
func taskWords(t *arrangement.Terms) []string {
	var parts []string
	for _, p := range t.Tasks.Prices {
		parts = append(parts, p.Code+" "+format.Rate(p.Price, t.Currency))
	}
	words := []string{"A price list, for each unit: " + strings.Join(parts, ", "), "Time of other tasks is refused until it has a price"}
	if t.Tasks.OthersHourly {
		words[1] = "Time of other tasks is charged by the hour"
	}
	if t.Tasks.Shadow {
		return append(words, "The invoice shows the hours and their value")
	}
	return append(words, "The invoice does not show the hours that the prices include")
}

// contingencyWords say what share is agreed of what comes in.
func contingencyWords(c *arrangement.Contingency) []string {
	of := "all that comes in"
	if c.NetCosts {
		of = "what is left of it after costs"
	}
	var parts []string
	for _, x := range c.Shares {
		parts = append(parts, format.Goal(int64(x.Share))+map[arrangement.Stage]string{arrangement.StageSettlement: " by settlement", arrangement.StageTrial: " at trial", arrangement.StageAppeal: " on appeal"}[x.Stage])
	}
	words := []string{"A contingent fee, a share of " + of + ": " + strings.Join(parts, ", ")}
	if c.SignedOn.IsZero() {
		words = append(words, "It waits for its signed writing")
	} else {
		words = append(words, "Signed on "+format.Date(c.SignedOn))
	}
	if c.Shadow {
		return append(words, "The invoice shows the hours and their value")
	}
	return append(words, "The invoice does not show the hours")
}

// feeWords say what is agreed of a subscription or a retainer fee.
func feeWords(t *arrangement.Terms, in func(int64) string) (words []string) {
	each := map[arrangement.Scope]string{arrangement.PerMonth: " a month", arrangement.PerQuarter: " a quarter", arrangement.PerYear: " a year"}
	shadow := false
	if g := t.General; g != nil {
		words, shadow = []string{"A retainer fee of " + in(g.AmountMinor) + each[g.Per] + " for being available"}, g.Shadow
		if g.HourlyWork {
			return append(words, "Work is charged by the hour beside it")
		}
		words = append(words, "Work is not charged")
	} else if x := t.Subscription; x != nil {
		what := "all work"
		if len(x.Tasks) > 0 {
			what = "work of " + strings.Join(x.Tasks, ", ")
		}
		if x.Hours > 0 {
			what += " up to " + format.Hours(x.Hours) + " hours" + each[x.Per]
		}
		words, shadow = []string{"A subscription of " + in(x.AmountMinor) + each[x.Per] + " with " + what}, x.Shadow
		switch {
		case x.BeyondHourly:
			words = append(words, "Other work is charged by the hour")
		case x.Hours > 0 || len(x.Tasks) > 0:
			words = append(words, "Other work is not charged, with a warning")
		}
	}
	if shadow {
		return append(words, "The invoice shows the hours and their value")
	}
	return append(words, "The invoice does not show the hours of what is in it")
}

// capWords are amounts by what they are for: " for the matter: $6,000.00".
func capWords(per arrangement.Scope, list []arrangement.Price, in func(int64) string) string {
	var parts []string
	for _, p := range list {
		switch {
		case per == arrangement.PerMatter:
			parts = append(parts, in(p.AmountMinor))
		case p.Code == "":
			parts = append(parts, in(p.AmountMinor)+" each")
		default:
			parts = append(parts, p.Code+" "+in(p.AmountMinor))
		}
	}
	return map[arrangement.Scope]string{arrangement.PerMatter: " for the matter: ", arrangement.PerPhase: " by phase: ", arrangement.PerTask: " by task: ", arrangement.PerYear: " a year: "}[per] + strings.Join(parts, ", ")
}
