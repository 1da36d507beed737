package console

import (
	"os"
	"path/filepath"
	"testing"
)

func TestJob(t *testing.T) {
	output, summary := filepath.Join(t.TempDir(), "output"), filepath.Join(t.TempDir(), "summary")
	t.Setenv("GITHUB_OUTPUT", output)
	t.Setenv("GITHUB_STEP_SUMMARY", summary)
	for _, value := range []string{"a\nevil=1", "a\revil=1", "a\x1b[2J", "a\u202e", "a\u2028b", "\xff"} {
		if err := SetOutput("plan", value); err == nil {
			t.Errorf("the value %q is taken", value)
		}
	}
	if _, err := os.Stat(output); err == nil {
		t.Error("a value that is refused left something in the file")
	}
	for _, err := range []error{SetOutput("plan", "sha256:11"), SetOutput("url", "https://example.org/?a=b<<c"), AddSummary("# a\n\x1b[2J\u202e"), AddSummary("b")} {
		if err != nil {
			t.Error(err)
		}
	}
	for name, want := range map[string]string{output: "plan=sha256:11\nurl=https://example.org/?a=b<<c\n", summary: "# a\n" + `\x1b[2J\u202e` + "\nb\n"} {
		if got, err := os.ReadFile(name); string(got) != want || err != nil {
			t.Errorf("the file holds %q, %v, want %q", got, err, want)
		}
	}
	t.Setenv("GITHUB_OUTPUT", filepath.Join(output, "none"))
	if err := SetOutput("plan", "a"); err == nil {
		t.Error("a file that cannot be written is no error")
	}
	t.Setenv("GITHUB_OUTPUT", "")
	if err := SetOutput("plan", "a"); err != nil {
		t.Errorf("elsewhere: %v", err)
	}
}
