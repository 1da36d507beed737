package cargo

import (
	"fmt"
	"path"
	"slices"

	"dagger/slipway/ci/finding"
)

// Findings checks everything in the workspace that a release of c depends on: c itself, the
// members it is built and tested with, the lock file and cargo's configuration. If publishes is
// set and c goes to a registry, the findings include what cargo would refuse to package. targets
// are the triples that c is built for; none means all that slipway knows.
func (w *Workspace) Findings(c *Crate, publishes bool, targets ...string) finding.List {
	list := slices.Concat(w.Config.Findings(targets), w.Toolchain.check(), w.checkFresh(c, w.buildMembers(c)), w.checkVendored(c), w.checkFaults(c), w.checkFits(c), w.checkRedirections(c))
	var packaged []*Crate
	if publishes {
		packaged = w.packaged(c)
	}
	locals, unread := w.readLocals(w.Closure(c))
	list = append(list, w.checkLocals(locals, unread)...)
	for _, member := range w.Closure(c) {
		isPackaged := slices.Contains(packaged, member)
		for _, d := range member.Deps {
			list = append(list, w.checkDep(member, d, isPackaged, unread)...)
		}
		list = append(list, w.checkFiles(member, isPackaged)...)
		list = append(list, w.checkUnnamed(member, isPackaged)...)
	}
	for _, member := range packaged {
		list = append(list, w.checkNeeds(member)...)
	}
	return list.Sorted()
}

// packaged returns the crates that cargo packages in one call when c is published: its siblings,
// then c itself. It is empty if c goes to no registry.
func (w *Workspace) packaged(c *Crate) []*Crate {
	if ok, _ := c.Publishable(); !ok {
		return nil
	}
	before, err := w.Requires(c)
	if err != nil { // a cycle, which has its own finding
		return []*Crate{c}
	}
	return append(w.Siblings(c, before), c)
}

// Unpackageable returns the reason why cargo cannot package c, independent of what any registry
// has. It is "" if cargo can, or if c goes to no registry.
func (w *Workspace) Unpackageable(c *Crate) string {
	for _, member := range w.packaged(c) {
		if field, _ := w.missingFile(member); field != "" {
			return fmt.Sprintf("the file that `%s` of crate %q names is missing", field, member.Name)
		}
		if why := w.unpackageableFile(member); why != "" {
			return why
		}
		for _, d := range member.Deps {
			// "all dependencies must have a version requirement specified when packaging"
			if d.Kind != Dev && d.Req == "" && (d.Path != "" || d.Git != "") {
				return fmt.Sprintf("its dependency %q has no version", d.Name)
			}
		}
	}
	return ""
}

// findingAt returns a finding located at a key of a member's manifest.
func (w *Workspace) findingAt(stops finding.Stops, c *Crate, at []string, what, do string) finding.Finding {
	file := path.Join(c.Dir, "Cargo.toml")
	return finding.Finding{Stops: stops, Crate: c.Name, File: file, Line: w.line(file, at...), What: what, Do: do}
}

// checkDep checks one dependency of a crate. packaged reports whether the crate goes to a
// registry; unread maps the path dependencies that cannot be read to the reason.
func (w *Workspace) checkDep(c *Crate, d Dependency, packaged bool, unread map[string]error) finding.List {
	say := func(stops finding.Stops, what, do string) finding.List {
		return finding.List{w.findingAt(stops, c, d.at(), fmt.Sprintf("dependency %q: ", d.Name)+what, do)}
	}
	m := w.find(d.Name)
	counts := packaged && d.Kind != Dev // cargo drops a development dependency that has no version
	switch {
	case outside(d.Path) && !w.valid(d.Path):
		return say(finding.Everything, fmt.Sprintf("path %q is outside the %s: a release is built only from the %s", d.Path, w.bounds(), w.bounds()), "move it in, or depend on a published version")
	case unread[d.Path] != nil:
		return say(finding.Everything, fmt.Sprintf("path %q holds no package that can be read: %v", d.Path, unread[d.Path]), "put the package there, or depend on a published version")
	case d.Path != "" && counts && d.Req == "":
		write := "write { path = …, version = … }"
		if m != nil {
			write = fmt.Sprintf("write { path = …, version = %q }", m.Version)
		}
		return say(finding.Registry, "it has a path but no version, which the published crate needs", write+", or mark the crate as not published: publish = false, or registry = false in [package.metadata.slipway]")
	case d.Git != "" && counts && d.Req == "":
		return say(finding.Registry, fmt.Sprintf("git %q has no version, and a registry requires one", d.Git), "publish the dependency first, or mark the crate as not published: publish = false, or registry = false in [package.metadata.slipway]")
	}
	return nil
}
