package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/ci/publish"
	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/sigstack"
)

// TestHostileVerifyImage checks images that someone else signed and attested, with the same
// workflow called from elsewhere or with others.
func TestHostileVerifyImage(t *testing.T) {
	tests := map[string]struct {
		claims sigstack.Claims
		// as changes the expectation to the attacker's, whose release then completes.
		as   func(*imageRelease)
		want string
	}{
		"another repository that calls the workflow": {evil, func(r *imageRelease) { r.who.SourceURI = "https://github.com/evil/runwasi" }, `source repository is "https://github.com/evil/runwasi", expected "https://github.com/containerd/runwasi": a run of another repository called the workflow`},
		"a self-hosted runner":                       {sigstack.Claims{"runner_environment": "self-hosted"}, func(r *imageRelease) { r.who.Runner = "self-hosted" }, `runner environment is "self-hosted", expected "github-hosted"`},
		"another branch":                             {sigstack.Claims{"ref": "refs/heads/feature"}, func(r *imageRelease) { r.who.SourceRef = "refs/heads/feature" }, `source ref is "refs/heads/feature", expected "refs/heads/main"`},
		"another issuer":                             {sigstack.Claims{"iss": sigstack.OtherIssuer}, func(r *imageRelease) { r.who.Issuer = sigstack.OtherIssuer }, "the certificate's issuer is"},
		"a run on another commit":                    {sigstack.Claims{"sha": "89abcdef0123456789abcdef0123456789abcdef"}, func(*imageRelease) {}, `it names commit "` + imageCommit + `", but the run that signed it was on commit "89abcdef`},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			reg, s := startRegistry(t, imagereg.GGCR), imageStack(t)
			s.HandOut(imageClaims(tt.claims))
			theirs := newImageRelease(t, s, straight(t, reg), "1.0.0", randomImage(t, 1024, 1))
			tt.as(&theirs)
			wantStates(t, theirs.effects(), times(6, publish.WasDone)...)
			for _, ref := range []string{theirs.image.Tag().String(), theirs.image.Digest().String()} {
				verifyImage(t, s, ref).wantCode(t, 1).wantLines(t, tt.want, "Bad: do not use this")
			}
			s.HandOut(imageClaims(nil)) // nor does a release accept it as its own
			again := newImageRelease(t, s, straight(t, reg), "1.0.0", theirs.entity)
			states, err := performAll(t, again.effects()[:4])
			check(t, err)
			if title != "a run on another commit" && !slices.Equal(states[1:], times(3, publish.WasDone)) {
				t.Errorf("the states are %q: what another run has signed was taken", states)
			}
		})
	}
}

// TestHostileVerifyImageTag moves correctly signed images to the wrong tags.
func TestHostileVerifyImageTag(t *testing.T) {
	reg, s := startRegistry(t, imagereg.GGCR), imageStack(t)
	repo := straight(t, reg)
	older := newImageRelease(t, s, repo, "1.0.0", randomImage(t, 1024, 1))
	wantStates(t, older.effects(), times(6, publish.WasDone)...)
	img, err := remote.Image(older.image.Digest())
	check(t, err)
	verifyImage(t, s, repo.Tag("1.0.0").String()).wantCode(t, 0).wantLines(t, `, version "1.0.0"`)
	t.Run("rollback", func(t *testing.T) {
		check(t, remote.Write(repo.Tag("1.0.1"), img))
		verifyImage(t, s, repo.Tag("1.0.1").String()).wantCode(t, 1).wantLines(t, `version is "1.0.0"; expected "1.0.1": it is for another version`)
		for tag, version := range map[string]string{"1.0.1_curl-8.15.0": "1.0.1+curl-8.15.0", "v1.0.1": "1.0.1"} {
			check(t, remote.Write(repo.Tag(tag), img))
			verifyImage(t, s, repo.Tag(tag).String()).wantCode(t, 1).wantLines(t, fmt.Sprintf(`version is "1.0.0"; expected %q: it is for another version`, version))
		}
		check(t, remote.Write(repo.Tag("1.1"), img))
		verifyImage(t, s, repo.Tag("1.1").String()).wantCode(t, 2).wantLines(t, "it looks like a version, but not a full one")
	})
	t.Run("rollback, without its provenance", func(t *testing.T) {
		other, err := name.NewRepository(reg.Host + "/containerd/runwasi/copy")
		check(t, err)
		check(t, remote.Write(other.Tag("1.0.1"), img))
		signature := repo.Tag("sha256-" + older.image.Digest().DigestStr()[len("sha256:"):] + ".sig")
		sig, err := remote.Image(signature)
		check(t, err)
		check(t, remote.Write(other.Tag(signature.TagStr()), sig))
		verifyImage(t, s, other.Tag("1.0.1").String()).wantCode(t, 2).wantLines(t, "nothing signed says that it is version 1.0.1")
	})
	t.Run("by its digest", func(t *testing.T) {
		verifyImage(t, s, older.image.Digest().String()).wantCode(t, 0)
	})
}
