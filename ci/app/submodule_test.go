package app

import (
	"testing"

	"dagger/slipway/ci/gittest"
)

// TestPackageOfSubmodule checks that the package of a member in a submodule names the submodule's
// commit, as cargo's own package does, and that of any other member the repository's.
func TestPackageOfSubmodule(t *testing.T) {
	inner := tree(t, map[string]string{"Cargo.toml": manifest("inner"), "src/lib.rs": "//\n"})
	middle := tree(t, map[string]string{"README.md": "middle\n", "crates/mid/Cargo.toml": manifest("mid"), "crates/mid/src/lib.rs": "//\n"})
	add := func(repository, other, at string) {
		gittest.Run(t, repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "file://"+other, at)
		commitAll(t, repository)
	}
	add(middle, inner, "deps/inner")
	for _, at := range []string{"", "rust/"} {
		outer := tree(t, map[string]string{
			at + "Cargo.toml": "[workspace]\nresolver = \"2\"\nmembers = [\"a\", \"third/middle/crates/mid\", \"third/middle/deps/inner\"]\n",
			at + "Cargo.lock": lock("a", "inner", "mid"), at + "a/Cargo.toml": manifest("a"), at + "a/src/lib.rs": "//\n",
		})
		add(outer, middle, at+"third/middle")
		for _, crate := range []string{"a", "mid", "inner"} {
			t.Run(at+crate, func(t *testing.T) { wantSamePackage(t, outer, at, crate) })
		}
	}
}
