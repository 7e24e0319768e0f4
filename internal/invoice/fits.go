package invoice

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/prebill"
)

// unnumbered stands where an invoice will have its number.
const unnumbered = "0"

// Fits writes the LEDES file that the invoice of a would have and throws it away:
// prebill.ErrUnbillable names each line that the format cannot hold, by its place on
// the pre-bill. What can still be set up before the run, such as the firm's bank, is
// the run preview's to tell.
func Fits(tx *db.Tx, a prebill.Approved) error {
	draft := fromApproved(a)
	f, err := frameFor(tx, draft.Payor)
	if err != nil {
		return err
	}
	doc, err := f.document(&draft, draft.To)
	if err != nil {
		return err
	}
	doc.Number = unnumbered
	_, err = doc.EFile(ledes.Profile{})
	var bad *fault.Error
	if !errors.Is(err, ledes.ErrWrite) || !errors.As(err, &bad) {
		return err
	}
	places := make(map[ident.EntryID]int, len(a.Lines))
	for i := range a.Lines {
		places[a.Lines[i].Entry] = a.Lines[i].Position
	}
	var named fault.Fields
	var said []string
	for _, x := range bad.Fields {
		path, what := "invoice", "The invoice"
		if no := x.Line - ledesHead; no >= 1 && no <= len(doc.Lines) {
			if place := places[doc.Lines[no-1].Entry]; place > 0 { // else it stands beside the entries
				path, what = "lines."+strconv.Itoa(place), "Line "+strconv.Itoa(place)
			}
		}
		named = append(named, fault.Field{Path: path, Code: x.Code, Message: x.Message, Fix: x.Fix})
		if len(said) < 3 {
			said = append(said, fmt.Sprintf("%s: %s (%s)", what, x.Message, x.Path))
		}
	}
	if more := len(named) - len(said); more > 0 {
		said = append(said, strconv.Itoa(more)+" more")
	}
	return named.Err(prebill.ErrUnbillable.With("the e-bill could not be written. %s", strings.Join(said, "; ")))
}

// ledesHead is the lines of a flat LEDES file before its first item.
const ledesHead = 2
