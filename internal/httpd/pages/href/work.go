package href

import "github.com/docketry/docketry/internal/ident"

// Item is one work item. Its acts post below it.
func Item(f ident.FirmID, id ident.WorkItemID) string { return one(f, "items", id) }

// ItemAct is where an act on an item posts: claim, finish, skip, return, messages.
func ItemAct(f ident.FirmID, id ident.WorkItemID, act string) string { return Item(f, id) + "/" + act }

// Finding is where an act on one finding of an item posts: fix, waive.
func Finding(f ident.FirmID, id ident.WorkItemID, finding ident.FindingID, act string) string {
	return Item(f, id) + "/findings/" + string(finding) + "/" + act
}

// ItemEntry is the form of one act on an entry of an item, and where it posts: edit, undo.
func ItemEntry(f ident.FirmID, id ident.WorkItemID, entry ident.EntryID, act string) string {
	return Item(f, id) + "/entries/" + string(entry) + "/" + act
}

// Clock explains one due date, step by step.
func Clock(f ident.FirmID, id ident.WorkItemID, clock ident.ClockID) string {
	return Item(f, id) + "/clocks/" + string(clock)
}

// Imports, ImportNew and Import are a firm's files of time and expenses.
func Imports(f ident.FirmID) string { return list(f, "imports") }

// ImportNew is the upload form.
func ImportNew(f ident.FirmID) string { return Imports(f) + "/new" }

// Import is one file with what landed and what did not.
func Import(f ident.FirmID, id ident.ImportID) string { return one(f, "imports", id) }

// ImportAct posts land or undo.
func ImportAct(f ident.FirmID, id ident.ImportID, act string) string {
	return Import(f, id) + "/" + act
}

// Prebills is the list of a firm's pre-bills.
func Prebills(f ident.FirmID) string { return list(f, "prebills") }

// WaitsFor is the pre-bills in review that wait for a person by name.
func WaitsFor(f ident.FirmID, who ident.PersonID) string {
	return Query(Prebills(f), "status", "in_review", "waits_for", string(who))
}

// PrebillNew is the form that builds one.
func PrebillNew(f ident.FirmID) string { return Prebills(f) + "/new" }

// Prebill is one pre-bill.
func Prebill(f ident.FirmID, id ident.PrebillID) string { return one(f, "prebills", id) }

// PrebillAct posts submit, request-changes, approve, withdraw or cancel.
func PrebillAct(f ident.FirmID, id ident.PrebillID, act string) string {
	return Prebill(f, id) + "/" + act
}

// PrebillLine is the form of one act on a line, and where it posts: edit,
// write-down, hold, release.
func PrebillLine(f ident.FirmID, id ident.PrebillID, line ident.PrebillLine, act string) string {
	return Prebill(f, id) + "/lines/" + string(line) + "/" + act
}

// Run is a run over all its firms; Act posts retry or stop below it.
func Run(id ident.RunID) string { return Runs + "/" + string(id) }

// RunRetry tries the failed items of a run again, in every firm where the person may.
func RunRetry(id ident.RunID) string { return Run(id) + "/retry" }

// RunEvents is the run's stream of events.
func RunEvents(id ident.RunID) string { return Run(id) + "/events" }

// RunIn is what a run does in one firm, item by item; status may be "" for all.
func RunIn(f ident.FirmID, id ident.RunID, status string) string {
	return Query(one(f, "runs", id), "status", status)
}

// RunAct posts retry for the failed items of a run in one firm.
func RunAct(f ident.FirmID, id ident.RunID, act string) string { return one(f, "runs", id) + "/" + act }
