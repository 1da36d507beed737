// Package repository reads and writes one repository of an OCI registry (OCI distribution
// specification 1.1). It retries reads, and uploads of blobs, which are idempotent. Other
// writes are made once: the caller looks at the remote state before it repeats them.
package repository

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Repository is a client of one repository with push access. Its methods are safe for concurrent
// use.
type Repository struct {
	name     name.Repository
	keychain authn.Keychain
	inner    http.RoundTripper // without credentials

	mu       sync.Mutex
	signedIn *transport.Wrapper

	chunk atomic.Int64 // the chunk size in bytes; 0 sends blobs in one piece
}

// New returns a client without making a request. A nil keychain means the docker config's.
func New(repo name.Repository, keychain authn.Keychain) *Repository {
	if keychain == nil {
		keychain = authn.DefaultKeychain
	}
	return &Repository{name: repo, keychain: keychain, inner: Guard(repo.Registry, newTransport(), MaxAttached)}
}

// Name returns the repository's name including its registry.
func (r *Repository) Name() name.Repository { return r.name }

// signIn returns a transport that adds the credentials. It signs in on the first call only.
func (r *Repository) signIn(ctx context.Context) (*transport.Wrapper, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.signedIn != nil {
		return r.signedIn, nil
	}
	auth, err := authn.Resolve(ctx, r.keychain, r.name)
	if err != nil {
		return nil, fmt.Errorf("finding the credentials for %q: %w", r.name, err)
	}
	t, err := transport.NewWithContext(ctx, r.name.Registry, auth, r.inner, []string{r.name.Scope(transport.PushScope)})
	if err != nil {
		return nil, fmt.Errorf("signing in to %q: %w", r.name.Registry, err)
	}
	w, ok := t.(*transport.Wrapper)
	if !ok {
		return nil, fmt.Errorf("signing in to %q: the transport is a %T, expected a wrapped one", r.name.Registry, t)
	}
	r.signedIn = w
	return w, nil
}

// Options returns options that make go-containerregistry and cosign use this package's transport:
// with the same credentials and limits, and without retries of their own.
func (r *Repository) Options(ctx context.Context) ([]remote.Option, error) {
	w, err := r.signIn(ctx)
	if err != nil {
		return nil, err
	}
	never := func(error) bool { return false }
	return []remote.Option{remote.WithContext(ctx), remote.WithTransport(w), remote.WithRetryPredicate(never)}, nil
}

// Digest returns the digest of the manifest that ref points to, or false if there is none.
func (r *Repository) Digest(ctx context.Context, ref name.Reference) (v1.Hash, bool, error) {
	opts, err := r.Options(ctx)
	if err != nil {
		return v1.Hash{}, false, err
	}
	head, err := remote.Head(ref, opts...)
	if missing(err) {
		return v1.Hash{}, false, nil
	}
	if err != nil {
		return v1.Hash{}, false, fmt.Errorf("looking for %q: %w", ref, err)
	}
	return head.Digest, true, nil
}

// Get reads the manifest that ref points to.
func (r *Repository) Get(ctx context.Context, ref name.Reference) (*remote.Descriptor, error) {
	opts, err := r.Options(ctx)
	if err != nil {
		return nil, err
	}
	d, err := remote.Get(ref, opts...)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", ref, err)
	}
	return d, nil
}

// Put writes a manifest under a reference. The registry must already have all that it refers to.
func (r *Repository) Put(ctx context.Context, ref name.Reference, m Manifest) error {
	opts, err := r.Options(ctx)
	if err != nil {
		return err
	}
	if err := remote.Put(ref, m, opts...); err != nil {
		return fmt.Errorf("writing %q: %w", ref, err)
	}
	return nil
}

// missing reports whether the registry answered that something does not exist.
func missing(err error) bool {
	var e *transport.Error
	return errors.As(err, &e) && e.StatusCode == http.StatusNotFound
}
