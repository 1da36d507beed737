package sigstack

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"time"

	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	trustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// trust holds the keys and certificates that a verifier must trust.
type trust struct {
	fulcio   *x509.Certificate
	ctLog    crypto.PublicKey
	rekor    crypto.PublicKey
	tsa      []*x509.Certificate // leaf first
	ctLogURL string
}

// write writes the trusted root and the PEM files to the stack's directory.
func (t trust) write(s *Stack) error {
	root, err := t.root(s)
	if err != nil {
		return fmt.Errorf("making the trusted root: %w", err)
	}
	raw, err := protojson.MarshalOptions{Multiline: true}.Marshal(root)
	if err != nil {
		return fmt.Errorf("making the trusted root: %w", err)
	}
	ctLog, err := cryptoutils.MarshalPublicKeyToPEM(t.ctLog)
	if err != nil {
		return err
	}
	rekor, err := cryptoutils.MarshalPublicKeyToPEM(t.rekor)
	if err != nil {
		return err
	}
	chain, err := cryptoutils.MarshalCertificatesToPEM(t.tsa)
	if err != nil {
		return err
	}
	s.TrustedRoot = filepath.Join(s.dir, "trusted_root.json")
	config, err := protojson.MarshalOptions{Multiline: true}.Marshal(signingConfig(s))
	if err != nil {
		return fmt.Errorf("making the signing config: %w", err)
	}
	s.SigningConfig = filepath.Join(s.dir, "signing_config.json")
	s.CTLogKey = filepath.Join(s.dir, "ctlog.pub")
	s.RekorKey = filepath.Join(s.dir, "rekor.pub")
	s.TSAChain = filepath.Join(s.dir, "tsa.pem")
	for name, content := range map[string][]byte{
		s.TrustedRoot: raw, s.SigningConfig: config, s.CTLogKey: ctLog, s.RekorKey: rekor, s.TSAChain: chain,
	} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// root returns the trusted root in Sigstore's protobuf form, version 0.1.
func (t trust) root(s *Stack) (*trustroot.TrustedRoot, error) {
	// Certificates may be some seconds older than the stack.
	since := timestamppb.New(time.Now().Add(-time.Minute))
	rekor, err := logInstance(s.RekorURL, t.rekor, since)
	if err != nil {
		return nil, err
	}
	ctLog, err := logInstance(t.ctLogURL, t.ctLog, since)
	if err != nil {
		return nil, err
	}
	return &trustroot.TrustedRoot{
		MediaType:              "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		Tlogs:                  []*trustroot.TransparencyLogInstance{rekor},
		Ctlogs:                 []*trustroot.TransparencyLogInstance{ctLog},
		CertificateAuthorities: []*trustroot.CertificateAuthority{authority(s.FulcioURL, []*x509.Certificate{t.fulcio}, since)},
		TimestampAuthorities:   []*trustroot.CertificateAuthority{authority(s.TSAURL, t.tsa, since)},
	}, nil
}

// logInstance describes a log that signs with key. Its ID is the digest of the key (RFC
// 6962, section 3.2).
func logInstance(url string, key crypto.PublicKey, since *timestamppb.Timestamp) (*trustroot.TransparencyLogInstance, error) {
	if _, ok := key.(*ecdsa.PublicKey); !ok {
		return nil, fmt.Errorf("the log at %q has a %T; expected an ECDSA key", url, key)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(der)
	return &trustroot.TransparencyLogInstance{
		BaseUrl:       url,
		HashAlgorithm: common.HashAlgorithm_SHA2_256,
		LogId:         &common.LogId{KeyId: id[:]},
		PublicKey: &common.PublicKey{
			RawBytes:   der,
			KeyDetails: common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
			ValidFor:   &common.TimeRange{Start: since},
		},
	}, nil
}

func authority(url string, chain []*x509.Certificate, since *timestamppb.Timestamp) *trustroot.CertificateAuthority {
	root := chain[len(chain)-1]
	var certificates []*common.X509Certificate
	for _, c := range chain {
		certificates = append(certificates, &common.X509Certificate{RawBytes: c.Raw})
	}
	return &trustroot.CertificateAuthority{
		Uri:       url,
		Subject:   &common.DistinguishedName{CommonName: root.Subject.CommonName},
		CertChain: &common.X509CertificateChain{Certificates: certificates},
		ValidFor:  &common.TimeRange{Start: since},
	}
}

// signingConfig lists the servers for a signer in Sigstore's form, version 0.2.
func signingConfig(s *Stack) *trustroot.SigningConfig {
	since := &common.TimeRange{Start: timestamppb.New(time.Now().Add(-time.Minute))}
	one := func(url string) []*trustroot.Service {
		return []*trustroot.Service{{Url: url, MajorApiVersion: 1, ValidFor: since, Operator: "stack"}}
	}
	anyOne := &trustroot.ServiceConfiguration{Selector: trustroot.ServiceSelector_ANY}
	return &trustroot.SigningConfig{
		MediaType:       "application/vnd.dev.sigstore.signingconfig.v0.2+json",
		CaUrls:          one(s.FulcioURL),
		OidcUrls:        one(s.IssuerURL),
		RekorTlogUrls:   one(s.RekorURL),
		RekorTlogConfig: anyOne,
		TsaUrls:         one(s.TSAURL + "/api/v1/timestamp"),
		TsaConfig:       anyOne,
	}
}
