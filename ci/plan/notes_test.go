package plan

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/notes"
)

// TestNotes checks where a plan takes notes from, and that it reports that.
func TestNotes(t *testing.T) {
	history := func(q notes.Question) (notes.History, error) {
		if q.Crate != "app" || q.Version != "1.2.3" || q.Dir != "app" {
			t.Errorf("asked for %+v", q)
		}
		return notes.History{Head: commit, Tag: "app/v1.2.2", Commits: []notes.Commit{{ID: commit, Message: "fix: a fault\n"}}}, nil
	}
	const made = "### Fixes\n\n- a fault (01234567)"
	setting := map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"app\", \"lib\"]\n[workspace.metadata.slipway]\nchangelog = \"docs/notes.md\"\n"}
	with := func(name, text string) map[string]string {
		return map[string]string{"app/CHANGELOG.md": "absent", name: text, "Cargo.toml": "[workspace]\nmembers = [\"app\", \"lib\"]\n"}
	}
	for name, tt := range map[string]struct {
		change           map[string]string
		text, from, said string
	}{
		"the crate's changelog":     {nil, "- First.", "app/CHANGELOG.md, line 3", ""},
		"the workspace's changelog": {with("CHANGELOG.md", "# 1.2.3\n- All.\n## app\n- One.\n"), "- One.", "CHANGELOG.md, line 3", ""},
		"another name":              {with("app/Changes.md", "1.2.3 (2024-01-01)\n===\n- One.\n"), "- One.", "app/Changes.md, line 1", ""},
		"the setting's file":        {map[string]string{"Cargo.toml": setting["Cargo.toml"], "docs/notes.md": "## app 1.2.3\n- One.\n"}, "- One.", "docs/notes.md, line 1", ""},
		"commits": {
			with("LICENSE", ""), made, "1 commit since tag app/v1.2.2", "",
		},
		"commits, the changelog lacks it": {
			map[string]string{"app/CHANGELOG.md": "## 1.2.2\n- Old.\n"},
			made, "1 commit since tag app/v1.2.2",
			`app/CHANGELOG.md: reading changelog section of version "1.2.3": no heading "## [1.2.3]", the file has 1.2.2`,
		},
		"commits, the changelog has it twice": {
			map[string]string{"app/CHANGELOG.md": "## 1.2.3\n- One.\n## 1.2.3\n- Two.\n"}, made, "1 commit since tag app/v1.2.2", "it has 2 headings",
		},
		"commits, the changelog has nothing": {
			map[string]string{"app/CHANGELOG.md": "## 1.2.3\n## 1.2.2\n- Old.\n"}, made, "1 commit since tag app/v1.2.2", "its heading on line 1 has no notes below it",
		},
		"commits, the workspace's changelog is another crate's": {
			with("CHANGELOG.md", "## 15.2.0\n- Of another.\n## 1.2.3\n- Of another.\n"), made, "1 commit since tag app/v1.2.2",
			`CHANGELOG.md: its section of version "1.2.3" on line 3 names no crate, and there are newer ones`,
		},
		"the workspace's changelog, with newer ones of others": {with("CHANGELOG.md", "## 15.2.0\n- Of another.\n## app 1.2.3\n- One.\n"), "- One.", "CHANGELOG.md, line 3", ""},
		"commits, the setting's file is missing": {
			setting, made, "1 commit since tag app/v1.2.2", "Cargo.toml:4: the setting `changelog` names \"docs/notes.md\", which is missing: write it, with a section for 1.2.3, or remove the setting",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlan(t, read(t, base(tt.change)), Request{Crates: []string{"app@1.2.3"}, History: history})
			if p.Notes != tt.text || p.NotesFrom != tt.from {
				t.Errorf("notes %q from %q, want %q from %q", p.Notes, p.NotesFrom, tt.text, tt.from)
			}
			text, said := planText(t, p), strings.Join(p.Plan.Findings.Lines(), "\n")
			if !strings.Contains(text, "notes      "+tt.from) || !strings.Contains(said, tt.said) || !strings.Contains(planJSON(t, p), `"notesFrom"`) {
				t.Errorf("the plan does not say where its notes come from, or %q:\n%s\n%s", tt.said, text, said)
			}
		})
	}
}

// TestWorkspacesWithoutNotes checks that workspaces without a changelog, or without the version's
// section in it, can be planned.
func TestWorkspacesWithoutNotes(t *testing.T) {
	for name, said := range map[string]string{"no-changelog": "the release has no notes: no changelog has any, and there is no repository with commits", "changelog-missing-section": `no heading "## [0.1.0]", the file has 0.0.9`} {
		p := newPlan(t, readDir(t, filepath.Join(workspaces, name)), Request{Crates: []string{name + "@0.1.0"}})
		if text := planText(t, p); p.Notes != "" || !strings.Contains(text, said) {
			t.Errorf("%s: notes %q:\n%s", name, p.Notes, text)
		}
	}
}

// TestNoNotes checks that a plan is made even if there are no notes at all.
func TestNoNotes(t *testing.T) {
	w := read(t, base(map[string]string{"app/CHANGELOG.md": "absent"}))
	for name, tt := range map[string]struct {
		ask        notes.Ask
		from, said string
	}{
		"no repository": {nil, "nowhere: no changelog has any, and there is no repository with commits", ""},
		"no commit":     {func(notes.Question) (notes.History, error) { return notes.History{}, nil }, "nowhere: no changelog has any, and there is no repository", ""},
		"git fails":     {func(notes.Question) (notes.History, error) { return notes.History{}, errors.New("fatal: bad object") }, "nowhere", "fatal: bad object"},
	} {
		p := newPlan(t, w, Request{Crates: []string{"app@1.2.3"}, History: tt.ask})
		if text := planText(t, p); p.Notes != "" || !strings.HasPrefix(p.NotesFrom, tt.from) || !strings.Contains(text, tt.said) {
			t.Errorf("%s: notes %q from %q:\n%s", name, p.Notes, p.NotesFrom, text)
		}
	}
}
