package checkout

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// format is what is taken of a repository's own configuration: how its data is written, and
// of which directory it is.
// None of it can name anything to run.
type format struct {
	objects  string // sha1 or sha256
	fileMode bool
	worktree string // where the repository's files are, "" where it does not say
}

// readFormat has git parse the configuration as a text, which includes no other file and
// configures nothing.
func readFormat(ctx context.Context, common string) (format, error) {
	f := format{objects: "sha1", fileMode: true}
	raw, err := readData(ctx, common, "config")
	if err != nil {
		return f, err
	}
	env := append(userEnv()[:2:2], "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_DIR=/dev/null", "HOME=/dev/null")
	cmd, err := newCommand(ctx, env, "config", "--file", "-", "--no-includes", "--null", "--list")
	if err != nil {
		return f, err
	}
	cmd.Dir, cmd.Stdin = "/", strings.NewReader(string(raw))
	out, err := run(cmd)
	if err != nil {
		return f, fmt.Errorf("reading %q: %w", filepath.Join(common, "config"), err)
	}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		key, value, _ := strings.Cut(entry, "\n")
		if key == "core.worktree" {
			f.worktree = value
		}
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
