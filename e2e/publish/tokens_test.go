package publish

import (
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/crates"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
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
	w, l := kit.Local(t)
	s := sigstore.Open(t)
	p, tokens := searched(t, s)
	r := wary(t, p, s, tokens)
	t.Run("it would find them", func(t *testing.T) {
		told := r
		told.Source, told.Flags = kit.CopyTo(t, r.Source, filepath.Join(t.TempDir(), "told")), nil
		kit.Write(t, kit.Read(t, told.Source, ".cargo/config.toml")+"\n[env]\nINNOCENT = \""+tokens[0]+"\"\n", told.Source, ".cargo/config.toml")
		got := w.Release(t, told).WantCode(t, 1)
		if !strings.Contains(got.Stderr, "HOSTILE: the needle is in own environment") {
			t.Errorf("it did not find what was put before it:\n%s", kit.Tail(got.Stderr))
		}
	})
	got := w.Release(t, r)
	lines := kit.Attempts(t, got, "SEARCHED")
	got.WantCode(t, 0)
	kit.WantSearched(t, lines)
	p.WantCrate(t, tokensCrate, tokensVersion)
	for _, secret := range tokens {
		if strings.Contains(got.Stdout+got.Stderr, secret) {
			t.Error("a token was printed")
		}
		for _, dir := range []string{filepath.Join(l.Cache, "steps"), filepath.Join(l.Cache, "tmp"), r.Out} {
			if found := (kit.Command{Args: []string{"grep", "-rlF", "-e", secret, dir}}).Run(t); found.Code != 1 {
				t.Errorf("a token is in a file: %s%s", found.Stdout, found.Stderr)
			}
		}
	}
}

// searched returns services with the crate that looks for tokens. The crate recognises them
// by needle.txt, which has each one split over two lines.
func searched(t *testing.T, s *sigstack.Stack) (*crates.Services, []string) {
	t.Helper()
	server := crates.NewRegistry(t, "")
	source := kit.Workspace(t, tokensCrate)
	manifest := strings.Replace(kit.Read(t, source, "Cargo.toml"), "publish = false\n", "description = \"Looks for tokens\"\nlicense = \"MIT\"\n", 1)
	kit.Write(t, manifest, source, "Cargo.toml")
	kit.Write(t, "[registry]\ndefault = \""+registry.Name+"\"\n\n"+server.Config(), source, ".cargo/config.toml")
	token, err := server.Token("maintainer")
	kit.Check(t, err)
	kit.InitRepository(t, source, "main")
	p := &crates.Services{GitHub: forge.Of(t, source), Registry: server, RegistryToken: token}
	tokens := []string{p.GitHub.MaintainerToken, p.RegistryToken, s.TokenRequestToken()}
	var needles strings.Builder
	for _, secret := range tokens {
		half := len(secret) / 2
		needles.WriteString(secret[:half] + "\n" + secret[half:] + "\n\n")
	}
	kit.Write(t, needles.String(), source, "needle.txt")
	kit.Git(t, source, "commit", "--quiet", "--all", "--message", "what to look for")
	kit.Git(t, source, "push", "--quiet", p.Bare, "main")
	sigstore.SetHead(t, source)
	sigstore.HandOut(s, nil)
	return p, tokens
}

// wary returns the request for a real release on a machine where tools also keep the tokens
// in their files.
func wary(t *testing.T, p *crates.Services, s *sigstack.Stack, tokens []string) kit.Release {
	t.Helper()
	r := p.Request(t, tokensCrate, tokensVersion, append(sigstore.Flags(s), "--initial-release")...)
	home := t.TempDir()
	for _, name := range []string{".cargo/credentials.toml", ".docker/config.json", ".netrc", ".config/gh/hosts.yml"} {
		kit.Write(t, strings.Join(tokens, "\n"), home, name)
	}
	r.Env = append(r.Env, s.ActionsEnv()...)
	r.Env = append(r.Env, "HOME="+home, "INNOCENT="+tokens[0])
	return r
}
