package e2e

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/e2e/sigstack"
)

// TestSigningImage has cosign sign an image, like the workflow sign.yml, and verifies it by
// its tag.
func TestSigningImage(t *testing.T) {
	s := stack(t)
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true)))
	t.Cleanup(server.Close)
	repository := strings.TrimPrefix(server.URL, "http://") + "/containerd/runwasi/demo"
	push := func(tag string) string {
		ref, err := name.ParseReference(repository + ":" + tag)
		check(t, err)
		img, err := random.Image(1024, 1)
		check(t, err)
		check(t, remote.Write(ref, img))
		digest, err := img.Digest()
		check(t, err)
		return repository + "@" + digest.String()
	}
	sign := func(at, workflow string) {
		token, err := s.Token(sigstack.Claims{"job_workflow_ref": workflow})
		check(t, err)
		judge(t, 2, t.TempDir(), s.CosignEnv(), "sign", "--yes", "--identity-token", token, at).wantCode(t, 0)
	}
	const right = "containerd/runwasi/.github/workflows/sign.yml@refs/heads/main"
	sign(push("good"), right)
	sign(push("other"), strings.Replace(right, "sign.yml", "other.yml", 1))
	push("unsigned")
	verify := func(tag string) result {
		args := []string{slipway, "verify", "--repository", "containerd/runwasi", "--trusted-root", s.TrustedRoot, "--image", repository + ":" + tag}
		return command{args: args}.run(t)
	}
	if got := verify("good").wantCode(t, 0); !strings.Contains(got.stdout, "signed by https://github.com/"+right) {
		t.Errorf("slipway verify says\n%s", got.stdout)
	}
	for tag, want := range map[string]string{"other": "none of its signatures is as expected", "unsigned": "no signatures found"} {
		if got := verify(tag).wantCode(t, 1); !strings.Contains(got.stdout, want) {
			t.Errorf("of the image %q slipway verify does not say %q:\n%s", tag, want, got.stdout)
		}
	}
	if got := verify("missing").wantCode(t, 2); !strings.Contains(got.stdout, "looking for the image") {
		t.Errorf("of an image that is not there slipway verify says\n%s", got.stdout)
	}
}
