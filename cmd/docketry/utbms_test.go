package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestSuggestListsEveryID(t *testing.T) {
	t.Parallel()
	const file = "id,timekeeper_class,hours,narrative,task_code,activity_code\n1,ASSOC,1.0,Draft motion to compel production of documents,L120,\n2,PARTNR,0.5,,,\n"
	var out bytes.Buffer
	cmd := newUTBMSCmd()
	cmd.SetIn(strings.NewReader(file))
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"suggest", "-", "--json"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got) != 2 {
		t.Fatalf("%s: %v", out.String(), err)
	}
	task, _ := got[0]["task"].([]any)
	first, _ := task[0].(map[string]any)
	if len(task) != 3 || first["code"] != "L350" || len(first) != 2 {
		t.Errorf("tasks of the first line: %v", task)
	}
	if none, _ := got[1]["task"].([]any); none == nil || len(none) != 0 {
		t.Errorf("an empty narrative suggests %v", got[1])
	}
}
