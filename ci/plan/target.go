package plan

import (
	"fmt"
	"path"
	"slices"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// chain collects the steps of one target.
type chain struct {
	*builder
	target string
	steps  []step.Step
	// built and tested name the step whose target directory the next build step and the next test
	// step start from; "" before the first.
	built, tested string
}

// forTarget returns the steps of one target: dependencies, build, test. Dependencies are compiled
// from a skeleton without the workspace's own sources, and the workspace's libraries without the
// crate's. Their results therefore stay cached across edits, and no build script of the crate has
// run in the directory that its build starts from.
//
// Any code that runs during compilation can change everything in its target directory. So no
// build script or procedural macro of another target, and none that only the tests need, runs
// where a binary is compiled: targets share nothing, not even what runs on the build machine, and
// what the tests need is compiled separately. Only the test step combines the two.
func (b *builder) forTarget(target string) []step.Step {
	c := &chain{builder: b, target: target}
	if target == triple.Wasm { // no tests: nothing here runs wasm
		return []step.Step{c.build()}
	}
	if b.fetched && !b.vendored { // the skeleton lacks vendored sources
		c.before("dependencies", "the dependencies", "skeleton", fingerprints(b.members))
	}
	if b.libraries {
		c.before("libraries", "the workspace's libraries", "libraries", fingerprints([]string{b.crate.Name}))
	}
	if c.builds() {
		build := c.build()
		c.built = build.Name
		c.steps = append(c.steps, build)
	}
	return append(c.steps, b.test(target, c.with("source", c.forTests())...))
}

// builds reports whether there is something to build for the target, besides tests.
func (c *chain) builds() bool {
	return c.target == triple.Wasm || !c.crate.Lib.Shared() || len(c.plan.binaries) > 0
}

// before adds the steps that compile what the build starts from and, separately, what the tests
// need of it. marks are the fingerprints that must not be mistaken for the crate's own.
func (c *chain) before(name, about, tree string, marks []string) {
	if c.builds() {
		first := c.compile(name+" "+c.target, c.target, tree, c.with(tree, c.forBuild()), append(c.buildArgs(c.target), c.one()...))
		c.built = first.Name
		first.About, first.Discard = "compile "+about, marks
		c.steps = append(c.steps, first)
	}
	if c.built != "" && !c.testsNeedMore() {
		return
	}
	more := []string{"--no-run"}
	if len(c.crate.Settings.For(c.target).Test) == 0 {
		more = append(more, c.one()...)
	}
	tests := c.compile("test "+name+" "+c.target, c.target, tree, c.with(tree, c.forTests()), c.testArgs(c.target, more...))
	c.tested = tests.Name
	tests.About, tests.Discard = "compile "+about+" for the tests", marks
	c.steps = append(c.steps, tests)
}

// testsNeedMore reports whether the tests may need other dependencies than the build, or the same
// ones compiled with other features or another panic strategy.
func (c *chain) testsNeedMore() bool {
	return c.aborts || len(c.crate.Settings.For(c.target).Test) > 0 ||
		slices.ContainsFunc(c.crate.Deps, func(d cargo.Dependency) bool { return d.Kind == cargo.Dev })
}

// forBuild returns the target directory that the next build step starts from.
func (c *chain) forBuild() []step.Mount {
	if c.built == "" {
		return []step.Mount{empty(targetDir)}
	}
	return []step.Mount{seed(c.built)}
}

// forTests returns the target directory that the next test step starts from: what was compiled
// for tests, overlaid with what was compiled for the binaries.
func (c *chain) forTests() []step.Mount {
	switch {
	case c.tested == "":
		return c.forBuild()
	case c.built == "":
		return []step.Mount{seed(c.tested)}
	}
	over := seed(c.built)
	over.Over = true
	return []step.Mount{seed(c.tested), over}
}

// one selects a single target of the crate, the cheapest: in the skeleton any target pulls in all
// dependencies, and each executable costs a run of the linker.
func (c *chain) one() []string {
	if c.crate.Lib != nil && !(c.crate.Lib.Shared() && len(c.plan.binaries) > 0) {
		return []string{"--lib"}
	}
	for _, bin := range c.plan.binaries {
		if len(bin.RequiredFeatures) == 0 {
			return []string{"--bin", bin.Name}
		}
	}
	return nil
}

// build returns the step that compiles the crate itself and outputs the binaries to release.
func (c *chain) build() step.Step {
	s := c.compile(StepBuild(c.target), c.target, "source", c.with("source", c.forBuild()), append(c.buildArgs(c.target), c.selected()...))
	s.About = "build the crate in the release profile"
	for _, bin := range c.plan.binaries {
		out := step.Output{Name: OutputBinary(bin.Name), Path: path.Join(targetDir, c.target, "release", bin.Name+executable(c.target))}
		if len(bin.RequiredFeatures) > 0 {
			out.Missing = fmt.Sprintf("cargo builds this binary only with the features %q: list them as `features` in [package.metadata.slipway]", bin.RequiredFeatures)
		}
		s.Outputs = append(s.Outputs, out)
	}
	return s
}

// selected returns the options that select what to build, nil to build all of the crate.
func (c *chain) selected() []string {
	shared := c.crate.Lib.Shared()
	if !c.plan.chosen {
		if shared {
			return []string{"--bins"}
		}
		return nil
	}
	var args []string
	if c.crate.Lib != nil && !shared {
		args = append(args, "--lib")
	}
	for _, bin := range c.plan.binaries {
		args = append(args, "--bin", bin.Name)
	}
	return args
}

// executable returns the extension that the compiler adds to a binary's name.
func executable(target string) string {
	if target == triple.Wasm {
		return ".wasm"
	}
	return ""
}

// seed returns a target directory that starts with what a step left in its own.
func seed(name string) step.Mount {
	return step.Mount{Path: targetDir, Step: name, Output: "target"}
}

// fingerprints returns patterns for cargo's records that crates have been compiled. Those of stub
// sources must not be mistaken for the real ones.
func fingerprints(crates []string) []string {
	var patterns []string
	for _, c := range crates {
		patterns = append(patterns, c+"-????????????????")
	}
	return patterns
}
