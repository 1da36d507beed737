package toolchain

import (
	"strings"

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

// Steps make the image's root filesystem. The first runs in base, a Debian
// with apt, and is the only one with the network; the others run in what it
// left. The standard libraries and the C libraries are compiled side by side.
func Steps(base step.Image) []step.Step {
	scripts := step.Mount{Path: recipeDir, Tree: "recipe", ReadOnly: true}
	steps := []step.Step{{
		Name: stepRoot, About: "fetch, verify and unpack Debian packages", Image: base,
		Args: []string{"bash", recipeDir + "/rootfs.sh", outDir + "/root"}, Dir: "/", Network: true,
		Mounts:  []step.Mount{{Path: outDir}, scripts},
		Outputs: []step.Output{{Name: OutputImage, Path: outDir + "/root", Dir: true}},
		Failure: "the packages of the toolchain image could not be fetched: check apt's message above and the network, and run again",
	}}
	root := step.Image{Step: stepRoot, Output: OutputImage}
	last := step.Step{
		Name: StepImage, About: "assemble the image and remove what is not needed to compile", Image: root,
		Args: []string{"sh", recipeDir + "/assemble.sh", outDir}, Dir: "/",
		Mounts:  []step.Mount{{Path: outDir, Step: stepRoot, Output: OutputImage}, scripts},
		Outputs: []step.Output{{Name: OutputImage, Path: outDir, Dir: true, Links: true}},
	}
	lay := func(name, about string, args ...string) {
		path := "/built/" + strings.ReplaceAll(name, " ", "-")
		steps = append(steps, step.Step{
			Name: name, About: about, Image: root, Args: append(args, outDir), Dir: "/",
			Mounts:  []step.Mount{{Path: outDir}, scripts},
			Outputs: []step.Output{{Name: outputBuilt, Path: outDir, Dir: true, Links: true}},
		})
		last.Args = append(last.Args, path)
		last.Mounts = append(last.Mounts, step.Mount{Path: path, Step: name, Output: outputBuilt, ReadOnly: true})
	}
	for _, t := range triple.Triples() {
		lay("standard library "+t, "compile Rust's standard library", "sh", recipeDir+"/std.sh", t)
	}
	for _, source := range lines("sources") {
		for _, t := range triple.Released() {
			lay(source+" "+t, "compile a C library", "sh", recipeDir+"/static.sh", source, t)
		}
	}
	for i := range steps {
		steps[i].Env = environment
	}
	last.Env = environment
	return append(steps, last)
}

// environment is what the recipe's scripts see beside what they set themselves.
var environment = []string{"HOME=/tmp", "LC_ALL=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

// Env is the image's environment, KEY=VALUE, in the recipe's order.
func Env() []string { return lines("env") }

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
