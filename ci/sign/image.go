package sign

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	cosigntypes "github.com/sigstore/cosign/v2/pkg/types"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore/pkg/signature/payload"
)

// errDryRun prevents signing an image in a dry run, because every verifier would refuse the
// signature.
var errDryRun = errors.New("signing an image: dry-run signatures are in no log and do not belong in a registry")

// Image signs an image by its digest in cosign's classic format: the signature is over the
// simple signing payload (containers-signature(5), "JSON data format"), and the
// certificate, its chain and the log entry are annotations. cosign 2 verifies it, and so
// does cosign 3 if the image has no signature in the newer format.
func (s *Signer) Image(ctx context.Context, image name.Digest) (oci.Signature, error) {
	if s.services == nil {
		return nil, errDryRun
	}
	claim, err := json.Marshal(payload.Cosign{Image: image})
	if err != nil {
		return nil, fmt.Errorf("signing %q: %w", image, err)
	}
	b, err := s.bundle(ctx, digestContent(sha256.Sum256(claim)), prehashed{s.keys})
	if err != nil {
		return nil, err
	}
	opts, err := s.annotations(b)
	if err != nil {
		return nil, err
	}
	for _, t := range b.GetVerificationMaterial().GetTimestampVerificationData().GetRfc3161Timestamps() {
		opts = append(opts, timestamp(t.GetSignedTimestamp()))
	}
	return static.NewSignature(claim, base64.StdEncoding.EncodeToString(b.GetMessageSignature().GetSignature()), opts...)
}

// Attestation signs an in-toto statement about an image in cosign's classic format: a DSSE
// envelope, and the rest in annotations.
func (s *Signer) Attestation(ctx context.Context, statement []byte) (oci.Signature, error) {
	if s.services == nil {
		return nil, errDryRun
	}
	var head struct {
		PredicateType string `json:"predicateType"`
	}
	if err := json.Unmarshal(statement, &head); err != nil || head.PredicateType == "" {
		return nil, errors.Join(errors.New("signing a statement: it has no predicateType, expected an in-toto statement"), err)
	}
	b, err := s.bundle(ctx, &sign.DSSEData{Data: statement, PayloadType: PayloadType}, s.keys)
	if err != nil {
		return nil, err
	}
	// These must be the bytes that sigstore-go sent to the log, which recorded their digest.
	envelope, err := json.Marshal(b.GetDsseEnvelope())
	if err != nil {
		return nil, fmt.Errorf("writing the envelope: %w", err)
	}
	opts, err := s.annotations(b)
	if err != nil {
		return nil, err
	}
	// The bundle's timestamp covers the signature; cosign expects one that covers the
	// envelope.
	if authority, err := s.services.authority(); err != nil {
		return nil, err
	} else if authority != nil {
		answer, err := authority.GetTimestamp(ctx, envelope)
		if err != nil {
			return nil, fmt.Errorf("signing: %w", err)
		}
		opts = append(opts, timestamp(answer))
	}
	opts = append(opts, static.WithLayerMediaType(cosigntypes.DssePayloadType), predicateType(head.PredicateType))
	return static.NewAttestation(envelope, opts...)
}
