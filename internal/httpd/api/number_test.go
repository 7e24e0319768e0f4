package api

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/fault"
)

func TestANumberOfALineHasFourDecimalsAtMost(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{"1.2345": true, "1": true, "1.23456": false, "": false, "one": false} {
		quantity := text
		c, err := LineChange{Quantity: &quantity}.to()
		var f *fault.Error
		switch {
		case good && (err != nil || c.Quantity == nil):
			t.Errorf("%q: %v", text, err)
		case !good && (!errors.As(err, &f) || f.Fields[0].Path != "quantity" || f.Fields[0].Message != "enter a number such as 1.4, with at most four decimals"):
			t.Errorf("%q: %v", text, err)
		}
	}
}
