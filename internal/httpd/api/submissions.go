package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/internal/submission"
	"github.com/docketry/docketry/rbac"
)

type submissions interface {
	List(ctx context.Context, f submission.Filter, r page.Request) (page.Page[submission.Submission], error)
	OfInvoice(ctx context.Context, id ident.InvoiceID) ([]submission.View, error)
	Get(ctx context.Context, id ident.SubmissionID) (submission.View, error)
	File(ctx context.Context, id ident.SubmissionID) (invoice.Content, error)
	Submit(ctx context.Context, id ident.InvoiceID, n submission.Sending) (submission.View, error)
	Answer(ctx context.Context, id ident.SubmissionID, version int, a submission.Answer) (submission.View, error)
	Accept(ctx context.Context, id ident.SubmissionID, version int, cuts []ident.ReductionID) (submission.View, error)
	Appeal(ctx context.Context, id ident.SubmissionID, version int, n submission.NewAppeal) (submission.View, error)
	AddPaper(ctx context.Context, id ident.SubmissionID, appeal ident.AppealID, u receipt.Upload) (submission.Paper, error)
	RemovePaper(ctx context.Context, id ident.SubmissionID, appeal ident.AppealID, paper ident.AppealPaperID, reason string) error
	Paper(ctx context.Context, id ident.SubmissionID, appeal ident.AppealID, paper ident.AppealPaperID) (submission.PaperContent, error)
	SendAgain(ctx context.Context, id ident.SubmissionID, version int, why string) (submission.View, error)
	TakenByHand(ctx context.Context, id ident.SubmissionID, version int, why string) (submission.View, error)
	Decide(ctx context.Context, id ident.SubmissionID, version int, appeal ident.AppealID, o submission.Outcome) (submission.View, error)
}

// Submission is one version of an invoice's e-bill at its receiver.
type Submission struct {
	ID          ident.SubmissionID   `json:"id" class:"C1"`
	Invoice     ident.InvoiceID      `json:"invoice_id" class:"C1"`
	Number      string               `json:"number,omitempty" class:"C2" doc:"the invoice's, as the file has it"`
	Portal      ident.PortalID       `json:"portal_id" class:"C1"`
	N           int                  `json:"n" class:"C1" doc:"version of the e-bill, from 1"`
	Type        submission.Type      `json:"type" class:"C1" enum:"invoice,resubmit"`
	Follows     ident.SubmissionID   `json:"follows,omitempty" class:"C1" doc:"the version that failed"`
	Reason      string               `json:"reason,omitempty" class:"C3"`
	Status      submission.Status    `json:"status" class:"C1"`
	Format      invoice.Format       `json:"format" class:"C1"`
	FileName    string               `json:"file_name,omitempty" class:"C2"`
	SHA256      string               `json:"sha256" class:"C1"`
	Remarks     int                  `json:"remarks" class:"C1" doc:"of the check before sending, that somebody let pass"`
	Total       *Money               `json:"total,omitempty" class:"C2"`
	Reduced     *Money               `json:"reduced,omitempty" class:"C2"`
	Regained    *Money               `json:"regained,omitempty" class:"C2" doc:"by appeals"`
	Approved    *Money               `json:"approved,omitempty" class:"C2" doc:"total less reduced, plus regained; the receivable is not changed by it"`
	AnswerBy    invoice.Day          `json:"answer_by,omitempty" class:"C1" doc:"after it no answer counts as a rejection"`
	OverdueAt   *time.Time           `json:"overdue_at,omitempty" class:"C1" doc:"when it was found that no answer came in time"`
	Receipt     string               `json:"receipt,omitempty" class:"C2"`
	ErrorType   submission.ErrorType `json:"error_type,omitempty" class:"C1"`
	Code        string               `json:"code,omitempty" class:"C1"`
	Text        string               `json:"text,omitempty" class:"C3"`
	AnsweredOn  invoice.Day          `json:"answered_on,omitempty" class:"C1"`
	AppealUntil invoice.Day          `json:"appeal_until,omitempty" class:"C1"`
	SubmittedAt time.Time            `json:"submitted_at" class:"C1"`
	Carried     submission.State     `json:"carried,omitempty" class:"C1" enum:"queued,sending,sent,failed,uncertain,by_hand" doc:"how its last hand-over stands; left out where a person takes the file"`
	Version     int                  `json:"version" class:"C1"`
}

func toSubmission(s submission.Submission) Submission {
	c := s.Currency
	return Submission{s.ID, s.Invoice, s.Number, s.Portal, s.N, s.Type, s.Follows, s.Reason, s.Status, s.Format, s.FileName, s.SHA256, s.Remarks,
		amount(s.TotalMinor, c), amount(s.ReducedMinor, c), amount(s.RegainedMinor, c), amount(s.ApprovedMinor(), c), s.AnswerBy, utc(s.OverdueAt), s.Receipt, s.ErrorType, s.Code, s.AnswerText,
		s.AnsweredOn, s.AppealUntil, s.SubmittedAt.UTC(), s.Carried, s.Version}
}

// SubmissionView is a submission with its hand-overs, changes, cuts and appeals.
type SubmissionView struct {
	Submission
	Handovers  []Handover         `json:"handovers" class:"C1" doc:"the newest first"`
	Changes    []SubmissionChange `json:"changes" class:"C1"`
	Reductions []Reduction        `json:"reductions" class:"C1"`
	Appeals    []Appeal           `json:"appeals" class:"C1"`
}

// Handover is one try to bring the file to its receiver.
type Handover struct {
	N          int              `json:"n" class:"C1"`
	State      submission.State `json:"state" class:"C1" enum:"queued,sending,sent,failed,uncertain,by_hand" doc:"uncertain may have arrived: it goes again only after a person has looked"`
	Cause      carry.Cause      `json:"cause,omitempty" class:"C1" doc:"of what went wrong last"`
	Why        string           `json:"reason,omitempty" class:"C3" doc:"of a person, for the second on"`
	Attempt    int              `json:"attempts" class:"C1"`
	RemoteName string           `json:"remote_name,omitempty" class:"C2" doc:"at the receiver"`
	SHA256     string           `json:"sha256,omitempty" class:"C1"`
	SizeBytes  int64            `json:"size_bytes,omitempty" class:"C1"`
	AskedBy    string           `json:"asked_by,omitempty" class:"C1"`
	QueuedAt   time.Time        `json:"queued_at" class:"C1"`
	NextAt     *time.Time       `json:"next_at,omitempty" class:"C1"`
	EndedAt    *time.Time       `json:"ended_at,omitempty" class:"C1"`
}

// SubmissionChange is a text of a line that this version says otherwise.
type SubmissionChange struct {
	Line   int    `json:"line" class:"C1"`
	Field  string `json:"field" class:"C1"`
	Before string `json:"before,omitempty" class:"C3"`
	After  string `json:"after,omitempty" class:"C3"`
}

// Reduction is what the receiver cut.
type Reduction struct {
	ID       ident.ReductionID    `json:"id" class:"C1"`
	Line     int                  `json:"line" class:"C1" doc:"of the invoice; 0 is the whole"`
	Code     string               `json:"code" class:"C1"`
	Text     string               `json:"text,omitempty" class:"C3"`
	Amount   *Money               `json:"amount,omitempty" class:"C2"`
	Status   submission.CutStatus `json:"status" class:"C1" enum:"open,accepted,appealed,granted,part,denied"`
	Regained *Money               `json:"regained,omitempty" class:"C2"`
	Appeal   ident.AppealID       `json:"appeal_id,omitempty" class:"C1"`
}

// Appeal is what was said against cuts, and the receiver's word on it.
type Appeal struct {
	ID       ident.AppealID `json:"id" class:"C1"`
	Reason   string         `json:"reason,omitempty" class:"C3"`
	Evidence string         `json:"evidence,omitempty" class:"C3"`
	DueOn    invoice.Day    `json:"due_on" class:"C1" format:"date"`
	FiledOn  invoice.Day    `json:"filed_on" class:"C1" format:"date"`
	Amount   *Money         `json:"amount,omitempty" class:"C2"`
	Status   string         `json:"status" class:"C1" enum:"filed,granted,part,denied"`
	Regained *Money         `json:"regained,omitempty" class:"C2"`
	Outcome  string         `json:"outcome,omitempty" class:"C3"`
	Papers   []AppealPaper  `json:"papers" class:"C1" doc:"none for who reads no text"`
}

func toSubmissionView(v submission.View) SubmissionView {
	out := SubmissionView{Submission: toSubmission(v.Submission), Handovers: make([]Handover, len(v.Handovers)), Changes: make([]SubmissionChange, len(v.Changes)), Reductions: make([]Reduction, len(v.Reductions)), Appeals: make([]Appeal, len(v.Appeals))}
	for i, h := range v.Handovers {
		out.Handovers[i] = Handover{h.N, h.State, h.Cause, h.Why, h.Attempt, h.RemoteName, h.SHA256, h.SizeBytes, h.AskedBy, h.QueuedAt.UTC(), utc(h.NextAt), utc(h.EndedAt)}
	}
	for i, c := range v.Changes {
		out.Changes[i] = SubmissionChange(c)
	}
	for i, r := range v.Reductions {
		out.Reductions[i] = Reduction{r.ID, r.Line, r.Code, r.Text, amount(r.AmountMinor, v.Currency), r.Status, amount(r.RegainedMinor, v.Currency), r.Appeal}
	}
	for i, a := range v.Appeals {
		out.Appeals[i] = Appeal{a.ID, a.Reason, a.Evidence, a.DueOn, a.FiledOn, amount(a.AmountMinor, v.Currency), a.Status, amount(a.RegainedMinor, v.Currency), a.Outcome, make([]AppealPaper, len(a.Papers))}
		for n, p := range a.Papers {
			out.Appeals[i].Papers[n] = toPaper(p)
		}
	}
	return out
}

func seenSubmission(v submission.View, err error) (*One[SubmissionView], error) {
	return versioned(toSubmissionView(v), v.Version, err)
}

// Submissions mounts e-bills at their receivers.
func Submissions(s *httpd.Server, v submissions) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/submissions", Needs: rbac.SubmissionRead, Summary: "E-bills at their receivers, the newest first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Status submission.Status `query:"status"`
			Portal string            `query:"portal_id"`
			Todo   bool              `query:"todo" doc:"not surely there, not answered in time, refused and not sent again, or with cuts that nobody decided"`
		}) (*Many[Submission], error) {
			portal, err := optionalID[ident.PortalID](in.Portal)
			if err != nil {
				return nil, err
			}
			p, err := v.List(ctx, submission.Filter{Status: in.Status, Portal: portal, Todo: in.Todo}, in.request())
			return paged(p, err, toSubmission)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/invoices/{id}/submissions", Needs: rbac.SubmissionRead, Summary: "What was sent of an invoice, the newest first"},
		func(ctx context.Context, in *ByID) (*Many[SubmissionView], error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			list, err := v.OfInvoice(ctx, id)
			return many(list, err, toSubmissionView)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/invoices/{id}/submissions", Needs: rbac.SubmissionSend, Summary: "Send an invoice to its receiver; again only after that refused it", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Reason  string `json:"reason,omitempty" maxLength:"500" doc:"why it goes again"`
				Anyway  bool   `json:"anyway,omitempty" doc:"what the check before sending remarked is known"`
				Changes []struct {
					Line  int    `json:"line" minimum:"1"`
					Field string `json:"field" enum:"narrative,task_code,activity_code,expense_code"`
					After string `json:"after"`
				} `json:"changes,omitempty" maxItems:"500"`
			}
		}) (*One[SubmissionView], error) {
			id, err := idOf[ident.InvoiceID](in.ID)
			if err != nil {
				return nil, err
			}
			n := submission.Sending{Reason: in.Body.Reason, Anyway: in.Body.Anyway}
			for _, c := range in.Body.Changes {
				n.Changes = append(n.Changes, submission.Change{Line: c.Line, Field: c.Field, After: c.After})
			}
			return seenSubmission(v.Submit(ctx, id, n))
		})
	mountSubmission(s, v)
	mountHandovers(s, v)
	mountPapers(s, v)
	mountCuts(s, v)
}

// mountHandovers adds what a person decides about a file that did not surely arrive.
func mountHandovers(s *httpd.Server, v submissions) {
	decide := func(path, summary string, do func(ctx context.Context, id ident.SubmissionID, version int, why string) (submission.View, error)) {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/submissions/{id}/" + path, Needs: rbac.SubmissionSend, Summary: summary},
			func(ctx context.Context, in *struct {
				Changing
				Body struct {
					Reason string `json:"reason" maxLength:"500" doc:"what you found when you looked"`
				}
			}) (*One[SubmissionView], error) {
				id, version, err := changing[ident.SubmissionID](in.Changing)
				if err != nil {
					return nil, err
				}
				return seenSubmission(do(ctx, id, version, in.Body.Reason))
			})
	}
	decide("send-again", "Carry a file once more that did not surely arrive", v.SendAgain)
	decide("by-hand", "Say that a file which did not surely arrive is at the receiver", v.TakenByHand)
}

func mountSubmission(s *httpd.Server, v submissions) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/submissions/{id}", Needs: rbac.SubmissionRead, Summary: "One version of an invoice's e-bill at its receiver"},
		func(ctx context.Context, in *ByID) (*One[SubmissionView], error) {
			id, err := idOf[ident.SubmissionID](in.ID)
			if err != nil {
				return nil, err
			}
			return seenSubmission(v.Get(ctx, id))
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/submissions/{id}/file", Needs: rbac.SubmissionRead, Summary: "The file that goes to the receiver"},
		func(ctx context.Context, in *ByID) (*Download, error) {
			id, err := idOf[ident.SubmissionID](in.ID)
			if err != nil {
				return nil, err
			}
			return download(v.File(ctx, id))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/submissions/{id}/answer", Needs: rbac.SubmissionSend, Summary: "Keep what the receiver said"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Status     submission.Status    `json:"status" enum:"received,pending_client,pending_tax_authority,pending_vendor,delivered_to_client,file_error,rejected,reduced,approved,sent_to_ap,paid"`
				Receipt    string               `json:"receipt,omitempty" maxLength:"120"`
				ErrorType  submission.ErrorType `json:"error_type,omitempty" enum:"file_structure,missing_field,bad_file_data,invoice_level_error,line_item_error,audit_error,afa_error"`
				Code       string               `json:"code,omitempty" maxLength:"20" doc:"of the published rejection reasons"`
				Text       string               `json:"text,omitempty" maxLength:"2000"`
				On         string               `json:"answered_on,omitempty" doc:"left out: today"`
				Reductions []struct {
					Line   int    `json:"line" minimum:"0" doc:"0 is the whole invoice"`
					Code   string `json:"code" maxLength:"20"`
					Text   string `json:"text,omitempty" maxLength:"500"`
					Amount int64  `json:"amount_minor" minimum:"1"`
				} `json:"reductions,omitempty" maxItems:"1000"`
			}
		}) (*One[SubmissionView], error) {
			id, version, err := changing[ident.SubmissionID](in.Changing)
			if err != nil {
				return nil, err
			}
			b := in.Body
			a := submission.Answer{Status: b.Status, Receipt: b.Receipt, ErrorType: b.ErrorType, Code: b.Code, Text: b.Text}
			if a.On, err = invoiceDay("answered_on", b.On); err != nil {
				return nil, err
			}
			for _, r := range b.Reductions {
				a.Reductions = append(a.Reductions, submission.Cut{Line: r.Line, Code: r.Code, Text: r.Text, Minor: r.Amount})
			}
			return seenSubmission(v.Answer(ctx, id, version, a))
		})
}

func cutIDs(texts []string) (out []ident.ReductionID, err error) {
	for _, t := range texts {
		id, err := idOf[ident.ReductionID](t)
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

func mountCuts(s *httpd.Server, v submissions) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/submissions/{id}/accept", Needs: rbac.SubmissionSend, Summary: "Take cuts as they are; the receivable is not changed by it"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Reductions []string `json:"reduction_ids" maxItems:"1000"`
			}
		}) (*One[SubmissionView], error) {
			id, version, err := changing[ident.SubmissionID](in.Changing)
			if err != nil {
				return nil, err
			}
			cuts, err := cutIDs(in.Body.Reductions)
			if err != nil {
				return nil, err
			}
			return seenSubmission(v.Accept(ctx, id, version, cuts))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/submissions/{id}/appeals", Needs: rbac.SubmissionSend, Summary: "Appeal against cuts", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Reductions []string `json:"reduction_ids" maxItems:"1000"`
				Reason     string   `json:"reason" maxLength:"2000"`
				Evidence   string   `json:"evidence,omitempty" maxLength:"8000"`
			}
		}) (*One[SubmissionView], error) {
			id, version, err := changing[ident.SubmissionID](in.Changing)
			if err != nil {
				return nil, err
			}
			cuts, err := cutIDs(in.Body.Reductions)
			if err != nil {
				return nil, err
			}
			return seenSubmission(v.Appeal(ctx, id, version, submission.NewAppeal{Reductions: cuts, Reason: in.Body.Reason, Evidence: in.Body.Evidence}))
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/submissions/{id}/appeals/{appeal}/outcome", Needs: rbac.SubmissionSend, Summary: "Keep the receiver's word on an appeal: what of each cut comes back"},
		func(ctx context.Context, in *struct {
			Changing
			Appeal string `path:"appeal"`
			Body   struct {
				Text     string `json:"text,omitempty" maxLength:"2000"`
				Regained []struct {
					Reduction string `json:"reduction_id"`
					Amount    int64  `json:"amount_minor" minimum:"0"`
				} `json:"regained,omitempty" maxItems:"1000" doc:"a cut that is not named stays"`
			}
		}) (*One[SubmissionView], error) {
			id, version, err := changing[ident.SubmissionID](in.Changing)
			if err != nil {
				return nil, err
			}
			appeal, err := idOf[ident.AppealID](in.Appeal)
			if err != nil {
				return nil, err
			}
			o := submission.Outcome{Text: in.Body.Text, Regained: map[ident.ReductionID]int64{}}
			for _, r := range in.Body.Regained {
				cut, err := idOf[ident.ReductionID](r.Reduction)
				if err != nil {
					return nil, err
				}
				o.Regained[cut] += r.Amount
			}
			return seenSubmission(v.Decide(ctx, id, version, appeal, o))
		})
}
