package ledes

import (
	"fmt"
	"strings"
	"sync"

	"github.com/docketry/docketry/internal/utbms"
)

// codeUse is where a code may stand: a column, and of a task code the set.
type codeUse struct {
	column int // colTask, colActivity, colExpense or colTimekeeperClass
	set    uint8
}

// Sets of task codes as bits. A matter has one; eDiscovery supplements litigation.
const (
	setLitigation uint8 = 1 << iota
	setCounseling
	setProject
	setBankruptcy
)

// usualCodes are the codes that may stand on a line, as they are usually written,
// under their packed spelling. Only a leaf may (LEGAL-BILLING 2).
var usualCodes = sync.OnceValue(func() map[uint64]codeUse {
	usual := make(map[uint64]codeUse, 256)
	for _, s := range []struct {
		name string
		use  codeUse
	}{
		{utbms.Litigation, codeUse{colTask, setLitigation}}, {utbms.Counseling, codeUse{colTask, setCounseling}},
		{utbms.Project, codeUse{colTask, setProject}}, {utbms.Bankruptcy, codeUse{colTask, setBankruptcy}},
		{utbms.Activity, codeUse{column: colActivity}}, {utbms.Expense, codeUse{column: colExpense}},
	} {
		for _, c := range utbms.List(s.name) {
			usual[packed([]byte(c.Code))] = s.use
		}
	}
	for _, c := range utbms.Classes() {
		usual[packed([]byte(c.Code))] = codeUse{column: colTimekeeperClass}
	}
	return usual
})

// packed is a code of up to eight bytes as one number; 0 for a longer one.
func packed(code []byte) uint64 {
	if len(code) > 8 {
		return 0
	}
	var v uint64
	for _, c := range code {
		v = v<<8 | uint64(c)
	}
	return v
}

// use finds where a code may stand, as written or without blanks and in upper
// case, which is accepted on read.
func (s *scan) use(code []byte) (codeUse, bool) {
	if use, ok := s.codes[packed(code)]; ok {
		return use, true
	}
	use, ok := s.codes[packed([]byte(utbms.Clean(string(code))))]
	return use, ok
}

// knownClass also takes the two letters of older receivers: PT, AS, OC, LA, OT.
func knownClass(class []byte) bool {
	_, ok := utbms.Class(string(class))
	return ok || utbms.Clean(string(class)) == "OT"
}

// codeFault says what is wrong with a code that may not stand in a column.
func codeFault(code []byte, column int) (message, fix string) {
	name := utbms.Clean(string(code))
	c, known := utbms.Lookup(name)
	switch home := columnOf(c.Set); {
	case known && home == column && name == "L600":
		return "L600 is the heading of eDiscovery identification and cannot stand on a line", "use L160 for ADR, or L601 to L609 for eDiscovery"
	case known && home == column:
		return name + " is a heading and cannot stand on a line", "use one of the codes under it"
	case known:
		return fmt.Sprintf("%s is %s, not %s", name, codeWord(home), codeWord(column)), "move it to " + fields1998B[home].name
	}
	if rest, ok := strings.CutPrefix(name, "X"); ok && column == colExpense && utbms.Usable(utbms.Expense, "E"+rest) {
		return name + " is not a UTBMS expense code", "use E" + rest
	}
	return fmt.Sprintf("%s is not %s of the UTBMS sets", quote(code), codeWord(column)), "use a code of the published sets, or blank the field"
}

func columnOf(set string) int {
	switch {
	case utbms.Holds(utbms.Activity, set):
		return colActivity
	case utbms.Holds(utbms.Expense, set):
		return colExpense
	default:
		return colTask
	}
}

func codeWord(column int) string {
	switch column {
	case colTask:
		return "a task code"
	case colActivity:
		return "an activity code"
	default:
		return "an expense code"
	}
}
