package cargo

import (
	"errors"
	"io/fs"
	"slices"
	"testing"
)

// TestChangelogs checks where a crate's notes are looked for, and in which order.
func TestChangelogs(t *testing.T) {
	const members = "[workspace]\nmembers = [\"c/*\"]\n"
	crateSetting := pkg("a") + "[package.metadata.slipway]\nchangelog = \"../../docs/a.md\"\n"
	for name, tt := range map[string]struct {
		root, crate string
		files       []string
		want        []Changelog
	}{
		"none":                         {members, pkg("a"), nil, nil},
		"the crate's":                  {members, pkg("a"), []string{"c/a/CHANGELOG.md"}, []Changelog{{Name: "c/a/CHANGELOG.md"}}},
		"the workspace's":              {members, pkg("a"), []string{"CHANGELOG.md", "c/b/CHANGELOG.md"}, []Changelog{{Name: "CHANGELOG.md", Shared: true}}},
		"both":                         {members, pkg("a"), []string{"CHANGELOG.md", "c/a/CHANGELOG.md"}, []Changelog{{Name: "c/a/CHANGELOG.md"}, {Name: "CHANGELOG.md", Shared: true}}},
		"other names":                  {members, pkg("a"), []string{"HISTORY.md", "c/a/changes.md"}, []Changelog{{Name: "c/a/changes.md"}, {Name: "HISTORY.md", Shared: true}}},
		"RELEASES.md":                  {members, pkg("a"), []string{"RELEASES.md"}, []Changelog{{Name: "RELEASES.md", Shared: true}}},
		"lower case":                   {members, pkg("a"), []string{"c/a/changelog.md"}, []Changelog{{Name: "c/a/changelog.md"}}},
		"several, the usual one first": {members, pkg("a"), []string{"c/a/Changelog.md", "c/a/CHANGELOG.md", "c/a/CHANGES.md", "c/a/NEWS.md"}, []Changelog{{Name: "c/a/CHANGELOG.md"}}},
		"no changelog by its name":     {members, pkg("a"), []string{"c/a/CHANGELOG.rst", "c/a/OLD-CHANGELOG.md"}, nil},
		"a directory":                  {members, pkg("a"), []string{"c/a/CHANGELOG.md/x", "c/a/HISTORY.md"}, []Changelog{{Name: "c/a/HISTORY.md"}}},
		"the crate's setting":          {members, crateSetting, []string{"c/a/CHANGELOG.md", "docs/a.md"}, []Changelog{{Name: "docs/a.md", NamedBy: "c/a/Cargo.toml", Line: 7}}},
		"the workspace's setting":      {members + "[workspace.metadata.slipway]\nchangelog = \"./docs/all.md\"\n", pkg("a"), []string{"c/a/CHANGELOG.md"}, []Changelog{{Name: "docs/all.md", NamedBy: "Cargo.toml", Line: 4}}},
		"both settings":                {members + "[workspace.metadata.slipway]\nchangelog = \"docs/all.md\"\n", crateSetting, nil, []Changelog{{Name: "docs/a.md", NamedBy: "c/a/Cargo.toml", Line: 7}}},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"Cargo.toml": tt.root, "c/a/Cargo.toml": tt.crate, "c/b/Cargo.toml": pkg("b")}
			for _, f := range tt.files {
				files[f] = "# " + f + "\n"
			}
			w := read(t, files)
			got, err := w.Changelogs(crate(t, w, "a"))
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
			}
			for _, l := range got {
				raw, err := w.ReadChangelog(l)
				if there := slices.Contains(tt.files, l.Name); there && string(raw) != "# "+l.Name+"\n" || !there && !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%q reads %q, %v", l.Name, raw, err)
				}
			}
		})
	}
}

// TestChangelogOfRootPackage checks that a root package's changelog is listed once, not twice.
func TestChangelogOfRootPackage(t *testing.T) {
	w := read(t, map[string]string{"Cargo.toml": pkg("a"), "CHANGELOG.md": "# C\n"})
	got, err := w.Changelogs(crate(t, w, "a"))
	if want := []Changelog{{Name: "CHANGELOG.md"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}
