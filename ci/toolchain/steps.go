package toolchain

import (
	"strings"

	"dagger/slipway/ci/rustup"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// The last step, and its output that is the image's root filesystem.
const (
	StepImage   = "toolchain image"
	OutputImage = "root"
)

const (
	stepRoot  = "debian packages"
	stepRust  = "rust"
	recipeDir = "/recipe"

	outputBuilt = "built"
	outDir      = "/out"
)

// Trees are those that the steps mount.
func Trees() []step.Tree {
	list := step.Files{}
	for _, name := range names() {
		list[name] = read(name)
	}
	return []step.Tree{{Name: "recipe", Files: list}}
}

// Image is an image to make.
type Image struct {
	Rust Rust
	// Archives are those of a release that is not Debian's.
	Archives []rustup.Archive
}

// Steps make the image's root filesystem. The first runs in base, a Debian with apt; the others run
// in what it left. Only what downloads has the network. The standard libraries and the C libraries
// are compiled side by side.
func (i Image) Steps(base step.Image) []step.Step {
	m := maker{root: step.Image{Step: stepRoot, Output: OutputImage}}
	lists := []string{"packages"}
	if i.Rust == (Rust{}) {
		lists = append(lists, "rust-packages")
	}
	m.steps = []step.Step{{
		Name: stepRoot, About: "fetch, verify and unpack Debian packages", Image: base,
		Args: append([]string{"bash", recipeDir + "/rootfs.sh", outDir + "/root"}, lists...), Dir: "/", Network: true,
		Mounts:  []step.Mount{{Path: outDir}, scripts},
		Outputs: []step.Output{{Name: OutputImage, Path: outDir + "/root", Dir: true}},
		Failure: "the packages of the toolchain image could not be fetched: check apt's message above and the network, and run again",
	}}
	m.last = step.Step{
		Name: StepImage, About: "assemble the image and remove what is not needed to compile", Image: m.root,
		Args: []string{"sh", recipeDir + "/assemble.sh", outDir}, Dir: "/",
		Mounts:  []step.Mount{{Path: outDir, Step: stepRoot, Output: OutputImage}, scripts},
		Outputs: []step.Output{{Name: OutputImage, Path: outDir, Dir: true, Links: true}},
	}
	if i.Rust == (Rust{}) {
		for _, t := range triple.Triples() {
			m.lay("standard library "+t, "compile Rust's standard library", "std.sh", t, outDir)
		}
	} else {
		m.lay(stepRust, "fetch, verify and unpack Rust "+i.Rust.Channel, "rust.sh", i.install()...)
		s := &m.steps[len(m.steps)-1]
		s.Network, s.Failure = true, "Rust could not be fetched: check the message above and the network, and run again"
	}
	for _, t := range triple.Released() {
		m.lay("C++ library "+t, "compile the C++ library", "cxx.sh", t, outDir)
	}
	for _, source := range lines("sources") {
		for _, t := range triple.Released() {
			m.lay(source+" "+t, "compile a C library", "static.sh", source, t, outDir)
		}
	}
	for i := range m.steps {
		m.steps[i].Env = environment
	}
	m.last.Env = environment
	return append(m.steps, m.last)
}

// install returns the arguments of rust.sh.
func (i Image) install() []string {
	args := []string{i.Rust.Channel, i.Rust.Manifest, outDir}
	for _, a := range i.Archives {
		args = append(args, a.URL, a.SHA256)
	}
	return args
}

// scripts mounts the recipe.
var scripts = step.Mount{Path: recipeDir, Tree: "recipe", ReadOnly: true}

// maker collects the steps that make an image, and what the last lays over the packages.
type maker struct {
	root  step.Image
	steps []step.Step
	last  step.Step
}

// lay adds a step that runs a script of the recipe, whose output becomes part of the image.
func (m *maker) lay(name, about, script string, args ...string) {
	path := "/built/" + strings.ReplaceAll(name, " ", "-")
	m.steps = append(m.steps, step.Step{
		Name: name, About: about, Image: m.root, Args: append([]string{"sh", recipeDir + "/" + script}, args...), Dir: "/",
		Mounts:  []step.Mount{{Path: outDir}, scripts},
		Outputs: []step.Output{{Name: outputBuilt, Path: outDir, Dir: true, Links: true}},
	})
	m.last.Args = append(m.last.Args, path)
	m.last.Mounts = append(m.last.Mounts, step.Mount{Path: path, Step: name, Output: outputBuilt, ReadOnly: true})
}

// environment is what the recipe's scripts see beside what they set themselves.
var environment = []string{"HOME=/tmp", "LC_ALL=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

// Env is the image's environment, KEY=VALUE, in the recipe's order.
func (r Rust) Env() []string {
	if r != (Rust{}) {
		return lines("env")
	}
	return append(lines("env"), lines("rust-env")...)
}

// lines are those of a file of the recipe that say something.
func lines(name string) []string {
	var list []string
	for line := range strings.Lines(read(name)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	return list
}
