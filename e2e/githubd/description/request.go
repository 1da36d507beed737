package description

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Request returns what is wrong with a request for an operation, nil if nothing is.
// parameters are the unescaped parameters of its path. A nil body is not checked: an
// upload's body is streamed, and GitHub accepts any media type for it, though the
// description has only application/octet-stream.
func (d *Description) Request(o Operation, r *http.Request, parameters map[string]string, body []byte) []string {
	item := d.document.Paths.Value(o.Path)
	described := item.GetOperation(o.Method)
	wrong := undescribed(r, item, described)
	copied := r.Clone(context.Background())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	copied.ContentLength = int64(len(body))
	err := openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request:    copied,
		PathParams: parameters,
		Route:      &routers.Route{Spec: d.document, Path: o.Path, PathItem: item, Method: o.Method, Operation: described},
		Options:    options(body == nil),
	})
	for _, err := range flatten(err) {
		wrong = append(wrong, fmt.Sprintf("request %s: %v", o, err))
	}
	return wrong
}

// undescribed returns query parameters that the operation does not have. The validator
// skips them, and GitHub ignores them.
func undescribed(r *http.Request, item *openapi3.PathItem, o *openapi3.Operation) []string {
	var wrong []string
	for name := range r.URL.Query() {
		if o.Parameters.GetByInAndName("query", name) == nil && item.Parameters.GetByInAndName("query", name) == nil {
			wrong = append(wrong, fmt.Sprintf("request %s %s: query parameter %q is none of the operation", r.Method, r.URL.Path, name))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// flatten returns the individual errors, each on one line: the validator appends the schema
// and the value on further lines.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(openapi3.MultiError); ok {
		var all []error
		for _, one := range many {
			all = append(all, flatten(one)...)
		}
		return all
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return []error{fmt.Errorf("%s", line)}
}
