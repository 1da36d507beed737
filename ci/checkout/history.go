package checkout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"dagger/slipway/ci/notes"
	"dagger/slipway/ci/tomlfile"
)

// History returns the commits that touch a crate since its last tag. Outside a repository
// and before the first commit it returns the zero value.
func (s *Source) History(ctx context.Context, q notes.Question) (notes.History, error) {
	e := s.examined
	if e.git == nil || e.commit == "" {
		return notes.History{}, nil
	}
	q.Dir, q.Root = path.Join(e.prefix, q.Dir), path.Join(e.prefix, ".")
	q.Without = slices.Clone(q.Without)
	for i, dir := range q.Without {
		q.Without[i] = path.Join(e.prefix, dir)
	}
	h, err := e.git.history(ctx, e.commit, q)
	if err != nil {
		return notes.History{}, fmt.Errorf("asking git about %q: %w", e.dir, err)
	}
	return h, nil
}

func (g *git) history(ctx context.Context, head string, q notes.Question) (h notes.History, err error) {
	h.Head = head
	tags, err := g.ask(ctx, "for-each-ref", "--merged="+h.Head, "--format=%(refname:lstrip=2)", "refs/tags/")
	if err != nil {
		return h, err
	}
	h.Tag = q.LastTag(strings.Split(tags, "\n"), func(tag, version string) bool {
		var held bool
		if err == nil {
			held, err = g.holds(ctx, "refs/tags/"+tag, q, version)
		}
		return held
	})
	if err != nil {
		return h, err
	}
	if h.Commits, err = g.commits(ctx, h, q); err != nil {
		return h, err
	}
	boundary, err := g.boundary()
	if err != nil {
		return h, err
	}
	h.Cut = len(boundary) > 0 && h.Tag == ""
	all := len(h.Commits)
	h.Commits = slices.DeleteFunc(h.Commits, func(c notes.Commit) bool { return slices.Contains(boundary, c.ID) })
	h.Cut = h.Cut || len(h.Commits) < all
	if len(h.Commits) > notes.MaxCommits {
		h.Commits, h.More = h.Commits[:notes.MaxCommits], true
	}
	return h, nil
}

// holds reports whether a commit has the crate at a version, by its manifest at the same place.
func (g *git) holds(ctx context.Context, commit string, q notes.Question, version string) (bool, error) {
	l := newListing()
	own, root := path.Join(q.Dir, "Cargo.toml"), path.Join(q.Root, "Cargo.toml")
	for _, name := range []string{own, root} {
		if err := g.readCommit(ctx, commit, name, l); err != nil {
			return false, err
		}
	}
	read := func(name string) (m manifest, err error) {
		e, ok := l.tree[name]
		if !ok || e.size > maxManifest || e.mode == gitlink {
			return m, nil
		}
		raw, err := g.blobs(ctx, []entry{e})
		if err == nil && tomlfile.Unmarshal(raw[0], &m) != nil {
			m = manifest{} // what cannot be read says nothing
		}
		return m, err
	}
	m, err := read(own)
	if err != nil || m.Package.Name != q.Crate {
		return false, err
	}
	if at, ok := m.Package.Version.(string); ok {
		return at == version, nil
	}
	w, err := read(root)
	return w.Workspace.Package.Version == version, err
}

// manifest is the part of a Cargo.toml that says which version it has.
type manifest struct {
	Package struct {
		Name    string `toml:"name"`
		Version any    `toml:"version"` // a table if the workspace's version is inherited
	} `toml:"package"`
	Workspace struct {
		Package struct {
			Version string `toml:"version"`
		} `toml:"package"`
	} `toml:"workspace"`
}

// maxManifest is the size in bytes from which on a manifest of an earlier version is not read.
const maxManifest = 1 << 20

// commits returns up to notes.MaxCommits+1 commits: the extra one shows that there are
// more.
func (g *git) commits(ctx context.Context, h notes.History, q notes.Question) ([]notes.Commit, error) {
	args := []string{"log", "--no-merges", "--topo-order", "--no-notes", "-z", "--format=%H%n%B", fmt.Sprintf("--max-count=%d", notes.MaxCommits+1), h.Head}
	if h.Tag != "" {
		args = append(args, "^refs/tags/"+h.Tag)
	}
	if args = append(args, "--"); q.Dir == "." {
		args = append(args, ":/")
	} else {
		args = append(args, ":(top,literal)"+q.Dir)
	}
	for _, dir := range q.Without {
		args = append(args, ":(top,exclude,literal)"+dir)
	}
	out, err := g.output(ctx, args...)
	if err != nil {
		return nil, err
	}
	var list []notes.Commit
	for entry := range bytes.SplitSeq(out, []byte{0}) {
		if id, message, ok := strings.Cut(string(entry), "\n"); ok {
			list = append(list, notes.Commit{ID: id, Message: message})
		}
	}
	return list, nil
}

// boundary returns the commits of a shallow clone whose parents are missing. git treats
// them as root commits, so what they changed is unknown.
func (g *git) boundary() ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(g.own, "shallow"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return strings.Fields(string(raw)), err
}
