package engine

import (
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/conformance"
)

// TestDaggerRefused checks that the module refuses some of the same workspaces.
func TestDaggerRefused(t *testing.T) {
	kit.Dagger(t)
	for _, c := range conformance.Refused {
		t.Run(c.Name, func(t *testing.T) {
			got := kit.CallModule(t, kit.Workspace(t, c.Name), "release-crate", "--crate", c.Name, "--version", "0.1.0").Run(t).WantCode(t, 1)
			got.WantStderr(t, c.Wants...)
		})
	}
	for _, c := range conformance.Stopped[:2] {
		t.Run(c.Name, func(t *testing.T) {
			text := kit.CallModule(t, kit.Workspace(t, c.Name), "plan", "--crate", c.Name, "--version", "0.1.0").Run(t).WantCode(t, 0).Stdout
			kit.WantAll(t, kit.Section(text, "A real release stops at"), c.Wants)
		})
	}
	for name, args := range map[string][2]string{"version": {"shim-demo", "$(id)"}, "crate": {"../..", "0.1.0"}} {
		t.Run(name, func(t *testing.T) {
			got := kit.CallModule(t, kit.Demo(t).Source, "plan", "--crate="+args[0], "--version="+args[1]).Run(t).WantCode(t, 1)
			got.WantStderr(t, name)
			if strings.Contains(got.Stderr, "withExec") || strings.Contains(got.Stderr, "panic") {
				t.Errorf("more than planning happened:\n%s", kit.Tail(got.Stderr))
			}
		})
	}
}
