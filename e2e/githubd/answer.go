package githubd

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object of an answer.
type object = map[string]any

// answer is what a request is answered with.
type answer struct {
	status int
	header map[string]string
	body   any    // as JSON; nil for none
	text   string // instead of JSON, with its media type in the header
}

// handler answers a request. It runs alone: with Server.mu locked.
type handler func(*call) *answer

func ok(body any) *answer { return &answer{status: http.StatusOK, body: body} }

// created has the new thing's URL as its Location.
func created(body object) *answer {
	location, _ := body["url"].(string)
	return &answer{status: http.StatusCreated, body: body, header: map[string]string{"Location": location}}
}

func noContent() *answer { return &answer{status: http.StatusNoContent} }

// wrong is an entry in the errors of a 422.
type wrong struct {
	Resource string `json:"resource"`
	Code     string `json:"code"`
	Field    string `json:"field,omitempty"`
	Message  string `json:"message,omitempty"`
}

// fail is an answer that says no, with GitHub's own words where they were seen.
func (c *call) fail(status int, message string) *answer {
	body := object{"message": message, "documentation_url": c.web + "/rest"}
	if status != http.StatusUnprocessableEntity {
		body["status"] = strconv.Itoa(status)
	}
	return &answer{status: status, body: body}
}

func (c *call) notFound() *answer { return c.fail(http.StatusNotFound, "Not Found") }

// refuse is a 422 without a list of errors.
func (c *call) refuse(message string) *answer {
	return c.fail(http.StatusUnprocessableEntity, message)
}

// invalid is a 422 with one.
func (c *call) invalid(errors ...wrong) *answer {
	a := c.refuse("Validation Failed")
	a.body.(object)["errors"] = errors
	return a
}

// missing is a 422 for a member that the body must have.
func (c *call) missing(name string) *answer {
	return c.refuse(fmt.Sprintf("Invalid request.\n\n%q wasn't supplied.", name))
}

// broken is for what cannot happen as long as the server has no fault of its own.
func (c *call) broken(err error) *answer {
	c.s.journal.violate("answering %s %s: %v", c.r.Method, c.r.URL.Path, err)
	return c.fail(http.StatusInternalServerError, "Server Error")
}

// bytes returns the answer's body, and its media type.
func (a *answer) bytes() ([]byte, string, error) {
	switch {
	case a.text != "":
		return []byte(a.text), a.header["Content-Type"], nil
	case a.body == nil:
		return nil, "", nil
	}
	raw, err := json.Marshal(a.body)
	return raw, "application/json; charset=utf-8", err
}

// withoutDigests is a body of JSON in which no object has a digest. What GitHub says
// today was held against its description before.
func withoutDigests(body []byte, kind string) ([]byte, error) {
	if !strings.HasPrefix(kind, "application/json") {
		return body, nil
	}
	var all any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	strip(all)
	return json.Marshal(all)
}

func strip(value any) {
	switch value := value.(type) {
	case object:
		delete(value, "digest")
		for _, member := range value {
			strip(member)
		}
	case []any:
		for _, entry := range value {
			strip(entry)
		}
	}
}

// stamp is a time as GitHub writes it: to the second, in UTC.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// stampOrNull is null for no time.
func stampOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

// nodeID is the identifier that a thing has in GitHub's other API: opaque, of its
// kind and number.
func nodeID(kind string, id int64) string {
	return kind + "_" + base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(id, 10)))
}

// number is an identifier in a path.
func number(id int64) string { return strconv.FormatInt(id, 10) }
