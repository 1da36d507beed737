// Package requirement reads the version requirements of dependencies as cargo does (The Cargo Book,
// "Specifying Dependencies").
package requirement

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// List is a version requirement: comparators that a version must all satisfy.
type List []Comparator

// Comparator is one part of a requirement: an operator and up to three numbers, none for "*".
type Comparator struct {
	Op       string // "" means a caret
	Numbers  []uint64
	Wildcard bool
	Version  string // everything except the operator

	pre string
}

var comparatorForm = regexp.MustCompile(`^(\^|~|=|>=?|<=?)?[ \t]*((\d+|[*xX])(?:\.(\d+|[*xX]))?(?:\.(\d+|[*xX]))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?)$`)

// Parse reads a requirement. The error quotes it.
func Parse(requirement string) (List, error) {
	var cs List
	for part := range strings.SplitSeq(requirement, ",") {
		c, err := parseComparator(strings.Trim(part, " \t"))
		if err != nil {
			return nil, fmt.Errorf("requirement %q: %w", requirement, err)
		}
		cs = append(cs, c)
	}
	return cs, nil
}

func parseComparator(s string) (Comparator, error) {
	wrong := errors.New("cargo cannot read it: write the crate's version")
	m := comparatorForm.FindStringSubmatch(s)
	if m == nil {
		return Comparator{}, wrong
	}
	c := Comparator{Op: m[1], Version: m[2], pre: m[6]}
	for _, part := range m[3:6] {
		switch n, err := strconv.ParseUint(part, 10, 64); {
		case part == "":
		case strings.Contains("*xX", part):
			c.Wildcard = true
		case c.Wildcard || err != nil:
			return Comparator{}, wrong
		default:
			c.Numbers = append(c.Numbers, n)
		}
	}
	if c.pre != "" && len(c.Numbers) < 3 {
		return Comparator{}, wrong
	}
	return c, nil
}

// Met reports whether v satisfies every comparator. A prerelease only does if some comparator
// has the same numbers and a prerelease too.
func (l List) Met(v *semver.Version) bool {
	asked := v.Prerelease() == ""
	for _, c := range l {
		if len(c.Numbers) > 0 && !c.met(v) {
			return false
		}
		asked = asked || c.pre != "" && slices.Equal(c.Numbers, NumbersOf(v))
	}
	return asked
}

func (c Comparator) met(v *semver.Version) bool {
	have := NumbersOf(v)
	order := slices.Compare(have[:len(c.Numbers)], c.Numbers)
	pre := 0 // order of the prereleases, if the numbers are equal
	if len(c.Numbers) == 3 {
		pre = semver.New(0, 0, 0, v.Prerelease(), "").Compare(semver.New(0, 0, 0, c.pre, ""))
	}
	exact := order == 0 && v.Prerelease() == c.pre
	switch c.Op {
	case "=":
		return exact
	case ">", ">=":
		return order > 0 || order == 0 && pre > 0 || exact && c.Op == ">="
	case "<", "<=":
		return order < 0 || order == 0 && pre < 0 || exact && c.Op == "<="
	}
	if c.Wildcard && c.Op == "" {
		return exact
	}
	fixed := c.fixed()
	return slices.Equal(have[:fixed], c.Numbers[:fixed]) && (order > 0 || order == 0 && pre >= 0)
}

// fixed returns how many of the leading numbers must not change: the first two for a tilde, and
// those up to the first nonzero one for a caret.
func (c Comparator) fixed() int {
	if c.Op == "~" {
		return min(2, len(c.Numbers))
	}
	first := slices.IndexFunc(c.Numbers, func(n uint64) bool { return n > 0 })
	if first < 0 {
		return len(c.Numbers)
	}
	return first + 1
}

// NumbersOf returns the three numbers of a version.
func NumbersOf(v *semver.Version) []uint64 {
	return []uint64{v.Major(), v.Minor(), v.Patch()}
}
