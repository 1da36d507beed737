package description

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// describedElsewhere lists statuses that any operation may return although most do not list
// them: GitHub describes them in its general texts about authentication, redirects, rate
// limits and errors. Their bodies are checked against the error schemas.
var describedElsewhere = []int{
	http.StatusMovedPermanently, http.StatusTemporaryRedirect, // a renamed repository
	http.StatusBadRequest,          // a body that is not JSON
	http.StatusUnauthorized,        // an invalid token
	http.StatusForbidden,           // no permission, or a rate limit
	http.StatusNotFound,            // a private or missing repository
	http.StatusUnprocessableEntity, // a body with invalid values
	http.StatusTooManyRequests,     // a rate limit
	http.StatusInternalServerError, // an error of GitHub
	http.StatusBadGateway,          // a failed upload
	http.StatusServiceUnavailable,  // an error of GitHub
	http.StatusGatewayTimeout,      // an error of GitHub
}

// Answer returns what is wrong with a response to a request for an operation, nil if
// nothing is.
func (d *Description) Answer(o Operation, status int, header http.Header, body []byte) []string {
	where := fmt.Sprintf("answer %d to %s", status, o)
	described := d.document.Paths.Value(o.Path).GetOperation(o.Method).Responses.Status(status)
	if described == nil {
		if !slices.Contains(describedElsewhere, status) {
			return []string{where + ": the operation has no such status"}
		}
		return d.failure(where, status, body)
	}
	content := described.Value.Content
	if len(content) == 0 {
		if status >= http.StatusBadRequest {
			return d.failure(where, status, body)
		}
		if len(body) > 0 {
			return []string{fmt.Sprintf("%s: a body of %d bytes; expected none", where, len(body))}
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return []string{fmt.Sprintf("%s: reading the media type: %v", where, err)}
	}
	media := content[kind]
	if media == nil {
		return []string{fmt.Sprintf("%s: media type %q is none of the operation", where, kind)}
	}
	if kind != "application/json" {
		return visit(where, media.Schema, string(body))
	}
	return visitJSON(where, body, media.Schema)
}

// failure checks the body of an error that the operation does not describe: it must match
// one of the error schemas.
func (d *Description) failure(where string, status int, body []byte) []string {
	if len(body) == 0 {
		return nil
	}
	wrong := map[string][]string{}
	for _, name := range errorSchemas {
		wrong[name] = visitJSON(where, body, d.document.Components.Schemas[name])
		if len(wrong[name]) == 0 {
			return nil
		}
	}
	if status == http.StatusUnprocessableEntity {
		return wrong["validation-error"]
	}
	return wrong["basic-error"]
}

func visitJSON(where string, body []byte, schema *openapi3.SchemaRef) []string {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return []string{fmt.Sprintf("%s: reading the body: %v", where, err)}
	}
	return visit(where, schema, value)
}

func visit(where string, schema *openapi3.SchemaRef, value any) []string {
	err := schema.Value.VisitJSON(value, openapi3.VisitAsResponse(), openapi3.MultiErrors(),
		openapi3.EnableFormatValidation(), openapi3.WithStringFormatValidators(formats))
	var wrong []string
	for _, err := range flatten(err) {
		wrong = append(wrong, fmt.Sprintf("%s: %v", where, err))
	}
	return wrong
}
