package release

import (
	"testing"
)

// TestTokenOfChosenToolchain checks that cargo gets no token in an image that only the
// workspace has named.
func TestTokenOfChosenToolchain(t *testing.T) {
	const own, theirs = "slipway's", "registry.example.org/rust@sha256:1"
	for _, c := range []struct {
		planned, setting, named string
		refused                 bool
	}{
		{own, "", "", false},
		{own, "debian", "", false},
		{theirs, theirs, "", true},
		{theirs, theirs, theirs, false},
		{theirs, "", theirs, false},
		{theirs, "another", theirs, false},
	} {
		rel, _ := newRelease(t)
		rel.Plan.Crates[0].Toolchain, rel.Workspace.Settings.Toolchain = c.planned, c.setting
		rel.To.ToolchainNamed = c.named != ""
		err := begin(t, rel).crates[0].checkToolchain()
		if c.refused {
			says(t, err, theirs, "--toolchain=")
		} else if err != nil {
			t.Errorf("planned %q, setting %q, named %q: %v", c.planned, c.setting, c.named, err)
		}
	}
}
