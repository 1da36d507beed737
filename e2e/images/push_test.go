package images

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
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/oci"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// TestImagesRelease releases an image that already has someone else's signature, and then
// repeats that.
func TestImagesRelease(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := oci.OpenStack(t)
		img := oci.RandomImage(t, 1<<20, 3)
		r := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", img)
		oci.WantStates(t, r.Effects()[:1], publish.WasDone)
		const other = "containerd/runwasi/.github/workflows/other.yml@refs/heads/main"
		token, err := s.Token(sigstack.Claims{"job_workflow_ref": other})
		kit.Check(t, err)
		sigstore.Cosign(t, 2, t.TempDir(), s.CosignEnv(), "sign", "--yes", "--identity-token", token, r.Image.Digest().String()).WantCode(t, 0)
		oci.WantStates(t, r.Effects(), append([]string{publish.Unchanged}, oci.States(5, publish.WasDone)...)...)
		for _, tag := range []string{"1.2.3", "latest"} {
			wantJudged(t, s, oci.DirectRepository(t, reg).Tag(tag).String())
		}
		wantWhole(t, oci.DirectRepository(t, reg).Tag("1.2.3"), img)
		theirs := []string{"verify", "--certificate-identity", "https://github.com/" + other, oci.IdentityFlags[2], oci.IdentityFlags[3]}
		sigstore.Cosign(t, 2, t.TempDir(), s.CosignEnv(), append(theirs, r.Image.Digest().String())...).WantCode(t, 0)

		reg.Proxy.Reset()
		s.Rekor.Reset()
		again := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", img)
		oci.WantStates(t, again.Effects(), oci.States(6, publish.Unchanged)...)
		if n, e := writes(reg.Proxy), s.Rekor.Count(""); n != 0 || e != 0 {
			t.Errorf("the second run sent %d requests that change something and %d to the log: %v", n, e, reg.Proxy.Requests())
		}
	})
}

// wantWhole checks that an image can be read back completely.
func wantWhole(t testing.TB, ref name.Reference, want v1.Image) {
	t.Helper()
	got, err := remote.Image(ref)
	kit.Check(t, err)
	kit.Check(t, validate.Image(got))
	a, err := got.Digest()
	kit.Check(t, err)
	b, err := want.Digest()
	kit.Check(t, err)
	if a != b {
		t.Errorf("%s is %s, expected %s", ref, a, b)
	}
}

// TestImagesOrder checks that an image has no tag until it is signed.
func TestImagesOrder(t *testing.T) {
	reg, s := oci.StartRegistry(t, imagereg.Distribution), oci.OpenStack(t)
	r := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", oci.RandomImage(t, 1024, 1))
	oci.WantStates(t, r.Effects()[:1], publish.WasDone)
	tags, err := remote.List(oci.DirectRepository(t, reg))
	if err == nil && len(tags) > 0 {
		t.Errorf("after the push there are the tags %q", tags)
	}
}

// TestImagesIndex pushes an index of indexes with shared layers.
func TestImagesIndex(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := oci.OpenStack(t)
		index, err := random.Index(4096, 2, 3)
		kit.Check(t, err)
		r := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", index)
		oci.WantStates(t, r.Effects(), oci.States(6, publish.WasDone)...)
		got, err := remote.Index(oci.DirectRepository(t, reg).Tag("1.2.3"))
		kit.Check(t, err)
		kit.Check(t, validate.Index(got))
		oci.Cosign(t, s, 2, oci.DirectRepository(t, reg).Tag("latest").String(), "verify").WantCode(t, 0)
	})
}

// TestImagesConflict checks that the image of a version is never replaced by another one.
func TestImagesConflict(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := oci.OpenStack(t)
		first := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", oci.RandomImage(t, 1024, 1))
		oci.WantStates(t, first.Effects(), oci.States(6, publish.WasDone)...)
		second := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", oci.RandomImage(t, 1024, 1))
		states, err := oci.Perform(t, second.Effects())
		var conflict *publish.Conflict
		if !errors.As(err, &conflict) || len(states) != 5 || !strings.Contains(err.Error(), second.Image.Digest().DigestStr()) {
			t.Errorf("states %q, error %v; expected a conflict at the tag", states, err)
		}
		if !errors.As(second.Image.Check(t.Context()), &conflict) {
			t.Error("nothing is said before the release begins")
		}
		for _, tag := range []string{"1.2.3", "latest"} {
			if got := oci.TagDigest(t, oci.DirectRepository(t, reg), tag); got != first.Image.Digest().DigestStr() {
				t.Errorf("%q is at %s, expected %s", tag, got, first.Image.Digest())
			}
		}
	})
}

// TestImagesLatest releases versions out of order and checks the tag latest.
func TestImagesLatest(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := oci.OpenStack(t)
		digests := map[string]string{}
		for _, step := range []struct{ version, latest string }{
			{"1.0.0-rc.1", ""}, {"1.0.0", "1.0.0"}, {"1.10.0", "1.10.0"}, {"1.9.0", "1.10.0"}, {"2.0.0-rc.1", "1.10.0"}, {"1.10.1", "1.10.1"},
		} {
			r := oci.NewRelease(t, s, imageRepository(t, reg), step.version, oci.RandomImage(t, 1024, 1))
			digests[step.version] = r.Image.Digest().DigestStr()
			e := r.Effects()
			_, err := oci.Perform(t, []publish.Effect{e[0], e[4], e[5]})
			kit.Check(t, err)
			if got := oci.TagDigest(t, oci.DirectRepository(t, reg), "latest"); got != digests[step.latest] {
				t.Errorf("after %s latest is at %q, expected that of %q", step.version, got, step.latest)
			}
		}
	})
}

// TestImagesLatestRace has a higher version appear between the check and the move of the
// tag latest.
func TestImagesLatestRace(t *testing.T) {
	reg, s := oci.StartRegistry(t, imagereg.Distribution), oci.OpenStack(t)
	lower := oci.NewRelease(t, s, imageRepository(t, reg), "1.0.0", oci.RandomImage(t, 1024, 1))
	higher := oci.NewRelease(t, s, imageRepository(t, reg), "1.1.0", oci.RandomImage(t, 1024, 1))
	pick := func(r oci.Release) []publish.Effect { e := r.Effects(); return []publish.Effect{e[0], e[4], e[5]} }
	late := pick(lower)
	act, meanwhile := late[2].Act, false
	late[2].Act = func(ctx context.Context) error {
		if !meanwhile {
			meanwhile = true
			oci.WantStates(t, pick(higher), oci.States(3, publish.WasDone)...)
		}
		return act(ctx)
	}
	oci.WantStates(t, late, oci.States(3, publish.WasDone)...)
	if got := oci.TagDigest(t, oci.DirectRepository(t, reg), "latest"); got != higher.Image.Digest().DigestStr() {
		t.Errorf("latest is at %s, expected 1.1.0's", got)
	}
}

// TestImagesTwoRuns releases the same image twice concurrently.
func TestImagesTwoRuns(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := oci.OpenStack(t)
		img := oci.RandomImage(t, 1<<20, 2)
		var both sync.WaitGroup
		for range 2 {
			r := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", img)
			both.Go(func() {
				if _, err := oci.Perform(t, r.Effects()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		wantJudged(t, s, oci.DirectRepository(t, reg).Tag("1.2.3").String()) // with a single signature
		again := oci.NewRelease(t, s, imageRepository(t, reg), "1.2.3", img)
		oci.WantStates(t, again.Effects(), oci.States(6, publish.Unchanged)...)
	})
}
