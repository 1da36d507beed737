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

// attempts is how many times a blob's upload is attempted on transient errors.
const attempts = 3

// Chunk sizes in bytes, for a registry that does not accept a blob in one piece.
const (
	firstChunk = 16 << 20
	leastChunk = 1 << 20 // what a proxy accepts in its default configuration
)

// upload makes sure that the repository has a blob. Before each attempt it checks whether the
// blob exists, because an earlier request may have succeeded although its response was lost. Each
// attempt begins a new upload session, because the last one may be lost too.
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
		asked, retryable := Transient(err)
		if attempt++; !retryable || attempt == attempts {
			return err
		}
		// A size limit of a proxy may be what broke the connection.
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

// blob is a blob being uploaded.
type blob struct {
	repository *Repository
	layer      v1.Layer
	digest     v1.Hash
	size       int64
	broken     bool // the last attempt sent part of it and got no response
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
	return &blob{repository: r, layer: l, digest: digest, size: size}, nil
}

// chunk returns how many bytes are sent in one request.
func (b *blob) chunk() int64 {
	if c := b.repository.chunk.Load(); c > 0 {
		return min(c, b.size)
	}
	return b.size
}

// shrink reduces the chunk size for all blobs of the repository, and reports whether that was
// possible. least is the registry's minimum chunk size, 0 if unknown.
func (b *blob) shrink(least int64) bool {
	now := b.chunk()
	next := max(min((now+1)/2, firstChunk), leastChunk, least)
	if next >= now {
		return false
	}
	b.repository.chunk.Store(next)
	return true
}

// attempt uploads the blob once, unless the registry already has it.
func (b *blob) attempt(ctx context.Context) error {
	b.broken = false
	w, err := b.repository.signIn(ctx)
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

// url returns the address of a path below the repository.
func (r *Repository) url(path string) *url.URL {
	return &url.URL{Scheme: r.name.Scheme(), Host: r.name.RegistryStr(), Path: "/v2/" + r.name.RepositoryStr() + path}
}

// tooLarge is the error for a chunk that the registry, or a proxy before it, rejects as too
// large.
type tooLarge struct {
	err           error
	length, least int64
}

func (e *tooLarge) Error() string { return e.err.Error() }
func (e *tooLarge) Unwrap() error { return e.err }

// refusedForSize reports whether a response says that a chunk was too large. A registry also
// answers 416 when a session is out of sync; starting it again is right then too.
func refusedForSize(err error) bool {
	var e *transport.Error
	return errors.As(err, &e) && (e.StatusCode == http.StatusRequestEntityTooLarge || e.StatusCode == http.StatusRequestedRangeNotSatisfiable)
}

// minimum returns the value of the header OCI-Chunk-Min-Length, or 0 without a valid one.
func minimum(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get("OCI-Chunk-Min-Length"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
