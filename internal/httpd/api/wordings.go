package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/wording"
	"github.com/docketry/docketry/rbac"
)

// wordings is what a firm's letters to payors say.
type wordings interface {
	List(ctx context.Context) ([]wording.Wording, error)
	Get(ctx context.Context, k wording.Kind) (wording.Wording, []wording.Wording, error)
	Publish(ctx context.Context, k wording.Kind, t wording.Text, version int) (wording.Wording, error)
	Reset(ctx context.Context, k wording.Kind, version int) (wording.Wording, error)
	Try(ctx context.Context, k wording.Kind, t wording.Text) ([]wording.Sample, error)
}

// WordingText is the words of a letter, with fields in place of what differs.
type WordingText struct {
	Subject string `json:"subject" class:"C1" maxLength:"200"`
	Body    string `json:"body" class:"C1" maxLength:"8000" doc:"a blank line begins a paragraph; figures and link follow it"`
	Closing string `json:"closing" class:"C1" maxLength:"1000"`
}

// Wording is the words of one kind of letter.
type Wording struct {
	Kind        wording.Kind `json:"kind" class:"C1" enum:"invoice,credit_note,reminder_first"`
	Standard    bool         `json:"standard" class:"C1" doc:"true: the words that come with Docketry"`
	Text        WordingText  `json:"text" class:"C1"`
	Version     int          `json:"version" class:"C1" doc:"0 as long as the firm published none"`
	PublishedBy string       `json:"published_by,omitempty" class:"C1"`
	PublishedAt *time.Time   `json:"published_at,omitempty" class:"C1"`
}

// WordingField is a name that a text may use.
type WordingField struct {
	Name    string `json:"name" class:"C1"`
	Means   string `json:"means" class:"C1"`
	Section bool   `json:"section,omitempty" class:"C1" doc:"stands around words: {{#name}}…{{/name}}"`
	Within  string `json:"within,omitempty" class:"C1" doc:"only inside this section"`
}

// WordingView is the words of one kind with what they may use and what they were before.
type WordingView struct {
	Wording
	Fields []WordingField `json:"fields" class:"C1"`
	Before []Wording      `json:"before" class:"C1" doc:"the newest first, at most 50"`
}

// WordingSample is how a letter would read, with figures made up.
type WordingSample struct {
	Case    string `json:"case" class:"C1"`
	Subject string `json:"subject" class:"C1"`
	Text    string `json:"text" class:"C1"`
}

func toWording(w wording.Wording) Wording {
	return Wording{w.Kind, w.Standard, WordingText(w.Text), w.Version, w.By, utc(w.At)}
}

// Wordings mounts what the firm's letters to payors say.
func Wordings(s *httpd.Server, v wordings) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/letters", Needs: rbac.WordingRead, Summary: "What the firm's letters to payors say"},
		func(ctx context.Context, _ *struct{ InFirm }) (*Many[Wording], error) {
			list, err := v.List(ctx)
			return many(list, err, toWording)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/letters/{id}", Needs: rbac.WordingRead, Summary: "The words of one kind of letter, its fields, and what it said before"},
		func(ctx context.Context, in *ByID) (*One[WordingView], error) {
			w, before, err := v.Get(ctx, wording.Kind(in.ID))
			out := WordingView{Wording: toWording(w), Fields: []WordingField{}, Before: make([]Wording, len(before))}
			for _, f := range w.Kind.Fields() {
				out.Fields = append(out.Fields, WordingField(f))
			}
			for i, b := range before {
				out.Before[i] = toWording(b)
			}
			return versioned(out, w.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/letters/{id}", Needs: rbac.WordingPublish, Summary: "Publish words for letters from now on"},
		func(ctx context.Context, in *struct {
			Changing
			Body WordingText
		}) (*One[Wording], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			w, err := v.Publish(ctx, wording.Kind(in.ID), wording.Text(in.Body), version)
			return versioned(toWording(w), w.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/letters/{id}/reset", Needs: rbac.WordingPublish, Summary: "Go back to the words that come with Docketry", Status: 200},
		func(ctx context.Context, in *Changing) (*One[Wording], error) {
			version, err := in.Version()
			if err != nil {
				return nil, err
			}
			w, err := v.Reset(ctx, wording.Kind(in.ID), version)
			return versioned(toWording(w), w.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/letters/{id}/try", Needs: rbac.WordingPublish, Summary: "Show how letters would read, and keep nothing", Status: 200},
		func(ctx context.Context, in *struct {
			ByID
			Body WordingText
		}) (*Many[WordingSample], error) {
			list, err := v.Try(ctx, wording.Kind(in.ID), wording.Text(in.Body))
			return many(list, err, func(x wording.Sample) WordingSample { return WordingSample(x) })
		})
}
