package sbom

import (
	"fmt"
	"net/url"
	"strings"

	"dagger/slipway/ci/cargo"
)

// cratesIO is the name of crates.io in lock files, whatever protocol cargo uses.
const cratesIO = "registry+https://github.com/rust-lang/crates.io-index"

// origin is the kind of source that a crate comes from.
type origin int

const (
	fromCratesIO origin = iota
	fromRegistry        // other than crates.io
	fromGit
	fromPath
)

// printed returns the origin of a crate, from the output of cargo-tree(1).
func printed(c Crate) origin {
	switch {
	case c.Source == "":
		return fromCratesIO
	case strings.HasPrefix(c.Source, "registry "):
		return fromRegistry
	case strings.Contains(c.Source, "://"):
		return fromGit
	}
	return fromPath
}

// locked returns the origin of a package, from its source in the lock file.
func locked(p cargo.Package) origin {
	switch {
	case p.Source == "":
		return fromPath
	case p.Source == cratesIO:
		return fromCratesIO
	case strings.HasPrefix(p.Source, "git+"):
		return fromGit
	}
	return fromRegistry
}

// find returns the locked package of a crate: the one with its name, version and origin,
// and for git also its commit, which cargo prints abbreviated. It returns an error for the
// same crate and version from two registries, because they cannot be told apart.
func find(c Crate, packages []cargo.Package) (cargo.Package, error) {
	var found []cargo.Package
	for _, p := range packages {
		if p.Name == c.Name && p.Version == c.Version && locked(p) == printed(c) && sameCommit(c, p) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return cargo.Package{}, fmt.Errorf("looking up crate %q %s in \"Cargo.lock\": it is missing: the lock file is not the one of the build", c.Name, c.Version)
	}
	return cargo.Package{}, fmt.Errorf("looking up crate %q %s in \"Cargo.lock\": %d packages have that name and version: expected one", c.Name, c.Version, len(found))
}

func sameCommit(c Crate, p cargo.Package) bool {
	if locked(p) != fromGit {
		return true
	}
	from, short, _ := strings.Cut(c.Source, "#")
	to, commit, _ := strings.Cut(strings.TrimPrefix(p.Source, "git+"), "#")
	// cargo may print a reference in another form than the lock file (tag=v1%2B0).
	before := func(s string) string { s, _, _ = strings.Cut(s, "?"); return s }
	return before(from) == before(to) && short != "" && strings.HasPrefix(commit, short)
}

// registry returns the index URL of a registry other than crates.io, without the prefix
// that cargo adds and without a user.
func registry(p cargo.Package) string {
	_, index, _ := strings.Cut(p.Source, "+")
	u, err := url.Parse(index)
	if err != nil || u.Host == "" {
		return ""
	}
	u.User = nil
	return u.String()
}
