package plan

import (
	"slices"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/console"
)

// Order describes the order in which the workspace's crates must be released, one crate per line:
// what a crate needs from a registry comes before it. If name is not "", only that crate and what
// must come before it are listed.
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
			where = "to GitHub only: " + reason
			if len(c.Shipped()) == 0 {
				continue // it has nothing to release
			}
		}
		console.Fprintf(&b, "%s %s  (%s)\n", c.Name, c.Version, where)
	}
	return b.String(), nil
}
