package engine

import (
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/conformance"
)

func TestDaggerHostile(t *testing.T) { conformance.Workspaces(t, kit.Dagger(t)) }

func TestDaggerLibrary(t *testing.T) { conformance.Libraries(t, kit.Dagger(t)) }

func TestDaggerSpawned(t *testing.T) { conformance.Spawned(t, kit.Dagger(t)) }
