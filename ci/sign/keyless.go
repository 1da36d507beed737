package sign

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"dagger/slipway/ci/address"
	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/transport"
)

// URLs of Sigstore's public-good instance.
const (
	PublicFulcio = "https://fulcio.sigstore.dev"
	PublicRekor  = "https://rekor.sigstore.dev"
)

// Options configures what signs a release, and where signatures are recorded.
type Options struct {
	// Token provides the signer's identity token; nil with a key.
	Token TokenSource
	// Key is a private key in cosign's format, KeyPassword its password. It takes precedence
	// over Token.
	Key         []byte
	KeyPassword secret.Text
	// Fulcio and Rekor are base URLs; "" means the public instance.
	Fulcio string
	Rekor  string
	// Timestamp is the URL of an RFC 3161 timestamp authority, "" for none.
	Timestamp string
	// Root is the trust root against which certificates are checked when they are issued; nil
	// means that of the public instance, which is fetched when needed.
	Root root.TrustedMaterial
}

// Services returns the URLs that o sets, for a plan.
func (o Options) Services() []string {
	var list []string
	for _, address := range []string{o.Fulcio, o.Rekor, o.Timestamp} {
		if address != "" {
			list = append(list, address)
		}
	}
	return list
}

// check returns an error for URLs that contain a secret, because they are shown.
func (o Options) check() error {
	return errors.Join(
		address.Check("Fulcio (--fulcio-url)", o.Fulcio), address.Check("Rekor (--rekor-url)", o.Rekor), address.Check("the timestamp authority (--timestamp-url)", o.Timestamp),
	)
}

// New returns a signer. It contacts no server, so a wrong configuration is reported before
// anything is built. The error is ErrNoToken if there is neither a key nor a token.
func New(o Options) (*Signer, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Signer{root: o.Root, services: &services{rekor: cmp.Or(o.Rekor, PublicRekor), timestamp: o.Timestamp, client: transport.New(30 * time.Second)}}
	var err error
	switch {
	case o.Rekor != "" && o.Root == nil:
		return nil, fmt.Errorf("checking how to sign: entries of the log %q cannot be checked without its trusted root: name the file (--trusted-root)", o.Rekor)
	case o.Key != nil:
		s.keys, err = loadKeypair(o.Key, []byte(o.KeyPassword.Reveal()))
		return s, err
	case o.Token == nil:
		return nil, ErrNoToken
	case o.Fulcio != "" && o.Root == nil:
		return nil, fmt.Errorf("checking how to sign: a certificate of %q cannot be checked without its trusted root: name the file (--trusted-root)", o.Fulcio)
	}
	if err := checkAddress(cmp.Or(o.Fulcio, PublicFulcio)); err != nil {
		return nil, err
	}
	if s.keys, err = newKeypair(); err != nil {
		return nil, err
	}
	f := &fulcio{address: cmp.Or(o.Fulcio, PublicFulcio), token: o.Token, root: o.Root, keys: s.keys}
	s.certificate, s.above = f.certificate, f.above
	return s, nil
}

// services record signatures.
type services struct {
	rekor, timestamp string
	client           *http.Client
}

func (v *services) add(ctx context.Context, opts *sign.BundleOptions) error {
	log, err := newRekor(ctx, v.rekor, v.client)
	if err != nil {
		return err
	}
	opts.TransparencyLogs = []sign.Transparency{sign.NewRekor(&sign.RekorOptions{BaseURL: v.rekor, Client: log, Timeout: -1})}
	authority, err := v.authority()
	if authority != nil {
		opts.TimestampAuthorities = []*sign.TimestampAuthority{authority}
	}
	return err
}

// authority returns the timestamp authority, nil if there is none.
func (v *services) authority() (*sign.TimestampAuthority, error) {
	if v.timestamp == "" {
		return nil, nil
	}
	if u, err := url.Parse(v.timestamp); err != nil || u.Host == "" {
		return nil, fmt.Errorf("checking the address of the timestamp authority %q: expected one like https://tsa.example.org/api/v1/timestamp", v.timestamp)
	}
	return sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{URL: v.timestamp, Transport: v.client.Transport}), nil
}

// fulcio gets the certificate of a key, and a new one when that expires: certificates are
// valid for 10 minutes, and recording signatures may take longer.
type fulcio struct {
	address string
	token   TokenSource
	root    root.TrustedMaterial
	keys    *keypair

	mu    sync.Mutex
	held  []byte
	ends  time.Time
	chain []*x509.Certificate // the issuers of held
}

// above returns the issuers of the latest certificate, up to and including the root.
func (f *fulcio) above() []*x509.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.chain
}

// margin is how long a certificate must remain valid to be used for signing.
const margin = time.Minute

func (f *fulcio) certificate(ctx context.Context) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held != nil && time.Until(f.ends) > margin {
		return f.held, nil
	}
	der, status, err := f.ask(ctx)
	if status == http.StatusUnauthorized { // the token expired on the way
		der, _, err = f.ask(ctx)
	}
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of %q: %w", f.address, err)
	}
	if err := f.check(leaf); err != nil {
		return nil, fmt.Errorf("checking the certificate of %q: %w: nothing was signed with it", f.address, err)
	}
	f.held, f.ends = der, leaf.NotAfter
	return der, nil
}

// ask gets a token and requests a certificate. It also returns the last HTTP status.
func (f *fulcio) ask(ctx context.Context) ([]byte, int, error) {
	token, err := f.token(ctx)
	if err != nil {
		return nil, 0, err
	}
	last := &lastStatus{next: transport.New(30 * time.Second).Transport}
	client := sign.NewFulcio(&sign.FulcioOptions{BaseURL: f.address, Transport: last, Timeout: -1})
	der, err := client.GetCertificate(ctx, f.keys, &sign.CertificateProviderOptions{IDToken: token})
	if err != nil {
		err = fmt.Errorf("getting a certificate from %q: %w", f.address, err)
	}
	return der, int(last.code.Load()), err
}

// checkAddress returns an error unless the URL of a Fulcio is one to which an identity
// token may be sent.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err == nil {
		err = transport.CheckSecret(u)
	}
	if err != nil {
		return fmt.Errorf("checking the address of Fulcio: %w", err)
	}
	return nil
}

// check verifies the chain and the signed certificate timestamp right away: cosign checks
// the latter only during verification, which is too late for a release.
func (f *fulcio) check(leaf *x509.Certificate) error {
	if f.root == nil {
		fetched, err := root.FetchTrustedRoot()
		if err != nil {
			return fmt.Errorf("fetching the trusted root of the public instance: %w", err)
		}
		f.root = fetched
	}
	chains, err := verify.VerifyLeafCertificate(time.Now(), leaf, f.root)
	if err != nil {
		return err
	}
	if err := verify.VerifySignedCertificateTimestamp(chains, 1, f.root); err != nil {
		return fmt.Errorf("its log's promise (SCT): %w", err)
	}
	if !f.keys.public.Equal(leaf.PublicKey) {
		return errors.New("it is for another key")
	}
	f.chain = chains[0][1:]
	return nil
}

// lastStatus records the status of the last response.
type lastStatus struct {
	next http.RoundTripper
	code atomic.Int32
}

func (l *lastStatus) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if err == nil {
		l.code.Store(int32(resp.StatusCode))
	}
	return resp, err
}
