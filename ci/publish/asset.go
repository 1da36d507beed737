package publish

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
)

// File is a release file on disk.
type File struct {
	Name, Path string
	SHA256     string // hexadecimal
}

// assetAction tells how to upload an asset when the verdict is Do.
type assetAction int

const (
	upload  assetAction = iota
	replace             // delete the existing asset first
)

// decideAsset decides what to do about the release asset a, which is nil if there is none
// named want.Name. digest is the asset's SHA-256 in hexadecimal.
func decideAsset(draft bool, a *github.Asset, digest string, want File) (Verdict, assetAction, error) {
	switch {
	case a == nil && draft:
		return Do, upload, nil
	case a == nil:
		return Done, upload, &Conflict{fmt.Sprintf("the published release has no asset %q", want.Name), "a published release is never changed: release another version"}
	case a.Uploaded() && digest == want.SHA256:
		return Done, upload, nil
	case draft: // the "starter" asset of a failed upload, or another run's file
		return Do, replace, nil
	}
	return Done, upload, &Conflict{fmt.Sprintf("asset %q of the published release has sha256 %s, expected %s", want.Name, digest, want.SHA256), "a published release is never changed: release another version"}
}

// AssetEffect returns the effect that uploads a file to the draft.
func (g *GitHub) AssetEffect(about string, file File) Effect {
	var there *github.Asset
	var how assetAction
	return Effect{
		Kind: plan.EffectAsset, About: about, Parallel: true,
		Look: func(ctx context.Context) (v Verdict, err error) {
			r := g.Found()
			list, err := g.Client.Assets(ctx, r.ID)
			if err != nil {
				return Do, err
			}
			there = nil
			if i := slices.IndexFunc(list, func(a github.Asset) bool { return a.Name == file.Name }); i >= 0 {
				there = &list[i]
			}
			digest, err := g.digest(ctx, there)
			if err != nil {
				return Do, err
			}
			v, how, err = decideAsset(r.Draft, there, digest, file)
			return v, err
		},
		Act: func(ctx context.Context) error {
			if how == replace {
				if err := g.Client.DeleteAsset(ctx, *there); err != nil {
					return err
				}
			}
			return g.Client.Upload(ctx, g.Found().ID, file.Name, file.Path)
		},
	}
}

// digest returns the SHA-256 of an asset in hexadecimal, or "" if the asset is nil or its
// upload is incomplete. An asset is downloaded if the server reports no digest for it.
func (g *GitHub) digest(ctx context.Context, a *github.Asset) (string, error) {
	if a == nil || !a.Uploaded() {
		return "", nil
	}
	if a.Digest != "" {
		return strings.TrimPrefix(a.Digest, "sha256:"), nil
	}
	dir, err := os.MkdirTemp("", "slipway-asset-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "asset")
	if err := g.Client.Download(ctx, *a, file); err != nil {
		return "", err
	}
	sum, err := dist.Digest(file)
	return fmt.Sprintf("%x", sum), err
}

// onlyThese returns a *Conflict unless the assets have exactly these names.
func onlyThese(files []github.Asset, names []string) error {
	var have []string
	for _, a := range files {
		have = append(have, a.Name)
		if !slices.Contains(names, a.Name) {
			return &Conflict{fmt.Sprintf("the draft has an asset %q, which does not belong to this release", a.Name), "delete it and run again"}
		}
	}
	for _, name := range names {
		if !slices.Contains(have, name) {
			return &Conflict{fmt.Sprintf("the draft no longer has the asset %q", name), "run again to upload it"}
		}
	}
	return nil
}
