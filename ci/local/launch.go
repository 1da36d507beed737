package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

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
func (s *store) launch(cmd *exec.Cmd, started func(pid int)) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked, so that the thread is not used again
		err := s.leave(cmd)
		if err == nil {
			err = cmd.Start()
		}
		if err == nil {
			started(cmd.Process.Pid)
			err = cmd.Wait()
		}
		done <- err
	}()
	return <-done
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
	if !leavesRoot() {
		return nil
	}
	if err := s.reach(); err != nil {
		return fmt.Errorf("making a mount namespace: %w", err)
	}
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: bwrap.HostID, Size: 1}}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER, UidMappings: ids, GidMappings: ids, GidMappingsEnableSetgroups: true,
		Credential: &syscall.Credential{Groups: []uint32{}},
	}
	return nil
}

// reach gives the calling thread a mount namespace in which the store is at [reached].
func (s *store) reach() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
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

// given are the files that a sandbox's command line reads: bwrap.FilterFD, and with
// secrets bwrap.ArgsFD.
func given(secrets []string) ([]*os.File, error) {
	filter, err := pipe(string(bwrap.Filter))
	if err != nil || len(secrets) == 0 {
		return []*os.File{filter}, err
	}
	var args strings.Builder
	for _, e := range secrets {
		key, value, _ := strings.Cut(e, "=")
		args.WriteString("--setenv\x00" + key + "\x00" + value + "\x00")
	}
	env, err := pipe(args.String())
	return []*os.File{filter, env}, err
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
