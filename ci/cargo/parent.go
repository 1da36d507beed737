package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"dagger/slipway/ci/tomlfile"
)

// Parent returns the root of the workspace to which cargo counts the package in dir, if that root
// is another directory of the repository; "" if dir is the root of a workspace, or belongs to none.
// The package may say which it is; otherwise it is the first above it that does not exclude it.
// cargo refuses a package that such a workspace does not list.
func Parent(repository fs.FS, dir string) (string, error) {
	m, err := readRoot(repository, dir)
	if err != nil || m == nil || m.Workspace != nil {
		return "", err
	}
	if m.Package != nil && m.Package.Workspace != "" {
		return path.Join(dir, m.Package.Workspace), nil
	}
	for at := dir; at != "."; {
		at = path.Dir(at)
		above, err := readRoot(repository, at)
		if err != nil {
			return "", err
		}
		below := strings.TrimPrefix(dir, at+"/")
		switch {
		case above == nil:
		case above.Workspace != nil && !(&Workspace{root: above}).excludes(below):
			return at, nil
		case above.Workspace == nil && above.Package != nil && above.Package.Workspace != "":
			return path.Join(at, above.Package.Workspace), nil
		}
	}
	return "", nil
}

// readRoot reads what dir/Cargo.toml says about its workspace, nil if there is no such file.
func readRoot(fsys fs.FS, dir string) (*manifest, error) {
	name := path.Join(dir, "Cargo.toml")
	raw, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var m struct {
		Package struct {
			Workspace string `toml:"workspace"`
		} `toml:"package"`
		Project struct {
			Workspace string `toml:"workspace"`
		} `toml:"project"`
		Workspace *struct {
			Members []string `toml:"members"`
			Exclude []string `toml:"exclude"`
		} `toml:"workspace"`
	}
	if err == nil {
		err = tomlfile.Unmarshal(raw, &m)
	}
	if err != nil {
		return nil, fmt.Errorf("reading manifest %q: %w", name, err)
	}
	root := &manifest{Package: &packageTable{Workspace: m.Package.Workspace}}
	if root.Package.Workspace == "" {
		root.Package.Workspace = m.Project.Workspace
	}
	if m.Workspace != nil {
		root.Workspace = &workspaceRoot{Members: m.Workspace.Members, Exclude: m.Workspace.Exclude}
	}
	return root, nil
}
