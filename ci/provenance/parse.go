package provenance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"dagger/slipway/ci/quote"
)

// maxSize is far larger than any statement of a release, in bytes.
const maxSize = 4 << 20

// Parse parses a statement. It ignores unknown fields, as in-toto asks of consumers, except
// among the external parameters, where SLSA asks verifiers to refuse them. It returns an
// error if raw is larger than 4 MiB, is not a single JSON value of the right form, has keys
// in an object that are equal up to case (two readers could see two different statements),
// or is not of the types StatementType and PredicateType.
func Parse(raw []byte) (Statement, error) {
	if len(raw) > maxSize {
		return Statement{}, fmt.Errorf("reading provenance: it has %d bytes; expected at most %d", len(raw), maxSize)
	}
	if err := checkKeys(raw); err != nil {
		return Statement{}, fmt.Errorf("reading provenance: %w", err)
	}
	// The types are checked first, so that a predicate of another type is not reported as
	// malformed.
	var head struct {
		Type          string `json:"_type"`
		PredicateType string `json:"predicateType"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return Statement{}, fmt.Errorf("reading provenance: %w", err)
	}
	if head.Type != StatementType || head.PredicateType != PredicateType {
		return Statement{}, fmt.Errorf("reading provenance: it is a %s that holds a %s; expected a %q that holds a %q", quote.Line(head.Type), quote.Line(head.PredicateType), StatementType, PredicateType)
	}
	var s Statement
	if err := json.Unmarshal(raw, &s); err != nil {
		return Statement{}, fmt.Errorf("reading provenance: %w", err)
	}
	return s, nil
}

// UnmarshalJSON implements [json.Unmarshaler]. It returns an error for a parameter that
// BuildType does not define.
func (p *Parameters) UnmarshalJSON(raw []byte) error {
	type plain Parameters
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var read plain
	if err := d.Decode(&read); err != nil {
		return fmt.Errorf("external parameters: %w", err)
	}
	*p = Parameters(read)
	return nil
}

// checkKeys returns an error unless raw is a single JSON value in which no object has keys
// that are equal up to case.
func checkKeys(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	var open []*object // nil stands for an array
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			if len(open) > 0 {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'):
			open = descend(open, &object{keys: map[string]bool{}})
			continue
		case json.Delim('['):
			open = descend(open, nil)
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if len(open) > 0 {
				if err := open[len(open)-1].add(t); err != nil {
					return err
				}
			}
		}
		if len(open) == 0 {
			return atEnd(d)
		}
	}
}

func descend(open []*object, o *object) []*object {
	if n := len(open); n > 0 {
		open[n-1].value()
	}
	return append(open, o)
}

func atEnd(d *json.Decoder) error {
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the statement; expected one JSON value")
	}
	return nil
}

// object is a JSON object being read.
type object struct {
	keys  map[string]bool
	inKey bool // the key was read, its value is next
}

// value records that a value begins.
func (o *object) value() {
	if o != nil {
		o.inKey = false
	}
}

// add records a token that is not a delimiter.
func (o *object) add(t json.Token) error {
	if o == nil {
		return nil
	}
	if o.inKey {
		o.inKey = false
		return nil
	}
	o.inKey = true
	key, _ := t.(string)
	folded := strings.ToLower(strings.ToUpper(key))
	if o.keys[folded] {
		return fmt.Errorf("the key %s appears twice; expected each once", quote.Line(key))
	}
	o.keys[folded] = true
	return nil
}
