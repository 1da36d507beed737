package github

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/transport"
)

// Asset is a file attached to a release.
type Asset struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	State string `json:"state"` // "uploaded", or "starter" after a failed upload
	Size  int64  `json:"size"`
	// Digest is "sha256:…", or "" from a server that is too old to report it.
	Digest string `json:"digest"`
	URL    string `json:"browser_download_url"`
}

// Uploaded reports whether the asset's upload is complete.
func (a Asset) Uploaded() bool { return a.State == "uploaded" }

// Assets lists the files of a release.
func (c *Client) Assets(ctx context.Context, release int64) ([]Asset, error) {
	var all []Asset
	var size int
	err := list(ctx, c, fmt.Sprintf("releases/%d/assets", release), func(a Asset) error {
		if size += len(a.Name) + len(a.State) + len(a.Digest) + len(a.URL); size > maxKept || len(all) == maxAssets {
			return fmt.Errorf("there are more than %d, or their descriptions have more than %d bytes, as no release has", maxAssets, maxKept)
		}
		all = append(all, a)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the assets: %w", err)
	}
	return all, nil
}

// Upload attaches a file to a release as name. It streams the file, so memory use is constant.
func (c *Client) Upload(ctx context.Context, release int64, name, file string) error {
	f, err := beneath.OpenFile(file)
	if err != nil {
		return fmt.Errorf("uploading %q: %w", name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("uploading %q: %w", name, err)
	}
	to, err := c.api.UploadURL.Parse(c.path("releases/%d/assets", release))
	if err != nil {
		return fmt.Errorf("uploading %q: %w", name, err)
	}
	to.RawQuery = url.Values{"name": {name}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), io.NopCloser(f))
	if err != nil {
		return fmt.Errorf("uploading %q: %w", name, err)
	}
	req.ContentLength = info.Size()
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("Content-Type", contentType(name))
	resp, err := c.uploads.Do(req)
	if err != nil {
		return fmt.Errorf("uploading %q: %w", name, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("uploading %q: %w", name, statusError(resp))
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return err
}

// statusError returns the error for a response with an unexpected status.
func statusError(resp *http.Response) error {
	wait, _ := transport.Asked(resp, time.Now())
	e := &StatusError{Code: resp.StatusCode, Wait: wait, text: "GitHub answers " + resp.Status}
	if transport.Limited(resp) {
		e.Code = http.StatusTooManyRequests
	}
	return e
}

func contentType(name string) string {
	switch {
	case strings.HasSuffix(name, ".tar.gz"):
		return "application/gzip"
	case strings.HasSuffix(name, ".json"):
		return "application/json"
	}
	return "text/plain"
}

// DeleteAsset deletes an asset from its release. A missing asset is not an error.
func (c *Client) DeleteAsset(ctx context.Context, a Asset) error {
	resp, err := c.do(ctx, http.MethodDelete, c.path("releases/assets/%d", a.ID), nil, nil)
	if err != nil && (resp == nil || resp.StatusCode != http.StatusNotFound) {
		return fmt.Errorf("deleting the asset %q: %w", a.Name, err)
	}
	return nil
}

// Download writes an asset to a file, which must not exist. GitHub redirects to a storage server,
// which does not get the token.
func (c *Client) Download(ctx context.Context, a Asset, file string) (err error) {
	if a.Size < 0 || a.Size > maxAsset {
		return fmt.Errorf("downloading %q: it has %d bytes, expected at most %d", a.Name, a.Size, int64(maxAsset))
	}
	req, err := c.api.NewRequest(http.MethodGet, c.path("releases/assets/%d", a.ID), nil)
	if err != nil {
		return fmt.Errorf("downloading %q: %w", a.Name, err)
	}
	req.Header.Set("Accept", "application/octet-stream")
	resp, err := c.uploads.Do(req.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("downloading %q: %w", a.Name, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("downloading %q: %w", a.Name, statusError(resp))
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("downloading %q: %w", a.Name, err)
	}
	n, err := io.Copy(f, io.LimitReader(resp.Body, a.Size+1))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil && n != a.Size {
		err = fmt.Errorf("it has %d bytes or more, expected %d", n, a.Size)
	}
	if err != nil {
		return fmt.Errorf("downloading %q: %w", a.Name, err)
	}
	return nil
}
