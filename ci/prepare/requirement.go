package prepare

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// comparator is one part of a version requirement (The Cargo Book, "Specifying Dependencies"):
// an operator and up to three numbers, none for "*".
type comparator struct {
	op       string // "" means a caret
	numbers  []uint64
	wildcard bool
	pre      string
	version  string // everything except the operator
}

var comparatorForm = regexp.MustCompile(`^(\^|~|=|>=?|<=?)?[ \t]*((\d+|[*xX])(?:\.(\d+|[*xX]))?(?:\.(\d+|[*xX]))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?)$`)

// bump returns the new requirement on a crate whose new version is v.
//
//   - A full version, "0.3.1", "^0.3.1", "~0.3.1" or "=0.3.1", is replaced by v with the same
//     operator, even if v satisfies it: from now on the dependent is built and tested with v,
//     and may need what is new there.
//   - A partial version, "0.3" or "~1", is unspecific on purpose. It stays if v satisfies it,
//     and is replaced by the full v otherwise: "0.4" would claim that any 0.4 is enough.
//   - A wildcard, "0.3.*", stays if v satisfies it, and keeps its form otherwise: "0.4.*".
//   - A range, ">=0.3, <0.5" or ">0.3", stays if v satisfies it. Otherwise it is an error,
//     because only its author knows where it should end.
//
// Surrounding whitespace is kept.
func bump(requirement string, v *semver.Version) (string, error) {
	if bare, err := v.SetMetadata(""); err == nil { // cargo warns about build metadata in a requirement
		v = &bare
	}
	cs, err := parseRequirement(requirement)
	if err != nil {
		return "", err
	}
	meets := met(cs, v)
	isRange := len(cs) != 1 || strings.ContainsAny(cs[0].op, "<>") || cs[0].wildcard && cs[0].op != ""
	switch {
	case meets && (isRange || len(cs[0].numbers) < 3):
		return requirement, nil
	case isRange:
		return "", fmt.Errorf("requirement %q rules out %s: write a range that allows both it and the version now", requirement, v)
	case cs[0].wildcard:
		if v.Prerelease() != "" {
			return "", fmt.Errorf("requirement %q rules out the prerelease %s, as every wildcard does: write %q", requirement, v, v)
		}
		numbers := numbersOf(v)[:len(cs[0].numbers)]
		var form strings.Builder
		for _, n := range numbers {
			fmt.Fprintf(&form, "%d.", n)
		}
		return strings.Replace(requirement, cs[0].version, form.String()+"*", 1), nil
	}
	return strings.Replace(requirement, cs[0].version, v.String(), 1), nil
}

func parseRequirement(requirement string) ([]comparator, error) {
	var cs []comparator
	for part := range strings.SplitSeq(requirement, ",") {
		c, err := parseComparator(strings.Trim(part, " \t"))
		if err != nil {
			return nil, fmt.Errorf("requirement %q: %w", requirement, err)
		}
		cs = append(cs, c)
	}
	return cs, nil
}

func parseComparator(s string) (comparator, error) {
	wrong := errors.New("cargo cannot read it: write the crate's version")
	m := comparatorForm.FindStringSubmatch(s)
	if m == nil {
		return comparator{}, wrong
	}
	c := comparator{op: m[1], version: m[2], pre: m[6]}
	for _, part := range m[3:6] {
		switch n, err := strconv.ParseUint(part, 10, 64); {
		case part == "":
		case strings.Contains("*xX", part):
			c.wildcard = true
		case c.wildcard || err != nil:
			return comparator{}, wrong
		default:
			c.numbers = append(c.numbers, n)
		}
	}
	if c.pre != "" && len(c.numbers) < 3 {
		return comparator{}, wrong
	}
	return c, nil
}

// met reports whether v satisfies every comparator. A prerelease only does if some comparator
// has the same numbers and a prerelease too.
func met(cs []comparator, v *semver.Version) bool {
	asked := v.Prerelease() == ""
	for _, c := range cs {
		if len(c.numbers) > 0 && !c.met(v) {
			return false
		}
		asked = asked || c.pre != "" && slices.Equal(c.numbers, numbersOf(v))
	}
	return asked
}

func (c comparator) met(v *semver.Version) bool {
	have := numbersOf(v)
	order := slices.Compare(have[:len(c.numbers)], c.numbers)
	pre := 0 // order of the prereleases, if the numbers are equal
	if len(c.numbers) == 3 {
		pre = semver.New(0, 0, 0, v.Prerelease(), "").Compare(semver.New(0, 0, 0, c.pre, ""))
	}
	exact := order == 0 && v.Prerelease() == c.pre
	switch c.op {
	case "=":
		return exact
	case ">", ">=":
		return order > 0 || order == 0 && pre > 0 || exact && c.op == ">="
	case "<", "<=":
		return order < 0 || order == 0 && pre < 0 || exact && c.op == "<="
	}
	if c.wildcard && c.op == "" {
		return exact
	}
	fixed := c.fixed()
	return slices.Equal(have[:fixed], c.numbers[:fixed]) && (order > 0 || order == 0 && pre >= 0)
}

// fixed returns how many of the leading numbers must not change: the first two for a tilde, and
// those up to the first nonzero one for a caret.
func (c comparator) fixed() int {
	if c.op == "~" {
		return min(2, len(c.numbers))
	}
	first := slices.IndexFunc(c.numbers, func(n uint64) bool { return n > 0 })
	if first < 0 {
		return len(c.numbers)
	}
	return first + 1
}

func numbersOf(v *semver.Version) []uint64 {
	return []uint64{v.Major(), v.Minor(), v.Patch()}
}
