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

// Where the steps that package find things: the repository stands at srcDir, and cargo in
// a directory beside it, so that neither the configuration nor the toolchain file of the
// workspace counts, which stay as they are in the package. What is kept of the
// configuration is there instead.
const (
	packTree = "package"
	gitTree  = "git"
	confDir  = "/configuration"
	// confTree is the configuration of a cargo without a network, onlineTree that of one
	// which asks the registries themselves, vendored or not.
	confTree   = "configuration"
	onlineTree = "configuration online"
)

// addPackaging adds what packages the crate, and what asks and changes the registry.
func (b *builder) addPackaging(w *cargo.Workspace, before []*cargo.Crate) error {
	files, err := w.PackageFiles(b.crate)
	if err != nil {
		return err
	}
	trees := []step.Tree{{Name: packTree, Source: true, Files: files}}
	at, err1 := w.Config.At(path.Join("..", b.workspaceDir())) // from confDir, which is at the top
	online, err2 := w.Config.WithoutSources(path.Join("..", srcDir))
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
	}
	b.plan.Trees = append(b.plan.Trees, trees...)
	b.plan.Steps = append(b.plan.Steps, b.packAll(before)...)
	b.publish()
	return nil
}

// assumed tells which files of the repository count as those of the commit: all of a clean
// one, whatever its attributes make of a file in a working tree, and else those that take
// the place of the workspace's own.
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

// packAll makes the .crate file, and compiles what was packaged as `cargo publish`
// would. These are two steps: code that runs while something is compiled could replace
// the .crate beside it, and so what a registry gets, so it is made where none runs.
func (b *builder) packAll(before []*cargo.Crate) []step.Step {
	args := []string{"cargo", "package", "--locked", "--offline"}
	// The workspace crates that it needs are packaged with it, so that it is compiled
	// against them and not against what a registry has of the same version.
	for _, c := range before {
		args = append(args, "--package", c.Name)
	}
	args = append(args, "--package", b.crate.Name)
	var steps []step.Step
	home, configuration := b.home(), confTree
	switch {
	case b.vendored && len(before) > 0:
		fetch := b.fetchOnline()
		steps = append(steps, fetch)
		home.Step, configuration = fetch.Name, onlineTree
	case b.vendored: // cargo wants to hear which registry it is for, once that is replaced
		args = append(args, "--registry", cmp.Or(b.plan.Publish.Registry, "crates-io"))
	}
	pack := b.pack(args, home, configuration)
	steps, begin := append(steps, pack), empty(targetDir)
	if b.fetched && !b.vendored {
		dependencies := b.packDependencies()
		steps, begin = append(steps, dependencies), seed(dependencies.Name)
	}
	// cargo unpacks the workspace crates below its home, as those of a registry
	home.ReadOnly = home.ReadOnly && len(before) == 0
	return append(steps, b.verifyPackage(args, home, begin, configuration))
}

// home is cargo's home with what was fetched.
func (b *builder) home() step.Mount {
	if !b.fetched {
		return empty(cargoHome)
	}
	return step.Mount{Path: cargoHome, Step: StepFetch, Output: "cargo", ReadOnly: true}
}

// fetchOnline downloads what is vendored: cargo packages crates that need each other as if
// each were in the registry already, and cannot where the registry is replaced.
func (b *builder) fetchOnline() step.Step {
	s := b.fetchFrom("skeleton", []string{"cargo", "fetch", "--locked", "--manifest-path", path.Join(srcDir, "Cargo.toml")})
	s.Name, s.About, s.Dir, s.Outputs = StepFetch+" "+StepPackage, "download what is vendored: cargo packages several crates from a registry alone", confDir, s.Outputs[:1]
	s.Mounts = append(s.Mounts, b.configuration(onlineTree), locked())
	slices.SortFunc(s.Mounts, func(a, b step.Mount) int { return compare(a.Path, b.Path) })
	return s
}

// pack is the step that packages and runs nothing.
func (b *builder) pack(args []string, home step.Mount, configuration string) step.Step {
	args = slices.Concat(args, []string{"--no-verify", "--manifest-path", path.Join(b.workspaceDir(), "Cargo.toml")})
	if b.plan.Source.Dirty && b.record != nil {
		args = append(args, "--allow-dirty")
	}
	return step.Step{
		Name: StepPackage, About: "package the crate, and run nothing of it", Image: b.image, Args: args, Env: b.env(), Dir: confDir,
		Mounts:  b.packMounts(home, configuration),
		Outputs: []step.Output{{Name: OutputCrate, Path: path.Join(targetDir, "package", b.crate.Name+"-"+b.plan.Version+".crate")}},
		Failure: fmt.Sprintf("crate %q cannot be packaged: cargo's message is above", b.crate.Name),
	}
}

// verifyPackage is the step that compiles what is packaged, as it is packaged again. It
// sees no repository: it runs build scripts.
func (b *builder) verifyPackage(args []string, home, begin step.Mount, configuration string) step.Step {
	s := b.compile(StepVerifyPackage, "", "source", []step.Mount{begin}, args)
	i := slices.IndexFunc(s.Mounts, func(m step.Mount) bool { return m.Path == cargoHome })
	s.Mounts[i] = home
	if configuration == onlineTree {
		s.Dir, s.Args = confDir, append(slices.Clone(args), "--manifest-path", path.Join(srcDir, "Cargo.toml"))
		s.Mounts = append(s.Mounts, b.configuration(configuration))
		slices.SortStableFunc(s.Mounts, func(a, b step.Mount) int { return compare(a.Path, b.Path) })
	}
	s.About, s.Outputs = "compile what was packaged", nil
	s.Failure = fmt.Sprintf("what is packaged of crate %q does not build: the compiler's messages are above", b.crate.Name)
	return s
}

// packMounts are the mounts of a step that packages.
func (b *builder) packMounts(home step.Mount, configuration string) []step.Mount {
	mounts := []step.Mount{home, {Path: b.workspaceDir(), Tree: packTree}, empty(targetDir), b.configuration(configuration)}
	if b.record != nil {
		mounts = append(mounts, step.Mount{Path: path.Join(srcDir, ".git"), Tree: gitTree})
		if b.workspaceDir() != srcDir {
			mounts = append(mounts, empty(srcDir))
		}
	}
	if b.fetched {
		lock := locked()
		lock.Path = path.Join(b.workspaceDir(), "Cargo.lock")
		mounts = append(mounts, lock)
	}
	slices.SortFunc(mounts, func(a, b step.Mount) int { return compare(a.Path, b.Path) })
	return mounts
}

// configuration is what is kept of cargo's configuration, from a tree that is there where
// anything is. Where nothing is vendored, both are the same.
func (b *builder) configuration(tree string) step.Mount {
	if !b.vendored {
		tree = confTree
	}
	if slices.ContainsFunc(b.plan.Trees, func(t step.Tree) bool { return t.Name == tree }) {
		return step.Mount{Path: confDir, Tree: tree}
	}
	return empty(confDir)
}

// workspaceDir is where the workspace is while it is packaged: below the root of its
// repository as in the repository.
func (b *builder) workspaceDir() string {
	if b.record == nil {
		return srcDir
	}
	return path.Join(srcDir, b.record.Prefix)
}

// packDependencies compiles what comes from outside the workspace, from the skeleton and
// as `cargo package` will: in the dev profile, for the machine that builds.
func (b *builder) packDependencies() step.Step {
	args := []string{"cargo", "build", "--manifest-path", path.Join(srcDir, b.crate.Dir, "Cargo.toml"), "--locked", "--offline"}
	s := b.compile("dependencies "+StepPackage, "", "skeleton", []step.Mount{empty(targetDir)}, args)
	s.About = "compile the dependencies as packaging will"
	s.Discard = fingerprints(b.members)
	return s
}
