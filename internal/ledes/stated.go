package ledes

// stated are the totals that the lines of one invoice carry, with the lines that
// carry each: one in a good file. Spellings of one value count together.
type stated struct {
	amounts []amount
	byText  map[string]int // from the ninth on
	byValue map[string]int // exact value -> its first spelling; from the second on
	current int
}

type amount struct {
	text  string
	value decimal
	same  int // the first amount of this value, itself included
	count int // lines with this value, kept in the first amount
	lines []run
}

// run is a stretch of physical lines.
type run struct{ from, to int }

const searchedStraight = 8

func (st *stated) add(value decimal, text []byte, line int) {
	if len(st.amounts) == 0 || st.amounts[st.current].text != string(text) {
		st.current = st.find(text)
	}
	if st.current < 0 {
		st.spell(value, string(text))
	}
	a := &st.amounts[st.current]
	st.amounts[a.same].count++
	if n := len(a.lines); n > 0 && a.lines[n-1].to == line-1 {
		a.lines[n-1].to = line
		return
	}
	a.lines = append(a.lines, run{line, line})
}

// spell adds a text that no line carried so far.
func (st *stated) spell(value decimal, text string) {
	st.current = len(st.amounts)
	same := st.current
	if st.current > 0 {
		if st.byValue == nil {
			st.byValue = map[string]int{st.amounts[0].value.rat().RatString(): 0}
		}
		key := value.rat().RatString()
		if i, ok := st.byValue[key]; ok {
			same = i
		} else {
			st.byValue[key] = same
		}
	}
	st.amounts = append(st.amounts, amount{text: text, value: value, same: same})
	if st.byText != nil {
		st.byText[text] = st.current
	}
}

// find is the place of a text, or -1. Past a few it uses a map, so that a hostile
// file with another total on each line costs no more than a good one.
func (st *stated) find(text []byte) int {
	if len(st.amounts) <= searchedStraight {
		for i := range st.amounts {
			if st.amounts[i].text == string(text) {
				return i
			}
		}
		return -1
	}
	if st.byText == nil {
		st.byText = make(map[string]int)
		for i := range st.amounts {
			st.byText[st.amounts[i].text] = i
		}
	}
	if i, ok := st.byText[string(text)]; ok {
		return i
	}
	return -1
}

// most is the total that most lines carry, the first on a tie. Without any it has count 0.
func (st *stated) most() *amount {
	if len(st.amounts) == 0 {
		return &amount{}
	}
	best := &st.amounts[0]
	for i := range st.amounts {
		if st.amounts[i].count > best.count {
			best = &st.amounts[i]
		}
	}
	return best
}
