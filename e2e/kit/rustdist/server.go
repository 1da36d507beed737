// Package rustdist is a distribution server of Rust for tests, in the format of rustup's own:
// channel manifests, and components as tarballs with their hashes. The compilers are real
// ones, an older and a newer than slipway's, from Debian's packages of later suites, changed
// to run on Debian bookworm; the standard library for the musl targets is built from their
// source. Packing a channel takes minutes and is done once for a user: see open.
//
// Clients find the server by RUSTUP_DIST_SERVER. It serves the channels that these compilers
// are: by exact version, by minor version, and stable. There is no beta and no nightly, since
// rustc -vV would contradict them.
package rustdist

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dagger/slipway/e2e/kit"
)

// Names of the releases, for Open and Release.
const (
	Older = "older"
	Newer = "newer"
)

// Server serves releases of Rust on loopback.
type Server struct {
	http  *httptest.Server
	packs map[string]*pack
	text  map[string]string // manifests and hashes, by path
	files map[string]string // paths of tarballs, by path

	mu      sync.Mutex
	hits    []string
	damaged map[string]bool
}

// Open starts a server with some of the releases, Older and Newer, or with both. It packs what
// this user's cache lacks, which takes minutes: in a sample of the tests (-short) the test is
// skipped instead. The server ends with the test.
func Open(t testing.TB, names ...string) *Server {
	t.Helper()
	if len(names) == 0 {
		names = []string{Older, Newer}
	}
	s := &Server{packs: map[string]*pack{}, text: map[string]string{}, files: map[string]string{}, damaged: map[string]bool{}}
	for _, name := range names {
		if testing.Short() && !packed(name) {
			t.Skipf("SKIPPED: packing the %s Rust channel takes minutes, and this is a sample: run make e2e-local", name)
		}
		p, err := open(t.Context(), name, os.Stderr)
		kit.Check(t, err)
		kit.Check(t, s.add(name, p))
	}
	s.http = httptest.NewServer(s)
	t.Cleanup(s.http.Close)
	return s
}

// packed reports whether this user's cache has a channel.
func packed(name string) bool {
	base, err := os.UserCacheDir()
	if err != nil {
		return false
	}
	digest, err := digestOf(madeBy)
	return err == nil && exists(filepath.Join(base, "slipway-e2e", "rustdist", name+"-"+digest[:16]))
}

// add serves a pack. Stable is the newest of those that were added.
func (s *Server) add(name string, p *pack) error {
	s.packs[name] = p
	channels := []string{p.Release.Version, p.Release.Minor()}
	if name == Newer || len(s.packs) == 1 {
		channels = append(channels, "stable")
	}
	manifest := p.manifest()
	for _, channel := range channels {
		file := "channel-rust-" + channel + ".toml"
		for _, dir := range []string{"/dist/", "/dist/" + p.Release.Date + "/"} {
			s.text[dir+file] = manifest
			s.text[dir+file+".sha256"] = fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(manifest)), file)
		}
	}
	for _, a := range p.Artifacts {
		for file, hash := range map[string]string{a.XZ: a.XZHash, a.GZ: a.GZHash} {
			path := "/dist/" + p.Release.Date + "/" + file
			s.files[path] = filepath.Join(p.dir, path)
			s.text[path+".sha256"] = hash + "  " + file + "\n"
			if !exists(s.files[path]) {
				return fmt.Errorf("%q is gone from the cache: remove its directory, to have it packed again", s.files[path])
			}
		}
	}
	return nil
}

// URL returns the server's address, for RUSTUP_DIST_SERVER.
func (s *Server) URL() string { return s.http.URL }

// Release returns what is served as Older or Newer.
func (s *Server) Release(name string) Release { return s.packs[name].Release }

// Manifest returns the text of the manifest of a channel ("1.85.1", "stable"), "" if there is none.
func (s *Server) Manifest(channel string) string {
	return s.text["/dist/channel-rust-"+channel+".toml"]
}

// Hits returns the paths that were asked for, in order, whether they are served or not.
func (s *Server) Hits() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hits)
}

// Forget empties what Hits returns.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits = nil
}

// Damage makes the server change a byte in the middle of files whose path has this part, from
// now on. It fails the test if there are none.
func (s *Server) Damage(t testing.TB, part string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	found := false
	for path := range s.files {
		if strings.Contains(path, part) {
			s.damaged[path], found = true, true
		}
	}
	if !found {
		t.Fatalf("no file of the Rust distribution server has %q in its path", part)
	}
}

// ServeHTTP serves a manifest, a hash or a tarball.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.hits = append(s.hits, r.URL.Path)
	damaged := s.damaged[r.URL.Path]
	s.mu.Unlock()
	path, ok := s.files[r.URL.Path]
	if !ok {
		text, ok := s.text[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
		return
	}
	if !damaged {
		http.ServeFile(w, r, path)
		return
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	raw[len(raw)/2] ^= 1
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(raw))
}
