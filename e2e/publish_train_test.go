package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/registry"
	"dagger/slipway/e2e/sigstack/fault"
)

// crates lists the example's crates for a registry, in the order of a train.
var crates = []struct{ name, version string }{{"fetcher", "0.5.0"}, {"shimkit", "0.3.1"}, {"shim-core", "0.2.0"}}

// pair are the flags for the first train of the two crates that depend on each other.
var pair = []string{"--crates", "shim-core,shimkit", "--initial-release", "shimkit,shim-core"}

// newUpload is the path for uploading crates.
const newUpload = "/api/v1/crates/new"

// train returns the command for a real train from a fresh clone.
func (p *services) train(t testing.TB, w *runner, flags ...string) command {
	t.Helper()
	r := p.crate(t, "", "", flags...)
	args := append([]string{slipway, "release-train", "--source", r.source, "--out", r.out}, w.flags...)
	return command{args: append(args, r.flags...), env: append(slices.Clone(w.env), r.env...)}
}

// changes returns the number of requests that changed something or tried to.
func (p *services) changes() int { return p.Changes() + registry.Changes(p.registry.Proxy.Requests()) }

// wantCrates checks that the last n crates of a train are released, each once.
func (p *services) wantCrates(t testing.TB, n int) {
	t.Helper()
	for _, c := range crates[len(crates)-n:] {
		p.wantCrate(t, c.name, c.version)
	}
}

// inRegistry returns the crates in the registry.
func (p *services) inRegistry(t testing.TB) (names []string) {
	t.Helper()
	for _, c := range crates {
		versions, err := p.registry.Versions(c.name)
		check(t, err)
		if len(versions) > 0 {
			names = append(names, c.name)
		}
	}
	return names
}

// TestPublishTrain releases all crates of the example that go to a registry.
func TestPublishTrain(t *testing.T) {
	w, _ := local(t)
	p := newServices(t, stack(t))
	const first = "--initial-release=fetcher,shimkit,shim-core"

	t.Run("what must be mended is told at once", func(t *testing.T) {
		before := p.changes()
		got := p.train(t, w, "--crates", "shim-core,fetcher", "--initial-release", "shim-core").run(t).wantCode(t, 1)
		got.wantError(t, `release crate "shimkit" first`, `checking crate "fetcher"`, "--initial-release=fetcher", "nothing was changed anywhere")
		if strings.Contains(got.stderr, "build ") || p.changes() != before {
			t.Errorf("something was built, or changed:\n%s", got.stderr)
		}
	})
	t.Run("no token", func(t *testing.T) {
		c := p.train(t, w, first)
		c.env = append(c.env, registry.TokenVariable+"=")
		got := c.run(t).wantCode(t, 1)
		if n := strings.Count(got.message(), "$"+registry.TokenVariable); n != 1 {
			t.Errorf("it is told %d times:\n%s", n, got.message())
		}
	})
	t.Run("plan", func(t *testing.T) {
		before := len(p.Requests()) + len(p.registry.Proxy.Requests())
		got := p.train(t, w, first, "--plan", "--json").run(t).wantCode(t, 0)
		var plan struct {
			Crates []struct{ Name, Version string }
		}
		check(t, json.Unmarshal([]byte(got.stdout), &plan))
		if text := fmt.Sprint(plan.Crates); text != fmt.Sprint(crates) {
			t.Errorf("the plan has %s", text)
		}
		if n := len(p.Requests()) + len(p.registry.Proxy.Requests()) - before; n != 0 {
			t.Errorf("to print the plan sent %d requests", n)
		}
	})
	t.Run("a dry run changes nothing", func(t *testing.T) {
		before := p.changes()
		c := p.train(t, w, "--dry-run")
		got := c.run(t).wantCode(t, 0)
		if n := p.changes() - before; n != 0 {
			t.Errorf("a dry run sent %d requests that change something", n)
		}
		for _, c := range crates {
			if file := filepath.Join(got.args[5], c.name, c.name+"-"+c.version+".crate"); !exists(file) {
				t.Errorf("no %q", file)
			}
		}
		for _, want := range []string{"Dry run of 3 crates", "1. fetcher/v0.5.0", "2. shimkit/v0.3.1", "3. shim-core/v0.2.0"} {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("the summary does not say %q:\n%s", want, got.stdout)
			}
		}
	})
	t.Run("in order", func(t *testing.T) { p.inOrder(t, w, first) })
	t.Run("again", func(t *testing.T) {
		before := p.changes()
		got := p.train(t, w, first).run(t).wantCode(t, 0) // with the same command
		if n := p.changes() - before; n != 0 {
			t.Errorf("a second run changed %d things", n)
		}
		if n := strings.Count(got.stdout, "unchanged   publish the draft"); n != len(crates) || strings.Contains(got.stdout, "\n  done ") {
			t.Errorf("the summary says\n%s", got.stdout)
		}
		p.wantCrates(t, 3)
	})
	t.Run("a stranger's crate", p.consumer)
}

// inOrder releases a train and checks that each crate's GitHub release is published before
// the next crate is uploaded.
func (p *services) inOrder(t *testing.T, w *runner, flag string) {
	var announced [][]string
	p.OnRequest(func(e githubd.Event) {
		if e.Operation == editRelease && e.Stage == githubd.Answered {
			announced = append(announced, p.inRegistry(t))
		}
	})
	defer p.OnRequest(nil)
	summary := filepath.Join(t.TempDir(), "summary.md")
	c := p.train(t, w, flag)
	c.env = append(c.env, "GITHUB_STEP_SUMMARY="+summary)
	got := c.run(t).wantCode(t, 0)
	wantNoToken(t, p, got)
	if want := "[[fetcher] [fetcher shimkit] [fetcher shimkit shim-core]]"; fmt.Sprint(announced) != want {
		t.Errorf("when a release was announced the registry had %v, want %s", announced, want)
	}
	p.wantCrates(t, 3)
	for _, want := range []string{"Released 3 crates", "done        publish shim-core 0.2.0", "cargo owner --add team fetcher --registry " + registry.Name} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("the summary does not say %q:\n%s", want, got.stdout)
		}
	}
	got.wantStderr(t, "shim-core/v0.2.0, 3 of 3: running the steps", "shim-core/v0.2.0, 3 of 3: publishing", "\ndone: publish shim-core 0.2.0")
	if built, published := strings.Index(got.stderr, "3 of 3: running the steps"), strings.Index(got.stderr, "1 of 3: publishing"); built > published {
		t.Error("the first crate was published before the last one was built")
	}
	if text := read(t, summary); !strings.Contains(text, "## Released 3 crates") || !strings.Contains(text, "| shimkit/v0.3.1 | released | <"+p.URL) {
		t.Errorf("the job summary says\n%s", text)
	}
}

// TestPublishTrainKill kills a train between its crates and during the second one, and
// continues it from a fresh clone.
func TestPublishTrainKill(t *testing.T) {
	w, _ := local(t)
	for _, at := range []struct {
		name      string
		operation string // of GitHub's API
		nth       int
		stage     githubd.Stage
	}{
		{"between the crates", editRelease, 1, githubd.Answered},
		{"before the second draft is made", createRelease, 2, githubd.Received},
		{"when the second draft is made", createRelease, 2, githubd.Handled},
		{"before the second tag", createTag, 2, githubd.Received},
		{"when the second release is announced", editRelease, 2, githubd.Handled},
	} {
		t.Run(at.name, func(t *testing.T) {
			p := newServices(t, stack(t))
			p.killAtOperation(t, p.train(t, w, pair...), at.operation, at.stage, at.nth)
			p.train(t, w, pair...).run(t).wantCode(t, 0)
			p.wantCrates(t, 2)
		})
	}
	t.Run("when the registry has the second upload", func(t *testing.T) {
		p := newServices(t, stack(t))
		check(t, p.registry.Proxy.Inject(fault.Fault{Method: http.MethodPut, Path: newUpload, Skip: 1, Times: 1, Kind: fault.Hold}))
		run := p.train(t, w, pair...).start(t)
		met := run.until(t, func(string) bool { return slices.Contains(p.inRegistry(t), "shim-core") })
		check(t, syscall.Kill(-run.Process.Pid, syscall.SIGKILL))
		if run.code(); !met {
			t.Fatal("the run ended before the upload")
		}
		p.registry.Proxy.Clear()
		p.train(t, w, pair...).run(t).wantCode(t, 0)
		p.wantCrates(t, 2)
	})
}

// killAtOperation starts a command and kills it when the nth request for an operation
// reaches a stage.
func (h *fakeGitHub) killAtOperation(t *testing.T, c command, operation string, stage githubd.Stage, nth int) {
	t.Helper()
	reached, gone := make(chan struct{}), make(chan struct{})
	seen := 0
	h.OnRequest(func(e githubd.Event) {
		if e.Operation == operation && e.Stage == stage {
			if seen++; seen == nth {
				close(reached)
				<-gone
			}
		}
	})
	run := c.start(t)
	met := run.until(t, func(string) bool {
		select {
		case <-reached:
			return true
		default:
			return false
		}
	})
	_ = syscall.Kill(-run.Process.Pid, syscall.SIGKILL) // it may have ended already
	run.code()
	close(gone)
	h.OnRequest(nil)
	if !met {
		t.Fatalf("the run ended before that:\n%s", last(run.out.String()))
	}
}

// TestPublishTrainStops checks that a train that cannot continue reports the progress of
// each crate, and continues when it can.
func TestPublishTrainStops(t *testing.T) {
	w, _ := local(t)
	t.Run("the registry is down after the first upload", func(t *testing.T) {
		p := newServices(t, stack(t))
		check(t, p.registry.Proxy.Inject(fault.Fault{Method: http.MethodPut, Path: newUpload, Skip: 1, Kind: fault.Refuse, Status: 502}))
		got := p.train(t, w, append([]string{"--json"}, pair...)...).run(t).wantCode(t, 1)
		got.wantError(t, `releasing "shim-core/v0.2.0"`, "502", "released    shimkit/v0.3.1", "incomplete  shim-core/v0.2.0", "failed      publish shim-core 0.2.0", "not begun   create tag", "To continue", "release-train --source")
		var summary struct {
			Error  string
			Crates []struct{ State string }
		}
		check(t, json.Unmarshal([]byte(got.stdout), &summary))
		if len(summary.Crates) != 2 || summary.Crates[0].State != "released" || summary.Crates[1].State != "incomplete" || summary.Error == "" {
			t.Errorf("the summary says %+v", summary)
		}
		p.registry.Proxy.Clear()
		p.train(t, w, pair...).run(t).wantCode(t, 0)
		p.wantCrates(t, 2)
	})
	t.Run("the last crate's tests fail", func(t *testing.T) {
		p := newServices(t, stack(t))
		other := p.clone(t)
		write(t, read(t, other, "crates/shim-core/src/lib.rs")+"\n#[test]\nfn fails() {\n    panic!(\"on purpose\");\n}\n", other, "crates/shim-core/src/lib.rs")
		git(t, other, "commit", "--quiet", "--all", "--message", "a test that fails")
		git(t, other, "push", "--quiet", "origin", "main")
		got := p.train(t, w, pair...).run(t).wantCode(t, 1)
		got.wantError(t, `releasing "shim-core/v0.2.0"`, `tests of crate "shim-core" failed`, "not begun   shimkit/v0.3.1", "This run published nothing", "To continue")
		if n := p.changes(); n != 0 {
			t.Errorf("%d things were changed", n)
		}
	})
}

// TestPublishTrainPace has the registry ask to wait before the second upload, in a header
// and in crates.io's message, and checks that slipway waits exactly as long and says so.
func TestPublishTrainPace(t *testing.T) {
	w, _ := local(t)
	for name, answer := range map[string]func() (fault.Fault, time.Time){
		"in seconds": func() (fault.Fault, time.Time) {
			return fault.Fault{Header: map[string]string{"Retry-After": "7"}, Body: "slow down"}, time.Time{}
		},
		"with a date": func() (fault.Fault, time.Time) {
			at := time.Now().Add(45 * time.Second).UTC().Truncate(time.Second)
			body := "You have published too many new crates in a short period of time. Please try again after " + at.Format("Mon, 02 Jan 2006 15:04:05 GMT") + " and see the documentation for more details."
			return fault.Fault{Header: map[string]string{"Content-Type": "application/json"}, Body: `{"errors":[{"detail":"` + body + `"}]}`}, at
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newServices(t, stack(t))
			p.train(t, w, append([]string{"--dry-run"}, pair...)...).run(t).wantCode(t, 0) // warms the cache, so that the date is not past when it is sent
			f, until := answer()
			f.Method, f.Path, f.Skip, f.Times, f.Kind, f.Status = http.MethodPut, newUpload, 1, 1, fault.Refuse, http.StatusTooManyRequests
			check(t, p.registry.Proxy.Inject(f))
			got := p.train(t, w, pair...).run(t).wantCode(t, 0)
			p.wantCrates(t, 2)
			var uploads []fault.Request
			for _, r := range p.registry.Proxy.Requests() {
				if r.Method == http.MethodPut && r.Path == newUpload {
					uploads = append(uploads, r)
				}
			}
			if len(uploads) != 3 || uploads[1].Status != http.StatusTooManyRequests {
				t.Fatalf("uploads %v", uploads)
			}
			if until.IsZero() {
				until = uploads[1].Time.Add(7 * time.Second)
			}
			if early := until.Sub(uploads[2].Time); early > 0 {
				t.Errorf("it came again %s too early", early)
			}
			if late := uploads[2].Time.Sub(until); late > 15*time.Second && uploads[1].Time.Before(until) {
				t.Errorf("it came again %s later than it could", late)
			}
			t.Logf("MEASURED: told at %s, came again %s after the time that it was given", uploads[1].Time.Format(time.TimeOnly), uploads[2].Time.Sub(until).Round(100*time.Millisecond))
			got.wantStderr(t, "before retrying: publish shim-core 0.2.0")
		})
	}
}
