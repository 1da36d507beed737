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

// A process that sleeps and uses no processor waits for something: git waits so for ever
// where it opens a FIFO that nobody writes to. After stall one is looked for, and after
// longestStall git is ended though none is found.
const (
	stall        = 5 * time.Second
	longestStall = time.Minute
)

// watch ends a process that waits for what is no file. special names such a file.
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

// activity is what a process has used of the processor, and whether it sleeps
// (proc_pid_stat(5)).
func activity(pid int) (used string, asleep bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false
	}
	f := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:]) // from the state on, the third field
	if len(f) < 13 {
		return "", false
	}
	return string(f[11]) + " " + string(f[12]), string(f[0]) == "S"
}

// opened are the files of a working tree that git opens, wherever they lie.
var opened = map[string]bool{".gitignore": true, ".gitattributes": true, ".gitmodules": true, ".mailmap": true, ".git": true}

// special finds a file that git may open and that is neither a regular one nor a
// directory: in the git directories, in those of repositories within the working tree, or
// among those that configure git there. "" is none.
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

// errFound ends a search.
var errFound = errors.New("found")

// specialBelow finds the first special file, at most maxEntries away.
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
		info, err := os.Stat(name) // a link is followed as git does
		if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
			found = name
			return errFound
		}
		return nil
	})
	return found
}
