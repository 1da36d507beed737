package dist

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"dagger/slipway/ci/quote"
)

const (
	digestLen = 64 // SHA-256 in hexadecimal digits

	// maxLine is the length of the longest line: digest, separator, name, newline.
	maxLine = digestLen + 2 + maxName + 1

	// maxSums is how many assets a GitHub release may have (GitHub Docs, "About releases").
	maxSums = 1000
)

// ParseSums parses a SHA256SUMS into digests by file name. It is the inverse of WriteSums,
// and accepts what sha256sum(1) of GNU coreutils writes for plain names: 64 lower-case
// hexadecimal digits, a space, a space (text) or an asterisk (binary), the name, a newline.
//
// Anything else is an error that names the line: another format, an escaped name (which
// sha256sum marks with a backslash), CRLF, a last line without newline, a name that
// CheckName refuses, a duplicate name, no lines, more than 1000 lines. Memory use does not
// depend on the length of a line.
func ParseSums(r io.Reader) (map[string][32]byte, error) {
	lines := bufio.NewReaderSize(r, maxLine)
	sums := map[string][32]byte{}
	for number := 1; ; number++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 && number > 1 {
			return sums, nil
		}
		if err == nil && number > maxSums {
			err = fmt.Errorf("expected at most %d, a release has no more files", maxSums)
		} else {
			err = addSum(sums, line, err)
		}
		if err != nil {
			return nil, fmt.Errorf("reading SHA256SUMS: line %d: %w", number, err)
		}
	}
}

// addSum adds a line to sums. reading is the error from reading the line.
func addSum(sums map[string][32]byte, line []byte, reading error) error {
	switch {
	case errors.Is(reading, bufio.ErrBufferFull):
		return fmt.Errorf("it begins %s and continues; expected at most %d bytes, is this a SHA256SUMS?", quote.Line(string(line)), maxLine)
	case errors.Is(reading, io.EOF) && len(line) == 0:
		return errors.New("it is missing; expected at least one file, the list is empty")
	case errors.Is(reading, io.EOF):
		return fmt.Errorf("%s has no newline; expected one, was the list fetched whole?", quote.Line(string(line)))
	case reading != nil:
		return reading
	}
	name, sum, err := parseSum(line[:len(line)-1])
	if err != nil {
		return err
	}
	if _, twice := sums[name]; twice {
		return fmt.Errorf("%q is listed a second time; expected each file once", name)
	}
	sums[name] = sum
	return nil
}

// parseSum parses a line without its newline.
func parseSum(line []byte) (name string, sum [32]byte, err error) {
	const form = "expected 64 hexadecimal digits, two spaces and a file name, as sha256sum writes them"
	switch {
	case bytes.HasPrefix(line, []byte(`\`)):
		return "", sum, fmt.Errorf("%s begins with a backslash: it has an escaped name; expected the plain name of a file", quote.Line(string(line)))
	case bytes.HasSuffix(line, []byte("\r")):
		return "", sum, fmt.Errorf("%s ends with a carriage return; expected a newline alone, was the list edited on Windows?", quote.Line(string(line)))
	case len(line) < digestLen+2 || line[digestLen] != ' ' || line[digestLen+1] != ' ' && line[digestLen+1] != '*':
		return "", sum, fmt.Errorf("%s is not a checksum line; %s", quote.Line(string(line)), form)
	}
	digits := line[:digestLen]
	if _, err := hex.Decode(sum[:], digits); err != nil || !bytes.Equal(digits, bytes.ToLower(digits)) {
		return "", [32]byte{}, fmt.Errorf("%s is not a SHA-256 digest; expected 64 of the digits 0 to 9 and a to f", quote.Line(string(digits)))
	}
	name = string(line[digestLen+2:])
	if err := CheckName(name); err != nil {
		return "", [32]byte{}, err
	}
	return name, sum, nil
}
