package guideline

import (
	"fmt"

	"github.com/docketry/docketry/internal/utbms"
)

// Rules about UTBMS codes.
var codeChecks = []check{
	{"COD-01", InTask, taskMissing},
	{"COD-02", InActivity, activityMissing},
	{"COD-03", InTask | InTaskSet, taskOutsideSet},
	{"COD-04", 0, groupCode},
	{"COD-05", InTask | InActivity, activityAlone},
	{"COD-07", InExpense, expenseCode},
}

func taskMissing(j *job) {
	if !j.policy.TaskCodes || j.Task != "" {
		return
	}
	j.report(remark{
		field: "task_code", expected: "a task code", fact: "The line has no task code.", ask: "every time line has a task code",
		so: "The receiver refuses the line.", fix: "Choose a task code", atRisk: j.ValueMinor,
	})
}

func activityMissing(j *job) {
	if !j.policy.ActivityCodes || j.Activity != "" {
		return
	}
	j.report(remark{
		field: "activity_code", expected: "an activity code", fact: "The line has no activity code.", ask: "every time line has an activity code",
		so: "The receiver refuses the line.", fix: "Choose an activity code", atRisk: j.ValueMinor,
	})
}

func taskOutsideSet(j *job) {
	c, known := utbms.Lookup(j.Task)
	if j.Task == "" || (known && utbms.Holds(j.TaskSet, c.Set)) || j.policy.Codes.Fits(j.TaskSet, j.Task) {
		return // a heading of the right set is COD-04's, the days of a client's own code are COD-09's
	}
	fact := fmt.Sprintf("Task code %s belongs to the set %s, the matter uses %s.", j.Task, c.Set, setName(j.TaskSet))
	if own, ok := j.policy.Codes.Own(j.Task); ok {
		fact = fmt.Sprintf("Task code %s is the client’s own, of the set %s; the matter uses %s.", j.Task, own.Set, setName(j.TaskSet))
	} else if !known {
		fact = fmt.Sprintf("Task code %s is in no set, the matter uses %s.", j.Task, setName(j.TaskSet))
	}
	j.report(remark{
		field: "task_code", observed: j.Task, expected: "a code of the set " + setName(j.TaskSet), params: "set=" + j.TaskSet,
		fact: fact, ask: "task codes come from the matter's set", so: "The receiver refuses the line.", fix: "Choose a code of the matter's set", atRisk: j.ValueMinor,
	})
}

func setName(set string) string {
	if set == "" {
		return "none"
	}
	return set
}

func groupCode(j *job) {
	for _, f := range []struct {
		in          Input
		field, code string
	}{{InTask, "task_code", j.Task}, {InActivity, "activity_code", j.Activity}, {InExpense, "expense_code", j.Expense}} {
		c, known := utbms.Lookup(f.code)
		if j.Known&f.in == 0 || !known || !c.Heading {
			continue
		}
		j.report(remark{
			field: f.field, observed: f.code, expected: "a code below " + f.code,
			fact: fmt.Sprintf("%s (%s) is a heading.", f.code, c.Name), ask: "a line takes a code of the lowest level",
			so: "The receiver refuses the line.", fix: "Choose a code below " + f.code, atRisk: j.ValueMinor,
		})
	}
}

func activityAlone(j *job) {
	if j.Activity == "" || j.Task != "" {
		return
	}
	j.report(remark{
		field: "task_code", observed: j.Activity, expected: "a task code beside the activity",
		fact: fmt.Sprintf("Activity %s stands without a task code.", j.Activity), ask: "an activity code needs a task code",
		so: "The receiver refuses the file.", fix: "Choose a task code", atRisk: j.ValueMinor,
	})
}

func expenseCode(j *job) {
	if utbms.Usable(utbms.Expense, j.Expense) || j.policy.Codes.Fits(utbms.Expense, j.Expense) {
		return
	}
	if c, known := utbms.Lookup(j.Expense); known && c.Heading {
		return // COD-04
	}
	fact := "The expense has no code."
	if j.Expense != "" {
		fact = "Expense code " + j.Expense + " is not known."
	}
	j.report(remark{
		field: "expense_code", observed: j.Expense, expected: "E101 to E124",
		fact: fact, ask: "every expense has an expense code", so: "The receiver refuses the line.", fix: "Choose an expense code", atRisk: j.ValueMinor,
	})
}
