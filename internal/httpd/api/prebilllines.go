package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

// PrebillView is a pre-bill as its reader sees it.
type PrebillView struct {
	Prebill        Prebill           `json:"prebill"`
	MatterNumber   string            `json:"matter_number,omitempty" class:"C2"`
	MatterName     string            `json:"matter_name,omitempty" class:"C2"`
	ClientName     string            `json:"client_name,omitempty" class:"C2"`
	PayorName      string            `json:"payor_name,omitempty" class:"C2"`
	Hash           string            `json:"content_hash" class:"C1" doc:"what an approval of this state is for"`
	Redacted       bool              `json:"redacted" class:"C1"`
	OwnWork        bool              `json:"own_work" class:"C1" doc:"you prepared it and cannot approve it"`
	StandsFor      string            `json:"stands_for,omitempty" class:"C1" doc:"for whom you stand in there, and an approval of yours would be given"`
	Approver       string            `json:"approved_by,omitempty" class:"C1"`
	ApproverFor    string            `json:"approved_for,omitempty" class:"C1" doc:"for whom the approver stood in"`
	Totals         *PrebillTotals    `json:"totals,omitempty" class:"C2"`
	Arranged       []ArrangedPart    `json:"arranged,omitempty" doc:"of an open one: what is agreed by the day of the work, and what it makes of it"`
	Charges        []PrebillCharge   `json:"charges,omitempty" doc:"what the arrangement made beside the lines"`
	Prompt         *PrebillPrompt    `json:"prompt,omitempty" doc:"off the fees when the invoice is paid promptly"`
	Shares         []PrebillShare    `json:"shares,omitempty" doc:"of a bill that is split: what each payor pays, in their order"`
	Closing        *ClosingStatement `json:"closing,omitempty" class:"C1" doc:"of a contingent fee: what becomes of what came in"`
	ClosingChanged bool              `json:"closing_changed,omitempty" class:"C1" doc:"of an approved one: costs of its closing statement were credited since, and no invoice is made of it"`
	SplitChanged   bool              `json:"split_changed,omitempty" class:"C1" doc:"of an approved one: another split is agreed by now, and no invoice is made of it"`
	Cuts           []Cut             `json:"cuts,omitempty" doc:"taken off the fees as a whole"`
	Findings       []Finding         `json:"findings,omitempty" doc:"on the bill as a whole; those on lines stand with them"`
	Sections       []PrebillSection  `json:"sections"`
}

// PrebillPrompt is what may be left out of the fees, before tax, on payment within so many
// days of the invoice.
type PrebillPrompt struct {
	Days   int    `json:"days,omitempty" class:"C2"`
	Amount *Money `json:"amount,omitempty" class:"C2"`
}

// ArrangedPart is what one version of an arrangement makes of the work that goes by it.
type ArrangedPart struct {
	Arrangement ident.ArrangementID `json:"arrangement_id,omitempty" class:"C1" doc:"missing where nothing is agreed: by the hour"`
	Lines       int                 `json:"lines" class:"C1"`
	Worked      *Money              `json:"worked,omitempty" class:"C2"`
	Fees        *Money              `json:"fees,omitempty" class:"C2"`
	Held        *Money              `json:"held_back,omitempty" class:"C2" doc:"of the fees, until an outcome"`
	Prices      []PrebillPrice      `json:"prices,omitempty"`
	Warnings    []string            `json:"warnings,omitempty" class:"C2"`
}

// PrebillPrice is how a fixed price, units of a price list, the fee of a period or a settlement stands on a pre-bill.
type PrebillPrice struct {
	Code   string `json:"code,omitempty" class:"C2" doc:"a phase, a task, a period such as 2026-03, COLLAR, SUCCESS or a recovery such as RECOVERY-1; missing for the whole matter"`
	Amount *Money `json:"amount,omitempty" class:"C2" doc:"of a settlement what the fees change by"`
	Here   bool   `json:"on_this_bill" class:"C1"`
	Billed bool   `json:"billed_before" class:"C1"`

	Unit     string     `json:"unit_price,omitempty" class:"C2" doc:"of a price list: of one unit, which any bill may have"`
	Quantity string     `json:"quantity,omitempty" class:"C2" doc:"units on this bill"`
	Gross    *Money     `json:"gross,omitempty" class:"C2" doc:"of a recovery: what came in, of which the amount is the share"`
	Why      string     `json:"waits,omitempty" class:"C2" doc:"of a recovery: what keeps it off the bill"`
	PutBy    string     `json:"put_by,omitempty" class:"C1" doc:"who put it on this bill"`
	PutAt    *time.Time `json:"put_at,omitempty" class:"C1"`
}

// PrebillCharge is a line of the fees that the arrangement makes beside the work.
type PrebillCharge struct {
	Arrangement ident.ArrangementID `json:"arrangement_id" class:"C1"`
	What        string              `json:"what" class:"C1" enum:"fixed,availability,subscription,task,collar,contingent fee,success fee,volume discount,discount,holdback,holdback release"`
	Code        string              `json:"code,omitempty" class:"C2"`
	Quantity    string              `json:"quantity,omitempty" class:"C2" doc:"units of a price list"`
	Amount      *Money              `json:"amount,omitempty" class:"C2"`
}

// Cut is an amount taken off the fees of the bill as a whole.
type Cut struct {
	ID     ident.CutID  `json:"id" class:"C1"`
	Side   amend.Side   `json:"side" class:"C1" enum:"bureau,firm"`
	Amount *Money       `json:"amount,omitempty" class:"C2"`
	Reason amend.Reason `json:"reason" class:"C1"`
	Rule   string       `json:"rule" class:"C1" doc:"the guideline rule whose fix it is"`
	By     string       `json:"by" class:"C1"`
	At     time.Time    `json:"at" class:"C1"`
	Undone *time.Time   `json:"undone_at,omitempty" class:"C1"`
}

// PrebillTotals leads from what was recorded to what will be invoiced.
type PrebillTotals struct {
	Recorded Money  `json:"recorded"`
	Team     Money  `json:"changed_by_team"`
	Firm     Money  `json:"changed_by_firm"`
	Arranged Money  `json:"by_arrangement"`
	Invoice  Money  `json:"to_invoice"`
	AtRisk   Money  `json:"at_risk"`
	Hours    string `json:"hours"`
}

// PrebillSection is one heading with its lines.
type PrebillSection struct {
	Group prebill.Group `json:"group" class:"C1"`
	Lines []PrebillLine `json:"lines"`
}

// PrebillLine is the copy of an entry on a pre-bill.
type PrebillLine struct {
	ID         ident.PrebillLine  `json:"id" class:"C1"`
	Entry      ident.EntryID      `json:"entry_id" class:"C1"`
	SplitOf    ident.PrebillLine  `json:"split_of,omitempty" class:"C1" doc:"the line that this is a part of; its recorded hours and amount are its share of the entry"`
	MergedFrom []MergedLine       `json:"merged_from,omitempty" doc:"the lines that this one stands for; it bills the entry of each, and what is recorded is their sum"`
	Position   int                `json:"position" class:"C1"`
	Kind       guideline.Kind     `json:"kind" class:"C1"`
	On         string             `json:"worked_on" class:"C1" format:"date"`
	Timekeeper ident.TimekeeperID `json:"timekeeper_id,omitempty" class:"C1"`
	Code       string             `json:"timekeeper_code,omitempty" class:"C2"`
	Quantity   string             `json:"quantity,omitempty" class:"C2"`
	Rate       string             `json:"rate,omitempty" class:"C2"`
	Value      *Money             `json:"value,omitempty" class:"C2"`
	WriteDown  *Money             `json:"write_down,omitempty" class:"C2"`
	Arranged   *Money             `json:"by_arrangement,omitempty" class:"C2" doc:"what the arrangement adds or takes off"`
	Amount     *Money             `json:"amount,omitempty" class:"C2"`
	Narrative  string             `json:"narrative,omitempty" class:"C3"`
	Task       string             `json:"task_code,omitempty" class:"C2"`
	Activity   string             `json:"activity_code,omitempty" class:"C2"`
	Expense    string             `json:"expense_code,omitempty" class:"C2"`
	Held       bool               `json:"held" class:"C1"`
	Receipts   int                `json:"receipts,omitempty" class:"C2" doc:"how many papers are behind a cost"`
	Recorded   *Recorded          `json:"recorded,omitempty"`
	Edits      []Edit             `json:"edits,omitempty"`
	Findings   []Finding          `json:"findings,omitempty"`
}

// Recorded is the entry as it came in.
type Recorded struct {
	Quantity  string `json:"quantity,omitempty" class:"C2"`
	Rate      string `json:"rate,omitempty" class:"C2"`
	Amount    *Money `json:"amount,omitempty" class:"C2"`
	Narrative string `json:"narrative,omitempty" class:"C3"`
	Source    string `json:"rate_source,omitempty" class:"C2"`

	Converted *Conversion `json:"converted,omitempty" doc:"of the rate, or of a cost its unit cost, out of another currency"`
}

// Edit is one change of one line.
type Edit struct {
	ID     ident.EditID `json:"id" class:"C1"`
	Side   amend.Side   `json:"side" class:"C1" enum:"bureau,firm"`
	Before *Money       `json:"before,omitempty" class:"C2"`
	After  *Money       `json:"after,omitempty" class:"C2"`
	Text   string       `json:"narrative_before,omitempty" class:"C3"`
	Reason amend.Reason `json:"reason" class:"C1"`
	Note   string       `json:"note,omitempty" class:"C3"`
	By     string       `json:"by" class:"C1"`
	At     time.Time    `json:"at" class:"C1"`
	Undone *time.Time   `json:"undone_at,omitempty" class:"C1"`
}

func toPrebillPrice(p prebill.PriceState, c money.Currency) PrebillPrice {
	out := PrebillPrice{Code: p.Code, Amount: amount(p.Minor, c), Here: p.Here, Billed: p.Billed, Unit: unitsText(p.Unit), Quantity: unitsText(p.Quantity), Why: p.Why, PutBy: p.By, PutAt: utc(p.At)}
	if p.Gross > 0 {
		out.Gross = amount(p.Gross, c)
	}
	return out
}

// unitsText is a number of units, or the price of one; "" where there are none.
func unitsText(v money.Fixed4) string {
	if v == 0 {
		return ""
	}
	return v.String()
}

func toPrebillView(v prebill.View) PrebillView {
	c := v.Currency
	t := v.Totals
	out := PrebillView{Prebill: toPrebill(v.Prebill), MatterNumber: v.MatterNumber, MatterName: v.MatterName, ClientName: v.ClientName, PayorName: v.PayorName,
		Hash: v.Hash, Redacted: v.Redacted, OwnWork: v.OwnWork, StandsFor: v.StandsFor, Approver: v.Approver, ApproverFor: v.ApproverFor, Sections: []PrebillSection{},
		Totals: &PrebillTotals{Money{t.RecordedMinor, c}, Money{t.TeamMinor, c}, Money{t.FirmMinor, c}, Money{t.ArrangedMinor, c}, Money{t.InvoiceMinor, c}, Money{t.AtRiskMinor, c}, decimal(t.Hours)}}
	for _, x := range v.Parts {
		part := ArrangedPart{Arrangement: x.Version.ID, Lines: x.Lines, Worked: amount(x.WorkedMinor, c), Fees: amount(x.FeesMinor, c)}
		if x.HeldMinor > 0 {
			part.Held = amount(x.HeldMinor, c)
		}
		for _, p := range x.Prices {
			part.Prices = append(part.Prices, toPrebillPrice(p, c))
		}
		for _, w := range x.Warnings {
			part.Warnings = append(part.Warnings, w.Message)
		}
		out.Arranged = append(out.Arranged, part)
	}
	for _, x := range v.Charges {
		out.Charges = append(out.Charges, PrebillCharge{x.Arrangement, x.What, x.Code, unitsText(x.Quantity), amount(x.Minor, c)})
	}
	if v.Prompt.Minor > 0 {
		out.Prompt = &PrebillPrompt{v.Prompt.Days, amount(v.Prompt.Minor, c)}
	}
	for i := range v.Shares {
		out.Shares = append(out.Shares, toPrebillShare(&v.Shares[i], c))
	}
	out.SplitChanged, out.ClosingChanged, out.Closing = v.SplitChanged, v.ClosingChanged, toClosing(v.Closing, c)
	for _, x := range v.Cuts {
		out.Cuts = append(out.Cuts, Cut{x.ID, x.Side, amount(x.Minor, c), x.Reason, x.Rule, x.ByName, x.At.UTC(), utc(x.UndoneAt)})
	}
	for _, f := range v.Findings {
		out.Findings = append(out.Findings, toFinding(f))
	}
	for _, s := range v.Sections() {
		section := PrebillSection{Group: s.Group, Lines: make([]PrebillLine, len(s.Lines))}
		for i := range s.Lines {
			section.Lines[i] = toPrebillLine(&s.Lines[i], c)
		}
		out.Sections = append(out.Sections, section)
	}
	return out
}

func toPrebillLine(l *prebill.Line, c money.Currency) PrebillLine {
	out := PrebillLine{ID: l.ID, Entry: l.EntryID, SplitOf: l.SplitOf, MergedFrom: toMergedLines(l, c), Position: l.Position, Kind: l.Kind, On: day(l.On), Timekeeper: l.Timekeeper, Code: l.TKCode,
		Quantity: decimal(l.Quantity), Rate: decimal(l.Rate), Value: amount(l.Value, c), Amount: amount(l.Amount(), c), Narrative: l.Narrative,
		Task: l.Task, Activity: l.Activity, Expense: l.Expense, Held: l.Held, Receipts: l.Receipts}
	if l.WriteDown != 0 {
		out.WriteDown = amount(l.WriteDown, c)
	}
	if by := l.Amount() - l.Work.Amount(); by != 0 {
		out.Arranged = amount(by, c)
	}
	if l.Changed() {
		r := l.Recorded
		out.Recorded = &Recorded{decimal(r.Quantity), decimal(r.Rate), amount(r.Amount, c), r.Narrative, r.Source, toConversion(r.Converted)}
	}
	for _, e := range l.Edits {
		out.Edits = append(out.Edits, toEdit(e, c))
	}
	for _, f := range l.Findings {
		out.Findings = append(out.Findings, toFinding(f))
	}
	return out
}

func toEdit(e amend.Edit, c money.Currency) Edit {
	out := Edit{ID: e.ID, Side: e.Side, Before: amount(e.BeforeAt, c), After: amount(e.AfterAt, c), Reason: e.Reason, Note: e.Note, By: e.ByName, At: e.At.UTC(), Undone: utc(e.UndoneAt)}
	if e.Before.Narrative != e.After.Narrative {
		out.Text = e.Before.Narrative
	}
	return out
}

// lineOf names a line of a pre-bill for a change.
type lineOf struct {
	Changing
	Line string `path:"line"`
}

func (in lineOf) read() (id ident.PrebillID, line ident.PrebillLine, version int, err error) {
	if id, version, err = changing[ident.PrebillID](in.Changing); err != nil {
		return id, line, version, err
	}
	line, err = idOf[ident.PrebillLine](in.Line)
	return id, line, version, err
}

// LineChange is what is wanted different on one line; what is missing stays.
type LineChange struct {
	Narrative *string      `json:"narrative,omitempty" maxLength:"20000"`
	Task      *string      `json:"task_code,omitempty" maxLength:"20"`
	Activity  *string      `json:"activity_code,omitempty" maxLength:"20"`
	Expense   *string      `json:"expense_code,omitempty" maxLength:"20"`
	Quantity  *string      `json:"quantity,omitempty" doc:"hours of time"`
	Rate      *string      `json:"rate,omitempty" doc:"unit price of a cost"`
	Amount    *int64       `json:"amount_minor,omitempty" doc:"what to bill: a write-down; 0 is no charge"`
	Held      *bool        `json:"held,omitempty"`
	Reason    amend.Reason `json:"reason"`
	Note      string       `json:"note,omitempty" maxLength:"1000"`
}

func (b LineChange) to() (c amend.Change, err error) {
	c = amend.Change{Narrative: b.Narrative, Task: b.Task, Activity: b.Activity, Expense: b.Expense, Amount: b.Amount, Held: b.Held, Reason: b.Reason, Note: b.Note}
	for _, f := range []struct {
		name string
		text *string
		into **money.Fixed4
	}{{"quantity", b.Quantity, &c.Quantity}, {"rate", b.Rate, &c.Rate}} {
		if f.text == nil {
			continue
		}
		v, err := parseFixed(f.name, *f.text)
		if err != nil {
			return c, err
		}
		*f.into = &v
	}
	return c, nil
}

func mountPrebillLines(s *httpd.Server, v prebills) {
	const line = "/firms/{firm}/prebills/{id}/lines/{line}"
	httpd.API(s, httpd.Op{Method: "PATCH", Path: line, Needs: rbac.PrebillEdit, Summary: "Change one line: text, codes, hours, write-down, hold; the entry stays as recorded"},
		func(ctx context.Context, in *struct {
			Changing
			Line string `path:"line"`
			Body LineChange
		}) (*One[Prebill], error) {
			id, l, version, err := lineOf{in.Changing, in.Line}.read()
			if err != nil {
				return nil, err
			}
			c, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			p, err := v.Edit(ctx, id, version, l, c)
			return versioned(toPrebill(p), p.Version, err)
		})
	mountSplit(s, v, line)
	mountMerge(s, v)
	httpd.API(s, httpd.Op{Method: "POST", Path: line + "/undo", Needs: rbac.PrebillEdit, Summary: "Take back the newest change of a line; of a part its split, of a merge the merge"},
		func(ctx context.Context, in *lineOf) (*One[Prebill], error) {
			id, l, version, err := in.read()
			if err != nil {
				return nil, err
			}
			p, err := v.Undo(ctx, id, version, l)
			return versioned(toPrebill(p), p.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/prebills/{id}/cuts/{cut}/undo", Needs: rbac.PrebillEdit, Summary: "Take back what was taken off the fees as a whole"},
		func(ctx context.Context, in *struct {
			Changing
			Cut string `path:"cut"`
		}) (*One[Prebill], error) {
			id, version, err := changing[ident.PrebillID](in.Changing)
			if err != nil {
				return nil, err
			}
			cut, err := idOf[ident.CutID](in.Cut)
			if err != nil {
				return nil, err
			}
			p, err := v.UndoCut(ctx, id, version, cut)
			return versioned(toPrebill(p), p.Version, err)
		})
	for _, act := range []struct {
		name, summary string
		do            func(ctx context.Context, id ident.PrebillID, version int, of ident.ArrangementID, code string) (prebill.Prebill, error)
	}{{"put", "Put what the arrangement has for it on the bill: a fixed price, units of a price list, the fee of a period, a settlement", v.PutPrice}, {"take", "Take it off again", v.TakePrice}} {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/prebills/{id}/prices/" + act.name, Needs: rbac.PrebillEdit, Summary: act.summary},
			func(ctx context.Context, in *struct {
				Changing
				Body struct {
					Arrangement string `json:"arrangement_id"`
					Code        string `json:"code,omitempty" maxLength:"20" doc:"a phase, a task, a period such as 2026-03, 2026-Q1 or 2026, COLLAR, SUCCESS or a recovery such as RECOVERY-1; missing for the whole matter"`
					Quantity    string `json:"quantity,omitempty" maxLength:"20" doc:"of units of a price list: how many are put on the bill, such as 2 or 1.5"`
				}
			}) (*One[Prebill], error) {
				id, version, err := changing[ident.PrebillID](in.Changing)
				if err != nil {
					return nil, err
				}
				of, err := idOf[ident.ArrangementID](in.Body.Arrangement)
				if err != nil {
					return nil, err
				}
				do := act.do
				if in.Body.Quantity != "" {
					quantity, err := money.ParseFixed4(in.Body.Quantity)
					if err != nil || act.name != "put" {
						return nil, prebill.ErrInvalid.On(fault.Field{Path: "quantity", Code: "number_form", Message: "enter how many units are put on the bill, such as 2 or 1.5; all are taken off at once, without a number"})
					}
					do = func(ctx context.Context, id ident.PrebillID, version int, of ident.ArrangementID, code string) (prebill.Prebill, error) {
						return v.PutUnits(ctx, id, version, of, code, quantity)
					}
				}
				p, err := do(ctx, id, version, of, in.Body.Code)
				return versioned(toPrebill(p), p.Version, err)
			})
	}
	const finding = "/firms/{firm}/prebills/{id}/findings/{finding}"
	httpd.API(s, httpd.Op{Method: "POST", Path: finding + "/apply", Needs: rbac.PrebillEdit, Summary: "Apply a finding's fix, to its line or to the fees as a whole"},
		func(ctx context.Context, in *struct {
			Changing
			Finding string `path:"finding"`
		}) (*One[Prebill], error) {
			id, version, err := changing[ident.PrebillID](in.Changing)
			if err != nil {
				return nil, err
			}
			f, err := idOf[ident.FindingID](in.Finding)
			if err != nil {
				return nil, err
			}
			p, err := v.ApplyFix(ctx, id, version, f)
			return versioned(toPrebill(p), p.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: finding + "/waive", Needs: rbac.FindingWaive, Summary: "Settle a finding with the reason why the line stays", Status: 204},
		func(ctx context.Context, in *struct {
			ByID
			Finding string `path:"finding"`
			Body    struct {
				Note string `json:"note" maxLength:"500"`
			}
		}) (*Empty, error) {
			id, err := idOf[ident.PrebillID](in.ID)
			if err != nil {
				return nil, err
			}
			f, err := idOf[ident.FindingID](in.Finding)
			if err != nil {
				return nil, err
			}
			return done(v.Waive(ctx, id, f, in.Body.Note))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: finding + "/override", Needs: rbac.FindingOverride, Summary: "Let a blocking finding on a line or the bill pass", Status: 204},
		func(ctx context.Context, in *struct {
			ByID
			Finding string `path:"finding"`
			Body    overrideBody
		}) (*Empty, error) {
			id, err := idOf[ident.PrebillID](in.ID)
			if err != nil {
				return nil, err
			}
			f, err := idOf[ident.FindingID](in.Finding)
			if err != nil {
				return nil, err
			}
			o, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			return done(v.Override(ctx, id, f, o))
		})
}
