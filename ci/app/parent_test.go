package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/gittest"
)

// TestMemberIsNoWorkspace checks that no verb takes a member of a workspace above it for a workspace
// of its own, and that the error says what to pass.
func TestMemberIsNoWorkspace(t *testing.T) {
	for name, tt := range map[string]struct {
		root string // the manifest above
		want string
	}{
		"a member":      {"[workspace]\nmembers = [\"libs/*\"]\n", `--source "repository" (with Dagger --workspace ".")`},
		"not a member":  {"[workspace]\nexclude = [\"libs\"]\n", ""},
		"nothing above": {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			repository := filepath.Join(t.TempDir(), "repository")
			dir := filepath.Join(repository, "libs", "a")
			write(t, filepath.Join(dir, "src", "lib.rs"), "")
			write(t, filepath.Join(dir, "Cargo.toml"), "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2021\"\n")
			if tt.root != "" {
				write(t, filepath.Join(repository, "Cargo.toml"), tt.root)
			}
			repository = gittest.Repository(t, repository)
			dir = filepath.Join(repository, "libs", "a")
			err := checkParent(t.Context(), &fakeHost{t: t, dir: dir}, filepath.Join("repository", "libs", "a"))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("the error is %v, expected %q", err, tt.want)
			}
			for _, v := range []Verb{&Plan{Subject: Subject{Crate: "a", Version: "1.0.0"}}, &Order{}, &Prepare{Crate: "a", Version: "1.0.1"}} {
				_, err := v.Run(t.Context(), &fakeHost{t: t, dir: dir})
				if told := err != nil && strings.Contains(err.Error(), "to cargo it is a member of the workspace"); told != (tt.want != "") {
					t.Errorf("%T: %v", v, err)
				}
			}
		})
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
