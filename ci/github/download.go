package github

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/slipway/ci/quote"
)

// Limits for downloads: GitHub allows 1000 assets of less than 2 GiB each in a release (GitHub
// Docs, "About releases"); one made by slipway has a few of some MiB.
const (
	maxAssets  = 1000
	maxAsset   = 2 << 30
	maxRelease = 8 << 30
)

// transfers is how many files are downloaded at once.
const transfers = 8

// DownloadRelease writes all assets of the tag's published release to dir, an existing empty
// directory.
func (c *Client) DownloadRelease(ctx context.Context, tag, dir string) error {
	r, err := c.Published(ctx, tag)
	if err != nil {
		return err
	}
	assets, err := c.Assets(ctx, r.ID)
	if err != nil {
		return err
	}
	if err := c.DownloadAssets(ctx, assets, dir); err != nil {
		return fmt.Errorf("downloading the release %q: %w", tag, err)
	}
	return nil
}

// DownloadAssets writes assets to dir, an existing directory without files of these names.
func (c *Client) DownloadAssets(ctx context.Context, assets []Asset, dir string) error {
	var count int64
	for _, a := range assets {
		if count += max(a.Size, 0); count > maxRelease {
			return fmt.Errorf("its assets have more than %d bytes together, expected no more", int64(maxRelease))
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(transfers)
	for _, a := range assets {
		if a.Name == "" || strings.HasPrefix(a.Name, ".") || strings.ContainsAny(a.Name, "/\\\x00") {
			return fmt.Errorf("asset %s: expected a plain file name", quote.Line(a.Name))
		}
		group.Go(func() error { return c.Download(ctx, a, filepath.Join(dir, a.Name)) })
	}
	return group.Wait()
}
