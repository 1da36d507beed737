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

// processNamespace returns attributes that start a command as the first process of a new process
// namespace, with the same user id in a new user namespace. bwrap alone is not enough: if it is
// killed between its clone and its first message to the child, the child waits forever and is not
// yet bound by --die-with-parent. When the first process of a namespace ends, the kernel kills
// all others (pid_namespaces(7)). If slipway dies before bwrap is bound to it, bwrap ends because
// nobody reads what it writes to [bwrap.InfoFD].
func processNamespace(uid, gid int) syscall.SysProcAttr {
	return syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWPID,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}},
	}
}

// ownProcesses reports whether slipway may create a process namespace itself. Some kernels allow
// it only for bwrap and root (AppArmor's restriction on unprivileged user namespaces).
var ownProcesses = sync.OnceValue(func() bool {
	attr := processNamespace(os.Getuid(), os.Getgid())
	cmd := exec.Command("true")
	cmd.SysProcAttr = &attr
	return cmd.Run() == nil
})

// wait waits until a command and everything that it started in its sandbox have ended.
func wait(cmd *exec.Cmd, info *os.File) error {
	if cmd.SysProcAttr.Cloneflags&unix.CLONE_NEWPID != 0 {
		return cmd.Wait() // the first process of a namespace ends last
	}
	first := make(chan int)
	go func() { first <- firstProcess(info) }()
	err := cmd.Wait()
	_ = info.SetReadDeadline(time.Now()) // in case bwrap ended before writing
	if ended := end(<-first); err == nil {
		err = ended
	}
	return err
}

// firstProcess returns a file descriptor (pidfd_open(2)) of the first process in a sandbox's
// process namespace, which bwrap reports, or -1 if there is none.
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

// end kills all processes of a sandbox and returns once they are gone: bwrap's own exit only
// starts that, and another process may write until the first one is gone.
func end(first int) error {
	if first < 0 {
		return nil
	}
	defer func() { _ = unix.Close(first) }()
	if err := unix.PidfdSendSignal(first, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("ending the sandbox: %w", err)
	}
	for range 600 { // a pidfd becomes readable when the process ends
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(first), Events: unix.POLLIN}}, 100)
		if n > 0 {
			return nil
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("ending the sandbox: %w", err)
		}
	}
	return errors.New("ending the sandbox: its first process is still running a minute after it was killed")
}
