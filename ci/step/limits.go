package step

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Limits restrict what a step may use of the machine. They are not part of a step, because its
// result does not depend on them.
type Limits struct {
	// Time is how long a step may take.
	Time time.Duration
	// Memory is how many bytes of memory all processes of a step may have together; 0 means three
	// quarters of the machine's. Temporary files may use a quarter as much in addition.
	Memory int64
	// Disk is how many bytes may be written while a step runs, and File how many bytes one file
	// may have.
	Disk, File int64
	// Log is how many bytes a step may print.
	Log int64
	// Processes is how many processes and threads a step may have.
	Processes int64
}

// DefaultLimits returns limits far above what releases need, but low enough to keep the machine
// running.
func DefaultLimits() Limits {
	return Limits{Time: 4 * time.Hour, Disk: 64 << 30, File: 16 << 30, Log: 256 << 20, Processes: 16384}
}

// ParseLimits parses limits that differ from the defaults, such as "time=30m,memory=8GiB":
// durations in Go's syntax, sizes in bytes or with KiB, MiB, GiB or TiB (KB, MB, GB and TB are
// powers of 1000).
func ParseLimits(text string) (Limits, error) {
	l := DefaultLimits()
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		if err := l.set(name, value); err != nil {
			return l, fmt.Errorf("reading the limit %q: %w", part, err)
		}
	}
	return l, nil
}

func (l *Limits) set(name, value string) (err error) {
	sizes := map[string]*int64{"memory": &l.Memory, "disk": &l.Disk, "file": &l.File, "log": &l.Log}
	switch {
	case name == "time":
		if l.Time, err = time.ParseDuration(value); err == nil && l.Time <= 0 {
			err = fmt.Errorf("expected a duration above 0, such as 90m")
		}
	case name == "processes":
		if l.Processes, err = strconv.ParseInt(value, 10, 32); err == nil && l.Processes < 16 {
			err = fmt.Errorf("expected 16 processes or more: cargo needs some itself")
		}
	case sizes[name] != nil:
		*sizes[name], err = parseSize(value)
	default:
		err = fmt.Errorf("expected one of time, memory, disk, file, log and processes")
	}
	return err
}

// maxSize is the largest size, so that sums of sizes do not overflow.
const maxSize = 1 << 62

func parseSize(text string) (int64, error) {
	n, err := humanize.ParseBytes(text)
	if err != nil || n < 1 || n > maxSize {
		return 0, fmt.Errorf("expected a size in bytes or with a unit, such as 8GiB")
	}
	return int64(n), nil
}

// LimitError is the error of a step that was stopped because it exceeded a limit.
type LimitError struct {
	// Limit is the limit's name in [ParseLimits].
	Limit string
	// Used says what the step did, such as "printed more than 256 MiB".
	Used string
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("it was ended because it %s: if it needs that, raise the limit with --limits %s=…", e.Used, e.Limit)
}
