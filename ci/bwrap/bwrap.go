// Package bwrap makes the command line of the sandbox in which every step runs, on
// either runner: bubblewrap (bwrap(1)) with a system call filter, behind programs of
// util-linux that bound what it may use.
package bwrap

import (
	_ "embed"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Filter is the system call filter: an array of struct sock_filter (seccomp(2)) for
// x86_64, which e2e/seccomp makes from the default profile of container engines.
//
//go:embed seccomp.bpf
var Filter []byte

// The file descriptors that a sandbox is started with: the first ones beside the
// standard ones.
const (
	// FilterFD is where bwrap reads [Filter]. It is not needed in a weaker sandbox.
	FilterFD = 3
	// InfoFD is where bwrap writes, as JSON, the id of the first process of the sandbox's
	// process namespace: {"child-pid": 123, …}. All others have ended when that one has.
	InfoFD = 4
	// ArgsFD is where bwrap reads further --setenv arguments, each argument followed by
	// NUL: secrets, which a command line would show to everyone.
	ArgsFD = 5
)

const (
	// HostID is the user and group on the machine that a sandbox runs as where slipway
	// runs as root: one that no distribution assigns (systemd's table of UIDs) and
	// that is mapped in containers with 65,536 ids. The kernel takes a process with the
	// machine's own user 0 for root in places that ask for no capability, /proc/sys
	// among them, whatever its user namespace says.
	HostID = 65533
	// boxID is the user and group that the command itself sees, the same on every
	// machine and for every user.
	boxID = "1000"
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
	// MoreEnv says that further --setenv arguments come over [ArgsFD].
	MoreEnv bool
	// Network shares the machine's network; otherwise there is a loopback
	// device alone, and up.
	Network bool
	// LeaveRoot says that the command line is run by the machine's root, which it must
	// stop being first. Where the caller does that by itself it is false.
	LeaveRoot bool
	// Emulator is the program, of this machine or of a PATH that the command line is run
	// with, that runs aarch64 executables which the command starts, "" for none. The command
	// line is then to be run in a mount namespace of its own: with LeaveRoot it makes one.
	Emulator string
	// Hidden are files below /proc that the machine has and the command must not read.
	Hidden []string
	// Limits bound what the command may use.
	Limits Limits
	// Prlimit says that Root has prlimit(1). The number of processes is then bounded inside
	// the sandbox's user namespace, where the kernel counts the sandbox's alone; elsewhere it
	// counts those of the same user in other sandboxes and beside them.
	Prlimit bool
	// Weaker leaves out what some kernels and versions of bubblewrap do not have: the
	// filter, and that no further user namespaces can be made.
	Weaker bool
	// Dir is the working directory and Args the command.
	Dir  string
	Args []string
}

// Limits bound a sandbox by what the kernel counts: see getrlimit(2). Zero means no
// bound.
type Limits struct {
	Processes int64 // threads and processes of the sandbox's user (RLIMIT_NPROC)
	File      int64 // bytes of a file that it writes (RLIMIT_FSIZE)
	Memory    int64 // bytes that its temporary files, which are in memory, may take
}

// Bind makes a path of the machine appear in the sandbox.
type Bind struct {
	From, To string
	ReadOnly bool
}

// private are the top-level directories that every sandbox has of its own.
var private = []string{"dev", "proc", "run", "sys", "tmp"}

// Command returns the command and its arguments. Everything is unshared: users,
// processes, IPC, host name, control groups and, unless asked for, the network. There
// are no capabilities and no way to gain one: no_new_privs is set, no further user
// namespace can be made, and the filter refuses the calls that would make one. There is
// no environment but the given. What the command leaves running ends with it, and all
// ends with the caller.
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
	// bwrap's own process is the command's user's too: who writes to its memory decides
	// when the sandbox seems to have ended.
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
	// A container's /sys tells of the network that was taken away.
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

// bounded sets the limits that the kernel keeps for whatever follows. No core is
// dumped: what handles one runs outside of every sandbox.
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

// limit is an argument of prlimit(1): a limit that cannot be raised again.
func limit(flag string, value int64) string {
	text := strconv.FormatInt(value, 10)
	return flag + "=" + text + ":" + text
}

// unprivileged makes whatever follows an ordinary user of the machine, and root of a user
// namespace in which that user is the only one. The namespace is made while the right to
// is there: some kernels let no ordinary user make a useful one (AppArmor's
// restriction on unprivileged user namespaces).
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

// memory mounts an empty file system whose files are in memory, of which it may take a
// part of what temporary files may.
func (s Sandbox) memory(mode, at string, part int64) []string {
	var size []string
	if s.Limits.Memory > 0 {
		size = []string{"--size", strconv.FormatInt(s.Limits.Memory/part, 10)}
	}
	return append(size, "--perms", mode, "--tmpfs", at)
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
