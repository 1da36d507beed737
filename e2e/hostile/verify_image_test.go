package hostile

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/ci/publish"
	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/oci"
	"dagger/slipway/e2e/sigstack"
)

// TestHostileVerifyImage checks images that someone else signed and attested, with the same
// workflow called from elsewhere or with others.
func TestHostileVerifyImage(t *testing.T) {
	tests := map[string]struct {
		claims sigstack.Claims
		// as changes the expectation to the attacker's, whose release then completes.
		as   func(*oci.Release)
		want string
	}{
		"another repository that calls the workflow": {evil, func(r *oci.Release) { r.Who.SourceURI = "https://github.com/evil/runwasi" }, `source repository is "https://github.com/evil/runwasi", expected "https://github.com/containerd/runwasi": a run of another repository called the workflow`},
		"a self-hosted runner":                       {sigstack.Claims{"runner_environment": "self-hosted"}, func(r *oci.Release) { r.Who.Runner = "self-hosted" }, `runner environment is "self-hosted", expected "github-hosted"`},
		"another branch":                             {sigstack.Claims{"ref": "refs/heads/feature"}, func(r *oci.Release) { r.Who.SourceRef = "refs/heads/feature" }, `source ref is "refs/heads/feature", expected "refs/heads/main"`},
		"another issuer":                             {sigstack.Claims{"iss": sigstack.OtherIssuer}, func(r *oci.Release) { r.Who.Issuer = sigstack.OtherIssuer }, "the certificate's issuer is"},
		"a run on another commit":                    {sigstack.Claims{"sha": "89abcdef0123456789abcdef0123456789abcdef"}, func(*oci.Release) {}, `it names commit "` + oci.Commit + `", but the run that signed it was on commit "89abcdef`},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			reg, s := oci.StartRegistry(t, imagereg.GGCR), oci.OpenStack(t)
			s.HandOut(oci.Claims(tt.claims))
			theirs := oci.NewRelease(t, s, oci.DirectRepository(t, reg), "1.0.0", oci.RandomImage(t, 1024, 1))
			tt.as(&theirs)
			oci.WantStates(t, theirs.Effects(), oci.States(6, publish.WasDone)...)
			for _, ref := range []string{theirs.Image.Tag().String(), theirs.Image.Digest().String()} {
				oci.Verify(t, s, ref).WantCode(t, 1).WantStdout(t, tt.want, "Bad: do not use this")
			}
			s.HandOut(oci.Claims(nil)) // nor does a release accept it as its own
			again := oci.NewRelease(t, s, oci.DirectRepository(t, reg), "1.0.0", theirs.Entity)
			states, err := oci.Perform(t, again.Effects()[:4])
			kit.Check(t, err)
			if title != "a run on another commit" && !slices.Equal(states[1:], oci.States(3, publish.WasDone)) {
				t.Errorf("the states are %q: what another run has signed was taken", states)
			}
		})
	}
}

// TestHostileVerifyImageTag moves correctly signed images to the wrong tags.
func TestHostileVerifyImageTag(t *testing.T) {
	reg, s := oci.StartRegistry(t, imagereg.GGCR), oci.OpenStack(t)
	repo := oci.DirectRepository(t, reg)
	older := oci.NewRelease(t, s, repo, "1.0.0", oci.RandomImage(t, 1024, 1))
	oci.WantStates(t, older.Effects(), oci.States(6, publish.WasDone)...)
	img, err := remote.Image(older.Image.Digest())
	kit.Check(t, err)
	oci.Verify(t, s, repo.Tag("1.0.0").String()).WantCode(t, 0).WantStdout(t, `, version "1.0.0"`)
	t.Run("rollback", func(t *testing.T) {
		kit.Check(t, remote.Write(repo.Tag("1.0.1"), img))
		oci.Verify(t, s, repo.Tag("1.0.1").String()).WantCode(t, 1).WantStdout(t, `version is "1.0.0"; expected "1.0.1": it is for another version`)
		for tag, version := range map[string]string{"1.0.1_curl-8.15.0": "1.0.1+curl-8.15.0", "v1.0.1": "1.0.1"} {
			kit.Check(t, remote.Write(repo.Tag(tag), img))
			oci.Verify(t, s, repo.Tag(tag).String()).WantCode(t, 1).WantStdout(t, fmt.Sprintf(`version is "1.0.0"; expected %q: it is for another version`, version))
		}
		kit.Check(t, remote.Write(repo.Tag("1.1"), img))
		oci.Verify(t, s, repo.Tag("1.1").String()).WantCode(t, 2).WantStdout(t, "it looks like a version, but not a full one")
	})
	t.Run("rollback, without its provenance", func(t *testing.T) {
		other, err := name.NewRepository(reg.Host + "/containerd/runwasi/copy")
		kit.Check(t, err)
		kit.Check(t, remote.Write(other.Tag("1.0.1"), img))
		signature := repo.Tag("sha256-" + older.Image.Digest().DigestStr()[len("sha256:"):] + ".sig")
		sig, err := remote.Image(signature)
		kit.Check(t, err)
		kit.Check(t, remote.Write(other.Tag(signature.TagStr()), sig))
		oci.Verify(t, s, other.Tag("1.0.1").String()).WantCode(t, 2).WantStdout(t, "nothing signed says that it is version 1.0.1")
	})
	t.Run("by its digest", func(t *testing.T) {
		oci.Verify(t, s, older.Image.Digest().String()).WantCode(t, 0)
	})
}
