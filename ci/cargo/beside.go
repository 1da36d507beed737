package cargo

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"dagger/slipway/ci/quote"
)

// ReadBeside returns a function that selects the files of those members of a workspace that are not
// below its root, by their names relative to the repository's root. Without a workspace that can be
// read it selects nothing.
func ReadBeside(fsys fs.FS) func(name string) bool {
	w := &Workspace{fsys: fsys, prefix: placeOf(fsys)}
	dirs := map[string]bool{}
	var patterns []*regexp.Regexp
	if root, err := readManifest(fsys, "."); err == nil && root.Workspace != nil && len(root.Workspace.Members) <= maxMembers {
		for _, member := range root.Workspace.Members {
			member = w.Normal(path.Clean(member))
			switch full := path.Join(w.prefix, member); {
			case !outside(member) || !w.valid(member) || checkPattern(member) != nil:
			case !strings.ContainsAny(member, "*?["):
				dirs[full] = true
			default:
				if expr, err := regexp.Compile("^" + globExpr(full) + "$"); err == nil {
					patterns = append(patterns, expr)
				}
			}
		}
	}
	return func(name string) bool {
		for at := path.Dir(name); ; at = path.Dir(at) {
			if dirs[at] {
				return true
			}
			for _, expr := range patterns {
				if expr.MatchString(at) {
					return true
				}
			}
			if at == "." {
				return false
			}
		}
	}
}

// checkBeside returns an error if the member in a directory that is not below the root does not
// name the workspace, without which cargo refuses it.
func (w *Workspace) checkBeside(dir string) error {
	m, err := readManifest(w.fsys, dir)
	if err != nil {
		return err
	}
	if named := m.Package.Workspace; named == "" || w.Normal(path.Join(dir, named)) != "." {
		return fmt.Errorf("reading manifest %q: the member is not below the root, and its `package.workspace` is %s, which does not lead there: cargo refuses such a workspace", path.Join(dir, "Cargo.toml"), quote.Line(named))
	}
	return nil
}
