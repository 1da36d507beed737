package publish

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/crates"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/registry"
	"dagger/slipway/e2e/sigstack/fault"
)

// TestPublishKillCrate kills the release of a library at each request to the registry:
// before it is handled, when it is handled but not answered, and after its response. Then
// it runs the release from a fresh clone.
func TestPublishKillCrate(t *testing.T) {
	w, _ := kit.Local(t)
	counters := make(chan *servicePool, min(runtime.GOMAXPROCS(0), 4))
	requests := 0
	for range cap(counters) {
		c := newServicePool(t)
		for range 2 { // the second compiles nothing, like those that are killed
			p := c.open(t)
			releaseShimkit(t, p, w)
			requests = len(p.Registry.Proxy.Requests())
		}
		counters <- c
	}
	var points atomic.Int32
	t.Run("and again", func(t *testing.T) {
		for _, stage := range []fault.Stage{fault.Received, fault.Handled, fault.Answered} {
			for n := range requests {
				if testing.Short() && n%4 != 0 {
					continue
				}
				t.Run(fmt.Sprintf("request %d %s", n+1, stage), func(t *testing.T) {
					t.Parallel()
					c := <-counters
					defer func() { counters <- c }()
					c.kill(t, w, stage, n+1)
					points.Add(1)
				})
			}
		}
	})
	t.Run("points", func(t *testing.T) {
		t.Logf("MEASURED: killed at %d points: %d requests to the registry, before, during and after each", points.Load(), requests)
		if int(points.Load()) != 3*requests && !testing.Short() {
			t.Errorf("%d of %d kill points were reached", points.Load(), 3*requests)
		}
	})
}

// servicePool makes services one after another for the same workspace, whose configuration
// names the registry's address. Each gets an empty registry at that address, so that nothing
// is compiled again.
type servicePool struct {
	source   string
	registry *registry.Server
	dir      string
	opened   int
}

func newServicePool(t *testing.T) *servicePool {
	c := &servicePool{registry: crates.NewRegistry(t, ""), dir: t.TempDir()}
	c.source = crates.Workspace(t, c.registry)
	kit.InitRepository(t, c.source, "main")
	return c
}

// open returns services with an empty registry.
func (c *servicePool) open(t testing.TB) *crates.Services {
	t.Helper()
	c.opened++
	kit.Check(t, c.registry.Replace(filepath.Join(c.dir, fmt.Sprint(c.opened))))
	c.registry.Proxy.Reset()
	token, err := c.registry.Token("maintainer")
	kit.Check(t, err)
	return &crates.Services{GitHub: forge.Of(t, c.source), Registry: c.registry, RegistryToken: token}
}

// releaseShimkit runs the first release of shimkit and checks that everything is there
// once.
func releaseShimkit(t testing.TB, p *crates.Services, w *kit.Runner) {
	t.Helper()
	w.Release(t, p.Request(t, "shimkit", kitVersion, "--initial-release")).WantCode(t, 0)
	p.WantCrate(t, "shimkit", kitVersion)
}

// kill kills a release at a stage of the nth request to the registry, and completes it.
func (c *servicePool) kill(t *testing.T, w *kit.Runner, stage fault.Stage, n int) {
	p := c.open(t)
	command := w.Command("release-crate", p.Request(t, "shimkit", kitVersion, "--initial-release"))
	reached := kit.KillWhen(t, command, atRegistryRequest(t, p, stage, n))
	p.Registry.Proxy.OnRequest(nil)
	p.Registry.Proxy.Clear()
	if all := p.Registry.Proxy.Requests(); !reached || len(all) < n || slices.ContainsFunc(all[n:], func(r fault.Request) bool { return r.Fault != fault.Drop }) {
		t.Errorf("killed %t; the registry got %v", reached, all)
	}
	releaseShimkit(t, p, w)
}

// atRegistryRequest waits until the nth request to the registry reaches a stage. Nothing
// after it is handled, because a client that has its response might act before it is
// killed.
func atRegistryRequest(t testing.TB, p *crates.Services, stage fault.Stage, n int) kit.Trigger {
	proxy := p.Registry.Proxy
	return func(now func()) {
		var handled, answered atomic.Int32
		kind := map[fault.Stage]fault.Kind{fault.Received: fault.Stall, fault.Handled: fault.Hold}[stage]
		if kind != "" {
			kit.Check(t, proxy.Inject(fault.Fault{Kind: kind, Skip: n - 1, Times: 1}))
		}
		proxy.OnRequest(func(e fault.Event) {
			switch {
			case kind != "" && e.Fault == kind && e.Stage == stage, kind == "" && e.Stage == fault.Answered && int(answered.Add(1)) == n:
				now()
			case kind == "" && e.Stage == fault.Handled && int(handled.Add(1)) == n:
				_ = proxy.Inject(fault.Fault{Kind: fault.Drop}) // a valid fault, so it returns no error
			}
		})
	}
}
