package e2e

import (
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/sigstack"
)

// signedTrain returns the command for a train of libraries and the crate with binaries that
// depends on them.
func (p *services) signedTrain(t *testing.T, w *runner, s *sigstack.Stack) command {
	t.Helper()
	flags := []string{"--crates", "shim-demo,shim-core,shimkit", "--initial-release", "shimkit,shim-core"}
	c := p.train(t, w, append(flags, stackFlags(s)...)...)
	c.env = append(c.env, s.ActionsEnv()...)
	return c
}

// TestPublishTrainSigned releases libraries to a registry and the signed binaries built
// from them to GitHub: it kills the train when the last crate is almost released, continues
// from a fresh clone, and repeats the train.
func TestPublishTrainSigned(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	p := newServices(t, s)
	n := logged(s, func() {
		p.killAtOperation(t, p.signedTrain(t, w, s), createTag, githubd.Received, 3)
	})
	if n != signatures {
		t.Errorf("%d entries are in the log, expected the %d of shim-demo", n, signatures)
	}
	p.wantCrates(t, 2)
	if drafts, published := p.Releases(demoTag); drafts != 1 || published != 0 {
		t.Fatalf("%d drafts and %d releases of %s when it was killed, expected one draft", drafts, published, demoTag)
	}
	t.Run("continued", func(t *testing.T) {
		var got result
		if n := logged(s, func() { got = p.signedTrain(t, w, s).run(t).wantCode(t, 0) }); n != 0 {
			t.Errorf("%d signatures were made again", n)
		}
		wantNoToken(t, p, got)
		for _, want := range []string{"Released 3 crates", "1. shimkit/v0.3.1", "2. shim-core/v0.2.0", "3. shim-demo/v0.1.0"} {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("the summary does not say %q:\n%s", want, got.stdout)
			}
		}
		p.wantCrates(t, 2)
		p.wantReleased(t, s)
	})
	t.Run("again", func(t *testing.T) {
		before := p.changes()
		if n := logged(s, func() { p.signedTrain(t, w, s).run(t).wantCode(t, 0) }); n != 0 || p.changes() != before {
			t.Errorf("a second run signed %d times and changed %d things", n, p.changes()-before)
		}
		p.wantReleased(t, s)
	})
}
