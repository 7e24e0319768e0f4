package db_test

import (
	"database/sql/driver"
	"math"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/money"
)

func TestArraysAreTheTextThatTheDatabaseReads(t *testing.T) {
	t.Parallel()
	one := int64(1)
	for want, a := range map[string]any{
		`{}`:                          db.Array([]int{}),
		`{0,-7,9223372036854775807}`:  db.Array([]int64{0, -7, math.MaxInt64}),
		`{12500,-1}`:                  db.Array([]money.Fixed4{12_500, -1}),
		`{1,NULL}`:                    db.Array([]*int64{&one, nil}),
		`{"a\"b\\c",NULL_,"","NULL"}`: db.Array([]string{`a"b\c`, "NULL_", "", "NULL"}),
		`{true,false}`:                db.Array([]bool{true, false}),
	} {
		v, err := a.(driver.Valuer).Value() //nolint:forcetypeassert // an array is one
		if err != nil || v != want {
			t.Errorf("%v, %v; want %s", v, err, want)
		}
	}
}
