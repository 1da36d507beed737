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

// git runs git commands about a checkout in a private git directory.
type git struct {
	place
	own      string // the private git directory
	env      []string
	fileMode bool  // the working tree keeps executable bits
	largest  int64 // the largest file git may write, in bytes; 0 for maxIndex
}

// config is all the configuration that git sees, apart from the object format. %t is
// whether the file system keeps executable bits.
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

// sha256Format configures SHA-256 object names.
const sha256Format = `[core]
	repositoryFormatVersion = 1
[extensions]
	objectFormat = sha256
`

// open makes a private git directory for a checkout. close removes it.
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

// data returns the contents, by name, of the files that are copied from a checkout's git
// directory.
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

// openEmpty makes a private git directory for a working tree that has none.
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

// fill writes files into the private git directory.
func (g *git) fill(files map[string]string) error {
	for name, content := range files {
		to := filepath.Join(g.own, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, []byte(content), 0o600)); err != nil {
			return err
		}
	}
	return os.Mkdir(g.home(), 0o700)
}

// headForm matches the content of HEAD (gitrepository-layout(5)).
var headForm = regexp.MustCompile(`^(ref: refs/[^\x00-\x1f\x7f]+|[0-9a-f]{40}|[0-9a-f]{64})$`)

func (g *git) close() error { return os.RemoveAll(g.own) }

// home is git's home directory: empty, so that git finds no user configuration.
func (g *git) home() string { return filepath.Join(g.own, "home") }

// newEnv returns the complete environment of git.
func (g *git) newEnv() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + g.home(), "XDG_CONFIG_HOME=" + g.home(), "LC_ALL=C", "TZ=UTC",
		"GIT_DIR=" + g.own, "GIT_WORK_TREE=" + g.worktree, "GIT_OBJECT_DIRECTORY=" + filepath.Join(g.own, "objects"), "GIT_INDEX_FILE=" + filepath.Join(g.own, "index"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "GIT_PROTOCOL_FROM_USER=0",
		"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=false", "SSH_ASKPASS=false", "GIT_SSH_COMMAND=false", "GIT_PAGER=cat", "GIT_EDITOR=false",
	}
}

// output runs git and returns its standard output.
func (g *git) output(ctx context.Context, args ...string) ([]byte, error) {
	return g.answer(ctx, "", args...)
}

// answer runs git with input on its standard input and returns its standard output.
func (g *git) answer(ctx context.Context, input string, args ...string) ([]byte, error) {
	cmd, err := g.command(ctx, input, args)
	if err != nil {
		return nil, err
	}
	return run(cmd)
}

// count runs git and returns an error if it lists more than maxEntries records.
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

// ask runs git and returns its standard output without surrounding white space.
func (g *git) ask(ctx context.Context, args ...string) (string, error) {
	out, err := g.output(ctx, args...)
	return strings.TrimSpace(string(out)), err
}
