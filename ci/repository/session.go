package repository

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// session is one upload of a blob (OCI distribution specification 1.1, "Pushing a blob in
// chunks"): a POST, a PATCH for each chunk, and a PUT.
type session struct {
	client   *http.Client
	blob     *blob
	location *url.URL // of the next request
	least    int64    // the registry's minimum chunk size, 0 for none
}

// do sends a request and returns the response's header. A status that is not in fine is an error.
func (s *session) do(req *http.Request, fine ...int) (http.Header, error) {
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, withoutQuery(err)
	}
	defer resp.Body.Close()
	if err := transport.CheckError(resp, fine...); err != nil {
		return nil, err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // drained so that the connection can be reused
	if at := resp.Header.Get("Location"); at != "" {
		to, err := resp.Request.URL.Parse(at)
		if err != nil {
			return nil, fmt.Errorf("reading where the upload continues: %w", err)
		}
		if resp.Request.URL.Scheme == "https" && to.Scheme != "https" {
			return nil, fmt.Errorf("the upload continues at %s, expected https as before", to.Redacted())
		}
		s.location = to
	}
	return resp.Header, nil
}

// withoutQuery removes the query from the URL in an error: whoever knows it may be able to
// continue the upload.
func withoutQuery(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		e.URL, _, _ = strings.Cut(e.URL, "?")
	}
	return err
}

// there reports whether the repository has the blob.
func (s *session) there(ctx context.Context) (bool, error) {
	b := s.blob
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, b.repository.url("/blobs/"+b.digest.String()).String(), nil)
	if err != nil {
		return false, err
	}
	_, err = s.do(req, http.StatusOK)
	if missing(err) {
		return false, nil
	}
	return err == nil, err
}

func (s *session) begin(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.blob.repository.url("/blobs/uploads/").String(), nil)
	if err != nil {
		return err
	}
	s.location = nil
	header, err := s.do(req, http.StatusAccepted)
	if err != nil {
		return err
	}
	if s.location == nil {
		return errors.New("beginning an upload: the response does not say where it continues")
	}
	s.least = minimum(header)
	return nil
}

// send sends one chunk.
func (s *session) send(ctx context.Context, offset, length int64) error {
	b := s.blob
	open := func() (io.ReadCloser, error) { return b.open(offset, length) }
	body, err := open()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPatch, s.location.String(), body)
	if err != nil {
		return err
	}
	req.ContentLength, req.GetBody = length, open
	req.Header.Set("Content-Type", "application/octet-stream")
	if length < b.size { // a blob sent in one piece is a stream upload, which every registry accepts
		req.Header.Set("Content-Range", fmt.Sprintf("%d-%d", offset, offset+length-1))
	}
	_, err = s.do(req, http.StatusAccepted, http.StatusNoContent, http.StatusCreated)
	if refusedForSize(err) {
		return &tooLarge{err: err, length: length, least: s.least}
	}
	var unanswered *url.Error
	b.broken = errors.As(err, &unanswered)
	return err
}

func (s *session) commit(ctx context.Context) error {
	query := s.location.Query()
	query.Set("digest", s.blob.digest.String())
	to := *s.location
	to.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, to.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	_, err = s.do(req, http.StatusCreated)
	return err
}

// piece is a part of a blob.
type piece struct {
	io.Reader
	io.Closer
}

// open returns a reader of length bytes of the blob, beginning at offset.
func (b *blob) open(offset, length int64) (io.ReadCloser, error) {
	rc, err := b.layer.Compressed()
	if err != nil {
		return nil, fmt.Errorf("opening it: %w", err)
	}
	if s, ok := rc.(io.Seeker); ok {
		_, err = s.Seek(offset, io.SeekStart)
	} else {
		_, err = io.CopyN(io.Discard, rc, offset)
	}
	if err != nil {
		_ = rc.Close()
		return nil, fmt.Errorf("reading it from byte %d: %w", offset, err)
	}
	if length == b.size {
		return rc, nil // a file stays an *os.File, which the kernel can send directly
	}
	return piece{io.LimitReader(rc, length), rc}, nil
}
