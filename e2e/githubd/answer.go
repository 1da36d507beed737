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

// object is a JSON object in a response.
type object = map[string]any

// answer is a response.
type answer struct {
	status int
	header map[string]string
	body   any    // marshalled as JSON; nil for none
	text   string // used instead of JSON, with its media type in the header
}

// handler answers a request. It is called with Server.mu locked.
type handler func(*call) *answer

func ok(body any) *answer { return &answer{status: http.StatusOK, body: body} }

// created returns a 201 response whose Location is the new object's URL.
func created(body object) *answer {
	location, _ := body["url"].(string)
	return &answer{status: http.StatusCreated, body: body, header: map[string]string{"Location": location}}
}

func noContent() *answer { return &answer{status: http.StatusNoContent} }

// wrong is an entry in the errors of a 422 response.
type wrong struct {
	Resource string `json:"resource"`
	Code     string `json:"code"`
	Field    string `json:"field,omitempty"`
	Message  string `json:"message,omitempty"`
}

// fail returns an error response, with GitHub's own message where it is known.
func (c *call) fail(status int, message string) *answer {
	body := object{"message": message, "documentation_url": c.web + "/rest"}
	if status != http.StatusUnprocessableEntity {
		body["status"] = strconv.Itoa(status)
	}
	return &answer{status: status, body: body}
}

func (c *call) notFound() *answer { return c.fail(http.StatusNotFound, "Not Found") }

// refuse returns a 422 response without a list of errors.
func (c *call) refuse(message string) *answer {
	return c.fail(http.StatusUnprocessableEntity, message)
}

// invalid returns a 422 response with a list of errors.
func (c *call) invalid(errors ...wrong) *answer {
	a := c.refuse("Validation Failed")
	a.body.(object)["errors"] = errors
	return a
}

// missing returns a 422 response for a missing member of the body.
func (c *call) missing(name string) *answer {
	return c.refuse(fmt.Sprintf("Invalid request.\n\n%q wasn't supplied.", name))
}

// broken returns a 500 response for what cannot happen unless the server has a bug, and
// records it as a violation.
func (c *call) broken(err error) *answer {
	c.s.journal.violate("answering %s %s: %v", c.r.Method, c.r.URL.Path, err)
	return c.fail(http.StatusInternalServerError, "Server Error")
}

// bytes returns the response's body and its media type.
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

// withoutDigests removes the digests of all objects in a JSON body. It runs after the
// response was checked against GitHub's description.
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

// stamp formats a time like GitHub: in UTC, to the second.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// stampOrNull returns nil for the zero time.
func stampOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

// nodeID returns the opaque identifier of an object in GitHub's GraphQL API.
func nodeID(kind string, id int64) string {
	return kind + "_" + base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(id, 10)))
}

// number formats an identifier for a path.
func number(id int64) string { return strconv.FormatInt(id, 10) }
