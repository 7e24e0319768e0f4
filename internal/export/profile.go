package export

import (
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
)

// Audience is who will read a file. It decides which rows and columns there are; the
// asker's own scope and clearance bound both all the same.
type Audience string

// The audiences.
const (
	AudiencePartner    Audience = "partner"    // all entries of the scope with all columns
	AudienceSpecialist Audience = "specialist" // as a partner's, without sealed matters
	AudienceStaff      Audience = "staff"      // no text, no rates, nothing of restricted matters
	AudiencePayor      Audience = "payor"      // the lines of one payor's invoices, as billed to it
	AudienceCourt      Audience = "court"      // the entries of named matters, their text blacked out and reviewed
	AudienceCollector  Audience = "collector"  // what is open, by invoice, and nothing of what for
	AudienceAuditor    Audience = "auditor"    // amounts, hashes and places in the audit log, by invoice
)

// Audiences are all of them, in the order in which they are offered.
var Audiences = []Audience{AudiencePartner, AudienceSpecialist, AudienceStaff, AudiencePayor, AudienceCourt, AudienceCollector, AudienceAuditor}

// Title is the audience as people say it.
func (a Audience) Title() string {
	return map[Audience]string{AudiencePartner: "Partner", AudienceSpecialist: "Specialist", AudienceStaff: "Other staff", AudiencePayor: "Payor",
		AudienceCourt: "Court", AudienceCollector: "Collector", AudienceAuditor: "Auditor"}[a]
}

// Gets says in a sentence what the audience gets and what it does not.
func (a Audience) Gets() string {
	p, ok := profiles[a]
	if !ok {
		return ""
	}
	return p.gets
}

// Format is how the table in a file is written.
type Format string

// The formats. A spreadsheet takes a few times the memory of the others.
const (
	FormatCSV     Format = "csv"
	FormatJSON    Format = "jsonl" // one object a line
	FormatParquet Format = "parquet"
	FormatXLSX    Format = "xlsx"
)

// Formats are all of them, in the order in which they are offered.
var Formats = []Format{FormatCSV, FormatXLSX, FormatJSON, FormatParquet}

// direct tells that the parts of a file are its very bytes. Of the others the parts hold
// the rows alone, and the table is encoded from them at the end.
func (f Format) direct() bool { return f == FormatCSV || f == FormatJSON }

// profile is what an audience gets: where the rows are, which of them, and the columns.
type profile struct {
	gets     string
	content  string   // what a row is; also the name of the table's file
	columns  []column // the first is the row's id; add at the end, never rename
	from     string   // with a matter m
	day      string   // the rows' order: by day, then by id
	id       string
	versions string // another number when a row, or what stands beside it in the file, has changed
	byEntry  bool   // rows are entries e; else invoices i, of which who sees no amounts knows nothing
	rows     string // predicate: which rows of these the audience gets
	form     Form   // the only one; "" for the asker's choice
}

const (
	entryVersions   = `hashtextextended(concat_ws(' ', e.id, e.xmin, m.xmin, c.xmin, t.xmin), 0)`
	lineVersions    = `hashtextextended(concat_ws(' ', l.id, i.xmin, m.xmin), 0)`
	invoiceVersions = `hashtextextended(concat_ws(' ', i.id, i.xmin, m.xmin, p.xmin, c.xmin), 0)`
)

// entryTables is where entries are. A timekeeper may be missing: a cost has none.
const entryTables = ` FROM entry e
	JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
	JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
	LEFT JOIN timekeeper t ON t.firm_id = e.firm_id AND t.id = e.timekeeper_id `

const lineTables = ` FROM invoice_line l
	JOIN invoice i ON i.firm_id = l.firm_id AND i.id = l.invoice_id
	JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id `

const invoiceTables = ` FROM invoice i
	JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
	JOIN client c ON c.firm_id = i.firm_id AND c.id = i.client_id
	JOIN payor p ON p.firm_id = i.firm_id AND p.id = i.payor_id `

func entries(gets string, columns []column, rows string, form Form) profile {
	return profile{gets: gets, content: "entries", columns: columns, from: entryTables, day: "e.worked_on", id: "e.id", versions: entryVersions, byEntry: true, rows: rows, form: form}
}

func invoices(gets string, columns []column, rows string) profile {
	return profile{gets: gets, content: "invoices", columns: columns, from: invoiceTables, day: "i.issued_on", id: "i.id", versions: invoiceVersions, rows: rows, form: FormRedacted}
}

// profiles are the class tables of the audiences (SECURITY 9). A column that a profile
// does not name is not in its file, whatever the asker may see.
var profiles = map[Audience]profile{
	AudiencePartner: entries("Every entry that you see, with every column; narratives if you ask for them.", entryColumns, "", ""),
	AudienceSpecialist: entries("Every entry that you see but those of sealed matters; narratives if you ask for them.",
		entryColumns, "m.label < 3", ""),
	AudienceStaff: entries("Entries without narratives and without rates; nothing of restricted or sealed matters.",
		without(entryColumns, "narrative", "rate", "rate_source", "standard_rate", "unit_cost"), "m.label < 2", FormRedacted),
	AudienceCourt: entries("The entries of the matters that you name: who worked, when, for how long and at which rate. The narratives are blacked out and read by somebody else before they leave.",
		courtColumns, "", FormFull),
	AudiencePayor: {gets: "The lines of the invoices issued to one payor, as they were billed: no notes, no work that was not billed, no rate but the billed one.", content: "lines", columns: lineColumns, from: lineTables,
		day: "i.issued_on", id: "l.id", versions: lineVersions},
	AudienceCollector: invoices("What is open by invoice, with its due date and its payor; not which client or matter, and not what for.",
		collectorColumns, "i.open_minor > 0"),
	AudienceAuditor: invoices("Each invoice issued with its amounts, its hash, its files' hashes and its place in the audit log; no narratives.", auditorColumns, ""),
}

func (p profile) column(name string) int {
	for i, c := range p.columns {
		if c.name == name {
			return i
		}
	}
	return -1
}

// header is the names of the columns in their order.
func (p profile) header() []string {
	names := make([]string, len(p.columns))
	for i, c := range p.columns {
		names[i] = c.name
	}
	return names
}

// leftOut names the columns of the richest file of the same rows that this one does not have.
func (p profile) leftOut() (names []string) {
	if !p.byEntry {
		return nil
	}
	for _, c := range entryColumns {
		if p.column(c.name) < 0 {
			names = append(names, c.name)
		}
	}
	return names
}

// settle fills what a request leaves open, and what its audience does not leave open.
func (n *NewRequest) settle() {
	if n.Audience == "" {
		n.Audience = AudiencePartner
	}
	if n.Format == "" {
		n.Format = FormatCSV
	}
	if p, ok := profiles[n.Audience]; ok && p.form != "" {
		n.Form = p.form
	}
}

// checkAudience names what an audience needs, and what it has no place for.
func (n NewRequest) checkAudience(fs *fault.Fields) {
	if _, ok := profiles[n.Audience]; !ok {
		fs.Add("audience", "choice_unknown", "choose who will read it: partner, specialist, staff, payor, court, collector or auditor")
		return
	}
	switch n.Format {
	case FormatCSV, FormatJSON, FormatParquet, FormatXLSX:
	default:
		fs.Add("format", "choice_unknown", "choose csv, xlsx, jsonl or parquet")
	}
	if n.Audience == AudiencePayor && n.Payor == "" {
		fs.Add("payor", "payor_missing", "name the payor whose invoices it is about")
	}
	if n.Payor != "" && profiles[n.Audience].byEntry {
		fs.Add("payor", "payor_unused", "a payor is named for a payor, a collector or an auditor only: take it out")
	}
	if len(n.Invoices) > 200 {
		fs.Add("invoices", "too_many", "name at most 200 invoices")
	}
	if len(n.Invoices) > 0 && profiles[n.Audience].byEntry {
		fs.Add("invoices", "invoices_unused", "invoices are named for a payor, a collector or an auditor only: take them out")
	}
	if n.Audience == AudienceCourt && len(n.Matters) == 0 {
		fs.Add("matters", "matters_missing", "name the matters that the court is to see")
	}
	if len(n.Clients) > 0 && n.Audience == AudienceCourt {
		fs.Add("clients", "clients_unused", "a court gets named matters: take the clients out")
	}
	n.checkTerms(fs)
	if n.Documents && !(n.Audience == AudiencePayor || n.Audience == AudiencePartner) {
		fs.Add("documents", "documents_unfit", "the invoices' own files hold every narrative: they go to a payor or a partner only")
	}
	if n.Documents && n.Form != FormFull {
		fs.Add("documents", "documents_redacted", "the invoices' own files hold every narrative: ask for the narratives too, or leave the files out")
	}
}

// classOf is the class of a column of the file. A column that nobody has classed is
// an error, never the lowest class.
func (p profile) classOf(i int) (authz.Class, error) {
	if c := p.columns[i]; c.class >= authz.C1 && c.class <= authz.C3 {
		return c.class, nil
	}
	return 0, errUnclassed(p.columns[i].name)
}
