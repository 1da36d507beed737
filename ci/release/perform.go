package release

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
)

// uploads is how many assets are uploaded at once.
const uploads = 16

// perform performs the effects in the plan's order, with consecutive assets in parallel.
func (p *publishing) perform(ctx context.Context) error {
	s := p.summary
	for i := 0; i < len(p.effects); {
		end := i + 1
		for p.effects[i].Kind == "asset" && end < len(p.effects) && p.effects[end].Kind == "asset" {
			end++
		}
		group, each := errgroup.WithContext(ctx)
		group.SetLimit(uploads)
		for j := i; j < end; j++ {
			group.Go(func() (err error) {
				s.Outcomes[j], err = p.effects[j].Perform(each, transient)
				p.tell(s.Outcomes[j].State + ": " + s.Outcomes[j].About)
				return err
			})
		}
		err := group.Wait()
		s.Seconds = time.Since(p.begin).Seconds()
		if err != nil {
			return err
		}
		i = end
	}
	s.Published, s.URL = true, p.github.Found().URL
	p.noteImmutable()
	return nil
}

// noteImmutable notes that the release is immutable if preflight could not tell: GitHub shows
// that of a release to everyone, but the repository's setting only with a special permission.
func (p *publishing) noteImmutable() {
	if p.github.Found().Immutable && !slices.Contains(p.summary.Remarks, immutable) {
		p.summary.Remarks = append(p.summary.Remarks, immutable)
	}
}

// newEffects returns the plan's effects that are performed here. Signing is not among them,
// because it happens when the artifacts are made.
func (p *publishing) newEffects(files []File) []publish.Effect {
	var list []publish.Effect
	assets := p.assets(files)
	next := 0
	for _, e := range p.Plan.Effects {
		switch e.Kind {
		case "draft":
			list = append(list, p.github.DraftEffect(e.About))
		case "asset":
			list = append(list, p.github.AssetEffect(e.About, assets[next]))
			next++
		case "registry":
			list = append(list, p.crate().Effect(e.About))
		case "owner":
			list = append(list, p.ownerEffect(e.About))
		case "tag":
			list = append(list, p.github.TagEffect(e.About))
		case "release":
			list = append(list, p.github.AnnounceEffect(e.About, assets))
		}
	}
	for i := range list {
		list[i].Tell = p.tell
	}
	return list
}

// assets returns the artifacts to attach to the GitHub release, in the plan's order.
func (p *publishing) assets(files []File) []publish.File {
	var list []publish.File
	for i, a := range p.Plan.Artifacts {
		if a.Kind == plan.CrateFile {
			continue
		}
		f := publish.File{Name: a.Name, Path: filepath.Join(p.Out, a.Name)}
		if files != nil {
			f.SHA256 = files[i].SHA256
		}
		list = append(list, f)
	}
	return list
}

// transient reports whether the error of an effect is transient, and how long to wait.
func transient(err error) (time.Duration, bool) {
	var upload *uploadError
	if errors.As(err, &upload) {
		return upload.wait, upload.transient
	}
	return github.Transient(err)
}
