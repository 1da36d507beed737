package cargo

import (
	"testing"
	"testing/fstest"
)

// placedFiles are files of a repository, by their names relative to the workspace in x/ws.
type placedFiles struct{ fstest.MapFS }

func (placedFiles) Prefix() string { return "x/ws" }

// TestReadBeside checks which files outside a workspace in x/ws belong to members that are not below
// its root.
func TestReadBeside(t *testing.T) {
	for members, tt := range map[string]struct{ selects, leaves string }{
		`"a"`:             {"", "x/a/Cargo.toml"},
		`"../b"`:          {"x/b/src/lib.rs", "x/bb/Cargo.toml"},
		`"../../b"`:       {"b/Cargo.toml", "x/b/Cargo.toml"},
		`"../ws/../b"`:    {"x/b/Cargo.toml", "b/Cargo.toml"},
		`"../*"`:          {"x/b/Cargo.toml", "y/Cargo.toml"},
		`"../b-*"`:        {"x/b-1/src/lib.rs", "x/b/Cargo.toml"},
		`"../**/b"`:       {"x/y/z/b/Cargo.toml", "b/Cargo.toml"},
		`"../[!b]"`:       {"x/c/Cargo.toml", "x/b/Cargo.toml"},
		`".."`:            {"x/Cargo.toml", "Cargo.toml"},
		`"../.."`:         {"y/z", ""},
		`"../../../b"`:    {"", "b/Cargo.toml"},
		`"/b", "../ws/a"`: {"", "b/Cargo.toml"},
	} {
		wanted := ReadBeside(placedFiles{files(map[string]string{"Cargo.toml": "[workspace]\nmembers = [" + members + "]\n"})})
		if tt.selects != "" && !wanted(tt.selects) || tt.leaves != "" && wanted(tt.leaves) {
			t.Errorf("%s: %q is selected: %t, %q: %t", members, tt.selects, wanted(tt.selects), tt.leaves, wanted(tt.leaves))
		}
	}
	for _, manifest := range []string{"[package\n", pkg("a"), "[workspace]\nmembers = [\"../b\"]\n"} {
		if wanted := ReadBeside(files(map[string]string{"Cargo.toml": manifest})); wanted("b/Cargo.toml") {
			t.Errorf("at a repository's root %q selects a file", manifest)
		}
	}
}
