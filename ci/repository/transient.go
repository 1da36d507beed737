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

// Transient reports whether the error of a request to a registry is transient, and how long the
// registry asks to wait. Refusals (400, 401, 403, 404) are permanent, except for an unknown
// upload session, because the upload can be started again.
func Transient(err error) (time.Duration, bool) {
	var asks *Later
	var answer *transport.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return 0, false
	case errors.As(err, &asks):
		return asks.Wait, true
	case errors.As(err, &answer):
		return 0, transientStatus(answer)
	}
	return 0, broken(err)
}

func transientStatus(e *transport.Error) bool {
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

// broken reports whether err is a network error.
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
