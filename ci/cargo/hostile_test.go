package cargo

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

// TestRefusedWorkspaces checks that each workspace of e2e's test data that planning can refuse is
// refused for its one fault, with the place.
func TestRefusedWorkspaces(t *testing.T) {
	tests := map[string][]string{
		"config-rustflags":    {`.cargo/config.toml:2: `, `"-Clinker=scripts/linker.sh" in "build.rustflags"`, "it replaces the linker"},
		"config-wrapper":      {`.cargo/config.toml:3: `, `"build.rustc-workspace-wrapper" is not allowed in a release`, "it replaces the compiler"},
		"config-credential":   {`.cargo/config.toml:2: `, `"registry.credential-provider" is not allowed`, "runs a program to fetch credentials"},
		"config-source":       {`.cargo/config.toml:1: `, `"source" is not allowed`, "replaces the sources that Cargo.lock names"},
		"config-include":      {`.cargo/extra.toml:2: `, `"build.rustc-wrapper" is not allowed in a release`, "it replaces the compiler"},
		"toolchain-path":      {`rust-toolchain.toml:2: `, `toolchain path "/opt/toolchain" is on one machine only`, "name a channel"},
		"stale-lock":          {`Cargo.lock: the lock file is stale`, `crate "stale-lock" is locked at 0.0.9, but its manifest says 0.1.0`, `run "cargo update --workspace" and commit the file`},
		"path-outside":        {`Cargo.toml:10: dependency "elsewhere"`, `path "../../elsewhere" is outside the workspace`, "move it in"},
		"dep-without-version": {`Cargo.toml:15: dependency "leaf"`, "it has a path but no version", `version = "0.1.0"`},
		"excluded-member":     {`finding crate "excluded-member"`, `"crates/excluded-member" is in the workspace's `, "only members are released"},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) { wantError(t, firstError(t, name), want...) })
	}
}

// TestNotedWorkspaces checks that notes about a workspace are reported and stop nothing.
func TestNotedWorkspaces(t *testing.T) {
	for name, want := range map[string]string{
		"env-packaged": ".env: the file is published with the crate, and its name suggests that it holds secrets",
		"symlink-out":  `src/notes.txt: the symbolic link points to "/etc/passwd", outside the workspace`,
	} {
		w := readDir(t, filepath.Join(workspaces, name))
		found := w.Findings(crate(t, w, name), true)
		if len(found) != 1 || found[0].Stops != finding.Nothing || !strings.HasPrefix(found[0].String(), want) {
			t.Errorf("%s: %q, expected a note that says %q", name, found.Lines(), want)
		}
	}
}

// TestOtherWorkspaces checks that all other workspaces of e2e's test data pass here: later steps
// must find their faults, and an unrelated error here would hide them.
func TestOtherWorkspaces(t *testing.T) {
	others := []string{
		"changelog-missing-section", "config-linker", "git-unpinned", "no-changelog", "config-runner", "failing-test", "hostile-daemon", "hostile-network",
		"hostile-test", "hostile-tokens", "hostile-writes", "missing-binary", "no-tests", "toolchain-channel",
	}
	for _, name := range others {
		if err := firstError(t, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := readDir(t, filepath.Join(workspaces, "config-linker"))
	want := []string{
		"target.aarch64-unknown-linux-gnu.linker", "target.aarch64-unknown-linux-musl.linker", "target.wasm32-wasip1.linker",
		"target.x86_64-unknown-linux-gnu.linker", "target.x86_64-unknown-linux-musl.linker",
	}
	if !slices.Equal(w.Config.Dropped, want) || w.Config.Text != "" {
		t.Errorf("config-linker: dropped %q, kept %q", w.Config.Dropped, w.Config.Text)
	}
	w = readDir(t, filepath.Join(workspaces, "config-runner"))
	if want := []string{"target.cfg(unix).runner"}; !slices.Equal(w.Config.Dropped, want) || w.Config.Text != "" {
		t.Errorf("config-runner: dropped %q, kept %q", w.Config.Dropped, w.Config.Text)
	}
}

// firstError reads a workspace of the test data as planning does and returns its errors.
func firstError(t *testing.T, name string) error {
	t.Helper()
	dir := filepath.Join(workspaces, name)
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err)
	}
	w, err := Read(os.DirFS(dir))
	if err != nil {
		return err
	}
	c, err := w.Crate(name)
	if err != nil {
		return err
	}
	return errors.Join(stoppingError(w, c), readChangelogs(w, c))
}

func readChangelogs(w *Workspace, c *Crate) error {
	files, err := w.Changelogs(c)
	for _, l := range files {
		_, wrong := w.ReadChangelog(l)
		err = errors.Join(err, wrong)
	}
	return err
}
