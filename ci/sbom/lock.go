package sbom

import (
	"fmt"
	"net/url"
	"strings"

	"dagger/slipway/ci/cargo"
)

// cratesIO is how a lock file names crates.io, whatever protocol cargo speaks to it.
const cratesIO = "registry+https://github.com/rust-lang/crates.io-index"

// origin is where a crate comes from.
type origin int

const (
	fromCratesIO origin = iota
	fromRegistry        // another one
	fromGit
	fromPath
)

// printed tells the origin of a crate by what cargo-tree(1) prints.
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

// locked tells the origin of a package by its source in the lock file.
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

// find returns the locked package that is the crate: of its name, version and
// origin, and from git also of its commit, of which cargo prints the beginning.
// Two registries with the same crate in the same version cannot be told apart.
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
		return cargo.Package{}, fmt.Errorf("looking up crate %q %s in \"Cargo.lock\": it is not there: the lock file is not that of the build", c.Name, c.Version)
	}
	return cargo.Package{}, fmt.Errorf("looking up crate %q %s in \"Cargo.lock\": %d packages have that name and version: expected one", c.Name, c.Version, len(found))
}

func sameCommit(c Crate, p cargo.Package) bool {
	if locked(p) != fromGit {
		return true
	}
	from, short, _ := strings.Cut(c.Source, "#")
	to, commit, _ := strings.Cut(strings.TrimPrefix(p.Source, "git+"), "#")
	// cargo prints a reference that a lock file may spell otherwise (tag=v1%2B0).
	before := func(s string) string { s, _, _ = strings.Cut(s, "?"); return s }
	return before(from) == before(to) && short != "" && strings.HasPrefix(commit, short)
}

// registry is the index of a registry that is not crates.io, without the protocol
// that cargo puts before it and without a user.
func registry(p cargo.Package) string {
	_, index, _ := strings.Cut(p.Source, "+")
	u, err := url.Parse(index)
	if err != nil || u.Host == "" {
		return ""
	}
	u.User = nil
	return u.String()
}
