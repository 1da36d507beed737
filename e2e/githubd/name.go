package githubd

import (
	"regexp"
	"strings"
)

var (
	special = regexp.MustCompile(`[^A-Za-z0-9_+@-]+`)
	foreign = regexp.MustCompile(`[^\x00-\x7f]`)
)

// assetName returns the name that GitHub gives an uploaded asset. The rule is not
// documented; this is the one by which GitHub's own command-line tool finds an asset again:
// runs of characters other than letters, digits, "-", "_", "+" and "@" become one dot, dots
// at both ends are removed, and a name that begins with a dot, or consists only of an
// extension, gets the prefix "default". How GitHub transliterates non-ASCII letters is
// unknown, so they are a violation.
func (c *call) assetName(name string) string {
	if foreign.MatchString(name) {
		c.s.journal.violate("request %s: asset name %q has characters beyond ASCII; how GitHub renames them is not known", c.route, name)
	}
	clean := name
	if strings.HasPrefix(clean, ".") {
		clean = "default" + clean
	}
	clean = strings.Trim(special.ReplaceAllLiteralString(clean, "."), ".")
	if clean != name && !strings.Contains(clean, ".") {
		clean = "default." + clean
	}
	return clean
}
