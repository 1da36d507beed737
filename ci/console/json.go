package console

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// JSON renders JSON for a terminal or a log: characters that [Clean] would change are
// written as \uXXXX, which means the same to a program (RFC 8259, section 7). encoding/json
// escapes neither DEL nor C1 controls nor characters that reorder text. Such characters,
// and "##[", only occur in strings.
func JSON(raw []byte) []byte {
	var b strings.Builder
	var before rune
	for _, r := range string(raw) {
		if r == '\n' || r == '\t' || plain(before, r) {
			b.WriteRune(r)
			before = r
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
		before = 0
	}
	return []byte(strings.ReplaceAll(b.String(), "##[", `#\u0023[`))
}
