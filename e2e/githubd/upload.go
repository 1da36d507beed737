package githubd

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"time"
)

// GitHub's limits on assets: a file must be smaller than assetLimit, and a release may have
// at most mostAssets.
const (
	assetLimit = 2 << 30
	mostAssets = 1000
)

// uploadAsset handles POST /repos/{owner}/{repo}/releases/{release_id}/assets. As on
// GitHub, an asset in state starter exists from the beginning, and stays if the upload
// fails. Other requests are handled while the content is received, so it is called with
// Server.mu unlocked.
func uploadAsset(c *call) *answer {
	c.s.mu.Lock()
	r, a, refused := c.reserve()
	failing := refused == nil && c.meet(StarterAsset) != nil
	c.s.mu.Unlock()
	if refused != nil {
		return refused
	}
	if failing {
		return c.fail(http.StatusBadGateway, "Server Error")
	}
	digest, err := receive(c.s.file(a), c.r.Body, c.r.ContentLength)
	if err != nil { // the client closed the connection
		return c.fail(http.StatusBadRequest, "Error reading the body")
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if !slices.Contains(r.assets, a) || !slices.Contains(c.s.releases, r) { // deleted meanwhile
		_ = c.s.forget(a)
		return c.notFound()
	}
	a.digest, a.size, a.state, a.updated = digest, c.r.ContentLength, uploaded, time.Now()
	return created(c.assetObject(r, a))
}

// reserve creates the asset of an upload in state starter, or returns the error response.
func (c *call) reserve() (*release, *asset, *answer) {
	r := c.released()
	name, mediaType := c.ask("name", ""), c.r.Header.Get("Content-Type")
	_, _, mistyped := mime.ParseMediaType(mediaType)
	bad := func(w wrong) (*release, *asset, *answer) {
		w.Resource = "ReleaseAsset"
		return nil, nil, c.invalid(w)
	}
	switch {
	case r == nil:
		return nil, nil, c.notFound()
	case r.immutable:
		return nil, nil, c.refuse("Cannot upload assets to an immutable release.")
	case c.r.ContentLength < 0:
		return nil, nil, c.fail(http.StatusBadRequest, "Bad Content-Length: ")
	case name == "":
		return bad(wrong{Code: "missing_field", Field: "name"})
	case c.r.ContentLength == 0:
		return bad(wrong{Code: "custom", Field: "size", Message: "size must be greater than or equal to 1"})
	case mistyped != nil:
		return bad(wrong{Code: "custom", Field: "content_type", Message: "content_type is not a valid media type"})
	case c.r.ContentLength >= assetLimit:
		return bad(wrong{Code: "custom", Field: "size", Message: "size must be less than 2147483648"})
	case len(r.assets) >= mostAssets:
		return bad(wrong{Code: "custom", Field: "file_count", Message: "file_count limited to 1000 assets per release"})
	}
	now := time.Now()
	a := &asset{
		name: c.assetName(name), mediaType: mediaType, state: starter, uploader: c.token.account,
		created: now, updated: now, secret: rand.Text(),
	}
	if r.named(a.name) != nil {
		return bad(wrong{Code: "already_exists", Field: "name"})
	}
	if labels := c.query["label"]; len(labels) > 0 {
		a.label = &labels[0]
	}
	a.id = c.s.newID()
	r.assets = append(r.assets, a)
	c.change()
	return r, a, nil
}

// receive writes size bytes from content to a file and returns their SHA-256.
func receive(path string, content io.Reader, size int64) (string, error) {
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	digest := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(f, digest), content, size); err != nil {
		_ = f.Close()
		return "", err
	}
	return hex.EncodeToString(digest.Sum(nil)), f.Close()
}
