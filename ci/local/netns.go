package local

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/console"
)

// A step with a network gets a network namespace with a loopback device, on which only the
// [gateway] listens: it reaches neither the machine's loopback device nor its abstract sockets
// (unix(7)), which belong to a network namespace too. A socket belongs to the namespace that it
// was made in, so slipway starts its own executable there, which makes the socket, sends it back
// and becomes the sandbox's command line.

// networkName is the name (argv[0]) by which slipway's executable knows that it was started for
// that, with the number of the file to send the socket to and the command line to become.
const networkName = "slipway-network"

// gatewayAddress is where the gateway listens in a step's network.
const gatewayAddress = "127.0.0.1:3128"

// onlyBwrap says why a step cannot have a network of its own.
const onlyBwrap = "the kernel lets only bwrap and root create user namespaces"

// ownNetworks reports whether slipway may create a network namespace for a step.
func ownNetworks() bool { return leavesRoot() || ownProcesses() }

func init() {
	if len(os.Args) < 3 || os.Args[0] != networkName {
		return
	}
	runtime.LockOSThread() // capabilities belong to a thread
	err := becomeCommand(os.Args[1], os.Args[2:])
	console.Fprintf(console.Stderr, "slipway: making the step's network: %v\n", err)
	os.Exit(125)
}

// becomeCommand makes the socket, sends it to the Unix socket with the given file number, and
// executes the command line. It returns only if that fails.
func becomeCommand(number string, argv []string) error {
	to, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	if err := raiseLoopback(); err != nil {
		return fmt.Errorf("starting the loopback device: %w", err)
	}
	l, err := net.Listen("tcp4", gatewayAddress)
	if err != nil {
		return err
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	if err := unix.Sendmsg(to, []byte{0}, unix.UnixRights(int(f.Fd())), nil, 0); err != nil {
		return fmt.Errorf("sending the socket: %w", err)
	}
	unix.CloseOnExec(to)
	// bwrap refuses to start an ordinary user's sandbox with a capability.
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("dropping capabilities: %w", err)
	}
	return syscall.Exec(argv[0], argv, os.Environ())
}

func raiseLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// isolate changes a command that is about to start in a user namespace of its own so that it gets
// a network namespace, as described above. The returned function waits for the socket.
func isolate(cmd *exec.Cmd) (listener func() (net.Listener, error), err error) {
	if cmd.SysProcAttr.Cloneflags&unix.CLONE_NEWUSER == 0 {
		return nil, errors.New("making a network for the step: " + onlyBwrap)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("making a network for the step: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "socket"), os.NewFile(uintptr(pair[1]), "socket")
	cmd.ExtraFiles = append(cmd.ExtraFiles, theirs)
	number := strconv.Itoa(2 + len(cmd.ExtraFiles))
	cmd.Args = append([]string{networkName, number, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/proc/self/exe"
	cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWNET
	cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN}
	return func() (net.Listener, error) {
		_ = theirs.Close() // so that the end of the other process is noticed
		defer func() { _ = ours.Close() }()
		return received(ours)
	}, nil
}

// received returns the listening socket that another process sends.
func received(from *os.File) (net.Listener, error) {
	control := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(int(from.Fd()), make([]byte, 1), control, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return nil, err
	}
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil {
		return nil, err
	}
	if len(messages) == 0 {
		return nil, errors.New("the process ended before it made a socket")
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fds[0]), "gateway")
	defer func() { _ = f.Close() }()
	return net.FileListener(f)
}
