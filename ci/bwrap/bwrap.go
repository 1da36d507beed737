// Package bwrap makes the command line of bubblewrap, the sandbox of every step
// without the network on either runner.
package bwrap

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// Sandbox is what a command line is made from.
type Sandbox struct {
	// Root is the directory on the machine that becomes the root, read-only:
	// "/" where the machine is already a container of the step's image.
	Root string
	// Top is what Root holds, sorted: "usr", or "bin -> usr/bin" for a link.
	// It is not needed where Root is "/".
	Top []string
	// Binds are further directories, in order.
	Binds []Bind
	// Env is the whole environment, KEY=VALUE.
	Env []string
	// MoreEnv says that further --setenv arguments come over the file descriptor
	// [ArgsFD], each argument followed by NUL: secrets, which a command line would
	// show to everyone.
	MoreEnv bool
	// Network shares the machine's network; otherwise there is a loopback
	// device alone, and up.
	Network bool
	// Dir is the working directory and Args the command.
	Dir  string
	Args []string
}

// ArgsFD is the file descriptor of MoreEnv: the first beside the standard ones.
const ArgsFD = 3

// Bind makes a path of the machine appear in the sandbox.
type Bind struct {
	From, To string
	ReadOnly bool
}

// private are the top-level directories that every sandbox has of its own.
var private = []string{"dev", "proc", "run", "sys", "tmp"}

// Command returns the command and its arguments. Everything is unshared: users,
// processes, IPC, host name, control groups and, unless asked for, the network;
// there are no capabilities, and no environment but the given. What the command
// leaves running ends with it, and all ends with the caller.
func (s Sandbox) Command() []string {
	args := []string{"bwrap", "--unshare-all"}
	if s.Network {
		args = append(args, "--share-net")
	}
	args = append(args, "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL", "--hostname", "slipway")
	args = append(args, s.root()...)
	args = append(args, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run", "--tmpfs", "/sys", "--perms", "1777", "--tmpfs", "/tmp")
	for _, b := range s.Binds {
		how := "--bind"
		if b.ReadOnly {
			how = "--ro-bind"
		}
		args = append(args, how, b.From, b.To)
	}
	// A container's /sys tells of the network that was taken away.
	args = append(args, "--remount-ro", "/sys", "--remount-ro", "/")
	for _, e := range s.Env {
		key, value, _ := strings.Cut(e, "=")
		args = append(args, "--setenv", key, value)
	}
	if s.MoreEnv {
		args = append(args, "--args", strconv.Itoa(ArgsFD))
	}
	args = append(args, "--chdir", s.Dir, "--")
	return append(args, s.Args...)
}

// root makes the root an empty tmpfs with the entries of Root bound into it, so
// that mount points need not exist in the image.
func (s Sandbox) root() []string {
	if s.Root == "/" && len(s.Top) == 0 {
		return []string{"--ro-bind", "/", "/"}
	}
	args := []string{"--tmpfs", "/"}
	for _, e := range s.Top {
		name, to, isLink := strings.Cut(e, " -> ")
		switch {
		case isLink:
			args = append(args, "--symlink", to, "/"+name)
		case !slices.Contains(private, name):
			args = append(args, "--ro-bind", path.Join(s.Root, name), "/"+name)
		}
	}
	return args
}
