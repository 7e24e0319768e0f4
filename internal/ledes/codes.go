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

// codeTable finds a code by its packed spelling in a step or two: it is asked three
// times a line. Slots are taken in turn from where the code hashes to.
type codeTable struct {
	keys [tableSlots]uint64
	uses [tableSlots]codeUse
}

const tableSlots = 1024 // about five times the codes there are

func slotOf(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 >> 54 } // Fibonacci hashing to ten bits

func (t *codeTable) put(code string, use codeUse) {
	key := packed([]byte(code))
	i := slotOf(key)
	for t.keys[i] != 0 && t.keys[i] != key {
		i = (i + 1) % tableSlots
	}
	t.keys[i], t.uses[i] = key, use
}

func (t *codeTable) find(key uint64) (codeUse, bool) {
	for i := slotOf(key); t.keys[i] != 0; i = (i + 1) % tableSlots {
		if t.keys[i] == key {
			return t.uses[i], true
		}
	}
	return codeUse{}, false
}

// usualCodes are the codes that may stand on a line, as they are usually written.
// Only a leaf may (LEGAL-BILLING 2).
var usualCodes = sync.OnceValue(func() *codeTable {
	t := &codeTable{}
	for _, s := range []struct {
		name string
		use  codeUse
	}{
		{utbms.Litigation, codeUse{colTask, setLitigation}}, {utbms.Counseling, codeUse{colTask, setCounseling}},
		{utbms.Project, codeUse{colTask, setProject}}, {utbms.Bankruptcy, codeUse{colTask, setBankruptcy}},
		{utbms.Activity, codeUse{column: colActivity}}, {utbms.Expense, codeUse{column: colExpense}},
	} {
		for _, c := range utbms.List(s.name) {
			t.put(c.Code, s.use)
		}
	}
	for _, c := range utbms.Classes() {
		t.put(c.Code, codeUse{column: colTimekeeperClass})
	}
	return t
})

// packed is a code of up to eight bytes as one number; 0, which no code is, for a longer one.
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
	if use, ok := s.codes.find(packed(code)); ok {
		return use, true
	}
	return s.codes.find(packed([]byte(utbms.Clean(string(code)))))
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

// codeField is a column as Options.Own knows it.
func codeField(column int) string {
	switch column {
	case colTask:
		return "task_code"
	case colActivity:
		return "activity_code"
	default:
		return "expense_code"
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
