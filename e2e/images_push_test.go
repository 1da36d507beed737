package e2e

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"dagger/slipway/ci/publish"
	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/sigstack"
)

// TestImagesRelease releases an image that already has someone else's signature, and then
// repeats that.
func TestImagesRelease(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := imageStack(t)
		img := randomImage(t, 1<<20, 3)
		r := newImageRelease(t, s, imageRepository(t, reg), "1.2.3", img)
		wantStates(t, r.effects()[:1], publish.WasDone)
		const other = "containerd/runwasi/.github/workflows/other.yml@refs/heads/main"
		token, err := s.Token(sigstack.Claims{"job_workflow_ref": other})
		check(t, err)
		judge(t, 2, t.TempDir(), s.CosignEnv(), "sign", "--yes", "--identity-token", token, r.image.Digest().String()).wantCode(t, 0)
		wantStates(t, r.effects(), append([]string{publish.Unchanged}, times(5, publish.WasDone)...)...)
		for _, tag := range []string{"1.2.3", "latest"} {
			wantJudged(t, s, straight(t, reg).Tag(tag).String())
		}
		wantWhole(t, straight(t, reg).Tag("1.2.3"), img)
		theirs := []string{"verify", "--certificate-identity", "https://github.com/" + other, imageIdentityFlags[2], imageIdentityFlags[3]}
		judge(t, 2, t.TempDir(), s.CosignEnv(), append(theirs, r.image.Digest().String())...).wantCode(t, 0)

		reg.Proxy.Reset()
		s.Rekor.Reset()
		again := newImageRelease(t, s, imageRepository(t, reg), "1.2.3", img)
		wantStates(t, again.effects(), times(6, publish.Unchanged)...)
		if n, e := writes(reg.Proxy), s.Rekor.Count(""); n != 0 || e != 0 {
			t.Errorf("the second run sent %d requests that change something and %d to the log: %v", n, e, reg.Proxy.Requests())
		}
	})
}

// wantWhole checks that an image can be read back completely.
func wantWhole(t testing.TB, ref name.Reference, want v1.Image) {
	t.Helper()
	got, err := remote.Image(ref)
	check(t, err)
	check(t, validate.Image(got))
	a, err := got.Digest()
	check(t, err)
	b, err := want.Digest()
	check(t, err)
	if a != b {
		t.Errorf("%s is %s, expected %s", ref, a, b)
	}
}

// TestImagesOrder checks that an image has no tag until it is signed.
func TestImagesOrder(t *testing.T) {
	reg, s := startRegistry(t, imagereg.Distribution), imageStack(t)
	r := newImageRelease(t, s, imageRepository(t, reg), "1.2.3", randomImage(t, 1024, 1))
	wantStates(t, r.effects()[:1], publish.WasDone)
	tags, err := remote.List(straight(t, reg))
	if err == nil && len(tags) > 0 {
		t.Errorf("after the push there are the tags %q", tags)
	}
}

// TestImagesIndex pushes an index of indexes with shared layers.
func TestImagesIndex(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := imageStack(t)
		index, err := random.Index(4096, 2, 3)
		check(t, err)
		r := newImageRelease(t, s, imageRepository(t, reg), "1.2.3", index)
		wantStates(t, r.effects(), times(6, publish.WasDone)...)
		got, err := remote.Index(straight(t, reg).Tag("1.2.3"))
		check(t, err)
		check(t, validate.Index(got))
		judgeImage(t, s, 2, straight(t, reg).Tag("latest").String(), "verify").wantCode(t, 0)
	})
}

// TestImagesConflict checks that the image of a version is never replaced by another one.
func TestImagesConflict(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := imageStack(t)
		first := newImageRelease(t, s, imageRepository(t, reg), "1.2.3", randomImage(t, 1024, 1))
		wantStates(t, first.effects(), times(6, publish.WasDone)...)
		second := newImageRelease(t, s, imageRepository(t, reg), "1.2.3", randomImage(t, 1024, 1))
		states, err := performAll(t, second.effects())
		var conflict *publish.Conflict
		if !errors.As(err, &conflict) || len(states) != 5 || !strings.Contains(err.Error(), second.image.Digest().DigestStr()) {
			t.Errorf("states %q, error %v; expected a conflict at the tag", states, err)
		}
		if !errors.As(second.image.Check(t.Context()), &conflict) {
			t.Error("nothing is said before the release begins")
		}
		for _, tag := range []string{"1.2.3", "latest"} {
			if got := at(t, straight(t, reg), tag); got != first.image.Digest().DigestStr() {
				t.Errorf("%q is at %s, expected %s", tag, got, first.image.Digest())
			}
		}
	})
}

// TestImagesLatest releases versions out of order and checks the tag latest.
func TestImagesLatest(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := imageStack(t)
		digests := map[string]string{}
		for _, step := range []struct{ version, latest string }{
			{"1.0.0-rc.1", ""}, {"1.0.0", "1.0.0"}, {"1.10.0", "1.10.0"}, {"1.9.0", "1.10.0"}, {"2.0.0-rc.1", "1.10.0"}, {"1.10.1", "1.10.1"},
		} {
			r := newImageRelease(t, s, imageRepository(t, reg), step.version, randomImage(t, 1024, 1))
			digests[step.version] = r.image.Digest().DigestStr()
			e := r.effects()
			_, err := performAll(t, []publish.Effect{e[0], e[4], e[5]})
			check(t, err)
			if got := at(t, straight(t, reg), "latest"); got != digests[step.latest] {
				t.Errorf("after %s latest is at %q, expected that of %q", step.version, got, step.latest)
			}
		}
	})
}

// TestImagesLatestRace has a higher version appear between the check and the move of the
// tag latest.
func TestImagesLatestRace(t *testing.T) {
	reg, s := startRegistry(t, imagereg.Distribution), imageStack(t)
	lower := newImageRelease(t, s, imageRepository(t, reg), "1.0.0", randomImage(t, 1024, 1))
	higher := newImageRelease(t, s, imageRepository(t, reg), "1.1.0", randomImage(t, 1024, 1))
	pick := func(r imageRelease) []publish.Effect { e := r.effects(); return []publish.Effect{e[0], e[4], e[5]} }
	late := pick(lower)
	act, meanwhile := late[2].Act, false
	late[2].Act = func(ctx context.Context) error {
		if !meanwhile {
			meanwhile = true
			wantStates(t, pick(higher), times(3, publish.WasDone)...)
		}
		return act(ctx)
	}
	wantStates(t, late, times(3, publish.WasDone)...)
	if got := at(t, straight(t, reg), "latest"); got != higher.image.Digest().DigestStr() {
		t.Errorf("latest is at %s, expected 1.1.0's", got)
	}
}

// TestImagesTwoRuns releases the same image twice concurrently.
func TestImagesTwoRuns(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := imageStack(t)
		img := randomImage(t, 1<<20, 2)
		var both sync.WaitGroup
		for range 2 {
			r := newImageRelease(t, s, imageRepository(t, reg), "1.2.3", img)
			both.Go(func() {
				if _, err := performAll(t, r.effects()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		wantJudged(t, s, straight(t, reg).Tag("1.2.3").String()) // with a single signature
		again := newImageRelease(t, s, imageRepository(t, reg), "1.2.3", img)
		wantStates(t, again.effects(), times(6, publish.Unchanged)...)
	})
}
