package demo

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
)

// Unbilled is a row that landed and could not be billed, by its line in the file. Other
// rows of its matter are billed without it.
type Unbilled struct {
	Line    int    `json:"line"`
	Matter  string `json:"matter"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
}

// handIn hands a pre-bill to the partner. Where rows of a file from outside are spared,
// lines that no invoice can hold are put on hold first, so that the others are billed; a
// bill of which nothing is left is cancelled.
func (c *Cast) handIn(as context.Context, id ident.PrebillID) error {
	for {
		v, err := c.s.Prebills.Get(as, id)
		if err != nil {
			return err
		}
		_, refused := c.s.Prebills.Submit(as, id, v.Version)
		switch {
		case refused == nil || !c.spare:
			return refused
		case errors.Is(refused, prebill.ErrAllHeld):
			return c.drop(as, v)
		case !errors.Is(refused, prebill.ErrUnbillable) && !errors.Is(refused, prebill.ErrOpenFindings):
			return refused
		}
		bad := badLines(v, refused)
		if len(bad) == 0 { // it is on the bill as a whole
			for i := range v.Lines {
				bad = append(bad, badLine{&v.Lines[i], fault.Field{Code: "bill", Message: refused.Error()}})
			}
			if err := c.unbill(as, v, bad); err != nil {
				return err
			}
			return c.drop(as, v)
		}
		if err := c.unbill(as, v, bad); err != nil {
			return err
		}
		version := v.Version
		for _, b := range bad {
			p, err := c.s.Prebills.Hold(as, id, version, b.line.ID, "No invoice can hold this line as it is")
			if err != nil {
				return err
			}
			version = p.Version
		}
	}
}

func (c *Cast) drop(as context.Context, v prebill.View) error {
	c.drawn--
	_, err := c.s.Prebills.Cancel(as, v.ID, v.Version)
	return err
}

type badLine struct {
	line *prebill.Line
	why  fault.Field
}

// badLines are the lines that a refusal names as "lines.7", each with the first thing
// said of it. Lines that are held already are not among them.
func badLines(v prebill.View, refused error) (bad []badLine) {
	var f *fault.Error
	if !errors.As(refused, &f) {
		return nil
	}
	for _, x := range f.Fields {
		no, named := strings.CutPrefix(x.Path, "lines.")
		at, err := strconv.Atoi(no)
		if !named || err != nil {
			continue
		}
		i := slices.IndexFunc(v.Lines, func(l prebill.Line) bool { return l.Position == at && !l.Held })
		if i >= 0 && !slices.ContainsFunc(bad, func(b badLine) bool { return b.line == &v.Lines[i] }) {
			bad = append(bad, badLine{&v.Lines[i], x})
		}
	}
	return bad
}

// unbill notes lines by where they stand in the file.
func (c *Cast) unbill(as context.Context, v prebill.View, bad []badLine) error {
	places := map[ident.EntryID]int{}
	for req := (page.Request{Size: page.MaxSize}); ; {
		list, err := c.s.Capture.Entries(as, capture.Filter{Matter: v.MatterID}, req)
		if err != nil {
			return err
		}
		for _, e := range list.Items {
			places[e.ID] = e.SourceLine
		}
		if list.Next == "" {
			break
		}
		req.After = list.Next
	}
	for _, b := range bad {
		fix := b.why.Fix
		if fix == "" {
			fix = "correct the row and hand the file over again"
		}
		c.unbilled = append(c.unbilled, Unbilled{Line: places[b.line.EntryID], Matter: v.MatterNumber, Code: b.why.Code, Message: b.why.Message, Fix: fix})
	}
	return nil
}
