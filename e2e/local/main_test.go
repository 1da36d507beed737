// Package local tests the local runner: what it builds, refuses and leaves behind.
package local

import (
	"testing"

	"dagger/slipway/e2e/kit"
)

func TestMain(m *testing.M) { kit.Main(m) }
