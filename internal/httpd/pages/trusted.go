package pages

import (
	"time"

	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/training"
	"github.com/docketry/docketry/internal/undertaking"
	"github.com/docketry/docketry/rbac"
)

// trusted is what a firm knows of the bureau's people whom it lets in, or decides about;
// own tells whether it asks for an undertaking of its own.
func trusted(f frame, own bool, states []undertaking.State, records []training.Record, now time.Time) *partial.Table {
	t := &partial.Table{Caption: "Undertakings and training", Columns: []partial.Column{{Head: "Who"}, {Head: "Undertaking"}}, Empty: partial.Empty{Icon: "key", Title: "Nobody"}}
	certificates := map[ident.PersonID][]training.Certificate{}
	for _, r := range records {
		certificates[r.Person] = r.Certificates
	}
	if own {
		t.Columns = append(t.Columns, partial.Column{Head: "To your firm"})
	}
	t.Columns = append(t.Columns, partial.Column{Head: "Certificates"}, partial.Column{Head: "Access"})
	for _, s := range states {
		row := []partial.Cell{{Node: partial.Person(s.Name), Key: true}, wordCell(f, s.Bureau)}
		if own {
			row = append(row, wordCell(f, s.Firm))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: append(row, certificateWords(certificates[s.Person], now.In(f.Zone)), waitsCell(f, s.Waits, now))})
	}
	return t
}

// certificateWords are those that stand, each with its last day.
func certificateWords(list []training.Certificate, today time.Time) partial.Cell {
	cell := partial.Cell{}
	for _, c := range list {
		if !c.Holds(today) {
			continue
		}
		if cell.Text != "" {
			cell.Text += "; "
		}
		cell.Text += c.Course + " to " + format.Date(c.ValidUntil)
	}
	if cell.Text == "" {
		cell.Text = "none that stands"
	}
	return cell
}

// trustedSections is trusted as a section of a page, of one person or, for "", of all; none
// for a reader who may not see it.
func (s *Site) trustedSections(r *httpd.Request, f frame, who ident.PersonID) ([]Section, error) {
	if !f.May(rbac.UndertakingRead) || !f.May(rbac.TrainingRead) || f.Card.Kind == firm.KindBureau {
		return nil, nil
	}
	states, err := s.Undertakings.States(r.Context())
	if err != nil {
		return nil, err
	}
	st, err := s.Undertakings.Standing(r.Context())
	if err != nil {
		return nil, err
	}
	records, err := s.Training.Records(r.Context())
	if err != nil {
		return nil, err
	}
	if who != "" {
		var one []undertaking.State
		for _, x := range states {
			if x.Person == who {
				one = append(one, x)
			}
		}
		states = one
	}
	return []Section{{ID: "trusted", Title: "Undertakings and training", Note: "given to the bureau and to your firm", Table: trusted(f, st.Own.Version > 0, states, records, s.Clock.Now())}}, nil
}

// trainingSections are what the account page of one of the bureau's people says of their
// training and undertakings.
func (s *Site) trainingSections(r *httpd.Request, f frame) ([]Section, error) {
	asked, err := s.Undertakings.Mine(r.Context())
	if err != nil || len(asked) == 0 {
		return nil, err
	}
	held, err := s.Training.Mine(r.Context())
	if err != nil {
		return nil, err
	}
	open := 0
	for _, m := range asked {
		if !m.Word.Current {
			open++
		}
	}
	words := "You have given everything that is asked of you."
	if open > 0 {
		words = format.Counted(open, "text waits", "texts wait") + " for you to read and give."
	}
	return []Section{{ID: "undertakings", Title: "Undertakings of confidentiality", Body: Due(words, href.MyUndertakings, "Read them")}, ownTraining(held, s.Clock.Now().In(f.Zone))}, nil
}

// ownTraining is a person's own certificates on their account page.
func ownTraining(list []training.Certificate, today time.Time) Section {
	t := &partial.Table{Caption: "Your certificates", Columns: []partial.Column{{Head: "Certificate"}, {Head: "Passed", NoWrap: true}, {Head: "Valid until", NoWrap: true}}, Empty: partial.Empty{Icon: "cap", Title: "No certificate", Text: "Your team lead records what you passed."}}
	for _, c := range list {
		cells := certificateCells(c, today)
		cells[0].Key = true
		t.Rows = append(t.Rows, partial.Row{Cells: cells})
	}
	return Section{ID: "training", Title: "Training", Note: "recorded by your team lead", Table: t}
}
