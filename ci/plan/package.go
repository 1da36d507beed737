package plan

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/step"
)

// Locations in the steps that package. The repository is at srcDir, and cargo runs in a directory
// beside it, so that the workspace's own configuration and toolchain file are packaged unchanged
// but have no effect. The kept configuration is in that directory instead.
const (
	packTree = "package"
	gitTree  = "git"
	confDir  = "/configuration"
	// confTree is the configuration for a cargo without a network; onlineTree is for one that
	// uses the registries themselves, even for vendored sources.
	confTree   = "configuration"
	onlineTree = "configuration online"
)

// cratesIO is cargo's name for crates.io.
const cratesIO = "crates-io"

// addPackaging adds the steps that package the crate, and those that query and change the
// registry.
func (b *builder) addPackaging(w *cargo.Workspace, before []*cargo.Crate) error {
	files, err := w.PackageFiles(b.crate)
	if err != nil {
		return err
	}
	trees := []step.Tree{b.packaged(files)}
	at, err1 := w.Config.At(path.Join("..", b.workspaceDir())) // relative to confDir, which is at the top
	online, err2 := w.Config.WithoutSources(path.Join("..", b.dir()))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for _, t := range [][2]string{{confTree, at}, {onlineTree, online}} {
		if t[1] != "" && (t[0] == confTree || b.vendored) {
			trees = append(trees, step.Tree{Name: t[0], Files: step.Files{".cargo/config.toml": t[1]}})
		}
	}
	if b.record != nil {
		git, err := b.record.Files(b.assumed(files))
		if err != nil {
			return err
		}
		trees = append(trees, step.Tree{Name: gitTree, Files: git})
		submodules, err := b.submoduleTrees(before)
		if err != nil {
			return err
		}
		trees = append(trees, submodules...)
	}
	b.plan.Trees = append(b.plan.Trees, trees...)
	crates := append(w.Siblings(b.crate, before), b.crate)
	anew := w.ResolvesAnew(crates)
	if anew {
		stubs, err := w.PackageSkeletonFiles(b.crate, crates)
		if err != nil {
			return err
		}
		b.plan.Trees = append(b.plan.Trees, step.Tree{Name: stubTree, Files: b.placed(stubs)})
	}
	b.plan.Steps = append(b.plan.Steps, b.packAll(crates, anew)...)
	b.publish()
	return nil
}

// assumed returns a function that reports whether a file counts as unchanged from the commit:
// every file if the working tree is clean, whatever git attributes do to files on checkout, and
// otherwise only those that replace the workspace's own.
func (b *builder) assumed(files map[string]string) func(name string) bool {
	return func(name string) bool {
		for replaced := range files {
			if name == path.Join(b.record.Prefix, replaced) {
				return true
			}
		}
		return !b.plan.Source.Dirty
	}
}

// packAll returns the steps that make the .crate file and then compile the packaged crate, as
// `cargo publish` would. They are separate because code that runs during compilation could
// replace the .crate file beside it, and so what a registry receives. crates are the siblings and
// the crate itself: it is compiled against them, and not against a registry's crates of the same
// version. anew says that cargo must ask a registry for what their packages depend on.
func (b *builder) packAll(crates []*cargo.Crate, anew bool) []step.Step {
	args := []string{"cargo", "package", "--locked", "--offline"}
	for _, c := range crates {
		args = append(args, "--package", c.Name)
	}
	var steps []step.Step
	home, configuration := b.home(), confTree
	switch {
	case anew:
		steps = append(steps, b.resolvePackage(args))
		home, configuration = fetched(StepResolvePackage), onlineTree
	case b.vendored && len(crates) > 1:
		fetch := b.fetchOnline()
		steps = append(steps, fetch)
		home, configuration = fetched(fetch.Name), onlineTree
	case b.vendored: // with replaced sources cargo must be told the registry
		args = append(args, "--registry", cmp.Or(b.plan.Publish.Registry, cratesIO))
	}
	pack := b.pack(args, home, configuration)
	steps, begin := append(steps, pack), empty(targetDir)
	if b.fetched && !b.vendored {
		dependencies := b.packDependencies()
		steps, begin = append(steps, dependencies), seed(dependencies.Name)
	}
	// cargo unpacks the workspace crates into its home, like those of a registry
	home.ReadOnly = home.ReadOnly && len(crates) == 1
	steps = append(steps, b.verifyPackage(args, home, begin, configuration))
	b.together(steps, len(crates))
	return steps
}

// home returns the mount of cargo's home with the fetched dependencies.
func (b *builder) home() step.Mount {
	if !b.fetched {
		return empty(cargoHome)
	}
	return fetched(StepFetch)
}

// fetched returns the mount of cargo's home with what a step has downloaded.
func fetched(name string) step.Mount {
	return step.Mount{Path: cargoHome, Step: name, Output: "cargo", ReadOnly: true}
}

// fetchOnline returns a step that downloads dependencies even though they are vendored: cargo
// packages crates that depend on each other as if they were in the registry already, which does
// not work while the registry is replaced.
func (b *builder) fetchOnline() step.Step {
	s := b.fetchFrom("skeleton", []string{"cargo", "fetch", "--locked", "--manifest-path", path.Join(b.dir(), "Cargo.toml")})
	s.Name, s.About, s.Dir, s.Outputs = StepFetch+" "+StepPackage, "download the vendored dependencies: cargo packages several crates only from a registry", confDir, s.Outputs[:1]
	s.Mounts = append(s.Mounts, b.configuration(onlineTree), b.locked())
	slices.SortFunc(s.Mounts, func(a, b step.Mount) int { return compare(a.Path, b.Path) })
	return s
}

// pack returns the step that makes the .crate file and runs no code of the crate.
func (b *builder) pack(args []string, home step.Mount, configuration string) step.Step {
	args = slices.Concat(args, []string{"--no-verify", "--manifest-path", path.Join(b.workspaceDir(), "Cargo.toml")})
	if b.plan.Source.Dirty && b.record != nil {
		args = append(args, "--allow-dirty")
	}
	return step.Step{
		Name: StepPackage, About: "package the crate without running its code", Image: b.image, Args: args, Env: b.env(), Dir: confDir,
		Mounts:  b.packMounts(home, configuration),
		Outputs: []step.Output{{Name: OutputCrate, Path: path.Join(targetDir, "package", b.crate.Name+"-"+b.plan.Version+".crate")}},
		Failure: fmt.Sprintf("crate %q cannot be packaged: cargo's message is above", b.crate.Name),
	}
}

// verifyPackage returns the step that packages again and compiles the result. It sees the same
// files and the same git directory as the step that packages: cargo selects files in another way
// where there is no repository, and does not find one that `exclude` takes back with "!".
func (b *builder) verifyPackage(args []string, home, begin step.Mount, configuration string) step.Step {
	s := b.pack(args, home, configuration)
	s.Name, s.About, s.Outputs = StepVerifyPackage, "compile the packaged crate", nil
	s.Args = slices.DeleteFunc(s.Args, func(arg string) bool { return arg == "--no-verify" })
	s.Env = b.env(b.commitEnv()...)
	for i := range s.Mounts {
		if s.Mounts[i].Path == targetDir {
			s.Mounts[i] = begin
		}
	}
	s.Failure = fmt.Sprintf("the package of crate %q does not build: the compiler's messages are above", b.crate.Name)
	return s
}

// packMounts returns the mounts of a step that packages.
func (b *builder) packMounts(home step.Mount, configuration string) []step.Mount {
	tree := step.Mount{Path: b.workspaceDir(), Tree: packTree}
	if b.prefix != "" {
		tree.Path = srcDir
	}
	mounts := []step.Mount{home, tree, empty(targetDir), b.configuration(configuration)}
	if b.record != nil {
		mounts = append(mounts, step.Mount{Path: path.Join(srcDir, ".git"), Tree: gitTree})
		for _, s := range b.submodules {
			mounts = append(mounts, step.Mount{Path: path.Join(srcDir, s, ".git"), Tree: gitTree + " " + s})
		}
		if tree.Path != srcDir {
			mounts = append(mounts, empty(srcDir))
		}
	}
	if b.fetched {
		lock := b.locked()
		lock.Path = path.Join(b.workspaceDir(), "Cargo.lock")
		mounts = append(mounts, lock)
	}
	slices.SortFunc(mounts, func(a, b step.Mount) int { return compare(a.Path, b.Path) })
	return mounts
}

// configuration returns the mount of the kept cargo configuration from a tree, empty if nothing
// is kept. Both trees are the same unless sources are vendored.
func (b *builder) configuration(tree string) step.Mount {
	if !b.vendored {
		tree = confTree
	}
	if slices.ContainsFunc(b.plan.Trees, func(t step.Tree) bool { return t.Name == tree }) {
		return step.Mount{Path: confDir, Tree: tree}
	}
	return empty(confDir)
}

// workspaceDir returns the workspace's directory while it is packaged: the same path below srcDir
// as in the repository.
func (b *builder) workspaceDir() string {
	if b.record == nil {
		return b.dir()
	}
	return path.Join(srcDir, b.record.Prefix)
}

// packDependencies returns the step that compiles the dependencies from outside the workspace,
// from the skeleton and as `cargo package` will: in the dev profile, for the build machine.
func (b *builder) packDependencies() step.Step {
	args := []string{"cargo", "build", "--manifest-path", path.Join(b.dir(), b.crate.Dir, "Cargo.toml"), "--locked", "--offline"}
	s := b.compile("dependencies "+StepPackage, "", "skeleton", []step.Mount{empty(targetDir)}, args)
	s.About = "compile the dependencies as `cargo package` does"
	s.Discard = fingerprints(b.members)
	return s
}
