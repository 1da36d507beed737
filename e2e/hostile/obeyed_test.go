package hostile

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"dagger/slipway/e2e/kit"
)

// runnerCommands lists the workflow commands that the Actions runner registers.
var runnerCommands = []string{
	"set-env", "set-output", "save-state", "add-path", "add-mask", "add-matcher", "remove-matcher", "debug", "warning", "error", "notice",
	"group", "endgroup", "echo", "stop-commands", "internal-set-repo-path", "command", "section",
}

var (
	commandV1 = regexp.MustCompile(`##\[([^ \]]*)[^\]]*\]`)
	commandV2 = regexp.MustCompile(`^::([^ :]*)(?: [^:]*(?::[^:]+)*)?::`)
)

// obeyed returns the command that the Actions runner would find in a line, "" for none
// (actions/runner, ActionCommand): at the start of the line after white space, or
// "##[command]" anywhere. Its comparisons ignore characters that are not displayed.
func obeyed(line string) string {
	line = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || unicode.Is(unicode.Cc, r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, line)
	found := commandV1.FindAllStringSubmatch(line, -1)
	if m := commandV2.FindStringSubmatch(strings.TrimLeftFunc(line, unicode.IsSpace)); m != nil {
		found = append(found, m)
	}
	for _, m := range found {
		if slices.Contains(runnerCommands, strings.ToLower(m[1])) {
			return m[0]
		}
	}
	return ""
}

// wantWords fails the test if the runner would obey anything in a printed text, or if it
// has terminal control characters.
func wantWords(t *testing.T, name, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s is not UTF-8: %q", name, kit.Tail(text))
	}
	for line := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n") {
		if c := obeyed(line); c != "" {
			t.Errorf("%s: the runner obeys %q in %.200q", name, c, line)
		}
		for _, r := range line {
			if unicode.Is(unicode.Cc, r) && r != '\t' || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
				t.Errorf("%s has %U in %.200q", name, r, line)
				return
			}
		}
	}
	if strings.ContainsRune(text, '\r') {
		t.Errorf("%s has a carriage return", name)
	}
}

// TestRunnerObeys checks that obeyed finds commands.
func TestRunnerObeys(t *testing.T) {
	for line, want := range map[string]bool{
		"::add-mask::x": true, " \u3000::error file=a,line=1::x": true, "\u200b::debug::": true, "::set-output name=a:b::c": true, "a ##[group]x": true, "#\u00ad#[debug]": true,
		"##[x]##[error]y": true, "a ::error::x": false, "::no-command::x": false, "::error:x": false, `\x3a:error::x`: false, `#\x23[group]`: false, "##[group": false, "::error": false,
	} {
		if got := obeyed(line) != ""; got != want {
			t.Errorf("%q: obeyed is %t", line, got)
		}
	}
}
