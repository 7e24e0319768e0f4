package api

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

type trail interface {
	List(ctx context.Context, f audit.Filter, r page.Request) (page.Page[audit.Shown], error)
	Status(ctx context.Context) (audit.Status, error)
	Verify(ctx context.Context) (audit.Report, error)
	Bundle(ctx context.Context, w io.Writer) error
	CheckNow(ctx context.Context) (audit.Checked, error)
	Checked(ctx context.Context) (audit.Checked, error)
}

// AuditEntry is one leaf of the firm's tree.
type AuditEntry struct {
	ID         ident.LeafID `json:"id" class:"C1"`
	Seq        *int64       `json:"seq,omitempty" class:"C1" doc:"missing while it waits for its place"`
	At         time.Time    `json:"at" class:"C1"`
	Actor      string       `json:"actor" class:"C1"`
	Who        string       `json:"who" class:"C1"`
	OnBehalfOf string       `json:"on_behalf_of,omitempty" class:"C1"`
	Action     string       `json:"action" class:"C1"`
	Object     string       `json:"object" class:"C1"`
	ObjectID   string       `json:"object_id,omitempty" class:"C1"`
	Matter     string       `json:"matter_number,omitempty" class:"C2"`
	Class      int          `json:"class" class:"C1"`
	Permission string       `json:"permission,omitempty" class:"C1"`
	Before     string       `json:"before_hash,omitempty" class:"C2"`
	After      string       `json:"after_hash,omitempty" class:"C2"`
	Detail     string       `json:"detail" class:"C1"`
	Request    string       `json:"request_id,omitempty" class:"C1"`
	Result     string       `json:"result" class:"C1" enum:"done,denied,failed"`
	Hash       string       `json:"leaf_hash,omitempty" class:"C1"`
	Sealed     bool         `json:"sealed" class:"C1" doc:"a signed checkpoint covers it"`
}

func toAuditEntry(e audit.Shown) AuditEntry {
	return AuditEntry{e.ID, e.Seq, e.At.UTC(), e.Actor, e.Who, e.OnBehalfOf, e.Action, e.Object, e.ObjectID, e.Matter, e.Class, e.Permission,
		e.Before, e.After, e.Detail, e.Request, e.Result, e.Hash, e.Sealed}
}

// AuditStatus is where the firm's tree stands.
type AuditStatus struct {
	Entries     int64      `json:"entries" class:"C1"`
	Waiting     int64      `json:"waiting" class:"C1"`
	Sealed      int64      `json:"sealed" class:"C1"`
	SealedAt    *time.Time `json:"sealed_at,omitempty" class:"C1"`
	Checkpoints int64      `json:"checkpoints" class:"C1"`
	Root        string     `json:"root,omitempty" class:"C1"`
	PublicKey   string     `json:"public_key" class:"C1" doc:"for docketry audit verify --key"`
}

// AuditCheck is what recomputing the firm's tree found.
type AuditCheck struct {
	At          *time.Time `json:"at,omitempty" class:"C1" doc:"left out where it was never checked"`
	OK          bool       `json:"ok" class:"C1"`
	Leaves      int64      `json:"leaves" class:"C1"`
	Checkpoints int64      `json:"checkpoints" class:"C1"`
	Invoices    int64      `json:"invoices" class:"C1"`
	Failed      []string   `json:"failed" class:"C1" doc:"of signatures, leaves, consistency, gaps"`
	Problems    []string   `json:"problems,omitempty" class:"C2" doc:"each in a sentence"`
}

func toAuditCheck(c audit.Checked) AuditCheck {
	out := AuditCheck{OK: c.OK, Leaves: c.Leaves, Checkpoints: c.Checkpoints, Invoices: c.Invoices, Failed: append([]string{}, c.Failed...), Problems: c.Problems}
	if !c.At.IsZero() {
		out.At = utc(&c.At)
	}
	return out
}

// Audit mounts the audit trail.
func Audit(s *httpd.Server, v trail) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/audit", Needs: rbac.AuditRead, Summary: "Who did and saw what, the newest first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Actor    string    `query:"actor" maxLength:"80"`
			Action   string    `query:"action" maxLength:"80" doc:"a whole action, or an object with a dot"`
			Object   string    `query:"object" maxLength:"40"`
			ObjectID string    `query:"object_id" maxLength:"80"`
			Result   string    `query:"result" enum:"done,denied,failed"`
			From     time.Time `query:"from"`
			To       time.Time `query:"to"`
		}) (*Many[AuditEntry], error) {
			p, err := v.List(ctx, audit.Filter{Actor: in.Actor, Action: in.Action, Object: in.Object, ObjectID: in.ObjectID, Result: in.Result, From: in.From, To: in.To}, in.request())
			return paged(p, err, toAuditEntry)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/audit/status", Needs: rbac.AuditRead, Summary: "Where the firm's tree stands"},
		func(ctx context.Context, _ *InFirm) (*One[AuditStatus], error) {
			st, err := v.Status(ctx)
			out := AuditStatus{st.Entries, st.Waiting, st.Sealed, nil, st.Checkpoints, st.Root, st.PublicKey}
			if !st.SealedAt.IsZero() {
				at := st.SealedAt.UTC()
				out.SealedAt = &at
			}
			return one(out, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/audit/check", Needs: rbac.AuditRead, Summary: "What the last check of the tree found"},
		func(ctx context.Context, _ *InFirm) (*One[AuditCheck], error) {
			c, err := v.Checked(ctx)
			return one(toAuditCheck(c), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/audit/check", Needs: rbac.AuditExport, Summary: "Recompute the tree now, and keep what was found"},
		func(ctx context.Context, _ *InFirm) (*One[AuditCheck], error) {
			c, err := v.CheckNow(ctx)
			return one(toAuditCheck(c), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/audit/bundle", Needs: rbac.AuditExport, Summary: "Everything needed to prove the trail offline"},
		func(ctx context.Context, _ *InFirm) (*Download, error) {
			var b bytes.Buffer
			if err := v.Bundle(ctx, &b); err != nil {
				return nil, err
			}
			return &Download{"application/zip", httpd.Attachment("audit-bundle.zip"), b.Bytes()}, nil
		})
}

type jobs interface {
	List(ctx context.Context, s outbox.State, r page.Request) (page.Page[outbox.Listed], error)
	Counts(ctx context.Context) (map[outbox.State]int, error)
	Retry(ctx context.Context, id ident.JobID) error
}

// Job is background work of the firm.
type Job struct {
	ID      ident.JobID  `json:"id" class:"C1"`
	Kind    string       `json:"kind" class:"C1"`
	Queue   string       `json:"queue" class:"C1"`
	State   outbox.State `json:"state" class:"C1" enum:"pending,running,done,parked"`
	Tries   int          `json:"tries" class:"C1"`
	Code    string       `json:"code,omitempty" class:"C1"`
	Reason  string       `json:"reason,omitempty" class:"C2" doc:"why it is parked, in a sentence"`
	RunAt   time.Time    `json:"run_at" class:"C1"`
	Created time.Time    `json:"created_at" class:"C1"`
	Done    *time.Time   `json:"done_at,omitempty" class:"C1"`
}

// Jobs mounts the board of background work.
func Jobs(s *httpd.Server, v jobs) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/jobs", Needs: rbac.JobRead, Summary: "Background work of the firm, the newest first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			State outbox.State `query:"state" enum:"pending,running,done,parked"`
		}) (*Many[Job], error) {
			p, err := v.List(ctx, in.State, in.request())
			return paged(p, err, func(j outbox.Listed) Job {
				return Job{j.ID, j.Kind, j.Queue, j.State, j.Tries, j.Code, j.Reason, j.RunAt.UTC(), j.CreatedAt.UTC(), utc(j.DoneAt)}
			})
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/jobs/{id}/retry", Needs: rbac.JobRetry, Summary: "Give a parked job ten more tries", Status: 204},
		func(ctx context.Context, in *ByID) (*Empty, error) {
			id, err := idOf[ident.JobID](in.ID)
			if err != nil {
				return nil, err
			}
			return done(v.Retry(ctx, id))
		})
}
