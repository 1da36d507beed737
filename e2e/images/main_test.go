// Package images tests images: made, pushed to two registries, signed, and run.
package images

import (
	"testing"

	"dagger/slipway/e2e/kit"
)

func TestMain(m *testing.M) { kit.Main(m) }
