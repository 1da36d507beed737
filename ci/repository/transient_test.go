package repository

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

func TestTransient(t *testing.T) {
	status := func(code int, codes ...transport.ErrorCode) error {
		e := &transport.Error{StatusCode: code}
		for _, c := range codes {
			e.Errors = append(e.Errors, transport.Diagnostic{Code: c})
		}
		return fmt.Errorf("pushing: %w", e)
	}
	tests := []struct {
		name      string
		err       error
		retryable bool
		wait      time.Duration
	}{
		{"none", nil, false, 0},
		{"500", status(500), true, 0},
		{"502", status(502), true, 0},
		{"503", status(503), true, 0},
		{"501", status(501), false, 0},
		{"429", status(429), true, 0},
		{"429 with a time", fmt.Errorf("pushing: %w", &Later{Wait: 7 * time.Second}), true, 7 * time.Second},
		{"408", status(408), true, 0},
		{"400", status(400), false, 0},
		{"401", status(401, transport.UnauthorizedErrorCode), false, 0},
		{"403", status(403, transport.DeniedErrorCode), false, 0},
		{"404", status(404, transport.NameUnknownErrorCode), false, 0},
		{"a digest that is wrong", status(400, transport.DigestInvalidErrorCode), false, 0},
		{"an upload that is lost", status(404, transport.BlobUploadUnknownErrorCode), true, 0},
		{"an upload that is confused", status(400, transport.BlobUploadInvalidErrorCode), true, 0},
		{"reset", &url.Error{Op: "Patch", Err: &net.OpError{Op: "write", Err: syscall.ECONNRESET}}, true, 0},
		{"refused", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true, 0},
		{"cut off", fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), true, 0},
		{"no such name", &net.DNSError{IsNotFound: true}, true, 0},
		{"a time out", &url.Error{Op: "Put", Err: context.DeadlineExceeded}, true, 0},
		{"cancelled", &url.Error{Op: "Put", Err: context.Canceled}, false, 0},
		{"anything else", errors.New("no"), false, 0},
		{"one of several", errors.Join(status(403), status(500)), false, 0},
	}
	for _, tt := range tests {
		if wait, retryable := Transient(tt.err); retryable != tt.retryable || wait != tt.wait {
			t.Errorf("%s: %s, %t; want %s, %t", tt.name, wait, retryable, tt.wait, tt.retryable)
		}
	}
}
