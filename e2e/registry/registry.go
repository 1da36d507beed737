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
	// Name is what Config calls the registry: cargo publish --registry loopback.
	Name = "loopback"
	// TokenVariable is the variable of the environment that cargo takes a token for
	// it from.
	TokenVariable = "CARGO_REGISTRIES_LOOPBACK_TOKEN"
	// IndexVariable is the variable that slipway takes its index from.
	IndexVariable = "CARGO_REGISTRIES_LOOPBACK_INDEX"
)

// Options are what registries differ in. The zero value is open for reading and
// takes crates with no description.
type Options struct {
	// AuthRequired has the index and downloads want a token too.
	AuthRequired bool
	// RequiredFields are the fields of the manifest without which the server refuses
	// a crate, such as "description" and "license", which crates.io asks for.
	RequiredFields []string
	// Host is the name by which clients reach the server, where they see 127.0.0.1
	// under another one. Nothing here resolves it.
	Host string
}

// Server is a running registry. Start makes one, Close ends it.
type Server struct {
	// URL is where cargo and any other client reach it: that of Proxy. Index is its
	// sparse index, as cargo's configuration names it. Both index and API are below
	// "/api/v1/crates/"; crates are published to "/api/v1/crates/new".
	URL, Index string
	// Proxy stands in front of it, for faults and for counting requests. The index
	// names it as the place of downloads and API, so no client passes it by; the
	// methods of Server do.
	Proxy *fault.Proxy

	options         Options
	log             string       // a file
	password, token string       // of user "admin"
	origin          string       // of the server itself
	admin           *http.Client // with the session of "admin"

	cmd *exec.Cmd
	// ended is closed when the process has ended, of which exit is then what is known.
	ended chan struct{}
	exit  error

	mu     sync.Mutex
	tokens map[string]string // by user
}

// Start starts a registry with no crates. It keeps its files in dir, which is made
// if need be and must have had no registry before. It is ready when Start returns,
// about a second later once Command has built it, and runs until Close or until the
// test's process ends.
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

// Replace ends the registry and starts another one behind the same Proxy, with no
// crates, and with files in a directory of its own. Its addresses stay; tokens do not.
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

// begin starts the server's process on a directory.
func (s *Server) begin(path, dir string) error {
	data := filepath.Join(dir, "data")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.Mkdir(data, 0o700)); err != nil {
		return fmt.Errorf("%w; expected a directory that has had none", err)
	}
	s.mu.Lock()
	s.log, s.password, s.token = filepath.Join(dir, "log"), rand.Text(), rand.Text()
	s.tokens = map[string]string{"admin": s.token}
	s.mu.Unlock()
	// Another process may take the port before the server does.
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

// try starts the process on a port that is free now, and has the proxy hand on to it.
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
		_ = s.stop() // says why it ended, as err does
		return err
	}
	return nil
}

// settings are the server's, but for its public port, as variables of its
// environment.
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
		// cargo wants to be told how it comes by a token for a registry of this kind.
		config += "credential-provider = [\"cargo:token\"]\n"
	}
	return config
}

// freePort returns a port of 127.0.0.1 that nothing listened on a moment ago.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}
