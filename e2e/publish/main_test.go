// Package publish tests publishing to a simulated GitHub and a real registry.
package publish

import (
	"testing"

	"dagger/slipway/e2e/kit"
)

func TestMain(m *testing.M) { kit.Main(m) }
