package demo_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/app/demo"
	"github.com/docketry/docketry/internal/obs"
)

// once does the errand for one file.
func once(t *testing.T, name string, data []byte) demo.Outcome {
	t.Helper()
	in := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(in, data, 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := demo.DoOnce(context.Background(), demo.Errand{Out: t.TempDir(), Input: in, Say: io.Discard, Log: obs.Discard()})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return o
}

// TestOnceBillsWhatIsRight: rows that cannot be billed are told by the file's lines, and
// keep no other off its bill.
func TestOnceBillsWhatIsRight(t *testing.T) {
	t.Parallel()
	const file = "id,date,client,matter,timekeeper,timekeeper_class,hours,rate,narrative,task_code,activity_code,currency\n" +
		"1,2026-06-03,C2,M-9,AB,PARTNR,1.5,400,Draft share purchase agreement,P400,A103,USD\n" +
		"2,2026-06-04,C2,M-9,AB,PARTNR,0.5,400,Review of disclosure letter,P999,A104,USD\n" +
		"3,2026-06-05,C2,M-9,AB,PARTNR,0.7,400,Draft escrow agreement,P200,A103,USD\n" +
		"4,2099-11-06,C2,M-9,AB,PARTNR,0.7,400,Draft closing list,P400,A103,USD\n"
	o := once(t, "june.csv", []byte(file))
	if len(o.Refused) != 1 || o.Refused[0].Line != 5 || o.Refused[0].Column != "date" || o.Refused[0].Code != "TIM-08" || o.Refused[0].Fix == "" {
		t.Errorf("refused: %+v", o.Refused)
	}
	if u := o.Unbilled; len(u) != 2 || u[0].Line != 3 || u[1].Line != 4 || !strings.Contains(u[0].Message, "P999") || !strings.Contains(u[1].Message, "heading") || u[0].Fix == "" || u[0].Matter != "M-9" {
		t.Errorf("unbilled: %+v", u)
	}
	if len(o.Invoices) != 1 || o.Invoices[0].Total != "600.00" || o.Prebills != 1 {
		t.Errorf("invoices: %+v", o.Invoices)
	}
}

// TestOnceCancelsABillWithoutALine: other matters are billed.
func TestOnceCancelsABillWithoutALine(t *testing.T) {
	t.Parallel()
	const file = "id,date,client,matter,timekeeper,timekeeper_class,hours,rate,narrative,task_code,activity_code,currency\n" +
		"1,2026-06-03,C1,M-1,AB,PARTNR,1.5,400,Draft share purchase agreement,P999,A103,USD\n" +
		"2,2026-06-04,C2,M-2,AB,PARTNR,0.5,400,Review of disclosure letter,,,USD\n"
	o := once(t, "june.csv", []byte(file))
	if len(o.Unbilled) != 1 || o.Unbilled[0].Line != 2 || o.Prebills != 1 || len(o.Invoices) != 1 || o.Invoices[0].Total != "200.00" {
		t.Errorf("%+v", o)
	}
}

// TestOnceKnowsTheDaysOfRefusedRows: a row that is refused for its currency is not told
// that its day has not come, only because the story's clock had not seen it.
func TestOnceKnowsTheDaysOfRefusedRows(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../ledes/testdata/samples/ok_1998b_two_invoices.txt")
	if err != nil {
		t.Fatal(err)
	}
	o := once(t, "two.txt", data)
	for _, f := range o.Refused {
		if f.Line != 9 || f.Code == "TIM-08" {
			t.Errorf("refused: %+v", f)
		}
	}
	if len(o.Refused) == 0 || len(o.Invoices) == 0 {
		t.Errorf("%+v", o)
	}
}

// TestOnceHasNothingOfTheFutureAlone names each row when none has come yet.
func TestOnceHasNothingOfTheFutureAlone(t *testing.T) {
	t.Parallel()
	in := filepath.Join(t.TempDir(), "future.csv")
	const file = "id,date,client,matter,timekeeper,hours,narrative\n1,2099-06-03,C1,M-1,AB,1.5,Draft\n"
	if err := os.WriteFile(in, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := demo.DoOnce(context.Background(), demo.Errand{Out: t.TempDir(), Input: in, Say: io.Discard, Log: obs.Discard()})
	if err == nil || !strings.Contains(err.Error(), "line 2, date: the day is in the future") {
		t.Errorf("got %v", err)
	}
}
