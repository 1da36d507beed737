package images

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/publish"
	ocirepo "dagger/slipway/ci/repository"
	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/oci"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// TestImagesVerifyHostile attaches unexpected signatures and attestations, and checks that
// `slipway verify --image` and cosign refuse them, and that a release does not accept them
// as its own.
func TestImagesVerifyHostile(t *testing.T) {
	other := sigstack.Claims{"job_workflow_ref": "evil/runwasi/.github/workflows/sign.yml@refs/heads/main"}
	copied := func(ending string) func(*testing.T, oci.Release, oci.Release) {
		return func(t *testing.T, of, to oci.Release) {
			tag := func(r oci.Release) name.Tag {
				d := r.Image.Digest()
				return d.Context().Tag(strings.Replace(d.DigestStr(), ":", "-", 1) + ending)
			}
			got, err := remote.Image(tag(of))
			kit.Check(t, err)
			kit.Check(t, remote.Write(tag(to), got))
		}
	}
	stated := func(from string) func(context.Context, oci.Release) ([]byte, error) {
		return func(_ context.Context, r oci.Release) ([]byte, error) {
			s, err := r.Statement(from)
			if err != nil {
				return nil, err
			}
			return s.JSON()
		}
	}
	tests := []struct {
		name   string
		change func(*testing.T, *sigstack.Stack, oci.Release, oci.Release)
		want   string
	}{
		{"the signature of another image", func(t *testing.T, _ *sigstack.Stack, good, bad oci.Release) { copied(".sig")(t, good, bad) }, "none of its signatures is as expected: invalid or missing digest in claim"},
		{"the attestations of another image", func(t *testing.T, _ *sigstack.Stack, good, bad oci.Release) {
			oci.WantStates(t, bad.Effects()[1:2], publish.WasDone)
			copied(".att")(t, good, bad)
		}, "no SBOM (SPDX) is as expected: no matching subject digest found"},
		{"everything by another repository", func(t *testing.T, s *sigstack.Stack, _, bad oci.Release) {
			s.HandOut(other)
			theirs := bad
			theirs.Who.Identity = "https://github.com/" + other["job_workflow_ref"].(string)
			oci.WantStates(t, theirs.Effects()[1:4], oci.States(3, publish.WasDone)...)
		}, "no provenance (SLSA) is as expected"},
		{"provenance of another source", func(t *testing.T, _ *sigstack.Stack, _, bad oci.Release) {
			oci.WantStates(t, bad.Effects()[1:2], publish.WasDone)
			e := bad.Image.AttestEffect("attest", provenance.PredicateType, func(ctx context.Context) ([]byte, error) {
				return stated("https://github.com/evil/runwasi")(ctx, bad)
			}, bad.Signer, bad.Who)
			oci.WantStates(t, []publish.Effect{e}, publish.WasDone)
		}, `externalParameters.repository is "https://github.com/evil/runwasi"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reg, s := oci.StartRegistry(t, imagereg.GGCR), oci.OpenStack(t)
			repo := oci.DirectRepository(t, reg)
			good := oci.NewRelease(t, s, repo, "1.0.0", oci.RandomImage(t, 1024, 1))
			oci.WantStates(t, good.Effects(), oci.States(6, publish.WasDone)...)
			bad := oci.NewRelease(t, s, repo, "1.0.1", oci.RandomImage(t, 1024, 1))
			oci.WantStates(t, bad.Effects()[:1], publish.WasDone)
			tt.change(t, s, good, bad)
			got := oci.Verify(t, s, bad.Image.Digest().String()).WantCode(t, 1)
			if !strings.Contains(got.Stdout, tt.want) {
				t.Errorf("slipway verify does not say %q:\n%s", tt.want, got.Stdout)
			}
			if tt.name == "provenance of another source" {
				return // its signature is valid
			}
			s.HandOut(oci.Claims(nil))
			again := oci.NewRelease(t, s, repo, "1.0.1", bad.Entity)
			states, err := oci.Perform(t, again.Effects())
			kit.Check(t, err)
			if states[2] != publish.WasDone {
				t.Errorf("the states are %q: what is not as expected was taken for it", states)
			}
			wantJudged(t, s, again.Image.Digest().String())
		})
	}
	t.Run("a statement about another image is never signed", func(t *testing.T) {
		reg, s := oci.StartRegistry(t, imagereg.GGCR), oci.OpenStack(t)
		one := oci.NewRelease(t, s, oci.DirectRepository(t, reg), "1.0.0", oci.RandomImage(t, 1024, 1))
		two := oci.NewRelease(t, s, oci.DirectRepository(t, reg), "1.0.1", oci.RandomImage(t, 1024, 1))
		e := one.Image.AttestEffect("attest", oci.SPDXType, two.SBOM, one.Signer, one.Who)
		if _, err := oci.Perform(t, []publish.Effect{one.Effects()[0], e}); err == nil || !strings.Contains(err.Error(), "is not about the image") || s.Rekor.Count("") != 0 {
			t.Errorf("the error is %v, after %d requests to the log", err, s.Rekor.Count(""))
		}
	})
}

// TestImagesVerifyPlain checks that an image with just a signature is good by its digest,
// with a note that nothing else is attached, and that its version cannot be verified.
func TestImagesVerifyPlain(t *testing.T) {
	reg, s := oci.StartRegistry(t, imagereg.Distribution), oci.OpenStack(t)
	r := oci.NewRelease(t, s, oci.DirectRepository(t, reg), "1.0.0", oci.RandomImage(t, 1024, 1))
	e := r.Effects()
	oci.WantStates(t, []publish.Effect{e[0], e[1], e[4]}, oci.States(3, publish.WasDone)...)
	oci.Verify(t, s, r.Image.Digest().String()).WantCode(t, 0).WantStdout(t, "no SBOM (SPDX) is attached", "no provenance (SLSA) is attached")
	oci.Verify(t, s, r.Image.Tag().String()).WantCode(t, 2).WantStdout(t, "nothing signed says that it is version 1.0.0")
}

// TestImagesKey signs with a key generated by cosign.
func TestImagesKey(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := oci.OpenStack(t)
		keys := t.TempDir()
		sigstore.Cosign(t, 2, keys, []string{"COSIGN_PASSWORD=secret"}, "generate-key-pair").WantCode(t, 0)
		private, err := os.ReadFile(filepath.Join(keys, "cosign.key"))
		kit.Check(t, err)
		public, err := os.ReadFile(filepath.Join(keys, "cosign.pub"))
		kit.Check(t, err)
		r := oci.NewRelease(t, s, oci.DirectRepository(t, reg), "1.0.0", oci.RandomImage(t, 1024, 1))
		r.Signer, err = sign.New(sign.Options{Key: private, KeyPassword: secret.New("secret"), Rekor: s.RekorURL, Root: r.Who.Root})
		kit.Check(t, err)
		r.Who, err = verify.Expect("", "", "", public)
		kit.Check(t, err)
		r.Who.Root = sigstore.TrustedRoot(t, s)
		e := r.Effects()[:3]
		oci.WantStates(t, e, oci.States(3, publish.WasDone)...)
		oci.WantStates(t, e, oci.States(3, publish.Unchanged)...)
		key := []string{"--key", filepath.Join(keys, "cosign.pub"), r.Image.Digest().String()}
		for _, args := range [][]string{{"verify"}, {"verify-attestation", "--type", "spdxjson"}} {
			sigstore.Cosign(t, 2, keys, s.CosignEnv(), append(args, key...)...).WantCode(t, 0)
			sigstore.Cosign(t, 3, keys, nil, slices.Concat(args, []string{"--trusted-root", s.TrustedRoot}, key)...).WantCode(t, 0)
		}
	})
}

// TestImagesTimestamps signs with a timestamp authority.
func TestImagesTimestamps(t *testing.T) {
	reg, s := oci.StartRegistry(t, imagereg.Distribution), oci.OpenStack(t)
	r := oci.NewRelease(t, s, oci.DirectRepository(t, reg), "1.0.0", oci.RandomImage(t, 1024, 1))
	var err error
	r.Signer, err = sign.New(sign.Options{
		Token:  sign.GitHubToken(secret.New(s.TokenRequestURL()), secret.New(s.TokenRequestToken())),
		Fulcio: s.FulcioURL, Rekor: s.RekorURL, Root: r.Who.Root, Timestamp: s.TSAURL + "/api/v1/timestamp",
	})
	kit.Check(t, err)
	oci.WantStates(t, r.Effects(), oci.States(6, publish.WasDone)...)
	wantJudged(t, s, r.Image.Tag().String())
	for _, args := range [][]string{{"verify"}, {"verify-attestation", "--type", "slsaprovenance1"}} {
		args = append(args, "--use-signed-timestamps")
		oci.Cosign(t, s, 2, r.Image.Tag().String(), append(slices.Clone(args), "--timestamp-certificate-chain", s.TSAChain)...).WantCode(t, 0)
		oci.Cosign(t, s, 3, r.Image.Tag().String(), args...).WantCode(t, 0)
	}
}

// TestImagesCredentials pushes to a registry that requires authentication.
func TestImagesCredentials(t *testing.T) {
	reg := oci.StartRegistry(t, imagereg.Distribution)
	guarded := guard(t, reg, "bot", "hunter2")
	push := func(keychain authn.Keychain) error {
		repo, err := name.NewRepository(guarded + "/" + oci.Source)
		kit.Check(t, err)
		img := oci.RandomImage(t, 1<<16, 1)
		return ocirepo.New(repo, keychain).Push(t.Context(), repo.Tag("x"), img)
	}
	registry, err := name.NewRegistry(guarded)
	kit.Check(t, err)
	kit.Check(t, push(ocirepo.Credentials(registry, "bot", secret.New("hunter2"))))
	for _, keychain := range []authn.Keychain{ocirepo.Credentials(registry, "bot", secret.New("hunter3")), authn.NewMultiKeychain()} {
		err := push(keychain)
		if err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("the error is %v", err)
			continue
		}
		if _, passes := ocirepo.Transient(err); passes {
			t.Errorf("it is taken for what may pass: %v", err)
		}
	}
	elsewhere, err := name.NewRegistry("registry.invalid")
	kit.Check(t, err)
	if got, err := ocirepo.Credentials(registry, "bot", secret.New("hunter2")).Resolve(elsewhere); err != nil || got != authn.Anonymous {
		t.Errorf("another registry gets %v, %v", got, err)
	}
}

// guard starts a proxy that requires a name and a password in front of a registry.
func guard(t testing.TB, reg *imagereg.Registry, user, password string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
			return
		}
		reg.Proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}
