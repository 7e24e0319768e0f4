package export

import "bytes"

// CSVLine is one line of text cells, for tests outside.
func CSVLine(cells []string) []byte {
	var out bytes.Buffer
	w := newCSV(&out)
	for _, c := range cells {
		w.text(c)
	}
	w.end()
	if err := w.flush(); err != nil {
		panic(err)
	}
	return out.Bytes()
}
