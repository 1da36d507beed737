package workflows

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Content describes what a repository contains besides regular git objects. actions/checkout
// fetches neither by default.
type Content struct {
	Submodules bool
	LFS        bool // files stored in Git LFS
}

// ContentOf detects the content of the repository with the given root.
func ContentOf(root fs.FS) (Content, error) {
	var c Content
	switch _, err := fs.Stat(root, ".gitmodules"); {
	case err == nil:
		c.Submodules = true
	case !errors.Is(err, fs.ErrNotExist):
		return c, err
	}
	err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && slices.Contains([]string{".git", "target", "node_modules"}, path.Base(name)):
			return fs.SkipDir
		case e.Name() != ".gitattributes" || !e.Type().IsRegular():
			return nil
		}
		raw, err := fs.ReadFile(root, name)
		c.LFS = c.LFS || filtersLFS(raw)
		return err
	})
	return c, err
}

// filtersLFS reports whether a .gitattributes file assigns files to git-lfs (gitattributes(5)).
func filtersLFS(attributes []byte) bool {
	lines := bufio.NewScanner(bytes.NewReader(attributes))
	for lines.Scan() {
		if f := strings.Fields(lines.Text()); len(f) > 1 && !strings.HasPrefix(f[0], "#") && slices.Contains(f[1:], "filter=lfs") {
			return true
		}
	}
	return false
}
