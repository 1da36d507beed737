package sign

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	cosignbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

// annotations returns what cosign's classic format keeps in annotations: the certificate
// with its chain, and the log entry.
func (s *Signer) annotations(b *protobundle.Bundle) ([]static.Option, error) {
	entry, err := logEntry(b)
	if err != nil {
		return nil, err
	}
	opts := []static.Option{static.WithBundle(entry)}
	der := b.GetVerificationMaterial().GetCertificate().GetRawBytes()
	if der == nil {
		return opts, nil // a bare key
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate that signed: %w", err)
	}
	cert, err := cryptoutils.MarshalCertificateToPEM(leaf)
	if err != nil {
		return nil, fmt.Errorf("writing the certificate that signed: %w", err)
	}
	chain, err := cryptoutils.MarshalCertificatesToPEM(s.above())
	if err != nil {
		return nil, fmt.Errorf("writing the chain of the certificate that signed: %w", err)
	}
	return append(opts, static.WithCertChain(cert, chain)), nil
}

// logEntry returns a bundle's log entry in the form of cosign's annotation
// dev.sigstore.cosign/bundle. The log signed the entry with its time and index.
func logEntry(b *protobundle.Bundle) (*cosignbundle.RekorBundle, error) {
	entries := b.GetVerificationMaterial().GetTlogEntries()
	if len(entries) != 1 || len(entries[0].GetInclusionPromise().GetSignedEntryTimestamp()) == 0 {
		return nil, errors.New("signing an image: expected one log entry with a signed time, as from a Rekor v1 log")
	}
	e := entries[0]
	return &cosignbundle.RekorBundle{
		SignedEntryTimestamp: e.GetInclusionPromise().GetSignedEntryTimestamp(),
		Payload: cosignbundle.RekorPayload{
			Body:           base64.StdEncoding.EncodeToString(e.GetCanonicalizedBody()),
			IntegratedTime: e.GetIntegratedTime(),
			LogIndex:       e.GetLogIndex(),
			LogID:          hex.EncodeToString(e.GetLogId().GetKeyId()),
		},
	}, nil
}

// timestamp returns the response of a timestamp authority as an annotation.
func timestamp(answer []byte) static.Option {
	return static.WithRFC3161Timestamp(&cosignbundle.RFC3161Timestamp{SignedRFC3161Timestamp: answer})
}

// predicateType returns the annotation by which cosign selects attestations.
func predicateType(t string) static.Option {
	return static.WithAnnotations(map[string]string{"predicateType": t})
}
