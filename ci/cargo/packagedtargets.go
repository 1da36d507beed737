package cargo

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
)

// targetCheck compares the targets of a crate with the files of its package.
type targetCheck struct {
	w     *Workspace
	crate *Crate
	in    map[string]bool // the package's files, relative to the crate's directory
	list  finding.List
}

// checkPackagedTargets reports targets whose files a package does not have. cargo refuses a build
// script outside the package's directory and a package without any target; it leaves every other
// such target out, and only warns (github.com/rust-lang/cargo, src/cargo/util/toml/mod.rs,
// prepare_targets_for_publish).
func (w *Workspace) checkPackagedTargets(c *Crate, in map[string]bool) finding.List {
	t := targetCheck{w: w, crate: c, in: in}
	known := []string{c.BuildScript}
	if c.BuildScript != "" {
		t.check("the build script", c.BuildScript, "package", "build")
	}
	if c.Lib != nil {
		t.check("the library", c.Lib.Path, "lib", "path")
		known = append(known, c.Lib.Path)
	}
	for _, b := range c.Bins {
		t.check("binary "+shown(b.Name), b.Path, "bin", strconv.Itoa(b.declared-1), "path")
		known = append(known, b.Path)
	}
	for _, p := range c.targets { // examples, tests and benchmarks
		if outside(p) && !slices.Contains(known, p) {
			t.add(finding.Nothing, nil, moveIn, fmt.Sprintf("a target's file %s is outside the package's directory: the published crate is without it", quote.Line(p)))
		}
	}
	if len(t.list.Stopping(finding.Registry)) == 0 && (c.Lib != nil || len(c.Bins) > 0) && !t.any() {
		t.add(finding.Registry, []string{"package"}, changeList, "the package has none of the crate's targets, and cargo refuses to package such a crate")
	}
	return t.list
}

// check reports a target whose file is not in the package.
func (t *targetCheck) check(what, file string, at ...string) {
	switch name := path.Join(t.crate.Dir, file); {
	case t.in[file] || path.IsAbs(file) || !t.w.valid(name): // a path out of the repository has its own finding
	case outside(file):
		t.add(finding.Registry, at, moveIn, fmt.Sprintf("the file %s of %s is outside the package's directory, and the published crate cannot have it", quote.Line(file), what))
	case t.w.isFile(t.crate.Dir, file):
		t.add(finding.Nothing, at, changeList, fmt.Sprintf("the file %s of %s is not in the package: cargo publishes the crate without that target", quote.Line(file), what))
	}
}

// What to do about a target that the package does not have.
const (
	changeList = "change `package.include` or `package.exclude`, if that is not meant"
	moveIn     = "move the file into the package's directory, or link to it from there"
)

func (t *targetCheck) add(stops finding.Stops, at []string, do, what string) {
	t.list = append(t.list, t.w.findingAt(stops, t.crate, at, what, do))
}

// any reports whether the package has a target other than a build script. cargo discovers those in
// certain directories by themselves.
func (t *targetCheck) any() bool {
	for _, p := range t.crate.targets {
		if t.in[p] {
			return true
		}
	}
	for p := range t.in {
		parts := strings.Split(p, "/")
		if !slices.Contains([]string{"tests", "examples", "benches"}, parts[0]) {
			continue
		}
		if len(parts) == 2 && path.Ext(p) == ".rs" || len(parts) == 3 && parts[2] == "main.rs" {
			return true
		}
	}
	return false
}
