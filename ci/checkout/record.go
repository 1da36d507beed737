package checkout

import (
	"context"
	"fmt"
	"strings"

	"dagger/slipway/ci/gitdir"
)

// Record returns what cargo may see of the repository when it packages a crate: the commit
// and the names of its files. It returns nil outside a repository, before the first commit,
// and for SHA-256 object names, which cargo cannot read.
func (s *Source) Record(ctx context.Context) (*gitdir.Record, error) {
	e := s.examined
	if e.git == nil || len(e.commit) != 40 {
		return nil, nil
	}
	r, err := e.git.record(ctx, e.commit)
	if err != nil {
		return nil, fmt.Errorf("reading the commit of %q: %w", e.dir, err)
	}
	r.Prefix = e.prefix
	return r, nil
}

func (g *git) record(ctx context.Context, commit string) (*gitdir.Record, error) {
	object, err := g.output(ctx, "cat-file", "commit", commit)
	if err != nil {
		return nil, err
	}
	files, err := g.output(ctx, "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return nil, err
	}
	r := &gitdir.Record{Commit: string(object)}
	for line := range records(files) {
		head, path, _ := strings.Cut(line, "\t")
		if f := strings.Fields(head); len(f) == 3 {
			r.Entries = append(r.Entries, gitdir.Entry{Mode: f[0], Object: f[2], Path: path})
		}
	}
	return r, nil
}
