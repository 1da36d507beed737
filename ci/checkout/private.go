package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// git answers questions about a checkout in a git directory of its own.
type git struct {
	place
	own      string // its directory
	env      []string
	fileMode bool  // the working tree has executable bits
	largest  int64 // bytes of a file that git may write, 0 for those of its own directory
}

// config is all the configuration that git sees, but for the format of objects that are
// not SHA-1. %t is whether the file system has the executable bit.
const config = `[core]
	bare = false
	fileMode = %t
	fsmonitor = false
	hooksPath = /dev/null
	attributesFile = /dev/null
	excludesFile = /dev/null
	untrackedCache = false
	autoCRLF = false
	eol = lf
	symlinks = true
	commitGraph = false
	multiPackIndex = false
	bigFileThreshold = 64m
	packedGitWindowSize = 32m
	packedGitLimit = 1g
	deltaBaseCacheLimit = 96m
	logAllRefUpdates = false
[gc]
	auto = 0
[maintenance]
	auto = false
`

// sha256Format says that the objects are of SHA-256.
const sha256Format = `[core]
	repositoryFormatVersion = 1
[extensions]
	objectFormat = sha256
`

// open makes the git directory. Closing it removes it.
func open(ctx context.Context, at place) (*git, error) {
	own, err := readFormat(ctx, at.common)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"objects", "refs"} {
		if err := checkNoLinks(ctx, filepath.Join(at.common, name)); err != nil {
			return nil, err
		}
	}
	borrowed, err := alternates(ctx, at.common)
	if err != nil {
		return nil, err
	}
	files, err := at.data(ctx)
	if err != nil {
		return nil, err
	}
	if files["config"] = fmt.Sprintf(config, own.fileMode); own.objects == "sha256" {
		files["config"] += sha256Format
	}
	dir, err := os.MkdirTemp("", "slipway-git-")
	if err != nil {
		return nil, err
	}
	g := &git{place: at, own: dir, fileMode: own.fileMode}
	g.env = append(g.newEnv(), alternatesVariable+"="+strings.Join(borrowed, string(filepath.ListSeparator)))
	err = errors.Join(g.fill(files), os.Symlink(filepath.Join(at.common, "refs"), filepath.Join(dir, "refs")), linkObjects(at.common, filepath.Join(dir, "objects")))
	if err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

// data are the files of a checkout's git directory that are copied, by name.
func (p place) data(ctx context.Context) (map[string]string, error) {
	head, err := readLine(ctx, p.dir, "HEAD")
	if err != nil {
		return nil, err
	}
	if !headForm.MatchString(head) {
		return nil, fmt.Errorf("reading the git directory %q: HEAD is neither a ref nor a commit", p.dir)
	}
	files := map[string]string{"HEAD": head + "\n"}
	for _, name := range []string{"packed-refs", "shallow", "info/exclude"} {
		raw, err := readData(ctx, p.common, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files[name] = string(raw)
	}
	return files, nil
}

// openEmpty makes a git directory for a working tree without one.
func openEmpty(worktree string) (*git, error) {
	dir, err := os.MkdirTemp("", "slipway-git-")
	if err != nil {
		return nil, err
	}
	at := place{worktree: worktree, dir: dir, common: dir}
	for _, name := range []string{"objects", "refs"} {
		err = errors.Join(err, os.Mkdir(filepath.Join(dir, name), 0o700))
	}
	g := &git{place: at, own: dir, fileMode: true}
	g.env = g.newEnv()
	err = errors.Join(err, g.fill(map[string]string{"config": fmt.Sprintf(config, true), "HEAD": "ref: refs/heads/none\n"}))
	if err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

// fill writes the files of the git directory.
func (g *git) fill(files map[string]string) error {
	for name, content := range files {
		to := filepath.Join(g.own, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, []byte(content), 0o600)); err != nil {
			return err
		}
	}
	return os.Mkdir(g.home(), 0o700)
}

// headForm is what HEAD holds (gitrepository-layout(5)).
var headForm = regexp.MustCompile(`^(ref: refs/[^\x00-\x1f\x7f]+|[0-9a-f]{40}|[0-9a-f]{64})$`)

func (g *git) close() error { return os.RemoveAll(g.own) }

// home is where git finds no configuration of a user's.
func (g *git) home() string { return filepath.Join(g.own, "home") }

// newEnv is all of git's environment.
func (g *git) newEnv() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + g.home(), "XDG_CONFIG_HOME=" + g.home(), "LC_ALL=C", "TZ=UTC",
		"GIT_DIR=" + g.own, "GIT_WORK_TREE=" + g.worktree, "GIT_OBJECT_DIRECTORY=" + filepath.Join(g.own, "objects"), "GIT_INDEX_FILE=" + filepath.Join(g.own, "index"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "GIT_PROTOCOL_FROM_USER=0",
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=false", "SSH_ASKPASS=false", "GIT_SSH_COMMAND=false", "GIT_PAGER=cat", "GIT_EDITOR=false",
	}
}

// output asks git.
func (g *git) output(ctx context.Context, args ...string) ([]byte, error) {
	return g.answer(ctx, "", args...)
}

// answer asks git and gives it an input.
func (g *git) answer(ctx context.Context, input string, args ...string) ([]byte, error) {
	cmd, err := g.command(ctx, input, args)
	if err != nil {
		return nil, err
	}
	return run(cmd)
}

// count asks git and returns an error where it lists more than maxEntries.
func (g *git) count(ctx context.Context, args ...string) error {
	cmd, err := g.command(ctx, "", args)
	if err != nil {
		return err
	}
	cmd.count = true
	_, err = run(cmd)
	return err
}

func (g *git) command(ctx context.Context, input string, args []string) (*command, error) {
	cmd, err := newCommand(ctx, g.env, args...)
	if err != nil {
		return nil, err
	}
	cmd.Dir, cmd.Stdin, cmd.special = g.worktree, strings.NewReader(input), g.special
	if g.largest > 0 {
		cmd.file = g.largest
	}
	return cmd, nil
}

// ask returns an answer without the space around it.
func (g *git) ask(ctx context.Context, args ...string) (string, error) {
	out, err := g.output(ctx, args...)
	return strings.TrimSpace(string(out)), err
}
