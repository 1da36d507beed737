package checkout

import (
	"bytes"
	"fmt"
	"math"

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

// bound sets the limits of a process that has just been started. What it has taken until
// then counts: it gets no more. file is how large a file it may write.
func bound(pid int, file int64) error {
	for resource, value := range map[int]uint64{unix.RLIMIT_DATA: maxMemory, unix.RLIMIT_FSIZE: uint64(file), unix.RLIMIT_CORE: 0} {
		var own unix.Rlimit
		if err := unix.Prlimit(pid, resource, nil, &own); err != nil {
			return fmt.Errorf("reading a limit of git: %w", err)
		}
		value = min(value, own.Max)
		if err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: value, Max: value}, nil); err != nil {
			return fmt.Errorf("setting a limit of git: %w", err)
		}
	}
	return nil
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
