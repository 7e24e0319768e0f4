package demo

// phrase is a narrative with blanks: {s} a subject of the matter, {o} somebody
// outside the firm, {d} a document, {n} a small number.
type phrase struct {
	task, activity string
	text           string
}

var phrases = map[string][]phrase{
	"litigation": {
		{"L110", "A104", "Review {d} produced on {s} for dates and authorship"},
		{"L110", "A106", "Interview client's operations manager regarding {s}"},
		{"L120", "A104", "Analyze strengths of the position on {s} in light of {d}"},
		{"L120", "A102", "Research authority on {s} in the court of appeal since 2019"},
		{"L120", "A105", "Conference with {o} regarding theory of the case on {s}"},
		{"L130", "A108", "Telephone conference with {o} regarding assumptions of report on {s}"},
		{"L160", "A107", "Correspondence with {o} regarding settlement range on {s}"},
		{"L160", "A103", "Draft mediation statement, section {n}, on {s}"},
		{"L210", "A103", "Draft paragraphs {n} to {n}9 of reply concerning {s}"},
		{"L230", "A109", "Attend case management conference on schedule for {s}"},
		{"L240", "A103", "Draft section {n} of motion for summary judgment on {s}"},
		{"L240", "A102", "Research standard for partial summary judgment on {s}"},
		{"L250", "A103", "Revise opposition to motion to strike evidence of {s}"},
		{"L310", "A103", "Draft responses to interrogatories {n} through {n}4 concerning {s}"},
		{"L310", "A107", "Telephone conference with {o} regarding scope of requests on {s}"},
		{"L320", "A104", "Review production set {n} for documents on {s}"},
		{"L320", "A104", "Review {d} for privilege before production regarding {s}"},
		{"L330", "A101", "Prepare outline for deposition of {o} on {s}"},
		{"L330", "A109", "Attend deposition of {o} concerning {s}"},
		{"L330", "A104", "Analyze deposition transcript of {o} for admissions on {s}"},
		{"L340", "A108", "Conference with {o} on draft opinion concerning {s}"},
		{"L350", "A103", "Draft letter brief to compel further answers on {s}"},
		{"L410", "A101", "Prepare witness {o} for examination on {s}"},
		{"L430", "A103", "Draft motion in limine on {s}"},
		{"L440", "A101", "Plan order of proof on {s} with exhibits {n} to {n}2"},
	},
	"project": {
		{"P210", "A104", "Review board minutes and {d} bearing on {s}"},
		{"P220", "A106", "Conference with client's finance team regarding tax treatment of {s}"},
		{"P230", "A104", "Review site report for liabilities touching {s}"},
		{"P240", "A104", "Review title exceptions {n} to {n}3 affecting {s}"},
		{"P270", "A102", "Research filing thresholds relevant to {s}"},
		{"P280", "A104", "Review data room folder {n} for {d} on {s}"},
		{"P300", "A104", "Analyze structure options for {s} and their timing"},
		{"P300", "A106", "Telephone conference with client regarding {s} and next steps"},
		{"P400", "A103", "Draft {d} covering {s}"},
		{"P400", "A103", "Draft schedule {n} on {s}"},
		{"P500", "A107", "Negotiate {s} with {o}"},
		{"P500", "A103", "Revise {d} after comments of {o} on {s}"},
		{"P500", "A104", "Review mark-up received from {o} concerning {s}"},
		{"P600", "A101", "Prepare closing checklist entries for {s}"},
		{"P600", "A108", "Correspondence with {o} regarding signature pages and {s}"},
		{"P700", "A103", "Draft post-completion notice regarding {s}"},
	},
	"counseling": {
		{"C100", "A104", "Review client's {d} on {s}"},
		{"C100", "A106", "Conference with client's team to establish facts of {s}"},
		{"C200", "A102", "Research current guidance on {s}"},
		{"C200", "A102", "Research case law of the last two years on {s}"},
		{"C300", "A103", "Draft advice on {s}, part {n}"},
		{"C300", "A104", "Analyze risk in the present practice on {s}"},
		{"C300", "A106", "Telephone conference with client regarding advice on {s}"},
		{"C400", "A108", "Correspondence with {o} regarding {s}"},
		{"C400", "A108", "Telephone conference with {o} regarding {s}"},
	},
}

var documents = []string{
	"the correspondence file of 2025", "the amended agreement", "the board paper of 12 June", "the internal audit report",
	"the signed schedules", "the email chain of 3 to 9 May", "the draft term sheet", "the inspection records", "the insurer's letter", "the supplier statements",
}

// flaw is a planted defect of the kind a specialist meets every month.
type flaw struct {
	task, activity, text, hours string
}

var flaws = []flaw{
	{"L120", "A104", "Attention to file", "0.5"},
	{"L330", "A104", "Review opposition to motion to quash; draft notice of deposition of {o}; call with court reporter re scheduling; email client re status", "4.0"},
	{"L120", "A106", "Telephone call", "0.3"},
	{"L320", "A110", "Bates stamp and scan production set {n}; assemble binders", "3.0"},
	{"L110", "A104", "Familiarize with file after assignment to matter", "2.2"},
	{"L120", "A102", "Legal research", "2.0"},
	{"L210", "A104", "Draft paragraphs on {s} for the reply", "1.7"},
	{"L140", "A104", "Review prebill and edit invoice for last month", "0.8"},
}

var costs = []struct{ code, text, quantity, unit string }{
	{"E112", "Court filing fee, application on {s}", "1", "235.00"},
	{"E115", "Deposition transcript, {o}, 184 pages", "184", "3.85"},
	{"E107", "Courier to {o}", "1", "42.60"},
	{"E110", "Rail fare and one night for hearing on {s}", "1", "318.40"},
	{"E101", "Copying of hearing bundle", "640", "0.10"},
	{"E119", "Fee of {o} for report on {s}", "1", "2150.00"},
}
