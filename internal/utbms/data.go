package utbms

import (
	"bytes"
	"embed"
	"encoding/csv"
	"fmt"
	"path"
	"sync"
)

//go:embed data/*.csv
var files embed.FS

// table is the published data, read once and never changed.
type table struct {
	codes      map[string]Code
	classes    map[string]Classification
	classOrder []string
}

// tables reads the embedded files on first use. They are part of the program, so
// a fault in them is a bug that the package's test finds.
var tables = sync.OnceValue(func() table {
	t := table{codes: map[string]Code{}, classes: map[string]Classification{}}
	names, err := files.ReadDir("data")
	if err != nil {
		panic(fmt.Errorf("read code sets: %w", err))
	}
	for _, f := range names {
		for _, row := range rows(path.Join("data", f.Name())) {
			t.add(row)
		}
	}
	for _, c := range t.codes {
		if parent, ok := t.codes[c.Parent]; ok {
			parent.Heading = true
			t.codes[c.Parent] = parent
		}
	}
	return t
})

func (t *table) add(row []string) {
	switch set, code, parent, name := row[0], row[1], row[2], row[3]; set {
	case "timekeeper_2014":
		t.classes[code] = Classification{Code: code, Group: parent, Name: name, Legacy: row[5]}
		t.classOrder = append(t.classOrder, code)
	case "timekeeper_legacy": // read through legacyClass
	default:
		t.codes[code] = Code{Set: set, Code: code, Parent: parent, Name: name}
	}
}

// rows are the records of one embedded file below its header.
func rows(name string) [][]string {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(fmt.Errorf("open %s: %w", name, err))
	}
	all, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		panic(fmt.Errorf("read %s: %w", name, err))
	}
	return all[1:]
}
