package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// crate is one entry of the list.
type crate struct {
	Name, Version string
	Sample        bool // `make test` releases it
}

var (
	nameForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
	versionForm = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*$`)
)

// parseList parses lines of the form "name version" or "name version sample"; "#" begins a
// comment. A duplicate crate is an error.
func parseList(text string) ([]crate, error) {
	var list []crate
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		sample := len(fields) == 3 && fields[2] == "sample"
		if len(fields) != 2 && !sample || !nameForm.MatchString(fields[0]) || !versionForm.MatchString(fields[1]) {
			return nil, fmt.Errorf("reading crates.txt: line %d is %q: expected a crate's name, its exact version, and perhaps \"sample\"", n, strings.TrimSpace(line))
		}
		c := crate{Name: fields[0], Version: fields[1], Sample: sample}
		if slices.ContainsFunc(list, func(other crate) bool { return other.Name == c.Name }) {
			return nil, fmt.Errorf("reading crates.txt: line %d: crate %q is there twice: keep one version", n, c.Name)
		}
		list = append(list, c)
	}
	return list, nil
}
