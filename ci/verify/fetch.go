package verify

import (
	"errors"
	"fmt"
	"io"

	"github.com/sigstore/cosign/v2/pkg/oci"
)

// Limits on the signatures and attestations read from a registry, because anybody with push
// access can add more. The attestation of an SBOM has some megabytes, and a nightly scan
// adds about 180 in half a year.
const (
	maxAttached      = 256
	maxAttachedBytes = 128 << 20
)

// fetchEach calls do with every signature, whose payload it reads exactly once. It returns
// an error of reading them; if they exceed the limits it reads none.
func fetchEach(found oci.Signatures, do func(fetched)) error {
	list, err := found.Get()
	if err != nil {
		return err
	}
	if len(list) > maxAttached {
		return fmt.Errorf("%d are attached to the image, expected at most %d", len(list), maxAttached)
	}
	var all int64
	for _, s := range list {
		size, err := s.Size()
		if err != nil {
			return err
		}
		if size < 0 || size > maxAttachedBytes-all {
			return fmt.Errorf("the image's attachments have more than %d bytes, expected at most %d", maxAttachedBytes, maxAttachedBytes)
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

// fetch reads a layer: exactly as many bytes as the manifest declares.
func fetch(s oci.Signature) (_ []byte, err error) {
	size, err := s.Size()
	if err != nil {
		return nil, err
	}
	r, err := s.Compressed() // not decompressed: it is stored uncompressed
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	payload := make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, fmt.Errorf("it does not have the %d bytes that its manifest says: %w", size, err)
	}
	// The digest is only checked at EOF.
	if n, err := io.CopyN(io.Discard, r, 1); n > 0 || !errors.Is(err, io.EOF) {
		return nil, errors.Join(fmt.Errorf("it does not have the %d bytes and the digest that its manifest says", size), err)
	}
	return payload, nil
}

// fetched is a signature with its payload already read.
type fetched struct {
	ociSignature
	payload []byte
}

// ociSignature is an alias, because an embedded field named Signature would clash with the
// method Signature.
type ociSignature = oci.Signature

// Payload implements [oci.Signature].
func (f fetched) Payload() ([]byte, error) { return f.payload, nil }
