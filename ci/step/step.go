// Package step describes the container steps of a release: one command in one
// container each. A [Runner] runs a step, and nothing else in slipway knows how.
package step

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Step is one command in one container. It is plain data: everything that can
// change what the command does is in it, so that equal steps on equal inputs
// may share a result.
type Step struct {
	// Name is unique in a plan, as "build x86_64-unknown-linux-musl".
	Name string `json:"name"`
	// About says in a few words for people what the step is for.
	About string `json:"about"`
	// Image is what the command runs in.
	Image Image `json:"image"`
	// Args is the command and its arguments; no shell reads them.
	Args []string `json:"args"`
	// Env holds KEY=VALUE pairs, sorted by key. With the image's own they are
	// all that the command sees; "KEY=" takes the image's away.
	Env []string `json:"env,omitempty"`
	// Dir is the working directory.
	Dir string `json:"dir"`
	// Network says that the command may reach the network. Without it there is
	// no more than a loopback device of its own.
	Network bool `json:"network"`
	// Emulator is the program of the image that runs aarch64 executables which the command
	// starts, where the kernel allows it; "" for none.
	Emulator string `json:"emulator,omitempty"`
	// Merged says that the command's standard error goes to its standard output, in the
	// order in which it is written.
	Merged bool `json:"merged,omitempty"`
	// Mounts are the directories that the command finds, sorted by path; one that is Over
	// another follows it.
	Mounts []Mount `json:"mounts,omitempty"`
	// Outputs are what is kept when the command has succeeded.
	Outputs []Output `json:"outputs,omitempty"`
	// Secrets are what the command finds in its environment beside Env. A step that
	// has one keeps no result, and nothing that it prints holds one.
	Secrets []Secret `json:"secrets,omitempty"`
	// Fresh says that the step asks or changes something outside: an earlier result
	// is never taken for it, and its own is not kept.
	Fresh bool `json:"fresh,omitempty"`
	// Discard lists patterns (path.Match, of a base name) of files and
	// directories that are left out of the outputs, at any depth.
	Discard []string `json:"discard,omitempty"`
	// Quiet says that the command's output is an answer for a program, which no
	// person wants in a log.
	Quiet bool `json:"-"`
	// Failure tells a person what it means when the command fails, and what to do.
	Failure string `json:"-"`
}

// Secret is a variable of the environment whose value the runner was given.
type Secret struct {
	Env  string `json:"env"`
	Name string `json:"name"` // what the runner knows it by
}

// Platform is what every step runs on, as "os/architecture" (OCI image index, platform):
// the same image, so the same bytes, on every machine. One of another architecture
// emulates it.
const Platform = "linux/amd64"

// Image names a root filesystem. Exactly one field is set.
type Image struct {
	// Ref is an image reference, resolved by the runner: a registry's, or a
	// name that the runner was given an image for.
	Ref string `json:"ref,omitempty"`
	// Step and Output name a directory that an earlier step left.
	Step   string `json:"step,omitempty"`
	Output string `json:"output,omitempty"`
}

// Mount is a directory in the container or, where it is an output that is no
// directory, a file inside a mount before it that is not read-only.
type Mount struct {
	// Path is absolute.
	Path string `json:"path"`
	// Tree names a tree that the runner was given, or Step and Output what an
	// earlier step left. With neither the directory begins empty.
	Tree   string `json:"tree,omitempty"`
	Step   string `json:"step,omitempty"`
	Output string `json:"output,omitempty"`
	// Over says that the directory is laid over the mount before it, of the same path
	// and not read-only: of two files of one name its own is there.
	Over bool `json:"over,omitempty"`
	// ReadOnly directories are shared, the others are a private copy: what the
	// command writes there is gone after the step but for its outputs.
	ReadOnly bool `json:"readOnly,omitempty"`
}

// Output is a file or directory that a step leaves. Its absence after a
// successful command is an error.
type Output struct {
	Name string `json:"name"`
	// Path is absolute and below a mount that is not read-only.
	Path string `json:"path"`
	// Dir says that it is a directory; otherwise it is a regular file. Whatever else the
	// command leaves there is an error.
	Dir bool `json:"dir,omitempty"`
	// Links says that the directory is a root filesystem, whose links are part of it:
	// Export copies them as they are. Other directories are exported without any.
	Links bool `json:"-"`
	// Missing tells a person why it may not be there, and what to do.
	Missing string `json:"-"`
}

// MissingError is the error of a step whose command succeeded and left no such output.
func MissingError(s Step, o Output) error {
	err := fmt.Errorf("running step %q: its command succeeded, but did not leave %q (%s)", s.Name, o.Path, o.Name)
	if o.Missing != "" {
		err = fmt.Errorf("%w: %s", err, o.Missing)
	}
	return err
}

// Tree is a directory that steps mount: a base directory that the runner
// knows by name, with files of our own in and over it.
type Tree struct {
	Name string `json:"name"`
	// Source says that the tree begins as the workspace's own files.
	Source bool `json:"source"`
	// Files are added or replaced; an empty content takes the file out. In
	// JSON a file is its SHA-256, so that a plan stays readable.
	Files Files `json:"files,omitempty"`
}

// Check reports whether the steps can run in their order: unique names, no
// reference to anything but an earlier step's output or a known tree.
func Check(steps []Step, trees []Tree) error {
	known := map[string]bool{}
	for _, t := range trees {
		known["tree "+t.Name] = true
	}
	for _, s := range steps {
		if known["step "+s.Name] {
			return fmt.Errorf("checking steps: %q is there twice", s.Name)
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
				return fmt.Errorf("checking step %q: the file %q is below none of its writable mounts", s.Name, m.Path)
			}
		}
		if !slices.IsSorted(s.Env) {
			return fmt.Errorf("checking step %q: its environment is not sorted", s.Name)
		}
		if len(s.Secrets) > 0 && !s.Fresh {
			return fmt.Errorf("checking step %q: it has a secret, so that its result may not be kept", s.Name)
		}
		known["step "+s.Name] = true
		for _, o := range s.Outputs {
			if m := s.MountOf(o); m.Path == "" || m.ReadOnly {
				return fmt.Errorf("checking step %q: output %q is below none of its writable mounts", s.Name, o.Path)
			}
			if known[s.Name+"/"+o.Name] {
				return fmt.Errorf("checking step %q: output %q is there twice", s.Name, o.Name)
			}
			known[s.Name+"/"+o.Name] = true
			known["file "+s.Name+"/"+o.Name] = !o.Dir
		}
	}
	return nil
}

// Needs lists the names of the earlier steps whose outputs s takes, sorted.
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

// MountOf returns the mount that holds an output, the deepest where several do.
func (s Step) MountOf(o Output) Mount {
	var best Mount
	for _, m := range s.Mounts {
		if Within(o.Path, m.Path) && len(m.Path) > len(best.Path) {
			best = m
		}
	}
	return best
}

// Within reports whether an absolute path is dir or below it.
func Within(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}
