package sigstack

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	ctclient "github.com/google/certificate-transparency-go/client"
	"github.com/google/certificate-transparency-go/jsonclient"
	"github.com/sigstore/fulcio/pkg/ca"
	"github.com/sigstore/fulcio/pkg/config"
	"github.com/sigstore/fulcio/pkg/generated/protobuf"
	"github.com/sigstore/fulcio/pkg/generated/protobuf/legacy"
	"github.com/sigstore/fulcio/pkg/server"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/grpc"
)

// startFulcio serves Fulcio with authority as its CA. It logs certificates in the CT log at
// ctURL and accepts tokens of the issuer at issuerURL. It returns Fulcio's URL.
func (s *Stack) startFulcio(ctx context.Context, authority ca.CertificateAuthority, issuerURL, ctURL string, ctKey crypto.PublicKey) (string, error) {
	cfg, err := fulcioConfig(issuerURL)
	if err != nil {
		return "", err
	}
	pem, err := cryptoutils.MarshalPublicKeyToPEM(ctKey)
	if err != nil {
		return "", err
	}
	// With the key, Fulcio verifies every SCT that it gets.
	ct, err := ctclient.New(ctURL, &http.Client{Transport: loopback}, jsonclient.Options{PublicKey: string(pem)})
	if err != nil {
		return "", err
	}
	algorithms, err := signature.NewAlgorithmRegistryConfig([]common.PublicKeyDetails{
		common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
		common.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384,
		common.PublicKeyDetails_PKIX_ED25519,
	})
	if err != nil {
		return "", err
	}
	g := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		return handle(config.With(ctx, cfg), req)
	}))
	v2 := server.NewGRPCCAServer(ct, authority, algorithms, server.NewIssuerPool(cfg))
	protobuf.RegisterCAServer(g, v2)
	legacy.RegisterCAServer(g, server.NewLegacyGRPCCAServer(v2))
	addr, err := s.serveGRPC(g)
	if err != nil {
		return "", err
	}
	mux, err := s.gateway(ctx, addr.String())
	if err != nil {
		return "", err
	}
	return s.serve(mux)
}

// fulcioConfig returns Fulcio's configuration with GitHub and a GitHub Enterprise as
// issuers, both served at issuerURL.
func fulcioConfig(issuerURL string) (*config.FulcioConfig, error) {
	all := map[string]any{}
	for url := range issuers {
		all[url] = map[string]any{"IssuerURL": url, "ClientID": Audience, "Type": config.IssuerTypeGithubWorkflow}
	}
	raw, err := json.Marshal(map[string]any{"OIDCIssuers": all})
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(issuerURL)
	if err != nil {
		return nil, err
	}
	// Fulcio contacts issuers with the default transport at the time it reads its
	// configuration, and keeps using that transport for their keys.
	before := http.DefaultTransport
	http.DefaultTransport = toIssuer{target}
	defer func() { http.DefaultTransport = before }()
	return config.Read(raw)
}

// rootOf returns the certificate of a CA that signs with its root.
func rootOf(ctx context.Context, authority ca.CertificateAuthority) (*x509.Certificate, error) {
	chains, err := authority.TrustBundle(ctx)
	if err != nil {
		return nil, err
	}
	if len(chains) != 1 || len(chains[0]) != 1 {
		return nil, fmt.Errorf("reading Fulcio's root: %d chains; expected one of one certificate", len(chains))
	}
	return chains[0][0], nil
}

// bearer returns the token of an Authorization header.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return token
}
