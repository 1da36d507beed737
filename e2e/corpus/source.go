package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// written lists files that cargo itself adds to a .crate, or when unpacking it: they are
// not in a repository. Cargo.toml is used in the form normalised by cargo; the original may
// refer to a workspace that is not there.
var written = []string{".cargo_vcs_info.json", ".cargo-ok", "Cargo.toml.orig"}

// download has cargo download a crate and returns the .crate file in cargo's cache. It uses
// `cargo info`, the only command that downloads a crate without its dependencies.
func download(ctx context.Context, c crate) (string, error) {
	cmd := exec.CommandContext(ctx, "cargo", "info", "--quiet", c.Name+"@"+c.Version)
	cmd.Dir = os.TempDir() // not in a workspace, whose lock file would be used
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("downloading with cargo info (cargo 1.82 or newer is expected): %w: %s", err, strings.TrimSpace(string(out)))
	}
	home := os.Getenv("CARGO_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		home = filepath.Join(user, ".cargo")
	}
	pattern := filepath.Join(home, "registry", "cache", "*", c.Name+"-"+c.Version+".crate")
	found, err := filepath.Glob(pattern)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("cargo left no %s", filepath.Base(pattern))
	}
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// unpack writes the files of a .crate below dir, without their top directory and the files
// added by cargo. It returns the digest of the .crate.
func unpack(file, dir string) (digest string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	z, err := gzip.NewReader(io.TeeReader(f, sum))
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", filepath.Base(file), err)
	}
	root, err := os.OpenRoot(dir) // prevents names from leading outside
	if err != nil {
		return "", err
	}
	defer func() { _ = root.Close() }()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", fmt.Errorf("reading %q: %w", filepath.Base(file), err)
		}
		if err := extract(root, h, r); err != nil {
			return "", fmt.Errorf("unpacking %q: %w", h.Name, err)
		}
	}
	if _, err := io.Copy(sum, f); err != nil { // the rest that gzip did not read
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func extract(root *os.Root, h *tar.Header, r io.Reader) error {
	_, name, inside := strings.Cut(h.Name, "/")
	switch {
	case h.Typeflag == tar.TypeDir || slices.Contains(written, name):
		return nil
	case !inside || h.Typeflag != tar.TypeReg:
		return errors.New("expected files in one folder")
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644|os.FileMode(h.Mode)&0o111)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// commit makes dir a git repository with a single commit of all files, including ignored
// ones, because they were published. Author and date are fixed, so the commit ID is the
// same everywhere.
func commit(ctx context.Context, dir string) error {
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch", "main"},
		{"add", "--all", "--force"},
		{"commit", "--quiet", "--message", "As published"},
	} {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
			"GIT_AUTHOR_NAME=corpus", "GIT_AUTHOR_EMAIL=corpus@example.org", "GIT_AUTHOR_DATE=2026-01-01T00:00:00Z",
			"GIT_COMMITTER_NAME=corpus", "GIT_COMMITTER_EMAIL=corpus@example.org", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("making a git repository: git %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
