package cargo

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/BurntSushi/toml"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/setting"
	"dagger/slipway/ci/tomlfile"
)

// WorkspaceSettings are slipway's settings in [workspace.metadata.slipway], which package setting
// declares.
type WorkspaceSettings struct {
	// Toolchain is the image reference to build with unless the command line names one.
	Toolchain string `toml:"toolchain" json:"toolchain,omitempty"`
	// ReleaseBranch is the branch that releases are made from, if it is not main.
	ReleaseBranch string `toml:"release-branch" json:"releaseBranch,omitempty"`
	// Main is the crate whose highest stable release is marked as the repository's latest.
	Main string `toml:"main" json:"main,omitempty"`
	// Owners is an owner that every published crate must have, in the registry's notation: a team
	// is "github:org:team".
	Owners string `toml:"owners" json:"owners,omitempty"`
	// Changelog is the file that release notes are taken from, relative to the root.
	Changelog string `toml:"changelog" json:"changelog,omitempty"`
	// Images are the OCI images to release, by name, as declared: see [Workspace.Images].
	Images map[string]map[string]any `toml:"images" json:"-"`
}

// Settings are slipway's settings for one crate in [package.metadata.slipway], which package
// setting declares.
type Settings struct {
	// Features are passed to cargo build and cargo test as --features.
	Features []string `toml:"features" json:"features,omitempty"`
	// Test holds further arguments of cargo test, such as ["--lib", "--", "--test-threads=1"].
	Test []string `toml:"test" json:"test,omitempty"`
	// Registry says whether the crate goes to a registry; nil leaves the decision to `publish`.
	Registry *bool `toml:"registry" json:"registry,omitempty"`
	// Binaries are the binaries to ship; nil means all that cargo builds: see [Crate.Shipped].
	Binaries []string `toml:"binaries" json:"binaries,omitempty"`
	// Changelog is the file that release notes are taken from, relative to the crate's directory.
	Changelog string `toml:"changelog" json:"changelog,omitempty"`
	// LargeCrate says that crates.io has raised the size limit for this crate.
	LargeCrate bool `toml:"large-crate" json:"largeCrate,omitempty"`
	// Target holds settings that replace those above for one target, by its triple.
	Target map[string]TargetSettings `toml:"target" json:"target,omitempty"`
	// Commit passes the commit to build scripts: see [Workspace.AskForCommit].
	Commit bool `toml:"commit" json:"commit,omitempty"`
	// CommitEnv names further variables to set to the commit.
	CommitEnv []string `toml:"commit-env" json:"commitEnv,omitempty"`
}

// TargetSettings are a crate's settings for one target. A nil list is not set.
type TargetSettings struct {
	Features []string `toml:"features" json:"features,omitempty"`
	Test     []string `toml:"test" json:"test,omitempty"`
}

// For returns the settings that apply to a target.
func (s Settings) For(target string) Settings {
	t := s.Target[target]
	if t.Features != nil {
		s.Features = t.Features
	}
	if t.Test != nil {
		s.Test = t.Test
	}
	s.Target = nil
	return s
}

// readSettings decodes the settings of a manifest. The error gives the line of every unknown
// setting of the workspace and every value of the wrong type; those of the package are faults.
func (m *manifest) readSettings(file string, raw []byte) error {
	for _, p := range check(setting.Package, packageMetadata(m)) {
		m.faults = append(m.faults, fault{stops: finding.Everything, at: append([]string{"package", "metadata"}, p.Path...), what: p.What})
	}
	var wrong finding.List
	line := tomlfile.Lines(raw)
	for _, p := range check(setting.Workspace, workspaceMetadata(m)) {
		at := line(append([]string{"workspace", "metadata"}, p.Path...)...)
		wrong = append(wrong, finding.Finding{Stops: finding.Everything, File: file, Line: at, What: p.What})
	}
	if err := wrong.Check("reading settings", finding.Everything); err != nil {
		return err
	}
	var err error
	if len(m.faults) == 0 {
		err = decode(packageMetadata(m), &m.settings)
	}
	if err = errors.Join(err, decode(workspaceMetadata(m), &m.workspaceSettings)); err != nil {
		return fmt.Errorf("reading settings of %q: %w", file, err)
	}
	return nil
}

// check returns the problems of slipway's settings in a `metadata` table, and of tables that are
// named almost like it. The paths begin below the `metadata` table.
func check(table setting.Table, metadata any) []setting.Problem {
	tables, _ := metadata.(map[string]any)
	list := setting.CheckNames(table, slices.Sorted(maps.Keys(tables)))
	value, there := tables["slipway"]
	if !there {
		return list
	}
	for _, p := range setting.Check(table, value) {
		list = append(list, setting.Problem{Path: append([]string{"slipway"}, p.Path...), What: p.What})
	}
	return list
}

// decode decodes slipway's settings in a `metadata` table, if there are any.
func decode(metadata, to any) error {
	tables, _ := metadata.(map[string]any)
	value, there := tables["slipway"]
	if !there {
		return nil
	}
	text, err := toml.Marshal(value)
	if err != nil {
		return err
	}
	return tomlfile.Unmarshal(text, to)
}

func packageMetadata(m *manifest) any {
	if m.Package == nil {
		return nil
	}
	return m.Package.Metadata
}

func workspaceMetadata(m *manifest) any {
	if m.Workspace == nil {
		return nil
	}
	return m.Workspace.Metadata
}
