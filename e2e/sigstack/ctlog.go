package sigstack

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"

	"github.com/google/certificate-transparency-go/trillian/ctfe"
	"github.com/google/certificate-transparency-go/trillian/ctfe/configpb"
	"github.com/google/trillian/crypto/keys"
	"github.com/google/trillian/crypto/keys/der"
	"github.com/google/trillian/crypto/keyspb"
	"github.com/google/trillian/monitoring"
	"google.golang.org/protobuf/types/known/anypb"
)

// startCTLog serves a certificate transparency log (RFC 6962) that accepts certificates of
// the CA whose PEM is in the file roots. It returns the log's URL and public key.
func (s *Stack) startCTLog(ctx context.Context, m *merkle, roots string) (string, crypto.PublicKey, error) {
	const prefix = "stack"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", nil, err
	}
	config, err := ctLogConfig(key)
	if err != nil {
		return "", nil, err
	}
	config.Prefix, config.RootsPemFile = prefix, []string{roots}
	if config.LogId, err = m.newTree(ctx, "the CT log"); err != nil {
		return "", nil, err
	}
	validated, err := ctfe.ValidateLogConfig(config)
	if err != nil {
		return "", nil, err
	}
	keys.RegisterHandler(&keyspb.PrivateKey{}, der.FromProto)
	log, err := ctfe.SetUpInstance(ctx, ctfe.InstanceOptions{
		Validated:     validated,
		Client:        m.log,
		Deadline:      10 * time.Second,
		MetricFactory: monitoring.InertMetricFactory{},
		RequestLog:    new(ctfe.DefaultRequestLog),
	})
	if err != nil {
		return "", nil, err
	}
	mux := http.NewServeMux()
	for path, handler := range log.Handlers {
		mux.Handle(path, handler)
	}
	url, err := s.serve(mux)
	return url + "/" + prefix, key.Public(), err
}

// ctLogConfig returns the part of the log's configuration that depends on its key.
func ctLogConfig(key *ecdsa.PrivateKey) (*configpb.LogConfig, error) {
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	packed, err := anypb.New(&keyspb.PrivateKey{Der: private})
	if err != nil {
		return nil, fmt.Errorf("packing the key: %w", err)
	}
	return &configpb.LogConfig{
		PrivateKey:       packed,
		PublicKey:        &keyspb.PublicKey{Der: public},
		ExtKeyUsages:     []string{"CodeSigning"},
		MaxMergeDelaySec: int32((24 * time.Hour).Seconds()),
	}, nil
}
