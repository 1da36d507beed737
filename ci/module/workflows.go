package module

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/sourcefs"
	"dagger/slipway/ci/workflows"
)

// Workflows generates the GitHub Actions workflows for the repository whose root is the source,
// and returns the ID of a directory with only these files.
func (s *Session) Workflows(ctx context.Context, o workflows.Options) (_ string, failed error) {
	defer console.ForPeople(&failed)
	files := filepath.Join(s.work, "repository")
	if _, err := s.source.Export(ctx, files); err != nil {
		return "", err
	}
	root, err := sourcefs.Open(ctx, files)
	if err != nil {
		return "", err
	}
	defer root.Close()
	below, err := fs.Sub(root, path.Clean(cmp.Or(o.Workspace, ".")))
	if err != nil {
		return "", fmt.Errorf("reading the workspace %q: %w", o.Workspace, err)
	}
	w, err := cargo.Read(below)
	if err != nil {
		return "", err
	}
	if o.Slipway, err = workflows.Pin(root, o.Slipway); err != nil {
		return "", err
	}
	if o.Content, err = workflows.ContentOf(root); err != nil {
		return "", fmt.Errorf("reading the repository: %w", err)
	}
	made, err := workflows.New(w, o)
	if err != nil {
		return "", err
	}
	dir := s.client.Directory()
	for name, text := range made {
		dir = dir.WithNewFile(name, text)
	}
	id, err := dir.ID(ctx)
	return string(id), err
}
