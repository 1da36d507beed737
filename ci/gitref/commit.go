package gitref

import (
	"fmt"
	"regexp"
	"strings"

	"dagger/slipway/ci/quote"
)

// commitID matches a full object name as git prints it, SHA-1 or SHA-256.
var commitID = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`).MatchString

// CheckCommit returns an error unless sha is a full commit id in lower case: 40 hexadecimal
// digits, or 64 in a SHA-256 repository. It refuses the null id, with which git and GitHub mean
// "no commit".
func CheckCommit(sha string) error {
	switch {
	case commitID(sha) && strings.Trim(sha, "0") != "":
		return nil
	case commitID(sha):
		return fmt.Errorf("checking commit %s: it is git's placeholder for no commit; give one that exists, as git rev-parse prints it", quote.Line(sha))
	case commitID(strings.ToLower(sha)):
		return fmt.Errorf("checking commit %s: expected lower case; give it as git rev-parse prints it", quote.Line(sha))
	}
	return fmt.Errorf("checking commit %s: expected 40 or 64 hexadecimal digits; give the whole id, as git rev-parse prints it", quote.Line(sha))
}

// CheckAmbiguous returns an error if one of branches, with or without refs/heads/, has the same
// name as the tag that the release will create: git and GitHub could not tell what the short name
// means, and git push refuses it.
func CheckAmbiguous(tag string, branches []string) error {
	for _, b := range branches {
		if strings.TrimPrefix(b, "refs/heads/") == tag {
			return fmt.Errorf("checking tag %s: a branch has the same name, and a tag beside it would be ambiguous; rename or delete the branch, then run again", quote.Line(tag))
		}
	}
	return nil
}
