package e2e

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
	"dagger/slipway/e2e/sigstack"
)

// TestImagesVerifyHostile attaches unexpected signatures and attestations, and checks that
// `slipway verify --image` and cosign refuse them, and that a release does not accept them
// as its own.
func TestImagesVerifyHostile(t *testing.T) {
	other := sigstack.Claims{"job_workflow_ref": "evil/runwasi/.github/workflows/sign.yml@refs/heads/main"}
	copied := func(ending string) func(*testing.T, imageRelease, imageRelease) {
		return func(t *testing.T, of, to imageRelease) {
			tag := func(r imageRelease) name.Tag {
				d := r.image.Digest()
				return d.Context().Tag(strings.Replace(d.DigestStr(), ":", "-", 1) + ending)
			}
			got, err := remote.Image(tag(of))
			check(t, err)
			check(t, remote.Write(tag(to), got))
		}
	}
	stated := func(from string) func(context.Context, imageRelease) ([]byte, error) {
		return func(_ context.Context, r imageRelease) ([]byte, error) {
			s, err := r.statement(from)
			if err != nil {
				return nil, err
			}
			return s.JSON()
		}
	}
	tests := []struct {
		name   string
		change func(*testing.T, *sigstack.Stack, imageRelease, imageRelease)
		want   string
	}{
		{"the signature of another image", func(t *testing.T, _ *sigstack.Stack, good, bad imageRelease) { copied(".sig")(t, good, bad) }, "none of its signatures is as expected: invalid or missing digest in claim"},
		{"the attestations of another image", func(t *testing.T, _ *sigstack.Stack, good, bad imageRelease) {
			wantStates(t, bad.effects()[1:2], publish.WasDone)
			copied(".att")(t, good, bad)
		}, "no SBOM (SPDX) is as expected: no matching subject digest found"},
		{"everything by another repository", func(t *testing.T, s *sigstack.Stack, _, bad imageRelease) {
			s.HandOut(other)
			theirs := bad
			theirs.who.Identity = "https://github.com/" + other["job_workflow_ref"].(string)
			wantStates(t, theirs.effects()[1:4], times(3, publish.WasDone)...)
		}, "no provenance (SLSA) is as expected"},
		{"provenance of another source", func(t *testing.T, _ *sigstack.Stack, _, bad imageRelease) {
			wantStates(t, bad.effects()[1:2], publish.WasDone)
			e := bad.image.AttestEffect("attest", provenance.PredicateType, func(ctx context.Context) ([]byte, error) {
				return stated("https://github.com/evil/runwasi")(ctx, bad)
			}, bad.signer, bad.who)
			wantStates(t, []publish.Effect{e}, publish.WasDone)
		}, `externalParameters.repository is "https://github.com/evil/runwasi"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reg, s := startRegistry(t, imagereg.GGCR), imageStack(t)
			repo := straight(t, reg)
			good := newImageRelease(t, s, repo, "1.0.0", randomImage(t, 1024, 1))
			wantStates(t, good.effects(), times(6, publish.WasDone)...)
			bad := newImageRelease(t, s, repo, "1.0.1", randomImage(t, 1024, 1))
			wantStates(t, bad.effects()[:1], publish.WasDone)
			tt.change(t, s, good, bad)
			got := verifyImage(t, s, bad.image.Digest().String()).wantCode(t, 1)
			if !strings.Contains(got.stdout, tt.want) {
				t.Errorf("slipway verify does not say %q:\n%s", tt.want, got.stdout)
			}
			if tt.name == "provenance of another source" {
				return // its signature is valid
			}
			s.HandOut(imageClaims(nil))
			again := newImageRelease(t, s, repo, "1.0.1", bad.entity)
			states, err := performAll(t, again.effects())
			check(t, err)
			if states[2] != publish.WasDone {
				t.Errorf("the states are %q: what is not as expected was taken for it", states)
			}
			wantJudged(t, s, again.image.Digest().String())
		})
	}
	t.Run("a statement about another image is never signed", func(t *testing.T) {
		reg, s := startRegistry(t, imagereg.GGCR), imageStack(t)
		one := newImageRelease(t, s, straight(t, reg), "1.0.0", randomImage(t, 1024, 1))
		two := newImageRelease(t, s, straight(t, reg), "1.0.1", randomImage(t, 1024, 1))
		e := one.image.AttestEffect("attest", spdxType, two.sbom, one.signer, one.who)
		if _, err := performAll(t, []publish.Effect{one.effects()[0], e}); err == nil || !strings.Contains(err.Error(), "is not about the image") || s.Rekor.Count("") != 0 {
			t.Errorf("the error is %v, after %d requests to the log", err, s.Rekor.Count(""))
		}
	})
}

// TestImagesVerifyPlain checks that an image with just a signature is good by its digest,
// with a note that nothing else is attached, and that its version cannot be verified.
func TestImagesVerifyPlain(t *testing.T) {
	reg, s := startRegistry(t, imagereg.Distribution), imageStack(t)
	r := newImageRelease(t, s, straight(t, reg), "1.0.0", randomImage(t, 1024, 1))
	e := r.effects()
	wantStates(t, []publish.Effect{e[0], e[1], e[4]}, times(3, publish.WasDone)...)
	verifyImage(t, s, r.image.Digest().String()).wantCode(t, 0).wantLines(t, "no SBOM (SPDX) is attached", "no provenance (SLSA) is attached")
	verifyImage(t, s, r.image.Tag().String()).wantCode(t, 2).wantLines(t, "nothing signed says that it is version 1.0.0")
}

// TestImagesKey signs with a key generated by cosign.
func TestImagesKey(t *testing.T) {
	onRegistries(t, func(t *testing.T, reg *imagereg.Registry) {
		s := imageStack(t)
		keys := t.TempDir()
		judge(t, 2, keys, []string{"COSIGN_PASSWORD=secret"}, "generate-key-pair").wantCode(t, 0)
		private, err := os.ReadFile(filepath.Join(keys, "cosign.key"))
		check(t, err)
		public, err := os.ReadFile(filepath.Join(keys, "cosign.pub"))
		check(t, err)
		r := newImageRelease(t, s, straight(t, reg), "1.0.0", randomImage(t, 1024, 1))
		r.signer, err = sign.New(sign.Options{Key: private, KeyPassword: secret.New("secret"), Rekor: s.RekorURL, Root: r.who.Root})
		check(t, err)
		r.who, err = verify.Expect("", "", "", public)
		check(t, err)
		r.who.Root = trusted(t, s)
		e := r.effects()[:3]
		wantStates(t, e, times(3, publish.WasDone)...)
		wantStates(t, e, times(3, publish.Unchanged)...)
		key := []string{"--key", filepath.Join(keys, "cosign.pub"), r.image.Digest().String()}
		for _, args := range [][]string{{"verify"}, {"verify-attestation", "--type", "spdxjson"}} {
			judge(t, 2, keys, s.CosignEnv(), append(args, key...)...).wantCode(t, 0)
			judge(t, 3, keys, nil, slices.Concat(args, []string{"--trusted-root", s.TrustedRoot}, key)...).wantCode(t, 0)
		}
	})
}

// TestImagesTimestamps signs with a timestamp authority.
func TestImagesTimestamps(t *testing.T) {
	reg, s := startRegistry(t, imagereg.Distribution), imageStack(t)
	r := newImageRelease(t, s, straight(t, reg), "1.0.0", randomImage(t, 1024, 1))
	var err error
	r.signer, err = sign.New(sign.Options{
		Token:  sign.GitHubToken(secret.New(s.TokenRequestURL()), secret.New(s.TokenRequestToken())),
		Fulcio: s.FulcioURL, Rekor: s.RekorURL, Root: r.who.Root, Timestamp: s.TSAURL + "/api/v1/timestamp",
	})
	check(t, err)
	wantStates(t, r.effects(), times(6, publish.WasDone)...)
	wantJudged(t, s, r.image.Tag().String())
	for _, args := range [][]string{{"verify"}, {"verify-attestation", "--type", "slsaprovenance1"}} {
		args = append(args, "--use-signed-timestamps")
		judgeImage(t, s, 2, r.image.Tag().String(), append(slices.Clone(args), "--timestamp-certificate-chain", s.TSAChain)...).wantCode(t, 0)
		judgeImage(t, s, 3, r.image.Tag().String(), args...).wantCode(t, 0)
	}
}

// TestImagesCredentials pushes to a registry that requires authentication.
func TestImagesCredentials(t *testing.T) {
	reg := startRegistry(t, imagereg.Distribution)
	guarded := guard(t, reg, "bot", "hunter2")
	push := func(keychain authn.Keychain) error {
		repo, err := name.NewRepository(guarded + "/" + imageSource)
		check(t, err)
		img := randomImage(t, 1<<16, 1)
		return ocirepo.New(repo, keychain).Push(t.Context(), repo.Tag("x"), img)
	}
	registry, err := name.NewRegistry(guarded)
	check(t, err)
	check(t, push(ocirepo.Credentials(registry, "bot", secret.New("hunter2"))))
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
	check(t, err)
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
