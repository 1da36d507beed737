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

// Asset is a file of a release.
type Asset struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	State string `json:"state"` // "uploaded"; "starter" of an upload that failed
	Size  int64  `json:"size"`
	// Digest is "sha256:…", or "" where the server is too old to say.
	Digest string `json:"digest"`
	URL    string `json:"browser_download_url"`
}

// Uploaded reports whether all of the asset has arrived.
func (a Asset) Uploaded() bool { return a.State == "uploaded" }

// Assets lists the files of a release.
func (c *Client) Assets(ctx context.Context, release int64) ([]Asset, error) {
	var all []Asset
	for page := 1; page > 0; {
		var list []Asset
		resp, err := c.do(ctx, http.MethodGet, c.path("releases/%d/assets?per_page=100&page=%d", release, page), nil, &list)
		if err != nil {
			return nil, fmt.Errorf("listing the assets: %w", err)
		}
		if all = append(all, list...); len(all) > maxAssets {
			return nil, fmt.Errorf("listing the assets: there are more than %d, which no release has", maxAssets)
		}
		page = resp.NextPage
	}
	return all, nil
}

// Upload adds a file to a release under its name there. Memory does not grow with it.
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
		return fmt.Errorf("uploading %q: %w", name, answered(resp))
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return err
}

// answered is the error of an answer that is none.
func answered(resp *http.Response) error {
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

// DeleteAsset takes a file from a release. That it is gone already is no error.
func (c *Client) DeleteAsset(ctx context.Context, a Asset) error {
	resp, err := c.do(ctx, http.MethodDelete, c.path("releases/assets/%d", a.ID), nil, nil)
	if err != nil && (resp == nil || resp.StatusCode != http.StatusNotFound) {
		return fmt.Errorf("deleting the asset %q: %w", a.Name, err)
	}
	return nil
}

// Download writes an asset to a file that is made. The token stays at GitHub,
// which redirects to where the bytes are.
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
		return fmt.Errorf("downloading %q: %w", a.Name, answered(resp))
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
