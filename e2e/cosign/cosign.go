// Package cosign gives tests cosign's own command, the judge of every signature.
package cosign

import (
	"fmt"

	"dagger/slipway/e2e/gotool"
)

// releases are the releases that are built, by major version: the newest of each
// that the Go release of go.mod compiles.
var releases = map[int]string{
	2: "v2.6.5",
	3: "v3.1.2",
}

// Command returns the path of cosign's command of a major version, 2 or 3, which is
// compiled as [gotool.Command] does.
func Command(major int) (string, error) {
	release, ok := releases[major]
	if !ok {
		return "", fmt.Errorf("building cosign %d: there is no such release here; expected 2 or 3", major)
	}
	return gotool.Command(fmt.Sprintf("github.com/sigstore/cosign/v%d/cmd/cosign", major), release)
}
