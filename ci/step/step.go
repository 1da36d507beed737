// Package step describes the container steps of a release, each a single command in one
// container. Only a [Runner] knows how to run them.
package step

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Step is one command in one container. It is plain data that contains everything that can change
// what the command does, so that equal steps with equal inputs may share a result.
type Step struct {
	// Name is unique in a plan, for example "build x86_64-unknown-linux-musl".
	Name string `json:"name"`
	// About describes the step's purpose for people in a few words.
	About string `json:"about"`
	// Image is the root filesystem that the command runs in.
	Image Image `json:"image"`
	// Args is the command and its arguments, passed without a shell.
	Args []string `json:"args"`
	// Env holds KEY=VALUE pairs, sorted by key. Together with the image's own they are all that
	// the command sees; "KEY=" removes the image's variable.
	Env []string `json:"env,omitempty"`
	// Dir is the working directory.
	Dir string `json:"dir"`
	// Network gives the command access to the network. Otherwise it has only its own loopback
	// device.
	Network bool `json:"network"`
	// Emulator is the program in the image that runs aarch64 executables that the command starts,
	// if the kernel supports that; "" for none.
	Emulator string `json:"emulator,omitempty"`
	// Merged sends the command's standard error to its standard output, in the order in which
	// they are written.
	Merged bool `json:"merged,omitempty"`
	// Mounts are the directories in the container, sorted by path; a mount that is Over another
	// follows it.
	Mounts []Mount `json:"mounts,omitempty"`
	// Outputs are kept if the command succeeds.
	Outputs []Output `json:"outputs,omitempty"`
	// Secrets are added to the command's environment. The result of a step with secrets is not
	// kept, and they are hidden in everything that it prints.
	Secrets []Secret `json:"secrets,omitempty"`
	// Fresh says that the step queries or changes something outside: it always runs, and its
	// result is not kept.
	Fresh bool `json:"fresh,omitempty"`
	// Discard lists patterns (path.Match on base names) of files and directories that are left
	// out of the outputs, at any depth.
	Discard []string `json:"discard,omitempty"`
	// Quiet says that the command's output is meant for a program and should not be logged.
	Quiet bool `json:"-"`
	// Failure explains to a person what a failure of the command means, and what to do.
	Failure string `json:"-"`
}

// Secret is an environment variable whose value the runner has.
type Secret struct {
	Env  string `json:"env"`
	Name string `json:"name"` // its name in the runner's Secrets
}

// Platform is the platform of every step, as "os/architecture" (OCI image index, platform): the
// same image produces the same bytes on every machine. Machines of another architecture emulate
// it.
const Platform = "linux/amd64"

// Image names a root filesystem: by Ref, by Step and Output, or by Machine.
type Image struct {
	// Ref is an image reference that the runner resolves: in a registry, or a name that the
	// runner has an image for.
	Ref string `json:"ref,omitempty"`
	// Step and Output name a directory that an earlier step left.
	Step   string `json:"step,omitempty"`
	Output string `json:"output,omitempty"`
	// Machine means that of the machine which runs the local runner. It is no reference, so that
	// no workspace can name it: what runs there can read the user's files.
	Machine bool `json:"machine,omitempty"`
}

// Mount is a directory in the container. If it is an output that is a file, it is a file inside
// an earlier mount that is not read-only.
type Mount struct {
	// Path is absolute.
	Path string `json:"path"`
	// Tree names one of the runner's trees; Step and Output name an output of an earlier step.
	// With neither the directory starts empty.
	Tree   string `json:"tree,omitempty"`
	Step   string `json:"step,omitempty"`
	Output string `json:"output,omitempty"`
	// Over overlays the directory on the previous mount, which has the same path and is not
	// read-only. For files in both, the overlay's wins.
	Over bool `json:"over,omitempty"`
	// ReadOnly mounts are shared. Others are private copies: what the command writes to them is
	// discarded after the step, except for its outputs.
	ReadOnly bool `json:"readOnly,omitempty"`
}

// Output is a file or directory that a step leaves. It is an error if it is missing after the
// command succeeded.
type Output struct {
	Name string `json:"name"`
	// Path is absolute and below a mount that is not read-only.
	Path string `json:"path"`
	// Dir says that the output is a directory; otherwise it is a regular file. Any other type is
	// an error.
	Dir bool `json:"dir,omitempty"`
	// Links says that the directory is a root filesystem whose links are part of it: Export
	// copies them unchanged. Other directories must not contain links when they are exported.
	Links bool `json:"-"`
	// Missing explains to a person why the output may be missing, and what to do.
	Missing string `json:"-"`
}

// MissingError returns the error for a command that succeeded without leaving the output.
func MissingError(s Step, o Output) error {
	err := fmt.Errorf("running step %q: its command succeeded, but did not leave %q (%s)", s.Name, o.Path, o.Name)
	if o.Missing != "" {
		err = fmt.Errorf("%w: %s", err, o.Missing)
	}
	return err
}

// Tree is a directory that steps mount by name: optionally the workspace's source, with slipway's
// own files added.
type Tree struct {
	Name string `json:"name"`
	// Source says that the tree starts with the workspace's files.
	Source bool `json:"source"`
	// Repository says that those lie at their path in the repository, together with the files that
	// the workspace needs from outside of it. Without it they are at the top.
	Repository bool `json:"repository,omitempty"`
	// Files are added or replaced; an empty content removes the file. In JSON a file is its
	// SHA-256, so that a plan stays readable.
	Files Files `json:"files,omitempty"`
}

// Check returns an error unless the steps can run in their order: names must be unique, and steps
// may only refer to known trees and outputs of earlier steps.
func Check(steps []Step, trees []Tree) error {
	known := map[string]bool{}
	for _, t := range trees {
		known["tree "+t.Name] = true
	}
	for _, s := range steps {
		if known["step "+s.Name] {
			return fmt.Errorf("checking steps: %q appears twice", s.Name)
		}
		if s.Image.Step != "" && !known[s.Image.Step+"/"+s.Image.Output] {
			return fmt.Errorf("checking step %q: no earlier step leaves image %q of %q", s.Name, s.Image.Output, s.Image.Step)
		}
		for i, m := range s.Mounts {
			if m.Tree != "" && !known["tree "+m.Tree] {
				return fmt.Errorf("checking step %q: no tree %q", s.Name, m.Tree)
			}
			if m.Step != "" && !known[m.Step+"/"+m.Output] {
				return fmt.Errorf("checking step %q: no earlier step leaves output %q of %q", s.Name, m.Output, m.Step)
			}
			if m.Over && (i == 0 || s.Mounts[i-1].Path != m.Path || s.Mounts[i-1].ReadOnly || m.ReadOnly) {
				return fmt.Errorf("checking step %q: nothing writable is mounted at %q before what is laid over it", s.Name, m.Path)
			}
			if outer := s.MountOf(Output{Path: path.Dir(m.Path)}); known["file "+m.Step+"/"+m.Output] && (outer.Path == "" || outer.ReadOnly) {
				return fmt.Errorf("checking step %q: the file %q is not below any of its writable mounts", s.Name, m.Path)
			}
		}
		if !slices.IsSorted(s.Env) {
			return fmt.Errorf("checking step %q: its environment is not sorted", s.Name)
		}
		if len(s.Secrets) > 0 && !s.Fresh {
			return fmt.Errorf("checking step %q: it has a secret, so that its result must not be cached", s.Name)
		}
		known["step "+s.Name] = true
		for _, o := range s.Outputs {
			if m := s.MountOf(o); m.Path == "" || m.ReadOnly {
				return fmt.Errorf("checking step %q: output %q is not below any of its writable mounts", s.Name, o.Path)
			}
			if known[s.Name+"/"+o.Name] {
				return fmt.Errorf("checking step %q: output %q appears twice", s.Name, o.Name)
			}
			known[s.Name+"/"+o.Name] = true
			known["file "+s.Name+"/"+o.Name] = !o.Dir
		}
	}
	return nil
}

// Needs returns the names of the earlier steps whose outputs s uses, sorted.
func (s Step) Needs() []string {
	var names []string
	if s.Image.Step != "" {
		names = append(names, s.Image.Step)
	}
	for _, m := range s.Mounts {
		if m.Step != "" {
			names = append(names, m.Step)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// MountOf returns the innermost mount that contains an output, the zero Mount if there is none.
func (s Step) MountOf(o Output) Mount {
	var best Mount
	for _, m := range s.Mounts {
		if Within(o.Path, m.Path) && len(m.Path) > len(best.Path) {
			best = m
		}
	}
	return best
}

// Within reports whether the absolute path p is dir or below it.
func Within(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}
