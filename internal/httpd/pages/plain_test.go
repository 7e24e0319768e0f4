package pages

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

func plainFixtures(s story) []fixture {
	gate := layout.Chrome{Title: "Sign in", CSRF: "token", Path: href.SignIn, RequestID: "01JC-7T3M-Q4"}
	in := s.specialist("", "clients", "HVL")
	signIn := partial.Form{Action: href.SignIn, Submit: "Continue", Problem: "E-mail address and password do not match. 4 tries are left.", Fields: []partial.Field{
		{Name: "email", Label: "Work e-mail", Kind: partial.Email, Value: "ines.carvalho@larkspur.example", Required: true, Autocomplete: "username"},
		{Name: "password", Label: "Password", Kind: partial.Password, Required: true, Autocomplete: "current-password", Hint: "Pasting and password managers are welcome."},
	}}
	fresh := signIn
	fresh.Problem = ""
	return []fixture{
		{name: "sign-in", page: GatePage(gate, GateView{Title: "Sign in", Lede: "For the billing bureau and its client firms", Form: &fresh})},
		{name: "sign-in-refused", page: GatePage(gate, GateView{Title: "Sign in", Lede: "For the billing bureau and its client firms", Form: &signIn})},
		{name: "choose-firm", page: GatePage(gate, GateView{Title: "Choose a firm", Lede: "You work in one firm at a time.", Acts: []partial.Button{{Text: "Hollis & Vane LLP", Action: "/x", Class: "wide"}, {Text: "Brightwater Legal", Action: "/x", Class: "wide"}}, Links: []partial.Link{{Text: "Sign out", Href: "/y"}}})},
		{name: "list", page: Plain(in, s.clientList())}, {name: "form", page: Plain(in, s.matterForm())}, {name: "import", page: Plain(s.specialist("Import", "imports", "HVL"), s.importResult())},
		{name: "error-404", page: ErrorFrame(in, ErrorView{Icon: "lock", Title: "There is nothing here that you can see", Text: "The address may be wrong, or it leads to something outside your access. Your visit was recorded.", Ask: []string{"At this firm, Noor Haddad can grant access."}, RequestID: "01JC-7T3M-Q4", Links: []partial.Link{{Text: "Back to queue", Href: href.Queue}}})},
		{name: "error-412", page: ErrorFrame(in, ErrorView{Icon: "users", Title: "Someone changed this first", Text: "Nothing of yours is lost.", Both: []ErrorConflict{{"Hours", "6.3", "6.5"}, {"Code", "L330 A103", "L330 A103"}}, RequestID: "01JC-7T3M-Q4", Links: []partial.Link{{Text: "Open it again", Href: "/x"}}})},
		{name: "error-503", page: ErrorFrame(gate, ErrorView{Icon: "alert", Title: "Not available at the moment", Text: "The database does not answer. Nothing you saved is lost; try again in a few seconds.", RequestID: "01JC-7T3M-Q4", Links: []partial.Link{{Text: "Try again", Href: "/x"}}})},
	}
}

func (s story) clientList() PlainView {
	t := &partial.Table{Caption: "Clients", Keys: true, Pin: true, Columns: []partial.Column{{Head: "Client"}, {Head: "Number", NoWrap: true}, {Head: "Partner"}, {Head: "State"}, {Head: "Act", Hidden: true}}}
	for _, c := range [][2]string{{"Pelham Freight Lines", "00417"}, {"Tallis Hotels", "00402"}, {"Orrin Home Appliances", "00388"}} {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(c[0], "/c/"+c[1], ""), {Text: c[1], Code: true}, partial.Node(partial.Person("Ines Carvalho")), partial.Node(partial.ChipMark(partial.Chip{Tone: partial.OK, Icon: "check", Text: "Active"})), partial.Node(partial.PostButton("token", partial.Button{Text: "Close", Action: "/x", Class: "sm quiet"}))}})
	}
	t.Foot = []partial.Row{{Grand: true, Cells: []partial.Cell{{Text: "All", Key: true, Span: 2}, partial.Txt(""), partial.Txt("3"), partial.Txt("")}}}
	return PlainView{
		Head: layout.Head{Title: "Clients"}, Meta: []string{"3 clients"}, Main: &partial.Link{Text: "New client", Href: "/x"}, Links: []partial.Link{{Text: "Export", Href: "/y"}},
		Tabs:     []partial.Tab{{Text: "Active", Href: "/a", Count: 3, Current: true}, {Text: "Closed", Href: "/b", Count: 0}},
		Sections: []Section{{Title: "Active", Table: t, Pager: partial.Pager{Shown: "3 rows shown", Next: "/n", First: "/f"}}, {Title: "Closed", Table: &partial.Table{Caption: "Closed clients", Empty: partial.Empty{Icon: "users", Title: "No closed client", Links: []partial.Link{{Text: "Show all", Href: "/x"}}}}}},
	}
}

func (s story) matterForm() PlainView {
	form := &partial.Form{Action: "/x", Version: 3, Submit: "Save matter", Cancel: "/y", Note: "Open pre-bills keep the old name.", Fields: []partial.Field{
		{Name: "number", Label: "Number", Value: "00417-0032", Kind: partial.Fixed},
		{Name: "name", Label: "Name", Value: "Carrier liability, Savannah fire", Required: true, Max: 200},
		{Name: "label", Label: "Level", Kind: partial.Radio, Value: "1", Options: []partial.Option{{Value: "0", Label: "Standard"}, {Value: "1", Label: "Confidential"}, {Value: "2", Label: "Restricted"}, {Value: "3", Label: "Sealed", Hint: "named people only", Disabled: true}}, Hint: "A matter above a person's level does not exist for them."},
		{Name: "tax", Label: "Tax rate", Kind: partial.Decimal, Value: "2O", Hint: "Percent"},
		{Name: "payors", Label: "Payors", Kind: partial.Checks, Options: []partial.Option{{Value: "a", Label: "Pelham Freight Lines, Inc.", Selected: true}, {Value: "b", Label: "Harbor Mutual"}}},
		{Name: "opened", Label: "Opened", Kind: partial.Date, Value: "2026-01-05"},
		{Name: "notes", Label: "Notes", Kind: partial.Area, Wide: true},
		{Name: "confirm", Label: "The client has agreed to this", Kind: partial.Check, Value: "yes"},
	}, Faults: partial.Faults{{Path: "tax", Message: "This is not a number", Fix: "Enter a percentage such as 20"}, {Path: "label", Message: "Sealed needs a named grant"}}}
	return PlainView{Head: layout.Head{Title: "Carrier liability, Savannah fire", Crumbs: []partial.Link{{Text: "Matters", Href: "/m"}, {Text: "00417-0032"}}}, Sections: []Section{
		{Title: "Matter", Form: form}, {Title: "History", Steps: []partial.Step{{Icon: "plus", Text: "Opened", Note: "5 Jan 2026, Noor Haddad"}, {Icon: "clock", Text: "Review planned", Note: "5 Jan 2027", Next: true}}},
		{Title: "Close", Text: "A closed matter takes no new time.", Acts: []partial.Button{{Text: "Close matter", Action: "/x", Version: 3, Class: "danger"}}},
	}}
}

func (s story) importResult() PlainView {
	return PlainView{
		Head: layout.Head{Title: "october.csv", Crumbs: []partial.Link{{Text: "Imports", Href: "/i"}}}, Meta: []string{"csv", "3 Nov 2026, 10:24 EST"}, Acts: []partial.Button{{Text: "Undo this import", Action: "/x", Version: 1, Class: "danger"}},
		Lede: "1,186 of 1,204 rows landed. 18 wait for you; nothing was guessed.",
		KPIs: []partial.KPI{{Name: "Rows read", Value: "1,204"}, {Name: "Landed", Value: "1,186"}, {Name: "Refused", Value: "18", Tone: partial.Warn}, {Name: "Landed before", Value: "0"}},
		Sections: []Section{
			{Title: "Rows to look at", Table: faultTable([]capture.Fault{
				{Line: 14, Column: "timekeeper", Severity: capture.Refused, Code: "TKP-01", Value: "T Brandt", Message: "there is no timekeeper with this code", Fix: "correct the code, or enter the timekeeper first"},
				{Line: 301, Column: "rate", Severity: capture.Warning, Code: "RAT-01", Value: "450.00", Message: "the file has a rate of 450.00, the register 400.00 for RV on 2026-10-06", Fix: "correct the file or the register; 450.00 is used"},
			})},
			{Title: "File", Facts: []partial.Fact{{Name: "SHA-256", Value: "9f2c6d1b40a7e8f3c5d2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0908041d7", Code: true}, {Name: "Columns not used", Value: "office, notes"}}},
		},
	}
}

func TestAFaultSaysWhetherItsRowLanded(t *testing.T) {
	t.Parallel()
	table := faultTable([]capture.Fault{
		{Line: 2, Severity: capture.Warning, Code: "TKP-03"},
		{Line: 2, Severity: capture.Refused, Code: "TIM-02"},
		{Line: 3, Severity: capture.Warning, Code: "RAT-01"},
	})
	at, code := -1, partial.Column{}
	for i, c := range table.Columns {
		switch c.Head {
		case "Outcome":
			at = i
		case "Code":
			code = c
		}
	}
	if at < 0 || !code.NoWrap {
		t.Fatalf("columns %+v: want an outcome, and a code that does not wrap", table.Columns)
	}
	for i, want := range []string{"Warning", "Refused", "Landed with a warning"} {
		if got := table.Rows[i].Cells[at].Text; got != want || len(table.Rows[i].Cells) != len(table.Columns) {
			t.Errorf("row %d: %q in %d cells, want %q", i, got, len(table.Rows[i].Cells), want)
		}
	}
}

func TestErrorPageNeedsNobodySignedIn(t *testing.T) {
	t.Parallel()
	html := render(t, ErrorFrame(layout.Chrome{Title: "Service Unavailable"}, ErrorView{Icon: "alert", Title: "Not available", RequestID: "r-1"}))
	if !strings.Contains(html, "gate-card") || !strings.Contains(html, "r-1") || strings.Contains(html, `class="nav"`) {
		t.Error("an error page stands on its own")
	}
}

func TestSectionIsPaddedOnlyWhenItHoldsSomething(t *testing.T) {
	t.Parallel()
	if (Section{Table: &partial.Table{}}).padded() || !(Section{Text: "x"}).padded() {
		t.Error("a list stands at the panel's edge")
	}
}
