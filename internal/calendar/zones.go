package calendar

import (
	"bufio"
	"bytes"
	"os"
	"runtime"
	_ "time/tzdata" // a machine without zone files still knows every zone
)

// ZoneData says which time zone data answers: the machine's own with its version,
// or the copy inside the program. The health page shows it.
func ZoneData() string {
	for _, dir := range []string{"/usr/share/zoneinfo/", "/usr/share/lib/zoneinfo/", "/usr/lib/locale/TZ/", "/etc/zoneinfo/"} {
		if _, err := os.Stat(dir); err != nil {
			continue
		}
		if b, err := os.ReadFile(dir + "+VERSION"); err == nil {
			return "system " + string(bytes.TrimSpace(b))
		}
		if v := firstLineVersion(dir + "tzdata.zi"); v != "" {
			return "system " + v
		}
		return "system, version not stated"
	}
	return "built in with " + runtime.Version()
}

// firstLineVersion reads "# version 2026a".
func firstLineVersion(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	line, _, err := bufio.NewReader(f).ReadLine()
	if err != nil {
		return ""
	}
	v, ok := bytes.CutPrefix(line, []byte("# version "))
	if !ok {
		return ""
	}
	return string(v)
}
