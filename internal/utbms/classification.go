package utbms

// Groups of classifications that rules ask for.
const (
	GroupAttorney         = "attorney"
	GroupParaprofessional = "paraprofessional"
	GroupFeeSupport       = "fee_support" // FLTFEE and ADJSMT: lines without a person
)

// Classification is one LEDES timekeeper class. It prices and describes; it is
// never an access right.
type Classification struct {
	Code   string // six letters of the 2014 revision
	Group  string
	Name   string
	Legacy string // two letters that older receivers use; "" when there is none
}

// legacyClass reads the two letters that meant one thing: OT meant many.
var legacyClass = map[string]string{"PT": "PARTNR", "AS": "ASSOC", "OC": "OFCOUN", "LA": "PARALG"}

// Class finds a classification by its six letters, or by the two letters of 1998
// when they name one (PT, AS, OC, LA). Case and blanks do not matter.
func Class(code string) (Classification, bool) {
	c := Clean(code)
	if six, ok := legacyClass[c]; ok {
		c = six
	}
	got, ok := tables().classes[c]
	return got, ok
}

// Classes lists all classifications in the order of the published table.
func Classes() []Classification {
	t := tables()
	out := make([]Classification, len(t.classOrder))
	for i, code := range t.classOrder {
		out[i] = t.classes[code]
	}
	return out
}
