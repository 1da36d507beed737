// Package gitref validates names of git branches and commits from outside before they reach a git
// command line or the GitHub API.
package gitref

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"dagger/slipway/ci/quote"
)

// CheckBranch returns an error unless name can be a branch name, without refs/heads/, that every
// git command resolves to that branch. It refuses
//
//   - what git-check-ref-format(1) refuses with --branch;
//   - names that gitrevisions(7) resolves to something else first: another namespace (tags/x),
//     a pseudo ref (FETCH_HEAD) or a whole commit id;
//   - pull requests: their commits are not on a branch of the repository;
//   - unprintable characters, and more than 255 bytes, GitHub's limit.
func CheckBranch(name string) error {
	for _, r := range rules {
		if r.broken(name) {
			return fmt.Errorf("checking branch %s: %s; give the name of a branch, like main", quote.Line(name), r.why)
		}
	}
	return nil
}

const maxLen = 255

// rules are checked in order, those with the most helpful reason first.
var rules = []struct {
	broken func(name string) bool
	why    string
}{
	{func(s string) bool { return s == "" }, "it is empty"},
	{func(s string) bool { return len(s) > maxLen }, fmt.Sprintf("it is over %d bytes long", maxLen)},
	{func(s string) bool { return !utf8.ValidString(s) }, "it is not UTF-8"},
	{pullRequest, "a pull request is not on any branch of the repository"},
	{prefix("refs/"), "it is a full ref, and a branch goes without refs/heads/"},
	{prefix("heads/", "tags/", "remotes/"), "git looks for it outside the branches first"},
	{prefix("-"), "git takes a leading - for an option"},
	{pseudoRef, "git has its own ref by that name"},
	{commitID, "git takes it for a commit"},
	{holding(".."), `a ref cannot hold ".."`},
	{holding("@{"), `a ref cannot hold "@{"`},
	{holding("//"), "a ref cannot have an empty part"},
	{func(s string) bool { return strings.ContainsAny(s, " ~^:?*[\\") }, `a ref cannot hold a space or one of ~^:?*[\`},
	{func(s string) bool { return strings.IndexFunc(s, unprintable) >= 0 }, "it has a control or invisible character"},
	{component(strings.HasPrefix, "."), "no part of a ref begins with a dot"},
	{component(strings.HasSuffix, ".lock"), "no part of a ref ends in .lock"},
	{func(s string) bool { return strings.HasSuffix(s, ".") }, "a ref cannot end in a dot"},
	{func(s string) bool { return s[0] == '/' || s[len(s)-1] == '/' }, "a ref cannot begin or end with a slash"},
}

func prefix(list ...string) func(string) bool {
	return func(s string) bool {
		for _, p := range list {
			if strings.HasPrefix(s, p) {
				return true
			}
		}
		return false
	}
}

func holding(part string) func(string) bool {
	return func(s string) bool { return strings.Contains(s, part) }
}

func component(has func(s, affix string) bool, affix string) func(string) bool {
	return func(s string) bool {
		for part := range strings.SplitSeq(s, "/") {
			if has(part, affix) {
				return true
			}
		}
		return false
	}
}

// pullRequest matches GITHUB_REF (refs/pull/1/merge), the short form for git fetch (pull/1/head),
// and GITHUB_REF_NAME (1/merge) of a pull request.
var pullRequest = regexp.MustCompile(`^(refs/)?pull/|^[0-9]+/merge$`).MatchString

// pseudoRef matches the names of gitrevisions(7), rule 1, and "@", which is HEAD.
var pseudoRef = regexp.MustCompile(`^(@|HEAD|[A-Z_]+_HEAD|AUTO_MERGE)$`).MatchString

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
