// Package actions tests the GitHub Actions workflows that slipway generates, run by act.
package actions

import (
	"testing"

	"dagger/slipway/e2e/kit"
)

func TestMain(m *testing.M) { kit.Main(m) }
