package pages

import (
	"strconv"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/money"
)

func (l ItemLine) anchor() string { return "e" + strconv.Itoa(l.No) }
func (l ItemLine) no() string     { return strconv.Itoa(l.No) }

func (l ItemLine) mark() string {
	if l.Current {
		return "can is-cur"
	}
	return "can"
}

func (l ItemLine) hours(h money.Fixed4) string {
	if l.Expense {
		return ""
	}
	return format.Hours(h)
}

func (l ItemLine) rate(r money.Fixed4) string {
	if l.Expense {
		return ""
	}
	return format.Rate(r, l.Amount.Currency)
}

func (f ItemFinding) anchor() string {
	if f.ID == "" {
		return ""
	}
	return "f-" + string(f.ID)
}

func (f ItemFinding) chip() partial.Chip {
	return partial.Chip{Tone: f.Tone, Icon: f.icon(), Text: f.Title, Href: "#" + f.target()}
}

// target is the finding's box where it is open, its line where it is not.
func (f ItemFinding) target() string {
	if f.open() {
		return f.anchor()
	}
	return "e" + strconv.Itoa(f.Line)
}

func (f ItemFinding) open() bool { return len(f.Fixes) > 0 || f.Waive || f.Override || f.Blocks != "" }

func (f ItemFinding) icon() string {
	switch f.Tone {
	case partial.OK:
		return "check"
	case partial.Calm:
		return "comment"
	default:
		return "flag"
	}
}

func (f ItemFinding) where() string {
	s := "Line " + strconv.Itoa(f.Line)
	if f.AtRisk != nil {
		s += ". " + format.Money(*f.AtRisk) + " at risk"
	}
	return s
}

func (f ItemFinding) waive(v ItemView) partial.Form {
	return partial.Form{ID: "w-" + string(f.ID), Action: href.Finding(v.Firm.ID, v.ID, f.ID, "waive"), Version: v.Version, Submit: "Waive", Side: true, Fields: []partial.Field{
		{Name: "reason", Label: "Reason", Value: f.Reason.Value, Error: f.Reason.Error, Required: true, Max: 500, Hint: "The firm sees it with the line."},
	}}
}

func (f ItemFinding) override(v ItemView) partial.Form {
	return f.Typed.form("o-"+string(f.ID), href.Finding(v.Firm.ID, v.ID, f.ID, "override"), v.Version, v.Today)
}

// fixKey is the key that presses fix i, "" beyond the third.
func fixKey(i int) string {
	if i < 3 {
		return strconv.Itoa(i + 1)
	}
	return ""
}
