package export

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/snappy"

	"github.com/docketry/docketry/internal/money"
)

// groupRows is how many rows a row group has: its columns are in memory until it is written.
const groupRows = 25_000

// parquetNode is a column's type. Money is at 1e-4 whatever its currency, which has at most
// four digits; text repeats but for the narrative, and is kept as a dictionary.
func parquetNode(c column) parquet.Node {
	switch {
	case c.kind == day:
		return parquet.Optional(parquet.Date())
	case c.kind == whole:
		return parquet.Optional(parquet.Leaf(parquet.Int64Type))
	case c.kind.number():
		return parquet.Optional(parquet.Decimal(4, 18, parquet.Int64Type))
	case c.name == "narrative" || c.name == "id":
		return parquet.Optional(parquet.String())
	default:
		return parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
	}
}

// writeParquet writes all rows; its columns stand in the order of their names.
func writeParquet(out io.Writer, r *row, next func() (bool, error), says map[string]string) error {
	group := parquet.Group{}
	at := make([]int, len(r.columns)) // column of the row, in the order of the file
	for i, c := range r.columns {
		group[c.name] = parquetNode(c)
		at[i] = i
	}
	slices.SortFunc(at, func(a, b int) int { return strings.Compare(r.columns[a].name, r.columns[b].name) })
	options := []parquet.WriterOption{parquet.NewSchema("row", group), parquet.Compression(&snappy.Codec{}), parquet.CreatedBy("docketry", "1", ""),
		parquet.PageBufferSize(64 << 10), parquet.SkipPageBounds("narrative")}
	keys := make([]string, 0, len(says))
	for k := range says {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		options = append(options, parquet.KeyValueMetadata(k, says[k]))
	}
	w := parquet.NewWriter(out, options...)
	line := make(parquet.Row, len(r.columns))
	for n := 1; ; n++ {
		more, err := next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		for place, i := range at {
			v, err := r.parquet(i)
			if err != nil {
				return err
			}
			defined := 1
			if v.IsNull() {
				defined = 0
			}
			line[place] = v.Level(0, defined, place)
		}
		if _, err := w.WriteRows([]parquet.Row{line}); err != nil {
			return fmt.Errorf("write Parquet: %w", err)
		}
		if n%groupRows == 0 {
			if err := w.Flush(); err != nil {
				return fmt.Errorf("write Parquet: %w", err)
			}
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

// parquet is column i as a value.
func (r *row) parquet(i int) (parquet.Value, error) {
	if !r.has(i) {
		return parquet.NullValue(), nil
	}
	n := r.numbers[i].Int64
	switch r.columns[i].kind {
	case day:
		t, err := time.Parse(time.DateOnly, r.texts[i].String)
		if err != nil {
			return parquet.Value{}, fmt.Errorf("read day: %w", err)
		}
		return parquet.Int32Value(int32(t.Unix() / (24 * 60 * 60))), nil
	case minor:
		for range 4 - money.Currency(r.texts[r.currency].String).Exponent() {
			n *= 10
		}
		return parquet.Int64Value(n), nil
	case e4, whole:
		return parquet.Int64Value(n), nil
	default:
		return parquet.ByteArrayValue([]byte(r.texts[i].String)), nil
	}
}
