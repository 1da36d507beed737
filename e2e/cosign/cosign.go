// Package cosign provides cosign's command to tests. It is the reference for all
// signatures.
package cosign

import (
	"fmt"

	"dagger/slipway/e2e/gotool"
)

// releases maps the major version to the release that is built: the newest one that
// compiles with the Go version in go.mod.
var releases = map[int]string{
	2: "v2.6.5",
	3: "v3.1.2",
}

// Command returns the path of the cosign command of a major version, 2 or 3. It is compiled
// by [gotool.Command].
func Command(major int) (string, error) {
	release, ok := releases[major]
	if !ok {
		return "", fmt.Errorf("building cosign %d: there is no such release here; expected 2 or 3", major)
	}
	return gotool.Command(fmt.Sprintf("github.com/sigstore/cosign/v%d/cmd/cosign", major), release)
}
