package guideline_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
)

func TestReadSheet(t *testing.T) {
	t.Parallel()
	s, err := guideline.ReadSheet(strings.NewReader("\ufeffid,hours,narrative,task,activity_code\n1,2.0,\"Draft reply; email client re status\",L350,A103\n2,0.3,,L350,A103\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, l := range s.Lines {
		for _, f := range s.Check(i, guideline.Policy{}, nil) {
			got = append(got, l.ID+" "+f.Rule)
		}
	}
	if g := strings.Join(got, ", "); g != "1 NAR-01, 2 NAR-03" {
		t.Errorf("findings %q", g)
	}
}

func TestReadSheetNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := guideline.ReadSheet(strings.NewReader("id,hours,date\n1,abc,2026-10-05\n2,1\n3,1.00001,5 Oct\n"))
	var f *fault.Error
	if !errors.As(err, &f) || !errors.Is(err, guideline.ErrSheet) {
		t.Fatalf("got %v, want ErrSheet", err)
	}
	var got []string
	for _, x := range f.Fields {
		got = append(got, strings.Join([]string{x.Path, x.Code}, ":")+" "+string(rune('0'+x.Line)))
	}
	if g := strings.Join(got, ", "); g != "hours:number_invalid 2, line:csv_invalid 3, hours:number_invalid 4, date:number_invalid 4" {
		t.Errorf("faults %q", g)
	}
	for name, text := range map[string]string{"no id column": "hours\n1\n", "empty": "", "not UTF-8": "id,narrative\n1,\xff\n"} {
		if _, err := guideline.ReadSheet(strings.NewReader(text)); !errors.Is(err, guideline.ErrSheet) {
			t.Errorf("%s: %v, want ErrSheet", name, err)
		}
	}
}

// A file runs the rules whose columns it has, about lines and about its invoices; an
// empty cell makes nothing known.
func TestASheetRunsWhatItsColumnsAllow(t *testing.T) {
	t.Parallel()
	read := func(text string) (got string) {
		t.Helper()
		s, err := guideline.ReadSheet(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for i, l := range s.Lines {
			for _, f := range s.Check(i, guideline.Policy{}, nil) {
				all = append(all, l.ID+" "+f.Rule)
			}
		}
		for _, n := range s.Bills() {
			for _, f := range s.CheckBill(n, guideline.Policy{}) {
				all = append(all, n+" "+f.Rule)
			}
		}
		return strings.Join(all, ", ")
	}
	const text, codes = "Draft section 3 of reply brief on motion to compel", "L350,A103"
	for name, c := range map[string]struct{ head, rows, want string }{
		"employment":        {"id,hours,date,joined,left", "1,1.0,2026-10-05,2026-10-06,\n2,1.0,2026-10-05,2026-10-05,\n3,1.0,2026-10-05,,2026-10-01", "1 RAT-07, 3 RAT-07"},
		"no timekeeper":     {"id,timekeeper,timekeeper_name,timekeeper_class", "1,RV,Rosalind Vane,PARTNR\n2,RV,,PARTNR", "2 RAT-06"},
		"a trainee":         {"id,timekeeper_class,hours", "1,TRANEE,1.0\n2,ASSOC,1.0", "1 TIM-17"},
		"not yet a year":    {"id,timekeeper_class,hours,date,admitted", "1,ASSOC,1.0,2026-10-05,2026-01-05\n2,ASSOC,1.0,2026-10-05,", "1 TIM-17"},
		"clock times":       {"id,hours,date,client,matter,timekeeper,start,end,narrative,activity", "1,1.0,2026-10-05,c,m,t,09:00,10:00," + text + ",A103\n2,1.0,2026-10-05,c2,m2,t,09:30,10:30,Review expert report of Dr. Haas on damages,A104", "2 TIM-06"},
		"in the future":     {"id,hours,date,entered", "1,1.0,2026-10-05,2026-10-04\n2,1.0,2026-10-05,", "1 TIM-08"},
		"other client":      {"id,narrative,client,matter,client_name", "1,Call with counsel for Whitlock Shipping re release,c,m,Pelham Lines Inc\n2," + text + ",c2,m2,Whitlock Shipping LLC", "1 NAR-10"},
		"receipts":          {"id,expense_code,quantity,unit_cost,narrative,receipt", "1,E115,1,100,Transcript of the deposition of J. Cole,no\n2,E115,1,100,Transcript of the deposition of J. Orr,yes", "1 EXP-01"},
		"vendor and expert": {"id,expense_code,quantity,unit_cost,narrative,vendor_amount,approval", "1,E119,1,100,Damages report of Dr. Haas,90,\n2,E119,1,100,Second report of Dr. Haas,,mail of 3 October", "1 EXP-09, 1 EXP-10"},
		"no rate":           {"id,hours,rate,agreed_rate", "1,1.0,400,\n2,1.0,400,390\n3,1.0,400,400", "1 RAT-02, 2 RAT-01"},
		"an invoice": {"id,hours,rate,date,timekeeper,narrative,task,activity,timekeeper_class,invoice,invoice_date,period_start,period_end,line_total,invoice_total",
			"1,2.0,400,2026-10-05,t," + text + "," + codes + ",ASSOC,26-7,2026-12-15,2026-10-01,2026-10-31,800.00,900.00\n2,0.5,400,2026-09-30,u," + text + "," + codes + ",ASSOC,26-7,2026-12-15,2026-10-01,2026-10-31,210.00,900.00",
			"1 TIM-07, 2 TIM-07, 2 TIM-10, 2 RAT-10, 26-7 INV-01, 26-7 INV-05, 26-7 INV-06"},
	} {
		if got := read(c.head + "\n" + c.rows + "\n"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	_, err := guideline.ReadSheet(strings.NewReader("id,hours,joined,tax_rate,start,date,vendor_amount\n1,1.0,5 Oct,x,9.30,2026-10-05,1.2.3\n"))
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) != 4 {
		t.Errorf("four cells are not usable: %v", err)
	}
}

func TestReadPolicy(t *testing.T) {
	t.Parallel()
	p, err := guideline.ReadPolicy(strings.NewReader(`{"name":"Pelham v7","increment":"0.25","off":["NAR-02"],"block":["NAR-01"],"restricted_terms":["hot-work"],"task_codes_required":true}`))
	if err != nil {
		t.Fatal(err)
	}
	l := with(func(l *guideline.Line) {
		l.Hours, l.Task, l.Narrative = 21_000, "", "Draft hot-work brief; email client re status"
	})
	var got []string
	for _, f := range guideline.Check(l, guideline.Context{Policy: p, Known: guideline.InNarrative | guideline.InHours | guideline.InTask}) {
		got = append(got, f.Rule+" "+string(f.Severity))
	}
	if g := strings.Join(got, ", "); g != "NAR-01 block, NAR-08 warn, TIM-01 auto, COD-01 block" {
		t.Errorf("findings %q", g)
	}
	for name, text := range map[string]string{
		"unknown field": `{"colour":1}`, "unknown rule": `{"off":["XXX-1"]}`, "pinned rule": `{"off":["RAT-02"]}`, "no number": `{"day_warn":"ten"}`,
	} {
		if _, err := guideline.ReadPolicy(strings.NewReader(text)); !errors.Is(err, guideline.ErrPolicy) {
			t.Errorf("%s: %v, want ErrPolicy", name, err)
		}
	}
}

// What stands in a guideline file and cannot be read is named by its place, without a
// word of how files are read.
func TestAnUnreadableGuidelineFileIsNamedByItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		`{"max_bytes":"many"}`: "max_bytes: enter a whole number", `{"rules":[{"id":"A-01"},{"severity":7}]}`: "rules.1.severity: enter text", `{"colour":"red"}`: "colour: there is no field of this name",
		`{"name":`: ": the JSON ends before it is whole", "{\n\"name\": oops}": ": from character 9 of line 2 on this is no JSON", `[]`: ": send an object", `7`: ": send an object",
	} {
		_, err := guideline.ReadPolicy(strings.NewReader(text))
		var f *fault.Error
		if !errors.As(err, &f) || !errors.Is(err, guideline.ErrPolicy) || len(f.Fields) != 1 {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.Fields[0].Path + ": " + f.Fields[0].Message; !strings.HasPrefix(got, want) || strings.Contains(f.Message+got, "json:") || strings.Contains(f.Message+got, "policyFile") {
			t.Errorf("%s: %s: %s", text, f.Message, got)
		}
	}
	if _, err := guideline.ReadPolicy(strings.NewReader(`{"name":"` + strings.Repeat("x", 1<<20) + `"}`)); !errors.Is(err, guideline.ErrPolicy) || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("a large file: %.80v", err)
	}
}
