// Package githubd simulates GitHub's REST API on loopback for end-to-end tests, as far as a
// release needs it. Commits, branches and tags are in a real bare repository that tests
// also push to and clone from; releases, assets, pull requests and tokens are in the
// server. Every request and response is checked against GitHub's own OpenAPI description:
// Violations returns what does not match.
//
// Where the description says nothing, the server does what GitHub has been observed to do,
// and a comment says so. Using something it does not simulate is a violation, so that no
// test passes because of a response that GitHub would not give.
package githubd

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"dagger/slipway/e2e/githubd/description"
)

// Options configures a server.
type Options struct {
	// Dir is the directory for the server's files. It is created if necessary.
	Dir string
	// Git is the path of the bare repository. Its HEAD names the default branch. It gets an
	// update hook that protects the tags of immutable releases.
	Git string
	// Owner and Repo are the repository's name.
	Owner, Repo string
	// Private hides the repository from anyone without a permission.
	Private bool
	// Immutable turns on immutable releases.
	Immutable bool
	// NoDigests omits the digests of assets, like old enterprise servers.
	NoDigests bool
	// RateLimit is the number of requests per hour for a login; 0 means GitHub's 5000.
	RateLimit int
}

// Server is a running server, made by Start. It is safe for concurrent use.
type Server struct {
	// URL is its address, without a trailing slash: the API is below "/" and "/api/v3/",
	// uploads are below "/api/uploads/" as on an enterprise server, and downloads are where
	// browsers expect them. UploadURL also accepts uploads.
	URL string

	options  Options
	git      git
	routes   []route
	rules    *description.Description
	servers  []*http.Server
	upload   string // URL of the listener for uploads
	storage  string // URL of the listener for downloads
	journal  journal
	answered func(route, *answer) // for tests: called with responses before they are checked

	mu        sync.Mutex // guards the fields below
	announced Addresses
	repository
	accounts map[string]*account
	tokens   map[string]*token
	faults   []Fault
	lastID   int64
}

// rules loads the description of the implemented operations, once per process because it
// takes a tenth of a second.
var rules = sync.OnceValues(func() (*description.Description, error) {
	var operations []description.Operation
	for _, r := range routes() {
		operations = append(operations, r.Operation)
	}
	return description.Load(operations)
})

// Start starts a server on free ports on loopback. The first call on a machine downloads
// GitHub's description with npm.
func Start(o Options) (*Server, error) {
	s, err := start(o)
	if err != nil {
		return nil, fmt.Errorf("starting githubd for %q: %w", o.Owner+"/"+o.Repo, err)
	}
	return s, nil
}

func start(o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	described, err := rules()
	if err != nil {
		return nil, err
	}
	s := &Server{
		options:  o,
		git:      git{dir: o.Git, scratch: filepath.Join(o.Dir, "scratch")},
		routes:   routes(),
		rules:    described,
		accounts: map[string]*account{},
		tokens:   map[string]*token{},
	}
	if err := s.repository.open(s, o); err != nil {
		return nil, err
	}
	for _, dir := range []string{s.git.scratch, s.assetDir()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	if err := s.listen(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// check returns an error for invalid options.
func (o Options) check() error {
	switch {
	case o.Dir == "" || o.Git == "":
		return errors.New("no directory for its files, or no bare repository; expected Dir and Git")
	case o.Owner == "" || o.Repo == "":
		return errors.New("no name of the repository; expected Owner and Repo")
	// The API and the web pages share a listener.
	case slices.Contains([]string{"api", "repos", "repositories", "user", "rate_limit"}, o.Owner):
		return fmt.Errorf("owner %q is a part of the API's paths; expected another name", o.Owner)
	}
	return nil
}

// listen opens the listeners. Downloads have another address, because clients compare hosts
// by name, without the port, and must see another host there.
func (s *Server) listen() (err error) {
	if s.URL, err = s.serve("127.0.0.1:0", s.front()); err != nil {
		return err
	}
	if s.upload, err = s.serve("127.0.0.1:0", s.api("", true)); err != nil {
		return err
	}
	s.storage, err = s.serve("127.0.0.2:0", http.HandlerFunc(s.download))
	s.Announce(Addresses{})
	return err
}

// serve serves h on address until Close, and returns its URL.
func (s *Server) serve(address string, h http.Handler) (string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	s.servers = append(s.servers, server)
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), nil
}

// Close stops the server and closes all connections. Its files and the bare repository
// stay.
func (s *Server) Close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}
