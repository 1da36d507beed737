package registry

import (
	"strings"
	"testing"
)

// owners returns a cargo command about the owners of a crate.
func owners(args ...string) []string {
	return append([]string{"owner", "--registry", Name, "hello-lib"}, args...)
}

// TestRegistryOwners checks that an owner of a crate, and nobody else, can add owners and
// publish.
func TestRegistryOwners(t *testing.T) {
	s := start(t, Options{})
	alice := packaged(t, s, "alice", "hello-lib", "0.1.0", "")
	alice.must(t, upload...)
	bob := packaged(t, s, "bob", "hello-lib", "0.2.0", "")
	bob.refused(t, "Not the owner of the crate", upload...)
	bob.refused(t, "(status 403 Forbidden): ERROR: Not the owner of the crate", owners("--add", "bob")...)
	wantOwners(t, s, "hello-lib", "alice")

	alice.must(t, owners("--add", "bob")...)
	if out := bob.must(t, owners("--list")...); !strings.Contains(out, "alice\nbob\n") {
		t.Errorf("cargo lists\n%s\nexpected alice and bob", out)
	}
	bob.must(t, upload...)
	wantVersions(t, s, "hello-lib", "0.1.0", "0.2.0")

	bob.must(t, owners("--remove", "alice")...)
	wantOwners(t, s, "hello-lib", "bob")
	bob.refused(t, "(status 409 Conflict): ERROR: A crate must have at least one owner", owners("--remove", "bob")...)
}

// TestRegistryOwnersTwice checks that the server, unlike crates.io, refuses to add an
// existing owner, so clients must check first.
func TestRegistryOwnersTwice(t *testing.T) {
	s := start(t, Options{})
	c := packaged(t, s, "alice", "hello-lib", "0.1.0", "")
	c.must(t, upload...)
	c.refused(t, "(status 500 Internal Server Error)", owners("--add", "alice")...)
	wantOwners(t, s, "hello-lib", "alice")
}

// TestRegistryTeams checks that a team is a user of that name.
func TestRegistryTeams(t *testing.T) {
	const team = "github:containerd:runwasi-committers"
	s := start(t, Options{})
	c := packaged(t, s, "alice", "hello-lib", "0.1.0", "")
	c.must(t, upload...)
	c.refused(t, "(status 500 Internal Server Error): ERROR: User not found: "+team, owners("--add", team)...)
	_, err := s.Token(team)
	check(t, err)
	c.must(t, owners("--add", team)...)
	wantOwners(t, s, "hello-lib", "alice", team)
}

// TestRegistryTokens checks that each user has a token, and that "admin" exists from the
// start.
func TestRegistryTokens(t *testing.T) {
	s := start(t, Options{})
	users := map[string]string{}
	for _, user := range []string{"admin", "alice", "bob"} {
		token, err := s.Token(user)
		check(t, err)
		if other, ok := users[token]; ok || token == "" {
			t.Errorf("%q has token %q, as has %q", user, token, other)
		}
		users[token] = user
		if again, err := s.Token(user); err != nil || again != token {
			t.Errorf("%q has token %q, then %q, %v", user, token, again, err)
		}
	}
	if _, err := s.Token(""); err == nil || !strings.Contains(err.Error(), `making user ""`) {
		t.Errorf("a user with no name: %v", err)
	}
}
