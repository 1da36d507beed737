package githubd

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The states of an asset.
const (
	starter  = "starter" // its upload has not finished, or has failed
	uploaded = "uploaded"
)

// asset is a file of a release.
type asset struct {
	id               int64
	name             string
	label            *string
	mediaType, state string
	size             int64
	digest           string // empty for a starter
	downloads        int
	uploader         *account
	created, updated time.Time
	secret           string // authorises downloads, in the URL of its content
}

func (s *Server) assetDir() string { return filepath.Join(s.options.Dir, "assets") }

// file returns the path of an asset's content.
func (s *Server) file(a *asset) string { return filepath.Join(s.assetDir(), number(a.id)) }

// forget deletes an asset's content.
func (s *Server) forget(a *asset) error {
	if err := os.Remove(s.file(a)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// assetObject returns the JSON object of an asset.
func (c *call) assetObject(r *release, a *asset) object {
	o := object{
		"id": a.id, "node_id": nodeID("RA", a.id), "url": c.url("releases", "assets", number(a.id)),
		"name": a.name, "label": a.label, "content_type": a.mediaType, "state": a.state, "size": a.size, "digest": nil,
		"download_count": a.downloads, "uploader": c.simpleUser(a.uploader),
		"created_at": stamp(a.created), "updated_at": stamp(a.updated),
		"browser_download_url": c.webURL("releases", "download", r.place(), a.name),
	}
	if a.digest != "" {
		o["digest"] = "sha256:" + a.digest
	}
	return o
}

// listAssets handles GET /repos/{owner}/{repo}/releases/{release_id}/assets.
func listAssets(c *call) *answer {
	r := c.released()
	if r == nil {
		return c.notFound()
	}
	return page(c, r.assets, func(a *asset) object { return c.assetObject(r, a) })
}

// attached returns the asset named in the path and its release, or nils.
func (c *call) attached() (*release, *asset) {
	id := c.id("asset_id")
	for _, r := range c.s.releases {
		for _, a := range r.assets {
			if a.id == id && c.visible(r) {
				return r, a
			}
		}
	}
	return nil, nil
}

// getAsset handles GET /repos/{owner}/{repo}/releases/assets/{asset_id}. It returns the
// asset's metadata, or redirects to the content if the client accepts
// application/octet-stream.
func getAsset(c *call) *answer {
	r, a := c.attached()
	if r == nil {
		return c.notFound()
	}
	if !strings.Contains(c.r.Header.Get("Accept"), "application/octet-stream") {
		return ok(c.assetObject(r, a))
	}
	if a.state != uploaded {
		return c.notFound()
	}
	return &answer{status: 302, header: map[string]string{"Location": c.s.stored(a)}}
}

// editAsset handles PATCH /repos/{owner}/{repo}/releases/assets/{asset_id}.
func editAsset(c *call) *answer {
	var in struct{ Name, Label, State *string }
	if a := c.decode(&in); a != nil {
		return a
	}
	r, a := c.attached()
	switch {
	case r == nil:
		return c.notFound()
	case r.immutable:
		return c.invalid(wrong{Resource: "ReleaseAsset", Code: "custom", Message: "Cannot update asset from an immutable release"})
	case in.State != nil:
		c.s.journal.violate("request %s: this server does not change the state of assets", c.route)
	}
	if in.Name != nil {
		name := c.assetName(*in.Name)
		if other := r.named(name); other != nil && other != a {
			return c.invalid(wrong{Resource: "ReleaseAsset", Code: "already_exists", Field: "name"})
		}
		a.name = name
	}
	if in.Label != nil {
		a.label = in.Label
	}
	a.updated = time.Now()
	c.change()
	return ok(c.assetObject(r, a))
}

// named returns the release's asset of a name, in any state, or nil.
func (r *release) named(name string) *asset {
	i := slices.IndexFunc(r.assets, func(a *asset) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return r.assets[i]
}

// deleteAsset handles DELETE /repos/{owner}/{repo}/releases/assets/{asset_id}.
func deleteAsset(c *call) *answer {
	r, a := c.attached()
	switch {
	case r == nil:
		return c.notFound()
	case r.immutable:
		return c.invalid(wrong{Resource: "ReleaseAsset", Code: "custom", Message: "Cannot delete asset from an immutable release"})
	}
	r.assets = slices.DeleteFunc(r.assets, func(other *asset) bool { return other == a })
	c.change()
	if err := c.s.forget(a); err != nil {
		return c.broken(err)
	}
	return noContent()
}
