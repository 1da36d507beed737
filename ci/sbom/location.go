package sbom

import (
	"net/url"
	"strings"
)

// webURL returns s if it is an http or https URL without a user, else "".
func webURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.String() != s {
		return ""
	}
	return s
}

// gitLocation returns the location of a commit in a git repository in the form of SPDX 2.3,
// 7.7: git+https://host/path@commit. The user is left out because it may be a token; for
// ssh it stays, as it is no secret there. It returns "" if repository is not an absolute
// URL or commit is "".
func gitLocation(repository, commit string) string {
	u, err := url.Parse(repository)
	if err != nil || u.Scheme == "" || u.Opaque != "" || u.Path == "" || commit == "" {
		return ""
	}
	u.RawQuery, u.Fragment, u.RawFragment = "", "", ""
	switch {
	case u.User == nil:
	case strings.HasSuffix(u.Scheme, "ssh"):
		u.User = url.User(u.User.Username())
	default:
		u.User = nil
	}
	return "git+" + strings.TrimPrefix(u.String(), "git+") + "@" + commit
}
