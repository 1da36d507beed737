// Package signing tests signing with a Sigstore on loopback, verified by cosign 2 and 3.
package signing

import (
	"testing"

	"dagger/slipway/e2e/kit"
)

func TestMain(m *testing.M) { kit.Main(m) }
