package checkout

import (
	"bytes"
	"fmt"
	"math"
	"os/exec"
	"strconv"

	"golang.org/x/sys/unix"
)

// Limits for one git command. A small pack can describe more files than any machine has
// memory for, because nested trees multiply at each level.
const (
	// maxMemory is the limit on git's private memory, in bytes. Packs are mapped and do not
	// count. A commit of maxEntries files takes about a tenth of it.
	maxMemory = 2 << 30
	// maxIndex is the largest size of an index in bytes. The index is the largest file git
	// writes in slipway's own git directory.
	maxIndex = 512 << 20
	// maxAnswer is the largest output read from git, in bytes, and maxEntries the largest
	// number of files and directories it may list. The largest public repositories have about
	// half of that.
	maxAnswer  = 128 << 20
	maxEntries = 1 << 20
)

// bounded is a shell script that sets resource limits on itself, then replaces itself with
// the command: data in KiB, files in blocks of 512 bytes (POSIX, "ulimit"; every shell has
// -d and -c). Limits set on git after it has started could come too late.
const bounded = `ulimit -c 0 && ulimit -d "$1" && ulimit -f "$2" && shift 2 && exec "$@"`

// shell is an absolute path because $PATH may contain nothing but git. Every Unix has a
// shell there, and git itself expects it (its Makefile, SHELL_PATH).
const shell = "/bin/sh"

// bound makes a command start with resource limits. file is the largest size in bytes of a
// file that it may write.
func bound(c *exec.Cmd, file int64) error {
	data, err := atMost(unix.RLIMIT_DATA, maxMemory)
	if err != nil {
		return err
	}
	size, err := atMost(unix.RLIMIT_FSIZE, uint64(file))
	if err != nil {
		return err
	}
	args := []string{shell, "-c", bounded, shell, strconv.FormatUint(data/1024, 10), strconv.FormatUint(size/512, 10), c.Path}
	c.Path, c.Args = shell, append(args, c.Args[1:]...)
	return nil
}

// atMost returns the limit wanted, or this process's own hard limit if that is lower.
func atMost(resource int, wanted uint64) (uint64, error) {
	var own unix.Rlimit
	if err := unix.Getrlimit(resource, &own); err != nil {
		return 0, fmt.Errorf("reading the limits of git: %w", err)
	}
	return min(wanted, own.Max), nil
}

// limited keeps the first max bytes written to it. It calls over once when there are more
// bytes than that, or more NUL-terminated records than allowed. The buffer is not embedded
// because its ReadFrom would bypass the limit.
type limited struct {
	kept    bytes.Buffer
	max     int
	records int
	discard bool // count records only
	over    func(error)
}

func (l *limited) Write(p []byte) (int, error) {
	if l.records -= bytes.Count(p, []byte{0}); l.records < 0 {
		l.over(fmt.Errorf("it lists more than %d files and directories, expected fewer", maxEntries))
		l.records = math.MaxInt
		l.discard = true
	}
	if l.discard {
		return len(p), nil
	}
	if room := l.max - l.kept.Len(); len(p) > room {
		_, _ = l.kept.Write(p[:room])
		l.over(fmt.Errorf("it answers with more than %d bytes, expected fewer", l.max))
		l.discard = true
		return len(p), nil
	}
	return l.kept.Write(p)
}
