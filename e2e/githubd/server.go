// Package githubd is GitHub's REST API on loopback, as far as a release needs it,
// for end-to-end tests. Commits, branches and tags live in a real bare repository
// that tests also push to and clone from; releases, assets, pull requests and
// tokens live in the server. Every request and every answer is held against
// GitHub's own OpenAPI description: Violations says what did not fit.
//
// Where the description is silent the server does what GitHub was seen to do, and
// the comment beside it says so. What it does not simulate it calls a violation,
// so that no test passes by an answer that GitHub would not give.
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

// Options say what a server starts with.
type Options struct {
	// Dir is where the server keeps its files; it is made if need be.
	Dir string
	// Git is the path of the bare repository. Its HEAD names the default branch. It
	// gets an update hook that keeps the tags of immutable releases in place.
	Git string
	// Owner and Repo are the repository's name.
	Owner, Repo string
	// Private hides the repository from those without a permission of their own.
	Private bool
	// Immutable has immutable releases on from the start.
	Immutable bool
	// NoDigests leaves the digests of assets out, as enterprise servers do that are too
	// old to know them.
	NoDigests bool
	// RateLimit is how many requests an hour a login has; 0 means GitHub's 5000.
	RateLimit int
}

// Server is a running GitHub. Start makes one, Close ends it. Its methods may be
// called at any time, by any number of goroutines.
type Server struct {
	// URL is where it listens, without a slash at the end: the API is below "/" and
	// below "/api/v3/", uploads below "/api/uploads/", as on an enterprise server,
	// and downloads where a browser looks for them. Uploads are also at UploadURL.
	URL string

	options  Options
	git      git
	routes   []route
	rules    *description.Description
	servers  []*http.Server
	upload   string // where the listener for uploads is
	storage  string // where the listener for downloads is
	journal  journal
	answered func(route, *answer) // for tests: sees answers before they are looked at

	mu        sync.Mutex // guards what follows
	announced Addresses
	repository
	accounts map[string]*account
	tokens   map[string]*token
	faults   []Fault
	lastID   int64
}

// rules are the description of the operations that are served. Loading it takes a
// tenth of a second, and once in a process is enough.
var rules = sync.OnceValues(func() (*description.Description, error) {
	var operations []description.Operation
	for _, r := range routes() {
		operations = append(operations, r.Operation)
	}
	return description.Load(operations)
})

// Start starts a server on free ports of loopback. The first call on a machine
// fetches GitHub's description with npm.
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

// check finds options that cannot be meant.
func (o Options) check() error {
	switch {
	case o.Dir == "" || o.Git == "":
		return errors.New("no directory for its files, or no bare repository; expected Dir and Git")
	case o.Owner == "" || o.Repo == "":
		return errors.New("no name of the repository; expected Owner and Repo")
	// The API and web pages share a listener.
	case slices.Contains([]string{"api", "repos", "repositories", "user", "rate_limit"}, o.Owner):
		return fmt.Errorf("owner %q is a part of the API's paths; expected another name", o.Owner)
	}
	return nil
}

// listen opens the listeners. That of downloads has an address of its own: clients
// tell hosts apart by name, without the port, and must see another host there.
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

// Close ends the server and every connection to it. Its files and the bare
// repository stay.
func (s *Server) Close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}
