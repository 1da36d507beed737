// Package setting declares slipway's settings in Cargo.toml, under [workspace.metadata.slipway]
// and [package.metadata.slipway]. Manifests are checked against these declarations and
// docs/settings.md is generated from them, so that the two cannot differ.
package setting

import (
	"strings"

	"dagger/slipway/ci/triple"
)

// Table is the table of Cargo.toml that contains a setting.
type Table string

// The tables with settings.
const (
	Workspace Table = "workspace.metadata.slipway"
	Package   Table = "package.metadata.slipway"
)

// Keys returns the parts of the table's name.
func (t Table) Keys() []string { return strings.Split(string(t), ".") }

// Kind is the type of a setting's value.
type Kind string

// The kinds of value.
const (
	Text Kind = "a string"
	List Kind = "a list of strings"
	Flag Kind = "true or false"
)

// Setting declares one setting.
type Setting struct {
	Table Table
	// Key is the setting's dotted name. A part in angle brackets stands for a key that the
	// maintainer chooses, see [placeholders].
	Key  string
	Kind Kind
	// Default describes the behaviour without the setting.
	Default string
	// About describes what the setting does, in sentences.
	About string
	// Example is a valid value in TOML.
	Example string
}

// placeholders maps parts in angle brackets to the keys that they accept; nil means any.
var placeholders = map[string][]string{
	"<name>":   nil,
	"<target>": triple.Released(),
}

// All are the settings, in the order of docs/settings.md.
var All = []Setting{
	{Workspace, "toolchain", Text, "slipway's own image", "The image to build in, as a registry reference, or `debian`: slipway's own with Debian's Rust, whatever the toolchain file asks for. The command's `--toolchain` takes precedence.", `"ghcr.io/example/rust-musl@sha256:…"`},
	{Workspace, "release-branch", Text, "`main`", "The branch that releases are made from.", `"release-1.x"`},
	{Workspace, "main", Text, "no crate", "The crate whose highest stable version is the repository's latest release.", `"my-shim"`},
	{Workspace, "owners", Text, "none", "An owner that every published crate must have, as the registry names it.", `"github:containerd:runwasi-committers"`},
	{Workspace, "changelog", Text, "`CHANGELOG.md` of the crate, else of the workspace", "The file that release notes are taken from, relative to the workspace's root.", `"docs/CHANGES.md"`},
	{Workspace, "images.<name>.kind", Text, "none: it must be given", "The form of the image: `image` has a layer with the file in it, `module` has the wasm file itself for a layer, `artifact` is a wasm artifact.", `"image"`},
	{Workspace, "images.<name>.crate", Text, "none: `crate` or `file` must be given", "The crate that is built for the image.", `"demo-app"`},
	{Workspace, "images.<name>.binary", Text, "the crate's only binary", "The binary of the crate that the image holds.", `"demo-app"`},
	{Workspace, "images.<name>.file", Text, "none: `crate` or `file` must be given", "A .wasm file of the repository that the image holds, relative to the workspace's root.", `"modules/hello.wasm"`},
	{Workspace, "images.<name>.targets", List, "`[\"wasm32-wasip1\"]`", "The target triples to build for: wasm, or one or both musl targets.", `["x86_64-unknown-linux-musl"]`},
	{Workspace, "images.<name>.entrypoint", Text, "the file", "What a runtime starts, for a wasm image that is not an artifact.", `"/demo-app.wasm"`},

	{Package, "features", List, "only the crate's default features", "Features that cargo builds and tests the crate with, in addition to the default ones. A name that is no feature of the crate stops it, and the nearest is named.", `["cli", "tls"]`},
	{Package, "test", List, "none", "Additional arguments of `cargo test`. What follows `--` is the test program's.", `["--lib", "--", "--test-threads=1"]`},
	{Package, "registry", Flag, "`true`, unless `publish` in the manifest says otherwise", "Whether the crate goes to a registry. With `false` it is released only on GitHub; unlike `publish = false`, cargo can still publish it by hand.", `false`},
	{Package, "binaries", List, "every binary that cargo builds with the crate's features", "The binaries to build, sign and ship. `[]` ships none.", `["my-shim"]`},
	{Package, "changelog", Text, "that of the workspace", "The file that the crate's release notes are taken from, relative to the crate's directory.", `"CHANGES.md"`},
	{Package, "large-crate", Flag, "`false`", "Whether crates.io has raised its limit of 10 MiB for the crate's `.crate` file. It does so for crates that ask.", `true`},
	{Package, "commit", Flag, "`false`", "Whether build scripts get the commit: `git rev-parse HEAD` answers, and `VERGEN_GIT_SHA` and `BUILT_OVERRIDE_<crate>_GIT_COMMIT_HASH` hold it. A source is built without its git directory, and git has no history.", `true`},
	{Package, "commit-env", List, "none", "Additional variables that hold the commit, with `commit`.", `["GIT_HASH"]`},
	{Package, "target.<target>.features", List, "as `features`", "The features for one target, instead of `features`.", `["cli"]`},
	{Package, "target.<target>.test", List, "as `test`", "The additional arguments of `cargo test` for one target, instead of `test`.", `["--lib"]`},
}

// parts returns the parts of the key.
func (s Setting) parts() []string { return strings.Split(s.Key, ".") }
