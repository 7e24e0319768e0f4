package ledes

import (
	"path/filepath"
	"strings"
)

// ExtensionFinding is FIL-05 for a file name whose ending receivers do not take for
// the format: .txt, of some .led or .ledes; .xml for XML. It is a warning, for the
// content decides.
func ExtensionFinding(name string, f Format) (Finding, bool) {
	ext := strings.ToLower(filepath.Ext(name))
	good, fix := " .txt .led .ledes ", "name it .txt; some receivers also take .led or .ledes"
	if f.XML() {
		good, fix = " .xml ", "name it .xml"
	}
	if ext == "" || ext == "." || strings.Contains(good, " "+ext+" ") {
		return Finding{}, false
	}
	return Finding{
		Code: FIL05, Severity: Warning, Line: 1, Value: ext,
		Message: "the file name ends in " + ext, Fix: fix,
	}, true
}
