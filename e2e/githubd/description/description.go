package description

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// Description is the part of GitHub's description that has some operations. It
// may be used by any number of goroutines.
type Description struct {
	document *openapi3.T
}

// Load returns the description of the operations, each as the description itself
// writes it. An operation that it does not have is an error.
func Load(operations []Operation) (*Description, error) {
	raw, err := read()
	if err != nil {
		return nil, err
	}
	document, err := cut(raw, operations)
	if err != nil {
		return nil, err
	}
	if err := except(document); err != nil {
		return nil, err
	}
	closeObjects(document)
	small, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("cutting the description: %w", err)
	}
	loaded, err := openapi3.NewLoader().LoadFromData(small)
	if err != nil {
		return nil, fmt.Errorf("loading the description: %w", err)
	}
	return &Description{loaded}, nil
}

// formats are those of strings that the validator does not look at by itself.
var formats = map[string]openapi3.StringFormatValidator{
	"uri": openapi3.NewCallbackValidator(func(s string) error {
		u, err := url.Parse(s)
		if err == nil && (u.Scheme == "" || u.Host == "") {
			err = fmt.Errorf("%q is no absolute URL", s)
		}
		return err
	}),
	"date-time": openapi3.NewCallbackValidator(func(s string) error {
		_, err := time.Parse(time.RFC3339, s)
		return err
	}),
}

// options are those of every look at a request.
func options(bodyless bool) *openapi3filter.Options {
	return &openapi3filter.Options{
		ExcludeRequestBody:                bodyless,
		MultiError:                        true,
		RejectWhenRequestBodyNotSpecified: true,
		SkipSettingDefaults:               true,
		AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
		SchemaValidationOptions:           []openapi3.SchemaValidationOption{openapi3.WithStringFormatValidators(formats)},
	}
}
