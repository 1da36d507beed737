package prepare

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/change"
)

// withoutChangelogs returns the workspace "inherited" without its changelogs.
func withoutChangelogs(t *testing.T) map[string]string {
	t.Helper()
	files := workspaceText(t, "inherited")
	for name := range files {
		if strings.HasSuffix(name, "/CHANGELOG.md") {
			delete(files, name)
		}
	}
	return files
}

// TestSharedChangelog prepares crates that share one changelog, found by its name or named by a
// setting. It is edited only once, even if several crates change.
func TestSharedChangelog(t *testing.T) {
	const text, want = "# C\n\n## Unreleased\n\n- new\n\n## 0.4.0 - 2026-01-01\n- old\n", "# C\n\n## Unreleased\n\n## 0.5.0 - 2026-04-21\n\n- new\n\n## 0.4.0 - 2026-01-01\n- old\n"
	for name, setting := range map[string]string{
		"CHANGELOG.md": "", "Changes.md": "", "docs/notes.md": "[workspace.metadata.slipway]\nchangelog = \"docs/notes.md\"\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			files := withoutChangelogs(t)
			files[name] = text
			files["Cargo.toml"] = setting + files["Cargo.toml"]
			c, err := prepareFiles(t, files, "app", "0.5.0")
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(c.Files, func(f change.File) bool { return f.Path == name })
			if i < 0 || c.Files[i].New != want {
				t.Errorf("the changelog is not edited as expected: %+v", c.Files)
			}
			if said := strings.Join(c.Notes, "\n"); strings.Contains(said, "no section") || strings.Contains(said, "no changelog") {
				t.Errorf("the notes say %q", said)
			}
		})
	}
}

// TestChangelogOfAnother checks that a changelog at the root that is about another crate is
// left alone: its versions are higher, and none names the crate.
func TestChangelogOfAnother(t *testing.T) {
	files := withoutChangelogs(t)
	files["CHANGELOG.md"] = "# C\n\n## Unreleased\n\n- new\n\n## 15.2.0 - 2026-01-01\n- old\n"
	c, err := prepareFiles(t, files, "own", "0.5.0")
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(c.Files, func(f change.File) bool { return f.Path == "CHANGELOG.md" }) || !strings.Contains(strings.Join(c.Notes, "\n"), `There is no changelog for "own"`) {
		t.Errorf("notes %q, files %+v", c.Notes, c.Files)
	}
	files["CHANGELOG.md"] += "## own 0.4.0 - 2025-01-01\n- old\n"
	c, err = prepareFiles(t, files, "own", "0.5.0")
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(c.Files, func(f change.File) bool { return f.Path == "CHANGELOG.md" }); i < 0 || !strings.Contains(c.Files[i].New, "## Unreleased\n\n## own 0.5.0 - 2026-04-21\n\n- new\n") {
		t.Errorf("notes %q, files %+v", c.Notes, c.Files)
	}
}

// TestNoChangelog prepares a crate without a changelog, whose notes will be generated from
// commits.
func TestNoChangelog(t *testing.T) {
	c, err := prepareFiles(t, withoutChangelogs(t), "own", "0.5.0")
	if err != nil {
		t.Fatal(err)
	}
	const want = `There is no changelog for "own": a release makes notes from the commits since the last tag.`
	if !slices.Contains(c.Notes, want) || len(c.Files) == 0 {
		t.Errorf("notes %q, files %+v; want the note %q", c.Notes, c.Files, want)
	}
}
