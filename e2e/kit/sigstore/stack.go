// Package sigstore signs releases with a Sigstore on loopback, and verifies them with
// slipway and cosign.
package sigstore

import (
	"context"
	"maps"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/sigstack"
	"dagger/slipway/e2e/sigstack/fault"
)

// open starts the stack of a test process, which can have only one.
var open = sync.OnceValues(func() (*sigstack.Stack, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return sigstack.Start(ctx, filepath.Join(kit.Scratch, "sigstack"))
})

// Open returns the stack that the tests of a package share, without faults and with no
// requests counted.
func Open(t testing.TB) *sigstack.Stack {
	t.Helper()
	s, err := open()
	kit.Check(t, err)
	clean := func() {
		HandOut(s, nil)
		for _, p := range Proxies(s) {
			p.Clear()
			p.Reset()
		}
	}
	clean()
	t.Cleanup(clean)
	return s
}

// Proxies returns the proxies in front of the stack's servers.
func Proxies(s *sigstack.Stack) []*fault.Proxy {
	return []*fault.Proxy{s.Fulcio, s.Rekor, s.TSA, s.Tokens}
}

// Flags returns the flags that point the slipway command at the stack.
func Flags(s *sigstack.Stack) []string {
	return []string{"--fulcio-url", s.FulcioURL, "--rekor-url", s.RekorURL, "--trusted-root", s.TrustedRoot}
}

// head is the commit of Head. A test process has one stack, and releases of one commit.
var head string

// Head returns the commit that SetHead or Commit has set last.
func Head() string { return head }

// SetHead makes the HEAD of a repository the commit of the run that tokens handed out from
// now on are for.
func SetHead(t testing.TB, repository string) {
	t.Helper()
	head = kit.Git(t, repository, "rev-parse", "HEAD")
}

// HandOut makes the token endpoint return tokens of a run on the commit of Head, with
// additional claims.
func HandOut(s *sigstack.Stack, claims sigstack.Claims) {
	all := sigstack.Claims{"sha": head}
	maps.Copy(all, claims)
	s.HandOut(all)
}

// Commit makes a workspace a git repository with one commit, and hands out tokens of a run
// on it.
func Commit(t testing.TB, s *sigstack.Stack, source string) {
	t.Helper()
	kit.InitRepository(t, source, "main")
	SetHead(t, source)
	HandOut(s, nil)
}
