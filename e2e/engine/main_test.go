// Package engine tests the module and the command on a Dagger engine.
package engine

import (
	"testing"

	"dagger/slipway/e2e/kit"
)

func TestMain(m *testing.M) { kit.Main(m) }
