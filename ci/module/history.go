package module

import (
	"context"
	"fmt"
	"path/filepath"

	"dagger.io/dagger"

	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/notes"
)

// history asks git for a crate's commits in the module's own container, as the command does
// on its machine. The repository is copied there once, and only where notes are made of
// commits.
func (s *Session) history(ctx context.Context) notes.Ask {
	dir := filepath.Join(s.work, "repository")
	copied := false
	return func(q notes.Question) (notes.History, error) {
		if !copied {
			if err := s.copyRepository(ctx, dir); err != nil {
				return notes.History{}, err
			}
			copied = true
		}
		return checkout.History(ctx, dir, q)
	}
}

// copyRepository copies the git directory of the workspace, without what may name a command
// for git to run. It makes an empty directory where there is none.
func (s *Session) copyRepository(ctx context.Context, dir string) error {
	repository := s.client.Directory()
	there, err := s.source.Exists(ctx, ".git", dagger.DirectoryExistsOpts{ExpectedType: dagger.ExistsTypeDirectoryType, DoNotFollowSymlinks: true})
	if err != nil {
		return err
	}
	if there {
		disarmed, err := disarm(ctx, s.source)
		if err != nil {
			return err
		}
		repository = repository.WithDirectory(".git", disarmed.Directory(".git"))
	}
	if _, err := repository.Export(ctx, dir); err != nil {
		return fmt.Errorf("copying the workspace's git directory: %w", err)
	}
	return nil
}
