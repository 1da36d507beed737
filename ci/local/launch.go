package local

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/bwrap"
)

// launch starts a sandbox's command line and waits for it to end. started is called with the
// process id. emulates says that the command line mounts something, so that it must be root in
// its user namespace and have its own mount namespace. With a gateway it has a network of its own,
// which the gateway connects with others. The command's inherited state (mounts,
// session keyring) is changed on a dedicated OS thread, which lives until the command ends:
// bwrap's --die-with-parent kills the sandbox when the thread that started it ends.
func (s *store) launch(ctx context.Context, cmd *exec.Cmd, secrets []string, g *gateway, emulates bool, started func(pid int)) error {
	files, info, err := inherited(secrets)
	if err != nil {
		return err
	}
	defer info.Close()
	cmd.ExtraFiles = files
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked, so that the thread is not reused
		err := s.leave(cmd, emulates)
		connect := func() {}
		if err == nil && g != nil {
			connect, err = g.attach(ctx, cmd)
		}
		if err == nil {
			err = cmd.Start()
		}
		closeAll(files)
		if err == nil {
			started(cmd.Process.Pid)
			connect()
			err = wait(cmd, info)
		}
		done <- err
	}()
	return <-done
}

// leave removes what a sandbox must not have from the calling thread, and so from the processes
// that it starts: the caller's session keyring, and root.
func (s *store) leave(cmd *exec.Cmd, emulates bool) error {
	_, _, errno := unix.Syscall(unix.SYS_KEYCTL, unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0)
	// A kernel without keyrings or a container engine's filter: there is no keyring to leave.
	if errno != 0 && errno != unix.ENOSYS && errno != unix.EPERM {
		return fmt.Errorf("joining a session keyring of its own: %w", errno)
	}
	cmd.Dir = "/"
	if err := closeInherited(); err != nil {
		return fmt.Errorf("keeping open files from the sandbox: %w", err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if ownProcesses() {
		*cmd.SysProcAttr = processNamespace(os.Getuid(), os.Getgid())
	}
	if emulates {
		mountNamespace(cmd.SysProcAttr)
	}
	if !leavesRoot() {
		return nil
	}
	if err := s.reach(); err != nil {
		return fmt.Errorf("making a mount namespace: %w", err)
	}
	if err := becomeUser(bwrap.HostID); err != nil {
		return fmt.Errorf("becoming the sandbox's user: %w", err)
	}
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: bwrap.HostID, Size: 1}}
	a := cmd.SysProcAttr
	a.Cloneflags |= unix.CLONE_NEWUSER
	a.UidMappings, a.GidMappings, a.GidMappingsEnableSetgroups = ids, ids, true
	a.Credential = &syscall.Credential{Groups: []uint32{}}
	return nil
}

// mountNamespace adds a mount namespace to the user namespace that a command is started in, and
// makes the command root of the user namespace.
func mountNamespace(a *syscall.SysProcAttr) {
	a.Cloneflags |= unix.CLONE_NEWNS
	for _, ids := range [][]syscall.SysProcIDMap{a.UidMappings, a.GidMappings} {
		for i := range ids {
			ids[i].ContainerID = 0
		}
	}
}

// closeInherited marks the files that slipway inherited as close-on-exec, so that no later
// process gets them: an open directory would lead out of any sandbox.
func closeInherited() error {
	if err := unix.CloseRange(3, 1<<32-1, unix.CLOSE_RANGE_CLOEXEC); err == nil {
		return nil
	}
	open, err := os.ReadDir("/proc/self/fd") // a kernel before 5.11
	for _, e := range open {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
	return err
}

// becomeUser changes the user and group of the calling thread alone, and keeps its capabilities.
// A user namespace that the thread creates then belongs to that user, and so do the per-user
// limits of the kernel (watches, timers, pending signals).
func becomeUser(id uintptr) error {
	if err := unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0); err != nil {
		return err
	}
	for _, call := range []struct{ number, a, b, c uintptr }{{unix.SYS_SETGROUPS, 0, 0, 0}, {unix.SYS_SETRESGID, id, id, id}, {unix.SYS_SETRESUID, id, id, id}} {
		// The functions of package unix change every thread.
		if _, _, errno := unix.RawSyscall(call.number, call.a, call.b, call.c); errno != 0 {
			return errno
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return err
	}
	for i := range sets {
		sets[i].Effective = sets[i].Permitted
	}
	return unix.Capset(&header, &sets[0])
}

// inherited returns the files that a sandbox's command line inherits: bwrap.FilterFD, InfoFD and,
// with secrets, ArgsFD. info is the reading end of the second.
func inherited(secrets []string) (files []*os.File, info *os.File, err error) {
	info, told, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	filter, err := pipe(string(bwrap.Filter))
	files = []*os.File{filter, told}
	if err == nil && len(secrets) > 0 {
		var args strings.Builder
		for _, e := range secrets {
			key, value, _ := strings.Cut(e, "=")
			args.WriteString("--setenv\x00" + key + "\x00" + value + "\x00")
		}
		var env *os.File
		env, err = pipe(args.String())
		files = append(files, env)
	}
	if err != nil {
		closeAll(append(files, info))
		return nil, nil, err
	}
	return files, info, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close()
		}
	}
}

// pipe returns the reading end of a pipe that contains text.
func pipe(text string) (*os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	go func() { // the text may exceed the pipe's capacity
		_, _ = io.WriteString(write, text)
		_ = write.Close()
	}()
	return read, nil
}
