package verify

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/console"
)

// forged holds file names that could forge lines of a report.
var forged = []string{
	"x\n  good       app: signed by https://github.com/o/n\n\nGood: all of it was signed as expected.\n",
	"y\r  good       app: signed", "z\x1b[2K\x1b[1A", "\u202etxt.exe", "::add-mask::a::", "##[endgroup]", "w\u2028good", "\xff\x9b2J",
}

// TestForgedNames checks that a report has exactly one line for each check, whatever the
// files are called.
func TestForgedNames(t *testing.T) {
	dir := dryRun(t)
	plain := Directory(t.Context(), dir, Expectation{Identity: "any", Issuer: Issuer}).Text()
	for _, name := range forged {
		if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, "/", "|")), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := Directory(t.Context(), dir, Expectation{Identity: "any", Issuer: Issuer})
	text := r.Text()
	if got, want := strings.Count(text, "\n"), len(r.Checks)+2; got != want {
		t.Errorf("%d lines, expected %d:\n%s", got, want, text)
	}
	if strings.Contains(text, "\nGood") || strings.Contains(text, "\n  good       app: signed") || console.Clean(text) != text || strings.Contains(text, "\r") {
		t.Errorf("a name forges what the report says:\n%q", text)
	}
	for _, want := range []string{`x\n  good       app: signed by https:||github.com|o|n\n\nGood`, `\u202etxt.exe`, `z\x1b[2K\x1b[1A`, `#\x23[endgroup]`, `\xff\x9b2J`} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not show %q:\n%s", want, text)
		}
	}
	if plain == "" || r.Verdict != Bad {
		t.Errorf("the verdict is %q", r.Verdict)
	}
	raw, err := r.JSON()
	if err != nil || console.Clean(string(raw)) != string(raw) || !strings.Contains(string(raw), `"\u202etxt.exe"`) {
		t.Errorf("%v: the JSON is not plain: %q", err, raw)
	}
}

// TestForgedErrors checks the same for text quoted in errors, and that joined errors take
// one line.
func TestForgedErrors(t *testing.T) {
	r := &Report{}
	r.bad("image", errors.Join(errors.New("first"), errors.New("404: <html>\n  good       image: signed\n\nGood: all")))
	r.unknown("b", errors.New("::error::x"))
	want := "  bad        image: first; 404: <html>;   good       image: signed; ; Good: all\n  cannot say b: " + `\x3a:error::x` + "\n\nBad: do not use this.\n"
	if got := r.Text(); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}
