package local

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"

	"dagger/slipway/ci/step"
)

// spareMemory is how much memory in bytes must stay available on the machine. Memory in tmpfs
// files, pipes and sockets belongs to no process, so only the machine's available memory shows
// it.
const spareMemory = 128 << 20

// spare is how many bytes of a file system are kept free for the rest of the machine, and
// spareFiles how many files.
const (
	spare      = 256 << 20
	spareFiles = spare / (16 << 10) // mke2fs(8) creates one inode per 16 KiB
)

// bytesPerFile is the least that a file counts against the disk limit, one block: an empty file
// has no bytes, but a file system can run out of files too.
const bytesPerFile = 4096

// watch ends a step with a *step.LimitError as soon as the process pid and its descendants exceed
// a limit, and returns when ctx ends. The kernel enforces the other limits. Those sampled here
// are ones that it only enforces with control groups, which ordinary users rarely have.
func (r *Runner) watch(ctx context.Context, pid int, end func(error)) {
	r.sample(ctx, r.limits.Disk, end, func() error {
		if used := memoryBelow(pid); r.limits.Memory > 0 && used > r.limits.Memory {
			return &step.LimitError{Limit: "memory", Used: "had more than " + humanize.IBytes(uint64(r.limits.Memory)) + " in memory"}
		}
		if left := memoryLeft(); left >= 0 && left < spareMemory {
			return &step.LimitError{Limit: "memory", Used: "ran while the machine had less than " + humanize.IBytes(spareMemory) + " of memory left"}
		}
		return nil
	})
}

// watchCopies ends what slipway itself copies for a step as soon as too little room is left on the
// disk, and returns when ctx ends. The copies have no limit of their own, because each step's
// outputs were within that step's.
func (r *Runner) watchCopies(ctx context.Context, end func(error)) {
	r.sample(ctx, 0, end, func() error { return nil })
}

// sample calls end with the first error of check or of the room on the disk, of which at most
// limit bytes may be used from now on, 0 for any number.
func (r *Runner) sample(ctx context.Context, limit int64, end func(error), check func() error) {
	begin, err := free(r.store.dir)
	if err != nil {
		end(err)
		return
	}
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := check()
		if err == nil {
			var now room
			if now, err = free(r.store.dir); err == nil {
				err = now.exceeds(begin, limit, r.store.dir)
			}
		}
		if err != nil {
			end(err)
			return
		}
	}
}

// room is what a user may still write to a file system.
type room struct {
	bytes int64
	files int64 // -1 if the file system has no limit
}

// free returns the room left on a directory's file system.
func free(dir string) (room, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return room{}, fmt.Errorf("reading the free space of %q: %w", dir, err)
	}
	r := room{int64(st.Bavail) * st.Bsize, int64(st.Ffree)}
	if st.Files == 0 { // for example btrfs
		r.files = -1
	}
	return r, nil
}

// exceeds returns an error if more than limit bytes (or the corresponding number of files) were
// used since begin, or too little is left for the rest of the machine. A limit of 0 means none.
func (now room) exceeds(begin room, limit int64, dir string) error {
	counted := now.files >= 0 && begin.files >= 0
	switch {
	case limit > 0 && begin.bytes-now.bytes > limit:
		return &step.LimitError{Limit: "disk", Used: "wrote more than " + humanize.IBytes(uint64(limit))}
	case limit > 0 && counted && begin.files-now.files > limit/bytesPerFile:
		return &step.LimitError{Limit: "disk", Used: fmt.Sprintf("created more than %d files, one for each %s of %s", limit/bytesPerFile, humanize.IBytes(bytesPerFile), humanize.IBytes(uint64(limit)))}
	case now.bytes < spare && now.bytes < begin.bytes:
		return fmt.Errorf("the disk of the cache %q is nearly full: less than %s is left: make room, or name another directory with --cache", dir, humanize.IBytes(spare))
	case counted && now.files < spareFiles && now.files < begin.files:
		return fmt.Errorf("the file system of the cache %q is nearly full: it has room for less than %d more files: make room, or name another directory with --cache", dir, spareFiles)
	}
	return nil
}

// memoryBelow returns how many bytes of private memory a process and its descendants have. They
// include every process of a sandbox, because orphans become children of the first process in
// their namespace.
func memoryBelow(top int) int64 {
	parents := map[int]int{}
	for _, pid := range allProcesses() {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // the process has ended
		}
		var state byte
		var parent int
		// The name is in parentheses and may contain anything (proc(5)).
		if _, err := fmt.Sscanf(string(raw[bytes.LastIndexByte(raw, ')')+1:]), " %c %d", &state, &parent); err == nil {
			parents[pid] = parent
		}
	}
	var sum int64
	for pid := range parents {
		at := pid
		for at != top && parents[at] != 0 {
			at = parents[at]
		}
		if at == top {
			sum += resident(pid)
		}
	}
	return sum
}

// allProcesses returns the ids of the machine's processes. It reads a single directory:
// filepath.Glob would also read each process's own, which costs more than everything else in
// watch.
func allProcesses() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }()
	names, _ := dir.Readdirnames(-1)
	var list []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			list = append(list, pid)
		}
	}
	return list
}

// resident returns how many bytes of a process are in memory and not backed by a file.
func resident(pid int) int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, all, files int64
	if _, err := fmt.Sscan(string(raw), &size, &all, &files); err != nil {
		return 0
	}
	return (all - files) * int64(os.Getpagesize())
}

// memoryLeft returns how many bytes of memory are available without swapping, -1 if unknown
// (MemAvailable in proc_meminfo(5)).
func memoryLeft() int64 {
	raw, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			var kib int64
			if _, err := fmt.Sscan(rest, &kib); err == nil {
				return kib << 10
			}
		}
	}
	return -1
}

// machineMemory returns the machine's memory in bytes, 0 if unknown.
func machineMemory() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	return int64(info.Totalram) * int64(info.Unit)
}

// lineCost is what each line counts against the log limit in addition to its bytes, because
// displaying millions of empty lines takes long.
const lineCost = 64

// counted passes on what is written, and calls over once it exceeds left.
type counted struct {
	w    io.Writer
	left *atomic.Int64
	over func()
}

func (c *counted) Write(p []byte) (int, error) {
	if c.left.Add(-int64(len(p)+lineCost*bytes.Count(p, []byte("\n")))) < 0 {
		c.over()
		return len(p), nil
	}
	return c.w.Write(p)
}
