// Package cargo reads a Rust workspace from its manifests: crates, binaries, versions, dependency
// order, lock file, toolchain file. It neither runs cargo nor uses the network, so that planning
// works without them. The first step of a release asks cargo for its own reading, and
// [Workspace.Agree] fails on any difference.
package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"dagger/slipway/ci/quote"
)

// Workspace is a cargo workspace as its files describe it.
type Workspace struct {
	Crates    []Crate // sorted by name
	Excluded  []string
	Toolchain Toolchain
	Cross     Cross
	Config    Config
	Settings  WorkspaceSettings
	Lock      Lock
	// Unnamed are the files of the source that are left out because their names are not UTF-8,
	// relative to the workspace. The caller sets it.
	Unnamed []string
	// Tracked reports whether git tracks a file of the source, by its name relative to the
	// workspace; nil without a repository. The caller sets it.
	Tracked func(name string) bool
	// Explain adds to an error about a file that is not in the source why it is not. The caller
	// may set it.
	Explain func(error) error

	fsys   fs.FS
	prefix string // the workspace's directory in the repository; "" for its root
	root   *manifest
	// single says that the root manifest is a package without [workspace].
	single bool
	dir    string // of the root manifest; "" for the top of fsys
	// components numbers the crates by dependency cycle, see [Workspace.cyclic].
	components map[string]int
	unread     []unreadable // members of which nothing can be read
	rules      int          // size of all crates' `include` and `exclude` patterns, see maxRules
	checked    sync.Map     // the findings about the files of each crate, see checkFiles
	places     sync.Map     // the [tomlfile.Positions] of each manifest that was located
}

// Crate is one member of a workspace.
type Crate struct {
	Name    string
	Version string // "" if it cannot be read
	Dir     string // slash-separated, relative to the workspace root; "." for a root package
	Edition string
	Bins    []Target // sorted by name
	Lib     *Target
	// Shared are the declared examples that are nothing but shared objects, and that `cargo test`
	// builds whatever the features are.
	Shared      []string
	BuildScript string // path relative to Dir; "" for none
	Deps        []Dependency
	Settings    Settings

	within   string // root of the nested workspace that a package which is not a member belongs to
	publish  publishPolicy
	fields   fields
	contents contents
	faults   []fault
	targets  []string // paths of every declared target, relative to Dir
}

// Target is a binary or library of a crate.
type Target struct {
	Name             string
	Path             string // relative to the crate's directory
	ProcMacro        bool
	Types            []string // a library's `crate-type`, empty for cargo's default
	RequiredFeatures []string

	declared int // index of its [[bin]] from 1; 0 if cargo discovers it
}

// Shared reports whether t is a library that is nothing but a shared object. cargo does not build
// those for musl targets, but still runs their tests.
func (t *Target) Shared() bool {
	return t != nil && len(t.Types) > 0 && !slices.ContainsFunc(t.Types, func(kind string) bool { return kind != "cdylib" && kind != "dylib" })
}

// ErrNotFound is wrapped by errors about a crate that is not in the workspace.
var ErrNotFound = errors.New("no such crate in the workspace")

// Read reads the workspace whose root manifest is Cargo.toml at the top of fsys. What is wrong with
// one member is a finding for the crates that it concerns, see [Workspace.Findings]. An error means
// that the workspace itself cannot be read, or none of its members; it names the file and what to
// change.
func Read(fsys fs.FS) (*Workspace, error) {
	root, err := readManifest(fsys, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: expected the root of a cargo workspace", err)
	}
	if err != nil {
		return nil, err
	}
	w := &Workspace{fsys: fsys, prefix: placeOf(fsys), root: root, Settings: root.workspaceSettings}
	if root.Workspace == nil {
		if p := root.Package; p != nil && p.Workspace != "" {
			return nil, fmt.Errorf("reading manifest %q: it is a member of the workspace in %s, by `package.workspace`: pass that directory as the workspace", "Cargo.toml", quote.Line(p.Workspace))
		}
		w.single, root.Workspace = true, &workspaceRoot{} // a single package is its own workspace
	}
	if err := w.readMembers(); err != nil {
		return nil, err
	}
	if w.Toolchain, err = readToolchain(fsys, above(w.prefix)); err != nil {
		return nil, err
	}
	if w.Cross, err = readCross(fsys); err != nil {
		return nil, err
	}
	if w.Config, err = readConfig(fsys, w.Dirs(), above(w.prefix), strings.HasPrefix(w.Toolchain.Channel, "nightly")); err != nil {
		return nil, err
	}
	if w.Lock, err = readLock(fsys); err != nil {
		return nil, err
	}
	w.applyPatches()
	w.components = w.findComponents()
	return w, nil
}

// Crate returns the member with the given name, which is checked with [CheckName] first. The
// error wraps [ErrNotFound] and lists what the workspace has instead.
func (w *Workspace) Crate(name string) (*Crate, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	if c := w.find(name); c != nil {
		return c, nil
	}
	for i := range w.Crates {
		if fold(w.Crates[i].Name) == fold(name) {
			return nil, fmt.Errorf("finding crate %q: %w: did you mean %q?", name, ErrNotFound, w.Crates[i].Name)
		}
	}
	for _, dir := range w.Excluded {
		if m, err := readManifest(w.fsys, path.Clean(dir)); err == nil && m.Package != nil && m.Package.Name == name {
			return nil, fmt.Errorf("finding crate %q: %w: %q is in the workspace's `exclude` list; only members are released", name, ErrNotFound, dir)
		}
	}
	if err := w.explainUnread(name); err != nil {
		return nil, err
	}
	if err := w.explainLocal(name); err != nil {
		return nil, err
	}
	var names []string
	for _, c := range w.Crates {
		names = append(names, c.Name)
	}
	if len(names) > 20 {
		names = append(names[:20], fmt.Sprintf("and %d more", len(w.Crates)-20))
	}
	if len(w.unread) > 0 {
		return nil, fmt.Errorf("finding crate %q: %w: it has %s, and members that cannot be read: %s", name, ErrNotFound, strings.Join(names, ", "), w.unreadDirs())
	}
	return nil, fmt.Errorf("finding crate %q: %w: it has %s", name, ErrNotFound, strings.Join(names, ", "))
}

func (w *Workspace) find(name string) *Crate {
	i, ok := slices.BinarySearchFunc(w.Crates, name, func(c Crate, n string) int { return strings.Compare(c.Name, n) })
	if !ok {
		return nil
	}
	return &w.Crates[i]
}

// fold normalises a crate's name for comparison as crates.io does: case is ignored, and `-`
// equals `_`.
func fold(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }
