package console

import (
	"fmt"
	"strings"
	"unicode"
)

// commands are those that the Actions runner registers (actions/runner,
// ActionCommandManager and its extensions).
var commands = []string{
	"set-env", "set-output", "save-state", "add-path", "add-mask", "add-matcher", "remove-matcher", "debug", "warning", "error", "notice",
	"group", "endgroup", "echo", "stop-commands", "internal-set-repo-path", "command",
}

// obeyed returns the command that the Actions runner reads out of one line of a
// process, "" for none, as ActionCommand.TryParseV2 and TryParse do. They compare
// strings as the culture does, to which characters that are ignored where they are
// shown are not there: here they are taken out first.
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

// readLines splits what a process prints as the runner does, which reads it by .NET's
// StreamReader.ReadLine: a carriage return ends a line too.
func readLines(printed string) []string {
	return strings.Split(lineEnds.Replace(printed), "\n")
}

// harmful says what in printed text is not plain, "" for nothing.
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
