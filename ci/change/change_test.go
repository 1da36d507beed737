package change

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// diffs lists pairs of texts whose difference covers an edge case.
var diffs = []struct{ old, new string }{
	{"a\n", "b\n"},
	{"", "a\nb\n"},
	{"a\nb\n", ""},
	{"a", "a\n"},
	{"a\n", "a"},
	{"a\nb", "a\nc"},
	{"a\r\nb\r\n", "a\r\nc\r\n"},
	{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"},
	{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\nx\n3\n4\n5\n6\n7\n8\ny\n"},
	{"1\n2\n3\n4\n5\n6\n7\n8\n9\n0\n", "1\nx\n3\n4\n5\n6\n7\n8\n9\ny\n"},
	{"a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n"},
	{strings.Repeat("same\n", 50), strings.Repeat("same\n", 20) + "other\n" + strings.Repeat("same\n", 29)},
	{"-- a\n++ b\n@@\n", "-- b\n@@\n++ b\n"},
}

func TestDiff(t *testing.T) {
	files := []File{{"a/b", "1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\n5\nsix\n7\n8\n9"}, {"same", "x", "x"}}
	const want = "--- a/a/b\n+++ b/a/b\n@@ -3,6 +3,7 @@\n 3\n 4\n 5\n-6\n+six\n 7\n 8\n+9\n\\ No newline at end of file\n"
	if got := Diff(files); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	if got := Diff(nil); got != "" {
		t.Errorf("no files: %q", got)
	}
}

// TestDiffApplies applies each diff with git.
func TestDiffApplies(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("SKIPPED: git is not installed")
	}
	for _, d := range diffs {
		if d.old == "" || d.new == "" {
			continue // git requires extra headers for created and deleted files
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "f"), []byte(d.old), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("git", "apply", "--whitespace=nowarn", "-")
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(Diff([]File{{"f", d.old, d.new}}))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%q to %q: %v\n%s", d.old, d.new, err, out)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || string(got) != d.new {
			t.Errorf("%q to %q: git made %q, %v", d.old, d.new, got, err)
		}
	}
}
