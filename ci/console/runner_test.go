package console

import (
	"fmt"
	"strings"
	"unicode"
)

// commands lists those that the Actions runner registers (actions/runner,
// ActionCommandManager and its extensions).
var commands = []string{
	"set-env", "set-output", "save-state", "add-path", "add-mask", "add-matcher", "remove-matcher", "debug", "warning", "error", "notice",
	"group", "endgroup", "echo", "stop-commands", "internal-set-repo-path", "command",
}

// obeyed returns the command that the Actions runner would find in a line of output, "" for
// none, like ActionCommand.TryParseV2 and TryParse. Their culture-sensitive comparison
// ignores characters that are not displayed, so these are removed first.
func obeyed(line string) string {
	line = strings.Map(func(r rune) rune {
		ignored := r == 0 || unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		if ignored || unicode.Is(unicode.Cc, r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, line)
	known := func(info string) string {
		name, _, _ := strings.Cut(info, " ")
		for _, c := range commands {
			if strings.EqualFold(c, name) {
				return c
			}
		}
		return ""
	}
	if rest, ok := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::"); ok {
		if info, _, ok := strings.Cut(rest, "::"); ok && known(info) != "" {
			return known(info)
		}
	}
	if _, rest, ok := strings.Cut(line, "##["); ok {
		if info, _, ok := strings.Cut(rest, "]"); ok {
			return known(info)
		}
	}
	return ""
}

// readLines splits output into lines like the runner's StreamReader.ReadLine of .NET, for
// which a carriage return also ends a line.
func readLines(printed string) []string {
	return strings.Split(lineEnds.Replace(printed), "\n")
}

// harmful returns what is not plain in printed text, "" if nothing.
func harmful(printed string) string {
	for _, line := range readLines(printed) {
		if c := obeyed(line); c != "" {
			return "the command " + c
		}
	}
	for _, r := range printed {
		if unicode.Is(unicode.Cc, r) && r != '\n' && r != '\t' || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp, unicode.Cs, unicode.Co) {
			return fmt.Sprintf("the character %U", r)
		}
		if unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) && r != emojiStyle && r != joiner {
			return fmt.Sprintf("the character %U, which takes no room", r)
		}
	}
	return ""
}
