// Package address checks the addresses that a caller gives for servers and images. What is
// in them is shown: in plans, which are published, and in errors. A name or a password of
// a user in one is refused, by an error that does not repeat it.
package address

import (
	"fmt"
	"strings"
)

// Check returns an error where an address of a server holds the name or the password of a
// user (RFC 3986, section 3.2.1). what says whose address it is, with the input that gives
// it, for the error. It does not say whether the address is any good.
func Check(what, address string) error {
	_, rest := cutScheme(address)
	if strings.Contains(authority(rest), "@") {
		return refuse(what)
	}
	return nil
}

// CheckReference is as [Check], for a reference to an image or a directory in its place:
// there what follows an "@" may be a digest, or part of a name.
func CheckReference(what, reference string) error {
	scheme, rest := cutScheme(reference)
	user, _, found := strings.Cut(authority(rest), "@")
	if found && (scheme || strings.Contains(user, ":") && strings.Contains(rest, "/")) {
		return refuse(what)
	}
	return nil
}

func refuse(what string) error {
	return fmt.Errorf("checking the address of %s: it holds the name or the password of a user before the server's name, and would be shown: leave them out", what)
}

// cutScheme cuts off the scheme and what parts it from the rest, as a careless parser does.
func cutScheme(address string) (found bool, rest string) {
	address = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(address), "sparse+"))
	scheme, rest, found := strings.Cut(address, ":")
	if trimmed := strings.TrimLeft(rest, `/\`); found && len(trimmed) < len(rest) && !strings.ContainsAny(scheme, "/@") {
		return true, trimmed
	}
	return false, strings.TrimLeft(address, `/\`)
}

// authority is what stands before the path.
func authority(rest string) string {
	if end := strings.IndexAny(rest, `/\?#`); end >= 0 {
		return rest[:end]
	}
	return rest
}
