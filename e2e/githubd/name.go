package githubd

import (
	"regexp"
	"strings"
)

var (
	special = regexp.MustCompile(`[^A-Za-z0-9_+@-]+`)
	foreign = regexp.MustCompile(`[^\x00-\x7f]`)
)

// assetName is what GitHub calls an asset that is uploaded under a name. The rule
// is not documented; this is the one that GitHub's own command line tool follows to
// find an asset again: runs of characters other than letters, digits, "-", "_",
// "+" and "@" become one dot, dots at both ends go, and what begins with a dot, or
// has nothing but an extension left, is called "default". How letters beyond ASCII
// are spelt out is not known, so they are a violation.
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
