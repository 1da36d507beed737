// Package bwrap builds the command line of the sandbox in which every step runs, on either
// runner: bubblewrap (bwrap(1)) with a system call filter, started through programs of util-linux
// that limit resources.
package bwrap

import (
	_ "embed"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Filter is the system call filter: an array of struct sock_filter (seccomp(2)) for x86_64, which
// e2e/seccomp generates from the default profile of container engines.
//
//go:embed seccomp.bpf
var Filter []byte

// The file descriptors that a sandbox inherits, the first ones after the standard ones.
const (
	// FilterFD is where bwrap reads [Filter]. A weaker sandbox does not need it.
	FilterFD = 3
	// InfoFD is where bwrap writes the id of the first process of the sandbox's process
	// namespace, as JSON: {"child-pid": 123, …}. When that process has ended, all others have
	// too.
	InfoFD = 4
	// ArgsFD is where bwrap reads further --setenv arguments, each followed by NUL. They are
	// secrets, which a command line would show to everyone.
	ArgsFD = 5
)

const (
	// HostID is the user and group id on the machine that a sandbox runs as if slipway runs as
	// root. No distribution assigns it (systemd's table of UIDs), and it is mapped in containers
	// with 65,536 ids. Sandboxes do not run as the machine's user 0, because the kernel treats
	// that as root where it does not check capabilities, for example in /proc/sys, whatever the
	// user namespace.
	HostID = 65533
	// boxID is the user and group id that the command itself sees, the same on every machine and
	// for every user.
	boxID = "1000"
)

// Sandbox describes a sandbox.
type Sandbox struct {
	// Root is the directory on the machine that becomes the read-only root: "/" if the machine
	// already is a container of the step's image.
	Root string
	// Top lists the entries of Root, sorted: "usr", or "bin -> usr/bin" for a link. It is not
	// needed if Root is "/".
	Top []string
	// Binds are further paths to mount, in order.
	Binds []Bind
	// Env is the whole environment, KEY=VALUE.
	Env []string
	// MoreEnv says that further --setenv arguments are passed through [ArgsFD].
	MoreEnv bool
	// Network shares the machine's network. Otherwise there is only a loopback device.
	Network bool
	// LeaveRoot says that the command line is run as the machine's root and must first change to
	// another user. It is false if the caller does that itself.
	LeaveRoot bool
	// Emulator is the program that runs aarch64 executables that the command starts, "" for none:
	// a path on this machine, or a name in the PATH of the command line. The command line then
	// needs its own mount namespace, which it creates itself with LeaveRoot.
	Emulator string
	// Hidden are files below /proc that exist on the machine and that the command must not read.
	Hidden []string
	// Limits restrict what the command may use.
	Limits Limits
	// Prlimit says that Root has prlimit(1). The number of processes is then limited inside the
	// sandbox's user namespace, where the kernel counts only the sandbox's. Otherwise it also
	// counts the same user's processes outside the sandbox.
	Prlimit bool
	// Weaker omits what some kernels and versions of bubblewrap lack: the filter, and the ban on
	// further user namespaces.
	Weaker bool
	// Dir is the working directory and Args the command.
	Dir  string
	Args []string
}

// Limits are enforced by the kernel, see getrlimit(2). Zero means no limit.
type Limits struct {
	Processes int64 // threads and processes of the sandbox's user (RLIMIT_NPROC)
	File      int64 // bytes of one file that it writes (RLIMIT_FSIZE)
	Memory    int64 // bytes of its temporary files, which are in memory
}

// Bind mounts a path of the machine in the sandbox.
type Bind struct {
	From, To string
	ReadOnly bool
}

// private are the top-level directories that every sandbox has its own of.
var private = []string{"dev", "proc", "run", "sys", "tmp"}

// Command returns the sandbox's command line. Everything is unshared: users, processes, IPC, host
// name, control groups and, unless requested, the network. The command has no capabilities and
// cannot gain any: no_new_privs is set, no further user namespace can be created, and the filter
// refuses the calls for that. Its environment is exactly what is given. Processes that it leaves
// running end with it, and everything ends with the caller.
func (s Sandbox) Command() []string {
	args := slices.Concat(s.bounded(), s.unprivileged(), s.emulating())
	args = append(args, "bwrap", "--unshare-all", "--unshare-user", "--uid", boxID, "--gid", boxID, "--info-fd", strconv.Itoa(InfoFD))
	if s.Network {
		args = append(args, "--share-net")
	}
	if !s.Weaker {
		args = append(args, "--disable-userns", "--seccomp", strconv.Itoa(FilterFD))
	}
	args = append(args, "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL", "--hostname", "slipway")
	args = append(args, s.root()...)
	// bwrap's own process belongs to the command's user too: writing to its memory would let the
	// command fake the end of the sandbox.
	args = append(args, "--proc", "/proc", "--size", "4096", "--perms", "555", "--tmpfs", "/proc/1", "--remount-ro", "/proc/1")
	for _, name := range s.Hidden {
		args = append(args, "--ro-bind", "/dev/null", path.Join("/proc", name))
	}
	args = append(args, "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev")
	args = append(args, s.memory("1777", "/dev/shm", 2)...)
	args = append(args, s.memory("755", "/run", 64)...)
	args = append(args, s.memory("755", "/sys", 64)...)
	args = append(args, s.memory("1777", "/tmp", 1)...)
	for _, b := range s.Binds {
		how := "--bind"
		if b.ReadOnly {
			how = "--ro-bind"
		}
		args = append(args, how, b.From, b.To)
	}
	// A container's /sys describes the network that was taken away, so /sys is empty.
	args = append(args, "--remount-ro", "/sys", "--remount-ro", "/dev", "--remount-ro", "/")
	for _, e := range s.Env {
		key, value, _ := strings.Cut(e, "=")
		args = append(args, "--setenv", key, value)
	}
	if s.MoreEnv {
		args = append(args, "--args", strconv.Itoa(ArgsFD))
	}
	args = append(args, "--chdir", s.Dir, "--")
	if s.Prlimit && s.Limits.Processes > 0 {
		args = append(args, "prlimit", limit("--nproc", s.Limits.Processes), "--")
	}
	return append(args, s.Args...)
}

// bounded returns the prefix that sets the limits for the rest of the command line. Core dumps
// are disabled, because their handler runs outside of every sandbox.
func (s Sandbox) bounded() []string {
	args := []string{"prlimit", "--core=0:0"}
	if !s.Prlimit && s.Limits.Processes > 0 {
		args = append(args, limit("--nproc", s.Limits.Processes))
	}
	if s.Limits.File > 0 {
		args = append(args, limit("--fsize", s.Limits.File))
	}
	return append(args, "--")
}

// limit returns an argument of prlimit(1) that sets both limits, so that the command cannot raise
// it.
func limit(flag string, value int64) string {
	text := strconv.FormatInt(value, 10)
	return flag + "=" + text + ":" + text
}

// unprivileged returns the prefix that makes the rest of the command line an ordinary user of the
// machine, and root of a user namespace with only that user. The namespace is created while the
// process still has the right to: some kernels do not let ordinary users create a useful one
// (AppArmor's restriction on unprivileged user namespaces).
func (s Sandbox) unprivileged() []string {
	if !s.LeaveRoot {
		return nil
	}
	id := strconv.Itoa(HostID)
	args := []string{
		"setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--inh-caps=+sys_admin", "--ambient-caps=+sys_admin", "--",
		"unshare", "--user", "--map-user=0", "--map-group=0",
	}
	if s.Emulator != "" {
		args = append(args, "--mount")
	}
	return append(args, "--")
}

// memory returns the arguments that mount an empty in-memory file system, which may use 1/part of
// the limit for temporary files.
func (s Sandbox) memory(mode, at string, part int64) []string {
	var size []string
	if s.Limits.Memory > 0 {
		size = []string{"--size", strconv.FormatInt(s.Limits.Memory/part, 10)}
	}
	return append(size, "--perms", mode, "--tmpfs", at)
}

// root returns the arguments that make the root an empty tmpfs with the entries of Root mounted
// in it, so that mount points need not exist in the image.
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
