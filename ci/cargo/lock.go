package cargo

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"dagger/slipway/ci/finding"
)

// Lock is a Cargo.lock: the packages that all dependencies resolved to.
type Lock struct {
	Packages []Package
	// SHA256 is the digest of the whole file.
	SHA256 [sha256.Size]byte

	head string // the text before the first package
	tail string // the text after the last one
}

// Package is one [[package]] of a Cargo.lock.
type Package struct {
	Name         string   `toml:"name"`
	Version      string   `toml:"version"`
	Source       string   `toml:"source"`
	Checksum     string   `toml:"checksum"`
	Dependencies []string `toml:"dependencies"`
	Replace      string   `toml:"replace"` // the package that [replace] puts in its place, as a dependency names it

	text string // as in the file, with the line that begins it
	sum  string // the line of [metadata] with the checksum, in the oldest form of the file
}

func readLock(fsys fs.FS) (Lock, error) {
	raw, err := fs.ReadFile(fsys, "Cargo.lock")
	if errors.Is(err, fs.ErrNotExist) {
		return Lock{}, nil // checkFresh reports it
	}
	if err != nil {
		return Lock{}, fmt.Errorf("reading workspace: %w", err)
	}
	l, err := parseLock(string(raw))
	if err != nil {
		return Lock{}, fmt.Errorf("reading lock file %q: %w", "Cargo.lock", err)
	}
	return l, nil
}

// Resolve returns the lock file that a build is locked to: the workspace's or, if it has none, the
// given one, which cargo has written.
func (w *Workspace) Resolve(raw []byte) (Lock, error) {
	written, err := parseLock(string(raw))
	if err != nil {
		return Lock{}, fmt.Errorf("reading the lock file that cargo wrote: %w", err)
	}
	if w.Unlocked() {
		return written, nil
	}
	return w.Lock, w.Lock.covers(written)
}

// covers returns an error unless every package of a lock file that cargo has written is in l with
// the same version, source and checksum, so that cargo can only have removed packages.
func (l Lock) covers(written Lock) error {
	for _, p := range written.Packages {
		if !slices.ContainsFunc(l.Packages, func(q Package) bool {
			return p.Name == q.Name && p.Version == q.Version && p.Source == q.Source && p.Checksum == q.Checksum
		}) {
			return fmt.Errorf("checking the lock file: cargo would build with %s %s, which Cargo.lock does not have: run \"cargo update --workspace\" and commit Cargo.lock", p.Name, p.Version)
		}
	}
	return nil
}

// reach returns the indices of the packages that the members depend on, and of the members
// themselves, sorted.
func (l Lock) reach(members []string) []int {
	var from []int
	for i, p := range l.Packages {
		if p.Source == "" && slices.Contains(members, p.Name) {
			from = append(from, i)
		}
	}
	return l.closure(from)
}

// below returns the indices of a member's locked dependency of that name and of the packages that
// it depends on, sorted.
func (l Lock) below(member, dependency string) []int {
	var from []int
	for _, p := range l.Packages {
		if p.Name != member || p.Source != "" {
			continue
		}
		for _, d := range p.Dependencies {
			if firstWord(d) != dependency {
				continue
			}
			for i, q := range l.Packages {
				if q.named(d) {
					from = append(from, i)
				}
			}
		}
	}
	return l.closure(from)
}

// closure returns the indices of packages and of all that they depend on, sorted.
func (l Lock) closure(from []int) []int {
	byName := map[string][]int{}
	for i, p := range l.Packages {
		byName[p.Name] = append(byName[p.Name], i)
	}
	seen := map[int]bool{}
	var queue []int
	add := func(i int) {
		if !seen[i] {
			seen[i] = true
			queue = append(queue, i)
		}
	}
	for _, i := range from {
		add(i)
	}
	for k := 0; k < len(queue); k++ {
		p := l.Packages[queue[k]]
		for _, d := range append(slices.Clone(p.Dependencies), p.Replace) {
			for _, i := range byName[firstWord(d)] {
				if l.Packages[i].named(d) {
					add(i)
				}
			}
		}
	}
	slices.Sort(queue)
	return queue
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

// named reports whether a dependency entry of another package refers to p. An entry is "name",
// "name version" or "name version (source)", as short as is unambiguous.
func (p Package) named(dependency string) bool {
	f := strings.Fields(dependency)
	if len(f) == 0 {
		return false
	}
	source, _, _ := strings.Cut(p.Source, "#") // entries omit a git source's commit
	return f[0] == p.Name && (len(f) < 2 || f[1] == p.Version) && (len(f) < 3 || f[2] == "("+source+")")
}

// names returns the set of names of the packages that reach returns.
func (l Lock) names(members []string) map[string]bool {
	set := map[string]bool{}
	for _, i := range l.reach(members) {
		set[l.Packages[i].Name] = true
	}
	return set
}

// Unlocked reports whether the workspace has no Cargo.lock, as is common for libraries. The fetch
// step then resolves the dependencies, and every other step is locked to the result.
func (w *Workspace) Unlocked() bool { return w.Lock.SHA256 == [sha256.Size]byte{} }

// checkFresh compares the locked version and dependency names of members with their manifests. It
// does not check that the versions of other packages satisfy the requirements: `cargo --locked`
// does that, and runs first. See checkFits for members.
func (w *Workspace) checkFresh(c *Crate, members []*Crate) finding.List {
	var list finding.List
	switch {
	case w.Unlocked() && len(c.Shipped()) == 0:
		return finding.List{{Stops: finding.Nothing, File: "Cargo.lock", What: "the workspace has none: the crate is tested with the newest dependencies that its requirements allow, which change over time"}}
	case w.Unlocked():
		return finding.List{{
			Stops: finding.Release, File: "Cargo.lock", What: "the workspace has none, but binaries are built from locked dependencies: a dry run builds with the newest ones that the requirements allow",
			Do: `run "cargo generate-lockfile" and commit the file`,
		}}
	}
	say := func(format string, args ...any) {
		list = append(list, finding.Finding{
			Stops: finding.Everything, File: "Cargo.lock", What: "the lock file is stale: " + fmt.Sprintf(format, args...), Do: `run "cargo update --workspace" and commit the file`,
		})
	}
	entries := map[string]Package{}
	for _, p := range w.Lock.Packages {
		if p.Source == "" {
			entries[p.Name] = p
		}
	}
	for _, c := range members {
		p, ok := entries[c.Name]
		switch {
		case !ok:
			say("it has no crate %q", c.Name)
			continue
		case c.Version != "" && p.Version != c.Version:
			say("crate %q is locked at %s, but its manifest says %s", c.Name, p.Version, c.Version)
		}
		locked := map[string]bool{}
		for _, d := range p.Dependencies {
			locked[firstWord(d)] = true
		}
		for _, d := range c.Deps {
			if !locked[d.Name] && d.Name != c.Name {
				say("crate %q depends on %q, but its locked entry does not", c.Name, d.Name)
			}
		}
	}
	return list
}
