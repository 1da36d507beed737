package sbom

import (
	"net/url"
	"strings"
)

// webURL returns s when it is an http or https URL without a user, else "".
func webURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.String() != s {
		return ""
	}
	return s
}

// gitLocation is where a commit of a git repository is found, as SPDX 2.3, 7.7,
// writes it: git+https://host/path@commit. Whoever is named in the repository's URL
// is left out, for it may be a token; of ssh the user stays, who is none. It is ""
// when repository is no absolute URL or commit is "".
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
