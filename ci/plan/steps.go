package plan

import (
	"cmp"
	_ "embed"
	"fmt"
	"path"
	"slices"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/gitdir"
	"dagger/slipway/ci/sbom"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
	"dagger/slipway/ci/triple"
)

// Where a step finds things. Paths end up in panic messages, so they are the
// same on every machine and in every run.
const (
	srcDir    = "/src"
	targetDir = "/target"
	cargoHome = "/cargo"
)

// vendoredTree is the name of the tree with the skeleton and the vendored packages.
const vendoredTree = "vendored"

// Names of steps and outputs that the release reads.
const (
	StepToolchain = "toolchain"
	StepMetadata  = "metadata"
	StepFetch     = "fetch"
	StepPackage   = "package"
	// StepResolvePackage downloads what only the package needs: a registry may lack it.
	StepResolvePackage = "resolve " + StepPackage
	// StepVerifyPackage compiles what was packaged and leaves nothing.
	StepVerifyPackage = "verify package"
)

// StepBuild and StepTest name the steps of one target.
func StepBuild(target string) string { return "build " + target }

// StepTest is the name of the step that tests one target.
func StepTest(target string) string { return "test " + target }

// StepCrates is the name of the step that asks cargo what is in the binaries of
// one target.
func StepCrates(target string) string { return "crates " + target }

// OutputBinary is the name of the output that holds a binary.
func OutputBinary(bin string) string { return "bin/" + bin }

// OutputLock is the name of the output that holds the lock file of the crate alone.
const OutputLock = "lock"

// OutputCrate is the name of the output that holds the packaged crate.
const OutputCrate = "crate"

// builder makes the steps of one plan.
type builder struct {
	plan  *Crate
	crate *cargo.Crate
	image step.Image
	// fetched says that something comes from outside the workspace, and vendored that some of
	// it is in the workspace all the same, offline that all of it is.
	fetched, vendored, offline bool
	// git says that the image's cargo would have to check out git repositories, and cannot.
	git bool
	// aborts says that binaries abort on panic, which tests cannot.
	aborts bool
	// members are the workspace crates that a build compiles.
	members []string
	// libraries says that those which the crate depends on are compiled apart.
	libraries bool
	// record is the commit that the packaged crate names, nil for none.
	record *gitdir.Record
	// prefix is the workspace's directory below srcDir in every step, "" for srcDir itself.
	prefix string
	// submodules are the paths in the repository of those whose git directories packaging needs.
	submodules []string
}

// addSteps fills the plan's trees and steps. The order is the one in which a
// person would want to hear of trouble: the toolchain and cargo's own reading
// of the workspace before any download, downloads before any compiling, tests
// right behind what they test, packaging last.
func (p *Crate) addSteps(w *cargo.Workspace, c *cargo.Crate, before []*cargo.Crate, record *gitdir.Record) error {
	files, err := w.BuildFiles(c)
	if err != nil {
		return err
	}
	skeleton, err := w.SkeletonFiles(c)
	if err != nil {
		return err
	}
	b := &builder{plan: p, crate: c, image: step.Image{Ref: p.Toolchain}, members: w.Members(c), record: record}
	b.fetched, b.vendored = w.Fetches(c), w.Config.Vendored.Any()
	b.offline = b.vendored && w.FetchesNothing(c)
	b.aborts = w.AbortsOnPanic()
	b.git = p.Toolchain == toolchain.Reference() && w.FetchesGit(c)
	asked, err := w.ReadFiles()
	if err != nil {
		return err
	}
	if w.NeedsRepository(c) {
		b.prefix = w.Prefix()
	}
	p.Trees = []step.Tree{b.source("workspace", asked), b.source("source", files)}
	p.Trees = append(p.Trees, b.commitTree()...)
	p.Steps = []step.Step{b.toolchain(), b.metadata()}
	if b.fetched {
		p.Trees = append(p.Trees, step.Tree{Name: "skeleton", Files: b.placed(skeleton)})
		if b.vendored && !b.offline {
			partly, err := w.PartlyVendoredFiles(c)
			if err != nil {
				return err
			}
			p.Trees = append(p.Trees, b.source(vendoredTree, partly))
		}
		p.Steps = append(p.Steps, b.fetch())
	}
	libraries, err := w.LibraryFiles(c)
	if err != nil {
		return err
	}
	if b.libraries = libraries != nil; b.libraries {
		p.Trees = append(p.Trees, b.source("libraries", libraries))
	}
	for _, t := range p.Targets {
		if len(p.binaries) > 0 {
			s, err := b.crates(t)
			if err != nil {
				return err
			}
			p.Steps = append(p.Steps, s)
		}
		p.Steps = append(p.Steps, b.forTarget(t)...)
	}
	if p.Publish.Packaged() {
		return b.addPackaging(w, before)
	}
	return nil
}

// toolchain asks the image for its compiler, which must be the channel of the
// workspace's toolchain file.
func (b *builder) toolchain() step.Step {
	return step.Step{
		Name: StepToolchain, About: "ask the image for its compiler version", Image: b.image,
		Args: []string{"rustc", "--version", "--verbose"}, Dir: "/",
		Quiet:   true,
		Failure: "the toolchain image has no working rustc: pass --toolchain with an image that has one",
	}
}

// metadata asks cargo for its own reading of the whole workspace.
func (b *builder) metadata() step.Step {
	return step.Step{
		Name: StepMetadata, About: "check that cargo reads the workspace the same way", Image: b.image,
		Args: []string{"cargo", "metadata", "--no-deps", "--format-version", "1", "--locked", "--offline"},
		Env:  b.env(), Dir: b.dir(),
		Mounts:  []step.Mount{empty(cargoHome), {Path: srcDir, Tree: "workspace"}},
		Quiet:   true,
		Failure: "cargo cannot read the workspace: its message above names the file",
	}
}

// fetch downloads what the lock file names. No step with a network runs code of the
// workspace or of a dependency, or sees sources (but see [builder.publish]). The lock
// file names more than the crate and what it needs would: which features the other
// members of the workspace ask for, cargo alone can tell. So it is not --locked here:
// cargo takes out what is too much, and whatever it would add ends the release (see
// [cargo.Workspace.Resolve]). Every other step is --locked to what it leaves.
func (b *builder) fetch() step.Step {
	args := []string{"cargo", "fetch"}
	// build scripts and procedural macros run on the machine that builds, of any architecture
	for _, t := range slices.Concat(b.plan.Targets, triple.Hosts()) {
		args = append(args, "--target", t)
	}
	if b.vendored { // what is in the workspace is needed to tell what it needs
		about, tree := "download the dependencies that Cargo.lock names and that are not vendored", vendoredTree
		if b.offline {
			about, tree, args = "find the vendored dependencies that Cargo.lock names", "source", append(args, "--offline")
		}
		s := b.fetchFrom(tree, args)
		s.About, s.Network = about, !b.offline
		return s
	}
	return b.fetchFrom("skeleton", args)
}

//go:embed fetchgit.sh
var fetchGit string

// fetchFrom is the step that fetches with the manifests of a tree.
func (b *builder) fetchFrom(tree string, args []string) step.Step {
	if b.git && !b.offline {
		args = slices.Concat([]string{"sh", "-c", fetchGit, "fetchgit.sh"}, args)
	}
	return step.Step{
		Name: StepFetch, About: "download the dependencies that Cargo.lock names", Image: b.image,
		Args: args, Env: b.env(), Dir: b.dir(), Network: true,
		Mounts:  []step.Mount{empty(cargoHome), {Path: srcDir, Tree: tree}},
		Outputs: []step.Output{{Name: "cargo", Path: cargoHome, Dir: true}, {Name: OutputLock, Path: b.lockFile()}},
		// lock files and the times of last use: nothing that a build reads
		Discard: []string{".package-cache", ".package-cache-mutate", ".global-cache"},
		Failure: "dependencies could not be downloaded: check the network and run again",
	}
}

// crates asks cargo for the crates in the binaries, where and how they are built. It
// asks where no build script has run: one could keep a false answer of the compiler
// in a target directory, and a crate out of the SBOM.
func (b *builder) crates(target string) (step.Step, error) {
	args, err := sbom.Args(path.Join(b.dir(), b.crate.Dir, "Cargo.toml"), target, b.crate.Settings.For(target).Features)
	if err != nil {
		return step.Step{}, err
	}
	s := b.compile(StepCrates(target), target, "source", []step.Mount{empty(targetDir)}, args)
	s.About, s.Quiet, s.Outputs = "ask cargo which crates the binaries contain", true, nil
	s.Failure = fmt.Sprintf("cargo cannot list the crates in the binaries of %q for %s: its message is above", b.crate.Name, target)
	return s, nil
}

// compile makes a step that runs cargo without a network on one target directory.
func (b *builder) compile(name, target, tree string, mounts []step.Mount, args []string) step.Step {
	mounts = append([]step.Mount{{Path: srcDir, Tree: tree}}, mounts...)
	if b.fetched {
		mounts = append(mounts, step.Mount{Path: cargoHome, Step: StepFetch, Output: "cargo", ReadOnly: true}, b.locked())
	} else {
		mounts = append(mounts, empty(cargoHome))
	}
	env := targetEnv(target)
	if tree != "skeleton" { // there is no build script of the workspace's in it
		env = append(env, b.commitEnv()...)
	}
	slices.SortStableFunc(mounts, func(a, b step.Mount) int { return compare(a.Path, b.Path) })
	return step.Step{
		Name: name, Image: b.image, Args: args, Env: b.env(env...), Dir: b.dir(), Mounts: mounts,
		Outputs: []step.Output{{Name: "target", Path: targetDir, Dir: true}},
		Failure: fmt.Sprintf("crate %q does not build for %s: the compiler's messages are above", b.crate.Name, cmp.Or(target, "the build machine, as cargo verifies packages")),
	}
}

func (b *builder) test(target string, begin ...step.Mount) step.Step {
	s := b.compile(StepTest(target), target, "source", begin, b.testArgs(target, b.tested(target)...))
	s.Env = append(s.Env, "XDG_RUNTIME_DIR=/tmp") // as in a login session; it is private to the step
	slices.Sort(s.Env)
	s.About, s.Merged = "run the crate's tests, natively", true
	if e := emulator(target); e != "" {
		s.About, s.Emulator = "run the crate's tests, emulated by "+e, e
	}
	s.Outputs = nil
	s.Failure = fmt.Sprintf("tests of crate %q failed on %s: their output is above", b.crate.Name, target)
	return s
}

func empty(at string) step.Mount { return step.Mount{Path: at} }
