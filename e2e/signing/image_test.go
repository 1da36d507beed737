package signing

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// TestSigningImage has cosign sign an image, like the workflow sign.yml, and verifies it by
// its tag.
func TestSigningImage(t *testing.T) {
	s := sigstore.Open(t)
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true)))
	t.Cleanup(server.Close)
	repository := strings.TrimPrefix(server.URL, "http://") + "/containerd/runwasi/demo"
	push := func(tag string) string {
		ref, err := name.ParseReference(repository + ":" + tag)
		kit.Check(t, err)
		img, err := random.Image(1024, 1)
		kit.Check(t, err)
		kit.Check(t, remote.Write(ref, img))
		digest, err := img.Digest()
		kit.Check(t, err)
		return repository + "@" + digest.String()
	}
	sign := func(at, workflow string) {
		token, err := s.Token(sigstack.Claims{"job_workflow_ref": workflow})
		kit.Check(t, err)
		sigstore.Cosign(t, 2, t.TempDir(), s.CosignEnv(), "sign", "--yes", "--identity-token", token, at).WantCode(t, 0)
	}
	const right = "containerd/runwasi/.github/workflows/sign.yml@refs/heads/main"
	sign(push("good"), right)
	sign(push("other"), strings.Replace(right, "sign.yml", "other.yml", 1))
	push("unsigned")
	verify := func(tag string) kit.Result {
		args := []string{kit.Slipway, "verify", "--repository", "containerd/runwasi", "--trusted-root", s.TrustedRoot, "--image", repository + ":" + tag}
		return kit.Command{Args: args}.Run(t)
	}
	if got := verify("good").WantCode(t, 0); !strings.Contains(got.Stdout, "signed by https://github.com/"+right) {
		t.Errorf("slipway verify says\n%s", got.Stdout)
	}
	for tag, want := range map[string]string{"other": "none of its signatures is as expected", "unsigned": "no signatures found"} {
		if got := verify(tag).WantCode(t, 1); !strings.Contains(got.Stdout, want) {
			t.Errorf("of the image %q slipway verify does not say %q:\n%s", tag, want, got.Stdout)
		}
	}
	if got := verify("missing").WantCode(t, 2); !strings.Contains(got.Stdout, "looking for the image") {
		t.Errorf("of an image that is not there slipway verify says\n%s", got.Stdout)
	}
}
