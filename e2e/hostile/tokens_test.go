package hostile

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
)

// snoop is a registry that requires a token, and records what it is sent.
type snoop struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newSnoop(t testing.TB) *snoop {
	t.Helper()
	s := &snoop{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, fmt.Sprint(r.URL, r.Header))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *snoop) requests() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.seen, "\n")
}

// TestHostileTokens releases a library whose workspace names its own registry, with tokens
// for other registries in the environment, and checks that none is sent to it, whatever it
// responds.
func TestHostileTokens(t *testing.T) {
	const cratesIO, others, own = "crates-io-token-1b5e", "other-token-77c0", "own-token-90aa"
	for name, tt := range map[string]struct {
		publish, config string // ADDRESS stands for the registry's URL
		env             []string
		wants           []string
		sent            bool // whether the registry gets its own token
	}{
		"publish = [other], crates.io's token":    {"evil", "[registries.evil]\nindex = \"sparse+ADDRESS/\"\n", nil, []string{"$CARGO_REGISTRIES_EVIL_TOKEN", "not sent there"}, false},
		"a default registry":                      {"", "[registry]\ndefault = \"evil\"\n[registries.evil]\nindex = \"sparse+ADDRESS/\"\n", nil, []string{"$CARGO_REGISTRIES_EVIL_TOKEN"}, false},
		"crates.io elsewhere":                     {"", "[registries.crates-io]\nindex = \"sparse+ADDRESS/\"\n", nil, []string{"registries.crates-io.index", "replaces crates.io"}, false},
		"crates.io elsewhere, the old way":        {"", "[registry]\nindex = \"sparse+ADDRESS/\"\n", nil, []string{"registry.index"}, false},
		"a name like crates.io's":                 {"crates_io", "[registries.crates_io]\nindex = \"sparse+ADDRESS/\"\n", nil, []string{"CARGO_REGISTRIES_CRATES_IO_TOKEN"}, false},
		"a name like another's":                   {"o-ther", "[registries.o-ther]\nindex = \"sparse+ADDRESS/\"\n[registries.o_ther]\nindex = \"sparse+https://registry.invalid/\"\n", []string{"CARGO_REGISTRIES_O_THER_TOKEN=" + others}, []string{"rename one"}, false},
		"an empty name":                           {"", "[registries.\"\"]\nindex = \"sparse+ADDRESS/\"\n", nil, []string{"registry name"}, false},
		"plain HTTP":                              {"evil", "[registries.evil]\nindex = \"sparse+http://registry.invalid/\"\n", []string{"CARGO_REGISTRIES_EVIL_TOKEN=" + own, "CARGO_REGISTRIES_EVIL_INDEX=sparse+http://registry.invalid/"}, []string{"neither an https address", "a token is not sent there"}, false},
		"plain HTTP in a private network":         {"evil", "[registries.evil]\nindex = \"sparse+http://192.0.2.1/\"\n", []string{"CARGO_REGISTRIES_EVIL_TOKEN=" + own, "CARGO_REGISTRIES_EVIL_INDEX=sparse+http://192.0.2.1/"}, []string{"neither an https address"}, false},
		"an index other than the caller's":        {"evil", "[registries.evil]\nindex = \"sparse+ADDRESS/\"\n", []string{"CARGO_REGISTRIES_EVIL_TOKEN=" + own, "CARGO_REGISTRIES_EVIL_INDEX=sparse+https://registry.invalid/"}, []string{"$CARGO_REGISTRIES_EVIL_INDEX"}, false},
		"an index that the workspace alone names": {"evil", "[registries.evil]\nindex = \"sparse+ADDRESS/\"\n", []string{"CARGO_REGISTRIES_EVIL_TOKEN=" + own}, []string{"pass the index", "$CARGO_REGISTRIES_EVIL_INDEX"}, false},
		"the right one":                           {"evil", "[registries.evil]\nindex = \"sparse+ADDRESS/\"\n", []string{"CARGO_REGISTRIES_EVIL_TOKEN=" + own, "CARGO_REGISTRIES_EVIL_INDEX=sparse+ADDRESS/"}, []string{"401"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSnoop(t)
			source := kit.Example(t)
			kit.Write(t, kit.Read(t, source, ".cargo/config.toml")+"\n"+strings.ReplaceAll(tt.config, "ADDRESS", s.URL), source, ".cargo/config.toml")
			if tt.publish != "" {
				manifest := kit.Read(t, source, "crates/shimkit/Cargo.toml")
				kit.Write(t, strings.Replace(manifest, "[package]\n", "[package]\npublish = [\""+tt.publish+"\"]\n", 1), source, "crates/shimkit/Cargo.toml")
			}
			kit.InitRepository(t, source, "main")
			h := forge.Of(t, source, func(*githubd.Options) {})
			r := kit.Release{
				Source: h.Clone(t), Crate: "shimkit", Version: "0.3.1", Out: filepath.Join(t.TempDir(), "out"),
				Flags: []string{"--dry-run=false", "--initial-release", "--repository", "containerd/runwasi", "--github-api", h.URL},
				Env: append([]string{
					"GITHUB_TOKEN=" + h.MaintainerToken, "GITHUB_ACTOR=maintainer", "CARGO_REGISTRY_TOKEN=" + cratesIO, "CARGO_REGISTRIES_OTHER_TOKEN=" + others,
					"ACTIONS_ID_TOKEN_REQUEST_URL=", "SIGSTORE_ID_TOKEN=",
				}, strings.Split(strings.ReplaceAll(strings.Join(tt.env, "\n"), "ADDRESS", s.URL), "\n")...),
			}
			w, _ := kit.Local(t)
			got := w.Release(t, r).WantCode(t, 1)
			got.WantError(t, tt.wants...)
			requests := s.requests()
			for _, secret := range []string{cratesIO, others, h.MaintainerToken} {
				if strings.Contains(requests, secret) {
					t.Errorf("the registry was sent %q:\n%s", secret, requests)
				}
			}
			if sent := strings.Contains(requests, own); sent != tt.sent {
				t.Errorf("the registry was sent its own token: %t, expected %t:\n%s", sent, tt.sent, requests)
			}
			for _, secret := range []string{cratesIO, others, own} {
				if strings.Contains(got.Stdout+got.Stderr, secret) {
					t.Errorf("the token %q was printed", secret)
				}
			}
			if strings.Contains(got.Stderr, "build ") {
				t.Errorf("something was built before the token was found wrong:\n%s", kit.Tail(got.Stderr))
			}
		})
	}
}
