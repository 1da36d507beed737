package githubd

import (
	"cmp"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// latestRelease handles GET /repos/{owner}/{repo}/releases/latest.
func latestRelease(c *call) *answer {
	r := c.s.latest
	if r == nil {
		r = c.s.newest()
	}
	if r == nil {
		return c.notFound()
	}
	return ok(c.releaseObject(r))
}

// newest returns the latest release in "legacy" mode, or if none was set: the one with the
// newest commit, and of several with the same commit the one with the highest version.
func (r *repository) newest() *release {
	var best *release
	for _, l := range r.releases {
		if l.draft || l.prerelease {
			continue
		}
		if best == nil || cmp.Or(l.created.Compare(best.created), compareTags(l.tag, best.tag), cmp.Compare(l.id, best.id)) > 0 {
			best = l
		}
	}
	return best
}

// compareTags compares the versions at the end of tags. A tag without a version is lower.
func compareTags(a, b string) int {
	version := func(tag string) *semver.Version {
		v, err := semver.NewVersion(tag[strings.LastIndex(tag, "/")+1:])
		if err != nil {
			return semver.New(0, 0, 0, "0", "")
		}
		return v
	}
	return version(a).Compare(version(b))
}

// latestable returns the error response to making a draft or prerelease the latest release.
// GitHub has been observed to accept it when creating a draft.
func (c *call) latestable(r *release, makeLatest string, exists bool) *answer {
	if makeLatest != "true" || !r.prerelease && (!r.draft || !exists) {
		return nil
	}
	return c.invalid(wrong{Resource: "Release", Code: "custom", Message: "Latest release cannot be draft or prerelease."})
}

// choose updates the latest release. A release that is published becomes the latest unless
// the request says otherwise.
func (c *call) choose(r *release, makeLatest string, publishing bool) {
	if makeLatest == "" && publishing {
		makeLatest = "true"
	}
	eligible := !r.draft && !r.prerelease
	switch {
	case eligible && makeLatest == "true":
		c.s.latest = r
	case makeLatest == "legacy":
		c.s.latest = nil
	case c.s.latest == r && (!eligible || makeLatest == "false"):
		c.s.latest = nil
	}
}
