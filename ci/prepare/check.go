package prepare

import (
	"fmt"
	"io/fs"
	"slices"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/change"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/notes"
	"dagger/slipway/ci/requirement"
)

// check reads the edited workspace and checks that it matches the request, as a later release
// will read it.
func (p *preparation) check() error {
	const ours = "the edits are inconsistent, which is a bug in slipway: make them by hand and report it"
	w, err := cargo.Read(edited{p.fsys, p.files})
	if err != nil {
		return fmt.Errorf("reading the edited workspace: %w: %s", err, ours)
	}
	for i := range p.workspace.Crates {
		old := &p.workspace.Crates[i]
		want := old.Version
		if p.isChanged(old.Name) != nil {
			want = p.to.String()
		}
		c, err := w.Crate(old.Name)
		if err != nil {
			return fmt.Errorf("checking crate %q: %w: %s", old.Name, err, ours)
		}
		if c.Version != want {
			return fmt.Errorf("checking crate %q: expected it at %s, it is at %s: %s", c.Name, want, c.Version, ours)
		}
		for _, d := range c.Deps {
			if err := p.checkRequirement(d); err != nil {
				return fmt.Errorf("checking crate %q: dependency %q: %w: %s", c.Name, d.Name, err, ours)
			}
		}
	}
	if !slices.Contains(p.sectioned, p.crate) {
		return nil
	}
	c, err := w.Crate(p.crate.Name)
	if err != nil {
		return err
	}
	_, wrong, err := notes.Find(w, c, nil)
	if err == nil {
		err = wrong.Check("reading the notes", finding.Nothing, finding.Release)
	}
	if err != nil {
		return fmt.Errorf("checking the notes of %q: %w: %s", c.Name, err, ours)
	}
	return nil
}

func (p *preparation) checkRequirement(d cargo.Dependency) error {
	on := p.isChanged(d.Name)
	if on == nil || on.Dir != d.Path || d.Req == "" || p.left[left{d.Name, d.Req}] {
		return nil
	}
	cs, err := requirement.Parse(d.Req)
	if err == nil && !cs.Met(p.to) {
		err = fmt.Errorf("requirement %q rules out %s", d.Req, p.to)
	}
	return err
}

// edited is a workspace with edited files.
type edited struct {
	fs.FS
	files map[string]change.File
}

// Prefix returns the workspace's directory in the repository, as the unedited files have it.
func (e edited) Prefix() string {
	if p, ok := e.FS.(interface{ Prefix() string }); ok {
		return p.Prefix()
	}
	return ""
}

// ReadFile makes [fs.ReadFile] return edited files.
func (e edited) ReadFile(name string) ([]byte, error) {
	if f, ok := e.files[name]; ok {
		return []byte(f.New), nil
	}
	return fs.ReadFile(e.FS, name)
}
