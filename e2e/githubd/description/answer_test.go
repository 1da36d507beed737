package description

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestGithubdDescriptionAnswers checks responses against the description.
func TestGithubdDescriptionAnswers(t *testing.T) {
	blobs, labels, uploads := excepted[0], excepted[1], excepted[2]
	d, err := Load(excepted)
	if err != nil {
		t.Fatal(err)
	}
	const label = `{"id": 1, "node_id": "LA", "url": "http://x/y", "name": "bug", "description": null, "color": "ededed", "default": false}`
	for _, c := range []struct {
		operation   Operation
		status      int
		media, body string
		wrong       string
	}{
		{labels, 200, "application/json; charset=utf-8", "[" + label + "]", ""},
		{labels, 200, "application/json", "[]", ""},
		{labels, 200, "application/json", label, "must be an array"},
		{labels, 200, "application/json", "[" + strings.Replace(label, `"bug"`, "null", 1) + "]", "/0/name"},
		{labels, 200, "application/json", "[" + strings.Replace(label, "http://x/y", "y", 1) + "]", "/0/url"},
		{labels, 200, "application/json", "[", "reading the body"},
		{labels, 200, "", "[]", "reading the media type"},
		{labels, 200, "text/html", "[]", `media type "text/html"`},
		{labels, 201, "application/json", "[]", "no such status"},
		{labels, 404, "application/json", `{"message": "Not Found", "documentation_url": "x", "status": "404"}`, ""},
		{labels, 404, "application/json", `{"msg": "Not Found"}`, `"msg" is unsupported`},
		{labels, 403, "application/json", `{"message": "limit"}`, ""}, // described elsewhere
		{labels, 403, "application/json", `{"message": 1}`, "message"},
		{labels, 502, "", "", ""},
		{blobs, 422, "application/json", `{"message": "m", "documentation_url": "u"}`, ""}, // allowed by an exception
		{uploads, 422, "application/json", `{"message": "m", "documentation_url": "u", "errors": [{"code": "already_exists"}]}`, ""},
		{uploads, 422, "application/json", `{"message": "m", "documentation_url": "u", "errors": [{"field": "name"}]}`, "/errors/0"},
	} {
		got := d.Answer(c.operation, c.status, http.Header{"Content-Type": {c.media}}, []byte(c.body))
		if (c.wrong == "") != (len(got) == 0) || c.wrong != "" && !strings.Contains(got[0], c.wrong) {
			t.Errorf("%s, %d %s: %q, expected %q", c.operation, c.status, c.body, got, c.wrong)
		}
	}
}

// TestGithubdDescriptionRequests checks requests against the description.
func TestGithubdDescriptionRequests(t *testing.T) {
	labels, uploads := excepted[1], excepted[2]
	d, err := Load(excepted)
	if err != nil {
		t.Fatal(err)
	}
	issue := map[string]string{"owner": "o", "repo": "r", "issue_number": "1"}
	for _, c := range []struct {
		operation  Operation
		parameters map[string]string
		query      string
		body       any // nil: not checked
		wrong      string
	}{
		{labels, issue, "", `{"labels": ["bug"]}`, ""},
		{labels, issue, "", `["bug"]`, ""}, // allowed by an exception
		{labels, issue, "", `{"labels": [1]}`, "request POST"},
		{labels, issue, "", `[]`, "request POST"},
		{labels, issue, "?x=1", `["bug"]`, `query parameter "x"`},
		{labels, map[string]string{"owner": "o", "repo": "r", "issue_number": "one"}, "", `["bug"]`, "issue_number"},
		{uploads, map[string]string{"owner": "o", "repo": "r", "release_id": "1"}, "?name=a&label=b", nil, ""},
		{uploads, map[string]string{"owner": "o", "repo": "r", "release_id": "1"}, "", nil, `"name"`},
	} {
		var body []byte
		if text, ok := c.body.(string); ok {
			body = []byte(text)
		}
		r := httptest.NewRequest(c.operation.Method, "/path"+c.query, nil)
		r.Header.Set("Content-Type", "application/json")
		got := d.Request(c.operation, r, c.parameters, body)
		if (c.wrong == "") != (len(got) == 0) || c.wrong != "" && !strings.Contains(got[0], c.wrong) {
			t.Errorf("%s %v: %q, expected %q", c.operation, c.body, got, c.wrong)
		}
	}
}
