package gitref

import (
	"fmt"
	"regexp"
	"strings"

	"dagger/slipway/ci/quote"
)

// commitID knows an object name as git prints it: SHA-1 or SHA-256, all of it.
var commitID = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`).MatchString

// CheckCommit returns an error unless sha is a whole commit id in lower case, 40
// hexadecimal digits or, in a SHA-256 repository, 64. The null id, which git and
// GitHub use for "no commit", is none.
func CheckCommit(sha string) error {
	switch {
	case commitID(sha) && strings.Trim(sha, "0") != "":
		return nil
	case commitID(sha):
		return fmt.Errorf("checking commit %s: it is git's sign for no commit; give one that exists, as git rev-parse prints it", quote.Line(sha))
	case commitID(strings.ToLower(sha)):
		return fmt.Errorf("checking commit %s: expected lower case; give it as git rev-parse prints it", quote.Line(sha))
	}
	return fmt.Errorf("checking commit %s: expected 40 or 64 hexadecimal digits; give the whole id, as git rev-parse prints it", quote.Line(sha))
}

// CheckAmbiguous returns an error when one of branches, named with or without
// refs/heads/, has the name of tag, which the release is about to create: git and
// GitHub then cannot tell what the short name means, and git push refuses it.
func CheckAmbiguous(tag string, branches []string) error {
	for _, b := range branches {
		if strings.TrimPrefix(b, "refs/heads/") == tag {
			return fmt.Errorf("checking tag %s: a branch has the same name, and a tag beside it would be ambiguous; rename or delete the branch, then run again", quote.Line(tag))
		}
	}
	return nil
}
