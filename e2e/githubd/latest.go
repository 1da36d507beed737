package githubd

import (
	"cmp"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// latestRelease is GET /repos/{owner}/{repo}/releases/latest.
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

// newest is what "legacy" means by the latest release, and what is the latest when
// none was made so: that of the newest commit, and of those of one commit, that
// with the highest version.
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

// compareTags compares the versions that tags end with; one without is lower.
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

// latestable is the answer to making something the latest release that cannot be.
// GitHub was seen to take it from those who create a draft.
func (c *call) latestable(r *release, makeLatest string, exists bool) *answer {
	if makeLatest != "true" || !r.prerelease && (!r.draft || !exists) {
		return nil
	}
	return c.invalid(wrong{Resource: "Release", Code: "custom", Message: "Latest release cannot be draft or prerelease."})
}

// choose says which release is the latest from now on. A release that is published
// becomes it unless the request says otherwise.
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
