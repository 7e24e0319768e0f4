package guideline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// Rules about who does the work, and how many.
var staffChecks = []check{
	{"TIM-17", 0, notPayable},
	{"TIM-18", InNarrative | InDate | InMatter | InTimekeeper, tooManyThere},
	{"TIM-19", InActivity | InHours | InBill, internalConference},
	{"RAT-03", InCode | InDate, unapproved},
	{"RAT-05", InCode | InDate, classDiffers},
	{"RAT-06", InTimekeeperData, keeperData},
	{"RAT-07", InDate | InEmployment, notEmployed},
	{"RAT-08", InHours | InBill, staffingMix},
	{"RAT-09", InTimekeeper | InBill, tooManyKeepers},
	{"RAT-10", InHours | InTimekeeper | InBill, driveBy},
}

func notPayable(j *job) {
	m := remark{
		field: "timekeeper", observed: j.Class, expected: "a lawyer or paralegal past the first year", ask: "trainees, interns and lawyers in their first year are not paid",
		fix: "Take the line off, or ask the client to accept the person", atRisk: j.ValueMinor,
	}
	class, _ := utbms.Class(j.Class)
	admitted := j.more().AdmittedOn
	switch {
	case class.Code == "TRANEE" || class.Code == "LGLINT":
		m.fact = "The timekeeper is: " + class.Name + "."
	case j.Known&InAdmission != 0 && !admitted.IsZero() && dayOf(j.On) < dayOf(admitted.AddDate(1, 0, 0)):
		m.fact, m.observed = "The timekeeper was admitted on "+date(admitted)+", less than a year before the work.", date(admitted)
	default:
		return
	}
	if !j.free() {
		j.report(m)
	}
}

// seniority is the order in which attendees stay: class, then rate.
func seniority(class string) int {
	c, _ := utbms.Class(class)
	switch {
	case class == "" || c.Code == "PARTNR":
		return 0
	case c.Code == "OFCOUN":
		return 1
	case c.Code == "TRANEE":
		return 3
	case c.Group == utbms.GroupAttorney:
		return 2
	case c.Group == utbms.GroupParaprofessional:
		return 4
	default:
		return 5
	}
}

// there are the lines of others at the same event, one for each person, and the
// event's word.
func (j *job) there() (others []*item, event string) {
	if !isEvent(j.Activity, j.text) {
		return nil, ""
	}
	event, own := occasion(j.text)
	if len(own) == 0 {
		return nil, ""
	}
	seen := map[string]bool{j.Timekeeper: true}
	for _, o := range j.Book.sameMatter(j.Line) {
		if seen[o.Timekeeper] {
			continue
		}
		t := read(o.Narrative)
		if word, theirs := occasion(t); word == event && isEvent(o.Activity, t) && overlap(own, theirs) {
			seen[o.Timekeeper] = true
			others = append(others, o)
		}
	}
	return others, event
}

// occasions are what several people attend; the first that a narrative names counts.
var occasions = map[string]string{
	"deposition": "deposition", "depositions": "deposition", "depose": "deposition", "hearing": "hearing", "argument": "hearing", "trial": "trial", "mediation": "mediation",
	"arbitration": "hearing", "inspection": "inspection", "closing": "closing", "call": "conference", "calls": "conference", "conference": "conference", "teleconference": "conference",
	"meeting": "conference", "meet": "conference", "met": "conference", "confer": "conference", "conferred": "conference", "discuss": "conference", "discussed": "conference",
	"discussion": "conference", "telephone": "conference", "videoconference": "conference",
}

// occasion is the event that a narrative tells of, and the words that say which.
func occasion(t *text) (event string, about []string) {
	for _, w := range t.words {
		low := possessed(w.low)
		if o, ok := occasions[low]; ok {
			if event == "" {
				event = o
			}
			continue
		}
		if content(w) && low != "attend" && low != "attended" && !calendarWords[low] && !slices.Contains(about, low) {
			about = append(about, low)
		}
	}
	if event == "" {
		return "", nil
	}
	return event, about
}

// overlap tells whether most words of the shorter text stand in the longer.
func overlap(a, b []string) bool {
	both := 0
	for _, w := range a {
		if slices.Contains(b, w) {
			both++
		}
	}
	return both > 0 && both*5 >= 3*min(len(a), len(b))
}

func tooManyThere(j *job) {
	others, event := j.there()
	limit := j.policy.Attendees
	if event == "deposition" {
		limit = j.policy.Deposing
	}
	if len(others)+1 <= limit || j.rank(others) < limit {
		return
	}
	j.tooMany(others, limit, event, fmt.Sprintf("at most %s bills for a %s", plural(limit, "person", "persons"), event))
}

// rank is how many of the others stay before the one whose line this is.
func (j *job) rank(others []*item) (n int) {
	for _, o := range others {
		a, b := seniority(o.Class), seniority(j.Class)
		if a < b || a == b && (o.Rate > j.Rate || o.Rate == j.Rate && j.Book.before(o, j.Line)) {
			n++
		}
	}
	return n
}

func (j *job) tooMany(others []*item, limit int, event, ask string) {
	m := remark{
		field: "timekeeper", observed: fmt.Sprintf("%d persons", len(others)+1), expected: fmt.Sprintf("at most %d", limit), params: fmt.Sprintf("%s=%d", event, limit),
		fact: fmt.Sprintf("%s persons bill for the same %s of %s.", count(len(others)+1), event, date(j.On)), ask: ask,
		fix: "Keep the most senior up to the limit; bill this line at no charge", atRisk: j.ValueMinor,
	}
	if j.ValueMinor > 0 {
		m.proposal = &Proposal{Field: "value", Value: j.amount(0), Reason: "GUIDELINE"}
	}
	if !j.free() {
		j.report(m)
	}
}

func internalConference(j *job) {
	if j.Activity != "A105" {
		return
	}
	b := j.Bill
	if most := part(b.hours, j.policy.InternalShare); b.internal > most {
		j.report(remark{
			field: "activity_code", observed: b.internal.String() + " h", expected: "at most " + most.String() + " h", params: "share=" + j.policy.InternalShare.String(),
			fact: fmt.Sprintf("Internal conferences take %s h of %s h on the bill.", b.internal, b.hours), ask: "internal conferences take at most " + percent(j.policy.InternalShare) + " of the hours",
			fix: "Say in the text why the conference was needed, or write part of it down", atRisk: j.part(b.internal-most, b.internal),
		})
		return
	}
	if j.Known&(InDate|InMatter|InTimekeeper|InNarrative) != InDate|InMatter|InTimekeeper|InNarrative {
		return
	}
	if others, _ := j.there(); len(others)+1 > 2 && j.rank(others) >= 2 {
		j.tooMany(others, 2, "internal conference", "at most 2 persons bill for an internal conference")
	}
}

// part is a share of hours.
func part(hours money.Fixed4, share money.Fraction) money.Fixed4 {
	v, err := share.Of(int64(hours), money.HalfUp)
	if err != nil {
		return hours
	}
	return money.Fixed4(v)
}

// registered is what the client's register says about the timekeeper on the day.
func (j *job) registered() (r Registered, ok bool) {
	for _, x := range j.policy.Register {
		if strings.EqualFold(x.Timekeeper, j.Code) && dayOf(j.On) >= dayOf(x.from) && (x.until.IsZero() || dayOf(j.On) <= dayOf(x.until)) {
			return x, true
		}
	}
	return r, false
}

func unapproved(j *job) {
	if len(j.policy.Register) == 0 || j.Code == "" {
		return
	}
	if _, ok := j.registered(); ok {
		return
	}
	j.report(remark{
		field: "timekeeper", observed: j.Code, expected: "a timekeeper the client approved",
		fact: fmt.Sprintf("Timekeeper %s is not approved by the client on %s.", j.Code, date(j.On)), ask: "only timekeepers that the client approved bill",
		so: "The receiver refuses the line.", fix: "Have the client approve the person, and enter it in the register", atRisk: j.ValueMinor,
	})
}

func classDiffers(j *job) {
	r, ok := j.registered()
	want, known := utbms.Class(r.Class)
	if !ok || !known || j.Class == "" {
		return
	}
	if got, _ := utbms.Class(j.Class); got.Code == want.Code {
		return
	}
	j.report(remark{
		field: "timekeeper", observed: j.Class, expected: want.Code,
		fact: fmt.Sprintf("Timekeeper %s is %s here and %s at the client.", j.Code, j.Class, want.Code), ask: "classifications agree with the client's register",
		so: "The receiver refuses the line.", fix: "Correct the classification, or have the client correct its register", atRisk: j.ValueMinor,
	})
}

func keeperData(j *job) {
	var missing []string
	for _, f := range []struct{ text, name string }{{j.Code, "code"}, {j.Name, "name"}, {j.Class, "classification"}} {
		if strings.TrimSpace(f.text) == "" {
			missing = append(missing, f.name)
		}
	}
	if len(missing) == 0 {
		return
	}
	list := strings.Join(missing, ", ")
	j.report(remark{
		field: "timekeeper", observed: "no " + list, expected: "code, name and classification",
		fact: "The timekeeper has no " + list + ".", ask: "every fee line names its timekeeper", so: "The receiver refuses the file.",
		fix: "Complete the timekeeper", atRisk: j.ValueMinor,
	})
}

func notEmployed(j *job) {
	m := remark{field: "date", observed: date(j.On), ask: "people bill for the time that they are with the firm", fix: "Correct the date or the timekeeper", atRisk: j.ValueMinor}
	switch in, out := j.more().JoinedOn, j.more().LeftOn; {
	case !in.IsZero() && dayOf(j.On) < dayOf(in):
		m.fact, m.expected = "The line is dated "+date(j.On)+", the timekeeper joined on "+date(in)+".", "from "+date(in)
	case !out.IsZero() && dayOf(j.On) > dayOf(out):
		m.fact, m.expected = "The line is dated "+date(j.On)+", the timekeeper left on "+date(out)+".", "until "+date(out)
	default:
		return
	}
	j.report(m)
}

func staffingMix(j *job) {
	partners, most := j.Bill.partners, part(j.Bill.hours, j.policy.PartnerShare)
	if partners <= most {
		return
	}
	j.report(remark{
		field: "timekeepers", observed: partners.String() + " h of partners", expected: "at most " + most.String() + " h", params: "share=" + j.policy.PartnerShare.String(),
		fact: fmt.Sprintf("Partners have %s h of %s h.", partners, j.Bill.hours), ask: "partners take at most " + percent(j.policy.PartnerShare) + " of the hours",
		so: "A payor may cut the rate.", fix: "Say why the work needed partners, or bill some of it at an associate's rate",
	})
}

func tooManyKeepers(j *job) {
	n, most := len(j.Bill.people), j.policy.Timekeepers
	if n <= most {
		return
	}
	j.report(remark{
		field: "timekeepers", observed: plural(n, "timekeeper", "timekeepers"), expected: fmt.Sprintf("at most %d", most), params: fmt.Sprintf("max=%d", most),
		fact: fmt.Sprintf("%s timekeepers worked on the matter in the period.", count(n)), ask: fmt.Sprintf("a matter has at most %d timekeepers in a period", most),
		so: "A payor may cut the time of those who came late.", fix: "Say why so many were needed, or take out the smallest",
	})
}

func driveBy(j *job) {
	p := j.Bill.people[j.Timekeeper]
	if p == nil || p.hours >= j.policy.DriveBy || j.free() {
		return
	}
	j.report(remark{
		field: "timekeeper", observed: p.hours.String() + " h", expected: "at least " + j.policy.DriveBy.String() + " h", params: "min_hours=" + j.policy.DriveBy.String(),
		fact: fmt.Sprintf("The timekeeper has %s h on the whole bill.", p.hours), ask: "who works on a matter does so for at least " + j.policy.DriveBy.String() + " h in a period",
		fix: "Say what the person was needed for, or bill it at no charge", atRisk: j.ValueMinor,
	})
}
