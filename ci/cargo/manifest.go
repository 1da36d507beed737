package cargo

import (
	"fmt"
	"io/fs"
	"path"

	"dagger/slipway/ci/tomlfile"
)

// manifest is the part of a Cargo.toml that a release needs (The Cargo Book, "The Manifest
// Format"). Fields that a member may inherit (`version.workspace = true`) are decoded as any and
// resolved by inherit.
type manifest struct {
	Package   *packageTable  `toml:"package"`
	Project   *packageTable  `toml:"project"` // the name of [package] in old manifests
	Workspace *workspaceRoot `toml:"workspace"`
	Lib       *targetTable   `toml:"lib"`
	Bin       []targetTable  `toml:"bin"`
	Example   []targetTable  `toml:"example"`
	Test      []targetTable  `toml:"test"`
	Bench     []targetTable  `toml:"bench"`
	Features  any            `toml:"features"`
	Lints     any            `toml:"lints"`
	Profile   any            `toml:"profile"`

	dependencyTables
	Target  map[string]dependencyTables `toml:"target"`
	Patch   map[string]map[string]any   `toml:"patch"`
	Replace map[string]any              `toml:"replace"` // what [patch] has replaced

	size int64 // of the file, in bytes

	settings          Settings
	workspaceSettings WorkspaceSettings
	faults            []fault // in the settings of the package
}

type dependencyTables struct {
	Normal map[string]any `toml:"dependencies"`
	Dev    map[string]any `toml:"dev-dependencies"`
	Build  map[string]any `toml:"build-dependencies"`

	// Names that cargo still accepts beside the hyphenated ones in editions before 2024.
	DevOld   map[string]any `toml:"dev_dependencies"`
	BuildOld map[string]any `toml:"build_dependencies"`
}

type packageTable struct {
	Name         string `toml:"name"`
	Version      any    `toml:"version"`
	Edition      any    `toml:"edition"`
	Description  any    `toml:"description"`
	License      any    `toml:"license"`
	LicenseFile  any    `toml:"license-file"`
	Publish      any    `toml:"publish"`
	Readme       any    `toml:"readme"`
	Build        any    `toml:"build"`
	Workspace    string `toml:"workspace"`
	Include      any    `toml:"include"`
	Exclude      any    `toml:"exclude"`
	Autobins     *bool  `toml:"autobins"`
	Autolib      *bool  `toml:"autolib"`
	Autoexamples *bool  `toml:"autoexamples"`
	Autotests    *bool  `toml:"autotests"`
	Autobenches  *bool  `toml:"autobenches"`
	Metadata     any    `toml:"metadata"`
	Authors      any    `toml:"authors"`

	// Fields that only a registry reads, see [fields].
	Homepage      any `toml:"homepage"`
	Documentation any `toml:"documentation"`
	Repository    any `toml:"repository"`
	RustVersion   any `toml:"rust-version"`
	Keywords      any `toml:"keywords"`
	Categories    any `toml:"categories"`
}

type workspaceRoot struct {
	Members        []string       `toml:"members"`
	DefaultMembers []string       `toml:"default-members"`
	Exclude        []string       `toml:"exclude"`
	Package        packageTable   `toml:"package"`
	Dependencies   map[string]any `toml:"dependencies"`
	Metadata       any            `toml:"metadata"`
	Lints          any            `toml:"lints"`
}

type targetTable struct {
	Name             string   `toml:"name"`
	Path             string   `toml:"path"`
	ProcMacro        bool     `toml:"proc-macro"`
	ProcMacroOld     bool     `toml:"proc_macro"`
	CrateType        []string `toml:"crate-type"`
	CrateTypeOld     []string `toml:"crate_type"`
	RequiredFeatures []string `toml:"required-features"`
	Test             *bool    `toml:"test"`
}

// readManifest reads dir/Cargo.toml. Errors name the file and, for malformed TOML, the line.
func readManifest(fsys fs.FS, dir string) (*manifest, error) {
	name := path.Join(dir, "Cargo.toml")
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("reading manifest %q: %w", name, err)
	}
	var m manifest
	if err := tomlfile.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("reading manifest %q: %w", name, err)
	}
	if m.Package == nil {
		m.Package = m.Project
	}
	if err := m.readSettings(name, raw); err != nil {
		return nil, err
	}
	m.size = int64(len(raw))
	return &m, nil
}

// inherit resolves a field that may be `{ workspace = true }` against the field of
// [workspace.package]. An absent field is nil.
func inherit(field, root any, name string) (any, error) {
	table, ok := field.(map[string]any)
	if !ok {
		return field, nil
	}
	if from, _ := table["workspace"].(bool); !from {
		return nil, fmt.Errorf("field %q is a table without `workspace = true`", name)
	}
	if root == nil {
		return nil, fmt.Errorf("field %q says `workspace = true`, but [workspace.package] has no %q", name, name)
	}
	return root, nil
}

// inheritString is inherit for string fields; an absent field is "".
func inheritString(field, root any, name string) (string, error) {
	v, err := inherit(field, root, name)
	if err != nil || v == nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("field %q is %T, expected a string", name, v)
	}
	return s, nil
}
