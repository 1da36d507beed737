package publish

import (
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/crates"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// signedTrain returns the command for a train of libraries and the crate with binaries that
// depends on them.
func signedTrain(t *testing.T, p *crates.Services, w *kit.Runner, s *sigstack.Stack) kit.Command {
	t.Helper()
	flags := []string{"--crates", "shim-demo,shim-core,shimkit", "--initial-release", "shimkit,shim-core"}
	c := train(t, p, w, append(flags, sigstore.Flags(s)...)...)
	c.Env = append(c.Env, s.ActionsEnv()...)
	return c
}

// TestPublishTrainSigned releases libraries to a registry and the signed binaries built
// from them to GitHub: it kills the train when the last crate is almost released, continues
// from a fresh clone, and repeats the train.
func TestPublishTrainSigned(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	p := newServices(t, s)
	n := logged(s, func() {
		killAtOperation(t, p.GitHub, signedTrain(t, p, w, s), createTag, githubd.Received, 3)
	})
	if n != signatures {
		t.Errorf("%d entries are in the log, expected the %d of shim-demo", n, signatures)
	}
	wantCrates(t, p, 2)
	if drafts, published := p.Releases(forge.DemoTag); drafts != 1 || published != 0 {
		t.Fatalf("%d drafts and %d releases of %s when it was killed, expected one draft", drafts, published, forge.DemoTag)
	}
	t.Run("continued", func(t *testing.T) {
		var got kit.Result
		if n := logged(s, func() { got = signedTrain(t, p, w, s).Run(t).WantCode(t, 0) }); n != 0 {
			t.Errorf("%d signatures were made again", n)
		}
		wantNoToken(t, p, got)
		for _, want := range []string{"Released 3 crates", "1. shimkit/v0.3.1", "2. shim-core/v0.2.0", "3. shim-demo/v0.1.0"} {
			if !strings.Contains(got.Stdout, want) {
				t.Errorf("the summary does not say %q:\n%s", want, got.Stdout)
			}
		}
		wantCrates(t, p, 2)
		p.WantReleased(t, s)
	})
	t.Run("again", func(t *testing.T) {
		before := countChanges(p)
		if n := logged(s, func() { signedTrain(t, p, w, s).Run(t).WantCode(t, 0) }); n != 0 || countChanges(p) != before {
			t.Errorf("a second run signed %d times and changed %d things", n, countChanges(p)-before)
		}
		p.WantReleased(t, s)
	})
}
