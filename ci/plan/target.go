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
	target, previous string
	steps            []step.Step
	// begin is what the target directory of the next step begins with; nil
	// before the first.
	begin []step.Mount
}

// forTarget makes the steps of one target: dependencies, build, test.
// Dependencies are compiled from a skeleton without the workspace's own
// sources, and the workspace's libraries without the crate's, so their results
// are kept across edits, and no build script of the crate has ever run in the
// directory that its build begins with.
// What runs on the build machine (procedural macros, build scripts) is compiled
// for the first target and handed on; each target's own output is in a
// directory that no step of another target sees.
func (b *builder) forTarget(target, previous string) []step.Step {
	c := &chain{builder: b, target: target, previous: previous}
	if target == cargo.WasmTarget { // nothing here runs it, so that there are no tests
		return []step.Step{c.build()}
	}
	if b.fetched {
		c.before("dependencies", "the dependencies", "skeleton", fingerprints(b.members))
	}
	if b.libraries {
		c.before("libraries", "the workspace's libraries", "libraries", fingerprints([]string{b.crate.Name}))
	}
	build := c.build()
	return append(c.steps, build, b.test(target, seed(build.Name)))
}

// before compiles something that the build begins with, and what the tests need
// of it. marks are what must not pass for the crate's own.
func (c *chain) before(name, about, tree string, marks []string) {
	first := c.compile(name+" "+c.target, c.target, tree, c.first(name+" "), append(c.buildArgs(c.target), c.one()...))
	more := []string{"--no-run"}
	if len(c.crate.Settings.Test) == 0 {
		more = append(more, c.one()...)
	}
	tests := c.compile("test "+name+" "+c.target, c.target, tree, []step.Mount{seed(first.Name)}, c.testArgs(c.target, more...))
	first.About, tests.About = "compile "+about, "compile "+about+" for the tests"
	tests.Outputs = tests.Outputs[:1]
	first.Discard, tests.Discard = marks, marks
	c.steps = append(c.steps, first, tests)
	c.begin = []step.Mount{seed(tests.Name)}
}

// one selects a single target of the crate, the cheapest: where the crate is
// hollow any one brings all its dependencies, and each executable costs a run of
// the linker.
func (c *chain) one() []string {
	if c.crate.Lib != nil {
		return []string{"--lib"}
	}
	for _, bin := range c.crate.Bins {
		if len(bin.RequiredFeatures) == 0 {
			return []string{"--bin", bin.Name}
		}
	}
	return nil
}

// first is what a step begins with: what the one before left or, in the first of
// the chain, what the other target's of that name compiled for the build machine.
func (c *chain) first(name string) []step.Mount {
	switch {
	case c.begin != nil:
		return c.begin
	case c.previous == "":
		return []step.Mount{empty(targetDir)}
	}
	return []step.Mount{empty(targetDir), {Path: path.Join(targetDir, "release"), Step: name + c.previous, Output: "host"}}
}

// build compiles the crate itself and leaves its binaries.
func (c *chain) build() step.Step {
	s := c.compile(StepBuild(c.target), c.target, "source", c.first(StepBuild("")), c.buildArgs(c.target))
	s.About = "build the crate in the release profile"
	for _, bin := range c.crate.Bins {
		out := step.Output{Name: OutputBinary(bin.Name), Path: path.Join(targetDir, c.target, "release", bin.Name+executable(c.target))}
		if len(bin.RequiredFeatures) > 0 {
			out.Missing = fmt.Sprintf("cargo builds this binary only with the features %q: name them as `features` in [package.metadata.slipway]", bin.RequiredFeatures)
		}
		s.Outputs = append(s.Outputs, out)
	}
	return s
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

// fingerprints are cargo's marks that crates have been compiled. Those of hollow
// sources must not pass for the real ones.
func fingerprints(crates []string) []string {
	var patterns []string
	for _, c := range crates {
		patterns = append(patterns, c+"-????????????????")
	}
	return patterns
}
