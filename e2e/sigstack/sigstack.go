// Package sigstack runs a complete keyless Sigstore on loopback for end-to-end tests: an
// issuer whose tokens are like those GitHub gives a reusable workflow, Fulcio, a CT log and
// Rekor over Trillian in memory, and a timestamp authority. Everything but the issuer and
// the timestamp authority's handler is Sigstore's own code. Only verifiers that are given
// the files in its directory trust its signatures.
package sigstack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sigstore/fulcio/pkg/ca/ephemeralca"

	"dagger/slipway/e2e/sigstack/fault"
)

// Stack is a running Sigstore, made by Start.
type Stack struct {
	// URLs of the servers on 127.0.0.1, without a trailing slash. Those of Fulcio, Rekor and
	// TSA are the URLs of their proxies.
	FulcioURL, RekorURL, TSAURL, IssuerURL string

	// Proxies in front of the servers, to inject faults and count requests.
	Fulcio, Rekor, TSA, Tokens *fault.Proxy

	// Files in the stack's directory: Sigstore's TrustedRoot and SigningConfig in JSON, for
	// cosign v3's flags --trusted-root and --signing-config; the others are PEM.
	TrustedRoot, SigningConfig, FulcioRoot, CTLogKey, RekorKey, TSAChain string

	dir    string
	issuer *issuer
	tokens *tokens
	closes []func() error
}

// running is set while this process has a stack, because Rekor's state is global.
var running atomic.Bool

// Start starts a stack that keeps its files in dir, which it creates if necessary. The
// stack is ready when Start returns, after about a second, and runs until Close; ctx only
// limits starting. A process can have only one stack at a time: starting a second one is an
// error.
func Start(ctx context.Context, dir string) (*Stack, error) {
	if !running.CompareAndSwap(false, true) {
		return nil, errors.New("starting a sigstore stack: this process has one already; expected it to be closed first")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		running.Store(false)
		return nil, fmt.Errorf("starting a sigstore stack: %w", err)
	}
	s := &Stack{dir: dir}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting a sigstore stack in %q: %w", dir, err), s.Close())
	}
	return s, nil
}

// Close stops every server and waits until they have ended. The files stay.
func (s *Stack) Close() error {
	var errs []error
	for _, f := range slices.Backward(s.closes) {
		errs = append(errs, f())
	}
	s.closes = nil
	running.Store(false)
	return errors.Join(errs...)
}

// start starts the servers, each after the ones it depends on.
func (s *Stack) start(ctx context.Context) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	if err := s.keepLogs(); err != nil {
		return err
	}
	if err := s.startIssuer(); err != nil {
		return err
	}
	m, err := s.startTrillian(ctx)
	if err != nil {
		return err
	}
	authority, err := ephemeralca.NewEphemeralCA()
	if err != nil {
		return err
	}
	var t trust
	if t.fulcio, err = rootOf(ctx, authority); err != nil {
		return err
	}
	if err := s.writeFulcioRoot(t.fulcio); err != nil {
		return err
	}
	if t.ctLogURL, t.ctLog, err = s.startCTLog(ctx, m, s.FulcioRoot); err != nil {
		return err
	}
	fulcio, err := s.startFulcio(ctx, authority, s.IssuerURL, t.ctLogURL, t.ctLog)
	if err != nil {
		return err
	}
	rekor, key, err := s.startRekor(ctx, m)
	if err != nil {
		return err
	}
	t.rekor = key
	stamps, err := newTSA()
	if err != nil {
		return err
	}
	t.tsa = stamps.chain
	tsa, err := s.serve(stamps.handler())
	if err != nil {
		return err
	}
	if err := errors.Join(s.front(&s.Fulcio, fulcio), s.front(&s.Rekor, rekor), s.front(&s.TSA, tsa)); err != nil {
		return err
	}
	s.FulcioURL, s.RekorURL, s.TSAURL = s.Fulcio.URL, s.Rekor.URL, s.TSA.URL
	return t.write(s)
}

// startIssuer serves the issuer and its token endpoint.
func (s *Stack) startIssuer() (err error) {
	if s.issuer, err = newIssuer(); err != nil {
		return err
	}
	if s.IssuerURL, err = s.serve(s.issuer.handler()); err != nil {
		return err
	}
	s.tokens = &tokens{issuer: s.issuer, bearer: rand.Text()}
	url, err := s.serve(s.tokens)
	if err != nil {
		return err
	}
	return s.front(&s.Tokens, url)
}

// front starts a proxy in front of the server at target.
func (s *Stack) front(p **fault.Proxy, target string) (err error) {
	if *p, err = fault.NewProxy(target); err != nil {
		return err
	}
	s.onClose((*p).Close)
	return nil
}

// serve serves h on a free port of 127.0.0.1 until the stack closes, and returns its URL.
func (s *Stack) serve(h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()
	s.onClose(server.Close)
	return "http://" + l.Addr().String(), nil
}

// onClose makes Close call f, before the functions of earlier calls.
func (s *Stack) onClose(f func() error) { s.closes = append(s.closes, f) }
