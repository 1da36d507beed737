// Package repository reads and writes one repository of an OCI registry (OCI
// distribution specification 1.1). Reads are asked again here; what changes
// something is tried by whoever looks first, but for blobs, which are the same
// however often they are pushed.
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

// Repository is one repository, for one who may push to it. Its methods may be
// called at any time.
type Repository struct {
	name     name.Repository
	keychain authn.Keychain
	inner    http.RoundTripper // without credentials

	mu       sync.Mutex
	signedIn *transport.Wrapper

	chunk atomic.Int64 // the largest piece of a blob that the registry takes; 0: any
}

// New makes a repository and asks no server. A nil keychain is the docker config's.
func New(repo name.Repository, keychain authn.Keychain) *Repository {
	if keychain == nil {
		keychain = authn.DefaultKeychain
	}
	return &Repository{name: repo, keychain: keychain, inner: Guard(repo.Registry, newTransport())}
}

// Name is the repository's name, with that of its registry.
func (r *Repository) Name() name.Repository { return r.name }

// signIn returns a transport that has the credentials, and asks for them once.
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

// Options make go-containerregistry and cosign ask the registry as this package
// does: with these credentials, these limits, and no attempts of their own.
func (r *Repository) Options(ctx context.Context) ([]remote.Option, error) {
	w, err := r.signIn(ctx)
	if err != nil {
		return nil, err
	}
	never := func(error) bool { return false }
	return []remote.Option{remote.WithContext(ctx), remote.WithTransport(w), remote.WithRetryPredicate(never)}, nil
}

// Digest returns the digest of the manifest that a reference names, or false
// where there is none.
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

// Tags lists the tags: none where there is no such repository.
func (r *Repository) Tags(ctx context.Context) ([]string, error) {
	opts, err := r.Options(ctx)
	if err != nil {
		return nil, err
	}
	tags, err := remote.List(r.name, opts...)
	if err != nil && !missing(err) {
		return nil, fmt.Errorf("listing the tags of %q: %w", r.name, err)
	}
	return tags, nil
}

// Get reads the manifest that a reference names.
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

// Put writes a manifest, everything in which is there, under a reference.
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

// missing reports whether the registry says that something is not there.
func missing(err error) bool {
	var e *transport.Error
	return errors.As(err, &e) && e.StatusCode == http.StatusNotFound
}
