package sign

import (
	"errors"
	"fmt"
)

// Again returns the signature in a bundle if s could have made it in an earlier run: for
// the same identity as who, except for the run, and with a timestamp only if s uses a
// timestamp authority. Otherwise it returns an error. It does not verify the signature.
func (s *Signer) Again(bundle []byte, who Identity) (Signature, error) {
	b, err := ParseBundle(bundle)
	if err != nil {
		return Signature{}, fmt.Errorf("reading an earlier bundle: %w", err)
	}
	material := b.GetVerificationMaterial()
	var earlier Identity
	if der := material.GetCertificate().GetRawBytes(); der != nil {
		if earlier, err = identityOf(der); err != nil {
			return Signature{}, fmt.Errorf("reading an earlier bundle: %w", err)
		}
	}
	earlier.Run = who.Run
	if earlier != who {
		return Signature{}, fmt.Errorf("reading an earlier bundle: it is of %+v, expected %+v", earlier, who)
	}
	stamped := len(material.GetTimestampVerificationData().GetRfc3161Timestamps()) > 0
	if s.services == nil || stamped != (s.services.timestamp != "") {
		return Signature{}, errors.New("reading an earlier bundle: it was recorded differently than this signer records")
	}
	return forms(b)
}
