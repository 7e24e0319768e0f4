package httpd

import (
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

func TestWhatDoesNotFitPassesThroughHuma(t *testing.T) {
	t.Parallel()
	var body struct {
		Lines []struct {
			Minor int64 `json:"amount_minor"`
		} `json:"lines"`
	}
	err := jsonFormat().Unmarshal([]byte(`{"lines":[{"amount_minor":1},{"amount_minor":1.0}]}`), &body)
	if err == nil {
		t.Fatal("1.0 is taken for a whole number")
	}
	p := fromHuma("r", http.StatusUnprocessableEntity, "validation failed", []error{&huma.ErrorDetail{Location: "body", Message: err.Error()}, &huma.ErrorDetail{Location: "body.name", Message: "expected string"}})
	fields := p.(*Problem).Fields
	if len(fields) != 2 || fields[0].Path != "lines[1].amount_minor" || !strings.HasPrefix(fields[0].Message, "enter a whole number") || fields[1].Path != "name" || fields[1].Message != "expected string" {
		t.Errorf("%+v", fields)
	}
	if err := jsonFormat().Unmarshal([]byte(`{"lines":[{"amount_minor":1}]}`), &body); err != nil || body.Lines[0].Minor != 1 {
		t.Errorf("%+v, %v", body, err)
	}
}

func TestABodySaysWhatItIs(t *testing.T) {
	t.Parallel()
	for said, good := range map[string]bool{
		"": false, "application/json": true, "application/json; charset=utf-8": true, "APPLICATION/JSON": true, "application/merge-patch+json": true,
		"text/plain": false, "application/x-www-form-urlencoded": false, "multipart/form-data; boundary=x": false, "application/jsonx": false, "json": false, ";": false, "text/json": false,
	} {
		if err := ofKind(http.Header{"Content-Type": {said}}, jsonBody); (err == nil) != good {
			t.Errorf("%q: %v", said, err)
		}
	}
	if err := ofKind(http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, fileBody); err != nil {
		t.Error(err)
	}
	if p := problemOf(ofKind(http.Header{"Content-Type": {"application/json"}}, fileBody), "r"); p.Status != http.StatusUnsupportedMediaType || p.Title != "Unsupported Media Type" || p.Code != "content_type" || !strings.Contains(p.Detail, "multipart/form-data") {
		t.Errorf("%+v", p)
	}
}
