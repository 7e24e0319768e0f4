package ledes

import (
	"path/filepath"
	"strings"
)

// ExtensionFinding is FIL-05 for a file name whose ending receivers do not take:
// .txt, of some .led or .ledes. It is a warning, for the content decides.
func ExtensionFinding(name string) (Finding, bool) {
	ext := strings.ToLower(filepath.Ext(name))
	switch ext {
	case "", ".", ".txt", ".led", ".ledes":
		return Finding{}, false
	}
	return Finding{
		Code: FIL05, Severity: Warning, Line: 1, Value: ext,
		Message: "the file name ends in " + ext, Fix: "name it .txt; some receivers also take .led or .ledes",
	}, true
}
