// Package cargo reads a Rust workspace from its manifests: crates, binaries,
// versions, dependency order, lock file, toolchain file. It runs no cargo and
// needs no network, so that planning works where neither is to be had; the
// first step of a release then asks cargo itself and [Workspace.Agree] stops
// on any difference.
package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
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

	fsys fs.FS
	root *manifest
	dir  string // of the root manifest, "" for the top
	// components tell which crates need each other, see [Workspace.cyclic].
	components map[string]int
	rules      int // size of the patterns of all crates' `include` and `exclude`
}

// Crate is one member of a workspace.
type Crate struct {
	Name    string
	Version string
	Dir     string // slash-separated, relative to the workspace root; "." for a root package
	Edition string
	Bins    []Target // sorted by name
	Lib     *Target
	// Shared are the declared examples that are shared objects and nothing else, and that
	// `cargo test` builds whatever the features.
	Shared      []string
	BuildScript string // path relative to Dir, "" when there is none
	Deps        []Dependency
	Settings    Settings

	within   string // the root of the workspace that a package which is no member is part of
	publish  unpublishable
	fields   fields
	contents contents
	targets  []string // paths of every declared target, relative to Dir
}

// Target is a binary or library of a crate.
type Target struct {
	Name             string
	Path             string // relative to the crate's directory
	ProcMacro        bool
	Types            []string // what `crate-type` of a library names, none for cargo's default
	RequiredFeatures []string

	declared int // the number of its [[bin]], from 1; 0 for one that cargo finds
}

// Shared reports whether t is a library that is a shared object and nothing else. The
// musl targets make none: cargo refuses to build one for them, and still runs its tests.
func (t *Target) Shared() bool {
	return t != nil && len(t.Types) > 0 && !slices.ContainsFunc(t.Types, func(kind string) bool { return kind != "cdylib" && kind != "dylib" })
}

// ErrNotFound is wrapped by errors about a crate that the workspace does not have.
var ErrNotFound = errors.New("no such crate in the workspace")

// Read reads the workspace whose root manifest is Cargo.toml at the top of
// fsys. It returns an error that names the file and what to change for every
// manifest that cargo would refuse and for every setting that would let the
// workspace decide how a release is built (see [Config]).
func Read(fsys fs.FS) (*Workspace, error) {
	root, err := readManifest(fsys, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: expected the root of a cargo workspace", err)
	}
	if err != nil {
		return nil, err
	}
	if root.Workspace == nil {
		root.Workspace = &workspaceRoot{} // a single package is its own workspace
	}
	w := &Workspace{fsys: fsys, root: root, Settings: root.workspaceSettings}
	if err := w.readMembers(); err != nil {
		return nil, err
	}
	if w.Toolchain, err = readToolchain(fsys); err != nil {
		return nil, err
	}
	if w.Cross, err = readCross(fsys); err != nil {
		return nil, err
	}
	if w.Config, err = readConfig(fsys, w.dirs()); err != nil {
		return nil, err
	}
	if w.Lock, err = readLock(fsys); err != nil {
		return nil, err
	}
	w.applyPatches()
	w.components = w.findComponents()
	return w, nil
}

// Crate returns the member of that name. The name is checked with [CheckName]
// first; an error wraps [ErrNotFound] and says what the workspace has instead.
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
	var names []string
	for _, c := range w.Crates {
		names = append(names, c.Name)
	}
	if len(names) > 20 {
		names = append(names[:20], fmt.Sprintf("and %d more", len(w.Crates)-20))
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

// fold maps a crate's name to what crates.io compares: case and `-`/`_` do not count.
func fold(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }
