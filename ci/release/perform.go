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

// perform performs the effects in the plan's order, assets side by side. Those of a
// release that an earlier run has published are done.
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
	s.Published, s.URL = true, p.hub.Found().URL
	p.remarkImmutable()
	return nil
}

// remarkImmutable says that the release is immutable where that was not known before:
// GitHub says it of a release to everyone, and of the repository to few.
func (p *publishing) remarkImmutable() {
	if p.hub.Found().Immutable && !slices.Contains(p.summary.Remarks, immutable) {
		p.summary.Remarks = append(p.summary.Remarks, immutable)
	}
}

// newEffects are those of the plan that are performed here: what is signed was signed
// when the artifacts were made.
func (p *publishing) newEffects(files []File) []publish.Effect {
	var list []publish.Effect
	assets := p.assets(files)
	next := 0
	for _, e := range p.Plan.Effects {
		switch e.Kind {
		case "draft":
			list = append(list, p.hub.DraftEffect(e.About))
		case "asset":
			list = append(list, p.hub.AssetEffect(e.About, assets[next]))
			next++
		case "registry":
			list = append(list, p.crate().Effect(e.About))
		case "owner":
			list = append(list, p.ownerEffect(e.About))
		case "tag":
			list = append(list, p.hub.TagEffect(e.About))
		case "release":
			list = append(list, p.hub.AnnounceEffect(e.About, assets))
		}
	}
	for i := range list {
		list[i].Tell = p.tell
	}
	return list
}

// assets are the artifacts that GitHub gets, in the plan's order.
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

// transient judges what effects fail with.
func transient(err error) (time.Duration, bool) {
	var upload *uploadError
	if errors.As(err, &upload) {
		return upload.wait, upload.passes
	}
	return github.Transient(err)
}
