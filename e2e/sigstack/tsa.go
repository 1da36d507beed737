package sigstack

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"io"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/sigstore/timestamp-authority/v2/pkg/signer"
	"github.com/sigstore/timestamp-authority/v2/pkg/verification"
)

// tsa answers timestamp requests over HTTP (RFC 3161, section 3.4) with Sigstore's signing
// code. Sigstore's server package cannot be linked together with Rekor's: both define the
// flag "scheme", and the second definition panics.
type tsa struct {
	key   crypto.Signer
	chain []*x509.Certificate // leaf first
}

// tsaPolicy is the policy of Sigstore's own authority.
var tsaPolicy = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2}

func newTSA() (*tsa, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	chain, err := signer.NewTimestampingCertWithChain(key)
	return &tsa{key, chain}, err
}

// handler serves /api/v1/timestamp, like Sigstore's authority.
func (t *tsa) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/timestamp", func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Content-Type"); got != "application/timestamp-query" {
			http.Error(w, "expected application/timestamp-query", http.StatusUnsupportedMediaType)
			return
		}
		query, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		request, err := timestamp.ParseRequest(query)
		if err == nil {
			err = verification.VerifyRequest(request)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer, err := t.stamp(request)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(answer)
	})
	return mux
}

// stamp returns the signed response to a request.
func (t *tsa) stamp(request *timestamp.Request) ([]byte, error) {
	stamp := timestamp.Timestamp{
		HashAlgorithm:     request.HashAlgorithm,
		HashedMessage:     request.HashedMessage,
		Time:              time.Now().UTC(), // RFC 3161, section 2.4.2: GeneralizedTime in UTC
		Nonce:             request.Nonce,
		Policy:            tsaPolicy,
		Accuracy:          time.Second,
		AddTSACertificate: request.Certificates,
		Certificates:      t.chain[1:],
	}
	return stamp.CreateResponseWithOpts(t.chain[0], t.key, crypto.SHA256)
}
