package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	ociremote "github.com/sigstore/cosign/v2/pkg/oci/remote"

	"dagger/slipway/ci/address"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/repository"
	"dagger/slipway/ci/version"
)

// ImageWorkflow is the workflow, with its ref, that signs the images of a repository.
const ImageWorkflow = ".github/workflows/sign.yml@refs/heads/main"

// spdx is the predicate type of an SPDX document.
var spdx = plan.Artifact{Kind: plan.Attestation, Format: plan.SPDX}.PredicateType()

// Image verifies that the image named by a reference is signed as expected, and so are its
// SBOM and its provenance, if it has them. A tag is resolved once; its digest is what is
// verified and reported. A tag that is a version is a claim that only provenance can
// confirm, for that image and version. Without options it uses the credentials of the
// docker config.
func Image(ctx context.Context, reference string, e Expectation, opts ...remote.Option) *Report {
	r := &Report{}
	if err := address.CheckReference("the image (--image)", reference); err != nil {
		r.unknown("the image", err)
		return r
	}
	ref, err := name.ParseReference(reference)
	if err != nil {
		r.unknown(reference, fmt.Errorf("reading the image reference: %w", err))
		return r
	}
	if len(opts) == 0 {
		opts = []remote.Option{remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithTransport(repository.Guard(ref.Context().Registry, remote.DefaultTransport, repository.MaxAttached))}
	}
	opts = append(opts, remote.WithContext(ctx))
	head, err := remote.Head(ref, opts...)
	if err != nil {
		r.unknown(reference, fmt.Errorf("looking for the image: %w", err))
		return r
	}
	at := ref.Context().Digest(head.Digest.String())
	if e.Version == "" {
		if e.Version, err = claimedBy(reference); err != nil {
			r.unknown(reference, err)
			return r
		}
	}
	r.signatures(ctx, at, head.Digest, e, ociremote.WithRemoteOptions(opts...))
	r.attestations(ctx, at, head.Digest, e, ociremote.WithRemoteOptions(opts...))
	return r
}

// claimedBy returns the version claimed by a reference's tag. The tag may be followed by a
// digest.
func claimedBy(reference string) (string, error) {
	named, _, _ := strings.Cut(reference, "@")
	tag, err := name.NewTag(named)
	if err != nil {
		return "", fmt.Errorf("reading the image reference: %w", err)
	}
	return claimed(tag.TagStr())
}

// tagForm splits a tag at its first digit.
var tagForm = regexp.MustCompile(`^([^0-9]*)(.*)$`)

// partForm matches what a person would read as a version or as part of one.
var partForm = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*([-_+.].*)?$`)

// claimed returns the version that a tag claims, "" for tags like "latest" that claim none.
// It returns an error for a tag that looks like a version but has none of the forms slipway
// uses for images, because nothing signed could confirm it.
func claimed(tag string) (string, error) {
	parts := tagForm.FindStringSubmatch(tag)
	before, rest := parts[1], parts[2]
	if v, err := version.ParseImageTag(rest); err == nil {
		return v.String(), nil
	}
	bare := strings.Trim(before, "vV_.-") == "" // the number in "pr-12" is not a version
	if partForm.MatchString(rest) && (bare || strings.Contains(rest, ".")) {
		return "", fmt.Errorf("checking the tag %s: it looks like a version, but not a full one like 1.2.3: it may have been moved to an older image: give the full version, or the image's digest", quote.Line(tag))
	}
	return "", nil
}

// signatures verifies that an image is signed as expected. Additional signatures by others
// do no harm.
func (r *Report) signatures(ctx context.Context, at name.Digest, digest v1.Hash, e Expectation, opts ociremote.Option) {
	found, err := ociremote.SignedUnknown(at, opts).Signatures()
	if err != nil {
		r.unknown(at.String(), fmt.Errorf("looking for signatures: %w", err))
		return
	}
	good, others, err := e.Signatures(ctx, found, digest)
	switch {
	case err != nil:
		r.unknown(at.String(), err)
	case good > 0:
		r.good(at.String(), "signed by %s, %d signatures", e.who(), good)
	case len(others) == 0:
		r.bad(at.String(), errors.New("no signatures found"))
	default:
		r.bad(at.String(), fmt.Errorf("none of its signatures is as expected: %w", errors.Join(others...)))
	}
}

// attestations verifies the attestations of an image.
func (r *Report) attestations(ctx context.Context, at name.Digest, digest v1.Hash, e Expectation, opts ociremote.Option) {
	found, err := ociremote.SignedUnknown(at, opts).Attestations()
	if err != nil {
		r.unknown(at.String(), fmt.Errorf("looking for attestations: %w", err))
		return
	}
	all, err := e.Attestations(ctx, found, digest)
	if err != nil {
		r.unknown(at.String(), err)
		return
	}
	r.kind(at, all, "SBOM (SPDX)", spdx, func(Attestation) (string, error) { return "signed by " + e.who(), nil })
	r.kind(at, all, "provenance (SLSA)", provenance.PredicateType, func(a Attestation) (string, error) {
		return imageProvenance(a, path.Base(at.RepositoryStr()), digest, e)
	})
	if e.Version != "" && !slices.ContainsFunc(all, func(a Attestation) bool { return a.PredicateType == provenance.PredicateType }) {
		r.unknown(at.String(), fmt.Errorf("nothing signed says that it is version %s: the tag may have been moved to an older image; an image given by digest claims no version", e.Version))
	}
}

// kind verifies the attestations of one type. Having none is not an error, but having only
// ones from other signers is. read checks an attestation that is as expected, and describes
// it.
func (r *Report) kind(at name.Digest, all []Attestation, what, predicateType string, read func(Attestation) (string, error)) {
	var good int
	var others []error
	for _, a := range all {
		switch {
		case a.PredicateType != predicateType:
		case a.Refused != nil:
			others = append(others, a.Refused)
		default:
			good++
			if says, err := read(a); err != nil {
				r.bad(at.String(), fmt.Errorf("its %s: %w", what, err))
			} else {
				r.good(at.String(), "%s: %s", what, says)
			}
		}
	}
	switch {
	case good > 0:
	case len(others) > 0:
		r.bad(at.String(), fmt.Errorf("no %s is as expected: %w", what, errors.Join(others...)))
	default:
		r.good(at.String(), "no %s is attached", what)
	}
}

// imageProvenance compares the provenance of an image with what a verifier knows: the
// digest, the name, the repository, the version if one is expected, and the signer, whose
// run must have been on the commit that the provenance names.
func imageProvenance(a Attestation, image string, digest v1.Hash, e Expectation) (string, error) {
	s, err := provenance.Parse(a.Statement)
	if err != nil {
		return "", err
	}
	subjects := digests{}
	for _, subject := range s.Subject {
		if sum, err := hex.DecodeString(digest.Hex); err == nil && subject.Digest["sha256"] == digest.Hex {
			subjects[subject.Name] = [sha256.Size]byte(sum)
		}
	}
	said := s.Predicate.BuildDefinition.ExternalParameters
	if said.Image != "" && said.Image != image {
		return "", fmt.Errorf("it is for image %q, expected %q: another image took its place", said.Image, image)
	}
	if own := provenance.Commit(s); a.Commit != own && builder(e) != provenance.OwnMachine {
		return "", fmt.Errorf("it names commit %q, but the run that signed it was on commit %q", own, a.Commit)
	}
	if err := checkProvenance(s, said.Crate, subjects, e); err != nil {
		return "", err
	}
	return fmt.Sprintf("built by %s from %s, version %s", s.Predicate.RunDetails.Builder.ID, source(s), quote.Line(said.Version)), nil
}
