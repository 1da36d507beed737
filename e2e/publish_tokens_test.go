package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/registry"
	"dagger/slipway/e2e/sigstack"
)

const (
	tokensCrate   = "hostile-tokens"
	tokensVersion = "0.1.0"
)

// TestPublishTokens releases a crate whose build script and test look for slipway's own
// tokens: in their environment, in that of all processes, in the files where tools keep
// them.
func TestPublishTokens(t *testing.T) {
	w, l := local(t)
	s := stack(t)
	p, tokens := searched(t, s)
	r := p.wary(t, s, tokens)
	t.Run("it would find them", func(t *testing.T) {
		told := r
		told.source, told.flags = copyTo(t, r.source, filepath.Join(t.TempDir(), "told")), nil
		write(t, read(t, told.source, ".cargo/config.toml")+"\n[env]\nINNOCENT = \""+tokens[0]+"\"\n", told.source, ".cargo/config.toml")
		got := w.release(t, told).wantCode(t, 1)
		if !strings.Contains(got.stderr, "HOSTILE: the needle is in own environment") {
			t.Errorf("it did not find what was put before it:\n%s", last(got.stderr))
		}
	})
	got := w.release(t, r)
	lines := said(t, got, "SEARCHED")
	got.wantCode(t, 0)
	wantSearched(t, lines)
	p.wantCrate(t, tokensCrate, tokensVersion)
	for _, secret := range tokens {
		if strings.Contains(got.stdout+got.stderr, secret) {
			t.Error("a token was printed")
		}
		for _, dir := range []string{filepath.Join(l.cache, "steps"), filepath.Join(l.cache, "tmp"), r.out} {
			if found := (command{args: []string{"grep", "-rlF", "-e", secret, dir}}).run(t); found.code != 1 {
				t.Errorf("a token is in a file: %s%s", found.stdout, found.stderr)
			}
		}
	}
}

// searched returns services with the crate that looks for tokens. The crate recognises them
// by needle.txt, which has each one split over two lines.
func searched(t *testing.T, s *sigstack.Stack) (*services, []string) {
	t.Helper()
	server := newRegistry(t, "")
	source := workspace(t, tokensCrate)
	manifest := strings.Replace(read(t, source, "Cargo.toml"), "publish = false\n", "description = \"Looks for tokens\"\nlicense = \"MIT\"\n", 1)
	write(t, manifest, source, "Cargo.toml")
	write(t, "[registry]\ndefault = \""+registry.Name+"\"\n\n"+server.Config(), source, ".cargo/config.toml")
	token, err := server.Token("maintainer")
	check(t, err)
	repository(t, source, "main")
	p := &services{fakeGitHub: fakeGitHubOf(t, source), registry: server, token: token}
	tokens := []string{p.fakeGitHub.token, p.token, s.TokenRequestToken()}
	var needles strings.Builder
	for _, secret := range tokens {
		half := len(secret) / 2
		needles.WriteString(secret[:half] + "\n" + secret[half:] + "\n\n")
	}
	write(t, needles.String(), source, "needle.txt")
	git(t, source, "commit", "--quiet", "--all", "--message", "what to look for")
	git(t, source, "push", "--quiet", p.bare, "main")
	head = git(t, source, "rev-parse", "HEAD")
	handOut(s, nil)
	return p, tokens
}

// wary returns the request for a real release on a machine where tools also keep the tokens
// in their files.
func (p *services) wary(t *testing.T, s *sigstack.Stack, tokens []string) release {
	t.Helper()
	r := p.crate(t, tokensCrate, tokensVersion, append(stackFlags(s), "--initial-release")...)
	home := t.TempDir()
	for _, name := range []string{".cargo/credentials.toml", ".docker/config.json", ".netrc", ".config/gh/hosts.yml"} {
		write(t, strings.Join(tokens, "\n"), home, name)
	}
	r.env = append(r.env, s.ActionsEnv()...)
	r.env = append(r.env, "HOME="+home, "INNOCENT="+tokens[0])
	return r
}
