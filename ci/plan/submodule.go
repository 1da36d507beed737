package plan

import (
	"path"
	"slices"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/step"
)

// submoduleTrees returns the git directories of the submodules whose crates are packaged: cargo
// takes the commit that a package names from the repository nearest to its manifest. It sets
// b.submodules to their paths.
func (b *builder) submoduleTrees(before []*cargo.Crate) ([]step.Tree, error) {
	var trees []step.Tree
	for _, s := range b.record.Submodules {
		holds := func(c *cargo.Crate) bool {
			dir := path.Join(b.record.Prefix, c.Dir)
			return dir == s.Path || strings.HasPrefix(dir, s.Path+"/")
		}
		if !holds(b.crate) && !slices.ContainsFunc(before, holds) {
			continue
		}
		git, err := s.Files(func(string) bool { return !b.plan.Source.Dirty })
		if err != nil {
			return nil, err
		}
		b.submodules = append(b.submodules, s.Path)
		trees = append(trees, step.Tree{Name: gitTree + " " + s.Path, Files: git})
	}
	return trees, nil
}
