package verify

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"
)

// ImageWorkflow is the workflow, with its branch, that signs the images of a
// repository.
const ImageWorkflow = ".github/workflows/sign.yml@refs/heads/main"

// Image verifies that an image of a registry, which the reference names, is signed
// as expected. A tag is resolved once, and its digest is what is verified and told.
// Credentials are those of the docker config.
func Image(ctx context.Context, reference string, e Expectation) *Report {
	r := &Report{}
	ref, err := name.ParseReference(reference)
	if err != nil {
		r.unknown(reference, fmt.Errorf("reading the image reference: %w", err))
		return r
	}
	opts := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	head, err := remote.Head(ref, opts...)
	if err != nil {
		r.unknown(reference, fmt.Errorf("looking for the image: %w", err))
		return r
	}
	check, err := e.imageOptions()
	if err != nil {
		r.unknown(reference, err)
		return r
	}
	check.RegistryClientOpts = []ociremote.Option{ociremote.WithRemoteOptions(opts...)}
	at := ref.Context().Digest(head.Digest.String())
	signatures, _, err := cosign.VerifyImageSignatures(ctx, at, check)
	if err != nil {
		r.bad(at.String(), fmt.Errorf("no signature of it is as expected: %w", err))
		return r
	}
	r.good(at.String(), "signed by %s, %d signatures", e.who(), len(signatures))
	return r
}

// imageOptions are cosign's, for its verification of images.
func (e Expectation) imageOptions() (*cosign.CheckOpts, error) {
	opts := &cosign.CheckOpts{TrustedMaterial: e.Root, ClaimVerifier: cosign.SimpleClaimVerifier}
	return opts, e.signer(opts)
}
