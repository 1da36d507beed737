package app

import (
	"context"
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

// TestWorkflowsOfMember checks that no workflows are made for a member of a workspace.
func TestWorkflowsOfMember(t *testing.T) {
	repository := t.TempDir()
	write(t, filepath.Join(repository, "rust", "Cargo.toml"), "[workspace]\nmembers = [\"a\"]\n")
	write(t, filepath.Join(repository, "rust", "a", "src", "main.rs"), "fn main() {}\n")
	write(t, filepath.Join(repository, "rust", "a", "Cargo.toml"), "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2021\"\n")
	repository = gittest.Repository(t, repository)
	t.Chdir(repository)
	v := &Workflows{Source: ".", Workspace: "rust/a", Slipway: "owner/name@" + strings.Repeat("a", 40)}
	_, err := v.Run(t.Context(), caller{&fakeHost{t: t, dir: repository}})
	if err == nil || !strings.Contains(err.Error(), `"rust/a": to cargo it is a member of the workspace in "rust", `) || !strings.Contains(err.Error(), `--workspace "rust"`) {
		t.Errorf("the error is %v", err)
	}
	v.Workspace = "rust"
	if _, err := v.Run(t.Context(), caller{&fakeHost{t: t, dir: repository}}); err != nil {
		t.Errorf("of the workspace itself: %v", err)
	}
}

// caller is a host on which the caller's paths are those of the machine.
type caller struct{ *fakeHost }

func (caller) Files(_ context.Context, dir string) (string, error) { return dir, nil }

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
