package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is a line of `go test -json` (go doc test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64
	Output  string
}

// tally counts tests. A test with subtests counts only if it failed by itself.
type tally struct {
	w       io.Writer
	running map[string]*test
	skipped []string // printed at the end
	failed  []string
	passed  int
}

type test struct {
	name    string
	output  strings.Builder
	parent  bool // it has subtests
	failing bool // a subtest failed
}

func newTally(w io.Writer) *tally { return &tally{w: w, running: map[string]*test{}} }

func (t *tally) add(e event) {
	key := e.Package + "\n" + e.Test
	if e.Action == "build-output" {
		t.print("%s", e.Output)
		return
	}
	now := t.running[key]
	if now == nil {
		now = &test{name: e.Test}
		if e.Test == "" {
			now.name = e.Package
		}
		t.running[key] = now
	}
	switch e.Action {
	case "run":
		for parent := e.Test; strings.Contains(parent, "/"); {
			parent = parent[:strings.LastIndex(parent, "/")]
			if p := t.running[e.Package+"\n"+parent]; p != nil {
				p.parent = true
			}
		}
	case "output":
		t.output(now, e)
	case "pass", "fail", "skip":
		delete(t.running, key)
		t.end(now, e)
	}
}

// output keeps a test's output until it ends. It prints output that belongs to no test.
func (t *tally) output(now *test, e event) {
	if e.Test == "" && !slices.Contains([]string{"PASS\n", "FAIL\n"}, e.Output) {
		t.print("%s", e.Output)
	}
	if said := strings.TrimSpace(e.Output); !strings.HasPrefix(said, "=== ") && !strings.HasPrefix(said, "--- ") {
		now.output.WriteString(e.Output)
	}
}

func (t *tally) end(now *test, e event) {
	if e.Test == "" { // the package itself, which may fail without a failing test
		if e.Action == "fail" && !now.failing && len(t.failed) == 0 {
			t.failed = append(t.failed, e.Package)
		}
		return
	}
	switch {
	case e.Action == "fail":
		if !now.failing {
			t.print("FAIL  %s (%.1fs)\n%s", e.Test, e.Elapsed, now.output.String())
			t.failed = append(t.failed, e.Test)
		}
		t.mark(e)
	case now.parent:
	case e.Action == "skip":
		line := fmt.Sprintf("SKIP  %s: %s", e.Test, reason(now.output.String()))
		t.print("%s\n", line)
		t.skipped = append(t.skipped, line)
	default:
		t.passed++
		t.print("ok    %s (%.1fs)\n", e.Test, e.Elapsed)
		for line := range strings.Lines(now.output.String()) {
			if strings.Contains(line, "MEASURED: ") {
				t.print("      %s\n", strings.TrimSpace(line))
			}
		}
	}
}

// mark records a failure for the test's parents and package.
func (t *tally) mark(e event) {
	for parent := e.Test; strings.Contains(parent, "/"); {
		parent = parent[:strings.LastIndex(parent, "/")]
		if p := t.running[e.Package+"\n"+parent]; p != nil {
			p.failing = true
		}
	}
	if p := t.running[e.Package+"\n"]; p != nil {
		p.failing = true
	}
}

// reason returns the output of a skipped test.
func reason(output string) string {
	var parts []string
	for line := range strings.Lines(output) {
		parts = append(parts, strings.TrimSpace(line))
	}
	return strings.Join(parts, " ")
}

// close prints the summary and reports whether tests ran and none failed. A test that did
// not end counts as failed.
func (t *tally) close(ended bool) bool {
	for _, now := range t.running {
		if !strings.Contains(now.name, "Test") || now.parent {
			continue
		}
		t.failed = append(t.failed, now.name+" (did not end)")
		t.print("FAIL  %s did not end\n%s", now.name, now.output.String())
	}
	if !ended && len(t.failed) == 0 {
		t.failed = append(t.failed, "go test")
	}
	t.print("\n")
	for _, line := range t.skipped {
		t.print("%s\n", line)
	}
	for _, name := range t.failed {
		t.print("FAIL  %s\n", name)
	}
	if t.passed+len(t.failed)+len(t.skipped) == 0 {
		t.print("no test ran\n")
	}
	t.print("%d passed, %d failed, %d skipped\n", t.passed, len(t.failed), len(t.skipped))
	return len(t.failed) == 0 && t.passed+len(t.skipped) > 0
}

func (t *tally) print(format string, args ...any) {
	_, _ = fmt.Fprintf(t.w, format, args...)
}
