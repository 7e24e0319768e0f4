package ledes_test

import (
	"testing"

	"github.com/docketry/docketry/internal/ledes"
)

func TestBenchFileIsValidAndBothReadItAlike(t *testing.T) {
	t.Parallel()
	file := ledes.BenchFile(1_234)
	lines, faults, err := ledes.BenchParse(file)
	if err != nil || lines != 1_234 || faults != 0 {
		t.Errorf("BenchParse: %d lines, %d faults, %v", lines, faults, err)
	}
	if lines, wrong := ledes.BenchScanner(file); lines != 1_234 || wrong != 0 {
		t.Errorf("BenchScanner: %d lines, %d wrong", lines, wrong)
	}
}

func BenchmarkParse(b *testing.B) {
	file := ledes.BenchFile(10_000)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ledes.BenchParse(file); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScanner(b *testing.B) {
	file := ledes.BenchFile(10_000)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		ledes.BenchScanner(file)
	}
}
