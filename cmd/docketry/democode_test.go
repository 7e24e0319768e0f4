package main

import (
	"bytes"
	"regexp"
	"testing"
)

func TestDemoCodeIsThatOfAnApp(t *testing.T) {
	t.Parallel()
	for secret, good := range map[string]bool{"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ": true, " gezdgnbvgy3tqojqgezdgnbvgy3tqojq ": true, "not a secret!": false} {
		var out bytes.Buffer
		cmd := newRootCmd()
		cmd.SetOut(&out)
		cmd.SetArgs([]string{"demo", "code", secret})
		err := cmd.Execute()
		if right := regexp.MustCompile(`^[0-9]{6}  for [0-9]{1,2} s more\n$`).MatchString(out.String()); right != good || (err == nil) != good {
			t.Errorf("%q: %q, %v", secret, out.String(), err)
		}
	}
}
