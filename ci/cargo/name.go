package cargo

import (
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/quote"
)

// maxName is the longest crate name that crates.io accepts, in bytes.
const maxName = 64

// windowsNames are device names that cargo and crates.io reserve in any case.
var windowsNames = strings.Fields("aux con nul prn com1 com2 com3 com4 com5 com6 com7 com8 com9 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9")

// CheckName returns an error unless name is a valid crate name by crates.io's rule, which is
// stricter than cargo's: ASCII letters, digits, `-` and `_`, starting with a letter, at most 64
// bytes, not a reserved device name. The error quotes the name escaped and shortened.
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
		return fmt.Errorf("checking crate name %s: byte %d (%s) is not an ASCII letter, a digit, `-` or `_`", shown, i+1, quote.Line(name[i:i+1]))
	}
	return nil
}
