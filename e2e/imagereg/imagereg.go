// Package imagereg runs two real, and different, image registries on loopback for tests.
package imagereg

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem" // registers the driver
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/sirupsen/logrus"

	"dagger/slipway/e2e/sigstack/fault"
)

// The kinds of registries.
const (
	// GGCR is go-containerregistry's own registry: it has the referrers API, lets anyone
	// overwrite tags, and keeps everything in memory.
	GGCR = "go-containerregistry"
	// Distribution is the reference implementation, on which most registries are based: it
	// answers 404 for referrers.
	Distribution = "distribution"
)

// Registry is a running registry.
type Registry struct {
	// Host is the registry's own address; Proxy is a proxy in front of it.
	Host  string
	Proxy *fault.Proxy

	server *http.Server
}

// Start starts a registry that stores its data in dir.
func Start(kind, dir string) (*Registry, error) {
	handler, err := handler(kind, dir)
	if err != nil {
		return nil, fmt.Errorf("starting the registry %q: %w", kind, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the registry %q: %w", kind, err)
	}
	r := &Registry{Host: l.Addr().String(), server: &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}}
	go func() { _ = r.server.Serve(l) }()
	if r.Proxy, err = fault.NewProxy("http://" + r.Host); err != nil {
		_ = r.server.Close()
		return nil, err
	}
	return r, nil
}

// Close stops the registry and its proxy.
func (r *Registry) Close() error {
	err := r.Proxy.Close()
	if e := r.server.Close(); err == nil {
		err = e
	}
	return err
}

func handler(kind, dir string) (http.Handler, error) {
	switch kind {
	case GGCR:
		return registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))), nil
	case Distribution:
		return distribution(dir)
	}
	return nil, fmt.Errorf("there is no such registry here; expected %q or %q", GGCR, Distribution)
}

func distribution(dir string) (http.Handler, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	logrus.SetOutput(io.Discard)
	c := &configuration.Configuration{Storage: configuration.Storage{
		"filesystem":  {"rootdirectory": dir},
		"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
	}}
	c.HTTP.Secret = rand.Text()
	c.HTTP.RelativeURLs = true // so that clients of the proxy stay with it
	c.Catalog.MaxEntries = 1000
	return handlers.NewApp(context.Background(), c), nil
}
