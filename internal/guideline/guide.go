package guideline

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
)

// Faults of guides.
var (
	ErrGuideDraft   = fault.New(fault.Conflict, "guide_not_draft", "this version is signed or ended; save a new one")
	ErrGuideSigned  = fault.New(fault.Conflict, "guide_not_signed", "only a signed version can end")
	ErrGuideChanged = fault.New(fault.Stale, "guide_changed", "these guidelines were changed after you opened them; look at them again")
	ErrGuidePlace   = fault.New(fault.Invalid, "guide_place", "guidelines are for one payor, one matter, one client, one group of clients or the whole firm")
)

// Place is what guidelines are for: one of the four, or with none the whole firm.
type Place struct {
	Client ident.ClientID
	Group  ident.GroupID // of clients
	Matter ident.MatterID
	Payor  ident.PayorID
}

func (p Place) check() error {
	n := 0
	for _, id := range []string{string(p.Client), string(p.Group), string(p.Matter), string(p.Payor)} {
		if id != "" {
			n++
		}
	}
	if n > 1 {
		return ErrGuidePlace
	}
	return nil
}

// GuideStatus of a version; stored.
type GuideStatus string

// A draft binds nobody; a signed version is in force from its day until a later one
// of its place is, or until it ends.
const (
	GuideDraft  GuideStatus = "draft"
	GuideSigned GuideStatus = "signed"
	GuideEnded  GuideStatus = "ended"
)

// Guide is one version of billing guidelines: a client's document as parameters,
// clauses and rules. Its body never changes; editing a draft replaces it.
type Guide struct {
	ID ident.GuideID
	Place
	Number    int
	From      time.Time // first day, in the firm's zone
	Body      Body
	Hash      string
	Status    GuideStatus
	CreatedBy ident.PersonID
	CreatedAt time.Time
	SignedBy  ident.PersonID
	SignedAt  *time.Time
	EndedAt   *time.Time
}

// Body is what guidelines say, as the JSON that ReadPolicy reads: `docketry
// guideline check --rules` takes the same file.
type Body struct{ policyFile }

// ReadBody reads and checks a body. It returns ErrPolicy with every complaint.
func ReadBody(data []byte) (Body, error) {
	f, err := readFile(bytes.NewReader(data))
	if err != nil {
		return Body{}, err
	}
	_, err = f.policy(true)
	return Body{f}, err
}

// JSON is the body's canonical text.
func (b Body) JSON() ([]byte, error) { return json.Marshal(b.policyFile) }

// hashOf binds a signature to place, version, day and every word.
func (g Guide) hashOf() (string, error) {
	text, err := g.Body.JSON()
	if err != nil {
		return "", fmt.Errorf("write guide: %w", err)
	}
	place := fmt.Sprintf("%s|%s|%s", g.Client, g.Matter, g.Payor)
	if g.Group != "" {
		place = "group " + string(g.Group)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "guide 1\n%s\n%d\n%s\n%s", place, g.Number, g.From.Format(time.DateOnly), text))
	return hex.EncodeToString(sum[:]), nil
}

// Guides are the versions in force on one day, by place.
type Guides struct {
	by     map[Place]Guide
	groups map[ident.ClientID]ident.GroupID // in which a client is on the day
	made   map[[5]Place]Policy
	codes  *code.Book // what clients lay down about codes; nil is nothing
}

// NewGuides sorts out which version of each place is in force on a day: of the
// signed ones the latest that has begun; members tell in which group a client is then.
func NewGuides(signed []Guide, members []matter.Member, day time.Time) *Guides {
	g := &Guides{by: map[Place]Guide{}, groups: map[ident.ClientID]ident.GroupID{}, made: map[[5]Place]Policy{}}
	for _, m := range members {
		if m.Holds(day) {
			g.groups[m.ClientID] = m.GroupID
		}
	}
	for _, x := range signed {
		if x.Status != GuideSigned || x.From.After(day) {
			continue
		}
		if had, ok := g.by[x.Place]; !ok || x.From.After(had.From) || x.From.Equal(had.From) && x.Number > had.Number {
			g.by[x.Place] = x
		}
	}
	return g
}

// With is the same with one more version in force, for trying it.
func (g *Guides) With(x Guide) *Guides {
	by := maps.Clone(g.by)
	by[x.Place] = x
	return &Guides{by: by, groups: g.groups, made: map[[5]Place]Policy{}, codes: g.codes}
}

// WithCodes is the same with what clients lay down about codes.
func (g *Guides) WithCodes(b *code.Book) *Guides {
	out := *g
	out.codes = b
	return &out
}

// For is the policy of lines on a matter of a client that a payor pays: field by
// field the deepest place that says something decides. Not for concurrent use.
func (g *Guides) For(payor ident.PayorID, m ident.MatterID, c ident.ClientID) (Policy, error) {
	p, err := g.joined(payor, m, c)
	p.Codes = g.codes.Of(c)
	return p, err
}

func (g *Guides) joined(payor ident.PayorID, m ident.MatterID, c ident.ClientID) (Policy, error) {
	var key [5]Place
	var list []Guide
	for _, p := range []Place{{}, {Group: g.groups[c]}, {Client: c}, {Matter: m}, {Payor: payor}} {
		x, ok := g.by[p]
		if ok && (p != Place{} || len(list) == 0) { // an id that is not known is no place of its own
			key[len(list)] = p
			list = append(list, x)
		}
	}
	if len(list) == 0 {
		return Policy{}, nil
	}
	if p, ok := g.made[key]; ok {
		return p, nil
	}
	p, err := merged(list)
	if err == nil {
		g.made[key] = p
	}
	return p, err
}

// merged is the policy of several guides, the most general first.
func merged(list []Guide) (Policy, error) {
	var all policyFile
	sources := map[string]string{}
	key := ""
	for _, g := range list {
		f := g.Body.policyFile
		for _, rule := range f.mentions() {
			sources[rule] = f.Name
		}
		all = f.over(all)
		key += g.Hash
	}
	kept, err := compiled()
	if err != nil {
		return Policy{}, fmt.Errorf("make room for guidelines: %w", err)
	}
	if p, ok := kept.Get(key); ok {
		return p, nil
	}
	p, err := all.policy(false)
	if err != nil {
		return p, fmt.Errorf("join guidelines: %w", err)
	}
	p.Name, p.Sources, p.Manual = "", sources, all.Manual
	kept.Add(key, p)
	return p, nil
}

// compiled keeps joined policies by the hashes of what they were joined from:
// compiling a firm's rules costs more than judging a thousand lines by them.
var compiled = sync.OnceValues(func() (*lru.Cache[string, Policy], error) { return lru.New[string, Policy](maxCompiled) })

const maxCompiled = 2_000

// over is f where f says something, else under.
func (f policyFile) over(under policyFile) policyFile {
	out := policyFile{
		Name:      cmp.Or(f.Name, under.Name),
		Increment: cmp.Or(f.Increment, under.Increment), DayWarn: cmp.Or(f.DayWarn, under.DayWarn), DayBlock: cmp.Or(f.DayBlock, under.DayBlock),
		MatterDay: cmp.Or(f.MatterDay, under.MatterDay), StaleWarn: cmp.Or(f.StaleWarn, under.StaleWarn), StaleBlock: cmp.Or(f.StaleBlock, under.StaleBlock),
		GraceAfter: cmp.Or(f.GraceAfter, under.GraceAfter), TravelShare: cmp.Or(f.TravelShare, under.TravelShare), TravelDay: cmp.Or(f.TravelDay, under.TravelDay),
		BlockShare: cmp.Or(f.BlockShare, under.BlockShare), CopyPrice: cmp.Or(f.CopyPrice, under.CopyPrice), MealCap: cmp.Or(f.MealCap, under.MealCap),
		CourierOver: cmp.Or(f.CourierOver, under.CourierOver), MaxBytes: cmp.Or(f.MaxBytes, under.MaxBytes), MaxRunes: cmp.Or(f.MaxRunes, under.MaxRunes),
		CopiedDates: cmp.Or(f.CopiedDates, under.CopiedDates), TaskCodes: f.TaskCodes || under.TaskCodes, ActivityCodes: f.ActivityCodes || under.ActivityCodes,
		Restricted: slices.Compact(slices.Sorted(slices.Values(slices.Concat(f.Restricted, under.Restricted)))),
		Manual:     slices.Concat(under.Manual, f.Manual),
		Clauses:    map[string]string{}, Off: slices.Clone(f.Off), Block: slices.Clone(f.Block), Rules: slices.Clone(f.Rules),
		Terms: f.Terms.over(under.Terms),
	}
	maps.Copy(out.Clauses, under.Clauses)
	maps.Copy(out.Clauses, f.Clauses)
	for _, id := range under.Off {
		if !slices.Contains(f.Block, id) && !slices.Contains(f.Off, id) {
			out.Off = append(out.Off, id)
		}
	}
	for _, id := range under.Block {
		if !slices.Contains(f.Off, id) && !slices.Contains(f.Block, id) {
			out.Block = append(out.Block, id)
		}
	}
	for _, r := range under.Rules {
		if !slices.ContainsFunc(f.Rules, func(x OwnRule) bool { return x.ID == r.ID }) {
			out.Rules = append(out.Rules, r)
		}
	}
	return out
}

// mentions are the rules about which the file says something.
func (f policyFile) mentions() []string {
	ids := slices.Concat(f.Off, f.Block, slices.Collect(maps.Keys(f.Clauses)))
	for _, a := range f.asks() {
		ids = append(ids, a.rule)
	}
	for _, r := range f.Rules {
		ids = append(ids, r.ID)
	}
	return ids
}

type ask struct{ rule, text string }

// asks are the parameters that the file sets, in words.
func (f policyFile) asks() (out []ask) {
	text := func(rule, words, value string) {
		if value != "" {
			out = append(out, ask{rule, fmt.Sprintf(words, value)})
		}
	}
	number := func(rule, words string, n int) {
		if n != 0 {
			text(rule, words, strconv.Itoa(n))
		}
	}
	text("TIM-01", "time in steps of %s hours", f.Increment)
	text("TIM-02", "a warning above %s hours a day", f.DayWarn)
	text("TIM-02", "no more than %s hours a day", f.DayBlock)
	text("TIM-03", "no more than %s hours a day on the matter", f.MatterDay)
	number("TIM-07", "a warning on time older than %s days", f.StaleWarn)
	number("TIM-07", "no time older than %s days", f.StaleBlock)
	number("TIM-09", "no work later than %s days after the matter closed", f.GraceAfter)
	text("TIM-12", "travel at a share of %s of the rate", f.TravelShare)
	text("TIM-13", "no more than %s hours of travel a day", f.TravelDay)
	text("NAR-01", "a share of %s at risk in block billing", f.BlockShare)
	text("EXP-02", "copies at no more than %s a page", f.CopyPrice)
	text("EXP-07", "meals up to %s", f.MealCap)
	text("EXP-15", "couriers above %s with a reason", f.CourierOver)
	number("NAR-05", "narratives of at most %s bytes", f.MaxBytes)
	number("NAR-05", "narratives of at most %s characters", f.MaxRunes)
	number("NAR-07", "the same words on %s dates are copied", f.CopiedDates)
	text("NAR-08", "none of these words: %s", strings.Join(f.Restricted, ", "))
	if f.TaskCodes {
		out = append(out, ask{"COD-01", "a task code on every line"})
	}
	if f.ActivityCodes {
		out = append(out, ask{"COD-02", "an activity code on every line"})
	}
	return append(out, f.Terms.asks()...)
}

// Said is what a body says about one rule.
type Said struct {
	Rule, Name string
	Asks       []string
	Clause     string
	Off, Block bool
}

// Says lists the built-in rules about which the body says something, in rule order.
func (b Body) Says() (out []Said) {
	asks := b.asks()
	seen := map[string]bool{}
	for _, id := range b.mentions() {
		r, builtIn := RuleByID(id)
		if !builtIn || seen[id] {
			continue
		}
		seen[id] = true
		x := Said{Rule: id, Name: r.Name, Clause: b.Clauses[id], Off: slices.Contains(b.Off, id), Block: slices.Contains(b.Block, id)}
		for _, a := range asks {
			if a.rule == id {
				x.Asks = append(x.Asks, a.text)
			}
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Said) int { return cmpText(a.Rule, b.Rule) })
	return out
}
