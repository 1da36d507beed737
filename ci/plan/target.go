package plan

import (
	"fmt"
	"path"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/step"
)

// chain is the steps of one target as they are put together.
type chain struct {
	*builder
	target string
	steps  []step.Step
	// built and tested name the step whose target directory the next one of the binaries
	// and the next one of the tests begins with; "" before the first.
	built, tested string
}

// forTarget makes the steps of one target: dependencies, build, test.
// Dependencies are compiled from a skeleton without the workspace's own
// sources, and the workspace's libraries without the crate's, so their results
// are kept across edits, and no build script of the crate has ever run in the
// directory that its build begins with.
//
// Whatever runs while something is compiled can change all that is in its target
// directory. So a binary is compiled where no build script or procedural macro of
// another target has run, and none that only the tests need: nothing is handed on
// from target to target, not even what runs on the build machine, and what the tests
// need is compiled beside the binaries' chain. Only the test brings the two together.
func (b *builder) forTarget(target string) []step.Step {
	c := &chain{builder: b, target: target}
	if target == cargo.WasmTarget { // nothing here runs it, so that there are no tests
		return []step.Step{c.build()}
	}
	if b.fetched && !b.vendored { // else the stub sources do not have what is vendored
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

// builds reports whether there is something to build for the target, and not only to test.
func (c *chain) builds() bool {
	return c.target == cargo.WasmTarget || !c.crate.Lib.Shared() || len(c.plan.binaries) > 0
}

// before compiles something that the build begins with, and beside it what the tests
// need of it. marks are what must not pass for the crate's own.
func (c *chain) before(name, about, tree string, marks []string) {
	if c.builds() {
		first := c.compile(name+" "+c.target, c.target, tree, c.with(tree, c.forBuild()), append(c.buildArgs(c.target), c.one()...))
		c.built = first.Name
		first.About, first.Discard = "compile "+about, marks
		c.steps = append(c.steps, first)
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

// forBuild is what the next step of the binaries begins with.
func (c *chain) forBuild() []step.Mount {
	if c.built == "" {
		return []step.Mount{empty(targetDir)}
	}
	return []step.Mount{seed(c.built)}
}

// forTests is what the next step of the tests begins with: what the binaries' chain has
// compiled, over what was compiled for tests.
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

// one selects a single target of the crate, the cheapest: in the skeleton any one
// brings all its dependencies, and each executable costs a run of
// the linker.
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

// build compiles the crate itself and leaves the binaries that are released.
func (c *chain) build() step.Step {
	s := c.compile(StepBuild(c.target), c.target, "source", c.with("source", c.forBuild()), append(c.buildArgs(c.target), c.selected()...))
	s.About = "build the crate in the release profile"
	for _, bin := range c.plan.binaries {
		out := step.Output{Name: OutputBinary(bin.Name), Path: path.Join(targetDir, c.target, "release", bin.Name+executable(c.target))}
		if len(bin.RequiredFeatures) > 0 {
			out.Missing = fmt.Sprintf("cargo builds this binary only with the features %q: name them as `features` in [package.metadata.slipway]", bin.RequiredFeatures)
		}
		s.Outputs = append(s.Outputs, out)
	}
	return s
}

// selected selects what is built where that is not all of the crate's binaries.
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

// executable is what the compiler adds to a binary's name.
func executable(target string) string {
	if target == cargo.WasmTarget {
		return ".wasm"
	}
	return ""
}

// seed begins a target directory with what a step left there.
func seed(name string) step.Mount {
	return step.Mount{Path: targetDir, Step: name, Output: "target"}
}

// fingerprints are cargo's marks that crates have been compiled. Those of
// stub sources must not pass for the real ones.
func fingerprints(crates []string) []string {
	var patterns []string
	for _, c := range crates {
		patterns = append(patterns, c+"-????????????????")
	}
	return patterns
}
