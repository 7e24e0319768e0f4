package wording

import (
	"context"
)

type sampleCase struct {
	Case   string
	Values Values
}

// cases are letters that show each way a text can read.
func cases(k Kind) []sampleCase {
	one := []Due{{"2026-0142", "USD 48,212.50", "15 June 2026", 17}}
	v := Values{Firm: "Example & Partners LLP", Contact: "Alex Morgan", Note: "CN-2026-0007", Invoices: one}
	with := v
	with.Attached = true
	switch {
	case k == Invoice || k == CreditNote:
		return []sampleCase{{"the PDF stays behind the link", v}, {"the PDF is attached", with}}
	case k.reminds():
		more := v
		more.Invoices = append([]Due{{"2026-0117", "USD 9,050.00", "29 May 2026", 34}}, one...)
		return []sampleCase{{"one invoice is open", v}, {"two invoices are open", more}}
	default:
		return nil
	}
}

// Samples are how letters of the kind would read with the text, with figures made up.
func (t Text) Samples(k Kind) ([]Sample, error) {
	if err := t.Validate(k); err != nil {
		return nil, err
	}
	var out []Sample
	for _, c := range cases(k) {
		subject, l, err := t.Render(context.Background(), k, c.Values)
		if err != nil {
			return nil, err
		}
		l.Paragraphs = append(l.Paragraphs, "[the figures and the link stand here]")
		out = append(out, Sample{c.Case, subject, l.Text()})
	}
	return out, nil
}
