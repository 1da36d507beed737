package description

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// Description is the part of GitHub's API description about some operations. It is safe for
// concurrent use.
type Description struct {
	document *openapi3.T
}

// Load returns the description of the operations, which must be spelled as in the
// description itself. An unknown operation is an error.
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

// formats validates string formats that the validator does not check by default.
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

// options returns the validator's options for requests.
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
