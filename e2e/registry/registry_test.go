package registry

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRegistryPublishes checks that cargo can publish, and that the index has the checksum
// of exactly the bytes it packaged.
func TestRegistryPublishes(t *testing.T) {
	s := start(t, Options{})
	c := packaged(t, s, "alice", "hello-lib", "0.1.0", "")
	wantVersions(t, s, "hello-lib")
	wantOwners(t, s, "hello-lib")
	if out := c.must(t, publish...); !strings.Contains(out, "Published hello-lib v0.1.0 at registry `loopback`") {
		t.Errorf("cargo says:\n%s", out)
	}
	versions := wantVersions(t, s, "hello-lib", "0.1.0")
	wantOwners(t, s, "hello-lib", "alice")
	c.must(t, "package", "--allow-dirty", "--no-verify", "--registry", Name)
	local, err := os.ReadFile(filepath.Join(c.dir, "target/package/hello-lib-0.1.0.crate"))
	check(t, err)
	remote, err := s.Download("hello-lib", "0.1.0")
	check(t, err)
	if !bytes.Equal(local, remote) {
		t.Errorf("what the registry gives, %d bytes, is not what cargo packages, %d bytes", len(remote), len(local))
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(remote)); len(versions) != 1 || versions[0].Checksum != sum {
		t.Errorf("the index has %+v, expected checksum %s", versions, sum)
	}
	if _, err := s.Download("hello-lib", "0.2.0"); err == nil || !strings.Contains(err.Error(), "answered 404") {
		t.Errorf("downloading a version that there is not: %v", err)
	}
}

// TestRegistryRefusesTokens checks that cargo sends no upload without a token, and that an
// invalid token is refused.
func TestRegistryRefusesTokens(t *testing.T) {
	s := start(t, Options{})
	c := packaged(t, s, "", "hello-lib", "0.1.0", "")
	c.refused(t, "no token found for `loopback`", upload...)
	if n := Changes(s.Proxy.Requests()); n != 0 {
		t.Errorf("%d requests for a change without a token", n)
	}
	c.with("of-nobody").refused(t, "failed to get a 200 OK response, got 403", upload...)
	wantVersions(t, s, "hello-lib")
}

// TestRegistryRefusesDuplicates checks that cargo finds a duplicate in the index, and that
// the server refuses one from other clients.
func TestRegistryRefusesDuplicates(t *testing.T) {
	s := start(t, Options{})
	c := packaged(t, s, "alice", "hello-lib", "0.1.0", "")
	c.must(t, upload...)
	before := wantVersions(t, s, "hello-lib", "0.1.0")
	c.refused(t, "crate hello-lib@0.1.0 already exists on `loopback` index", upload...)
	if n := Changes(s.Proxy.Requests()); n != 1 {
		t.Errorf("%d requests for a change, expected the first upload alone", n)
	}
	for user, want := range map[string]string{
		"alice": `400 {"errors":[{"detail":"ERROR: Crate with version already exists: hello-lib-0.1.0"}]}`,
		"admin": `400 {"errors":[{"detail":"ERROR: Crate with version already exists: hello-lib-0.1.0"}]}`,
		"bob":   `403 {"errors":[{"detail":"ERROR: Not the owner of the crate"}]}`,
		"":      `403 `,
	} {
		if got := put(t, s, user, "hello-lib", "0.1.0", "other bytes"); got != want {
			t.Errorf("to %q who publishes again the server says\n%s\nexpected\n%s", user, got, want)
		}
	}
	if after := wantVersions(t, s, "hello-lib", "0.1.0"); len(after) != 1 || after[0] != before[0] {
		t.Errorf("the index has %+v, expected %+v as before", after, before)
	}
}

// TestRegistryRequiredFields checks that a crate without a description is refused, as by
// crates.io.
func TestRegistryRequiredFields(t *testing.T) {
	s := start(t, Options{RequiredFields: []string{"description", "license"}})
	const words = `(status 400 Bad Request): ERROR: Required field(s) not defined for crate hello-lib, missing: ["description"]`
	packaged(t, s, "alice", "hello-lib", "0.1.0", "license = \"MIT\"\n").refused(t, words, upload...)
	wantVersions(t, s, "hello-lib")
	packaged(t, s, "alice", "hello-lib", "0.1.0", "license = \"MIT\"\ndescription = \"A library.\"\n").must(t, upload...)
	wantVersions(t, s, "hello-lib", "0.1.0")
}

// TestRegistryAuthRequired checks that even the index requires a token.
func TestRegistryAuthRequired(t *testing.T) {
	s := start(t, Options{AuthRequired: true})
	c := packaged(t, s, "", "hello-lib", "0.1.0", "")
	c.refused(t, "no token found for `loopback`", upload...)
	c.with("of-nobody").refused(t, "token rejected for `loopback`", upload...)
	packaged(t, s, "alice", "hello-lib", "0.1.0", "").must(t, upload...)
	wantVersions(t, s, "hello-lib", "0.1.0")
}

// TestRegistryUsedDirectory checks that a registry is not started on another's files.
func TestRegistryUsedDirectory(t *testing.T) {
	s := start(t, Options{})
	dir := filepath.Dir(s.log)
	if _, err := Start(dir, Options{}); err == nil || !strings.Contains(err.Error(), "expected a directory that has had none") {
		t.Errorf("starting a second one in %q: %v", dir, err)
	}
}

// TestRegistryCloses checks that nothing is left of a closed registry, and that Close
// reports one that died.
func TestRegistryCloses(t *testing.T) {
	s := start(t, Options{})
	process := fmt.Sprintf("/proc/%d", s.cmd.Process.Pid)
	_, err := os.Stat(process)
	check(t, err)
	check(t, s.Close())
	if _, err := os.Stat(process); err == nil {
		t.Errorf("%s is still there", process)
	}
	if _, err := s.Versions("hello-lib"); err == nil {
		t.Error("it still answers")
	}

	dead, err := Start(t.TempDir(), Options{})
	check(t, err)
	check(t, dead.cmd.Process.Kill())
	if err := dead.Close(); err == nil || !strings.Contains(err.Error(), "ended by itself: signal: killed") {
		t.Errorf("closing one that was killed: %v", err)
	}
}

// TestRegistryReplace checks that the replacement at the same address has none of the first
// one's data.
func TestRegistryReplace(t *testing.T) {
	s := start(t, Options{})
	packaged(t, s, "alice", "hello-lib", "0.1.0", "").must(t, upload...)
	url, token := s.URL, s.token
	check(t, s.Replace(t.TempDir()))
	if s.URL != url || s.token == token {
		t.Errorf("it is at %s, expected %s, with another token", s.URL, url)
	}
	wantVersions(t, s, "hello-lib")
	packaged(t, s, "bob", "hello-lib", "0.1.0", "").must(t, upload...)
	wantOwners(t, s, "hello-lib", "bob")
}

// TestRegistryPortTaken checks that a port used by another process is recognised, even if
// that process does not respond.
func TestRegistryPortTaken(t *testing.T) {
	path := start(t, Options{}).cmd.Path
	other, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer func() { _ = other.Close() }()
	dir := t.TempDir()
	s := &Server{log: filepath.Join(dir, "log"), origin: "http://" + other.Addr().String()}
	_, port, err := net.SplitHostPort(other.Addr().String())
	check(t, err)
	check(t, s.run(path, s.settings(dir, port)))
	if err := s.ready(); !errors.Is(err, errPortTaken) {
		t.Errorf("got %v, expected %v", err, errPortTaken)
	}
}
