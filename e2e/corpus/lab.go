package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dagger/slipway/ci/beneath"
)

// lab is what all crates share: the command, its toolchain image, a working directory.
type lab struct {
	slipway  string
	revision string // the commit the command was built from
	kept     string // slipway's cache with the toolchain image
	work     string
	own      bool // work was created here
}

// openLab prepares a lab. If the cache has no toolchain image it makes one, which takes
// minutes.
func openLab(slipway, kept, work string) (*lab, error) {
	path, err := exec.LookPath(slipway)
	if err != nil {
		return nil, fmt.Errorf("finding the slipway command: %w: build it, and name it with -slipway", err)
	}
	l := &lab{kept: kept, work: work}
	if l.slipway, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	if l.kept == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		l.kept = filepath.Join(base, "slipway")
	}
	if l.kept, err = filepath.Abs(l.kept); err != nil {
		return nil, err
	}
	cmd := exec.Command(l.slipway, "toolchain", "--cache", l.kept)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("making the toolchain image: %w", err)
	}
	if l.work == "" {
		l.work, err = os.MkdirTemp("", "slipway-corpus-")
		l.own = true
		return l, err
	}
	if l.work, err = filepath.Abs(l.work); err != nil {
		return nil, err
	}
	return l, os.MkdirAll(l.work, 0o755)
}

func (l *lab) close() error {
	if !l.own {
		return nil
	}
	return beneath.RemoveAll(l.work)
}

// revision returns the last commit of this repository that changed the command, followed by
// "+" if there are uncommitted changes. Go's build information does not have it for a
// worktree.
func revision() (string, error) {
	paths := []string{"--", ":/ci", ":/cmd", ":/go.mod", ":/go.sum"}
	commit, err := exec.Command("git", append([]string{"log", "-1", "--abbrev=12", "--format=%h"}, paths...)...).Output()
	if err != nil {
		return "", fmt.Errorf("finding the commit of the slipway command: git log: %w: run this in slipway's repository", err)
	}
	changes, err := exec.Command("git", append([]string{"status", "--porcelain"}, paths...)...).Output()
	if err != nil {
		return "", fmt.Errorf("finding the commit of the slipway command: git status: %w", err)
	}
	mark := ""
	if len(changes) > 0 {
		mark = "+"
	}
	return strings.TrimSpace(string(commit)) + mark, nil
}

// newCache makes a cache for one crate that shares only the toolchain image with others. It
// is removed after the crate, so that the disk holds one at a time.
func (l *lab) newCache(dir string) (string, error) {
	cache := filepath.Join(dir, "cache")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	for _, shared := range []string{"images", "toolchain"} {
		target := filepath.Join(l.kept, shared)
		if err := os.MkdirAll(target, 0o755); err != nil {
			return "", err
		}
		if err := os.Symlink(target, filepath.Join(cache, shared)); err != nil {
			return "", err
		}
	}
	return cache, nil
}

// image returns the root of the unpacked toolchain image, the newest if there are several.
func (l *lab) image() (string, error) {
	roots, err := filepath.Glob(filepath.Join(l.kept, "images", "*", "rootfs"))
	if err != nil || len(roots) == 0 {
		return "", errors.Join(errors.New("finding the unpacked toolchain image: slipway's cache has none"), err)
	}
	slices.SortFunc(roots, func(a, b string) int { return modified(a).Compare(modified(b)) })
	return roots[len(roots)-1], nil
}

func modified(root string) time.Time {
	info, err := os.Stat(filepath.Dir(root))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// command returns a slipway command that runs at low priority, without the caller's tokens.
func (l *lab) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nice", append([]string{"-n", "19", l.slipway}, args...)...)
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.HasSuffix(name, "_TOKEN") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	return cmd
}
