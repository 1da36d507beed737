package prepare

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/requirement"
)

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
func bump(asked string, v *semver.Version) (string, error) {
	if bare, err := v.SetMetadata(""); err == nil { // cargo warns about build metadata in a requirement
		v = &bare
	}
	cs, err := requirement.Parse(asked)
	if err != nil {
		return "", err
	}
	meets := cs.Met(v)
	isRange := len(cs) != 1 || strings.ContainsAny(cs[0].Op, "<>") || cs[0].Wildcard && cs[0].Op != ""
	switch {
	case meets && (isRange || len(cs[0].Numbers) < 3):
		return asked, nil
	case isRange:
		return "", fmt.Errorf("requirement %q rules out %s: write a range that allows both it and the version now, or %q", asked, v, v)
	case cs[0].Wildcard:
		if v.Prerelease() != "" {
			return "", fmt.Errorf("requirement %q rules out the prerelease %s, as every wildcard does: write %q", asked, v, v)
		}
		numbers := requirement.NumbersOf(v)[:len(cs[0].Numbers)]
		var form strings.Builder
		for _, n := range numbers {
			fmt.Fprintf(&form, "%d.", n)
		}
		return strings.Replace(asked, cs[0].Version, form.String()+"*", 1), nil
	}
	return strings.Replace(asked, cs[0].Version, v.String(), 1), nil
}
