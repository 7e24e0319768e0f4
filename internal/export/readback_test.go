package export_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/parquet-go/parquet-go"

	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/seal"
)

// members decrypts a file and gives what is in its archive.
func members(t *testing.T, sealed []byte, secret seal.Secret) (plain []byte, files map[string][]byte) {
	t.Helper()
	var id age.Identity
	id, err := age.ParseX25519Identity(secret.Reveal())
	if err != nil {
		if id, err = age.NewScryptIdentity(secret.Reveal()); err != nil {
			t.Fatal(err)
		}
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err = io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	return plain, unzipped(t, plain)
}

func unzipped(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil { // checks the sum too
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// readBack reads a table of any format: its head and its rows, by the order of the names.
func readBack(t *testing.T, f export.Format, b []byte) (table [][]string) {
	t.Helper()
	switch f {
	case export.FormatCSV:
		var err error
		if table, err = csv.NewReader(bytes.NewReader(b)).ReadAll(); err != nil {
			t.Fatal(err)
		}
	case export.FormatJSON:
		table = readJSON(t, b)
	case export.FormatParquet:
		table = readParquet(t, b)
	case export.FormatXLSX:
		table = readSheet(t, b)
	}
	at := make([]int, len(table[0]))
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, func(a, b int) int { return strings.Compare(table[0][a], table[0][b]) })
	for i, row := range table {
		line := make([]string, len(at))
		for j, k := range at {
			line[j] = plainCell(row[k])
		}
		table[i] = line
	}
	return table
}

// plainCell is a cell without its guard, and a number without zeros at its end.
func plainCell(s string) string {
	s = strings.TrimPrefix(s, "'")
	if _, err := strconv.ParseFloat(s, 64); err == nil && strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func readJSON(t *testing.T, b []byte) (table [][]string) {
	t.Helper()
	for line := range strings.Lines(string(b)) {
		var row map[string]*string
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if table == nil {
			table = append(table, nil)
			for k := range row {
				table[0] = append(table[0], k)
			}
		}
		cells := make([]string, len(table[0]))
		for i, k := range table[0] {
			if v := row[k]; v != nil {
				cells[i] = *v
			}
		}
		table = append(table, cells)
	}
	return table
}

func readParquet(t *testing.T, b []byte) (table [][]string) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := f.Lookup("export"); !ok || !strings.HasPrefix(v, "EX-") {
		t.Errorf("a Parquet file says it is of export %q", v)
	}
	columns := f.Schema().Fields()
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.Name()
	}
	table = append(table, head)
	for _, g := range f.RowGroups() {
		rows := g.Rows()
		buf := make([]parquet.Row, 100)
		for {
			n, err := rows.ReadRows(buf)
			for _, row := range buf[:n] {
				cells := make([]string, len(head))
				for _, v := range row {
					c := columns[v.Column()]
					switch l := c.Type().LogicalType(); {
					case v.IsNull():
					case v.Kind() == parquet.Int32:
						cells[v.Column()] = time.Unix(int64(v.Int32())*24*60*60, 0).UTC().Format(time.DateOnly)
					case v.Kind() == parquet.Int64 && l != nil && strings.Contains(l.String(), "DECIMAL"):
						cells[v.Column()] = money.Fixed4(v.Int64()).String()
					case v.Kind() == parquet.Int64:
						cells[v.Column()] = strconv.FormatInt(v.Int64(), 10)
					default:
						cells[v.Column()] = string(v.ByteArray())
					}
				}
				table = append(table, cells)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return table
}

// readSheet reads the workbook's XML, as the standard says it is.
func readSheet(t *testing.T, b []byte) (table [][]string) {
	t.Helper()
	files := unzipped(t, b)
	var sheet struct {
		Rows []struct {
			Cells []struct {
				Ref     string `xml:"r,attr"`
				Type    string `xml:"t,attr"`
				Formula string `xml:"f"`
				Value   string `xml:"v"`
				Text    string `xml:"is>t"`
			} `xml:"c"`
		} `xml:"sheetData>row"`
	}
	if err := xml.Unmarshal(files["xl/worksheets/sheet1.xml"], &sheet); err != nil {
		t.Fatal(err)
	}
	for _, r := range sheet.Rows {
		cells := make([]string, len(sheet.Rows[0].Cells))
		for _, c := range r.Cells {
			i := 0
			for _, l := range strings.TrimRight(c.Ref, "0123456789") {
				i = i*26 + int(l-'A') + 1
			}
			if c.Formula != "" {
				t.Errorf("%s is a formula", c.Ref)
			}
			cells[i-1] = c.Value + c.Text
		}
		table = append(table, cells)
	}
	return table
}
