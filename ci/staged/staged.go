// Package staged keeps the results of a plan's steps, so that another job can sign, describe
// and package them without running any step: a [Recorder] writes a directory, and a [Runner]
// reads it. A release on a Runner takes the same code path as one that runs its steps, so all
// checks of a step's result apply to a staged one too.
//
// The layout of the directory is derived from the plan alone. The content of the directory
// never determines a file name, and is never trusted for what the plan tells.
package staged

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"dagger/slipway/ci/plan"
)

// File is one file of a staged directory other than the manifest: a step's stdout or one of
// its outputs.
type File struct {
	// Path is relative to the directory and slash-separated.
	Path string
	Step string
	// Output is the name of the step's output, "" for its stdout.
	Output string
}

// Files returns the files, other than the manifest, that a staged directory of the plan
// holds: the stdout that a release reads and the outputs that it exports.
func Files(p *plan.Crate) []File {
	answers := []string{plan.StepToolchain, plan.StepMetadata}
	exported := []string{output(plan.StepFetch, plan.OutputLock).Path, output(plan.StepPackage, plan.OutputCrate).Path}
	for _, t := range p.Targets {
		answers = append(answers, plan.StepCrates(t), plan.StepTest(t))
	}
	var list []File
	for _, s := range p.Steps {
		if slices.Contains(answers, s.Name) {
			list = append(list, answer(s.Name))
		}
		for _, o := range s.Outputs {
			f := output(s.Name, o.Name)
			if slices.Contains(exported, f.Path) || !o.Dir && strings.HasPrefix(o.Name, plan.OutputBinary("")) {
				list = append(list, f)
			}
		}
	}
	return list
}

// names returns the names of the plan's steps.
func names(p *plan.Crate) []string {
	var list []string
	for _, s := range p.Steps {
		list = append(list, s.Name)
	}
	return list
}

func answer(step string) File {
	return File{Path: "answers/" + fileName(step) + ".txt", Step: step}
}

func output(step, output string) File {
	return File{Path: "outputs/" + fileName(step) + "/" + output, Step: step, Output: output}
}

func fileName(step string) string { return strings.ReplaceAll(step, " ", "-") }

// onlyPlanned returns an error unless the directory holds exactly the plan's files and the
// manifest, all of them regular files.
func onlyPlanned(root fs.FS, p *plan.Crate) error {
	want := map[string]bool{manifestName: true}
	for _, f := range Files(p) {
		want[f.Path] = true
	}
	err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || e.IsDir():
			return err
		case !want[name]:
			return fmt.Errorf("%q is not part of this plan", name)
		case !e.Type().IsRegular():
			return fmt.Errorf("%q is not a regular file", name)
		}
		delete(want, name)
		return nil
	})
	if err != nil {
		return err
	}
	for name := range want {
		return fmt.Errorf("%q is missing", name)
	}
	return nil
}

// Path returns the path of a step's output in a staged directory.
func Path(dir, step, name string) string { return place(dir, output(step, name).Path) }

func place(dir, name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
