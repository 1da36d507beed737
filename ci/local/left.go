package local

import (
	"fmt"
	"math"
	"path"
	"strconv"

	"github.com/dustin/go-humanize"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/step"
)

// outputsSize returns how many bytes the outputs in an entry have by the sizes of their files (see
// [beneath.Dir.Size]): a sparse file takes no room until it is copied, but time when it is read.
func outputsSize(s step.Step, entry *beneath.Dir) (int64, error) {
	var sum int64
	for i, o := range s.Outputs {
		if inside(s, i) >= 0 {
			continue
		}
		name := path.Join("out", strconv.Itoa(i))
		size, err := entry.Size(name, bytesPerFile)
		if err != nil {
			return 0, fmt.Errorf("measuring output %q: %w", o.Name, step.OutputError(o, name, err))
		}
		sum += min(size, math.MaxInt64-sum)
	}
	return sum, nil
}

// sizeBefore is outputsSize before the command runs: of what an earlier step has left where the
// outputs will be. where returns the path of an output relative to work.
func sizeBefore(s step.Step, work string, where func(step.Output) (string, error)) (int64, error) {
	d, err := beneath.OpenDir(work)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	var sum int64
	for i, o := range s.Outputs {
		if inside(s, i) >= 0 {
			continue
		}
		name, err := where(o)
		if err != nil {
			return 0, err
		}
		// Nothing is there yet, or a link, which is an error only if the command leaves it.
		if size, err := d.Size(name, bytesPerFile); err == nil {
			sum += size
		}
	}
	return sum, nil
}

// leftTooMuch returns an error if a step has left more bytes than its limit for the disk, 0 for none.
func leftTooMuch(size, limit int64) error {
	if limit <= 0 || size <= limit {
		return nil
	}
	return &step.LimitError{Limit: "disk", Used: fmt.Sprintf("left files of more than %s, holes included", humanize.IBytes(uint64(limit)))}
}
