// Package address checks the addresses of servers and images that a caller gives. Addresses are
// shown in plans, which are published, and in errors. An address with a user name, a password or
// a query, which may be a token, is therefore refused, with an error that does not repeat it.
package address

import (
	"fmt"
	"strings"
)

// Check returns an error if the address of a server contains a user name or password (RFC 3986,
// section 3.2.1), a query or a fragment (sections 3.4 and 3.5). what names the address and the input that sets it, for the error. Check does
// not otherwise validate the address.
func Check(what, address string) error {
	_, rest := cutScheme(address)
	switch {
	case strings.Contains(authority(rest), "@"):
		return refuse(what, "a user name or password")
	case strings.ContainsAny(rest, "?#"):
		return refuse(what, "a query or fragment")
	}
	return nil
}

// CheckReference is like [Check], for an image reference or a directory in its place, where the
// text after an "@" may be a digest, or part of a name.
func CheckReference(what, reference string) error {
	scheme, rest := cutScheme(reference)
	user, host, found := strings.Cut(authority(rest), "@")
	named := strings.ContainsAny(host, ".:") || host == "localhost" || strings.Contains(user, ":")
	if found && (scheme || named && strings.Contains(rest, "/") && !strings.HasPrefix(reference, ".") && !strings.HasPrefix(reference, "/")) {
		return refuse(what, "a user name or password")
	}
	return nil
}

func refuse(what, contains string) error {
	return fmt.Errorf("checking the address of %s: it contains %s, which would be printed: leave that out", what, contains)
}

// cutScheme cuts off the scheme and its separator as leniently as a careless parser would.
func cutScheme(address string) (found bool, rest string) {
	address = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(address), "sparse+"))
	scheme, rest, found := strings.Cut(address, ":")
	if trimmed := strings.TrimLeft(rest, `/\`); found && len(trimmed) < len(rest) && !strings.ContainsAny(scheme, "/@") {
		return true, trimmed
	}
	return false, strings.TrimLeft(address, `/\`)
}

// authority returns the part before the path.
func authority(rest string) string {
	if end := strings.IndexAny(rest, `/\?#`); end >= 0 {
		return rest[:end]
	}
	return rest
}
