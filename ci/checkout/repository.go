package checkout

import (
	"fmt"
	"path/filepath"
)

// Repository returns the root of the repository that contains dir, and dir's slash-separated path
// below it, "" for the root itself. Outside a repository root is "". git is not asked.
func Repository(dir string) (root, below string, err error) {
	absolute, err := filepath.Abs(dir)
	if err == nil {
		root, below, err = discover(absolute)
	}
	if err != nil {
		return "", "", fmt.Errorf("finding the repository of %q: %w", dir, err)
	}
	return root, below, nil
}
