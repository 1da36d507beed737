package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// format holds what is used of a repository's own configuration: how its data is stored.
// None of it can name a command to run.
type format struct {
	objects  string // "sha1" or "sha256"
	fileMode bool
}

// readFormat reads the format of a git directory from its configuration.
func readFormat(ctx context.Context, common string) (format, error) {
	f := format{objects: "sha1", fileMode: true}
	out, err := parseConfig(ctx, common, "config")
	if err != nil {
		return f, err
	}
	for entry := range strings.SplitSeq(out, "\x00") {
		key, value, _ := strings.Cut(entry, "\n")
		switch value = strings.ToLower(value); key {
		case "extensions.objectformat":
			f.objects = value
		case "extensions.refstorage":
			if value != "files" {
				return f, fmt.Errorf("the repository keeps its refs as %q, expected files: run `git refs migrate --ref-format=files`", value)
			}
		case "core.filemode":
			f.fileMode = value != "false" && value != "no" && value != "off" && value != "0"
		}
	}
	if f.objects != "sha1" && f.objects != "sha256" {
		return f, fmt.Errorf("the repository's object format is %q, expected sha1 or sha256", f.objects)
	}
	return f, nil
}

// readWorktree returns the working tree that a git directory names, "" if it names none
// (git-config(1), core.worktree). In a sparse checkout the setting is in a second file.
func readWorktree(ctx context.Context, dir string) (string, error) {
	var worktree string
	for _, name := range []string{"config", "config.worktree"} {
		out, err := parseConfig(ctx, dir, name)
		if errors.Is(err, fs.ErrNotExist) && name != "config" {
			continue
		}
		if err != nil {
			return "", err
		}
		for entry := range strings.SplitSeq(out, "\x00") {
			if key, value, _ := strings.Cut(entry, "\n"); key == "core.worktree" {
				worktree = value
			}
		}
	}
	return worktree, nil
}

// parseConfig has git parse a configuration file as text: it follows no includes, and none
// of the settings take effect. The result has one NUL-terminated entry per setting: key,
// newline, value.
func parseConfig(ctx context.Context, dir, name string) (string, error) {
	raw, err := readData(ctx, dir, name)
	if err != nil {
		return "", err
	}
	env := append(userEnv()[:2:2], "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_DIR=/dev/null", "HOME=/dev/null")
	cmd, err := newCommand(ctx, env, "config", "--file", "-", "--no-includes", "--null", "--list")
	if err != nil {
		return "", err
	}
	cmd.Dir, cmd.Stdin = "/", strings.NewReader(string(raw))
	out, err := run(cmd)
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", filepath.Join(dir, name), err)
	}
	return string(out), nil
}
