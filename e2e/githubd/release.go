package githubd

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"time"
)

// release is a release or a draft.
type release struct {
	id                int64
	tag               string // of a draft, the tag to create, or the placeholder
	placeholder       string // the draft's name in URLs
	target            string // a branch or a commit
	name, body        *string
	draft, prerelease bool
	immutable         bool
	author            *account
	created           time.Time // the time of its commit
	published         time.Time
	updated           time.Time
	assets            []*asset
}

// untagged reports whether the tag is a placeholder, for which GitHub creates no tag.
func (r *release) untagged() bool { return r.tag == r.placeholder }

// place returns the release's name in URLs, with slashes escaped.
func (r *release) place() string {
	if r.draft {
		return r.placeholder
	}
	return url.PathEscape(r.tag)
}

// releaseObject returns the JSON object of a release.
func (c *call) releaseObject(r *release) object {
	id := number(r.id)
	self := c.url("releases", id)
	o := object{
		"id": r.id, "node_id": nodeID("RE", r.id), "url": self, "html_url": c.webURL("releases", "tag", r.place()),
		"assets_url": self + "/assets", "upload_url": c.uploads + "/repos/" + c.s.owner + "/" + c.s.repo + "/releases/" + id + "/assets{?name,label}",
		"tarball_url": nil, "zipball_url": nil,
		"tag_name": r.tag, "target_commitish": r.target, "name": r.name, "body": r.body,
		"draft": r.draft, "prerelease": r.prerelease, "immutable": r.immutable, "author": c.simpleUser(r.author),
		"created_at": stamp(r.created), "published_at": stampOrNull(r.published), "updated_at": stamp(r.updated),
	}
	if !r.draft {
		o["tarball_url"], o["zipball_url"] = c.url("tarball", r.tag), c.url("zipball", r.tag)
	}
	assets := []object{}
	for _, one := range r.assets {
		assets = append(assets, c.assetObject(r, one))
	}
	o["assets"] = assets
	return o
}

// visible reports whether the caller may see the release: drafts need the
// permission to push.
func (c *call) visible(r *release) bool { return !r.draft || c.may(Write) }

// released returns the release named in the path, or nil.
func (c *call) released() *release {
	id := c.id("release_id")
	for _, r := range c.s.releases {
		if r.id == id && c.visible(r) {
			return r
		}
	}
	return nil
}

// getRelease handles GET /repos/{owner}/{repo}/releases/{release_id}.
func getRelease(c *call) *answer {
	r := c.released()
	if r == nil {
		return c.notFound()
	}
	return ok(c.releaseObject(r))
}

// releaseByTag handles GET /repos/{owner}/{repo}/releases/tags/{tag}. It never returns a
// draft, whatever the permissions.
func releaseByTag(c *call) *answer {
	r := c.s.publishedAs(c.params["tag"])
	if r == nil {
		return c.notFound()
	}
	return ok(c.releaseObject(r))
}

// publishedAs returns the published release with a tag, or nil.
func (r *repository) publishedAs(tag string) *release {
	i := slices.IndexFunc(r.releases, func(l *release) bool { return !l.draft && l.tag == tag })
	if i < 0 {
		return nil
	}
	return r.releases[i]
}

// listReleases handles GET /repos/{owner}/{repo}/releases. The order is not documented;
// GitHub has been observed to sort by the date of the commit, like the releases page.
func listReleases(c *call) *answer {
	var shown []*release
	for _, r := range c.s.releases {
		if c.visible(r) {
			shown = append(shown, r)
		}
	}
	slices.SortStableFunc(shown, func(a, b *release) int {
		return cmp.Or(b.created.Compare(a.created), cmp.Compare(b.id, a.id))
	})
	if len(shown) > 0 && c.meet(StaleList) != nil {
		newest := slices.MaxFunc(shown, func(a, b *release) int { return cmp.Compare(a.id, b.id) })
		shown = slices.DeleteFunc(shown, func(r *release) bool { return r == newest })
	}
	return page(c, shown, c.releaseObject)
}

// deleteRelease handles DELETE /repos/{owner}/{repo}/releases/{release_id}. The tag stays
// and can be deleted afterwards, even that of an immutable release.
func deleteRelease(c *call) *answer {
	r := c.released()
	if r == nil {
		return c.notFound()
	}
	for _, one := range r.assets {
		if err := c.s.forget(one); err != nil {
			return c.broken(err)
		}
	}
	c.s.releases = slices.DeleteFunc(c.s.releases, func(l *release) bool { return l == r })
	if c.s.latest == r {
		c.s.latest = nil
	}
	c.change()
	if err := c.s.protect(); err != nil {
		return c.broken(err)
	}
	return noContent()
}

// protect updates the hook that protects tags of immutable releases from pushes.
func (s *Server) protect() error {
	var locked, burned []string
	for _, r := range s.releases {
		if r.immutable {
			locked = append(locked, r.tag)
		}
	}
	for tag := range s.burned {
		burned = append(burned, tag)
	}
	return s.git.protect(locked, burned)
}

// date sets the creation time of a release: the time of the commit of its tag, or of sha if
// there is no tag yet.
func (s *Server) date(r *release, sha string) error {
	tagged, err := s.git.peel("refs/tags/" + r.tag)
	switch {
	case err == nil:
		sha = tagged
	case !errors.Is(err, errNoObject):
		return err
	case sha == "": // the target is gone too
		return nil
	}
	commits, err := s.git.commits(sha)
	if err != nil {
		return err
	}
	r.created = commits[0].committer.date
	return nil
}
