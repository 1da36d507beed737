package publish

import (
	"encoding/json"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack/fault"
)

// TestPublishTrainKill kills a train between its crates and during the second one, and
// continues it from a fresh clone.
func TestPublishTrainKill(t *testing.T) {
	w, _ := kit.Local(t)
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
			p := newServices(t, sigstore.Open(t))
			killAtOperation(t, p.GitHub, train(t, p, w, pair...), at.operation, at.stage, at.nth)
			train(t, p, w, pair...).Run(t).WantCode(t, 0)
			wantCrates(t, p, 2)
		})
	}
	t.Run("when the registry has the second upload", func(t *testing.T) {
		p := newServices(t, sigstore.Open(t))
		kit.Check(t, p.Registry.Proxy.Inject(fault.Fault{Method: http.MethodPut, Path: newUpload, Skip: 1, Times: 1, Kind: fault.Hold}))
		run := train(t, p, w, pair...).Start(t)
		met := run.Until(t, func(string) bool { return slices.Contains(inRegistry(t, p), "shim-core") })
		kit.Check(t, syscall.Kill(-run.Process.Pid, syscall.SIGKILL))
		if run.ExitCode(); !met {
			t.Fatal("the run ended before the upload")
		}
		p.Registry.Proxy.Clear()
		train(t, p, w, pair...).Run(t).WantCode(t, 0)
		wantCrates(t, p, 2)
	})
}

// killAtOperation starts a command and kills it when the nth request for an operation
// reaches a stage.
func killAtOperation(t *testing.T, h *forge.GitHub, c kit.Command, operation string, stage githubd.Stage, nth int) {
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
	run := c.Start(t)
	met := run.Until(t, func(string) bool {
		select {
		case <-reached:
			return true
		default:
			return false
		}
	})
	_ = syscall.Kill(-run.Process.Pid, syscall.SIGKILL) // it may have ended already
	run.ExitCode()
	close(gone)
	h.OnRequest(nil)
	if !met {
		t.Fatalf("the run ended before that:\n%s", kit.Tail(run.Out.String()))
	}
}

// TestPublishTrainStops checks that a train that cannot continue reports the progress of
// each crate, and continues when it can.
func TestPublishTrainStops(t *testing.T) {
	w, _ := kit.Local(t)
	t.Run("the registry is down after the first upload", func(t *testing.T) {
		p := newServices(t, sigstore.Open(t))
		kit.Check(t, p.Registry.Proxy.Inject(fault.Fault{Method: http.MethodPut, Path: newUpload, Skip: 1, Kind: fault.Refuse, Status: 502}))
		got := train(t, p, w, append([]string{"--json"}, pair...)...).Run(t).WantCode(t, 1)
		got.WantError(t, `releasing "shim-core/v0.2.0"`, "502", "released    shimkit/v0.3.1", "incomplete  shim-core/v0.2.0", "failed      publish shim-core 0.2.0", "not begun   create tag", "To continue", "release-train --source")
		var summary struct {
			Error  string
			Crates []struct{ State string }
		}
		kit.Check(t, json.Unmarshal([]byte(got.Stdout), &summary))
		if len(summary.Crates) != 2 || summary.Crates[0].State != "released" || summary.Crates[1].State != "incomplete" || summary.Error == "" {
			t.Errorf("the summary says %+v", summary)
		}
		p.Registry.Proxy.Clear()
		train(t, p, w, pair...).Run(t).WantCode(t, 0)
		wantCrates(t, p, 2)
	})
	t.Run("the last crate's tests fail", func(t *testing.T) {
		p := newServices(t, sigstore.Open(t))
		other := p.Clone(t)
		kit.Write(t, kit.Read(t, other, "crates/shim-core/src/lib.rs")+"\n#[test]\nfn fails() {\n    panic!(\"on purpose\");\n}\n", other, "crates/shim-core/src/lib.rs")
		kit.Git(t, other, "commit", "--quiet", "--all", "--message", "a test that fails")
		kit.Git(t, other, "push", "--quiet", "origin", "main")
		got := train(t, p, w, pair...).Run(t).WantCode(t, 1)
		got.WantError(t, `releasing "shim-core/v0.2.0"`, `tests of crate "shim-core" failed`, "not begun   shimkit/v0.3.1", "This run published nothing", "To continue")
		if n := countChanges(p); n != 0 {
			t.Errorf("%d things were changed", n)
		}
	})
}

// TestPublishTrainPace has the registry ask to wait before the second upload, in a header
// and in crates.io's message, and checks that slipway waits exactly as long and says so.
func TestPublishTrainPace(t *testing.T) {
	w, _ := kit.Local(t)
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
			p := newServices(t, sigstore.Open(t))
			train(t, p, w, append([]string{"--dry-run"}, pair...)...).Run(t).WantCode(t, 0) // warms the cache, so that the date is not past when it is sent
			f, until := answer()
			f.Method, f.Path, f.Skip, f.Times, f.Kind, f.Status = http.MethodPut, newUpload, 1, 1, fault.Refuse, http.StatusTooManyRequests
			kit.Check(t, p.Registry.Proxy.Inject(f))
			got := train(t, p, w, pair...).Run(t).WantCode(t, 0)
			wantCrates(t, p, 2)
			var uploads []fault.Request
			for _, r := range p.Registry.Proxy.Requests() {
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
			got.WantStderr(t, "before retrying: publish shim-core 0.2.0")
		})
	}
}
