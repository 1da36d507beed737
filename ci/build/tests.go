package build

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"dagger/slipway/ci/sbom"
	"dagger/slipway/ci/step"
)

// Tests is the result of `cargo test` for one target.
type Tests struct {
	Target  string `json:"target"`
	How     string `json:"how"` // natively, or emulated by what
	Passed  int    `json:"passed"`
	Ignored int    `json:"ignored"`
	// OwnHarness counts the test executables with a custom harness, of which cargo only reports
	// success.
	OwnHarness int  `json:"ownHarness,omitempty"`
	Binaries   int  `json:"binaries"` // test executables and doctest groups that ran
	Cached     bool `json:"cached"`   // the result of an earlier run with the same inputs
}

// resultLine matches the last line printed by one executable of libtest, or of a harness with
// the same format. It only matches success, because a failed run ends the step.
var resultLine = regexp.MustCompile(`(?m)^test result: ok\. (\d+) passed; 0 failed; (\d+) ignored; \d+ measured; \d+ filtered out`)

// readTests parses the output of a successful run. If cargo was quiet, it does not list the
// programs, and only their results are counted.
func readTests(target string, s step.Step, r step.Result) Tests {
	t := Tests{Target: target, How: "natively", Cached: r.Cached}
	if s.Emulator != "" {
		t.How = "emulated by " + s.Emulator
	}
	programs := testPrograms(r.Stdout)
	if len(programs) == 0 {
		t.add(r.Stdout)
	}
	for _, p := range programs {
		if !t.add(p.Text) && !strings.Contains(p.Text, "test result: ") {
			t.OwnHarness++
			t.Binaries++
		}
	}
	return t
}

// add counts the results in a program's output, and reports whether there are any.
func (t *Tests) add(text string) bool {
	results := resultLine.FindAllStringSubmatch(text, -1)
	for _, m := range results {
		passed, err1 := strconv.Atoi(m[1])
		ignored, err2 := strconv.Atoi(m[2])
		if err1 == nil && err2 == nil {
			t.Passed += passed
			t.Ignored += ignored
			t.Binaries++
		}
	}
	return len(results) > 0
}

// String describes what was tested. It never calls tests that did not run passed.
func (t Tests) String() string {
	what := fmt.Sprintf("%d passed, %d ignored", t.Passed, t.Ignored)
	switch {
	case t.Passed == 0 && t.OwnHarness == 0:
		what = fmt.Sprintf("NO TEST RAN (%d ignored)", t.Ignored)
	case t.OwnHarness == 1:
		what += ", 1 test program with a custom harness succeeded"
	case t.OwnHarness > 1:
		what += fmt.Sprintf(", %d test programs with a custom harness succeeded", t.OwnHarness)
	}
	if t.Cached {
		return fmt.Sprintf("%s: %s, %s, from an earlier run with the same inputs", t.Target, what, t.How)
	}
	return fmt.Sprintf("%s: %s, %s", t.Target, what, t.How)
}

var (
	releaseLine = regexp.MustCompile(`(?m)^release: ([0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]{0,64})$`)
	commitLine  = regexp.MustCompile(`(?m)^commit-hash: ([0-9a-f]{40})$`)
)

// rustRelease parses the release, and the commit if known, from `rustc --version --verbose`.
func rustRelease(output string) (sbom.Rust, error) {
	m := releaseLine.FindStringSubmatch(output)
	if m == nil {
		return sbom.Rust{}, fmt.Errorf("reading `rustc --version --verbose`: no line \"release: …\" in %q", output)
	}
	rust := sbom.Rust{Release: m[1]}
	if c := commitLine.FindStringSubmatch(output); c != nil {
		rust.Commit = c[1]
	}
	return rust, nil
}
