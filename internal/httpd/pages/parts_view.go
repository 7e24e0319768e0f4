package pages

import (
	"strings"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/money"
)

// AgeView is open money by age, in one currency.
type AgeView struct {
	Buckets []AgeBucket
}

// AgeBucket is one stretch of days after the due date, the youngest first.
type AgeBucket struct {
	Name   string // "Not due", "1–30"
	Amount money.Amount
}

func (v AgeView) total() int64 {
	var t int64
	for _, b := range v.Buckets {
		t += b.Amount.Minor
	}
	return t
}

var ageClasses = [...]string{"age-0", "age-1", "age-2", "age-3", "age-4"}

func ageClass(i int) string { return ageClasses[min(i, len(ageClasses)-1)] }

// bar draws the shares; the list below it says them.
func (v AgeView) bar() partial.Bar {
	b := partial.Bar{Class: "agebar"}
	var says []string
	total := v.total()
	for i, x := range v.Buckets {
		b.Parts = append(b.Parts, partial.BarPart{Class: ageClass(i), Share: max(0, partial.Share(x.Amount.Minor, total))})
		says = append(says, x.Name+" "+format.Percent(x.Amount.Minor, total))
	}
	b.Says = strings.Join(says, ", ")
	return b
}

func (v AgeView) share(b AgeBucket) string { return format.Percent(b.Amount.Minor, v.total()) }

// VerifyView is the state of the audit tree, first on its page: for Section.Body.
type VerifyView struct {
	OK    bool
	Title string // "Verified to entry 1,284,540"
	Note  string // "Today 10:30:04 EST, took 41 s."
	Steps []VerifyStep
}

// VerifyStep is one check in words.
type VerifyStep struct {
	OK    bool
	Title string
	Note  string
}

func checkIcon(ok bool) string {
	if ok {
		return "check"
	}
	return "alert"
}

func checkTone(ok bool) string {
	if ok {
		return "ico-ok"
	}
	return "ico-bad"
}
