package plan

import (
	"cmp"
	_ "embed"
	"fmt"
	"path"
	"slices"

	"dagger/slipway/ci/step"
)

// stubTree is the name of the tree from which crates can be packaged without their sources.
const stubTree = "skeleton package"

//go:embed resolvepackage.sh
var resolvePackage string

// resolvePackage returns a step that downloads what the packages made by a command line depend on,
// besides what is fetched already: a package is resolved without the workspace's [patch], paths
// and git repositories, so no lock file of the workspace names it. The step makes packages to see
// their lock files, but of stub sources, and compiles nothing. Only its downloads are used.
func (b *builder) resolvePackage(args []string) step.Step {
	args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == "--offline" })
	args = append(args, "--manifest-path", path.Join(b.dir(), "Cargo.toml"))
	s := b.fetchFrom(stubTree, nil)
	s.Args = slices.Concat([]string{"sh", "-c", resolvePackage, "resolvepackage.sh", cmp.Or(b.plan.Publish.Registry, cratesIO)}, args)
	s.Name, s.About, s.Dir, s.Outputs = StepResolvePackage, "download what the package needs from the registry instead of the workspace's own", confDir, s.Outputs[:1]
	home := b.home()
	home.ReadOnly = false
	s.Mounts = []step.Mount{home, b.configuration(onlineTree), {Path: srcDir, Tree: stubTree}, empty(targetDir)}
	if b.fetched {
		s.Mounts = append(s.Mounts, b.locked())
	}
	slices.SortStableFunc(s.Mounts, func(a, b step.Mount) int { return compare(a.Path, b.Path) })
	s.Failure = fmt.Sprintf("crate %q cannot be packaged: cargo's message is above; if it names a dependency, the registry has no version that fits, and the dependency must be released first", b.crate.Name)
	return s
}
