package githubd

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// git is the bare repository, accessed with the git command.
type git struct {
	dir     string
	scratch string // for index files
}

// errNoObject means that a name does not exist in the repository.
var errNoObject = errors.New("no such object")

// run runs a git command and returns its output.
func (g git) run(args ...string) (string, error) { return g.with("", nil, args...) }

// with runs a git command with input and additional environment variables.
func (g git) with(input string, env []string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	// Only the repository's own configuration is used.
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "GIT_DIR=" + g.dir, "HOME=" + g.scratch,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0",
	}, env...)
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("running git %q: %w: %s", args, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.String(), nil
}

// line returns the output of a command that prints one line.
func (g git) line(args ...string) (string, error) {
	out, err := g.run(args...)
	return strings.TrimSuffix(out, "\n"), err
}

// head returns the branch that HEAD names.
func (g git) head() (string, error) {
	ref, err := g.line("symbolic-ref", "HEAD")
	return strings.TrimPrefix(ref, "refs/heads/"), err
}

// object returns the hash of a revision, or errNoObject. It follows tags if the revision
// ends with "^{commit}".
func (g git) object(revision string) (string, error) {
	sha, err := g.line("rev-parse", "--verify", "--quiet", "--end-of-options", revision)
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return "", errNoObject
		}
		return "", err
	}
	return sha, nil
}

// kind returns the type of an object, given its full hash, or errNoObject.
func (g git) kind(sha string) (string, error) {
	if !fullHash.MatchString(sha) {
		return "", errNoObject
	}
	kind, err := g.line("cat-file", "-t", sha)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", errNoObject
	}
	return kind, err
}

var (
	fullHash = regexp.MustCompile(`^[0-9a-f]{40}$`)
	anyHash  = regexp.MustCompile(`^[0-9a-f]{4,40}$`)
	// Characters with a meaning in a revision.
	operators = regexp.MustCompile(`[~^:?*\[\\\s\x00]|\.\.|@\{`)
)

// commit returns the commit that GitHub finds by a name: a branch, a tag, a hash or a
// prefix of one, or HEAD, but no other form of a git revision. Whether GitHub prefers a
// branch to a tag of the same name is not documented.
func (g git) commit(name string) (string, error) {
	refs := []string{"refs/heads/" + name, "refs/tags/" + name}
	switch {
	case name == "HEAD":
		refs = []string{"HEAD"}
	case strings.HasPrefix(name, "heads/"), strings.HasPrefix(name, "tags/"):
		refs = append(refs, "refs/"+name)
	case strings.HasPrefix(name, "refs/"):
		refs = []string{name}
	case anyHash.MatchString(name):
		refs = append(refs, name)
	}
	for _, ref := range refs {
		if sha, err := g.peel(ref); !errors.Is(err, errNoObject) {
			return sha, err
		}
	}
	return "", errNoObject
}

// peel returns the commit that a full reference name or a hash leads to, or errNoObject.
func (g git) peel(name string) (string, error) {
	if operators.MatchString(name) {
		return "", errNoObject
	}
	return g.object(name + "^{commit}")
}

// valid reports whether ref is a valid reference name.
func (g git) valid(ref string) bool {
	_, err := g.run("check-ref-format", ref)
	return err == nil
}

// reference returns the hash and type of the object that a full reference name points to,
// or errNoObject.
func (g git) reference(ref string) (sha, kind string, err error) {
	if !strings.HasPrefix(ref, "refs/") || operators.MatchString(ref) {
		return "", "", errNoObject
	}
	out, err := g.line("for-each-ref", "--format=%(refname) %(objectname) %(objecttype)", ref)
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); f[0] == ref {
			return f[1], f[2], nil
		}
	}
	return "", "", errNoObject
}

// updateHook is a git hook that runs for every pushed reference. It rejects moving or
// deleting the tag of an immutable release, and recreating the tag of a deleted one.
const updateHook = `#!/bin/sh
# Written by githubd: keeps the tags of immutable releases.
reject() {
	echo "error: GH013: Repository rule violations found for $1." >&2
	echo "- $2" >&2
	exit 1
}
listed() { grep -qxF -e "$2" "$GIT_DIR/$1" 2>/dev/null; }
listed githubd-locked "$1" && reject "$1" "Cannot update this protected ref."
case $2 in
*[!0]*) ;;
*) listed githubd-burned "$1" && reject "$1" "Cannot create ref due to creations being restricted." ;;
esac
exit 0
`

// hook installs the update hook. It returns an error if there is another one.
func (g git) hook() error {
	path := filepath.Join(g.dir, "hooks", "update")
	if there, err := os.ReadFile(path); err == nil && string(there) != updateHook {
		return fmt.Errorf("%q exists; expected a repository without an update hook", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(updateHook), 0o755); err != nil {
		return err
	}
	return g.protect(nil, nil)
}

// protect tells the hook which tags must not be moved or deleted, and which must not be
// created.
func (g git) protect(locked, burned []string) error {
	write := func(name string, tags []string) error {
		var lines strings.Builder
		for _, tag := range tags {
			lines.WriteString("refs/tags/" + tag + "\n")
		}
		return os.WriteFile(filepath.Join(g.dir, name), []byte(lines.String()), 0o644)
	}
	return errors.Join(write("githubd-locked", locked), write("githubd-burned", burned))
}
