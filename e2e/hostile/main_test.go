// Package hostile attacks slipway itself: sandbox, artifacts, tokens, verifier and inputs.
package hostile

import (
	"testing"

	"dagger/slipway/e2e/kit"
)

func TestMain(m *testing.M) { kit.Main(m) }
