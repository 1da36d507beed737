package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// processNamespace starts a command as the first process of a process namespace, and so of
// a user namespace, in which the user has the same id. bwrap alone is not enough: killed
// between its clone and its first word to the child, it leaves one that waits for ever
// and that no --die-with-parent binds yet. Of a namespace whose first process has ended,
// the kernel ends all (pid_namespaces(7)). Where slipway is gone before bwrap is bound to
// it, bwrap ends because nobody reads what it writes to [bwrap.InfoFD].
func processNamespace(uid, gid int) syscall.SysProcAttr {
	return syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWPID,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}},
	}
}

// ownProcesses reports whether slipway may make a process namespace itself. Some kernels
// allow it to bwrap and root alone (AppArmor's restriction on unprivileged user
// namespaces).
var ownProcesses = sync.OnceValue(func() bool {
	attr := processNamespace(os.Getuid(), os.Getgid())
	cmd := exec.Command("true")
	cmd.SysProcAttr = &attr
	return cmd.Run() == nil
})

// wait waits for the end of a command and of all that it has started in its sandbox.
func wait(cmd *exec.Cmd, info *os.File) error {
	if cmd.SysProcAttr.Cloneflags&unix.CLONE_NEWPID != 0 {
		return cmd.Wait() // the first process of a namespace is the last to end
	}
	first := make(chan int)
	go func() { first <- firstProcess(info) }()
	err := cmd.Wait()
	_ = info.SetReadDeadline(time.Now()) // where bwrap has ended before it wrote
	if ended := end(<-first); err == nil {
		err = ended
	}
	return err
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
