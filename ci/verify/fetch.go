package verify

import (
	"errors"
	"fmt"
	"io"

	"github.com/sigstore/cosign/v2/pkg/oci"
)

// Bounds of what is read of that which is attached to an image. Anybody who may push can
// attach more. An attestation of an SBOM has some megabytes, and a scan that is attached
// each night for half a year makes 180 of them.
const (
	maxAttached      = 256
	maxAttachedBytes = 128 << 20
)

// fetchEach calls do with each thing that is attached, which is read then, and once. The
// error is one of reading them; where there is more than slipway reads, none is read.
func fetchEach(found oci.Signatures, do func(fetched)) error {
	list, err := found.Get()
	if err != nil {
		return err
	}
	if len(list) > maxAttached {
		return fmt.Errorf("%d are attached to the image, expected %d at most", len(list), maxAttached)
	}
	var all int64
	for _, s := range list {
		size, err := s.Size()
		if err != nil {
			return err
		}
		if size < 0 || size > maxAttachedBytes-all {
			return fmt.Errorf("what is attached to the image has more than %d bytes, expected %d at most", maxAttachedBytes, maxAttachedBytes)
		}
		all += size
	}
	for _, s := range list {
		payload, err := fetch(s)
		if err != nil {
			return err
		}
		do(fetched{s, payload})
	}
	return nil
}

// fetch reads a layer: as many bytes as the manifest says that it has.
func fetch(s oci.Signature) (_ []byte, err error) {
	size, err := s.Size()
	if err != nil {
		return nil, err
	}
	r, err := s.Compressed() // as it is: the registry holds it so
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	payload := make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, fmt.Errorf("it has not the %d bytes that its manifest says: %w", size, err)
	}
	// Only at the end is the digest compared.
	if n, err := io.CopyN(io.Discard, r, 1); n > 0 || !errors.Is(err, io.EOF) {
		return nil, errors.Join(fmt.Errorf("it has not the %d bytes, and the digest, that its manifest says", size), err)
	}
	return payload, nil
}

// fetched is a signature that has been read: it is not asked for again.
type fetched struct {
	ociSignature
	payload []byte
}

// ociSignature has another name than its method Signature.
type ociSignature = oci.Signature

// Payload implements [oci.Signature].
func (f fetched) Payload() ([]byte, error) { return f.payload, nil }
