package plan

import (
	"slices"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/console"
)

// Order says for people in which order the workspace's crates must be released, a
// line each: what a crate needs from a registry comes before it. With a name it is
// that crate, last, and what must come before it.
func Order(w *cargo.Workspace, name string) (string, error) {
	crates, err := w.Order()
	if err != nil {
		return "", err
	}
	var wanted []*cargo.Crate
	if name != "" {
		c, err := w.Crate(name)
		if err != nil {
			return "", err
		}
		if wanted, err = w.Requires(c); err != nil {
			return "", err
		}
		wanted = append(wanted, c)
	}
	var b strings.Builder
	for _, c := range crates {
		if name != "" && !slices.Contains(wanted, c) {
			continue
		}
		where := "to a registry"
		if ok, reason := c.Publishable(); !ok {
			where = "to GitHub alone: " + reason
			if len(c.Shipped()) == 0 {
				continue // nothing of it could be released
			}
		}
		console.Fprintf(&b, "%s %s  (%s)\n", c.Name, c.Version, where)
	}
	return b.String(), nil
}
