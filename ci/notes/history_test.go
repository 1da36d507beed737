package notes

import (
	"fmt"
	"strings"
	"testing"
)

const id = "0123456789abcdef0123456789abcdef01234567"

// TestMarkdown checks that commits are grouped by type, in git's order.
func TestMarkdown(t *testing.T) {
	h := History{Head: id, Commits: commits(
		"feat: one", "fix(parser): two\n\nWhy.\n", "Three", "feat!: four", "docs: five", "chore(deps): six", "perf: seven",
		"feat(api)!: eight", "fix: nine\n\nText.\n\nBREAKING CHANGE: callers must\nchange\n", "Fix: ten", "feature: eleven", "revert: twelve", "fixup! feat: one", "feat:no space",
	)}
	const want = `### Breaking changes

- four (01234567)
- **api:** eight (01234567)
- nine: callers must (01234567)

### Features

- one (01234567)
- eleven (01234567)

### Fixes

- **parser:** two (01234567)
- ten (01234567)

### Performance

- seven (01234567)

### Reverts

- twelve (01234567)

### Documentation

- five (01234567)

### Other changes

- Three (01234567)
- **deps:** chore: six (01234567)
- fixup\! feat: one (01234567)
- feat:no space (01234567)`
	if got := h.Markdown(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func commits(messages ...string) []Commit {
	var list []Commit
	for _, m := range messages {
		list = append(list, Commit{ID: id, Message: m})
	}
	return list
}

// TestHostileMessages checks that a message becomes plain text: no markup, mentions or
// invisible characters.
func TestHostileMessages(t *testing.T) {
	for message, want := range map[string]string{
		"thanks @octocat and @org/team":            `thanks @&#8203;octocat and @&#8203;org/team`,
		"feat(@octocat): x":                        `**@&#8203;octocat:** x`,
		"[x](https://evil.example)":                `\[x\](https:\//evil.example)`,
		"![x](y) <img src=x> <!-- `a` **b** __c__": "\\!\\[x\\](y) \\<img src=x\\> \\<\\!-- \\`a\\` \\*\\*b\\*\\* \\_\\_c\\_\\_",
		"# heading": `\# heading`,
		"- item":    `\- item`,
		"a\x1b[2J\u202eb\u200b\x00c\ttab\r\n\nbody": `a\[2Jbc tab`,
		"fix: \u202e":               `fix:`,
		"$\\alpha$ | ~x~ &amp;":     `\$\\alpha\$ \| \~x\~ \&amp;`,
		"www.evil.example":          `www\.evil.example`,
		"x\xffy":                    `xy`,
		"":                          ``,
		strings.Repeat("a", 10<<20): strings.Repeat("a", maxWords-1) + "\u2026",
		"fix: " + strings.Repeat("\U0001f680", 300): strings.Repeat("\U0001f680", maxWords-1) + "\u2026",
	} {
		_, got := Commit{ID: id, Message: message}.line()
		if want = "- " + want + " (01234567)"; got != want {
			t.Errorf("%.60q: got %.300q, want %.300q", message, got, want)
		}
	}
}

// TestBounds checks that notes are limited in size, and say what they leave out.
func TestBounds(t *testing.T) {
	var messages []string
	for i := range MaxCommits {
		messages = append(messages, fmt.Sprintf("feat: %d %s", i, strings.Repeat("@", 300)))
	}
	got := History{Head: id, Commits: commits(messages...)}.Markdown()
	if len(got) > maxText+500 || !strings.HasSuffix(got, " older commits are left out.") || !strings.Contains(got, "- 0 @") {
		t.Errorf("notes of %d bytes: %.100q … %q", len(got), got, got[len(got)-100:])
	}
	if got := (History{Head: id, Commits: commits("feat: x"), More: true}).Markdown(); !strings.HasSuffix(got, "\n\nOlder commits are left out.") {
		t.Errorf("got %q", got)
	}
	if got := (History{Head: id}).Markdown(); got != "" {
		t.Errorf("no commits give %q", got)
	}
}

func TestFrom(t *testing.T) {
	for want, h := range map[string]History{
		"1 commit since tag v1.0.0":                           {Tag: "v1.0.0", Commits: commits("a")},
		"2 commits, with no earlier version's tag":            {Commits: commits("a", "b")},
		"the newest 2 commits since tag v1.0.0":               {Tag: "v1.0.0", Commits: commits("a", "b"), More: true},
		"0 commits in a shallow clone, where history is cut:": {Cut: true},
		"1 commit since tag v1.0.0 in a shallow clone":        {Tag: "v1.0.0", Commits: commits("a"), Cut: true},
	} {
		if got := h.String(); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
