package cargo

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/quote"
)

// maxName is the longest crate name that crates.io takes.
const maxName = 64

// windowsNames are device names that cargo and crates.io reserve, in any case.
var windowsNames = strings.Fields("aux con nul prn com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9")

// CheckName reports whether name may be a crate's name: ASCII letters, digits,
// `-` and `_`, a letter first, at most 64 bytes, no reserved device name
// (crates.io's rule, which is narrower than cargo's). The error shows at
// most the first 64 characters, escaped.
func CheckName(name string) error {
	shown := quote.Line(name)
	switch {
	case name == "":
		return fmt.Errorf("checking crate name: it is empty: name a member of the workspace")
	case len(name) > maxName:
		return fmt.Errorf("checking crate name %s: it has %d bytes, at most %d are allowed", shown, len(name), maxName)
	case slices.Contains(windowsNames, strings.ToLower(name)):
		return fmt.Errorf("checking crate name %s: it is a reserved device name", shown)
	}
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		other := c >= '0' && c <= '9' || c == '-' || c == '_'
		if letter || i > 0 && other {
			continue
		}
		if i == 0 {
			return fmt.Errorf("checking crate name %s: it must begin with an ASCII letter", shown)
		}
		return fmt.Errorf("checking crate name %s: byte %d (%s) is none of ASCII letters, digits, `-` and `_`", shown, i+1, quote.Line(name[i:i+1]))
	}
	return nil
}
