package registry

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"dagger/slipway/e2e/sigstack/fault"
)

const (
	// Name is the registry's name in Config: cargo publish --registry loopback.
	Name = "loopback"
	// TokenVariable is the environment variable from which cargo takes the token.
	TokenVariable = "CARGO_REGISTRIES_LOOPBACK_TOKEN"
	// IndexVariable is the environment variable from which slipway takes the index.
	IndexVariable = "CARGO_REGISTRIES_LOOPBACK_INDEX"
)

// Options configures a registry. The zero value allows reading without a token and accepts
// crates without a description.
type Options struct {
	// AuthRequired requires a token for the index and downloads too.
	AuthRequired bool
	// RequiredFields lists manifest fields without which the server refuses a crate: crates.io
	// requires "description" and "license".
	RequiredFields []string
	// Host is the host name by which clients reach the server, if not 127.0.0.1. This package
	// does not resolve it.
	Host string
}

// Server is a running registry, made by Start.
type Server struct {
	// URL is where clients reach the registry: the URL of Proxy. Index is its sparse index, in
	// the form of cargo's configuration. Both index and API are below "/api/v1/crates/";
	// crates are published to "/api/v1/crates/new".
	URL, Index string
	// Proxy is in front of the server, to inject faults and count requests. The index names it
	// for downloads and the API, so clients do not bypass it; the methods of Server do.
	Proxy *fault.Proxy

	options         Options
	log             string       // path of its log file
	password, token string       // of user "admin"
	origin          string       // URL of the server itself
	admin           *http.Client // has the session of "admin"

	cmd *exec.Cmd
	// ended is closed when the process has ended; exit is then its error.
	ended chan struct{}
	exit  error

	mu     sync.Mutex
	tokens map[string]string // by user
}

// Start starts an empty registry. It keeps its files in dir, which is created if necessary
// and must not have been used before. The registry is ready when Start returns, about a
// second after Command has built it, and runs until Close or until the test's process ends.
func Start(dir string, o Options) (*Server, error) {
	path, err := Command()
	if err != nil {
		return nil, err
	}
	s := &Server{options: o}
	if s.Proxy, err = fault.NewProxy("http://127.0.0.1"); err != nil {
		return nil, fmt.Errorf("starting a registry: %w", err)
	}
	public, err := url.Parse(s.Proxy.URL)
	if err != nil {
		return nil, errors.Join(err, s.Proxy.Close())
	}
	public.Host = cmp.Or(o.Host, public.Hostname()) + ":" + public.Port()
	s.URL = public.String()
	s.Index = "sparse+" + s.URL + "/api/v1/crates/"
	if err := s.begin(path, dir); err != nil {
		return nil, errors.Join(fmt.Errorf("starting a registry: %w", err), s.Proxy.Close())
	}
	return s, nil
}

// Replace stops the registry and starts an empty one behind the same Proxy, with its files
// in another directory. The URLs stay the same, tokens do not.
func (s *Server) Replace(dir string) error {
	path, err := Command()
	if err == nil {
		err = s.stop()
	}
	if err == nil {
		err = s.begin(path, dir)
	}
	if err != nil {
		return fmt.Errorf("replacing a registry: %w", err)
	}
	return nil
}

// begin starts the server's process with its files in dir.
func (s *Server) begin(path, dir string) error {
	data := filepath.Join(dir, "data")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.Mkdir(data, 0o700)); err != nil {
		return fmt.Errorf("%w; expected a directory that has had none", err)
	}
	s.mu.Lock()
	s.log, s.password, s.token = filepath.Join(dir, "log"), rand.Text(), rand.Text()
	s.tokens = map[string]string{"admin": s.token}
	s.mu.Unlock()
	// Another process may take the port first.
	var err error
	for range 5 {
		if err = s.try(path, data); !errors.Is(err, errPortTaken) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("starting it in %q: %w", dir, err)
	}
	return nil
}

// try starts the process on a free port, and points the proxy to it.
func (s *Server) try(path, data string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	s.origin = "http://127.0.0.1:" + port
	public, err := url.Parse(s.URL)
	if err == nil {
		err = s.Proxy.Aim(s.origin)
	}
	if err == nil {
		err = s.run(path, append(s.settings(data, port), "KELLNR_ORIGIN__PORT="+public.Port(), "KELLNR_ORIGIN__HOSTNAME="+public.Hostname()))
	}
	if err != nil {
		return err
	}
	if err := s.ready(); err != nil {
		_ = s.stop() // its error is the same as err
		return err
	}
	return nil
}

// settings returns the server's settings as environment variables, except for its public
// port.
func (s *Server) settings(data, port string) []string {
	return []string{
		"NO_COLOR=1",
		"KELLNR_REGISTRY__DATA_DIR=" + data,
		"KELLNR_LOCAL__IP=127.0.0.1",
		"KELLNR_LOCAL__PORT=" + port,
		"KELLNR_SETUP__ADMIN_PWD=" + s.password,
		"KELLNR_SETUP__ADMIN_TOKEN=" + s.token,
		fmt.Sprintf("KELLNR_REGISTRY__AUTH_REQUIRED=%t", s.options.AuthRequired),
		"KELLNR_REGISTRY__REQUIRED_CRATE_FIELDS=" + strings.Join(s.options.RequiredFields, ","),
	}
}

// Config returns the registry's lines of a .cargo/config.toml.
func (s *Server) Config() string {
	config := fmt.Sprintf("[registries.%s]\nindex = %q\n", Name, s.Index)
	if s.options.AuthRequired {
		// cargo requires a credential provider for a registry of this kind.
		config += "credential-provider = [\"cargo:token\"]\n"
	}
	return config
}

// freePort returns a port of 127.0.0.1 that is currently free.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}
