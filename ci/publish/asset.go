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
)

// File is a file of a release on disk.
type File struct {
	Name, Path string
	SHA256     string // in hexadecimal
}

// assetAction says what an asset's state asks for beside the verdict.
type assetAction int

const (
	upload  assetAction = iota
	replace             // delete what is there first
)

// decideAsset decides on the asset of that name, nil for none. digest is its own,
// in hexadecimal.
func decideAsset(draft bool, a *github.Asset, digest string, want File) (Verdict, assetAction, error) {
	switch {
	case a == nil && draft:
		return Do, upload, nil
	case a == nil:
		return Done, upload, &Conflict{fmt.Sprintf("the published release has no asset %q", want.Name), "a published release is never changed: release another version"}
	case a.Uploaded() && digest == want.SHA256:
		return Done, upload, nil
	case draft: // the starter that a failed upload leaves, or another run's file
		return Do, replace, nil
	}
	return Done, upload, &Conflict{fmt.Sprintf("asset %q of the published release has sha256 %s, expected %s", want.Name, digest, want.SHA256), "a published release is never changed: release another version"}
}

// AssetEffect uploads a file to the draft.
func (g *GitHub) AssetEffect(about string, file File) Effect {
	var there *github.Asset
	var how assetAction
	return Effect{
		Kind: "asset", About: about,
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

// digest is the SHA-256 of an asset, in hexadecimal, "" of one that has not
// arrived. A server that is too old to say has it downloaded.
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

// onlyThese returns a conflict unless the assets are exactly those names.
func onlyThese(files []github.Asset, names []string) error {
	var have []string
	for _, a := range files {
		have = append(have, a.Name)
		if !slices.Contains(names, a.Name) {
			return &Conflict{fmt.Sprintf("the draft has an asset %q, which is not of this release", a.Name), "delete it, and run again"}
		}
	}
	for _, name := range names {
		if !slices.Contains(have, name) {
			return &Conflict{fmt.Sprintf("the draft has no asset %q any more", name), "run again, which uploads it"}
		}
	}
	return nil
}
