package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/bwrap"
)

// reached is where the store's directories are in the mount namespace from which
// sandboxes start when slipway runs as root: the store may be below a directory that
// only root may enter, as /root is.
const reached = "/mnt"

// shared are the directories of the store that sandboxes mount parts of.
var shared = []string{"images", "steps", "tmp"}

// launch starts a sandbox's command line and waits for its end. started is called with
// the process id. What the command line is started from (mounts, session keyring) is
// changed on an OS thread of its own, which ends here: bwrap's --die-with-parent ends the
// sandbox with the thread that started it.
func (s *store) launch(cmd *exec.Cmd, secrets []string, started func(pid int)) error {
	files, info, err := given(secrets)
	if err != nil {
		return err
	}
	defer info.Close()
	cmd.ExtraFiles = files
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked, so that the thread is not used again
		err := s.leave(cmd)
		if err == nil {
			err = cmd.Start()
		}
		closeAll(files)
		if err == nil {
			started(cmd.Process.Pid)
			first := make(chan int)
			go func() { first <- firstProcess(info) }()
			err = cmd.Wait()
			_ = info.SetReadDeadline(time.Now()) // where bwrap has ended before it wrote
			if ended := end(<-first); err == nil {
				err = ended
			}
		}
		done <- err
	}()
	return <-done
}

// firstProcess is a file descriptor (pidfd_open(2)) of the first process of a sandbox's
// process namespace, as bwrap tells, -1 where it never began.
func firstProcess(info io.Reader) int {
	var told struct {
		Pid int `json:"child-pid"`
	}
	if err := json.NewDecoder(io.LimitReader(info, 4096)).Decode(&told); err != nil || told.Pid <= 0 {
		return -1
	}
	fd, err := unix.PidfdOpen(told.Pid, 0)
	if err != nil {
		return -1 // it has ended
	}
	return fd
}

// end ends all processes of a sandbox and returns when there are none: bwrap's own end
// only begins it. Until the first one is gone another may still write.
func end(first int) error {
	if first < 0 {
		return nil
	}
	defer func() { _ = unix.Close(first) }()
	if err := unix.PidfdSendSignal(first, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("ending the sandbox: %w", err)
	}
	for range 600 { // it can be read when the process has ended
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(first), Events: unix.POLLIN}}, 100)
		if n > 0 {
			return nil
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("ending the sandbox: %w", err)
		}
	}
	return errors.New("ending the sandbox: its first process has not ended a minute after it was killed")
}

// leave takes from the calling thread, and so from what it starts, what a sandbox must
// not have: the caller's session keyring, and root.
func (s *store) leave(cmd *exec.Cmd) error {
	_, _, errno := unix.Syscall(unix.SYS_KEYCTL, unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0)
	// A kernel without keyrings, or a container engine's filter: there is nothing to leave.
	if errno != 0 && errno != unix.ENOSYS && errno != unix.EPERM {
		return fmt.Errorf("joining a session keyring of its own: %w", errno)
	}
	cmd.Dir = "/"
	if err := keepFiles(); err != nil {
		return fmt.Errorf("keeping open files from the sandbox: %w", err)
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
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER, UidMappings: ids, GidMappings: ids, GidMappingsEnableSetgroups: true,
		Credential: &syscall.Credential{Groups: []uint32{}},
	}
	return nil
}

// keepFiles keeps from every process that is started later the files that whoever
// started slipway has left open: a directory among them leads out of any sandbox.
func keepFiles() error {
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

// becomeUser makes the calling thread, alone, that user and group, with the rights that it
// has: the user namespace that it makes is then that user's, and so is what the kernel
// counts by user (watches, timers, pending signals) instead of root's.
func becomeUser(id uintptr) error {
	if err := unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0); err != nil {
		return err
	}
	for _, call := range []struct{ number, a, b, c uintptr }{{unix.SYS_SETGROUPS, 0, 0, 0}, {unix.SYS_SETRESGID, id, id, id}, {unix.SYS_SETRESUID, id, id, id}} {
		// The library's own functions change every thread.
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

// reach gives the calling thread a mount namespace in which the store is at [reached].
func (s *store) reach() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return err
	}
	if err := openRoot(); err != nil {
		return err
	}
	from := map[string]*os.File{} // opened before the mount, which may hide them
	for _, sub := range shared {
		f, err := os.Open(filepath.Join(s.dir, sub))
		if err != nil {
			return err
		}
		defer f.Close()
		from[sub] = f
	}
	if err := unix.Mount("slipway", reached, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return err
	}
	var errs []error
	for sub, f := range from {
		at := filepath.Join(reached, sub)
		errs = append(errs, unix.Mkdir(at, 0o755), unix.Mount(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), at, "", unix.MS_BIND, ""))
	}
	return errors.Join(errs...)
}

// openRoot gives the calling thread, in a mount namespace of its own, a root directory that
// every user may enter, with all that is in the machine's, where that is open to root alone:
// the sandbox's user could run nothing there.
func openRoot() error {
	if info, err := os.Stat("/"); err != nil || info.Mode().Perm()&0o001 != 0 {
		return err
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return err
	}
	if err := unix.Mount("slipway", reached, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return err
	}
	for _, e := range entries {
		if err := bindEntry(e); err != nil {
			return err
		}
	}
	if err := unix.Chdir(reached); err != nil {
		return err
	}
	// The new root on the old one, which is then taken away (pivot_root(2)).
	return errors.Join(unix.PivotRoot(".", "."), unix.Unmount(".", unix.MNT_DETACH), unix.Chdir("/"))
}

// bindEntry makes an entry of the machine's root directory appear below reached.
func bindEntry(e os.DirEntry) error {
	from, to := filepath.Join("/", e.Name()), filepath.Join(reached, e.Name())
	switch {
	case e.IsDir():
		if err := unix.Mkdir(to, 0o755); err != nil || from == reached {
			return err
		}
		return unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, "")
	case e.Type()&os.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return unix.Symlink(target, to)
	}
	return nil // no program needs what else is there
}

// within rewrites a sandbox's paths into the store to what they are where it starts.
func (s *store) within(box bwrap.Sandbox) bwrap.Sandbox {
	if !leavesRoot() {
		return box
	}
	if box.Root = s.reachedAt(box.Root); box.Root == "/" { // the machine's own, which has the store there now
		box.Top = slices.DeleteFunc(slices.Clone(box.Top), func(name string) bool { return "/"+name == reached })
	}
	binds := make([]bwrap.Bind, len(box.Binds))
	for i, b := range box.Binds {
		b.From = s.reachedAt(b.From)
		binds[i] = b
	}
	box.Binds = binds
	return box
}

func (s *store) reachedAt(name string) string {
	if rest, ok := strings.CutPrefix(name, s.dir+"/"); ok {
		return filepath.Join(reached, rest)
	}
	return name
}

// given are the files that a sandbox's command line reads and writes: bwrap.FilterFD,
// InfoFD, and with secrets ArgsFD; info is what is written to the second.
func given(secrets []string) (files []*os.File, info *os.File, err error) {
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

// pipe returns the reading end of a pipe that holds a text.
func pipe(text string) (*os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	go func() { // a pipe may hold less than all of it
		_, _ = io.WriteString(write, text)
		_ = write.Close()
	}()
	return read, nil
}
