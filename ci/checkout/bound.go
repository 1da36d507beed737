package checkout

import (
	"bytes"
	"fmt"
	"math"
	"os/exec"
	"strconv"

	"golang.org/x/sys/unix"
)

// Bounds of what git may use for one question. The trees of a small pack can name more
// files than any machine has memory for: each level multiplies them.
const (
	// maxMemory is how many bytes of private memory git may have; packs are mapped, and do
	// not count. A commit of maxEntries files takes a tenth of it.
	maxMemory = 2 << 30
	// maxIndex is how many bytes an index may have, which is the largest file that git
	// writes in slipway's own directory.
	maxIndex = 512 << 20
	// maxAnswer is how many bytes of an answer are read, and maxEntries how many files and
	// directories it may list: the largest public repositories have half of them.
	maxAnswer  = 128 << 20
	maxEntries = 1 << 20
)

// bounded sets the limits of the process that it becomes: data in KiB, files in blocks of
// 512 bytes (POSIX, "ulimit"; -d and -c are in every shell). Set from outside they would
// come late for a git that is quick.
const bounded = `ulimit -c 0 && ulimit -d "$1" && ulimit -f "$2" && shift 2 && exec "$@"`

// shell is where every Unix has one, which git asks for as well (its Makefile, SHELL_PATH):
// $PATH may hold git alone.
const shell = "/bin/sh"

// bound makes a command start with limits. file is how many bytes a file may have that it
// writes.
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

// atMost is a limit that this process may set: no more than its own.
func atMost(resource int, wanted uint64) (uint64, error) {
	var own unix.Rlimit
	if err := unix.Getrlimit(resource, &own); err != nil {
		return 0, fmt.Errorf("reading the limits of git: %w", err)
	}
	return min(wanted, own.Max), nil
}

// limited keeps the first bytes that are written to it, and calls over once there are more
// of them, or more records that NUL ends. The buffer is not embedded: its ReadFrom would
// take all that there is.
type limited struct {
	kept    bytes.Buffer
	max     int
	records int
	discard bool // only count
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
