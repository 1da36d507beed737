package repository

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Transient judges the error of a request to a registry: whether it may pass, and
// how long the registry asks to wait. What it refuses (400, 401, 403, 404) does not
// pass, but for an upload that it does not know any more, which is begun again.
func Transient(err error) (time.Duration, bool) {
	var asks *Later
	var answer *transport.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return 0, false
	case errors.As(err, &asks):
		return asks.Wait, true
	case errors.As(err, &answer):
		return 0, passes(answer)
	}
	return 0, broken(err)
}

func passes(e *transport.Error) bool {
	if e.StatusCode >= 500 && e.StatusCode != http.StatusNotImplemented || e.StatusCode == http.StatusTooManyRequests || e.StatusCode == http.StatusRequestTimeout {
		return true
	}
	for _, d := range e.Errors {
		switch d.Code {
		case transport.BlobUploadUnknownErrorCode, transport.BlobUploadInvalidErrorCode, transport.TooManyRequestsErrorCode, transport.UnavailableErrorCode:
			return true
		}
	}
	return false
}

// broken reports whether an error is one of the connection.
func broken(err error) bool {
	for _, e := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNREFUSED, net.ErrClosed} {
		if errors.Is(err, e) {
			return true
		}
	}
	var name *net.DNSError
	var timeout net.Error
	return errors.As(err, &name) || errors.As(err, &timeout) && timeout.Timeout()
}
