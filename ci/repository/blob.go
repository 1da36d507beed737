package repository

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	wait "dagger/slipway/ci/transport"
)

// attempts is how often a blob is begun that fails with what may pass.
const attempts = 3

// Sizes of the pieces of a blob, where the registry does not take it whole.
const (
	firstChunk = 16 << 20
	leastChunk = 1 << 20 // what a proxy takes that nobody has configured
)

// upload sees to it that the repository has a blob. It looks for the digest before
// each attempt, for a request may have been carried out though its answer was lost,
// and begins a session of its own, for the last one may be lost too.
func (r *Repository) upload(ctx context.Context, l v1.Layer) error {
	b, err := newBlob(r, l)
	if err != nil {
		return err
	}
	for attempt := 0; ; {
		err := b.attempt(ctx)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("pushing blob %s of %d bytes: %w", b.digest, b.size, err)
		var large *tooLarge
		if errors.As(err, &large) {
			if !b.shrink(large.least) {
				return fmt.Errorf("%w: smaller pieces than %d bytes are not tried", err, large.length)
			}
			continue
		}
		asked, passes := Transient(err)
		if attempt++; !passes || attempt == attempts {
			return err
		}
		// The limit of whatever stands between may be what broke it.
		if b.broken {
			b.shrink(0)
		}
		if err := sleep(ctx, max(asked, wait.Wait(attempt))); err != nil {
			return errors.Join(context.Cause(ctx), err)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// blob is a blob on its way.
type blob struct {
	of     *Repository
	layer  v1.Layer
	digest v1.Hash
	size   int64
	broken bool // the last attempt sent some of it and got no answer
}

func newBlob(r *Repository, l v1.Layer) (*blob, error) {
	digest, err := l.Digest()
	if err != nil {
		return nil, fmt.Errorf("reading the digest of a blob: %w", err)
	}
	size, err := l.Size()
	if err != nil {
		return nil, fmt.Errorf("reading the size of blob %s: %w", digest, err)
	}
	return &blob{of: r, layer: l, digest: digest, size: size}, nil
}

// chunk is how much of it is sent at once.
func (b *blob) chunk() int64 {
	if c := b.of.chunk.Load(); c > 0 {
		return min(c, b.size)
	}
	return b.size
}

// shrink makes the pieces of every blob smaller, and reports whether that was
// possible. least is what the registry takes at least, 0 for unknown.
func (b *blob) shrink(least int64) bool {
	now := b.chunk()
	next := max(min((now+1)/2, firstChunk), leastChunk, least)
	if next >= now {
		return false
	}
	b.of.chunk.Store(next)
	return true
}

// attempt pushes the blob once, unless it is there.
func (b *blob) attempt(ctx context.Context) error {
	b.broken = false
	w, err := b.of.signIn(ctx)
	if err != nil {
		return err
	}
	s := &session{client: &http.Client{Transport: w, CheckRedirect: wait.CheckRedirect}, blob: b}
	if there, err := s.there(ctx); err != nil || there {
		return err
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	// "All chunks except the last MUST be of at least OCI-Chunk-Min-Length."
	chunk := max(b.chunk(), s.least)
	for offset := int64(0); offset < b.size; offset += chunk {
		if err := s.send(ctx, offset, min(chunk, b.size-offset)); err != nil {
			return err
		}
	}
	return s.commit(ctx)
}

// url is an address of the repository.
func (r *Repository) url(path string) *url.URL {
	return &url.URL{Scheme: r.name.Scheme(), Host: r.name.RegistryStr(), Path: "/v2/" + r.name.RepositoryStr() + path}
}

// tooLarge is the error of a piece that the registry, or what stands before it,
// does not take.
type tooLarge struct {
	err           error
	length, least int64
}

func (e *tooLarge) Error() string { return e.err.Error() }
func (e *tooLarge) Unwrap() error { return e.err }

// refusedForSize reports whether an answer says that a piece was too large. A
// session that has lost count answers 416 too, and is begun again all the same.
func refusedForSize(err error) bool {
	var e *transport.Error
	return errors.As(err, &e) && (e.StatusCode == http.StatusRequestEntityTooLarge || e.StatusCode == http.StatusRequestedRangeNotSatisfiable)
}

// minimum reads the header OCI-Chunk-Min-Length, 0 where there is none.
func minimum(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get("OCI-Chunk-Min-Length"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
