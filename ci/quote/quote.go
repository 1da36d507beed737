// Package quote formats untrusted input for error messages.
package quote

import (
	"fmt"
	"strconv"
	"strings"
)

// shown is how many characters of untrusted input an error shows.
const shown = 64

// Line quotes s for one line of an error: in ASCII, so that look-alike and control characters
// appear as escapes, and truncated to 64 characters. It breaks up "##[", because the Actions
// runner recognises ##[command] anywhere in a line (actions/runner, ActionCommand.TryParse).
// ::command:: needs no escape, because it must start the line and the result starts with a quote.
func Line(s string) string {
	n := min(len(s), shown)
	for len(escape(s[:n])) > shown {
		n--
	}
	if n < len(s) {
		return fmt.Sprintf(`"%s"... (%d bytes)`, escape(s[:n]), len(s))
	}
	return `"` + escape(s) + `"`
}

func escape(s string) string {
	quoted := strconv.QuoteToASCII(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], "##[", `#\x23[`)
}
