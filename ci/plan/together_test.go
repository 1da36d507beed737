package plan

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/toolchain"
)

// TestTogether checks that several crates are packaged with the option that the channel's cargo
// needs for it, and a crate alone without.
func TestTogether(t *testing.T) {
	w := readDir(t, example)
	for _, tt := range []struct {
		crate, channel string
		want           bool
	}{
		{"shim-core@0.2.0", "", false},
		{"shim-core@0.2.0", "1.82.0", false},
		{"shim-core@0.2.0", "1.83.0", true},
		{"shim-core@0.2.0", "1.86.0", true},
		{"shim-core@0.2.0", "1.90.0", false},
		{"shim-core@0.2.0", "nightly-2026-05-01", false},
		{"fetcher@0.5.0", "1.86.0", false},
	} {
		req := Request{Crates: []string{tt.crate}}
		if tt.channel != "" {
			req.Rust = toolchain.Rust{Channel: tt.channel, Manifest: strings.Repeat("a", 64)}
		}
		p := newPlan(t, w, req)
		for _, name := range []string{StepPackage, StepVerifyPackage} {
			s := stepNamed(t, p, name)
			option, variable := slices.Contains(s.Args, "-Zpackage-workspace"), slices.Contains(s.Env, "RUSTC_BOOTSTRAP=1")
			if option != tt.want || variable != tt.want || !slices.IsSorted(s.Env) {
				t.Errorf("%s with %q: step %q has the option: %t, the variable: %t, want %t", tt.crate, tt.channel, name, option, variable, tt.want)
			}
		}
		if s := stepNamed(t, p, StepBuild(p.Targets[0])); slices.Contains(s.Env, "RUSTC_BOOTSTRAP=1") {
			t.Errorf("%s with %q is built with unstable features", tt.crate, tt.channel)
		}
	}
}
