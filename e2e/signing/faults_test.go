package signing

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
	"dagger/slipway/e2e/sigstack/fault"
)

// TestSigningFaults has each server fail. A first run builds and tests, so that only
// signing is timed.
func TestSigningFaults(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	base := signed(t, s)
	w.Command("dist", base).Run(t).WantCode(t, 0)

	const entries = "/api/v1/log/entries"
	passing := []struct {
		name  string
		proxy *fault.Proxy
		fault fault.Fault
		// expected numbers of requests for tokens, certificates and log entries
		tokens, certificates, entries int
	}{
		{"Rekor answers 502 twice", s.Rekor, fault.Status(502, 2), 1, 1, 9},
		{"Rekor answers 429 with a time to wait", s.Rekor, fault.Status(429, 1), 1, 1, 8},
		{"an entry was made and the answer lost", s.Rekor, fault.Fault{Kind: fault.Lose, Method: "POST", Path: entries, Times: 1}, 1, 1, 9},
		{"Rekor drops the connection", s.Rekor, fault.Fault{Kind: fault.Drop, Method: "POST", Times: 1}, 1, 1, 8},
		{"Fulcio answers 503 once", s.Fulcio, fault.Status(503, 1), 1, 2, 7},
		{"Fulcio answers 401 once: another token", s.Fulcio, fault.Status(401, 1), 2, 2, 7},
		{"the token endpoint answers 500 once", s.Tokens, fault.Status(500, 1), 2, 1, 7},
	}
	for _, tt := range passing {
		t.Run(tt.name, func(t *testing.T) {
			s := sigstore.Open(t)
			kit.Check(t, tt.proxy.Inject(tt.fault))
			r := base
			r.Out = filepath.Join(t.TempDir(), "out")
			got := w.Command("dist", r).Run(t).WantCode(t, 0)
			got.WantStderr(t, "build "+kit.X8664+": already done", "test "+kit.AArch64+": already done")
			if k, f, e := s.Tokens.Count(""), s.Fulcio.Count(""), s.Rekor.Count(entries); k != tt.tokens || f != tt.certificates || e != tt.entries {
				t.Errorf("%d tokens, %d certificates, %d log requests; expected %d, %d, %d", k, f, e, tt.tokens, tt.certificates, tt.entries)
			}
			s.Rekor.Clear()
			wantSigned(t, s, r.Out)
		})
	}
}

// TestSigningRefused has a server fail permanently, and checks that the run ends soon with
// advice, and that the next run signs the existing build.
func TestSigningRefused(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	base := signed(t, s)
	w.Command("dist", base).Run(t).WantCode(t, 0)
	tests := []struct {
		name   string
		inject func(*sigstack.Stack) error
		limit  time.Duration
		want   []string
	}{
		{"Rekor is down", func(s *sigstack.Stack) error { return s.Rekor.Inject(fault.Status(502, 0)) }, 60 * time.Second, []string{"signing", "502", "run the same command again", "kept"}},
		{"Rekor asks for a day", func(s *sigstack.Stack) error {
			return s.Rekor.Inject(fault.Fault{Kind: fault.Refuse, Status: 429, Header: map[string]string{"Retry-After": "86400"}})
		}, 10 * time.Second, []string{"24h", "run again"}},
		{"Fulcio answers 400", func(s *sigstack.Stack) error { return s.Fulcio.Inject(fault.Status(400, 0)) }, 10 * time.Second, []string{"certificate", "400"}},
		{"the token has run out", func(s *sigstack.Stack) error { sigstore.HandOut(s, sigstack.Expired()); return nil }, 10 * time.Second, []string{"certificate", "400"}},
		{"the token endpoint answers 403", func(s *sigstack.Stack) error { return s.Tokens.Inject(fault.Status(403, 0)) }, 6 * time.Second, []string{"identity token", "id-token: write"}},
		{"the token endpoint stalls", func(s *sigstack.Stack) error { return s.Tokens.Inject(fault.Fault{Kind: fault.Stall}) }, 7 * time.Second, []string{"identity token", "no answer in 5s"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := sigstore.Open(t)
			kit.Check(t, tt.inject(s))
			r := base
			r.Out = filepath.Join(t.TempDir(), "out")
			got := w.Command("dist", r).Run(t).WantCode(t, 1)
			got.WantError(t, append(tt.want, "nothing was published")...)
			if got.Took > tt.limit {
				t.Errorf("it took %s to end, expected %s at most", got.Took, tt.limit)
			}
			if kit.Exists(r.Out, "*") {
				t.Errorf("a failed run left files in %q", r.Out)
			}
			again := w.Command("dist", r)
			sigstore.Open(t)
			again.Run(t).WantCode(t, 0).WantStderr(t, "build "+kit.X8664+": already done", "build "+kit.AArch64+": already done")
		})
	}
	t.Run("a run on another commit", func(t *testing.T) {
		s := sigstore.Open(t)
		sigstore.HandOut(s, sigstack.Claims{"sha": strings.Repeat("ab", 20)})
		r := base
		r.Out = filepath.Join(t.TempDir(), "out")
		w.Command("dist", r).Run(t).WantCode(t, 1).WantError(t, "checking who signs", strings.Repeat("ab", 20), sigstore.Head(), "check out the run's commit", "nothing was published")
		if n := s.Rekor.Count(""); n != 0 {
			t.Errorf("%d requests to the log, expected none", n)
		}
	})
	t.Run("no token at all", func(t *testing.T) {
		r := base
		r.Env, r.Out = []string{"ACTIONS_ID_TOKEN_REQUEST_URL=", "SIGSTORE_ID_TOKEN="}, filepath.Join(t.TempDir(), "out")
		got := w.Command("dist", r).Run(t).WantCode(t, 1)
		got.WantError(t, "identity token", "id-token: write", "--identity-token", "--key")
		if got.Took > 5*time.Second || strings.Contains(got.Stderr, "build ") {
			t.Errorf("it took %s, expected less than 5 s and nothing built:\n%s", got.Took, got.Stderr)
		}
	})
	t.Run("a branch of one's own", func(t *testing.T) {
		r := signed(t, s)
		kit.Git(t, r.Source, "checkout", "--quiet", "-b", "feature")
		kit.Write(t, "more\n", r.Source, "more.txt")
		kit.Git(t, r.Source, "add", "--all")
		kit.Git(t, r.Source, "commit", "--quiet", "--message", "more")
		s := sigstore.Open(t)
		w.Command("dist", r).Run(t).WantCode(t, 1).WantError(t, "is not on branch \"main\"")
		if n := s.Tokens.Count("") + s.Fulcio.Count(""); n != 0 {
			t.Errorf("%d requests were sent", n)
		}
	})
}

// TestSigningTime signs 16 binaries with servers that take 200 ms per response, and
// compares the time with 16 runs of cosign.
func TestSigningTime(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	r := many(t, s, 8) // for each of two targets
	w.Command("dist", r).Run(t).WantCode(t, 0)
	dir := sigstore.Unpack(t, filepath.Join(r.Out, r.Crate+"-x86_64-linux-musl.tar.gz"))
	for _, p := range sigstore.Proxies(s) {
		p.Delay(200 * time.Millisecond)
	}
	var ratios []float64
	// Other load on the machine slows slipway more, because it waits less.
	for round := 0; round < 3 || round < 7 && kit.Median(ratios) > 0.25; round++ {
		ours := w.Command("dist", r).Run(t).WantCode(t, 0).Took
		begin := time.Now()
		for i := range 16 {
			token, err := s.Token(nil)
			kit.Check(t, err)
			sigstore.Cosign(t, 2, dir, s.CosignEnv(), "sign-blob", "--yes", "--identity-token", token, "--output-signature", "/dev/null", "--output-certificate", "/dev/null", fmt.Sprintf("bin-%d", i%8)).WantCode(t, 0)
		}
		ratios = append(ratios, ours.Seconds()/time.Since(begin).Seconds())
	}
	t.Logf("MEASURED: signing 16 binaries, the whole of a run without other change, over 16 runs of cosign sign-blob, 200 ms an answer: %.2f (median of %d paired runs; at most 0.25)", kit.Median(ratios), len(ratios))
	if kit.Median(ratios) > 0.25 {
		t.Errorf("signing takes %.2f of cosign's time, expected a quarter at most: %.2f", kit.Median(ratios), ratios)
	}
}

// many returns a crate with the given number of binaries.
func many(t *testing.T, s *sigstack.Stack, binaries int) kit.Release {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "many")
	kit.Write(t, "[package]\nname = \"many\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n", dir, "Cargo.toml")
	kit.Write(t, "version = 4\n\n[[package]]\nname = \"many\"\nversion = \"0.1.0\"\n", dir, "Cargo.lock")
	kit.Write(t, "# Changelog\n\n## [0.1.0] - 2026-01-01\n\n- Many binaries.\n", dir, "CHANGELOG.md")
	for i := range binaries {
		kit.Write(t, fmt.Sprintf("fn main() {\n    println!(\"%d\");\n}\n", i), dir, "src", "bin", fmt.Sprintf("bin-%d.rs", i))
	}
	sigstore.Commit(t, s, dir)
	return kit.Release{Source: dir, Crate: "many", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out"), Flags: sigstore.Flags(s), Env: s.ActionsEnv()}
}
