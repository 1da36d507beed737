package checkout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A process that sleeps without using any CPU time is waiting for something. git waits for
// ever if it opens a FIFO that nobody writes to. After stall, slipway looks for such a
// file; after longestStall it ends git even if it finds none.
const (
	stall        = 5 * time.Second
	longestStall = time.Minute
)

// watch calls end if a process waits for a special file, or has been idle for longestStall.
// special returns the name of such a file.
func watch(ctx context.Context, pid int, special func(context.Context) string, end func(error)) {
	tick := time.NewTicker(stall / 10)
	defer tick.Stop()
	last, since, looked := "", time.Now(), false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, asleep := activity(pid)
		if !asleep || now != last {
			last, since, looked = now, time.Now(), false
			continue
		}
		idle := time.Since(since)
		if idle >= stall && !looked {
			looked = true
			if name := special(ctx); name != "" {
				end(fmt.Errorf("it waits for %q, which is neither a file nor a directory: expected what git makes: remove it", name))
				return
			}
		}
		if idle >= longestStall {
			end(fmt.Errorf("it has waited for %s and done nothing: a file that it opens may be a FIFO or a device", longestStall))
			return
		}
	}
}

// activity returns the CPU time a process has used and whether it sleeps
// (proc_pid_stat(5)).
func activity(pid int) (used string, asleep bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false
	}
	f := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:]) // from the third field on, the state
	if len(f) < 13 {
		return "", false
	}
	return string(f[11]) + " " + string(f[12]), string(f[0]) == "S"
}

// opened lists the names of files that git opens anywhere in a working tree.
var opened = map[string]bool{".gitignore": true, ".gitattributes": true, ".gitmodules": true, ".mailmap": true, ".git": true}

// special returns a file that git may open and that is neither regular nor a directory, ""
// if there is none. It searches the git directories, those of nested repositories, and the
// files that configure git in the working tree.
func (p place) special(ctx context.Context) string {
	for _, dir := range []string{p.common, p.dir} {
		if name := specialBelow(ctx, dir, func(string) bool { return true }); name != "" {
			return name
		}
	}
	return specialBelow(ctx, p.worktree, func(name string) bool {
		return opened[filepath.Base(name)] || bytes.Contains([]byte(name), []byte("/.git/"))
	})
}

// errFound ends a directory walk.
var errFound = errors.New("found")

// specialBelow returns the first special file below a directory, "" if there is none among
// the first maxEntries entries.
func specialBelow(ctx context.Context, dir string, consider func(name string) bool) string {
	var found string
	var seen int
	_ = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		seen++
		switch {
		case ctx.Err() != nil || seen > maxEntries:
			return fs.SkipAll
		case err != nil || e.IsDir() || !consider(name):
			return nil
		}
		info, err := os.Stat(name) // follow links, as git does
		if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
			found = name
			return errFound
		}
		return nil
	})
	return found
}
